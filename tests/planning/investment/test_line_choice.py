"""Types of lines: whole choices against the case with the type built, broken ones against the formulation with big-M.

The formulation with big-M is written here by itself, in kV, MW and ohm, with L = 3 I^2:

    |v_from - v_to - 2 (r P + x Q) + (r^2 + x^2) L| <= M (1 - y),   P^2 + Q^2 <= v_from L,   L <= 3 max_i^2 y
"""

from __future__ import annotations

import warnings
from itertools import product
from typing import Any

import cvxpy as cp
import numpy as np
import pytest

from gridpact.case.case import Case, Floats
from gridpact.case.planned import planned_case
from gridpact.errors import InfeasibleError
from gridpact.markets.pool import clear_pool
from gridpact.planning.investment.candidates import candidates_of
from gridpact.planning.investment.day_program import day_program
from gridpact.planning.investment.pricing import PricedDay, Pricer
from tests.districts import bus, district, interface, line, load

PRICE, UNSERVED, KV = 50.0, 2000.0, 10.0
LOW, HIGH = 0.9, 1.1


def feeder(seed: int, reverse: bool = False) -> Case:
    """Bus 1 - 2 - 3 - 4, with two types for L1, one for L2, and none for L3; ``reverse`` turns L2 round."""
    draw = np.random.default_rng((4, seed))
    ends = [("1", "2"), ("3", "2") if reverse else ("2", "3"), ("3", "4")]
    lines = [
        line(f"L{k + 1}", *pair, draw.uniform(0.4, 1.2), draw.uniform(0.3, 0.6), max_i_ka=draw.uniform(0.2, 0.4))
        for k, pair in enumerate(ends)
    ]
    types = [
        {
            "candidate": f"{of}-{k}",
            "line": of,
            "r_ohm_per_km": draw.uniform(0.1, 0.5),
            "x_ohm_per_km": draw.uniform(0.1, 0.4),
            "max_i_ka": draw.uniform(0.2, 0.5),
            "investment": 1000.0,
            "lifetime_years": 20.0,
        }
        for of, k in (("L1", 1), ("L1", 2), ("L2", 1))
    ]
    return district(
        buses=[bus(str(k), LOW, HIGH, KV) for k in range(1, 5)],
        lines=lines,
        interfaces=[interface(PRICE)],
        loads=[load(str(k), draw.uniform(0.3, 0.9), draw.uniform(0.1, 0.4)) for k in range(2, 5)],
        line_candidates=types,
    )


def priced(case: Case, y: Floats) -> PricedDay:
    return Pricer((day_program(case, candidates_of(case, 0.08), UNSERVED),))((0, y))


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_whole_choices_cost_what_the_case_with_the_type_costs(seed: int, reverse: bool) -> None:
    case = feeder(seed, reverse)
    compared = 0
    for y in ([one, two, three] for one, two, three in product((0, 1), repeat=3) if one + two <= 1):
        built = planned_case(case, dict(zip(case.ids("line_candidates"), y, strict=True)))
        here = priced(case, np.array(y, dtype=float))
        try:
            plain = clear_pool(built, exactness="off").solution.cost
        except InfeasibleError:
            assert here.unserved_mwh > 1e-4
            continue
        assert here.cost == pytest.approx(plain, rel=1e-7)
        compared += 1
    assert compared >= 3


def big_m(case: Case, y: Floats) -> float:
    """The relaxation with big-M at a broken choice y; every branch of L1 and L2 is a type with its own share."""
    lines, types = case.tables["lines"], case.tables["line_candidates"]
    standing = {"L1": 1.0 - y[0] - y[1], "L2": 1.0 - y[2], "L3": 1.0}
    branches: list[tuple[Any, Any, float]] = [(row, row, standing[row.line]) for row in lines.itertuples()]
    at = {row.line: row for row in lines.itertuples()}
    branches += [(at[row.line], row, float(share)) for row, share in zip(types.itertuples(), y, strict=True)]
    v = {name: cp.Variable() for name in case.ids("buses")}
    into: dict[str, list[Any]] = {name: [] for name in v}
    reactive: dict[str, list[Any]] = {name: [] for name in v}
    rules = [v["1"] == KV**2, *(u >= (LOW * KV) ** 2 for u in v.values()), *(u <= (HIGH * KV) ** 2 for u in v.values())]
    M = (HIGH * KV) ** 2 - (LOW * KV) ** 2
    for ends, data, share in branches:
        r, x, most = float(data.r_ohm_per_km), float(data.x_ohm_per_km), 3.0 * float(data.max_i_ka) ** 2
        P, Q, L = cp.Variable(), cp.Variable(), cp.Variable()
        drop = v[ends.from_bus] - v[ends.to_bus] - 2.0 * (r * P + x * Q) + (r**2 + x**2) * L
        rules += [drop <= M * (1.0 - share), -drop <= M * (1.0 - share), most * share >= L]
        rules.append(cp.SOC(v[ends.from_bus] + L, cp.hstack([v[ends.from_bus] - L, 2.0 * P, 2.0 * Q])))
        into[ends.from_bus].append(-P)
        into[ends.to_bus].append(P - r * L)
        reactive[ends.from_bus].append(-Q)
        reactive[ends.to_bus].append(Q - x * L)
    bought = cp.Variable()
    for row in case.tables["loads"].itertuples():
        rules += [sum(into[row.bus]) == row.p_mw, sum(reactive[row.bus]) == row.q_mvar]
    rules.append(bought + sum(into["1"]) == 0.0)
    problem = cp.Problem(cp.Minimize(PRICE * bought), rules)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Solution may be inaccurate")
        problem.solve(solver=cp.CLARABEL)
    return float(problem.value) if problem.status in ("optimal", "optimal_inaccurate") else np.inf


@pytest.mark.parametrize("seed", range(4))
def test_the_relaxation_is_no_weaker_than_with_big_m(seed: int) -> None:
    case, draw = feeder(seed), np.random.default_rng((5, seed))
    tighter = []
    for _ in range(6):
        first = draw.dirichlet(np.ones(3))
        y = np.array([first[0], first[1], draw.uniform()])
        ours, theirs = priced(case, y), big_m(case, y)
        if ours.unserved_mwh < 1e-6:
            assert ours.cost >= theirs * (1.0 - 1e-5)
            tighter.append(ours.cost - theirs)
    assert len(tighter) >= 3
    assert max(tighter) > 1e-4


def test_both_say_the_same_of_whole_choices() -> None:
    case = feeder(0)
    compared = 0
    for y in ([0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 1.0]):
        ours, theirs = priced(case, np.array(y)), big_m(case, np.array(y))
        if ours.unserved_mwh < 1e-6:
            assert ours.cost == pytest.approx(theirs, rel=1e-5)
            compared += 1
    assert compared
