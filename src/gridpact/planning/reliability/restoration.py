r"""Who gets supply back when: hours of interruption of every zone after every fault.

After a fault in zone $f$ the next clearing device above it trips: $D_f$, the zones below it, are dark. At a moment $T$
those devices can be open, and those ties closed, whose switching takes at most $T$. Zones with no such device between
them are a block; the dark part of the block with the fault stays dark until the repair. At each moment, in order:

1. supply without limit spreads from the undisturbed zones through devices and ties without limit;
2. every tie with a limit whose one end has supply without limit picks up blocks on its other end's side;
3. every zone with islanding units that is still dark picks up blocks, its own first.

Blocks are picked up as :mod:`~gridpact.planning.reliability.pick_up` says; what has supply keeps it. All faults at
once: the first axis of every array.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array

from gridpact.case.case import Floats, Ints
from gridpact.case.network import components
from gridpact.planning.reliability.network import Islanding, RadialNetwork
from gridpact.planning.reliability.pick_up import Fed, Stage, pick_up, stage_at

Bools = NDArray[np.bool_]


def tripped(network: RadialNetwork) -> Ints:
    """For each zone the uppermost that goes dark with a fault in it: the one below the next clearing device."""
    zones = network.zones
    step = np.where(zones.clears, np.arange(zones.count), zones.above)
    while not np.array_equal(step, step[step]):
        step = step[step]
    return step


def interruption_hours(network: RadialNetwork, zone: Ints, repair_h: Floats) -> tuple[Bools, Floats]:
    """What goes dark after faults in zones, and for how many hours; shapes (faults, zones).

    ``zone`` and ``repair_h`` have shape (faults,).
    """
    dark = network.below[tripped(network)[zone]]
    hours = np.where(dark, repair_h[:, None], 0.0)
    supply = _Supply.at_first(network, dark, zone, repair_h)
    for moment in _moments(network):
        supply.switch(moment)
        hours = np.where(dark & supply.lit, np.minimum(hours, moment), hours)
    return dark, hours


def _moments(network: RadialNetwork) -> list[float]:
    """The moments at which something more can be switched."""
    hours = np.unique(np.concatenate([network.zones.hours, network.ties.hours]))
    return [float(hour) for hour in hours if np.isfinite(hour)]


@dataclass
class _Supply:
    """Who has supply as time goes on; ``firm`` is the islanding power of every zone, shape (faults, zones)."""

    network: RadialNetwork
    dark: Bools
    zone: Ints
    firm: Floats
    lit: Bools
    by_tie: list[Fed]
    by_island: dict[int, Fed]

    @classmethod
    def at_first(cls, network: RadialNetwork, dark: Bools, zone: Ints, repair_h: Floats) -> _Supply:
        firm = firm_power(network.islanding, repair_h, network.zones.count)
        ties = [Fed.nothing(dark.shape, float(limit)) for limit in network.ties.limit_mw]
        islands = {int(z): Fed.nothing(dark.shape, 0.0) for z in network.islanding.zone}
        return cls(network, dark, zone, firm, ~dark, ties, islands)

    def switch(self, moment: float) -> None:
        """All that can be restored at a moment."""
        zones, ties = self.network.zones, self.network.ties
        movable = zones.hours <= moment
        nodes = np.arange(zones.count)
        block = components(zones.count, nodes[~movable], zones.above[~movable])
        stage = stage_at(self.network, block, self.dark, self.zone)
        ready = ties.hours <= moment
        unlimited = self._spread(stage, ties.zones[ready & np.isinf(ties.limit_mw)])
        self.lit = self.lit | unlimited
        for tie in np.flatnonzero(ready & np.isfinite(ties.limit_mw)).tolist():
            self._through(stage, tie, unlimited)
        for start, fed in self.by_island.items():
            self.lit = pick_up(stage, start, stage.open_to[:, start], fed, self.firm, self.lit)

    def _through(self, stage: Stage, tie: int, unlimited: Bools) -> None:
        """What a tie with a limit restores, in the one direction or the other."""
        for outer, inner in (self.network.ties.zones[tie], self.network.ties.zones[tie][::-1]):
            begins = unlimited[:, outer] & ~unlimited[:, inner]
            self.lit = pick_up(stage, int(inner), begins, self.by_tie[tie], np.zeros_like(self.firm), self.lit)

    def _spread(self, stage: Stage, ties: Ints) -> Bools:
        """The zones that supply without limit reaches from what was never dark."""
        zones = self.network.zones
        start = np.concatenate([np.arange(zones.count), ties[:, 0]])
        end = np.concatenate([zones.above, ties[:, 1]])
        links = coo_array((np.ones(len(start), dtype=np.float32), (start, end)), shape=(zones.count, zones.count))
        touching = (links + links.T + stage.member @ stage.member.T).tocsr()
        reached = ~self.dark
        while True:
            further = reached | (stage.open_to & ((touching @ reached.T.astype(np.float32)).T > 0.0))
            if np.array_equal(further, reached):
                return reached
            reached = further


def firm_power(units: Islanding, repair_h: Floats, zones: int) -> Floats:
    """Power that islanding units hold for the whole repair, in MW by fault and zone; shape (faults, zones)."""
    lasting = units.energy_mwh / np.maximum(repair_h, 1e-9)[:, None]
    firm = np.zeros((len(repair_h), zones))
    np.add.at(firm.T, units.zone, np.minimum(units.power_mw, lasting).T)
    return firm
