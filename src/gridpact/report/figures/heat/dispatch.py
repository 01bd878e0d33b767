"""Who makes the heat: units and tanks stacked upwards, charging downwards, the demand as a line."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from gridpact.report.figures import canvas
from gridpact.report.figures.canvas import Floats, over_time
from gridpact.report.figures.heat.look import COLOURS, KINDS, SLATE
from gridpact.report.heat.network import has_heat, of_kind
from gridpact.results.record import Record

LEAST = 1e-6  # MW; what is always less is not shown
TITLE = "Who makes the heat"


def draw(record: Record) -> Figure | None:
    if not has_heat(record):
        return None
    supply, withdrawal = by_kind(record)
    return (_bars if record.case.steps == 1 else _stack)(record, supply, withdrawal)


def by_kind(record: Record) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Heat given and taken (negative) by every kind, MW, shape (steps,); each device counts on its side."""
    heat = {name: of_kind(record, kind, "heat_mw") for kind, (name, _) in KINDS.items()}
    sides = [
        {name: side(values, 0.0).sum(axis=0) for name, values in heat.items() if len(values)}
        for side in (np.maximum, np.minimum)
    ]
    up, down = (
        {name: row for name, row in side.items() if np.nanmax(np.abs(row), initial=0.0) > LEAST} for side in sides
    )
    return up, down


def demand(record: Record) -> Floats:
    """Heat that consumers draw, MW, shape (steps,)."""
    drawn: Floats = -of_kind(record, "heat_load", "heat_mw").sum(axis=0)
    return drawn


def lost(record: Record) -> Floats:
    """Heat that all pipes lose, MW, shape (steps,)."""
    loss: Floats = over_time(record.case, record.tables["pipes"], "loss_mw").sum(axis=0)
    return loss


def _stack(record: Record, supply: dict[str, Floats], withdrawal: dict[str, Floats]) -> Figure:
    figure = canvas.sheet(TITLE, 3.8)
    (axes,), moments = canvas.panels(figure), canvas.edges(record.case)
    sides = [{name: np.nan_to_num(row) for name, row in side.items()} for side in (supply, withdrawal)]
    canvas.stack(axes, moments, sides, COLOURS)
    drawn, loss = demand(record), lost(record)
    axes.stairs(drawn, moments, baseline=None, color=canvas.BLACK, linewidth=1.8, label="demand")
    axes.stairs(
        drawn + loss,
        moments,
        baseline=None,
        color=canvas.BLACK,
        linewidth=1.2,
        linestyle=":",
        label="demand and losses",
    )
    axes.set_ylabel("MW of heat")
    canvas.legend_above(axes)
    canvas.local_time(axes, record.case)
    return figure


def _bars(record: Record, supply: dict[str, Floats], withdrawal: dict[str, Floats]) -> Figure:
    values = {name: float(part[0]) for name, part in supply.items()}
    values |= {f"{name}, charging": float(part[0]) for name, part in withdrawal.items()}
    colours = [COLOURS[name] for name in (*supply, *withdrawal)] + [SLATE, canvas.GREY]
    values |= {"demand": -float(demand(record)[0]), "losses of the pipes": -float(lost(record)[0])}
    figure = canvas.sheet(TITLE, 1.0 + 0.32 * len(values))
    canvas.bars(figure, list(values), np.array(list(values.values())), colours, "MW of heat")
    return figure
