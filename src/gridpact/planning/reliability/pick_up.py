"""Load that a supply with a limit picks up: greedy, nearest block first.

From the block where the supply begins it walks through the network without its ties, block by block, in the order of
the number of devices passed, and among equals in the order of the devices (their rows in ``protection``). A block is
picked up where the one before it was, where it is dark and healthy, and where its mean load is at most what is left of
the limit plus what the block's own units give; there is no turning back to make room.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from gridpact.case.case import Floats, Ints
from gridpact.planning.reliability.network import RadialNetwork

Bools = NDArray[np.bool_]
ROUNDING = 1e-9
"""Room for loads that fit on paper, relative and in MW."""


@dataclass
class Fed:
    """What a supply has picked up, shape (faults, zones), and what it has left in MW, shape (faults,)."""

    zones: Bools
    left: Floats

    @classmethod
    def nothing(cls, shape: tuple[int, ...], limit: float) -> Fed:
        return cls(np.zeros(shape, dtype=np.bool_), np.full(shape[0], limit))


@dataclass(frozen=True, eq=False)
class Stage:
    """The blocks at a moment: ``block`` of every zone, shape (zones,), and ``member``, shape (zones, blocks).

    ``open_to`` says which zones can get supply: dark, and not with the fault; ``load`` is the mean load in MW of the
    dark part of each block; ``doors`` are device, zone and zone above for every device between two blocks.
    """

    block: Ints
    member: csr_array
    dark: Bools
    open_to: Bools
    load: Floats
    doors: Ints

    def by_block(self, of_zones: Bools | Floats) -> Floats:
        """Sums over the dark part of every block; shape (faults, blocks)."""
        return np.asarray((self.member.T @ np.where(self.dark, of_zones, 0.0).T).T, dtype=np.float64)


def stage_at(network: RadialNetwork, label: Ints, dark: Bools, fault: Ints) -> Stage:
    """The blocks with these labels of zones."""
    zones, loads = network.zones, network.loads
    block = np.unique(label, return_inverse=True)[1]
    shape = (zones.count, int(block.max(initial=-1)) + 1)
    member = csr_array((np.ones(zones.count, dtype=np.float32), (np.arange(zones.count), block)), shape=shape)
    open_to = dark & (block != block[fault][:, None])
    between = np.flatnonzero(block != block[zones.above])
    doors = np.stack([zones.device[between], block[between], block[zones.above[between]]], axis=1)
    load = np.bincount(loads.zone, loads.mean_mw, minlength=zones.count)
    parts = np.zeros((len(fault), shape[1]))
    np.add.at(parts.T, block, np.where(dark, load, 0.0).T)
    return Stage(block, member, dark, open_to, parts, doors[np.argsort(doors[:, 0])])


def pick_up(stage: Stage, start: int, begins: Bools, fed: Fed, gain: Floats, lit: Bools) -> Bools:
    """The zones with supply after a supply that begins in zone ``start`` has picked up what it can; changes ``fed``.

    ``begins`` says after which faults it may begin there, shape (faults,); ``gain`` is the power that a zone adds.
    """
    has = stage.by_block(lit) > 0.0
    mine = begins[:, None] & (stage.by_block(fed.zones) > 0.0)
    free, gains = stage.by_block(stage.open_to) > 0.0, stage.by_block(gain)
    for block, before in _walk(stage.doors, int(stage.block[start])):
        reached = begins if before < 0 else mine[:, before]
        room = (fed.left + gains[:, block]) * (1.0 + ROUNDING) + ROUNDING
        taken = reached & free[:, block] & ~has[:, block] & (stage.load[:, block] <= room)
        fed.left = np.where(taken, fed.left + gains[:, block] - stage.load[:, block], fed.left)
        mine[:, block] |= taken
    fed.zones = fed.zones | (mine[:, stage.block] & stage.dark)
    return lit | fed.zones


def _walk(doors: Ints, start: int) -> list[tuple[int, int]]:
    """Blocks and the block before each, nearest first; the block before the first is -1."""
    beside: dict[int, list[tuple[int, int]]] = {}
    for device, one, other in doors.tolist():
        beside.setdefault(one, []).append((device, other))
        beside.setdefault(other, []).append((device, one))
    walk, level, seen = [(start, -1)], [start], {start}
    while level:
        ways = sorted((device, new, old) for old in level for device, new in beside.get(old, []) if new not in seen)
        walk += [(new, old) for _, new, old in ways]
        level = [new for _, new, _ in ways]
        seen.update(level)
    return walk
