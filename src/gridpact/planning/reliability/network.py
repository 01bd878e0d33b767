"""A radial network as the incidence of faults needs it: faults, load points, ties and islands at zones, as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case, Floats, Ints
from gridpact.planning.reliability.tree import Tree, tree_of
from gridpact.planning.reliability.zones import Zones, zones_of


@dataclass(frozen=True, eq=False)
class Faults:
    """What fails in the network: names, zones, failures per year and hours of repair; shape (faults,) each."""

    names: list[str]
    zone: Ints
    rate: Floats
    repair_h: Floats


@dataclass(frozen=True, eq=False)
class LoadPoints:
    """Loads: zone, customers, mean power in MW, and the failures of their own transformers; shape (loads,) each.

    ``feeder`` is the first line on the way from the source, or the source's bus where there is none.
    """

    names: list[str]
    feeder: NDArray[np.str_]
    zone: Ints
    customers: Floats
    mean_mw: Floats
    rate: Floats
    repair_h: Floats


@dataclass(frozen=True, eq=False)
class Ties:
    """Open points: zones at both ends, shape (ties, 2); hours until closed, most MW (infinite: no limit)."""

    zones: Ints
    hours: Floats
    limit_mw: Floats


@dataclass(frozen=True, eq=False)
class Islanding:
    """Units that can feed islands: zone, power in MW, and energy in MWh (infinite: lasting); shape (units,) each."""

    zone: Ints
    power_mw: Floats
    energy_mwh: Floats


@dataclass(frozen=True, eq=False)
class RadialNetwork:
    """All of it; ``below[a, z]`` says whether zone z is zone a or gets its supply through it, (zones, zones)."""

    zones: Zones
    faults: Faults
    loads: LoadPoints
    ties: Ties
    islanding: Islanding
    below: NDArray[np.bool_]


def radial_network(case: Case) -> RadialNetwork:
    """The arrays of a case. Raises InputError where the network is not radial."""
    tree = tree_of(case)
    zones = zones_of(case, tree)
    ties, islanding = _ties(case, zones), _islanding(case, zones)
    return RadialNetwork(zones, _faults(case, tree, zones), _loads(case, tree, zones), ties, islanding, _below(zones))


def _below(zones: Zones) -> NDArray[np.bool_]:
    below = np.eye(zones.count, dtype=np.bool_)
    for zone, above in enumerate(zones.above.tolist()):
        below[:, zone] |= below[:, above]
    return below


def _faults(case: Case, tree: Tree, zones: Zones) -> Faults:
    of_lines = case.column("lines", "failures_per_km_year") * case.column("lines", "length_km")
    rate = np.concatenate([of_lines, case.column("transformers", "failures_per_year")])
    repair_h = np.concatenate([case.column("lines", "repair_h"), case.column("transformers", "repair_h")])
    fails = np.flatnonzero((rate > 0.0) & tree.live)
    names = [case.branch_ids()[branch] for branch in fails]
    return Faults(names, zones.of[tree.buses + fails], rate[fails], repair_h[fails])


def _loads(case: Case, tree: Tree, zones: Zones) -> LoadPoints:
    bus = case.positions("loads", "bus")
    return LoadPoints(
        case.ids("loads"),
        _feeders(case, tree)[bus],
        zones.of[bus],
        case.column("loads", "customers"),
        np.maximum(case.series("loads", "p_mw"), 0.0).mean(axis=1),
        case.column("loads", "transformer_failures_per_year"),
        case.column("loads", "transformer_repair_h"),
    )


def _feeders(case: Case, tree: Tree) -> NDArray[np.str_]:
    """Name of the feeder of every node."""
    names = np.array([*case.ids("buses"), *case.branch_ids()])
    lines = range(tree.buses, tree.buses + case.count("lines"))
    first = np.arange(len(names))
    for node in tree.order.tolist():
        above = int(tree.above[node])
        if above >= 0 and not (node in lines and first[above] not in lines):
            first[node] = first[above]
    return names[first]


def _ties(case: Case, zones: Zones) -> Ties:
    """Lines in service with open switches; where a line has several, all of them must be closed."""
    is_open = ~case.flags("switches", "closed")
    line, row = np.unique(case.positions("switches", "line")[is_open], return_inverse=True)
    hours, limit = np.zeros(len(line)), np.full(len(line), np.inf)
    np.maximum.at(hours, row, case.column("switches", "switching_h")[is_open])
    np.fmin.at(limit, row, case.column("switches", "transfer_mw")[is_open])
    there = case.flags("lines", "in_service")[line]
    ends = np.stack([case.positions("lines", end)[line[there]] for end in ("from_bus", "to_bus")], axis=1)
    return Ties(zones.of[ends], hours[there], limit[there])


def _islanding(case: Case, zones: Zones) -> Islanding:
    """Generators at the least of their highest powers, storages with the energy they have at the start."""
    generators, storages = (np.flatnonzero(case.flags(table, "islanding")) for table in ("generators", "storages"))
    bus = np.concatenate([case.positions("generators", "bus")[generators], case.positions("storages", "bus")[storages]])
    power = np.concatenate(
        [
            case.series("generators", "max_p_mw").min(axis=1)[generators],
            case.series("storages", "discharge_mw").min(axis=1)[storages],
        ]
    )
    stored = case.column("storages", "initial_mwh") - case.column("storages", "min_mwh")
    energy = (stored * case.column("storages", "efficiency_discharge"))[storages]
    lasting = np.full(len(generators), np.inf)
    return Islanding(zones.of[bus], np.maximum(power, 0.0), np.concatenate([lasting, energy]))
