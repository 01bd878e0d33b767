"""What one more unit of each candidate would save less what it costs, to first order; the best first."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from gridpact.report.figures import canvas
from gridpact.report.planning.facts import KINDS, table
from gridpact.results.record import Record

MOST = 30
SAVES, COSTS = canvas.BLUE, canvas.ORANGE


def draw(record: Record) -> Figure | None:
    """Horizontal bars of the candidates of which nothing is built, the best thirty."""
    investments = table(record, "investments")
    if investments is None:
        return None
    found = unbuilt(investments)
    if found.empty:
        return None
    shown = found.head(MOST)
    some = "" if len(shown) == len(found) else f" (the best {MOST} of {len(found)})"
    values = shown["marginal_value_per_year"].to_numpy(dtype=np.float64)
    names = [str(asset) for asset in shown["asset"]]
    colours = [SAVES if value > 0.0 else COSTS for value in values]
    title = f"What a first unit of each candidate not built would be worth{some}"
    figure = canvas.sheet(title, 1.3 + 0.25 * len(names))
    axes = canvas.bars(figure, names, values, colours, f"{record.case.currency} per year", legend_rows=1)
    signs = {SAVES: "saves more than it costs", COSTS: "costs more than it saves"}
    axes.legend(
        handles=[Patch(color=colour, label=label) for colour, label in signs.items() if colour in colours],
        loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, borderaxespad=0.3,
    )  # fmt: skip
    return figure


def unbuilt(investments: pd.DataFrame) -> pd.DataFrame:
    """Candidates of which nothing is built and whose value is known, by falling value."""
    kept = investments[(investments["units"] <= 0) & investments["marginal_value_per_year"].notna()]
    ranked: pd.DataFrame = kept.sort_values("marginal_value_per_year", ascending=False, kind="stable")
    return ranked.assign(what=ranked["kind"].map(KINDS).fillna(ranked["kind"]))
