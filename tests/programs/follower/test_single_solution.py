"""SCIP and what becomes of its answers: states, limits of time, programs without a point or a bound, failures."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gridpact.errors import InfeasibleError, NotConverged
from gridpact.programs.follower import scip
from gridpact.programs.follower.bilevel import Bilevel
from gridpact.programs.follower.kkt import kkt_single_level
from gridpact.programs.follower.scip import Task, solve_by_scip
from gridpact.programs.follower.single_solution import solve_single_level
from gridpact.programs.solve import solve
from gridpact.programs.standard_form import StandardForm
from tests.programs.follower.posing import form_of, ints, random_payment
from tests.programs.follower.test_kkt import buyer

NO_PRODUCTS = (ints(), ints(), np.zeros(0))


def task(form: StandardForm, **other: Any) -> Task:
    free = np.full(form.q.size, np.inf)
    whole = Task(form, -free, free, np.zeros((0, 2), dtype=np.int64), NO_PRODUCTS)
    return replace(whole, **other)


@pytest.mark.parametrize("seed", range(5))
def test_cones_and_squares_as_by_an_interior_point(seed: int) -> None:
    """A random cone program: P with one dense block and a diagonal, two cones of three rows, equalities, limits."""
    rng = np.random.default_rng(seed)
    half = np.diag(rng.uniform(0.5, 1.0, 6))
    half[0, 1] = 0.7
    cones = [[(np.zeros(6), 2.0), *((rng.normal(size=6), rng.normal()) for _ in range(2))] for _ in range(2)]
    cones[0] = [(rng.normal(size=6), 3.0), *cones[0][1:]]
    form = form_of(rng.normal(size=6).tolist(), [(np.ones(6), 0.5)], [(np.eye(6)[0], 0.3)], cones, P=half.T @ half)
    found = solve_by_scip(task(form), 60.0, 1e-6)
    assert found.status == "solved"
    assert found.upper == pytest.approx(solve(form).cost, abs=1e-5)
    assert found.lower <= found.upper
    assert form.cost(found.x) == pytest.approx(found.upper, abs=1e-5)


def test_pairs_and_products() -> None:
    """x + y = 3 with one of them zero, and -x z to pay, z up to 2: x = 3, z = 2."""
    form = form_of([0.0, 0.0, 0.5], equal=[([1.0, 1.0, 0.0], 3.0)], at_most=[([0.0, 0.0, 1.0], 2.0)])
    low = np.zeros(3)
    products = (ints(0), ints(2), np.array([-1.0]))
    found = solve_by_scip(task(form, low=low, pairs=np.array([[0, 1]]), products=products), 60.0, 1e-6)
    assert found.x == pytest.approx([3.0, 0.0, 2.0], abs=1e-6)
    assert found.upper == pytest.approx(-6.0 + 1.0, abs=1e-6)


def test_rows_without_a_variable() -> None:
    """0 = 0 and 0 <= 1 say nothing; 0 = 1, 0 <= -1 and a cone (-1) have no point."""
    none = np.zeros(1)
    idle = form_of([1.0], [(none, 0.0)], [(-np.ones(1), 2.0), (none, 1.0)])
    assert solve_by_scip(task(idle), 9.0, 1e-4).upper == pytest.approx(-2.0)
    lower = [(-np.ones(1), 2.0)]
    impossible = [
        form_of([1.0], [(none, 1.0)], lower),
        form_of([1.0], [], [*lower, (none, -1.0)]),
        form_of([1.0], [], lower, [[(none, -1.0)]]),
    ]
    assert [solve_by_scip(task(form), 9.0, 1e-4).status for form in impossible] == ["infeasible"] * 3


def stored(hours: int) -> tuple[Bilevel, Bilevel]:
    """A leader with a store, its level e[t] = e[t-1] + z[t] - need[t] a state or not."""
    base = random_payment(1, hours)
    need = np.linspace(2.0, 5.0, hours)
    unit = np.eye(2 * hours)
    law = [
        (unit[hours + t] - (unit[hours + t - 1] if t else 0.0) - unit[t], -need[t] + (3.0 if t == 0 else 0.0))
        for t in range(hours)
    ]
    rows = [(unit[hours + t], 6.0) for t in range(hours)] + [(-unit[hours + t], 0.0) for t in range(hours)]
    rows += [(unit[t], 9.0) for t in range(hours)] + [(-unit[t], 3.0) for t in range(hours)]
    leader = form_of([*[0.1] * hours, *[0.2] * hours], equal=law, at_most=rows)
    plain = replace(base, leader=leader)
    states = (np.arange(hours), np.arange(hours, 2 * hours))
    return plain, replace(base, leader=replace(leader, states=states))


def test_states_of_the_leader_are_taken_out_and_put_back() -> None:
    plain, with_states = stored(3)
    one, two = (solve_single_level(kkt_single_level(bilevel)) for bilevel in (plain, with_states))
    assert two.upper == pytest.approx(one.upper, abs=1e-5)
    leader = with_states.leader
    assert np.abs((leader.A @ two.x_leader - leader.b)[:3]).max() <= 1e-6
    assert leader.cost(two.x_leader) + two.price @ (plain.scale * plain.weights * two.x_leader[:3]) == pytest.approx(
        two.upper, abs=1e-4
    )


def test_states_with_a_square_or_a_product_stay() -> None:
    """Elimination refuses states with a quadratic cost; here they are columns as all others."""
    _, with_states = stored(2)
    squared = replace(with_states, leader=with_states.leader.with_squares(ints(3), np.array([0.5])))
    multiplied = replace(with_states, products=(ints(2), ints(0), np.array([0.01])))
    for bilevel in (squared, multiplied):
        solution = solve_single_level(kkt_single_level(bilevel))
        plain = replace(bilevel, leader=replace(bilevel.leader, states=(ints(), ints())))
        assert solution.upper == pytest.approx(solve_single_level(kkt_single_level(plain)).upper, abs=1e-4)


def test_no_point() -> None:
    """Twenty units are needed, five may be bought, none made."""
    bilevel = buyer(need=20.0)
    capped = form_of(
        bilevel.leader.q.tolist(),
        equal=[([1.0, 1.0], 20.0)],
        at_most=[([1.0, 0.0], 5.0), ([0.0, 1.0], 0.0), ([-1.0, 0.0], 0.0)],
    )
    with pytest.raises(InfeasibleError, match="leaves the follower an answer") as caught:
        solve_single_level(kkt_single_level(replace(bilevel, leader=capped)))
    assert not caught.value.unbounded


def test_no_lower_bound() -> None:
    """The leader earns 30 for each unit that it makes, without limit."""
    bilevel = buyer()
    free = form_of([0.0, -30.0], at_most=[([1.0, 0.0], 5.0), ([-1.0, 0.0], 0.0), ([0.0, -1.0], 0.0)])
    with pytest.raises(InfeasibleError, match="fall without bound") as caught:
        solve_single_level(kkt_single_level(replace(bilevel, leader=free)))
    assert caught.value.unbounded


@pytest.mark.parametrize(("rows", "unbounded"), [([([0.0, 1.0], -1.0)], False), ([], True)])
def test_what_the_solver_leaves_open_is_found_out(
    rows: list[Any], unbounded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ "Infeasible or unbounded" of the first call is settled by a second one without costs."""
    real, words = scip.solve_by_scip, iter(["infeasible or unbounded"])

    def vague(task: Task, time_limit: float, gap: float) -> scip.Outcome:
        found = real(task, time_limit, gap)
        return replace(found, status=next(words, found.status))

    monkeypatch.setattr("gridpact.programs.follower.single_solution.solve_by_scip", vague)
    free = form_of([0.0, -30.0], at_most=[([1.0, 0.0], 5.0), ([-1.0, 0.0], 0.0), ([0.0, -1.0], 0.0), *rows])
    with pytest.raises(InfeasibleError) as caught:
        solve_single_level(kkt_single_level(replace(buyer(), leader=free)))
    assert caught.value.unbounded is unbounded


