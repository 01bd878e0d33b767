"""Public bilevel problems to their listed optimum, by every method that applies."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import linprog

from gridpact.errors import InputError
from gridpact.programs.follower.bilevel import Bilevel
from gridpact.programs.follower.bounds import Bounds
from gridpact.programs.follower.kkt import kkt_single_level
from gridpact.programs.follower.multiplier_bounds import proven_bounds
from gridpact.programs.follower.optimality_gap import optimality_gap
from gridpact.programs.follower.segments import equal_boxes
from gridpact.programs.follower.single_solution import SingleSolution, solve_single_level
from gridpact.programs.follower.strong_duality import primal_dual_single_level
from tests.programs.follower.brute import by_active_sets, steps_of
from tests.programs.follower.posing import collection, conic_problem, linear_problem, price_bid

Floats = NDArray[np.float64]
LINEAR = [problem for problem in collection("linear_bilevel.json") if problem["trusted"]]
each_linear = pytest.mark.parametrize("problem", LINEAR, ids=[problem["name"] for problem in LINEAR])


def joint_rows(bilevel: Bilevel) -> tuple[Floats, Floats, Floats]:
    """Rows of both levels over the leader's columns, right-hand sides, and the follower's rows alone."""
    form = bilevel.follower.form
    A = form.A.toarray()
    own = np.zeros((form.b.size, bilevel.leader.q.size))
    own[:, bilevel.theirs] = A[:, bilevel.answers]
    own[:, bilevel.columns] += A[:, bilevel.follower.linking]
    return np.vstack([bilevel.leader.A.toarray(), own]), np.concatenate([bilevel.leader.b, form.b]), own


def largest(bilevel: Bilevel, direction: Floats) -> float:
    rows, right, _ = joint_rows(bilevel)
    return float(-linprog(-direction, A_ub=rows, b_ub=right, bounds=(None, None)).fun)


def reach(bilevel: Bilevel) -> tuple[Floats, Floats]:
    """Between which values the linking quantities are wherever both levels are feasible."""
    unit = np.eye(bilevel.leader.q.size)[bilevel.columns]
    return np.array([-largest(bilevel, -e) for e in unit]), np.array([largest(bilevel, e) for e in unit])


def dual_vertices(bilevel: Bilevel) -> Floats:
    """All basic multipliers: some of them is optimal at any z."""
    form, own = bilevel.follower.form, bilevel.answers
    M, q = form.A.toarray()[:, own].T, -form.q[own]
    found = []
    for basis in map(list, combinations(range(form.b.size), own.size)):
        if abs(np.linalg.det(M[:, basis])) > 1e-9:
            u = np.zeros(form.b.size)
            u[basis] = np.linalg.solve(M[:, basis], q)
            found += [u] if u.min() >= -1e-9 else []
    return np.array(found)


def check(problem: dict[str, Any], bilevel: Bilevel, solution: SingleSolution) -> None:
    listed = problem["listed_best"]["F"]
    assert solution.status == "solved"
    assert solution.upper == pytest.approx(listed, abs=1e-6)
    assert solution.lower == pytest.approx(listed, abs=1e-3)
    assert optimality_gap(bilevel, solution.x_leader, solution.y, solution.price).is_within(1e-6)


@each_linear
def test_listed_optimum_by_conditions_with_sos1(problem: dict[str, Any]) -> None:
    bilevel = linear_problem(problem)
    check(problem, bilevel, solve_single_level(kkt_single_level(bilevel)))


@each_linear
def test_listed_optimum_by_big_m(problem: dict[str, Any]) -> None:
    """With the bounds of all basic multipliers, half as much again; the leader looks at no multiplier."""
    bilevel = linear_problem(problem)
    _, _, own = joint_rows(bilevel)
    slack = np.array([b + largest(bilevel, -a) for a, b in zip(own, bilevel.follower.form.b, strict=True)])
    solution = solve_single_level(
        kkt_single_level(bilevel, "big_m", Bounds(1.5 * slack + 0.1, 1.5 * dual_vertices(bilevel).max(axis=0) + 0.1))
    )
    check(problem, bilevel, solution)
    assert max(solution.slack_share, solution.multiplier_share) < 0.99


@each_linear
def test_listed_optimum_by_big_m_with_proven_bounds(problem: dict[str, Any]) -> None:
    """Proven where x is one number; with two, the box of x has corners without an answer, which is said."""
    bilevel = linear_problem(problem)
    low, high = reach(bilevel)
    if low.size == 1:
        steps = steps_of(bilevel.follower.form, int(bilevel.follower.linking[0]), low[0], high[0])
        bounds = proven_bounds(bilevel, low, high, [np.array([step[1] for step in steps])])
        check(problem, bilevel, solve_single_level(kkt_single_level(bilevel, "big_m", bounds)))
    else:
        with pytest.raises(InputError, match="sos1"):
            proven_bounds(bilevel, low, high)


@each_linear
def test_listed_optimum_by_equal_objectives(problem: dict[str, Any]) -> None:
    """A relaxation in general; at these optima, which are vertices, it is exact."""
    bilevel = linear_problem(problem)
    prices = dual_vertices(bilevel) @ bilevel.follower.form.A.toarray()[:, bilevel.follower.linking]
    single = primal_dual_single_level(bilevel, equal_boxes(*reach(bilevel), prices.min(axis=0), prices.max(axis=0), 8))
    check(problem, bilevel, solve_single_level(single))


@each_linear
def test_listed_optimum_by_all_active_sets(problem: dict[str, Any]) -> None:
    """The other way of these tests finds the listed optima, too."""
    assert by_active_sets(linear_problem(problem)) == pytest.approx(problem["listed_best"]["F"], abs=1e-8)


def test_price_bid_with_a_retail_position() -> None:
    """lambda g1 - g1 - 10 (lambda - 1) = 0 at best: with g1 = 10, the second supplier sets the price."""
    answer = next(problem["answer"] for problem in collection("price_and_conic.json") if "lam" in problem["answer"])
    bilevel = price_bid()
    solution = solve_single_level(kkt_single_level(bilevel))
    bid, price, mine = solution.x_leader
    assert solution.status == "solved"
    assert solution.upper - 10.0 == pytest.approx(0.0, abs=1e-6)
    assert price == pytest.approx(answer["lam"], abs=1e-6)
    assert 0.0 <= bid <= 2.0 + 1e-6
    assert np.append(solution.y[:3], mine) == pytest.approx([*answer["g"], answer["g"][0]], abs=1e-6)
    assert solution.y[3] == pytest.approx(answer["deficit"], abs=1e-6)
    assert optimality_gap(bilevel, solution.x_leader, solution.y, solution.price).is_within(1e-6)


def test_second_order_cone_of_two_rows_below() -> None:
    answer = next(problem["answer"] for problem in collection("price_and_conic.json") if "x" in problem["answer"])
    bilevel = conic_problem()
    # phi = -min(8 - x, (12 - x) / 2) has the slope 1/2 up to x = 4 and 1 from there: known for each of four pieces.
    ends = np.array([2.0]), np.array([6.0])
    prices = np.array([[0.5, 0.5, 0.5, 1.0]]), np.array([[0.5, 1.0, 1.0, 1.0]])
    found = [
        solve_single_level(kkt_single_level(bilevel)),
        solve_single_level(primal_dual_single_level(bilevel, equal_boxes(*ends, *prices, 4))),
    ]
    for solution in found:
        assert solution.upper == pytest.approx(answer["leader_objective"], abs=1e-6)
        assert solution.x_leader[0] == pytest.approx(answer["x"], abs=1e-6)
        assert solution.y[0] - solution.y[1] == pytest.approx(answer["y1_minus_y2"], abs=1e-6)
        assert optimality_gap(bilevel, solution.x_leader, solution.y, solution.price).is_within(1e-6)


def test_multipliers_of_a_cone_are_those_of_its_own_rows() -> None:
    """Stationarity in the follower's own form, u of the cone in the cone: |u_v| <= u_t."""
    bilevel = conic_problem()
    solution = solve_single_level(kkt_single_level(bilevel))
    form = bilevel.follower.form
    assert (form.q + form.A.T @ solution.u)[:2] == pytest.approx(np.zeros(2), abs=1e-7)
    assert abs(solution.u[-1]) <= solution.u[-2] + 1e-9
