"""Which tables a cleared market has, and what is missing, double or out of order in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gridpact.case.case import Case
from gridpact.certificates.commitment import UNITS, committable
from gridpact.certificates.evidence import DISPATCHED, row_groups, steps_of
from gridpact.results.record import Record

# result table -> key column, table of the case, number columns
GRIDS: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    "electricity_prices": (
        "bus",
        "buses",
        (
            "price_per_mwh",
            "energy_per_mwh",
            "loss_per_mwh",
            "reactive_loss_per_mwh",
            "voltage_per_mwh",
            "congestion_per_mwh",
            "interface_per_mwh",
            "reactive_price_per_mvarh",
        ),
    ),
    "interface": (
        "interface",
        "interfaces",
        ("import_mw", "import_mvar", "lmp_per_mwh", "buy_mw", "sell_mw"),
    ),
    "storages": ("storage", "storages", ("charge_mw", "discharge_mw", "energy_mwh")),
    "demand": ("load", "loads", ("fixed_mw", "bid_mw", "shifted_mw")),
    "buses": ("bus", "buses", ("vm_pu",)),
    "branches": ("branch", "branches", ("p_mw", "q_mvar", "i_ka", "loading_percent", "loss_mw", "cone_gap")),
    "heat_prices": (
        "node",
        "heat_nodes",
        (
            "price_per_mwh",
            "energy_per_mwh",
            "loss_per_mwh",
            "delay_per_mwh",
            "temperature_per_mwh",
            "source_price_per_mwh",
        ),
    ),
    "heat_nodes": (
        "node",
        "heat_nodes",
        ("supply_degc", "return_degc", "heat_mw", "consumer_return_degc", "station_supply_degc", "pressure_bar"),
    ),
    "pipes": (
        "pipe",
        "pipes",
        (
            "flow_kg_per_s",
            "supply_in_degc",
            "supply_out_degc",
            "return_in_degc",
            "return_out_degc",
            "loss_mw",
            "stored_mwh",
            "pressure_drop_bar",
        ),
    ),
    "heat_storages": ("heat_storage", "heat_storages", ("charge_mw", "discharge_mw", "energy_mwh")),
}

# columns that the demand table needs only where the case has rows of these tables
DEMANDS = {"controllable": "controlled_mw", "unserved": "unserved_mw"}

# tables without a grid -> text columns, number columns
LISTS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "dispatch": (("snapshot", "device", "kind"), ("p_mw", "q_mvar", "heat_mw", "energy_mwh")),
    "limits": (("snapshot", "constraint", "component", "end", "unit"), ("multiplier",)),
    "settlement": (("participant", "kind", "carrier"), ("energy_mwh", "payment", "payment_cents")),
    "price_probes": (("snapshot", "bus", "carrier"), ("step_mw", "cost_minus", "cost", "cost_plus")),
}

# tables of markets with heat; slacks where something may stay unserved, structures where they were asked for
HEAT_LISTS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "couplers": (
        ("device", "kind"),
        (
            "electricity_mwh",
            "heat_mwh",
            "fuel_mwh",
            "electricity_revenue",
            "reactive_revenue",
            "heat_revenue",
            "cost",
            "profit",
        ),
    ),
    "energy_flows": (("source", "target"), ("energy_mwh",)),
}
SLACKS = (("slack", "carrier"), ("price_per_mwh", "energy_mwh", "cost"))
STRUCTURES = (
    ("structure", "status"),
    (
        "cost",
        "electricity_cost",
        "heat_cost",
        "coupler_profit",
        "electricity_surplus",
        "heat_surplus",
        "price_mean_per_mwh",
        "heat_price_mean_per_mwh",
        "iterations",
        "residual_mw",
        "above_joint_percent",
        "payments_sum",
    ),
)

COMMITMENT = ("snapshot", "kind", "device", "on")
FLAGS = (("electricity_prices", "certified"), ("heat_prices", "certified"), ("commitment", "on"))


def grids(case: Case) -> dict[str, tuple[str, list[str], tuple[str, ...]]]:
    """Tables with a grid: key column, components, number columns."""
    more = tuple(column for source, column in DEMANDS.items() if case.count(source))
    return {
        name: (key, _ids(case, source), numbers + (more if name == "demand" else ()))
        for name, (key, source, numbers) in GRIDS.items()
    }


def lists(record: Record) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Tables without a grid that a record must have: text columns, number columns."""
    found, case = dict(LISTS), record.case
    if case.count("heat_nodes"):
        found |= HEAT_LISTS
        found |= {"slacks": SLACKS} if case.count("unserved") or case.count("heat_unserved") else {}
        found |= {"structures": STRUCTURES} if record.settings.get("structures") else {}
    return found


