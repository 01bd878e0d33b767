r"""One representative day as a conic program whose right-hand side is affine in the units built.

$$
V(n) = \min_x \tfrac12 x'Px + q'x \quad\text{subject to}\quad A x + s = b + U n, \; s \in K
$$

n equal units that are operated together are one unit n times the size: every row $s = b - A x$ of the unit alone
becomes $s = b n - A x$. A type of a line carries current where it is the one that is built (see ``line_choice``);
what stands today is there where no other type is. V is convex in n. Where the plan decides which lines are closed,
a 0/1 column for each of these lines follows the units in n, and all of its types together are there where it is 1.

Demand may stay unserved at a price far above all others, so that every design has a cost; a plan with demand that is
not served is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import scipy.sparse as sp

from gridpact.case.case import Case, Floats, Ints
from gridpact.case.planned import COUNTED, EXCHANGE, EXCHANGED, UNITS, planned_case
from gridpact.markets.heat.side import Heating, heating
from gridpact.markets.market_program import clearing_program
from gridpact.physics.electric.line_choice import LineChoice
from gridpact.physics.electric.network import Network, electric_network, power_base
from gridpact.planning.investment.candidates import Candidates
from gridpact.planning.investment.switching import Switching
from gridpact.programs.program import Program
from gridpact.programs.standard_form import StandardForm, compile_program

# The variable of a program that says itself what is missing.
EMERGENCY: Final = "emergency_p"
# Demand that may stay unserved: its table; that of what may, its key there, and the variable.
UNSERVED: Final = {
    "loads": ("unserved", "load", "unserved_p"),
    "heat_loads": ("heat_unserved", "heat_load", "unserved_heat"),
}
ALL_DEMAND: Final = tuple(UNSERVED)
# Rows of which a unit has several: the two ends of the line on which heat and power of a plant are.
PER_UNIT: Final = {"chps/edge": 2}


class Build(Protocol):
    """Makes the program of a case with a choice among types of lines."""

    def __call__(self, case: Case, network: Network, formulation: LineChoice, heat: Heating | None, /) -> Program: ...


@dataclass(frozen=True, eq=False)
class DayProgram:
    """The program of a day: its form for no units, what a unit adds to the right-hand side, (rows, columns of n).

    ``emergency`` are the columns of demand that only a plan's own price keeps served. ``network`` is that of the form.
    """

    form: StandardForm
    units: sp.csc_array
    emergency: Ints
    network: Network
    hours: float

    @property
    def base_mva(self) -> float:
        return self.network.base_mva

    def at(self, n: Floats) -> StandardForm:
        """The program with n units built and lines closed."""
        return self.form.with_b(self.form.b + self.units @ n)

    def unserved_mwh(self, x: Floats) -> float:
        return float(x[self.emergency].sum() * self.base_mva * self.hours)


def day_program(
    day: Case,
    candidates: Candidates,
    emergency_price: float,
    switching: Switching | None = None,
    build: Build = clearing_program,
    base_mva: float | None = None,
    gives_way: Sequence[str] = ALL_DEMAND,
) -> DayProgram:
    """The program of a case that has candidates; the demand that ``gives_way`` may stay unserved at
    ``emergency_price`` per MWh.

    ``build`` makes the program of the case in which everything is built, its network per unit of ``base_mva``. What
    else may be missing that program is to say itself, as ``EMERGENCY``.
    """
    every = _giving_way(_everything_built(day, switching), emergency_price, gives_way)
    network = electric_network(every, power_base(every) if base_mva is None else base_mva)
    replaced = _replaced(day, switching)
    corridor = _corridors(day, replaced, network.branches.carrying, every.count("lines"))
    openable = np.searchsorted(replaced, switching.line) if switching is not None else np.zeros(0, dtype=np.int64)
    heat = heating(every, network.base_mva, "quasi_dynamic", None, None)
    form = compile_program(build(every, network, LineChoice(corridor, openable), heat))
    right = _grown(form, day, candidates)
    _widened(form, day, candidates, network.base_mva, right)
    _chosen(form, day, candidates, replaced, right)
    _closed(form, replaced.size, openable, candidates.count, right)
    emergency = _emergency(form, day, gives_way)
    units = right.matrix(candidates.count + openable.size)
    return DayProgram(form.with_b(right.b), units, emergency, network, day.hours)


def _emergency(form: StandardForm, day: Case, gives_way: Sequence[str]) -> Ints:
    """The columns of demand that is missing: the program's own, and what only the emergency price keeps served."""
    found = [form.columns.get(EMERGENCY, np.zeros(0, np.int64)).ravel()]
    for demand in gives_way:
        table, _, name = UNSERVED[demand]
        found += [form.columns[name][day.count(table) :].ravel()] if name in form.columns else []
    return np.concatenate(found)


def _everything_built(day: Case, switching: Switching | None) -> Case:
    """One unit of everything in units, types as lines beside those they would replace.

    Where lines may be opened and closed, all of them are closed, built ties among them.
    """
    units = {name: 1 for table in COUNTED for name in day.ids(table)}
    closed = dict.fromkeys(switching.names, True) if switching is not None else {}
    units |= {name: 1 for name in day.ids("tie_candidates") if name in closed}
    built, types, lines = planned_case(day, units, closed), day.tables["line_candidates"], day.tables["lines"]
    at = day.positions("line_candidates", "line")
    if len(types):
        columns = ("r_ohm_per_km", "x_ohm_per_km", "max_i_ka")
        rows = {name: lines[name].to_numpy()[at] for name in ("from_bus", "to_bus", "length_km")}
        built = built.with_rows(
            "lines", {"line": types["candidate"], **rows, **{name: types[name] for name in columns}}
        )
    return built


