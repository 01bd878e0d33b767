"""Who owns what: a case with microgrids taken apart into its network and its microgrids.

What stands at the bus of a microgrid is the microgrid's, and so is what may be built there. The exceptions are what
belongs to the network even there (``OF_THE_NETWORK``). Rows that refer to others (offers, bids, corners of plants)
follow them. A heat network whose couplings with electricity all stand at one microgrid's bus is that microgrid's, with
everything in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from gridpact.case.case import Case, Ints
from gridpact.case.schema import SCHEMA
from gridpact.case.trade_tables import TRADE

OF_THE_NETWORK = (
    "interfaces",
    "capacitors",
    "shunts",
    "connections",
    "line_candidates",
    "tie_candidates",
    "protection_candidates",
)
TRADING = tuple(table.name for table in TRADE)
_REFERENCES: Mapping[str, tuple[str, ...]] = {
    name: tuple(column.name for column in table.columns if column.references) for name, table in SCHEMA.items()
}
# Tables of what takes or gives power at a bus and heat at a node.
COUPLINGS = tuple(name for name, columns in _REFERENCES.items() if {"bus", "node"} <= set(columns))


def owner_of(case: Case, table: str) -> Ints:
    """For each row of a table the number of the microgrid that owns it, -1 for the operator; shape (n,).

    Buses and lines are the operator's; rows of ``microgrids`` are those of the microgrids themselves.
    """
    if table == "microgrids":
        return np.arange(case.count(table), dtype=np.int64)
    if table == "heat_networks":
        return _heat_owners(case)
    if table in OF_THE_NETWORK or not _REFERENCES[table]:
        return np.full(case.count(table), -1, dtype=np.int64)
    # A table's first reference is what it hangs on: a plant on its bus, an offer on its generator, a pipe on its node.
    column = _REFERENCES[table][0]
    above = SCHEMA[table].column(column).references
    owners = at_buses(case) if column == "bus" else owner_of(case, above)
    return _picked(owners, case.positions(table, column))


def at_buses(case: Case) -> Ints:
    """For each bus the number of the microgrid that is connected to it, -1 for none; shape (buses,)."""
    there = np.full(case.count("buses"), -1, dtype=np.int64)
    place = case.positions("microgrids", "bus")
    there[place[place >= 0]] = np.flatnonzero(place >= 0)
    return there


def _picked(owners: Ints, place: Ints) -> Ints:
    """The owners at some places, -1 where a place is not known (-1)."""
    return np.append(owners, -1)[place]


def heat_coupling(case: Case, table: str) -> tuple[Ints, Ints]:
    """For each row of a table of couplings its heat network and the owner of its bus; each of shape (n,).

    The network is -1 where node or bus is not known.
    """
    bus = case.positions(table, "bus")
    heat = _picked(case.positions("heat_nodes", "heat_network"), case.positions(table, "node"))
    return np.where(bus >= 0, heat, -1), _picked(at_buses(case), bus)


def heat_couplings(case: Case) -> tuple[Ints, Ints]:
    """Heat networks and owners of the buses of all couplings whose place is known; each of shape (couplings,)."""
    pairs = [heat_coupling(case, table) for table in COUPLINGS]
    network, owner = (np.concatenate(columns) for columns in zip(*pairs, strict=True))
    return network[network >= 0], owner[network >= 0]


def _heat_owners(case: Case) -> Ints:
    """For each heat network the microgrid at whose bus all its couplings stand, -1 for none; shape (heat_networks,)."""
    network, owner = heat_couplings(case)
    least = np.full(case.count("heat_networks"), case.count("microgrids"), dtype=np.int64)
    most = np.full(case.count("heat_networks"), -1, dtype=np.int64)
    np.minimum.at(least, network, owner)
    np.maximum.at(most, network, owner)
    return np.where(least == most, most, -1)


def network_part(case: Case) -> Case:
    """The case of the operator: all but what microgrids own; who trades, and at what fees, stays known."""
    rows = {name: np.flatnonzero(owner_of(case, name) < 0) for name in SCHEMA}
    rows |= {name: np.arange(case.count(name)) for name in TRADING}
    return _with_rows(case, rows)


def microgrids_together(case: Case) -> Case:
    """The buses and devices of all microgrids, and no line between them."""
    rows = {name: np.flatnonzero(owner_of(case, name) >= 0) for name in SCHEMA}
    rows["buses"] = np.flatnonzero(at_buses(case) >= 0)
    return _with_rows(case, rows)


def microgrid_parts(case: Case) -> list[Case]:
    """For each microgrid the case of its bus and of what it owns, in the order of the table ``microgrids``."""
    count, owners = case.count("microgrids"), {name: owner_of(case, name) for name in SCHEMA}
    owners["buses"] = at_buses(case)
    nothing = {name: frame.iloc[:0] for name, frame in case.tables.items()}
    owned: list[dict[str, pd.DataFrame]] = [{} for _ in range(count)]
    for name, owner in owners.items():
        for one, rows in _grouped(owner).items():
            owned[one][name] = case.tables[name].iloc[rows].reset_index(drop=True)
    paths = _paths_of(case, owners)
    return [_part(case, {**nothing, **own}, case.profiles.iloc[:, paths.get(one, [])]) for one, own in enumerate(owned)]


def _grouped(owner: Ints) -> dict[int, Ints]:
    """The rows of each owner but the operator, in their order."""
    order = np.argsort(owner, kind="stable")
    order = order[owner[order] >= 0]
    names, first = np.unique(owner[order], return_index=True)
    return dict(zip(names.tolist(), np.split(order, first[1:]), strict=False))


def _paths_of(case: Case, owners: Mapping[str, Ints]) -> dict[int, Ints]:
    """The columns of the profiles of each microgrid."""
    known = {
        (name, key): number
        for name, owner in owners.items()
        for key, number in zip(case.ids(name), owner.tolist(), strict=True)
    }
    paths = [known[path.split("/")[0], path.split("/")[1]] for path in case.profiles.columns]
    return _grouped(np.array(paths, dtype=np.int64))


def _with_rows(case: Case, rows: Mapping[str, Ints]) -> Case:
    """The case with some rows of every table, and their profiles."""
    tables = {name: case.tables[name].iloc[kept].reset_index(drop=True) for name, kept in rows.items()}
    known = {(name, key) for name, table in tables.items() for key in table[SCHEMA[name].key]}
    paths = [path for path in case.profiles.columns if tuple(path.split("/")[:2]) in known]
    return _part(case, tables, case.profiles[paths])


def _part(case: Case, tables: Mapping[str, pd.DataFrame], profiles: pd.DataFrame) -> Case:
    part = replace(case, tables=tables, profiles=profiles)
    return part.marked_validated() if case.validated else part
