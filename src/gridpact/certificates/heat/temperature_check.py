"""Temperatures, losses, stored heat and the heat of the stations against the judges' own simulation.

A thousandth of a percent of a temperature would be seen; what the optimisation and the simulation differ by is the
solver's rounding, as both follow the same physics by different means.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.heat.losses import simulated_losses
from gridpact.certificates.heat.view import HeatView
from gridpact.certificates.heat.water import WATTS

Floats = NDArray[np.float64]
TOLERANCE = 1e-4
# Share of the largest heat below which heat is not worth an error of its own; of all heat drawn, where none is lost.
FAINT = 1e-3
NOTHING = 1e-6


def simulation_checks(view: HeatView) -> list[Check]:
    """Node and pipe temperatures; losses and stored heat; heat of the stations."""
    instants = view.evidence.instants
    texts = {
        "heat_temperatures": ("Temperatures of nodes and pipes against the simulation, relative.", _temperatures),
        "heat_losses": ("Heat lost and held by the pipes against the simulation, relative.", _losses),
        "heat_of_stations": ("Heat of the stations against what the simulation asks of them, relative.", _stations),
    }
    return [worst(name, text, TOLERANCE, rule(view), instants) for name, (text, rule) in texts.items()]


def _temperatures(view: HeatView) -> list[Measure]:
    grid, plant = view.grid, view.plant
    supply, back = view.state.supply[:, :, 0], view.state.back[:, :, 0]
    consumed = np.any(plant.taken > 0.0, axis=1)
    cooled = supply - _degrees(view, view.drawn, plant.taken)
    nodes = {
        "supply_degc": (supply, plant.through[0].any(axis=1)),
        "return_degc": (back, plant.through[1].any(axis=1)),
        "consumer_return_degc": (cooled, consumed),
    }
    measures = [
        Measure(f"heat_nodes/{name}", view.nodes, _relative(view.node(name), own, there))
        for name, (own, there) in nodes.items()
    ]
    pipes = {
        "supply_in_degc": plant.leaving(supply, 0),
        "supply_out_degc": view.state.supply_out[:, :, 0],
        "return_in_degc": plant.leaving(back, 1),
        "return_out_degc": view.state.back_out[:, :, 0],
    }
    return measures + [
        Measure(f"pipes/{name}", grid.names, _relative(view.pipe(name), own, view.moving))
        for name, own in pipes.items()
    ]


def _degrees(view: HeatView, heat: Floats, water: Floats) -> Floats:
    """By how much heat (MW) changes the temperature of water (kg/s)."""
    carried = view.grid.capacity[:, None] * water / WATTS
    return np.divide(heat, carried, out=np.zeros_like(heat), where=carried > 0.0)


def _losses(view: HeatView) -> list[Measure]:
    loss, stored = simulated_losses(view)
    told, held = view.pipe("loss_mw"), view.pipe("stored_mwh")
    least = NOTHING * float(np.abs(view.drawn).sum(axis=0).max(initial=0.0))
    usual = np.maximum(np.abs(loss).mean(axis=1, keepdims=True), least)
    measures = [
        Measure("pipes/loss_mw", view.grid.names, _of_usual(told - loss, usual)),
        Measure(
            "all pipes/loss_mw", ["together"], _of_usual((told - loss).sum(axis=0)[None], usual.sum(keepdims=True))
        ),
    ]
    usual = np.abs(stored).mean(axis=1, keepdims=True)
    return [*measures, Measure("pipes/stored_mwh", view.grid.names, _of_usual(held - stored, usual))]


def _stations(view: HeatView) -> list[Measure]:
    own = view.state.heat[:, :, 0] / WATTS
    off = np.where(view.has_station[:, None], view.heated - own, 0.0)
    largest = float(np.abs(own[view.has_station]).max(initial=0.0))
    told = view.node("heat_mw") - (view.heated - view.drawn)
    return [
        Measure("station of node", view.nodes, np.abs(off) / max(largest, 1e-9)),
        Measure("heat_nodes/heat_mw", view.nodes, np.abs(told) / max(largest, 1e-9)),
    ]


def _relative(told: Floats, own: Floats, there: NDArray[np.bool_]) -> Floats:
    """Over the temperature, at least one degree; zero where there is no water."""
    off: Floats = np.where(there[:, None], np.abs(told - own) / np.maximum(1.0, np.abs(own)), 0.0)
    return off


def _of_usual(off: Floats, usual: Floats) -> Floats:
    share: Floats = np.abs(off) / np.maximum(usual, max(FAINT * float(usual.max(initial=0.0)), 1e-12))
    return share
