"""Whether a district and a transmission network fit each other, and whether the network's market can follow.

Both cases are valid in themselves. Whoever leads reads the transmission market as a convex program with direct-current
flows: its units always run, and it has no network of heat. Who leads must be convex too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike

from gridpact.case.case import Case
from gridpact.case.network import district_labels
from gridpact.case.text import near
from gridpact.errors import Issue

CLOCK = ("start", "step_minutes", "steps", "timezone", "currency")


def pairing_issues(case: Case, transmission: Case) -> list[Issue]:
    """Everything that keeps a district (``case``) and a transmission network from being cleared together.

    The files of the issues are those of the transmission network; those of the district alone are ``leading_issues``.
    """
    return [issue for rule in PAIRING for issue in rule(case, transmission)]


def leading_issues(case: Case) -> list[Issue]:
    """Everything in a district that keeps it from leading: units that may be off, capacitors in steps."""
    message = "the district has a unit that is switched on and off, and who leads must be convex"
    fix = "Set committable to false for the game; with a least power of 0 the unit may still give nothing."
    switched = [name for name, table in case.tables.items() if "committable" in table]
    units = [_rows(name, case.flags(name, "committable"), "committable", message, fix, "true") for name in switched]
    return [issue for found in (*units, _stepped(case)) for issue in found]


def _stepped(case: Case) -> Iterator[Issue]:
    """Capacitors whose parts are switched; a bank of a single part is one of them."""
    steps = case.column("capacitors", "steps")
    message = "the district has a capacitor in steps, and who leads must be convex"
    for row in np.flatnonzero(steps > 0.0):
        fix = "Leave steps empty for the game: the bank then gives any value."
        yield _at_row("capacitors", int(row), "steps", message, fix, f"{steps[row]:g}")


def same_clock(case: Case, transmission: Case) -> Iterator[Issue]:
    """Other steps, another time zone, another currency."""
    for name in CLOCK:
        ours, theirs = getattr(case, name), getattr(transmission, name)
        if ours != theirs:
            message = f"the transmission network has another {name} than the district, whose {name} is {ours}"
            yield Issue(message, "Give both cases the same.", "case.toml", column=name, value=str(theirs))


def has_connections(case: Case, transmission: Case) -> Iterator[Issue]:
    """A transmission network without connections."""
    if not transmission.count("connections"):
        fix = "Add connections.csv: connection, bus, interface (of the district) and feeders."
        yield Issue("the transmission network has no connections, so nothing ties the district to it", fix)


def known_interfaces(case: Case, transmission: Case) -> Iterator[Issue]:
    """Connections with interfaces that the district does not have."""
    ids = case.ids("interfaces")
    named = transmission.tables["connections"]["interface"].tolist()
    for row, name in enumerate(named):
        if name not in ids:
            fix = f"Use an interface of the district: {', '.join(ids[:20]) or 'it has none'}.{near(name, ids)}"
            yield _at_row("connections", row, "interface", "the district has no such interface", fix, name)


def free_names(case: Case, transmission: Case) -> Iterator[Issue]:
    """Loads that are called as the districts behind the connections will be."""
    taken = {f"district {name}" for name in transmission.ids("connections")}
    for row, name in enumerate(transmission.ids("loads")):
        if name in taken:
            yield _at_row("loads", row, "load", "a district is to have this name", "Give the load another name.", name)


def separate_districts(case: Case, transmission: Case) -> Iterator[Issue]:
    """Connections of two leaders whose interfaces stand in one network: neither could decide alone."""
    label = dict(zip(case.ids("interfaces"), district_labels(case)[case.positions("interfaces", "bus")], strict=True))
    leader: dict[int, str] = {}
    connected = transmission.tables["connections"][["interface", "district"]].itertuples(index=False, name=None)
    for row, (name, district) in enumerate(connected):
        if name in label and leader.setdefault(int(label[name]), district) != district:
            message = "the interface stands in the same network as one of another district"
            fix = "Give both connections the same district, or separate the networks."
            yield _at_row("connections", row, "district", message, fix, district)


def branches_react(case: Case, transmission: Case) -> Iterator[Issue]:
    """Branches whose direct-current flow is undetermined."""
    for table, column, carrying in (
        ("lines", "x_ohm_per_km", transmission.lines_in_service()),
        ("transformers", "x_ohm", transmission.flags("transformers", "in_service")),
    ):
        message = "without reactance the direct-current flow of a branch is undetermined"
        fix = "Give it a small reactance, or merge the buses at its ends."
        yield from _rows(table, carrying & (transmission.column(table, column) == 0.0), column, message, fix, "0")


def always_runs(case: Case, transmission: Case) -> Iterator[Issue]:
    """Units that may be off: their market has integers, and no prices that a leader could foresee."""
    message = "a unit of the transmission network is committable, so that its market is not convex"
    fix = "Set committable to false; with min_p_mw = 0 the unit may still give nothing."
    for table in ("generators", "controllable"):
        yield from _rows(table, transmission.flags(table, "committable"), "committable", message, fix, "true")


def only_electricity(case: Case, transmission: Case) -> Iterator[Issue]:
    """A heat network in the transmission network."""
    if transmission.count("heat_nodes"):
        fix = "Move it to the district."
        yield Issue("the transmission network has a heat network", fix, "heat_nodes.csv")


def _rows(table: str, wrong: ArrayLike, column: str, message: str, fix: str, value: str) -> Iterator[Issue]:
    for row in np.flatnonzero(wrong):
        yield _at_row(table, int(row), column, message, fix, value)


def _at_row(table: str, row: int, column: str, message: str, fix: str, value: str) -> Issue:
    """An issue about a row; the first stands in row 2 of the file."""
    return Issue(message, fix, f"{table}.csv", row + 2, column, value)


PAIRING: Sequence[Callable[[Case, Case], Iterator[Issue]]] = (
    same_clock,
    has_connections,
    known_interfaces,
    separate_districts,
    free_names,
    branches_react,
    always_runs,
    only_electricity,
)
