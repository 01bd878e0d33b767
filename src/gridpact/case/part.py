"""A district of a case that holds several."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.case.network import bus_and_heat_labels
from gridpact.case.schema import SCHEMA

Mask = NDArray[np.bool_]


def part_of(case: Case, interfaces: Collection[str]) -> Case:
    """The networks behind some interfaces, with everything that hangs on them by branches, by heat or by reference."""
    at_bus, at_heat = bus_and_heat_labels(case)
    behind = at_bus[case.positions("interfaces", "bus")[np.isin(case.ids("interfaces"), list(interfaces))]]
    kept = {name: np.ones(case.count(name), dtype=np.bool_) for name in SCHEMA}
    kept["buses"], kept["heat_networks"] = np.isin(at_bus, behind), np.isin(at_heat, behind)
    for _ in SCHEMA:  # a chain of references is no longer than there are tables
        kept = {name: _standing(case, name, kept) for name in SCHEMA}
    tables = {name: case.tables[name][rows].reset_index(drop=True) for name, rows in kept.items()}
    known = {(name, key) for name, table in tables.items() for key in table[SCHEMA[name].key]}
    paths = [path for path in case.profiles.columns if tuple(path.split("/")[:2]) in known]
    part = replace(case, tables=tables, profiles=case.profiles[paths])
    return part.marked_validated() if case.validated else part


def _standing(case: Case, name: str, kept: dict[str, Mask]) -> Mask:
    """Rows of a table that refer to nothing that is gone."""
    rows = kept[name].copy()
    for column in SCHEMA[name].columns:
        if column.references:
            place = case.positions(name, column.name)
            rows &= (place < 0) | kept[column.references][place]
    return rows
