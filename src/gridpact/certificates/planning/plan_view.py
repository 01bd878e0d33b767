r"""A plan seen by its judges: candidates, units, days and operation, read from the case and the tables of the record.

$$
a_j = I_j \frac{\rho}{1 - (1 + \rho)^{-L_j}} + m_j
$$

is what a unit costs in a year: investment $I_j$ paid off over $L_j$ years at the discount rate $\rho$, and maintenance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.case.carbon import with_carbon_price
from gridpact.case.case import Case
from gridpact.case.planned import planned_case
from gridpact.certificates.costs import cost_terms
from gridpact.certificates.evidence import Evidence
from gridpact.certificates.planning.fault_simulator import Simulated, simulate
from gridpact.results.planning import switch_column
from gridpact.results.record import Record

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
YEAR_DAYS, DAY_H = 365.0, 24.0
# Tables of candidates, in the order of the plan's table, and the kinds of those that have no column for it.
KINDS: Final = {
    "renewable_candidates": "",
    "storage_candidates": "storage",
    "generator_candidates": "generator",
    "chp_candidates": "chp",
    "electric_boiler_candidates": "electric_boiler",
    "heat_pump_candidates": "heat_pump",
    "gas_boiler_candidates": "gas_boiler",
    "heat_storage_candidates": "heat_storage",
    "exchange_candidates": "exchange",
    "line_candidates": "line",
    "tie_candidates": "tie",
    "protection_candidates": "",
}
ONE: Final = ("line_candidates", "tie_candidates", "protection_candidates")
# Tables of a plan that are not those of its market.
OWN: Final = (
    "investments",
    "annual_costs",
    "scenarios",
    "scenario_profiles",
    "scenario_days",
    "scenario_quality",
    "duration_curves",
    "decision_graph",
    "convergence",
    "designs",
    "design_costs",
    "cuts",
    "cut_slopes",
    "switching",
    "year",
)
OPERATED: Final = {"formulation": "soc", "exactness": "repair", "solver": "clarabel", "price_probes": 0}
# Columns that tell the power of a unit, the larger of them.
SIZES: Final = {
    "renewable_candidates": ("p_mw",),
    "storage_candidates": ("discharge_mw",),
    "generator_candidates": ("max_p_mw",),
    "chp_candidates": ("max_p_mw",),
    "electric_boiler_candidates": ("max_heat_mw",),
    "heat_pump_candidates": ("max_heat_mw",),
    "gas_boiler_candidates": ("max_heat_mw",),
    "heat_storage_candidates": ("discharge_mw",),
    "exchange_candidates": ("max_buy_mw", "max_sell_mw"),
}
GIVEN, TYPICAL, JOINED = "given", "typical", "worst day of the year"


@dataclass(frozen=True, eq=False)
class Offered:
    """What may be built (c,): names, tables, kinds, places, most units; investment, years and maintenance of a unit;
    its highest power and its energy, NaN where it has none."""

    names: list[str]
    table: NDArray[np.str_]
    kind: list[str]
    place: list[str]
    most: Floats
    investment: Floats
    years: Floats
    maintenance: Floats
    power: Floats
    energy: Floats

    def capex(self, rate: float) -> Floats:
        """What a unit's investment costs in a year, at a discount rate."""
        if rate == 0.0:
            return self.investment / self.years
        return np.asarray(self.investment * rate / -np.expm1(-self.years * np.log1p(rate)), dtype=np.float64)


def offered(case: Case) -> Offered:
    """The candidates of a case, table by table."""
    rows = [(table, row) for table in KINDS for row in case.tables[table].to_dict("records")]

    def numbers(column: str) -> Floats:
        return np.array([row[column] for _, row in rows], dtype=np.float64)

    return Offered(
        names=[str(row["candidate"]) for _, row in rows],
        table=np.array([table for table, _ in rows], dtype=np.str_),
        kind=[KINDS[table] or str(row["kind"]) for table, row in rows],
        place=[_place(row) for _, row in rows],
        most=np.array([1.0 if table in ONE else row["max_units"] for table, row in rows], dtype=np.float64),
        investment=numbers("investment"),
        years=numbers("lifetime_years"),
        maintenance=numbers("maintenance_per_year"),
        power=np.concatenate([_peaks(case, table, SIZES.get(table, ())) for table in KINDS]),
        energy=np.array([row.get("energy_mwh", np.nan) for _, row in rows], dtype=np.float64),
    )


def _peaks(case: Case, table: str, columns: Sequence[str]) -> Floats:
    """The highest value of some columns over time; NaN without any."""
    found = np.full(case.count(table), np.nan)
    for column in columns:
        found = np.fmax(found, case.series(table, column).max(axis=1))
    return found


def switchable(case: Case) -> list[str]:
    """Lines that could be opened and closed: those in service with a switch, then ties that may be built."""
    with_switch, there = set(case.tables["switches"]["line"]), case.flags("lines", "in_service")
    own = [name for name, is_there in zip(case.ids("lines"), there, strict=True) if is_there and name in with_switch]
    return own + case.ids("tie_candidates")


def _place(row: Mapping[Any, Any]) -> str:
    if "from_bus" in row:
        return f"{row['from_bus']} - {row['to_bus']}"
    return str(next(row[name] for name in ("bus", "node", "microgrid", "line") if name in row))


