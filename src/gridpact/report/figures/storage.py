"""The energy in the storages."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from gridpact.case.case import Case
from gridpact.report.figures import canvas
from gridpact.report.figures.canvas import Floats
from gridpact.results.record import Record

COLOURS = (canvas.BLUE, canvas.ORANGE, canvas.GREEN, canvas.PURPLE, canvas.SKY, canvas.VERMILLION)


def draw(record: Record) -> Figure | None:
    storages = record.tables.get("storages")
    if storages is None or storages.empty:
        return None
    energy = canvas.matrix(storages, "energy_mwh", record.case.steps)
    return _bars(record.case, energy[:, 0]) if record.case.steps == 1 else _lines(record.case, energy)


def levels(case: Case, energy: Floats) -> tuple[dict[str, Floats], dict[str, float]]:
    """Energy from the start on (steps + 1) and capacity, MWh: of each storage if few, else of all together."""
    path = np.column_stack([case.column("storages", "initial_mwh"), energy])
    capacity = case.column("storages", "energy_mwh")
    if len(path) > len(COLOURS):
        name = f"all {len(path)} storages"
        return {name: path.sum(axis=0)}, {name: float(capacity.sum())}
    names = case.ids("storages")
    return dict(zip(names, path, strict=True)), dict(zip(names, capacity.tolist(), strict=True))


def _lines(case: Case, energy: Floats) -> Figure:
    """Energy moves at constant power between the moments, hence straight lines."""
    figure = canvas.sheet("Energy in the storages", 3.0)
    (axes,), moments = canvas.panels(figure), canvas.edges(case)
    paths, capacities = levels(case, energy)
    for (name, path), colour in zip(paths.items(), COLOURS, strict=False):
        axes.plot(moments, path, color=colour, linewidth=1.8, label=f"{name} (of {capacities[name]:g} MWh)")
    axes.set_ylabel("MWh")
    axes.set_ylim(0.0, 1.05 * max(capacities.values()))
    canvas.legend_above(axes, columns=4)
    canvas.local_time(axes, case)
    return figure


def _bars(case: Case, energy: Floats) -> Figure:
    paths, capacities = levels(case, energy[:, None])
    names = [f"{name} (of {capacity:g} MWh)" for name, capacity in capacities.items()]
    figure = canvas.sheet("Energy in the storages at the end", 1.0 + 0.32 * len(names))
    values = np.array([path[-1] for path in paths.values()])
    canvas.bars(figure, names, values, COLOURS[: len(names)], "MWh")
    return figure
