"""Whether some would do better without the others: what a coalition is worth alone less what its members gain."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from gridpact.report.figures import canvas
from gridpact.report.figures.trade import bars
from gridpact.report.trade import facts
from gridpact.results.record import Record

MOST, JOINED = 12, " + "  # coalitions, between names
LONGEST = 3.6  # inches of a name
CENT = 0.005
WORDS = {canvas.VERMILLION: "would rather leave", canvas.BLUE: "gains more by staying"}


def draw(record: Record) -> Figure | None:
    """Those with most reason to leave first; all together are no coalition."""
    found = facts.table(record, "coalitions")
    if found is None:
        return None
    whole = facts.bargaining(record)
    proper = ranked(found, len(whole))
    if proper.empty:
        return None
    some = proper.head(MOST)
    more = "" if len(some) == len(proper) else f" (the {MOST} with most reason to, of {len(proper)})"
    names = [called(str(name), whole) for name in some["coalition"]]
    excess = some["excess"].to_numpy(dtype=np.float64)
    figure = canvas.sheet(f"Would some do better without the others?{more}", 1.35 + 0.27 * len(some))
    left = max(canvas.text_width(name, 9.0) for name in names) + 0.25
    axes = canvas.axes_at(figure, left, canvas.BELOW, canvas.RIGHT, canvas.TITLE + canvas.LEGEND + 0.05)
    rows, colours = np.arange(len(some)), [canvas.VERMILLION if value > CENT else canvas.BLUE for value in excess]
    axes.barh(rows, excess, color=colours, height=0.7)
    bars.ends(axes, excess, rows.astype(np.float64))
    axes.set_ylim(len(some) - 0.4, -0.6)
    canvas.label_rows(axes, rows.tolist(), names, 9.0)
    axes.grid(visible=True, axis="x")
    axes.axvline(0.0, color=canvas.BLACK, linewidth=0.8)
    axes.margins(x=0.12)
    axes.set_xlabel(f"excess: what it could gain alone less what its members gain here, {record.case.currency}")
    handles = [Patch(color=colour, label=told) for colour, told in WORDS.items() if colour in colours]
    axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, borderaxespad=0.3)
    return figure


def ranked(coalitions: pd.DataFrame, parties: int) -> pd.DataFrame:
    """All but that of all parties, the largest excess first."""
    proper = coalitions[coalitions["members"] < parties]
    falling: pd.DataFrame = proper.sort_values("excess", ascending=False, kind="stable")
    return falling


def called(coalition: str, everybody: Sequence[str]) -> str:
    """Its members, or who is missing where that is shorter; cut where it is too long for a figure."""
    members = coalition.split(JOINED)
    missing = [name for name in everybody if name not in set(members)]
    names, before = (missing, "all but ") if 0 < len(missing) < len(members) - 1 else (members, "")
    return before + _cut(names, before)


def _cut(names: Sequence[str], before: str) -> str:
    """As many names as there is room for, and how many more."""
    for kept in range(len(names), 0, -1):
        rest = f" and {len(names) - kept} more" if kept < len(names) else ""
        text = JOINED.join(canvas.short(name) for name in names[:kept]) + rest
        if canvas.text_width(before + text, 9.0) <= LONGEST:
            return text
    return f"{len(names)} parties"
