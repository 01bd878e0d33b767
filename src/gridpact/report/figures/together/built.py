"""Who builds what, alone and together: units of those that may be built; and what a unit more would be worth."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.transforms import offset_copy

from gridpact.report.figures import canvas
from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.planning import look, network
from gridpact.report.together import facts
from gridpact.results.record import Record

MOST = 40  # candidates
ROW, BAR = 0.4, 0.36  # inches of a row, share of it of a bar
OWNER = 8.5  # points
ALONE, TOGETHER = "alone", "together"


def draw(record: Record) -> Figure | None:
    """Two bars for each candidate, in percent of the units that may be built; owner by owner."""
    found = facts.built(record)
    if found is None or found.empty:
        return None
    shown, some = _shown(found)
    figure = canvas.sheet(f"Who builds what, alone and together{some}", 1.35 + ROW * len(shown))
    assets = [canvas.short(str(name)) for name in shown["asset"]]
    owner = max(canvas.text_width(canvas.short(str(name)), OWNER) for name in shown["owner"]) + 0.2
    left = owner + max(canvas.text_width(name, 9.0) for name in assets) + 0.25
    axes = canvas.axes_at(figure, left, canvas.BELOW, canvas.RIGHT + 0.5, canvas.TITLE + canvas.LEGEND + 0.05)
    _bars(axes, shown)
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.set_xlim(0.0, 100.0)
    canvas.label_rows(axes, range(len(shown)), assets, 9.0)
    _owners(axes, record, shown, left - 0.08)
    axes.set_xlabel("% of the units that may be built")
    handles = [Patch(color=look.BEFORE, label=ALONE), Patch(color=look.AFTER, label=TOGETHER)]
    axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, borderaxespad=0.3)
    return figure


def _shown(found: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """All candidates where they are few, else those that are built first."""
    if len(found) <= MOST:
        return found, ""
    built = (found[["before", "units"]].to_numpy() > 0).any(axis=1)
    order = np.argsort(~built, kind="stable")[:MOST]
    return found.iloc[np.sort(order)].reset_index(drop=True), f" ({MOST} of {len(found)} candidates)"


def _bars(axes: Axes, shown: pd.DataFrame) -> None:
    most = shown["max_units"].to_numpy(dtype=np.float64)
    for side, (name, colour) in enumerate((("before", look.BEFORE), ("units", look.AFTER))):
        units = shown[name].to_numpy(dtype=np.float64)
        at: Floats = np.asarray(np.arange(len(shown)) + (side - 0.5) * 1.06 * BAR, dtype=np.float64)
        axes.barh(at, 100.0 * units / most, height=BAR, color=colour)
        beside = offset_copy(axes.transData, axes.figure, x=3.0, units="points")  # type: ignore[arg-type]
        for value, top, row in zip(units.tolist(), most.tolist(), at.tolist(), strict=True):
            text = f"{value:g} of {top:g}" if value else "0"
            axes.text(100.0 * value / top, row, text, transform=beside, va="center", fontsize=7.5)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")


def _owners(axes: Axes, record: Record, shown: pd.DataFrame, away: float) -> None:
    """The owners at the far left, in their colours, and a line between them."""
    colours = dict(zip(facts.owners(record), facts.colours(record), strict=True))
    names = shown["owner"].astype(str).to_numpy()
    starts = np.append(np.flatnonzero(np.append(True, names[1:] != names[:-1])), len(names))
    beside = offset_copy(axes.get_yaxis_transform(), axes.figure, x=-away, units="inches")  # type: ignore[arg-type]
    for first, stop in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        name = str(names[first])
        if first:
            axes.axhline(first - 0.5, color=look.FAINT, linewidth=0.8)
        axes.text(
            0.0, (first + stop - 1) / 2.0, canvas.short(name), transform=beside, va="center", fontsize=OWNER,
            weight="bold", color=colours[name],
        )  # fmt: skip


def draw_map(record: Record) -> Figure | None:
    """The network with what is built together, each microgrid by its name."""
    buses = record.case.positions("microgrids", "bus").tolist()
    return network.draw(record, dict(zip(buses, record.case.ids("microgrids"), strict=True)))
