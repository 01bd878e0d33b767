"""What each party pays and receives, and for what."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from gridpact.report.figures import canvas
from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.trade import bars, look
from gridpact.report.trade import facts
from gridpact.results.record import Record

PARTS = {"energy": canvas.BLUE, "fee": canvas.ORANGE, "lump": canvas.PURPLE}
CALLED = {"energy": "energy at nodal prices", "fee": "fees", "lump": "lump sum"}
DIAMOND: dict[str, Any] = {
    "color": canvas.BLACK,
    "marker": "D",
    "linestyle": "",
    "markersize": 5.5,
    "markeredgecolor": "white",
}
ABOVE = canvas.TITLE + canvas.LEGEND + 0.1


def draw(record: Record) -> Figure | None:
    """What each pays for energy, in fees and as a lump sum; the diamond is all of it together."""
    if facts.table(record, "sheet") is None or not facts.deal(record):
        return None
    paid = payments(record)
    shown = look.crowd(record, np.abs(paid["energy"][:-1]) + np.abs(paid["total"][:-1]))
    kept = len(shown.names) - (len(facts.microgrids(record)) > look.MOST + 1)
    parts, names = {name: shown.averaged(values)[:kept] for name, values in paid.items()}, shown.each[:kept]
    figure = canvas.sheet("Who pays whom: settlement by party", 1.4 + 0.3 * kept)
    axes = canvas.axes_at(figure, bars.room(names), canvas.BELOW, canvas.RIGHT, ABOVE)
    for name, colour in PARTS.items():
        axes.barh(np.arange(kept), parts[name], left=beneath(parts, name), color=colour, height=0.62)
    axes.plot(parts["total"], np.arange(kept), zorder=4, **DIAMOND)
    bars.named(axes, names)
    _finish(axes, record.case.currency, kept)
    return figure


def payments(record: Record) -> dict[str, Floats]:
    """Money that each party pays for each part, and in all; shape (parties,) each."""
    names = (*PARTS, "total")
    return {name: np.nan_to_num(facts.column(record, "sheet", f"{name}_cents")) / 100.0 for name in names}


def beneath(parts: dict[str, Floats], name: str) -> Floats:
    """Where the bar of a part begins: after those parts before it that have its sign."""
    before = list(PARTS)[: list(PARTS).index(name)]
    same = [np.where(parts[one] * parts[name] > 0.0, parts[one], 0.0) for one in before]
    return np.asarray(np.sum(same, axis=0) if same else np.zeros(len(parts[name])), dtype=np.float64)


def _finish(axes: Axes, currency: str, rows: int) -> None:
    axes.axvline(0.0, color=canvas.BLACK, linewidth=0.8)
    axes.set_ylim(rows - 0.5, -0.5)
    axes.grid(visible=True, axis="x")
    axes.margins(x=0.06)
    axes.set_xlabel(f"{currency}; to the right it pays, to the left it receives")
    whole = Line2D([], [], label="all together", **DIAMOND)
    handles = [*(Patch(color=colour, label=CALLED[name]) for name, colour in PARTS.items()), whole]
    axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=4, borderaxespad=0.3)
