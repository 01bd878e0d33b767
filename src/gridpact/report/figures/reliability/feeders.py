"""The indices of every feeder beside those of all; nothing where there is but one."""

from __future__ import annotations

from typing import cast

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.transforms import offset_copy

from gridpact.report.figures import canvas
from gridpact.report.figures.game.multiples import multiples
from gridpact.report.figures.reliability.look import BAR, WHOLE
from gridpact.report.reliability.facts import NAMES, index
from gridpact.report.text import number
from gridpact.results.record import Record

DRAWN = ("saifi", "saidi_h", "caidi_h", "eens_mwh", "aens_kwh")
MOST = 8
SUMMED = "eens_mwh"  # of all feeders it is no mean
GROUND = {"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85}


def draw(record: Record) -> Figure | None:
    table = record.tables["reliability_feeders"]
    if len(table) < 2:
        return None
    worst = table.sort_values("saidi_h", ascending=False, kind="stable").head(MOST).sort_index()
    some = f", the worst {MOST} of {len(table)}" if len(table) > MOST else ""
    figure, places = multiples(f"Reliability by feeder{some}", len(DRAWN), 1.15, 0.32)
    for axes, name in zip(places, DRAWN, strict=True):
        _index(axes, record, worst, name)
    handles = [
        Patch(color=BAR, label="feeder, named by its first line"),
        Line2D([], [], color=WHOLE, linestyle="--", label="mean of all"),
    ]
    figure.legend(
        handles=handles, loc="upper left", ncols=2, borderaxespad=0.0,
        bbox_to_anchor=(canvas.LEFT / canvas.WIDTH, 1.0 - (canvas.TITLE - 0.02) / figure.get_size_inches()[1]),
    )  # fmt: skip
    return figure


def _index(axes: Axes, record: Record, feeders: pd.DataFrame, name: str) -> None:
    title, unit, decimals = NAMES[name]
    values = feeders[name].to_numpy(dtype=np.float64)
    rows, known = np.arange(len(values)), np.isfinite(values)
    beside = offset_copy(axes.transData, cast(Figure, axes.figure), x=4.0, units="points")
    axes.barh(rows[known], values[known], color=BAR, height=0.68)
    for row, value in zip(rows.tolist(), values.tolist(), strict=True):
        text, end = (number(value, decimals), value) if np.isfinite(value) else ("none", 0.0)
        axes.text(end, row, text, transform=beside, ha="left", va="center", fontsize=canvas.SMALL,
                  zorder=5, bbox=GROUND)  # fmt: skip
    whole = index(record, name)
    if name != SUMMED and np.isfinite(whole):
        axes.axvline(whole, color=WHOLE, linestyle="--", linewidth=1.4)
    most = max(float(values[known].max(initial=0.0)), whole if name != SUMMED and np.isfinite(whole) else 0.0)
    axes.set_xlim(0.0, 1.4 * (most or 1.0))
    axes.set_ylim(len(values) - 0.4, -0.6)
    canvas.label_rows(axes, rows.tolist(), [canvas.short(str(feeder)) for feeder in feeders["feeder"]], canvas.SMALL)
    axes.grid(visible=False)
    axes.set_title(title)
    axes.set_xlabel(unit)
