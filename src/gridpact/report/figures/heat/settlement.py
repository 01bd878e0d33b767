"""Who pays and who receives, for electricity and for heat, with the sum of both at the end of the bars."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import offset_copy

from gridpact.report.figures import canvas
from gridpact.report.figures.heat import look
from gridpact.report.figures.settlement import MOST
from gridpact.report.text import number
from gridpact.results.record import Record

OPERATORS = {"electricity": "electricity network operator", "heat": "heat network operator"}
COLOURS = {"electricity": look.ELECTRICITY, "heat": look.HEAT}


def draw(record: Record) -> Figure | None:
    settlement = record.tables.get("settlement")
    if settlement is None or settlement.empty:
        return None
    paid = payments(settlement)
    figure = canvas.sheet("Who pays (right) and who receives (left)", 1.4 + 0.27 * len(paid))
    names = [str(name) for name in paid.index]
    left = max(canvas.text_width(name, 9.0) for name in names) + 0.25
    axes = canvas.axes_at(figure, left, canvas.BELOW, canvas.RIGHT, canvas.TITLE + canvas.LEGEND + 0.08)
    _bars(axes, paid)
    _sums(axes, figure, paid)
    axes.set_ylim(len(paid) - 0.4, -0.6)
    canvas.label_rows(axes, list(range(len(paid))), names, 9.0)
    axes.grid(visible=True, axis="x")
    axes.axvline(0.0, color=canvas.BLACK, linewidth=0.8)
    axes.use_sticky_edges = False
    axes.margins(x=0.14)
    axes.set_xlabel(f"{record.case.currency}; at the end of each bar: the sum of both")
    canvas.legend_above(axes)
    return figure


def payments(settlement: pd.DataFrame) -> pd.DataFrame:
    """One row per participant, a column for electricity (reactive included) and one for heat.

    Who pays most comes first, the operators of the networks last; the many small ones are two sums.
    """
    carrier = settlement["carrier"].where(settlement["carrier"] == "heat", "electricity")
    operator = settlement["kind"] == "operator"
    named = settlement["participant"].map(canvas.short).where(~operator, carrier.map(OPERATORS))
    keyed = settlement.assign(carrier=carrier, name=named)
    keys = ["kind", "participant", "name"]
    sums = keyed.groupby([*keys, "carrier"], sort=False)["payment"].sum().unstack("carrier").fillna(0.0)
    rows = sums.reindex(columns=list(OPERATORS), fill_value=0.0).reset_index()
    double = rows["name"].duplicated(keep=False)
    rows["name"] = rows["name"].where(~double, rows["name"] + " (" + rows["kind"].str.replace("_", " ") + ")")
    last = rows["kind"] == "operator"
    others, operators = (rows[flags].set_index("name")[list(OPERATORS)] for flags in (~last, last))
    order = others.sum(axis=1).sort_values(ascending=False, kind="stable").index
    whole: pd.DataFrame = pd.concat([_without_crowd(others.loc[order]), operators])
    return whole


def _without_crowd(paid: pd.DataFrame) -> pd.DataFrame:
    """The largest sums one by one; the many small ones as those who pay and those who receive."""
    if len(paid) <= MOST:
        return paid
    total = paid.sum(axis=1)
    shown = total.abs().rank(method="first", ascending=False) <= MOST
    sides = {"pay": ~shown & (total > 0.0), "receive": ~shown & (total <= 0.0)}
    rest = {_others(int(flags.sum()), verb): paid[flags].sum() for verb, flags in sides.items() if flags.any()}
    crowd = pd.DataFrame(rest).T
    few: pd.DataFrame = pd.concat([paid[shown & (total > 0.0)], crowd, paid[shown & (total <= 0.0)]])
    return few


def _others(count: int, verb: str) -> str:
    return f"1 other who {verb}s" if count == 1 else f"{count} others who {verb}"


def _bars(axes: Axes, paid: pd.DataFrame) -> None:
    """What is paid to the right, what is received to the left, heat beyond electricity."""
    rows, labelled = np.arange(len(paid)), set[str]()
    for side in (np.maximum, np.minimum):
        base = np.zeros(len(paid))
        for name, colour in COLOURS.items():
            width = side(paid[name].to_numpy(dtype=np.float64), 0.0)
            axes.barh(rows, width, left=base, color=colour, height=0.7, label=None if name in labelled else name)
            labelled.add(name)
            base = base + width


def _sums(axes: Axes, figure: Figure, paid: pd.DataFrame) -> None:
    values = paid.to_numpy(dtype=np.float64)
    total = values.sum(axis=1)
    ends = np.where(total >= 0.0, values.clip(min=0.0).sum(axis=1), values.clip(max=0.0).sum(axis=1))
    for sign, side in ((1.0, "left"), (-1.0, "right")):
        beside = offset_copy(axes.transData, figure, x=3.0 * sign, units="points")
        for row in np.flatnonzero((total >= 0.0) == (sign > 0.0)).tolist():
            axes.text(
                ends[row], row, number(total[row], 2), transform=beside, ha=side, va="center", fontsize=canvas.SMALL
            )
