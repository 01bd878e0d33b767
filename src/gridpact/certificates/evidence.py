"""A record seen as arrays: every table column as (components, steps), in the units of the table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.results.record import Record

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# kind of a row of the dispatch table -> table of the case that it belongs to
KINDS = {
    "interface": "interfaces",
    "generator": "generators",
    "renewable": "renewables",
    "storage": "storages",
    "load": "loads",
    "compensator": "compensators",
    "capacitor": "capacitors",
    "shunt": "shunts",
}


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a record says, as arrays. Only for records that passed ``completeness``."""

    record: Record

    @property
    def case(self) -> Case:
        return self.record.case

    @property
    def formulation(self) -> str:
        return str(self.record.settings["formulation"])

    @property
    def base_mva(self) -> float:
        return float(self.record.solution["base_mva"])

    @property
    def instants(self) -> Sequence[Any]:
        """Start of every step."""
        return list(self.case.snapshots)

    def table(self, name: str, column: str) -> Floats:
        """A column of a result table, shape (components, steps); none where the case has no such components."""
        if name not in self.record.tables:
            return np.zeros((0, self.case.steps))
        return self._by_step(self.record.tables[name][column].to_numpy(dtype=np.float64))

    def dispatch(self, kind: str, column: str) -> Floats:
        """A column of the dispatch of one kind of device, shape (devices, steps)."""
        rows = self.record.tables["dispatch"]
        return self._by_step(rows.loc[rows["kind"] == kind, column].to_numpy(dtype=np.float64))

    def demand(self, column: str) -> Floats:
        """A part of the demand of the loads; zero where the table has no such column, as the case has no such part."""
        if column in self.record.tables["demand"]:
            return self.table("demand", column)
        return np.zeros((self.case.count("loads"), self.case.steps))

    def commitment(self, kind: str) -> NDArray[np.bool_]:
        """Whether each unit of one kind runs, (units, steps)."""
        rows = self.record.tables["commitment"]
        return self._by_step(rows.loc[rows["kind"] == kind, "on"].to_numpy(dtype=np.float64)) > 0.5

    def variable(self, name: str) -> Floats:
        """Values of a variable of the solved program, in its own (per unit) units."""
        values: Floats = self.record.solution["x"][self.record.solution[f"column/{name}"]]
        return values

    def has_variable(self, name: str) -> bool:
        return f"column/{name}" in self.record.solution

    def _by_step(self, values: Floats) -> Floats:
        return values.reshape(self.case.steps, values.size // self.case.steps).T


def utc(snapshots: Any) -> NDArray[np.datetime64]:
    """Snapshots of a table column or an index as plain times, whatever zone they are written in."""
    times: NDArray[np.datetime64] = snapshots.to_numpy(dtype="datetime64[ns]")
    return times


def steps_of(case: Case, snapshots: Any) -> Ints:
    """Number of the step that begins at each snapshot, -1 where none does."""
    known, asked = utc(case.snapshots.tz_convert("UTC").tz_localize(None)), utc(snapshots)
    place = np.minimum(np.searchsorted(known, asked), known.size - 1)
    return np.where(known[place] == asked, place, -1)


def rows_of(ids: Sequence[str], names: Any) -> Ints:
    """Position of each name in ``ids``, -1 where it is not there."""
    position = {name: place for place, name in enumerate(ids)}
    return np.array([position.get(str(name), -1) for name in names], dtype=np.int64)


def price_scale(evidence: Evidence, price: Floats) -> Floats:
    """What errors of prices are measured against: the price, but at least a fiftieth of the largest active price.

    At prices of fifty that is one unit of the currency, whatever the currency.
    """
    largest = float(np.abs(evidence.table("electricity_prices", "price_per_mwh")).max(initial=0.0))
    return np.maximum(np.abs(price), largest / 50.0 if largest > 0.0 else 1.0)


def prices_at(evidence: Evidence, table: str) -> tuple[Floats, Floats]:
    """Active and reactive price at the buses of a table's devices, (devices, steps)."""
    bus = evidence.case.positions(table, "bus")
    active = evidence.table("electricity_prices", "price_per_mwh")
    return active[bus], evidence.table("electricity_prices", "reactive_price_per_mvarh")[bus]


def per_bus(case: Case, table: str, values: Floats) -> Floats:
    """Sum over the devices of a table at each bus: (devices, steps) -> (buses, steps)."""
    total = np.zeros((case.count("buses"), case.steps))
    np.add.at(total, case.positions(table, "bus"), values)
    return total


def per_load(case: Case, table: str, values: Floats) -> Floats:
    """Sum over the rows of a table of demand that belong to each load: (rows, steps) -> (loads, steps)."""
    total = np.zeros((case.count("loads"), case.steps))
    np.add.at(total, case.positions(table, "load"), values)
    return total


def injections(evidence: Evidence, column: str) -> Floats:
    """Net injection of all devices at each bus from the dispatch table, shunts left out; (buses, steps), MW or Mvar."""
    kinds = [kind for kind in KINDS if kind != "shunt"]
    return sum(
        (per_bus(evidence.case, KINDS[kind], evidence.dispatch(kind, column)) for kind in kinds),
        start=np.zeros((evidence.case.count("buses"), evidence.case.steps)),
    )
