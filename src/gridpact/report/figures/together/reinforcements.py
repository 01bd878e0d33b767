"""Who bears the cost of what the operator builds: each its share of the gain of all, which that cost makes smaller."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from gridpact.report.figures import canvas
from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.trade.look import OTHERS
from gridpact.report.text import number
from gridpact.report.together import facts
from gridpact.results.record import Record

MOST, ASSETS = 8, 20
ROW = 0.4  # inches


def draw(record: Record) -> Figure | None:
    """A bar for each asset, a part of it for each owner."""
    found = facts.table(record, "reinforcements")
    if found is None or not facts.deal(record):
        return None
    wide = found.pivot(index="asset", columns="participant", values="cost_per_year")
    wide = wide.reindex(index=found["asset"].unique(), columns=facts.owners(record)).fillna(0.0).head(ASSETS)
    parts, colours = _parts(record, wide)
    assets = [canvas.short(str(name)) for name in wide.index]
    rows = canvas.legend_rows(list(parts))
    above = canvas.TITLE + canvas.LEGEND * rows + 0.08
    figure = canvas.sheet("Who bears what the operator builds", above + ROW * len(assets) + canvas.BELOW)
    left = max(canvas.text_width(name, 9.0) for name in assets) + 0.25
    axes = canvas.axes_at(figure, left, canvas.BELOW, canvas.RIGHT, above)
    base = np.zeros(len(assets))
    for (name, values), colour in zip(parts.items(), colours, strict=True):
        axes.barh(np.arange(len(assets)), values, left=base, color=colour, height=0.62, label=name)
        base = base + values
    axes.set_ylim(len(assets) - 0.5, -0.5)
    canvas.label_rows(axes, range(len(assets)), assets, 9.0)
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    axes.xaxis.set_major_formatter(lambda value, _: number(value, 0))
    axes.set_xlabel(f"{record.case.currency} per year")
    canvas.legend_above(axes, columns=-(-len(parts) // rows))
    return figure


def _parts(record: Record, wide: pd.DataFrame) -> tuple[dict[str, Floats], list[str]]:
    """What each owner bears of each asset, (assets,), the smallest ones together where there are many; colours."""
    values, names, colours = wide.to_numpy(dtype=np.float64), facts.owners(record), facts.colours(record)
    kept, _ = facts.shown(record, values.sum(axis=0), MOST)
    rest = values.sum(axis=1) - values[:, kept].sum(axis=1)
    others = {f"{len(names) - len(kept)} others": rest} if len(kept) < len(names) else {}
    parts = {canvas.short(names[place]): np.asarray(values[:, place]) for place in kept} | others
    return parts, [*(colours[place] for place in kept), *([OTHERS] if others else [])]