def test_no_time_no_point() -> None:
    """Stopped at once: no point, and a gap that says so."""
    solution = solve_single_level(kkt_single_level(random_payment(2, hours=3)), time_limit=0.0)
    assert solution.status == "stopped"
    assert np.isnan(solution.x_leader).all()
    assert np.isnan(solution.y).all()
    assert solution.upper == np.inf
    assert solution.gap == np.inf
    assert solution.lower < 0.0


def test_linear_programs_that_fail_are_tried_with_less_accuracy(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[float] = []
    real = scip._optimised

    def failing(model: Any) -> bool:
        tried.append(model.getParam("numerics/feastol"))
        return len(tried) > 1 and real(model)

    monkeypatch.setattr(scip, "_optimised", failing)
    assert solve_single_level(kkt_single_level(buyer())).upper == pytest.approx(60.0, abs=1e-4)
    assert tried == list(scip.FEASIBILITY)
    monkeypatch.setattr(scip, "_optimised", lambda model: False)
    with pytest.raises(NotConverged, match="too badly scaled"):
        solve_single_level(kkt_single_level(buyer()))


class Failing:
    """A model whose optimisation ends in an error."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def optimize(self) -> None:
        raise self.error


def test_only_errors_of_the_solver_count_as_failures() -> None:
    assert not scip._optimised(Failing(Exception("SCIP: error in LP solver!")))
    with pytest.raises(MemoryError):
        scip._optimised(Failing(MemoryError()))


def test_the_solver_solves_no_nonlinear_programs() -> None:
    """Its binaries may abort in their ordering of matrices, and take this process with them."""
    model = scip._silent_model()
    assert model.getParam("nlp/disable") is True
    assert (model.getParam("lp/threads"), model.getParam("parallel/maxnthreads")) == (1, 1)


def test_the_solver_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    solve_single_level(kkt_single_level(buyer()))
    said = capfd.readouterr()
    assert said.out + said.err == ""