@dataclass(frozen=True, eq=False)
class PlanView:
    """A record of a plan that has passed ``complete_plan``; ``planned`` and what needs it, only once the units are
    possible."""

    record: Record

    @cached_property
    def offered(self) -> Offered:
        return offered(self.record.case)

    def number(self, name: str, otherwise: float = np.inf) -> float:
        """A setting that is a number."""
        return float(self.record.settings.get(name, otherwise))

    def column(self, table: str, column: str) -> Floats:
        return self.record.tables[table][column].to_numpy(dtype=np.float64)

    def texts(self, table: str, column: str) -> list[str]:
        return [str(text) for text in self.record.tables[table][column]]

    @cached_property
    def units(self) -> Floats:
        return self.column("investments", "units")

    @property
    def design(self) -> dict[str, int]:
        return {name: int(n) for name, n in zip(self.offered.names, self.units, strict=True) if n}

    @property
    def reconfigures(self) -> bool:
        """Whether the plan also decides which lines are closed."""
        return self.record.settings.get("reconfigure", False) is True

    @cached_property
    def switchable(self) -> list[str]:
        """Lines that the plan may open and close."""
        return switchable(self.record.case) if self.reconfigures else []

    @property
    def on(self) -> dict[str, bool]:
        """Whether these are closed with the plan."""
        if not self.reconfigures:
            return {}
        return dict(zip(self.switchable, self.record.tables["switching"]["closed"].tolist(), strict=True))

    @cached_property
    def columns(self) -> list[str]:
        """What the days depend on: units of candidates, then lines that are closed."""
        return [*self.offered.names, *(switch_column(name) for name in self.switchable)]

    @cached_property
    def point(self) -> Floats:
        """The plan in these columns."""
        return np.append(self.units, np.array(list(self.on.values()), dtype=np.float64))

    def built(self, case: Case) -> Case:
        """A case with the plan built. Raises ``InputError`` for a design that is none."""
        absent = {name for name in case.ids("tie_candidates") if not self.design.get(name)}
        return planned_case(case, self.design, {name: on for name, on in self.on.items() if name not in absent})

    @property
    def scenarios(self) -> list[str]:
        return self.texts("scenarios", "scenario")

    @cached_property
    def is_given(self) -> bool:
        """Whether the days are those of the case and nothing stands for anything else."""
        return set(self.texts("scenarios", "kind")) == {GIVEN}

    @cached_property
    def priced(self) -> Case:
        """The case with emissions paid for. Raises ``InputError`` where that is not possible."""
        return with_carbon_price(self.record.case, self.number("carbon_price_per_t", 0.0))

    @cached_property
    def days(self) -> Case:
        """The case of the days that stand for the year, one after another, from their profiles."""
        profiles = self.record.tables["scenario_profiles"]
        if self.is_given:
            case = self.priced.with_window("day") if in_whole_days(self.priced) else self.priced
            return replace(case, steps=len(profiles), profiles=self._profiles(case.snapshots[: len(profiles)]))
        start = pd.Timestamp(self.priced.start.tz_localize(None).normalize(), tz="UTC")
        index = pd.date_range(start, periods=len(profiles), freq="h", name="snapshot")
        few = replace(self.priced, start=start, timezone="UTC", step_minutes=60.0, steps=len(profiles), window="day")
        return replace(few, profiles=self._profiles(index))

    def _profiles(self, index: pd.DatetimeIndex) -> pd.DataFrame:
        columns = list(self.priced.profiles.columns)
        return self.record.tables["scenario_profiles"][columns].set_axis(index, axis=0)

    @cached_property
    def scenario_hours(self) -> Floats:
        """Length of every scenario, in hours."""
        return np.diff(self.days.window_edges) * self.days.hours

    @cached_property
    def weights(self) -> Floats:
        """How often every scenario comes in a year."""
        return self.column("scenarios", "weight_days") * DAY_H / self.scenario_hours

    @cached_property
    def yearly_hours(self) -> Floats:
        """Hours of a year that every step of the days stands for, (steps,)."""
        return self.days.hours * np.repeat(self.weights, np.diff(self.days.window_edges))

    @cached_property
    def planned(self) -> Case:
        """The days with the design built. Raises ``InputError`` for a design that is none."""
        return self.built(self.days)

    @cached_property
    def network(self) -> Case:
        """The case with the design built, over its own horizon. Raises ``InputError`` for a design that is none."""
        return self.built(self.record.case)

    @cached_property
    def followed(self) -> tuple[Simulated, Simulated]:
        """Every fault of the network as it is, and with the design. Raises ``InputError`` where it is not radial."""
        return simulate(self.record.case), simulate(self.network)

    @property
    def has_customers(self) -> bool:
        return bool((self.record.case.column("loads", "customers") > 0.0).any())

    @cached_property
    def operation(self) -> Record:
        """The plan's market on its days, as a record of its own; its marks are those of the whole plan."""
        tables = {name: t for name, t in self.record.tables.items() if name not in OWN and "reliability" not in name}
        summary = dict(self.record.summary["operation"])
        certified = self.record.certificate.get("verdict") == "certified"
        if certified:
            summary["verdict"] = "certified"
        return Record(
            question="clear",
            settings=OPERATED,
            case=self.planned,
            summary=summary,
            tables=tables,
            solution=self.record.solution,
            certificate={"verdict": "certified"} if certified else {},
        )

    @cached_property
    def evidence(self) -> Evidence:
        return Evidence(self.operation)

    @cached_property
    def day_costs(self) -> Floats:
        """What every day costs as it is operated, (scenarios,)."""
        hourly = sum(term.sum(axis=0) for term in cost_terms(self.evidence).values())
        return np.asarray(np.add.reduceat(self.days.hours * hourly, self.days.window_edges[:-1]), dtype=np.float64)


def in_whole_days(case: Case) -> bool:
    """Whether the horizon is whole days of the clock, of which summer time makes one longer and one shorter."""
    daily = case.with_window("day")
    return bool((np.abs(np.diff(daily.window_edges) * case.hours - DAY_H) <= 1.0).all())