def _giving_way(case: Case, price: float, demands: Sequence[str]) -> Case:
    """The case in which demand of these tables may stay unserved, at a price of its own or else at this one."""
    for demand in demands:
        table, key, _ = UNSERVED[demand]
        left = sorted(set(case.ids(demand)) - set(case.ids(table)))
        case = case.with_rows(table, {key: left, "price_per_mwh": [price] * len(left)})
    return case


def _replaced(day: Case, switching: Switching | None) -> Ints:
    """The lines that are corridors, in rising order: those with types, and those that may be opened."""
    switched = switching.line if switching is not None else np.zeros(0, dtype=np.int64)
    return np.unique(np.append(day.positions("line_candidates", "line"), switched))


def _corridors(day: Case, replaced: Ints, carrying: Ints, lines: int) -> Ints:
    """The corridor of every branch that carries current: lines with a choice, and their types, which are last."""
    of = np.searchsorted(replaced, day.positions("line_candidates", "line"))
    corridor = np.full(lines + day.count("transformers"), -1, dtype=np.int64)
    corridor[replaced] = np.arange(replaced.size)
    corridor[lines - of.size : lines] = of
    return corridor[carrying]


def _grown(form: StandardForm, day: Case, candidates: Candidates) -> Right:
    """What a unit adds to the right-hand sides of its own rows, which without it are zero."""
    right = Right(form.b.copy(), [])
    for table, (target, _) in UNITS.items():
        each, first = candidates.of(table), day.count(target)
        for name, rows in form.rows.items():
            if not name.startswith(f"{target}/") or rows.ndim < 2:
                continue
            units = np.repeat(each, PER_UNIT.get(name, 1))
            if name in PER_UNIT or rows.shape[-2] == first + units.size:
                own = rows[..., rows.shape[-2] - units.size :, :]
                of = np.broadcast_to(units[:, None], own.shape)
                right.added(form, own[own >= 0], of[own >= 0], 1.0)
                right.b[own[own >= 0]] = 0.0
    return right


def _widened(form: StandardForm, day: Case, candidates: Candidates, base: float, right: Right) -> None:
    """What a unit of capacity for exchange adds to the limits of its microgrid, which stand with one unit of each."""
    of, at = candidates.of(EXCHANGE), day.positions(EXCHANGE, "microgrid")
    for column in EXCHANGED if of.size else ():
        name = f"microgrids/{column}"
        rows = form.rows.get(name, np.full((day.count("microgrids"), day.steps), -1))[at]
        more = day.series(EXCHANGE, column) / base
        there = rows >= 0
        np.subtract.at(right.b, rows[there], more[there])
        right.entries.append((rows[there], np.broadcast_to(of[:, None], rows.shape)[there], more[there]))


def _chosen(form: StandardForm, day: Case, candidates: Candidates, replaced: Ints, right: Right) -> None:
    """What a type adds to its own rows, and takes from those of the line that it replaces."""
    own = np.searchsorted(replaced, day.positions("line_candidates", "line"))
    of = candidates.of("line_candidates")
    for name, rows in form.rows.items():
        if name.startswith("choice/m"):
            types, standing = rows[replaced.size :], rows[own]
            right.added(form, types, np.broadcast_to(of[:, None], types.shape), 1.0)
            right.added(form, standing, np.broadcast_to(of[:, None], standing.shape), -1.0)
            right.b[types] = 0.0


def _closed(form: StandardForm, corridors: int, openable: Ints, units: int, right: Right) -> None:
    """What a closed line adds to the rows of what stands there and to those of its voltages, and takes where it is
    open."""
    for name, rows in form.rows.items():
        begins = name.startswith("choice/m")
        if openable.size and (begins or name.startswith(("open/", "closed/"))):
            own = rows[:corridors][openable] if begins else rows
            of = np.broadcast_to(units + np.arange(openable.size)[:, None], own.shape)
            right.added(form, own, of, -1.0 if name.startswith("open/") else 1.0)
            if not name.startswith("open/"):
                right.b[own] = 0.0


@dataclass(frozen=True, eq=False)
class Right:
    """A right-hand side for no units, and the entries (rows, candidates, values) that units add to it."""

    b: Floats
    entries: list[tuple[Ints, Ints, Floats]]

    def added(self, form: StandardForm, rows: Ints, of: Ints, sign: float) -> None:
        self.entries.append((rows.ravel(), of.ravel(), sign * form.b[rows.ravel()]))

    def matrix(self, count: int) -> sp.csc_array:
        """What a unit of each candidate adds, and each line that is closed; (rows, columns of n)."""
        none = np.zeros(0, dtype=np.int64)
        rows, of, values = (np.concatenate([none, *(entry[k] for entry in self.entries)]) for k in range(3))
        return sp.csc_array((values, (rows.astype(np.int64), of.astype(np.int64))), shape=(self.b.size, count))
