"""Heat that is kept for later: in the water of the pipes, as change against its mean, and in tanks."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gridpact.report.figures import canvas, storage
from gridpact.report.figures.canvas import Floats, over_time
from gridpact.report.heat.network import has_heat
from gridpact.results.record import Record

LEAST = 1e-6  # MWh


def draw(record: Record) -> Figure | None:
    if not has_heat(record) or record.case.steps == 1:
        return None
    tanks = in_tanks(record)
    breathes = bool(np.nanmax(np.abs(pipe_change(record)), initial=0.0) > LEAST)
    parts = [part for part, there in ((_pipes, breathes), (_tanks, bool(tanks))) if there]
    if not parts:
        return None
    what = {2: "Heat stored in pipes and tanks", 1: "Heat stored in the pipes" if not tanks else "Heat stored in tanks"}
    figure = canvas.sheet(what[len(parts)], 1.2 + 2.0 * len(parts))
    column = canvas.panels(figure, rows=len(parts))
    for axes, part in zip(column, parts, strict=True):
        part(axes, record)
        canvas.legend_above(axes, columns=4)
    canvas.local_time(column[-1], record.case)
    return figure


def pipe_change(record: Record) -> Floats:
    """Heat in all pipes at the end of every step less its mean, MWh, shape (steps,)."""
    stored: Floats = over_time(record.case, record.tables["pipes"], "stored_mwh").sum(axis=0)
    change: Floats = stored - np.nanmean(stored)
    return change


def in_tanks(record: Record) -> dict[str, Floats]:
    """Energy at the end of every step by tank if they are few, else of all together; MWh, shape (steps,)."""
    table = record.tables.get("heat_storages")
    if table is None or table.empty:
        return {}
    energy, names = over_time(record.case, table, "energy_mwh"), record.case.ids("heat_storages")
    if len(names) > len(storage.COLOURS):
        return {f"all {len(names)} tanks": energy.sum(axis=0)}
    return dict(zip(names, energy, strict=True))


def _from_the_start(record: Record, ends: Floats, start: float) -> tuple[Floats, Floats]:
    """Moments, and energy at them: at the start too, where it is known and the horizon is cleared as one."""
    moments = canvas.edges(record.case)
    if np.isnan(start) or record.case.window != "horizon":
        return moments[1:], ends
    return moments, np.append(start, ends)


def _pipes(axes: Axes, record: Record) -> None:
    """Filled from zero, so that what is lent and what is borrowed can be told apart."""
    given = [record.case.column("pipes", f"initial_{side}_degc") for side in ("supply", "return")]
    change = np.nan_to_num(pipe_change(record))
    ends, change = _from_the_start(record, change, float(change[-1]) if np.isnan(given).all() else np.nan)
    axes.fill_between(ends, change, where=change >= 0.0, color=canvas.ORANGE, alpha=0.5, linewidth=0, interpolate=True)
    axes.fill_between(ends, change, where=change <= 0.0, color=canvas.SKY, alpha=0.5, linewidth=0, interpolate=True)
    axes.plot(
        ends, change, color=canvas.BLACK, linewidth=1.4, label="heat in all pipes, supply and return, less its mean"
    )
    axes.axhline(0.0, color=canvas.BLACK, linewidth=0.8)
    axes.set_ylabel("MWh")


def _tanks(axes: Axes, record: Record) -> None:
    capacity, first = (record.case.column("heat_storages", name) for name in ("energy_mwh", "initial_mwh"))
    rows = in_tanks(record)
    alone = len(rows) == len(capacity)
    room = capacity if alone else np.array([capacity.sum()])
    begun = first if alone else np.array([first.sum()])
    for (name, row), most, start, colour in zip(rows.items(), room, begun, storage.COLOURS, strict=False):
        level = float(row[-1]) if np.isnan(start) and np.isnan(first).all() else float(start)
        axes.plot(
            *_from_the_start(record, row, level),
            color=colour,
            linewidth=1.8,
            label=f"{canvas.short(name)} (of {most:g} MWh)",
        )
    axes.set_ylim(0.0, 1.05 * float(room.max()))
    axes.set_ylabel("MWh")
