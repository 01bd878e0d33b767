"""The game as plain text: who leads whom, designs in money, who gains what, claims, the boundary step by step."""

from __future__ import annotations

import math

import pandas as pd

from gridpact.report.figures.game.designs import gains
from gridpact.report.game import claims, facts
from gridpact.report.game.leaders import lines
from gridpact.results.record import Record

HOURS = 24  # rows of the boundary
ROWS = {
    "leader_cost": "leader's cost",
    "adn_cost": "  electricity (ADN)",
    "dhn_cost": "  heat (DHN)",
    "transmission_cost": "transmission cost",
    "producers_surplus": "producers' surplus",
    "load_payment": "load payment",
    "congestion_rent": "congestion rent",
    "welfare_cost": "cost of all",
    "lmp_mean_per_mwh": "mean LMP per MWh",
    "dlmp_mean_per_mwh": "mean DLMP per MWh",
}
LABEL = 22


def game_overview(record: Record) -> list[str]:
    """Paragraphs; money only where the certificate vouches for it."""
    parts = [_who(record)]
    if record.summary["verdict"] == "failed":
        return parts
    parts += [_designs(record), _gains(record), _claims(record), _hours(record)]
    return [part for part in parts if part]


def _who(record: Record) -> str:
    """Leader, follower, method, what is proven and how long it took."""
    summary, names = record.summary, facts.leaders(record)
    rows = [
        f"{'leader':<{LABEL}}{', '.join(names[: facts.MOST])}{_more(names)}: {_feeders(record)}",
        f"{'follower':<{LABEL}}{_follower(record)}",
        f"{'method':<{LABEL}}{summary['method']} ({summary['method_why']})",
    ]
    if summary["verdict"] != "failed":
        rows += _proven(record)
    return "\n".join(rows)


def _more(names: list[str]) -> str:
    return f" and {len(names) - facts.MOST} more" if len(names) > facts.MOST else ""


def _feeders(record: Record) -> str:
    if facts.several(record):
        return "each with feeders of its own"
    count = facts.feeders(record)
    return "one feeder" if count == 1.0 else f"{count:g} identical feeders"


def _follower(record: Record) -> str:
    """The transmission market, and the buses at which districts hang on it."""
    if record.transmission is None:
        return "the transmission market"
    table = record.transmission.tables["connections"]
    at = [f"{name} at bus {bus}" for name, bus in zip(table["connection"], table["bus"], strict=True)]
    return f"market of {record.transmission.name}, connection {', '.join(at[: facts.MOST])}{_more(at)}"


def _proven(record: Record) -> list[str]:
    if facts.several(record):
        return lines(record)
    currency, asked = record.summary["currency"], record.settings.get("gap")
    wanted = f" ({100.0 * float(asked):g} % asked)" if isinstance(asked, int | float) else ""
    cost, bound, gap, tie, seconds = (
        facts.figure(record, name)
        for name in ("leader_cost", "leader_lower_bound", "leader_gap", "tie_cost", "search_seconds")
    )
    tied = f"{record.settings.get('tie_breaking')}; the worst right prices would cost {_money(tie)} {currency} more"
    return [
        f"{'leader pays':<{LABEL}}{_money(cost)} {currency}, of one feeder {_money(record.summary['objective'])}",
        f"{'cannot pay less than':<{LABEL}}{_money(bound)} {currency}: gap {100.0 * gap:.2g} %{wanted}, "
        f"proven in {seconds:.1f} s",
        f"{'tie-breaking':<{LABEL}}{tied}",
    ]


def _money(value: float) -> str:
    """No minus before a rounded zero."""
    return f"{round(value, 2) + 0.0:.2f}" if math.isfinite(value) else "-"


def _designs(record: Record) -> str:
    """One row per figure and one column per design."""
    found = record.tables.get("designs")
    if found is None:
        return "" if facts.several(record) else "no designs without a leader were asked for (designs = false)"
    heat = bool((found["dhn_cost"].abs() > 0.005).any())
    rows = {name: title for name, title in ROWS.items() if heat or name not in ("adn_cost", "dhn_cost")}
    values = found.set_index("design")[list(rows)].T.map(_money)
    values.index = pd.Index(list(rows.values()))
    unclear = [
        f"  {name}: {status}"
        for name, status in zip(found["design"], found["status"], strict=True)
        if status != "cleared"
    ]
    title = f"designs in {record.summary['currency']}, all feeders over the horizon"
    return "\n".join([title, *_aligned(values), *unclear])


def _gains(record: Record) -> str:
    """Money that leading moves, against taking the price."""
    if not facts.has_gains(record):
        return ""
    names, values = gains(record)
    lines = [f"{name:<{LABEL + 2}}{round(value, 2) + 0.0:>+14.2f}" for name, value in zip(names, values, strict=True)]
    return "\n".join([f"what leading gains, against taking the price, {record.summary['currency']}", *lines])


def _claims(record: Record) -> str:
    """Whether each claim of the literature holds here."""
    rows = claims.rows(record)
    if not rows:
        return ""
    than = list(rows[0][2])
    table = pd.DataFrame(
        {name: [verdicts[name][0] if name in verdicts else "-" for _, _, verdicts in rows] for name in than},
        index=[claim for claim, _, _ in rows],
    )
    lines = _aligned(table)
    return "\n".join(["claims of the literature: do they hold here, compared with", *lines])


def _aligned(table: pd.DataFrame) -> list[str]:
    """Rows named at the left, columns at the right."""
    wide = max(len(str(name)) for name in table.index) + 2
    sizes = [max(len(str(name)), 8) + 2 for name in table.columns]
    head = " " * wide + "".join(f"{name:>{size}}" for name, size in zip(table.columns, sizes, strict=True))
    body = [
        f"{name:<{wide}}" + "".join(f"{cell:>{size}}" for cell, size in zip(row, sizes, strict=True))
        for name, row in zip(table.index, table.to_numpy().tolist(), strict=True)
    ]
    return [head, *body]


def _hours(record: Record) -> str:
    """Power, price paid, price at the root and wedge, of the first steps."""
    found = facts.equilibrium(record)
    first = found.head(HOURS)
    columns = {
        "boundary_mw": "boundary MW",
        "lmp_per_mwh": "LMP paid",
        "root_price_per_mwh": "root price",
        "wedge_per_mwh": "wedge",
    }
    table = pd.DataFrame({title: first[name].map(_three) for name, title in columns.items()})
    table.insert(0, "start", [at.strftime("%Y-%m-%d %H:%M") for at in first["snapshot"]])
    if len(facts.connections(record)) > 1:
        table.insert(1, "connection", first["connection"].astype(str))
    rest = f"\n... and {len(found) - HOURS} more rows in the table equilibrium" if len(found) > HOURS else ""
    unit = f"prices in {record.summary['currency']} per MWh"
    return f"at the boundary, {unit}\n{table.to_string(index=False)}{rest}"


def _three(value: float) -> str:
    return f"{round(value, 3) + 0.0:.3f}"
