"""The search: demand dear to serve, limits that leave no plan, little time, going on; and the whole as one program."""

from __future__ import annotations

import numpy as np
import pytest

import gridpact as gp
from gridpact.case.case import Case
from gridpact.errors import InfeasibleError
from gridpact.planning.investment.limits import Limits
from gridpact.planning.investment.pricing import Days, Pricer
from gridpact.planning.investment.problem import Problem, problem_of
from gridpact.planning.investment.relaxed import core_point, relaxed_units, whole_form
from gridpact.planning.investment.representative import representatives
from gridpact.planning.investment.search import search
from gridpact.programs.batch import InProcess
from gridpact.programs.conic import Compiled
from gridpact.programs.mixed_integer import fix_integers
from gridpact.run import Run
from tests.districts import bus, district, interface, line, load
from tests.planning.investment.made import made

METHODS = ("benders", "scip")


def narrow(investment: float) -> Case:
    """5 MW behind a line for 2 MW; a type for all of it costs ``investment``."""
    wire = {"r_ohm_per_km": 0.0, "x_ohm_per_km": 0.01, "max_i_ka": 1.0}
    return district(
        buses=[bus("1"), bus("2")],
        lines=[line("a", "1", "2", 0.0, 0.01, max_i_ka=2.0 / (np.sqrt(3.0) * 10.0))],
        interfaces=[interface(50.0)],
        loads=[load("2", 5.0)],
        line_candidates=[{"candidate": "thick", "line": "a", **wire, "investment": investment, "lifetime_years": 25.0}],
    )


def planned(case: Case, **more: object) -> Run:
    return gp.plan(case, workers=1, year_rounds=0, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("method", METHODS)
def test_all_demand_is_served_however_dear(method: str) -> None:
    # 3 MWh in every hour, at 20 times 50 a MWh, are 26 million a year: less than the annuity of a billion.
    run = planned(narrow(1e9), method=method)
    assert run.table("investments")["units"].tolist() == [1]
    assert run.summary["objective"] == pytest.approx(1e9 * 0.09367878 + 5.0 * 50.0 * 8760.0, rel=1e-6)
    assert run.summary["gap_closed"] is True


@pytest.mark.parametrize("method", METHODS)
def test_demand_that_nothing_serves_is_told(method: str) -> None:
    with pytest.raises(InfeasibleError, match="No plan serves all demand"):
        planned(narrow(1000.0), method=method, budget=10.0)


def problem(seed: int) -> Problem:
    one = made(seed)
    return problem_of(one.case, representatives(one.case, 2, "energy_medoid"), Limits(**one.settings), 0.08)


@pytest.mark.parametrize("method", METHODS)
def test_bounds_hold_where_time_is_short(method: str) -> None:
    best = planned(made(9).case, typical_days=2, gap=1e-6, **made(9).settings).summary["objective"]
    try:
        short = planned(made(9).case, typical_days=2, gap=1e-9, time_limit_s=1e-3, method=method, **made(9).settings)
    except gp.NotConverged:
        return
    assert float(short.summary["objective_lower_bound"]) <= float(best) * (1.0 + 1e-6)
    assert float(short.summary["objective"]) >= float(best) * (1.0 - 1e-6)


@pytest.mark.parametrize("seed", [0, 9, 10])
def test_a_search_goes_on_where_it_stopped(seed: int) -> None:
    one = problem(seed)
    whole = list(search(one, InProcess(), 1e-6, 60.0, None))
    rest = list(search(one, InProcess(), 1e-6, 60.0, whole[0]))
    assert rest[-1].upper == pytest.approx(whole[-1].upper, rel=1e-6)
    assert rest[0].iteration == 2 and rest[0].lower >= whole[0].lower
    # By SCIP from there: what was known stays known.
    other = list(search(one, InProcess(), 1e-6, 60.0, whole[0], "scip"))
    assert len(other) == 1 and len(other[0].designs) == len(whole[0].designs) + 1
    assert other[0].upper == pytest.approx(whole[-1].upper, rel=1e-6)
    # And what is done is not done again.
    assert list(search(one, InProcess(), 1e-6, 60.0, whole[-1])) == [whole[-1]]


@pytest.mark.parametrize("seed", [2, 7, 19])
def test_the_whole_is_the_sum_of_its_parts(seed: int) -> None:
    """With the units held, the program of everything costs what the master and the days say one by one."""
    one = problem(seed)
    master, programs = one.master, one.programs
    form, oracle = whole_form(master, programs), Days(Pricer(programs), InProcess())
    draw = np.random.default_rng(seed)
    for _ in range(3):
        n = np.floor(draw.uniform(0.0, 1.0, one.candidates.count) * (one.candidates.most + 1) * 0.5)
        held = fix_integers(form, n)
        answer = Compiled(held).answer(held)
        if answer.status == "infeasible":
            assert not allowed(one, n)
            continue
        assert allowed(one, n)
        parts = float(one.candidates.annual @ n + master.weights @ oracle(n).costs)
        assert form.cost(answer.x) == pytest.approx(parts, rel=1e-6)


def allowed(one: Problem, n: np.ndarray) -> bool:
    program = one.master.program
    return bool((program.matrix @ n <= program.rows[1] + 1e-9).all())


@pytest.mark.parametrize("seed", [2, 7, 19])
def test_broken_units_are_no_dearer_than_whole_ones(seed: int) -> None:
    one = problem(seed)
    master, programs = one.master, one.programs
    n = relaxed_units(master, programs)
    assert (n >= 0.0).all() and (n <= one.candidates.most).all()
    costs = Days(Pricer(programs), InProcess())(n).costs
    best = list(search(one, InProcess(), 1e-6, 60.0, None))[-1].upper
    assert float(one.candidates.annual @ n + master.weights @ costs) <= best * (1.0 + 1e-6)


def test_the_core_is_inside() -> None:
    # 0.9 of the units and 0.1 of the middle; two types of one line share theirs.
    core = core_point(np.array([0.0, 4.0, 1.0, 0.0]), np.array([2, 4, 1, 1]), np.array([1, 1, 2, 2]))
    assert core == pytest.approx([0.1, 3.8, 0.925, 0.025])
