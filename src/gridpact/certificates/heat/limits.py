"""Are the temperatures within the limits of the case, and how far is each of them from being reached?

Limits hold for the mixed water of every node; where pipes bring water back to a node with consumers also for what
leaves the consumers, and where pipes bring supply water to a node with a station also for what leaves the station.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.heat.view import HeatView
from gridpact.certificates.limits import beyond

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
TOLERANCE = 1e-6
# Temperatures are measured in this many degrees, as the program knows them.
DEGREES = 50.0


def temperature_places(view: HeatView) -> dict[str, tuple[str, Floats, Bools]]:
    """Where limits hold: suffix of the limit -> side of its columns, temperatures, nodes; (nodes, steps), (nodes,).

    Water that stands still has no limit.
    """
    plant = view.plant
    to_supply, to_back = plant.through[0] > plant.pumped, plant.through[1] > plant.taken
    there = [np.asarray(water.any(axis=1), dtype=np.bool_) for water in (*plant.through, plant.pumped, plant.taken)]
    return {
        "supply": ("supply", view.node("supply_degc"), there[0]),
        "return": ("return", view.node("return_degc"), there[1]),
        "station": ("supply", view.node("station_supply_degc"), there[2] & to_supply.any(axis=1)),
        "consumer": ("return", view.node("consumer_return_degc"), there[3] & to_back.any(axis=1)),
    }


def temperature_check(view: HeatView) -> Check:
    """Degrees beyond the limits, in units of fifty."""
    measures = []
    for place, (side, temperature, there) in temperature_places(view).items():
        low, high = (view.case.column("heat_nodes", f"{side}_{end}_degc")[:, None] for end in ("min", "max"))
        outside = np.where(there[:, None], beyond(temperature, low, high) / DEGREES, 0.0)
        measures.append(Measure(f"{place} temperature of node", view.nodes, outside))
    text = "Temperatures of mixed water, and of what leaves consumers and stations, beyond their limits, per 50 K."
    return worst("temperature_limits", text, TOLERANCE, measures, view.evidence.instants)


def temperature_rooms(view: HeatView) -> dict[tuple[str, str], Floats]:
    """Degrees by which every limit is missed, by its name and place; NaN where it does not hold."""
    rooms: dict[tuple[str, str], Floats] = {}
    for place, (side, temperature, there) in temperature_places(view).items():
        end = "" if place == side else place
        low, high = (view.case.column("heat_nodes", f"{side}_{name}_degc")[:, None] for name in ("min", "max"))
        known = np.where(there[:, None], temperature, np.nan)
        rooms |= {
            (f"heat_nodes/{side}_min_degc", end): known - low,
            (f"heat_nodes/{side}_max_degc", end): high - known,
        }
    return rooms
