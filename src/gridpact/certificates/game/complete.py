"""Is everything of a game there? Its own tables with their rows and columns, finite numbers, the transmission case."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from gridpact.certificates.check import Check
from gridpact.results.record import Record

EQUILIBRIUM = (
    "feeders",
    "import_mw",
    "boundary_mw",
    "lmp_per_mwh",
    "lmp_low_per_mwh",
    "lmp_high_per_mwh",
    "step_from_mw",
    "step_to_mw",
    "root_price_per_mwh",
    "wedge_per_mwh",
)
PRICE_STEPS = ("from_mw", "to_mw", "price_from_per_mwh", "price_to_per_mwh")
SUMMARY = ("objective", "leader_cost", "leader_lower_bound", "leader_gap", "tie_cost", "transmission_cost", "feeders")


def complete_game(record: Record) -> Check:
    """Tables, columns, rows and figures of a game that are missing or not numbers."""
    faults = list(_faults(record))
    text = "Tables, rows and figures of the game that are missing, double, out of order or not finite."
    return Check("game complete", True, float(len(faults)), 0.0, faults[0] if faults else "", text)


def _faults(record: Record) -> Iterator[str]:
    network = record.transmission
    if network is None or not network.count("connections"):
        yield "transmission"
        return
    yield from (f"summary/{name}" for name in SUMMARY if not _is_number(record.summary.get(name)))
    yield from (f"settings/{name}" for name in ("gap", "exactness", "method") if name not in record.settings)
    names = [*record.case.ids("interfaces")]
    known = {str(name) for name in network.tables["connections"]["interface"]}
    yield from (f"connections/{name}" for name in sorted(known - set(names)))
    yield from _grid(record, "equilibrium", "connection", network.ids("connections"), EQUILIBRIUM)
    passed = ("price_per_mwh", "supporting_per_mwh")
    yield from _grid(record, "pass_through_prices", "bus", record.case.ids("buses"), passed)
    yield from (
        f"tables/{name}" for name in ("make_whole", "bounds", "transmission_prices") if name not in record.tables
    )
    if "price_steps" in record.tables:
        yield from _numbers(record.tables["price_steps"], "price_steps", PRICE_STEPS)


def _is_number(value: object) -> bool:
    return isinstance(value, float | int) and bool(np.isfinite(value))


def _grid(record: Record, name: str, key: str, ids: list[str], columns: tuple[str, ...]) -> Iterator[str]:
    """A table with every id at every step, ordered by step."""
    if name not in record.tables:
        yield f"tables/{name}"
        return
    table = record.tables[name]
    missing = {"snapshot", key, *columns} - set(table.columns)
    yield from (f"tables/{name}/{column}" for column in sorted(missing))
    if missing:
        return
    expected = len(ids) * record.case.steps
    if len(table) != expected or table[key].tolist() != ids * record.case.steps:
        yield f"tables/{name} (rows)"
    elif not (pd.DatetimeIndex(table["snapshot"]) == record.case.snapshots.repeat(len(ids))).all():
        yield f"tables/{name}/snapshot"
    yield from _numbers(table, name, columns)


def _numbers(table: pd.DataFrame, name: str, columns: tuple[str, ...]) -> Iterator[str]:
    for column in columns:
        if column not in table or table[column].dtype.kind not in "if" or not np.isfinite(table[column]).all():
            yield f"tables/{name}/{column}"
