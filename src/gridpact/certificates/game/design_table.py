"""The designs beside the equilibrium as arrays: figures, and what they do at the boundary hour by hour."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gridpact.results.record import Record

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Designs:
    """The designs with a dispatch: figures (designs,), and what they do at the boundary (connections, steps)."""

    record: Record
    names: list[str]

    def figure(self, name: str) -> Floats:
        table = self.record.tables["designs"]
        values: Floats = table[name].to_numpy(dtype=np.float64)[table["design"].isin(self.names).to_numpy()]
        return values

    def hours(self, name: str) -> Floats:
        """(designs, connections, steps)."""
        assert self.record.transmission is not None
        table = self.record.tables["design_hours"]
        shape = self.record.case.steps, self.record.transmission.count("connections")
        own = [table.loc[table["design"] == design, name].to_numpy(dtype=np.float64) for design in self.names]
        return np.array([values.reshape(shape).T for values in own])

    @property
    def inside(self) -> Floats:
        """Cost of the districts without their connected interfaces."""
        return self.figure("leader_cost") - self.figure("interface_payment")

    @property
    def scale(self) -> Floats:
        return np.maximum(1.0, np.abs(self.figure("leader_cost")))

    @cached_property
    def power(self) -> Floats:
        return self.hours("boundary_mw")

    @property
    def led(self) -> int:
        return self.names.index("stackelberg")

    def paid(self, price: Floats) -> Floats:
        """What every design would pay at these prices (connections, steps) for what it imports."""
        amount: Floats = self.record.case.hours * (price * self.power).sum(axis=(1, 2))
        return amount


def designs_of(record: Record) -> Designs:
    """The designs of a record that have a dispatch."""
    table = record.tables["designs"]
    there = np.isfinite(table["leader_cost"].to_numpy(dtype=np.float64))
    return Designs(record, table.loc[there, "design"].astype(str).tolist())


def figure_of(record: Record, figure: str, design: str) -> float:
    """One figure of one design, NaN where it has none."""
    table = record.tables["designs"]
    row = table["design"].astype(str).tolist().index(design)
    return float(table[figure].to_numpy(dtype=np.float64)[row])
