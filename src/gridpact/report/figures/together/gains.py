"""What each owner gains in a year: by the weights of the run, and by other weights."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from gridpact.report.figures import canvas
from gridpact.report.figures.trade import bars
from gridpact.report.text import number
from gridpact.report.together import facts
from gridpact.results.record import Record

MOST = 15
COLOURS = {"given": canvas.BLUE, "equal": canvas.SKY, "stand_alone": canvas.ORANGE}
ABOVE = canvas.TITLE + canvas.LEGEND + 0.1


def draw(record: Record) -> Figure | None:
    """Bars of each rule side by side; nothing without a deal."""
    if facts.table(record, "owners") is None or not facts.deal(record):
        return None
    kept, some = facts.shown(record, facts.column(record, "gain"), MOST)
    chosen = str(record.summary.get("weights_rule"))
    values = {called(rule, chosen): facts.surplus(record) * weights[kept] for rule, weights in rules(record).items()}
    colours = {called(rule, chosen): colour for rule, colour in COLOURS.items()}
    names = [canvas.short(facts.owners(record)[place]) for place in kept]
    height = ABOVE + bars.tall(len(names), len(values)) + canvas.BELOW
    figure = canvas.sheet(f"What each owner gains in a year, by its weight{some}", height)
    axes = canvas.axes_at(figure, bars.room(names), canvas.BELOW, canvas.RIGHT, ABOVE)
    bars.grouped(axes, values, colours)
    bars.named(axes, names)
    bars.separated(axes, len(names))
    axes.margins(x=0.12)
    axes.xaxis.set_major_formatter(lambda value, _: number(value, 0))
    axes.set_xlabel(f"{record.case.currency} per year")
    canvas.legend_above(axes)
    return figure


def rules(record: Record) -> dict[str, canvas.Floats]:
    """Weights by rule, those of the run first, which are as the run has them."""
    chosen = str(record.summary.get("weights_rule"))
    others = facts.weights_by(record)
    own = facts.column(record, "weight")
    return {chosen: np.asarray(own / own.sum())} | {rule: one for rule, one in others.items() if rule != chosen}


def called(rule: str, chosen: str) -> str:
    words = f"weights {facts.RULES.get(rule, rule)}"
    return f"{words} (this run)" if rule == chosen else words
