"""What there is and what there may be, on the finest zones: those that all devices and all candidates cut.

The case with every candidate of protection built has zones that no design divides any further. Of a line's types the
one that fails most often counts, whichever is built.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from gridpact.case.case import Case, Floats, Ints
from gridpact.planning.reliability.linear.rows import ALWAYS, Sum
from gridpact.planning.reliability.network import RadialNetwork, radial_network
from gridpact.planning.reliability.zones import CLEARING


@dataclass(frozen=True, eq=False)
class Devices:
    """Devices that are or may be; ``zone`` is the one below each, ``column`` of a candidate, or ALWAYS; (devices,)."""

    zone: Ints
    hours: Floats
    clears: NDArray[np.bool_]
    column: Ints


@dataclass(frozen=True, eq=False)
class Doors:
    """How many of some devices stand above each zone: ``matrix`` over the candidates, ``constant`` those that are."""

    matrix: csr_array
    constant: Floats

    @property
    def possible(self) -> NDArray[np.bool_]:
        return np.asarray((np.diff(self.matrix.indptr) > 0) | (self.constant > 0.0), dtype=np.bool_)

    def sums(self) -> list[Sum]:
        """By zone."""
        ends, column = self.matrix.indptr, self.matrix.indices
        terms = [dict.fromkeys(column[a:b].tolist(), 1.0) for a, b in pairwise(ends)]
        return [Sum(one, constant) for one, constant in zip(terms, self.constant.tolist(), strict=True)]


@dataclass(frozen=True)
class TieEnd:
    """A tie seen from the zone that it would give supply to, ``inner``; its column, or ALWAYS."""

    outer: int
    inner: int
    hours: float
    limit_mw: float
    column: int


@dataclass(frozen=True, eq=False)
class Plants:
    """Candidates for islands: zone, column, power and energy of one unit, most units; shape (plants,)."""

    zone: Ints
    column: Ints
    power_mw: Floats
    energy_mwh: Floats
    most: Ints


@dataclass(frozen=True, eq=False)
class Setting:
    """The finest zones with all that stands on them, and all that may."""

    network: RadialNetwork
    count: int
    devices: Devices
    ties: list[TieEnd]
    plants: Plants

    def doors(self, chosen: NDArray[np.bool_]) -> Doors:
        """The doors with some of the devices."""
        zones, built = self.network.zones.count, self.devices.column == ALWAYS
        zone, column = self.devices.zone[chosen & ~built], self.devices.column[chosen & ~built]
        matrix = coo_array((np.ones(len(zone)), (zone, column)), shape=(zones, self.count)).tocsr()
        return Doors(matrix, np.bincount(self.devices.zone[chosen & built], minlength=zones).astype(np.float64))


def setting_of(case: Case, candidates: Sequence[str]) -> Setting:
    """Raises InputError where the network is not radial."""
    chosen = {name: column for column, name in enumerate(candidates)}
    table = case.tables["protection_candidates"]
    there = case.tables["protection"].assign(candidate="")
    devices = pd.concat([there, table[table["candidate"].isin(chosen)]], ignore_index=True)
    cut = devices.drop_duplicates(["line", "end"], ignore_index=True)
    network = radial_network(
        _failing_most(case, chosen).with_table("protection", cut[case.tables["protection"].columns])
    )
    return Setting(
        network,
        len(candidates),
        _devices(network, devices, cut, chosen),
        [*_ties(network), *_new_ties(case, network, chosen)],
        _plants(case, network, chosen),
    )


def _failing_most(case: Case, chosen: dict[str, int]) -> Case:
    """The case with every line failing as often as the worst of its types."""
    worst = case.column("lines", "failures_per_km_year").copy()
    mine = case.tables["line_candidates"]["candidate"].isin(chosen).to_numpy(dtype=np.bool_)
    other = case.column("line_candidates", "failures_per_km_year")[mine]
    np.fmax.at(worst, case.positions("line_candidates", "line")[mine], other)
    return case.with_table("lines", case.tables["lines"].assign(failures_per_km_year=worst))


def _devices(network: RadialNetwork, every: pd.DataFrame, cut: pd.DataFrame, chosen: dict[str, int]) -> Devices:
    """Those in the tree; a candidate has no name in the column of devices."""
    place = pd.MultiIndex.from_frame(every[["line", "end"]])
    row = pd.MultiIndex.from_frame(cut[["line", "end"]]).get_indexer(place)
    zone_of = np.full(len(cut) + 1, -1, dtype=np.int64)
    below = np.flatnonzero(network.zones.device >= 0)
    zone_of[network.zones.device[below]] = below
    zone = zone_of[row]
    there = zone >= 0
    column = np.array([chosen.get(str(name), ALWAYS) for name in every["candidate"]], dtype=np.int64)
    hours = every["switching_h"].to_numpy(dtype=np.float64)
    clears = every["kind"].isin(CLEARING).to_numpy(dtype=np.bool_)
    return Devices(zone[there], hours[there], clears[there], column[there])


def _both_ends(zones: tuple[int, int], hours: float, limit_mw: float, column: int) -> list[TieEnd]:
    return [TieEnd(outer, inner, hours, limit_mw, column) for outer, inner in (zones, zones[::-1])]


def _ties(network: RadialNetwork) -> list[TieEnd]:
    ties = network.ties
    rows = zip(ties.zones.tolist(), ties.hours.tolist(), ties.limit_mw.tolist(), strict=True)
    return [end for (one, other), hours, limit in rows for end in _both_ends((one, other), hours, limit, ALWAYS)]


def _new_ties(case: Case, network: RadialNetwork, chosen: dict[str, int]) -> list[TieEnd]:
    of = network.zones.of
    ends = zip(*(of[case.positions("tie_candidates", f"{end}_bus")].tolist() for end in ("from", "to")), strict=True)
    limits = np.nan_to_num(case.column("tie_candidates", "transfer_mw"), nan=np.inf).tolist()
    hours = case.column("tie_candidates", "switching_h").tolist()
    rows = zip(case.ids("tie_candidates"), ends, hours, limits, strict=True)
    mine = [(chosen[name], pair, hour, limit) for name, pair, hour, limit in rows if name in chosen]
    return [end for column, pair, hour, limit in mine for end in _both_ends(pair, hour, limit, column)]


def _plants(case: Case, network: RadialNetwork, chosen: dict[str, int]) -> Plants:
    """Generators at the least of their highest powers, storages with the energy that they have at the start."""
    tables = ("generator_candidates", "storage_candidates")
    names = [name for table in tables for name in case.ids(table)]
    islanding = np.concatenate([case.flags(table, "islanding") for table in tables])
    kept = np.flatnonzero(islanding & np.array([name in chosen for name in names], dtype=np.bool_))
    stored = case.column("storage_candidates", "initial_mwh") - case.column("storage_candidates", "min_mwh")
    energy = stored * case.column("storage_candidates", "efficiency_discharge")
    least = case.series("generator_candidates", "max_p_mw").min(axis=1, initial=np.inf)
    power = np.concatenate([least, case.column("storage_candidates", "discharge_mw")])
    bus = np.concatenate([case.positions(table, "bus") for table in tables])
    return Plants(
        network.zones.of[bus][kept],
        np.array([chosen[names[row]] for row in kept], dtype=np.int64),
        np.maximum(power, 0.0)[kept],
        np.concatenate([np.full(len(least), np.inf), energy])[kept],
        np.concatenate([case.column(table, "max_units") for table in tables])[kept].astype(np.int64),
    )
