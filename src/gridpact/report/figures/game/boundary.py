"""Prices at the boundary over time: the transmission price by design, and the leader's own price with its wedge."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gridpact.report.figures import canvas
from gridpact.report.figures.game import look, steps
from gridpact.report.game import facts
from gridpact.results.record import Record

ANNOUNCED = "uncoordinated, as announced"


def draw_power(record: Record) -> Figure | None:
    """Power at the boundary by design, where no map of price steps shows it."""
    if facts.has_step_function(record):
        return None
    figure, column = _sheet(record, "Power at the boundary")
    for axes, name in column:
        for design, (label, power) in steps.imports(record, name).items():
            _line(axes, record, power, design, label)
        axes.set_ylabel(f"{look.at(record, name)}MW")
        _finish(axes)
    canvas.local_time(column[-1][0], record.case)
    return figure


def draw_lmp(record: Record) -> Figure | None:
    """Transmission price at the connection by design, with the price that was announced without coordination."""
    hours, names = record.tables.get("design_hours"), look.named(record)
    if hours is None or not names:
        return None
    figure, column = _sheet(record, "Transmission price (LMP) at the boundary, by design")
    for axes, name in column:
        for design, label in names.items():
            _line(axes, record, facts.series(hours, name, "lmp_per_mwh", design), design, label)
        announced = facts.series(hours, name, "announced_lmp_per_mwh", "uncoordinated")
        if np.isfinite(announced).any():
            moments = canvas.edges(record.case)
            axes.stairs(announced, moments, baseline=None, color=canvas.GREEN, linewidth=1.2, label=ANNOUNCED)
        axes.set_ylabel(f"{look.at(record, name)}{record.case.currency}/MWh")
        _finish(axes)
    canvas.local_time(column[-1][0], record.case)
    return figure


def draw_wedge(record: Record) -> Figure | None:
    """What the leader pays, what a MWh is worth to it at its root, and the wedge between the two."""
    figure, column = _sheet(record, "What the district pays, and what a MWh is worth to it")
    table, moments = facts.equilibrium(record), canvas.edges(record.case)
    for axes, name in column:
        paid, root = (facts.series(table, name, f"{column}_per_mwh") for column in ("lmp", "root_price"))
        axes.stairs(
            root, moments, baseline=paid, fill=True, color=canvas.YELLOW, alpha=0.6, linewidth=0, label="leader's wedge"
        )
        axes.stairs(root, moments, baseline=None, color=canvas.BLACK, linewidth=1.6, label="price at the root")
        axes.stairs(paid, moments, baseline=None, color=look.COLOURS[facts.LED], linewidth=2.0, label="LMP paid")
        axes.set_ylabel(f"{look.at(record, name)}{record.case.currency}/MWh")
        _finish(axes)
    canvas.local_time(column[-1][0], record.case)
    return figure


def _sheet(record: Record, text: str) -> tuple[Figure, list[tuple[Axes, str]]]:
    """Axes below each other, one for each connection that is shown."""
    names = facts.shown(record)
    figure = canvas.sheet(look.title(record, text), 1.2 + 2.0 * len(names))
    return figure, list(zip(canvas.panels(figure, rows=len(names)), names, strict=True))


def _line(axes: Axes, record: Record, values: canvas.Floats, design: str, label: str) -> None:
    axes.stairs(values, canvas.edges(record.case), baseline=None, linewidth=1.9, **look.style(design, label))


def _finish(axes: Axes) -> None:
    canvas.legend_above(axes)
