"""Outer approximation against brute force over all integers."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.errors import InfeasibleError
from gridpact.programs.affine import Variable
from gridpact.programs.mixed_integer import GAP, fix_integers, solve_mixed
from gridpact.programs.program import Program, box, cone, equal
from gridpact.programs.solve import solve
from gridpact.programs.standard_form import StandardForm, compile_program

NAMES = ("low", "high", "fixed")


def lottery(seed: int, count: int = 4) -> StandardForm:
    """Switchable suppliers with fixed costs for one demand, bound together by a cone and a quadratic cost."""
    random = np.random.default_rng(seed)
    on, x, t = Variable((count, 1)), Variable((count, 1)), Variable((1, 1))
    size = random.uniform(1.0, 3.0, (count, 1))
    named = {
        "demand": equal(random.uniform(2.0, 3.0) - np.ones((1, count)) @ x),
        "cone": cone(t, [x[k : k + 1] for k in range(count)]),
        **box(x - size * on, np.full((count, 1), -np.inf), np.zeros((count, 1)), ("", "size", "")),
        **box(on, np.zeros((count, 1)), np.ones((count, 1)), NAMES),
        "least": box(x, np.zeros((count, 1)), np.full((count, 1), np.inf), ("least", "", ""))["least"],
    }
    cost = (random.uniform(0.5, 2.0, (count, 1)) * on + random.uniform(1.0, 4.0, (count, 1)) * x).total()
    squares = {"x": np.full((count, 1), 0.5)}
    return compile_program(Program(cost + 3.0 * t.total(), {"on": on, "x": x, "t": t}, named, squares, ("on",)))


def brute_force(form: StandardForm) -> float:
    costs = []
    for choice in product([0.0, 1.0], repeat=form.integers.size):
        try:
            costs.append(solve(fix_integers(form, np.array(choice))).cost)
        except InfeasibleError:
            continue
    return min(costs)


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.integers(0, 10_000))
def test_same_optimum_as_brute_force(seed: int) -> None:
    form = lottery(seed)
    best = brute_force(form)
    found = solve_mixed(form)
    assert found.bound <= best * (1 + 1e-7)
    assert found.cost == pytest.approx(best, rel=2 * GAP)
    assert found.gap <= GAP


def test_integers_are_whole() -> None:
    found = solve_mixed(lottery(1))
    whole = found.x[lottery(1).integers]
    assert whole == pytest.approx(np.rint(whole), abs=1e-6)


def test_no_feasible_choice() -> None:
    on = Variable((2, 1))
    named = {"half": equal(np.ones((1, 2)) @ on, 0.5), **box(on, np.zeros((2, 1)), np.ones((2, 1)), NAMES)}
    form = compile_program(Program(on.total(), {"on": on}, named, integers=("on",)))
    with pytest.raises(InfeasibleError, match="integers"):
        solve_mixed(form)
