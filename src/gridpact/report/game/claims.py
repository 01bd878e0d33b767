"""What the literature claims of leading, and whether it holds on the case at hand."""

from __future__ import annotations

import pandas as pd

from gridpact.report.game import facts
from gridpact.results.record import Record

# What the claims rest on where their words alone could mislead.
BASES = {
    "dlmp_mean_per_mwh": "supporting prices",
    "dlmp_max_per_mwh": "supporting prices",
    "adn_cost": "cost of electricity",
    "dhn_cost": "cost of heat",
    "transmission_cost": "cost of generation",
    "welfare_cost": "cost of both networks",
}
PASSED = {
    "dlmp_mean_per_mwh": "leading lowers the mean DLMP (pass-through prices)",
    "dlmp_max_per_mwh": "leading lowers the highest DLMP (pass-through prices)",
}


def rows(record: Record) -> list[tuple[str, str, dict[str, tuple[str, float]]]]:
    """Claim, figure, and for every design compared with: verdict, and by how much the figure is lower."""
    claims = record.tables.get("claims")
    if claims is None:
        return []
    found = [_row(str(name), group) for name, group in claims.groupby("claim", sort=False)]
    return [one for row in found for one in (row, *_passed(record, row[1]))]


def _row(claim: str, group: pd.DataFrame) -> tuple[str, str, dict[str, tuple[str, float]]]:
    columns = (group[name].tolist() for name in ("than", "holds", "lower_by"))
    verdicts = {str(than): (str(holds), float(fall)) for than, holds, fall in zip(*columns, strict=True)}
    figure = str(group["figure"].iloc[0])
    basis = f" ({BASES[figure]})" if figure in BASES else ""
    return f"{claim}{basis}", figure, verdicts


def _passed(record: Record, figure: str) -> list[tuple[str, str, dict[str, tuple[str, float]]]]:
    """The same claim of the prices that pass the transmission price through."""
    if figure not in PASSED or "pass_through_prices" not in record.tables:
        return []
    led = dict(zip(("dlmp_mean_per_mwh", "dlmp_max_per_mwh"), facts.passed_through(record), strict=True))[figure]
    than = {name: facts.design_figure(record, name, figure) - led for name in ("uncoordinated", facts.FREE)}
    return [(PASSED[figure], figure, {name: (_verdict(fall, led), fall) for name, fall in than.items()})]


def _verdict(fall: float, led: float) -> str:
    if fall != fall:  # not a number
        return "unknown"
    return "equal" if abs(fall) <= 1e-6 * max(1.0, abs(led)) else ("yes" if fall > 0.0 else "no")
