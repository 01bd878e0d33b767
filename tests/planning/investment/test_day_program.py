"""A day as a program affine in the units: against the case with the units built, as a convex function, by its cuts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from gridpact.case.case import Case, Floats
from gridpact.case.planned import planned_case
from gridpact.errors import InfeasibleError
from gridpact.markets.pool import clear_pool
from gridpact.planning.investment.candidates import Candidates, candidates_of
from gridpact.planning.investment.day_program import DayProgram, day_program
from gridpact.planning.investment.pricing import PricedDay, Pricer
from tests.districts import bus, district, interface, line, load
from tests.planning.investment.made import designs, made

PRICE = 2000.0
SEEDS = (2, 3, 7, 10, 19, 27)


@dataclass(frozen=True)
class Day:
    case: Case
    candidates: Candidates
    pricer: Pricer

    @property
    def program(self) -> DayProgram:
        return self.pricer.programs[0]

    def at(self, n: Floats) -> PricedDay:
        return self.pricer((0, n))

    def units(self, design: dict[str, int]) -> Floats:
        return np.array([float(design.get(name, 0)) for name in self.candidates.names])

    def somewhere(self, draw: np.random.Generator) -> Floats:
        """Any broken number of units, types of one line sharing it."""
        n = draw.uniform(0.0, 1.0, self.candidates.count) * self.candidates.most
        of = self.candidates.of("line_candidates")
        n[of] /= max(1, of.size)
        return np.asarray(n)


def day_of(case: Case) -> Day:
    candidates = candidates_of(case, 0.08)
    return Day(case, candidates, Pricer((day_program(case, candidates, PRICE),)))


@cache
def day(seed: int) -> Day:
    """The first day, or the hours, of a case made up from a seed."""
    return day_of(made(seed).case.with_window("day").windows()[0])


def operated(one: Day, design: dict[str, int]) -> float:
    """NaN where the design cannot serve all demand."""
    try:
        return clear_pool(planned_case(one.case, design), exactness="off").solution.cost
    except InfeasibleError:
        return np.nan


@pytest.mark.parametrize("seed", SEEDS)
def test_whole_units_cost_what_the_planned_case_costs(seed: int) -> None:
    one, draw = day(seed), np.random.default_rng(seed)
    every = list(designs(made(seed)))
    some = [every[k] for k in sorted(draw.choice(len(every), min(10, len(every)), replace=False))]
    compared = 0
    for design in some:
        priced, cost = one.at(one.units(design)), operated(one, design)
        if np.isnan(cost):
            assert priced.unserved_mwh > 1e-4
        else:
            assert priced.cost == pytest.approx(cost, rel=1e-7)
            assert priced.unserved_mwh < 1e-5
            compared += 1
    assert compared >= 3


@pytest.mark.parametrize("seed", SEEDS)
def test_the_cost_of_a_day_is_convex(seed: int) -> None:
    one, draw = day(seed), np.random.default_rng((seed, 1))
    for _ in range(5):
        a, b, share = one.somewhere(draw), one.somewhere(draw), draw.uniform()
        between = one.at(share * a + (1.0 - share) * b).cost
        chord = share * one.at(a).cost + (1.0 - share) * one.at(b).cost
        assert between <= chord + 1e-7 * abs(chord)


@pytest.mark.parametrize("seed", SEEDS)
def test_cuts_touch_at_their_own_point_and_are_below_everywhere(seed: int) -> None:
    one, draw = day(seed), np.random.default_rng((seed, 2))
    points = [one.somewhere(draw) for _ in range(4)] + [one.somewhere(draw).round() for _ in range(3)]
    points.append(np.zeros(one.candidates.count))
    priced = [one.at(point) for point in points]
    for own, point in zip(priced, points, strict=True):
        assert own.constant + own.slope @ point == pytest.approx(own.cost, rel=1e-6)
        for other, place in zip(priced, points, strict=True):
            assert own.constant + own.slope @ place <= other.cost + 1e-7 * abs(other.cost)


@pytest.mark.parametrize("seed", SEEDS)
def test_slopes_are_those_of_the_cost(seed: int) -> None:
    one, draw, step = day(seed), np.random.default_rng((seed, 3)), 1e-3
    n = 0.25 * one.candidates.most + 0.5 * one.somewhere(draw)
    n[one.candidates.of("line_candidates")] *= 0.5
    slope = one.at(n).slope
    for k in range(n.size):
        move = np.where(np.arange(n.size) == k, step, 0.0)
        ahead, behind, here = (one.at(point).cost for point in (n + move, n - move, n))
        # Between the differences on both sides, wherever the kinks of the cost are.
        low, high = (here - behind) / step, (ahead - here) / step
        slack = 1e-5 * abs(here) + 1e-3 * abs(slope[k])
        assert low - slack <= slope[k] <= high + slack


def test_a_unit_by_hand() -> None:
    """Plants of 1 MW at 20 a MWh beside the grid at 50, no resistance: each takes 30 off; beyond 5 MW it is sold."""
    generator = {"candidate": "gas", "bus": "2", "max_p_mw": 1.0, "cost_per_mwh": 20.0, "max_units": 9}
    one = day_of(two(0.0, generator_candidates=[{**generator, "investment": 0.0, "lifetime_years": 1.0}]))
    for units, cost in ((0.0, 250.0), (1.0, 220.0), (2.5, 175.0), (5.0, 100.0), (7.0, 40.0)):
        assert one.at(np.array([units])).cost == pytest.approx(cost, abs=1e-4)
    assert one.at(np.array([2.0])).slope == pytest.approx([-30.0], abs=1e-3)


def test_least_power_is_that_of_all_units() -> None:
    """Dear plants of 0.2 to 1 MW run at their least power: each costs (80 - 50) x 0.2 more."""
    size = {"min_p_mw": 0.2, "max_p_mw": 1.0, "cost_per_mwh": 80.0, "max_units": 4}
    one = day_of(two(0.0, generator_candidates=[{"candidate": "gas", "bus": "2", **size, **FREE}]))
    for units in (0.0, 1.0, 1.5, 4.0):
        assert one.at(np.array([units])).cost == pytest.approx(250.0 + 6.0 * units, abs=1e-4)


def test_all_power_of_what_cannot_be_curtailed() -> None:
    """Wind of 1 MW a unit that must be taken at a cost of 60: 10 more than the grid, each."""
    wind = {"candidate": "w", "bus": "2", "kind": "wind", "p_mw": 1.0, "curtailable": False, "cost_per_mwh": 60.0}
    one = day_of(two(0.0, renewable_candidates=[{**wind, "max_units": 3, **FREE}]))
    for units in (0.0, 1.0, 2.0, 3.0):
        assert one.at(np.array([units])).cost == pytest.approx(250.0 + 10.0 * units, abs=1e-4)


def test_storages_of_three_units_hold_three_times_as_much() -> None:
    """Free energy in the first hour, 50 in the second: 1 MWh a unit is moved, which saves 50 each."""
    shape = {"energy_mwh": 1.0, "charge_mw": 1.0, "discharge_mw": 1.0, "initial_mwh": 0.0}
    store = {"candidate": "s", "bus": "2", **shape, "efficiency_charge": 1.0, "efficiency_discharge": 1.0}
    prices = {"interfaces/grid/price_per_mwh": [0.0, 50.0]}
    case = two(0.0, prices, steps=2, storage_candidates=[{**store, "max_units": 3, **FREE}])
    one = day_of(case)
    for units in (0.0, 1.0, 2.0, 3.0):
        assert one.at(np.array([units])).cost == pytest.approx(250.0 - 50.0 * units, abs=1e-3)


def test_demand_gives_way_only_at_its_price() -> None:
    """A line for 2 MW before 5 MW: 3 MWh are paid for at the price of what is not served; a type carries all."""
    types = [{"candidate": "thick", "line": "a", "r_ohm_per_km": 0.0, "x_ohm_per_km": 0.01, "max_i_ka": 1.0, **FREE}]
    one = day_of(two(0.0, thin=2.0 / (np.sqrt(3.0) * 10.0), line_candidates=types))
    nothing = one.at(np.zeros(1))
    assert nothing.unserved_mwh == pytest.approx(3.0, rel=1e-4)
    assert nothing.cost == pytest.approx(2.0 * 50.0 + 3.0 * PRICE, rel=1e-4)
    built = one.at(np.ones(1))
    assert built.unserved_mwh < 1e-5 and built.cost == pytest.approx(250.0, rel=1e-6)


FREE = {"investment": 0.0, "lifetime_years": 1.0}


def two(r: float, profiles: dict[str, list[float]] | None = None, thin: float = 1.0, **more: object) -> Case:
    """5 MW at bus 2, which is 10 kV, from a grid at 50 a MWh."""
    return district(
        profiles,
        buses=[bus("1"), bus("2", 0.9, 1.1)],
        lines=[line("a", "1", "2", r, 0.01, max_i_ka=thin)],
        interfaces=[interface(50.0)],
        loads=[load("2", 5.0)],
        **more,
    )
