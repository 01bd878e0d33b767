"""What one more unit of heat drawn does to a heat network: the judges' own linear response, and what it is worth.

The reference station of each connected network (the one that pumps what is left) holds its supply temperature and gives
whatever heat that takes; all other devices hold their heat. Drawing heat at a node in one step then changes the heat of
the reference in that step and in later ones, and the temperatures. The parts of a price are what these changes are
worth:

    loss          source price now x (all heat given more - 1)
    delay         (source price then - source price now) x heat given more then
    temperature   limit multipliers x changes of temperatures

Changes follow from the simulator itself, fed with a unit of heat at a time. Other stations would change the temperature
at which their water leaves so as to give the same heat as before: by how much is a system of linear equations, one for
every such station and step.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.certificates.heat.limits import temperature_places
from gridpact.certificates.heat.simulator import State, respond
from gridpact.certificates.heat.view import HeatView
from gridpact.certificates.heat.water import WATTS, references
from gridpact.certificates.multipliers import multipliers

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# So many nodes and steps are asked at most, in large networks fewer, so that so many numbers are made in all and held
# at a time.
MOST, LEAST = 2000, 200
IN_ALL, NUMBERS = 12_000_000, 4_000_000


@dataclass(frozen=True, eq=False)
class Parts:
    """Parts of the prices, currency per MWh, of the nodes and steps asked; all (asked,)."""

    node: Ints
    step: Ints
    energy: Floats
    loss: Floats
    delay: Floats
    temperature: Floats


@dataclass(frozen=True, eq=False)
class Change:
    """Changes after some trials: heat of every station's node, MW, (stations, steps, trials), worth of temperatures."""

    heat: Floats
    worth: Floats


def price_parts(view: HeatView) -> Parts:
    """Parts of the prices of all nodes and steps, or of as many as there is time for, evenly spread."""
    nodes, steps = len(view.nodes), view.case.steps
    count = min(nodes * steps, MOST, max(LEAST, IN_ALL // (nodes * steps)))
    asked = np.unique(np.linspace(0, nodes * steps - 1, count).astype(np.int64))
    node, step = asked // steps, asked % steps
    roots = _roots(view)
    price = view.evidence.table("heat_prices", "source_price_per_mwh")[roots]
    back = _Return(view)
    found = [_worth(view, back, node[part], step[part], price, roots) for part in _chunks(view, asked.size)]
    total, delayed, temperature = (np.concatenate(parts) for parts in zip(*found, strict=True))
    now = price[node, step]
    return Parts(node, step, now, now * (total - 1.0), delayed - now * total, temperature)


def _roots(view: HeatView) -> Ints:
    """Node of the reference station of every node's network, (nodes,)."""
    area, own = view.grid.area, view.case.positions("heat_sources", "node")[references(view.case)]
    root = np.zeros(int(area.max(initial=-1)) + 1, dtype=np.int64)
    root[area[own]] = own
    return root[area]


def _chunks(view: HeatView, count: int) -> Iterator[slice]:
    size = max(1, NUMBERS // max(1, len(view.nodes) * view.case.steps))
    return (slice(first, first + size) for first in range(0, count, size))


def _worth(
    view: HeatView, back: _Return, node: Ints, step: Ints, price: Floats, roots: Ints
) -> tuple[Floats, Floats, Floats]:
    """Heat of the references in all steps, what it is worth, what temperatures are worth; per MW drawn."""
    drawn = np.zeros((len(view.nodes), view.case.steps, node.size))
    trial = np.arange(node.size)
    drawn[node, step, trial] = WATTS
    change = back.after(drawn)
    given = change.heat[np.searchsorted(back.stations, roots[node]), :, trial]
    return given.sum(axis=1), (price[node] * given).sum(axis=1), change.worth


class _Return:
    """The response with the other stations brought back to the heat they gave before."""

    def __init__(self, view: HeatView) -> None:
        self.view, self.held = view, np.unique(_roots(view))
        self.stations = np.flatnonzero(view.has_station)
        self.others = np.setdiff1d(self.stations, self.held)
        self.weights = _temperature_worth(view)
        self.own, self.own_worth = self._own_response()

    def _own_response(self) -> tuple[Floats, Floats]:
        """Change of the stations' heat, MW, per degree at which water leaves the other stations.

        Shapes (stations, steps, others x steps) and (others x steps,): the second for the worth of temperatures.
        """
        nodes, steps, count = len(self.view.nodes), self.view.case.steps, self.others.size * self.view.case.steps
        heat, worth = np.zeros((self.stations.size, steps, count)), np.zeros(count)
        for part in _chunks(self.view, count):
            trials = np.arange(count)[part]
            leaving = np.zeros((nodes, steps, trials.size))
            leaving[self.others[trials // steps], trials % steps, np.arange(trials.size)] = 1.0
            change = self._plain(leaving, np.zeros_like(leaving))
            heat[:, :, part], worth[part] = change.heat, change.worth
        return heat, worth

    def _plain(self, leaving: Floats, drawn: Floats) -> Change:
        state = respond(self.view.plant, leaving, drawn, self.held)
        return Change(state.heat[self.stations] / WATTS, self._worth_of(state, drawn))

    def _worth_of(self, state: State, drawn: Floats) -> Floats:
        """Limit multipliers times changes of temperatures, per trial."""
        plant, total = self.view.plant, np.zeros(drawn.shape[2])
        for place, weight in self.weights.items():
            at = np.flatnonzero(weight.any(axis=1))
            change = state.supply[at] if place in ("supply", "consumer") else state.back[at]
            if place == "consumer":
                change = change - self._degrees(plant.taken, at) * drawn[at]
            if place == "station":
                change = change + self._degrees(plant.pumped, at) * state.heat[at]
            total += np.einsum("nk,nkb->b", weight[at], np.nan_to_num(change))
        return total

    def _degrees(self, water: Floats, at: Ints) -> Floats:
        """Degrees per W of the water at some nodes, (nodes, steps, 1)."""
        per_degree = self.view.grid.capacity[at, None] * water[at]
        return np.divide(1.0, per_degree, out=np.zeros_like(per_degree), where=per_degree > 0.0)[:, :, None]

    def after(self, drawn: Floats) -> Change:
        """Changes after heat has been drawn, W, (nodes, steps, trials)."""
        plain = self._plain(np.zeros_like(drawn), drawn)
        if not self.others.size:
            return plain
        size, place = self.others.size * self.view.case.steps, np.searchsorted(self.stations, self.others)
        system = self.own[place].reshape(size, size)
        turned = np.linalg.solve(system, -plain.heat[place].reshape(size, -1))
        return Change(plain.heat + self.own @ turned, plain.worth + self.own_worth @ turned)


def _temperature_worth(view: HeatView) -> dict[str, Floats]:
    """What a degree more is worth at every place of a limit, currency per hour, (nodes, steps); upper limits cost."""
    found = {}
    for place, (side, _, _) in temperature_places(view).items():
        end = "" if place == side else place
        upper, lower = (multipliers(view.evidence, f"heat_nodes/{side}_{name}_degc", end) for name in ("max", "min"))
        found[place] = upper - lower
    return found
