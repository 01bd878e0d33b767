"""Prices of electricity and of heat on one axis, and what ties them: the couplers between their limits."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from gridpact.report.figures import canvas
from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.carrier import ELECTRICITY, HEAT
from gridpact.report.figures.heat import look
from gridpact.report.heat.network import UNITS, has_heat
from gridpact.report.heat.ties import BETWEEN, LIMIT, Tie, ties
from gridpact.results.record import Record

TITLE = "Prices of electricity and heat, and what ties them"
PRICES, TIE, ROW = 2.3, 1.7, 0.26  # inches: height of the panels, and of the row of a coupler
ABOVE, MOST = 0.5, 10
STATES = ListedColormap(["#ffffff", "#cfd5da", canvas.GREEN])
WORDS = {LIMIT: "at a limit or corner: prices move apart", BETWEEN: "between its limits: it ties the two prices"}


def draw(record: Record) -> Figure | None:
    if not has_heat(record) or "electricity_prices" not in record.tables:
        return None
    return _bars(record) if record.case.steps == 1 else _lines(record)


def band(record: Record, carrier: str) -> tuple[Floats, Floats, Floats]:
    """Lowest, mean and highest price of any bus or node, shape (steps,) each."""
    prices = (ELECTRICITY if carrier == "electricity" else HEAT).matrix(record, "price_per_mwh")
    there = np.isfinite(prices).any(axis=0)
    prices = np.where(there, prices, 0.0)
    low, mean, high = (np.where(there, of(prices, axis=0), np.nan) for of in (np.nanmin, np.nanmean, np.nanmax))
    return low, mean, high


def most_tied(found: list[Tie]) -> list[Tie]:
    """The couplers that tie prices in most steps, at most ten of them, in their order."""
    often = np.array([tie.ties.sum() for tie in found])
    return [found[place] for place in np.sort(np.argsort(-often, kind="stable")[:MOST])]


def _lines(record: Record) -> Figure:
    """Prices, then a row for each coupler, then the coupler that ties them most often with its break-even price."""
    found = most_tied(ties(record))
    shown = max(found, key=lambda tie: int(tie.ties.sum()), default=None)
    told = shown is not None and bool(shown.ties.any())
    strips = ROW * len(found)
    heights = [PRICES, *([strips] if found else []), *([TIE] if told else [])]
    height = canvas.TITLE + sum(heights) + ABOVE * len(heights) + canvas.BELOW
    figure = canvas.sheet(TITLE, height)
    widest = max((canvas.text_width(_label(tie), 8.5) for tie in found), default=0.0)
    left = max(canvas.LEFT, widest + 0.2)
    column, top = [], canvas.TITLE
    for tall in heights:
        top += ABOVE
        column.append(canvas.axes_at(figure, left, height - top - tall, canvas.RIGHT, top))
        top += tall
    _prices(column[0], record)
    if found:
        _strips(column[1], record, found)
    if told and shown is not None:
        _tie(column[2], record, shown)
    for axes in column:
        canvas.local_time(axes, record.case)
    for axes in column[:-1]:
        axes.tick_params(axis="x", labelbottom=False)
        axes.set_xlabel("")
    return figure


def _prices(axes: Axes, record: Record) -> None:
    moments = canvas.edges(record.case)
    for carrier, places, colour in (("electricity", "buses", look.ELECTRICITY), ("heat", "nodes", look.HEAT)):
        low, mean, high = band(record, carrier)
        base = np.where(np.isfinite(low), low, np.nanmin(low))
        axes.stairs(
            high, moments, baseline=base, fill=True, color=colour, alpha=0.22, linewidth=0, label=f"all {places}",
        )  # fmt: skip
        axes.stairs(mean, moments, baseline=None, color=colour, linewidth=1.8, label=f"{carrier}, mean")
    axes.set_ylabel(f"{record.case.currency}/MWh")
    axes.use_sticky_edges = False
    axes.margins(y=0.08)
    canvas.legend_above(axes)


def _label(tie: Tie) -> str:
    return f"{canvas.short(tie.unit.name)} ({_short_kind(tie)})"


def _short_kind(tie: Tie) -> str:
    return "CHP" if tie.unit.kind == "chp" else UNITS[tie.unit.kind]


def _strips(axes: Axes, record: Record, found: list[Tie]) -> None:
    moments = canvas.edges(record.case)
    states = np.array([tie.state for tie in found], dtype=np.float64)
    axes.imshow(
        states, aspect="auto", cmap=STATES, vmin=0.0, vmax=2.0, interpolation="none",
        extent=(moments[0], moments[-1], len(found) - 0.5, -0.5),
    )  # fmt: skip
    axes.hlines(np.arange(len(found) - 1) + 0.5, moments[0], moments[-1], color="white", linewidth=2.0)
    axes.grid(visible=False)
    canvas.label_rows(axes, list(range(len(found))), [_label(tie) for tie in found], 8.5)
    handles = [Patch(color=STATES(state), label=words) for state, words in reversed(WORDS.items())]
    handles.append(Patch(facecolor="white", edgecolor="#8a9096", label="at rest"))
    axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, borderaxespad=0.3)


def _tie(axes: Axes, record: Record, tie: Tie) -> None:
    """The price of heat that the coupler is paid, and the one at which it breaks even while it is between limits."""
    moments, name = canvas.edges(record.case), canvas.short(tie.unit.name)
    axes.stairs(tie.paid, moments, baseline=None, color=look.HEAT, linewidth=1.6, label=f"heat price paid to {name}")
    label = f"heat price at which {name} breaks even, from the electricity price"
    axes.stairs(
        tie.even, moments, baseline=None, color=canvas.BLACK, linewidth=1.8, linestyle=(0, (2, 1.5)), label=label
    )
    axes.set_ylabel(f"{record.case.currency}/MWh")
    axes.use_sticky_edges = False
    axes.margins(y=0.12)
    canvas.legend_above(axes)


def _bars(record: Record) -> Figure:
    values, colours = {}, []
    for carrier, place, colour in (("electricity", "bus", look.ELECTRICITY), ("heat", "node", look.HEAT)):
        for words, value in zip((f"lowest {place}", "mean", f"highest {place}"), band(record, carrier), strict=True):
            values[f"{carrier}, {words}"] = float(value[0])
            colours.append(colour)
    figure = canvas.sheet("Prices of electricity and heat", 1.0 + 0.32 * len(values))
    unit = f"{record.case.currency}/MWh"
    canvas.bars(figure, list(values), np.array(list(values.values())), colours, unit)
    return figure
