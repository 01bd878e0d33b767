"""Units that may feed islands: how many make a power that holds for the whole repair, as answers.

A storage of n units gives n times the least of its power and of its energy over the hours of the repair. The answer
"at least t of the at most m units" is a column of whole numbers, o: t o <= n <= t - 1 + (m - t + 1) o.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from gridpact.case.case import Floats, Ints
from gridpact.planning.reliability.linear.rows import ALWAYS, NEVER, SLACK, Rows, Sum, answer, total
from gridpact.planning.reliability.linear.setting import Setting
from gridpact.planning.reliability.restoration import firm_power

BRINK: Final = 1e-8
"""More than the room that the evaluation gives for loads that fit on paper, relative and in MW."""


class Units:
    """``zones`` are those where units are or may be; kinds of repair are told apart where units give other powers."""

    def __init__(self, rows: Rows, setting: Setting, repair_h: Floats) -> None:
        plants, there = setting.plants, setting.network.islanding
        self.rows, self.plants = rows, plants
        lasting = plants.energy_mwh / np.maximum(repair_h, 1e-9)[:, None]
        firm = [firm_power(there, repair_h, setting.network.zones.count), np.minimum(plants.power_mw, lasting)]
        powers, kind = np.unique(np.concatenate(firm, axis=1), axis=0, return_inverse=True)
        self.kind: Ints = kind.ravel()
        self.built_mw, self.unit_mw = powers[:, : firm[0].shape[1]], powers[:, firm[0].shape[1] :]
        self.built = set(there.zone.tolist())
        self.at = {zone: np.flatnonzero(plants.zone == zone).tolist() for zone in plants.zone.tolist()}
        self.zones = sorted({*self.built, *self.at})
        self._known: dict[tuple[int, int, int], list[int]] = {}
        self._short: dict[tuple[int, int], Sum] = {}

    def at_least(self, plant: int, units: int) -> int:
        """Whether at least so many units of a candidate are built; the same column for the same question."""
        most, column = int(self.plants.most[plant]), int(self.plants.column[plant])
        if units > most:
            return NEVER
        if most == 1:
            return column
        return self.rows.threshold(column, units, most)

    def enough(self, kind: int, zone: int, load_mw: float) -> list[int]:
        """Answers of which each says that the units in a zone hold a load."""
        short = load_mw - float(self.built_mw[kind, zone])
        if zone in self.built and short <= SLACK * (1.0 + load_mw):
            return [ALWAYS]
        return [self.at_least(plant, self._needed(kind, plant, short)) for plant in self.at.get(zone, [])]

    def carries(self, kind: int, zone: int, part: int, others: list[int], load: Floats, all_mw: float) -> list[int]:
        """Answers of which each says that the units in a zone hold a part, with help of those in ``others`` of it.

        What help is sure: on its way from zone to zone an island gathers their units, so that of a zone with units of
        its own only what they cannot hold themselves is left to hold.
        """
        key = (kind, zone, part)
        if key not in self._known:
            if others:
                alone = Sum(constant=all_mw - float(load[others].sum()))
                needed = total([alone, *(self._left_over(kind, other, float(load[other])) for other in others)])
                there = total(answer(built) for built in self.any_built(zone))
                self._known[key] = [self.rows.fits(needed, self.power(kind, zone), there)]
            else:
                self._known[key] = self.enough(kind, zone, all_mw)
        return self._known[key]

    def _left_over(self, kind: int, zone: int, load_mw: float) -> Sum:
        """Load of a zone that its own units cannot hold, in MW."""
        key = (kind, zone)
        if key not in self._short:
            left = Sum(constant=load_mw) + -self.power(kind, zone)
            self._short[key] = Sum(constant=max(0.0, left.constant))
            if left.constant > 0.0 and left.terms:
                share = self.rows.column()
                self.rows.require(left + Sum({share: -load_mw}))
                self._short[key] = Sum({share: load_mw})
        return self._short[key]

    def any_built(self, zone: int) -> list[int]:
        """Answers of which each says that there are units in a zone."""
        return [ALWAYS] if zone in self.built else [self.at_least(plant, 1) for plant in self.at[zone]]

    def may_begin(self, kind: int, zone: int, load_mw: float) -> list[int]:
        """Answers of which one is yes wherever the units in a zone hold its own load: others begin no island."""
        if len(self.at.get(zone, [])) > 1:
            return self.any_built(zone)
        return self.enough(kind, zone, load_mw - BRINK * (1.0 + load_mw))

    def power(self, kind: int, zone: int) -> Sum:
        """Power of all units of a zone in MW."""
        columns = {int(self.plants.column[plant]): float(self.unit_mw[kind, plant]) for plant in self.at.get(zone, [])}
        return Sum(columns, float(self.built_mw[kind, zone]))

    def most_power(self, kind: int, zone: int) -> float:
        units = self.at.get(zone, [])
        return float(self.built_mw[kind, zone] + self.unit_mw[kind, units] @ self.plants.most[units])

    def _needed(self, kind: int, plant: int, load_mw: float) -> int:
        power = float(self.unit_mw[kind, plant])
        if power <= 0.0:
            return 1 if load_mw <= SLACK else int(self.plants.most[plant]) + 1
        return min(max(1, math.ceil((load_mw - SLACK) / power)), int(self.plants.most[plant]) + 1)
