r"""From answers to hours: what every fault does to every zone, and the indices as sums over both.

With fault i in zone f, zone v, and a the last zone that the ways of both to the source share, the answer at moment T is

$$
z_{fv}(T) \le \sum_{\text{devices between } f \text{ and } a} s + x_{av}(T) , \qquad
d_{iv} = r_i - \sum_l (T_{l+1} - T_l)\, z_{fv}(T_l) - T_1 w_{fv} ,
$$

$w \le$ devices between f and a that clear, $x$ restored by ties and islands, and $T_{L+1} = r_i$. Pairs with the same
devices between and the same $x$ share a column.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Floats, Ints
from gridpact.planning.reliability.linear.rows import ALWAYS, NEVER, Rows
from gridpact.planning.reliability.linear.setting import Doors
from gridpact.planning.reliability.network import RadialNetwork


@dataclass(frozen=True, eq=False)
class Pairs:
    """Zones with faults, all zones, and where their ways meet (-1: nowhere); ``meet`` has shape (faulty, zones)."""

    network: RadialNetwork
    zone: Ints
    meet: Ints

    def chosen(self, faults: NDArray[np.bool_]) -> Pairs:
        return Pairs(self.network, self.zone[faults], self.meet[faults])

    def looked_up(self, behind: Ints) -> Ints:
        """Of tables by zone where the ways meet and zone, shape (faults, zones, zones), what is for each pair."""
        fault, zone = np.indices(self.meet.shape)
        return np.where(self.meet >= 0, behind[fault, self.meet, zone], NEVER)


def pairs_of(network: RadialNetwork, faulty: Ints) -> Pairs:
    return Pairs(network, faulty, _meeting(network)[faulty])


def _meeting(network: RadialNetwork) -> Ints:
    """The last zone that two ways to the source share; shape (zones, zones)."""
    above = network.zones.above
    found = np.full((len(above), len(above)), -1, dtype=np.int64)
    for zone, before in enumerate(above.tolist()):
        found[zone, :zone] = found[before, :zone] if before != zone else -1
        found[:zone, zone] = found[zone, :zone]
        found[zone, zone] = zone
    return found


def cut_from(rows: Rows, pairs: Pairs, doors: Doors, other: Ints, clearing: Doors | None) -> Ints:
    """Answers by faulty zone and zone: a device stands between, or the ``other`` answer holds.

    ``clearing``: devices of which one must stand above the fault, so that the source does not trip.
    """
    meet, faulty = pairs.meet, np.broadcast_to(pairs.zone[:, None], pairs.meet.shape)
    last, depth = _last_door(pairs.network, doors.possible)
    unsure = ~_certain(pairs.network, clearing)[pairs.zone]
    start = np.where(unsure[:, None], faulty, last[faulty])
    keys = np.stack([start, np.where(meet >= 0, depth[meet], -1), other, np.broadcast_to(unsure[:, None], meet.shape)])
    _, first, of = np.unique(keys.reshape(4, -1), axis=1, return_index=True, return_inverse=True)
    chosen = _Chosen(faulty.ravel()[first], meet.ravel()[first], other.ravel()[first], unsure[first // meet.shape[1]])
    return np.where(meet < 0, NEVER, _answers(rows, pairs.network, doors, chosen, clearing)[of].reshape(meet.shape))


@dataclass(frozen=True, eq=False)
class _Chosen:
    """One pair of each kind: zone of the fault, where the ways meet, the other answer, whether the source may trip."""

    zone: Ints
    meet: Ints
    other: Ints
    unsure: NDArray[np.bool_]


def _last_door(network: RadialNetwork, possible: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """For each zone the next from it upwards with a door above it, and the number of doors above it."""
    last = np.where(possible, np.arange(len(possible)), network.zones.above)
    while not np.array_equal(last, last[last]):
        last = last[last]
    return last, np.asarray(network.below.T @ possible.astype(np.int64), dtype=np.int64)


def _certain(network: RadialNetwork, clearing: Doors | None) -> NDArray[np.bool_]:
    """Zones above which a device that clears stands already, or none need stand."""
    there = np.ones(network.zones.count) if clearing is None else clearing.constant
    return np.asarray(network.below.T @ there > 0.0, dtype=np.bool_)


def _ever(network: RadialNetwork, clearing: Doors | None) -> NDArray[np.bool_]:
    """Zones above which a device that clears stands or may stand."""
    possible = np.ones(network.zones.count) if clearing is None else clearing.possible.astype(np.float64)
    return np.asarray(network.below.T @ possible > 0.0, dtype=np.bool_)


def _answers(rows: Rows, network: RadialNetwork, doors: Doors, chosen: _Chosen, clearing: Doors | None) -> Ints:
    up = network.below.T.astype(np.float64)
    between = up[chosen.zone] - up[np.maximum(chosen.meet, 0)]
    constant = between @ doors.constant
    sums = np.asarray((doors.matrix.T @ between.T).T)  # (kinds, candidates)
    found = np.where(chosen.other == ALWAYS, ALWAYS, NEVER)
    found = np.where((constant >= 1.0) & ~chosen.unsure, ALWAYS, found)
    reached = (constant >= 1.0) | (sums > 0.0).any(axis=1)
    reached &= ~chosen.unsure | _ever(network, clearing)[chosen.zone]
    found = np.where((found == NEVER) & ~reached, chosen.other, found)
    new = np.flatnonzero((found == NEVER) & reached & (chosen.meet >= 0))
    found[new] = rows.columns(len(new))
    unsure, sure = new[chosen.unsure[new]], new[~chosen.unsure[new]]
    _limit(rows, found[sure], sums[sure], constant[sure], chosen.other[sure])
    if clearing is not None and len(unsure):
        way = rows.columns(len(unsure))
        _limit(rows, way, sums[unsure], constant[unsure])
        above = up[chosen.zone[unsure]]
        _limit(rows, way, np.asarray((clearing.matrix.T @ above.T).T), above @ clearing.constant)
        _limit(rows, found[unsure], np.zeros((len(unsure), 0)), np.zeros(len(unsure)), chosen.other[unsure], way)
    return found


def _limit(rows: Rows, column: Ints, sums: Floats, constant: Floats, *others: Ints) -> None:
    """column <= sums over candidates + constant + the other answers that are columns."""
    number = np.arange(len(column))
    row, candidate = np.nonzero(sums)
    parts = [(number, column, np.ones(len(column))), (row, candidate, -sums[row, candidate])]
    parts += [(number[one >= 0], one[one >= 0], -np.ones(int((one >= 0).sum()))) for one in others]
    row, column, value = (np.concatenate(part) for part in zip(*parts, strict=True))
    rows.require_all((row, column, value), constant)