def table_faults(record: Record) -> Iterator[str]:
    """Places in the tables that are not as they should be."""
    for name, (key, ids, numbers) in grids(record.case).items():
        if name in record.tables or ids:
            yield from _column_faults(record, name, ("snapshot", key), numbers) or _grid_faults(record, name, key, ids)
    for name, (texts, numbers) in lists(record).items():
        yield from _column_faults(record, name, texts, numbers)
    if not _column_faults(record, "dispatch", *LISTS["dispatch"]):
        yield from _dispatch_faults(record)
    if committable(record.case):
        yield from _column_faults(record, "commitment", COMMITMENT, ()) or _unit_faults(record)
    for name in ("limits", "price_probes"):
        table = record.tables.get(name)
        if table is not None and ("snapshot" not in table or (steps_of(record.case, table["snapshot"]) < 0).any()):
            yield f"tables/{name}/snapshot"
    yield from (f"tables/{name}/{column}" for name, column in FLAGS if not _is_flag(record, name, column))


def _is_flag(record: Record, name: str, column: str) -> bool:
    """Whether a column holds nothing but true and false; a table that is not there has no such fault."""
    table = record.tables.get(name)
    return table is None or (column in table.columns and table[column].dtype.kind == "b")


def _ids(case: Case, source: str) -> list[str]:
    return case.branch_ids() if source == "branches" else case.ids(source)


def _unit_faults(record: Record) -> Iterator[str]:
    """Units of a table of which one may be off; others need no rows."""
    rows, case = record.tables["commitment"], record.case
    for table, kind in UNITS.items():
        own = rows[rows["kind"] == kind]
        needed = len(own) > 0 or bool(case.flags(table, "committable").any())
        if needed and not _ordered(case, own["snapshot"], own["device"], case.ids(table)):
            yield f"tables/commitment (each {kind} once per step, in the order of the case)"


def _column_faults(record: Record, name: str, texts: tuple[str, ...], numbers: tuple[str, ...]) -> list[str]:
    """Missing columns, and number columns that hold no numbers."""
    if name not in record.tables:
        return [f"tables/{name}"]
    table = record.tables[name]
    missing = [f"tables/{name}/{column}" for column in (*texts, *numbers) if column not in table.columns]
    present = [column for column in numbers if column in table.columns and len(table)]
    return missing + [f"tables/{name}/{column}" for column in present if table[column].dtype.kind not in "fi"]


def _grid_faults(record: Record, name: str, key: str, ids: list[str]) -> list[str]:
    table = record.tables[name]
    in_order = _ordered(record.case, table["snapshot"], table[key], ids)
    return [] if in_order else [f"tables/{name} (each {key} once per step, in the order of the case)"]


def _dispatch_faults(record: Record) -> Iterator[str]:
    rows = record.tables["dispatch"]
    places, none = row_groups(rows[["kind"]]), np.zeros(0, dtype=np.int64)
    for kind, source in DISPATCHED.items():
        own = rows.iloc[places.get(kind, none)]
        if not _ordered(record.case, own["snapshot"], own["device"], record.case.ids(source)):
            yield f"tables/dispatch (each {kind} once per step, in the order of the case)"
    if not set(rows["kind"]) <= set(DISPATCHED):
        yield f"tables/dispatch/kind {sorted(set(rows['kind']) - set(DISPATCHED))[0]}"


def _ordered(case: Case, snapshots: Any, names: Any, ids: list[str]) -> bool:
    if len(names) != len(ids) * case.steps or names.tolist() != ids * case.steps:
        return False
    return bool(np.array_equal(steps_of(case, snapshots), np.repeat(np.arange(case.steps), len(ids))))
