"""A record seen as arrays: every table column as (components, steps), in the units of the table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.results.record import Record

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Prices below this are those of markets in which nothing costs anything.
NOTHING = 1e-6
# What energy costs in the case.
ASKED = (("interfaces", "price_per_mwh"), ("generators", "cost_per_mwh"), ("offers", "cost_per_mwh"))

# kind of a row of the dispatch table -> table of the case that it belongs to: what has a bus, what gives or takes heat
KINDS = {
    "interface": "interfaces",
    "generator": "generators",
    "renewable": "renewables",
    "storage": "storages",
    "load": "loads",
    "compensator": "compensators",
    "capacitor": "capacitors",
    "shunt": "shunts",
    "chp": "chps",
    "electric_boiler": "electric_boilers",
    "heat_pump": "heat_pumps",
    "heat_source": "heat_sources",
}
HEAT_KINDS = {
    "chp": "chps",
    "electric_boiler": "electric_boilers",
    "heat_pump": "heat_pumps",
    "gas_boiler": "gas_boilers",
    "heat_storage": "heat_storages",
    "heat_load": "heat_loads",
}
DISPATCHED = KINDS | HEAT_KINDS


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
    def is_physics(self) -> bool:
        """Whether the result claims to be the alternating-current network's; a relaxation taken as it is does not."""
        return self.formulation == "soc" and self.record.settings.get("exactness") != "off"

    @property
    def base_mva(self) -> float:
        return float(self.record.solution["base_mva"])

    @property
    def instants(self) -> pd.DatetimeIndex:
        """Start of every step."""
        return self.case.snapshots

    def table(self, name: str, column: str) -> Floats:
        """A column of a result table, shape (components, steps); none where the case has no such components."""
        if name not in self.record.tables:
            return np.zeros((0, self.case.steps))
        return self._by_step(self.record.tables[name][column].to_numpy(dtype=np.float64))

    def dispatch(self, kind: str, column: str) -> Floats:
        """A column of the dispatch of one kind of device, shape (devices, steps)."""
        values = self.record.tables["dispatch"][column].to_numpy(dtype=np.float64)
        return self._by_step(values[self._kinds[kind]]) if kind in self._kinds else np.zeros((0, self.case.steps))

    def shut(self, way: str, kind: str = "storage") -> NDArray[np.bool_]:
        """Where a storage, or tank, was held the other way than ``way`` ("charge", "discharge"); (storages, steps)."""
        table, modes = f"{kind}s", f"{kind}_modes"
        shut = np.zeros((self.case.count(table), self.case.steps), dtype=np.bool_)
        if modes in self.record.tables:
            rows = self.record.tables[modes]
            storage, step = rows_of(self.case.ids(table), rows[kind]), steps_of(self.case, rows["snapshot"])
            other = rows["charging"].to_numpy(dtype=np.bool_) != (way == "charge")
            shut[storage[other], step[other]] = True
        return shut

    @cached_property
    def _kinds(self) -> Mapping[str, Ints]:
        """Rows of the dispatch table by kind."""
        return row_groups(self.record.tables["dispatch"][["kind"]])

    @cached_property
    def multipliers(self) -> Mapping[tuple[str, str], tuple[Any, Ints, Floats]]:
        """Component, step and value of the limit table's rows by constraint and end."""
        rows, groups = self.record.tables["limits"], {}
        steps, values = steps_of(self.case, rows["snapshot"]), rows["multiplier"].to_numpy(dtype=np.float64)
        names = rows["component"].to_numpy()
        for (constraint, end), places in row_groups(rows[["constraint", "end"]]).items():
            groups[constraint, end] = names[places], steps[places], values[places]
        return groups

    def demand(self, column: str) -> Floats:
        """A part of the demand of the loads; zero where the table has no such column, as the case has no such part."""
        if column in self.record.tables["demand"]:
            return self.table("demand", column)
        return np.zeros((self.case.count("loads"), self.case.steps))

    def commitment(self, kind: str) -> NDArray[np.bool_]:
        """Whether each unit of one kind runs, (units, steps)."""
        rows = self.record.tables["commitment"]
        return self._by_step(rows.loc[rows["kind"] == kind, "on"].to_numpy(dtype=np.float64)) > 0.5

    @cached_property
    def memory(self) -> dict[str, Any]:
        """What several judges need and one of them has made."""
        return {}

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


def row_groups(keys: pd.DataFrame) -> dict[Any, Ints]:
    """Numbers of the rows of every combination of keys (the key itself where there is one column)."""
    by = list(keys.columns) if keys.shape[1] > 1 else keys.columns[0]
    return {key: np.asarray(places, dtype=np.int64) for key, places in keys.groupby(by, sort=False).indices.items()}


def steps_of(case: Case, snapshots: Any) -> Ints:
    """Number of the step that begins at each snapshot, -1 where none does or it is no moment of time."""
    if not isinstance(getattr(snapshots, "dtype", None), pd.DatetimeTZDtype):
        return np.full(len(snapshots), -1, dtype=np.int64)
    known, asked = utc(case.snapshots.tz_convert("UTC").tz_localize(None)), utc(snapshots)
    place = np.minimum(np.searchsorted(known, asked), known.size - 1)
    return np.where(known[place] == asked, place, -1)


def carried(case: Case) -> sp.csr_array:
    """Matrix (steps x steps) with a one where a step follows the one before it in the same window of the market."""
    later = np.flatnonzero(~case.begins)
    return sp.csr_array((np.ones(later.size), (later, later - 1)), shape=(case.steps, case.steps))


def rows_of(ids: Sequence[str], names: Any) -> Ints:
    """Position of each name in ``ids``, -1 where it is not there."""
    position = {name: place for place, name in enumerate(ids)}
    return np.array([position.get(str(name), -1) for name in names], dtype=np.int64)


def price_scale(evidence: Evidence, price: Floats) -> Floats:
    """What errors of prices are measured against: the price, but at least a fiftieth of the largest.

    At prices of fifty that is one unit of the currency, whatever the currency. The largest is that of all active
    prices and of what energy costs in the case: where nothing is worth anything, noise is not measured by noise.
    """
    largest = float(np.abs(evidence.table("electricity_prices", "price_per_mwh")).max(initial=0.0))
    for table, column in ASKED:
        largest = max(largest, float(np.abs(evidence.case.series(table, column)).max(initial=0.0)))
    return np.maximum(np.abs(price), largest / 50.0 if largest > NOTHING else 1.0)


def prices_at(evidence: Evidence, table: str) -> tuple[Floats, Floats]:
    """Active and reactive price at the buses of a table's devices, (devices, steps)."""
    bus = evidence.case.positions(table, "bus")
    active = evidence.table("electricity_prices", "price_per_mwh")
    return active[bus], evidence.table("electricity_prices", "reactive_price_per_mvarh")[bus]


def heat_prices_at(evidence: Evidence, kind: str) -> Floats:
    """Price of heat for the devices of a kind, (devices, steps): at a station's node that of its supply side.

    Consumers, and devices of nodes without a station, have the price of the return side.
    """
    case, table = evidence.case, HEAT_KINDS[kind]
    node = case.positions(table, "node")
    price = evidence.table("heat_prices", "price_per_mwh")[node]
    if kind == "heat_load":
        return price
    feeds = np.isin(node, case.positions("heat_sources", "node"))[:, None]
    return np.where(feeds, evidence.table("heat_prices", "source_price_per_mwh")[node], price)


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
