"""The decomposition on problems made by hand: costs that are maxima of lines, counted out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import product

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.errors import InfeasibleError
from gridpact.programs.benders import Cuts, Master, Priced, Progress, beginning, decompose
from gridpact.programs.linear import Linear

Floats = NDArray[np.float64]
INF = np.inf
# HiGHS keeps its rows to 1e-7.
GAP = 1e-6


@dataclass
class Lines:
    """V_d(n) = max over k of a[d, k] + g[d, k] n, with the highest line at n as the cut there."""

    a: Floats
    g: Floats
    refused: Callable[[Floats], bool] = lambda n: False
    asked: list[Floats] = field(default_factory=list)

    def values(self, n: Floats) -> Floats:
        return np.asarray((self.a + self.g @ n).max(axis=1))

    def __call__(self, n: Floats) -> Priced:
        self.asked.append(n)
        best, days = (self.a + self.g @ n).argmax(axis=1), np.arange(self.a.shape[0])
        cuts = Cuts(days, self.a[days, best], self.g[days, best])
        return Priced(self.values(n), np.full(days.size, float(self.refused(n))), cuts)


def master(cost: list[float], most: list[float], budget: float, weights: list[float], extra: int = 0) -> Master:
    """Whole n up to ``most``, all together at most ``budget``; ``extra`` further columns that cost 1 and may be 0."""
    width = len(cost) + extra
    row = np.append(np.ones(len(cost)), np.zeros(extra))
    program = Linear(
        np.append(np.array(cost), np.ones(extra)),
        sp.csr_array(row[None, :]),
        (np.array([-INF]), np.array([budget])),
        (np.zeros(width), np.append(np.array(most), np.ones(extra))),
        np.arange(width) < len(cost),
    )
    return Master(program, len(cost), np.array(weights))


def nothing(integers: int) -> Cuts:
    return Cuts(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros((0, integers)))


def random_problem(seed: int) -> tuple[Master, Lines]:
    draw = np.random.default_rng((30, seed))
    integers, days, lines = int(draw.integers(2, 6)), int(draw.integers(1, 4)), int(draw.integers(2, 12))
    oracle = Lines(draw.uniform(0.0, 100.0, (days, lines)), -draw.uniform(0.0, 30.0, (days, lines, integers)))
    oracle.a[:, 0], oracle.g[:, 0] = 5.0, 0.0
    most = draw.integers(1, 4, integers).astype(float)
    cost, weights = draw.uniform(1.0, 40.0, integers), draw.uniform(0.2, 3.0, days)
    budget = float(draw.integers(1, int(most.sum()) + 1))
    return master(cost.tolist(), most.tolist(), budget, weights.tolist(), extra=int(draw.integers(0, 2))), oracle


def points(problem: Master) -> list[Floats]:
    most = problem.program.bounds[1][: problem.integers].astype(int)
    every = (np.array(n, dtype=float) for n in product(*(range(count + 1) for count in most)))
    return [n for n in every if n.sum() <= problem.program.rows[1][0]]


def cost_of(problem: Master, oracle: Lines, n: Floats) -> float:
    return float(problem.program.cost[: n.size] @ n + problem.weights @ oracle.values(n))


def states(problem: Master, oracle: Lines, gap: float = GAP, time_limit: float = 60.0) -> list[Progress]:
    begin = beginning(problem, oracle(np.zeros(problem.integers)).cuts, -INF)
    core = 0.5 * problem.program.bounds[1][: problem.integers]
    return list(decompose(problem, oracle, begin, core, gap, time_limit))


@pytest.mark.parametrize("seed", range(25))
def test_the_best_of_all_points(seed: int) -> None:
    problem, oracle = random_problem(seed)
    found = states(problem, oracle)
    best = min(cost_of(problem, oracle, n) for n in points(problem))
    assert found[-1].upper == pytest.approx(best, rel=GAP)
    assert found[-1].gap <= GAP
    lower, upper = (np.array([getattr(state, name) for state in found]) for name in ("lower", "upper"))
    assert (np.diff(lower) >= 0.0).all() and (upper[1:] <= upper[:-1]).all()
    assert (lower <= best + 1e-7 * abs(best)).all() and (upper >= best - 1e-9 * abs(best)).all()
    assert [state.iteration for state in found] == list(range(1, len(found) + 1))


@pytest.mark.parametrize("seed", range(25))
def test_designs_and_cuts_are_what_they_say(seed: int) -> None:
    problem, oracle = random_problem(seed)
    last = states(problem, oracle, gap=1e-3)[-1]
    for design, costs, total in zip(last.designs, last.costs, last.totals, strict=True):
        n = design[: problem.integers]
        assert costs == pytest.approx(oracle.values(n))
        assert total == pytest.approx(cost_of(problem, oracle, n))
        assert any((n == point).all() for point in points(problem))
    for n in points(problem):
        assert (last.cuts.at(n) <= oracle.values(n)[last.cuts.of] + 1e-9).all()


def test_one_unit_by_hand() -> None:
    # V(n) = max(10 - 4 n, 3 - n, 0) twice a year, a unit for 5: 20, 5 + 12 = 17, 10 + 4 = 14, 15 + 0 = 15.
    oracle = Lines(np.array([[10.0, 3.0, 0.0]]), np.array([[[-4.0], [-1.0], [0.0]]]))
    last = states(master([5.0], [3.0], INF, [2.0]), oracle)[-1]
    assert last.upper == pytest.approx(14.0) and last.lower == pytest.approx(14.0)
    assert last.designs[last.best] == pytest.approx([2.0])


def test_a_gap_finer_than_the_master_can_tell_ends_all_the_same() -> None:
    for seed in range(25):
        problem, oracle = random_problem(seed)
        last = states(problem, oracle, gap=0.0)[-1]
        assert last.gap <= 1e-7
        units = last.designs[:, : problem.integers]
        assert len(np.unique(units, axis=0)) == len(units)


def test_limits_that_nothing_keeps_are_infeasible() -> None:
    oracle = Lines(np.array([[1.0]]), np.array([[[0.0]]]))
    with pytest.raises(InfeasibleError, match="No plan keeps all limits"):
        states(master([1.0], [3.0], -1.0, [1.0]), oracle)


class Weak(Lines):
    """At points that are not whole the cut says nothing but the least cost of all: valid, and of no use."""

    def __call__(self, n: Floats) -> Priced:
        priced = super().__call__(n)
        if (n == np.rint(n)).all():
            return priced
        zero = np.zeros(priced.costs.size)
        return replace(priced, cuts=Cuts(priced.cuts.of, zero, np.zeros_like(priced.cuts.slope)))


def test_a_repeated_point_is_priced_itself() -> None:
    oracle = Weak(np.array([[50.0, 30.0, 20.0]]), np.array([[[-20.0], [-5.0], [0.0]]]))
    problem = master([4.0], [3.0], INF, [1.0])
    begin = beginning(problem, nothing(1), -INF)
    begin = replace(begin, cuts=Cuts(np.zeros(1, dtype=np.int64), np.zeros(1), np.zeros((1, 1))))
    found = list(decompose(problem, oracle, begin, np.array([1.5]), GAP, 60.0))
    # 50, 4 + 30, 8 + 20, 12 + 20
    assert found[-1].upper == pytest.approx(28.0) and found[-1].gap <= GAP
    assert len(found) <= 8


def test_a_search_goes_on_where_it_stopped() -> None:
    seeds = [seed for seed in range(25) if len(states(*random_problem(seed))) >= 3]
    assert len(seeds) >= 3
    for seed in seeds:
        problem, oracle = random_problem(seed)
        whole = states(problem, oracle)
        core = 0.5 * problem.program.bounds[1][: problem.integers]
        stopped = whole[1]
        rest = list(decompose(problem, oracle, stopped, core, GAP, 60.0))
        assert rest[0].iteration == 3
        assert rest[0].lower >= stopped.lower and rest[0].upper <= stopped.upper
        assert rest[0].seconds >= stopped.seconds
        assert rest[-1].upper == pytest.approx(whole[-1].upper, rel=GAP)
        assert len(rest[-1].designs) >= len(stopped.designs)
        assert len(rest[-1].cuts.constant) > len(stopped.cuts.constant)


def test_no_time_is_no_second_iteration() -> None:
    problem, oracle = random_problem(3)
    assert len(states(problem, oracle, time_limit=0.0)) <= 1


def test_what_is_done_is_not_done_again() -> None:
    problem, oracle = random_problem(3)
    last = states(problem, oracle)[-1]
    assert list(decompose(problem, oracle, last, np.full(problem.integers, 0.5), GAP, 60.0)) == []


def test_a_refused_design_is_never_the_best() -> None:
    # Without a unit nothing is served, which the oracle prices at 9: cheaper than the unit, and refused.
    oracle = Lines(np.array([[9.0, 1.0]]), np.array([[[-20.0], [0.0]]]), refused=lambda n: n.sum() < 1.0)
    problem = master([10.0], [2.0], INF, [1.0])
    begin = beginning(problem, oracle(np.ones(1)).cuts, 0.0)
    run = decompose(problem, oracle, begin, np.array([1.0]), 1e-9, 60.0)
    for state, _ in zip(run, range(5), strict=False):
        assert state.best < 0 or state.designs[state.best][0] >= 1.0
        assert state.lower <= 9.0 + 1e-9
    refused = state.totals[~state.allowed]
    assert refused.min() == pytest.approx(9.0)


def test_gap_is_relative_to_the_cost_and_infinite_without_a_design() -> None:
    begin = beginning(master([1.0], [1.0], INF, [1.0]), nothing(1), 3.0)
    assert begin.best == -1 and begin.upper == INF and begin.gap == INF
    known = replace(
        begin, designs=np.ones((1, 1)), costs=np.ones((1, 1)), allowed=np.array([True]), totals=np.array([4.0])
    )
    assert known.gap == pytest.approx(0.25)
