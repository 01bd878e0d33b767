"""A moment after a fault: which devices can be open by then, which ties can be closed, and what hangs on what."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gridpact.planning.reliability.linear.rows import NEVER, Rows, Sum, answer, total
from gridpact.planning.reliability.linear.setting import Doors, Setting, TieEnd


class Moment:
    """Paths go upwards: ``between(sums, a, v)`` adds what stands between zone v and zone a above it."""

    def __init__(self, rows: Rows, setting: Setting, hours: float) -> None:
        zones, devices = setting.network.zones, setting.devices
        self.rows, self.setting, self.hours = rows, setting, hours
        self.above: list[int] = zones.above.tolist()
        self.children: list[list[int]] = [[] for _ in self.above]
        for zone, above in enumerate(self.above):
            if above != zone:
                self.children[above].append(zone)
        self.below: NDArray[np.bool_] = setting.network.below
        self.can_open: Doors = setting.doors(devices.hours <= hours)
        self.can_pass: Doors = setting.doors((devices.hours <= hours) | devices.clears)
        ready = [end for end in setting.ties if end.hours <= hours and end.inner != end.outer]
        self.unlimited = [end for end in ready if np.isinf(end.limit_mw)]
        self.limited = [end for end in ready if np.isfinite(end.limit_mw)]
        self._supplied: dict[tuple[int, TieEnd], int] = {}

    @cached_property
    def movable(self) -> list[Sum]:
        return self.can_open.sums()

    @cached_property
    def passing(self) -> list[Sum]:
        return self.can_pass.sums()

    @cached_property
    def clearing(self) -> list[Sum]:
        return self.setting.doors(self.setting.devices.clears).sums()

    def ancestors(self, zone: int) -> list[int]:
        """Zones above a zone, nearest first."""
        found = []
        while self.above[zone] != zone:
            zone = self.above[zone]
            found.append(zone)
        return found

    def between(self, sums: list[Sum], top: int, zone: int) -> Sum:
        path = []
        while zone != top:
            path.append(sums[zone])
            zone = self.above[zone]
        return total(path)

    def cleared(self, zone: int) -> Sum:
        """Devices above a zone that clear: without any the source itself trips."""
        return total(self.clearing[z] for z in (zone, *self.ancestors(zone)))

    def supplied(self, lost: int, end: TieEnd) -> int:
        """Whether a tie is there and its outer end has supply from the source, zone ``lost`` being without."""
        key = (lost, end)
        if key not in self._supplied:
            self._supplied[key] = NEVER if self.below[lost, end.outer] else self.rows.all_of(self._fed(lost, end))
        return self._supplied[key]

    def _fed(self, lost: int, end: TieEnd) -> list[Sum]:
        common = np.flatnonzero(self.below[:, lost] & self.below[:, end.outer])
        if not len(common):
            return [answer(end.column)]
        return [answer(end.column), self.between(self.passing, int(common[-1]), lost), self.cleared(lost)]
