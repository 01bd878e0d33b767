"""What the deal is worth: costs with and without it, payments and gains, and shares by other rules."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gridpact.report.figures import canvas
from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.trade import bars, look
from gridpact.report.trade import facts
from gridpact.results.record import Record

BEFORE, COST, PAYS, GAIN = "cost without a deal", "own cost with the deal", "pays", "gain"
COLOURS = {BEFORE: "#a8aeb4", COST: canvas.BLUE, PAYS: canvas.ORANGE, GAIN: canvas.GREEN}
RULES = {"nash": canvas.BLUE, "equal": canvas.SKY, "proportional": canvas.ORANGE, "shapley": canvas.GREEN}
SPLIT = 0.62  # share of the figure for costs


def draw_gains(record: Record) -> Figure | None:
    """Left: costs and payments; right: gains, on a scale of their own. Without a deal costs alone."""
    if facts.table(record, "bargaining") is None:
        return None
    shown, deal = _crowd(record), facts.deal(record)
    before, cost, receipt, gain = (
        shown.averaged(_known(record, name)) for name in ("disagreement_cost", "cost", "receipt", "gain")
    )
    values = {BEFORE: before, COST: cost} | ({PAYS: 0.0 - receipt} if deal else {})
    title = "What the deal is worth to each party" if deal else "Costs of each party, without a deal and with one"
    top, rows = canvas.TITLE + canvas.LEGEND + 0.1, len(shown.names)
    figure = canvas.sheet(title, top + bars.tall(rows, len(values)) + canvas.BELOW)
    left = bars.room(shown.each)
    middle = left + SPLIT * (canvas.WIDTH - left) if deal else canvas.WIDTH - canvas.RIGHT
    costs = canvas.axes_at(figure, left, canvas.BELOW, canvas.WIDTH - middle, top)
    bars.grouped(costs, values, COLOURS)
    bars.named(costs, shown.each)
    if deal:
        gains = canvas.axes_at(figure, middle + 0.3, canvas.BELOW, canvas.RIGHT, top)
        bars.grouped(gains, {GAIN: gain}, COLOURS)
    for axes in figure.axes:
        _finish(axes, record, rows)
    return figure


def _crowd(record: Record) -> look.Crowd:
    """The largest by what they cost without a deal, gain or not."""
    return look.crowd(record, (np.abs(_known(record, "disagreement_cost")) + np.abs(_known(record, "gain")))[:-1])


def _known(record: Record, name: str) -> Floats:
    return np.nan_to_num(facts.column(record, "bargaining", name))


def _finish(axes: Axes, record: Record, rows: int) -> None:
    bars.separated(axes, rows)
    axes.margins(x=0.2)
    axes.set_xlabel(record.case.currency)
    axes.locator_params(axis="x", nbins=5)
    canvas.legend_above(axes, columns=3)


def draw_shares(record: Record) -> Figure | None:
    """Gains by each rule, with the error bound of what was sampled; of those who bargain."""
    found = facts.table(record, "shares")
    if found is None or facts.table(record, "bargaining") is None:
        return None
    rules = [rule for rule in facts.RULES if rule in set(found["rule"])]
    gains, errors = (_by_rule(record, rules, name) for name in ("gain", "error_bound"))
    if not np.abs(gains).max(initial=0.0) > 0.005:
        return None
    shown = look.crowd(record, gains.max(axis=1)[:-1])
    kept = len(shown.names) - (not facts.is_party(record))
    names = [facts.RULES[rule] for rule in rules]
    by_rule, off = (dict(zip(names, shown.averaged(one)[:kept].T, strict=True)) for one in (gains, errors))
    return _shares(record, shown.each[:kept], by_rule, off)


def _by_rule(record: Record, rules: list[str], name: str) -> Floats:
    """A column of the shares, shape (parties, rules)."""
    wide = record.tables["shares"].pivot_table(index="participant", columns="rule", values=name)
    ordered: Floats = wide.reindex(index=facts.parties(record), columns=rules).to_numpy(dtype=np.float64)
    return np.asarray(np.nan_to_num(ordered), dtype=np.float64)


def _shares(record: Record, names: list[str], gains: dict[str, Floats], errors: dict[str, Floats]) -> Figure:
    colours = {facts.RULES[rule]: colour for rule, colour in RULES.items()}
    height = canvas.TITLE + canvas.LEGEND + 0.1 + bars.tall(len(names), len(gains)) + canvas.BELOW
    figure = canvas.sheet("Who would gain how much by which rule", height)
    axes = canvas.axes_at(figure, bars.room(names), canvas.BELOW, canvas.RIGHT, canvas.TITLE + canvas.LEGEND + 0.1)
    bars.grouped(axes, gains, colours, errors)
    bars.named(axes, names)
    _finish(axes, record, len(names))
    canvas.legend_above(axes)
    return figure
