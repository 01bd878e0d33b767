"""Variables fixed at a solution: what is left is a program with the same optimum and the same multipliers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.markets.market_program import clearing_program, formulation_named, market_network
from gridpact.programs.affine import Variable
from gridpact.programs.conic import residual
from gridpact.programs.program import Program, at_most, equal
from gridpact.programs.solve import Solution, solve
from gridpact.programs.standard_form import StandardForm, compile_program
from gridpact.programs.substituted import substituted
from tests.districts import random_feeder


def three_units() -> StandardForm:
    """a + b + c = 6 with b + c <= 4 and a <= 3 at costs of 1, 2 and 3 per unit, b <= 1.5: a = 3, b = 1.5, c = 1.5."""
    a, b, c = Variable((1, 1)), Variable((1, 1)), Variable((1, 1))
    rows = {
        "demand": equal(a + b + c - np.full((1, 1), 6.0)),
        "pair": at_most(b + c - np.full((1, 1), 4.0)),
        "most_a": at_most(a - np.full((1, 1), 3.0)),
        "most_b": at_most(b - np.full((1, 1), 1.5)),
    }
    return compile_program(Program(1.0 * a + 2.0 * b + 3.0 * c, {"a": a, "b": b, "c": c}, rows))


def test_by_hand() -> None:
    """Without a: b + c = 3 at the same price of 3; the limit on a is gone, and its cost of 3 is not counted."""
    form = three_units()
    whole = solve(form)
    assert whole.cost == pytest.approx(10.5, abs=1e-6)
    short, found = substituted(form, whole, ("a",))
    assert sorted(short.columns) == ["b", "c"] and "most_a" not in short.rows
    assert short.cones == (("zero", 1), ("nonnegative", 2))
    assert short.b[short.rows["demand"]].item() == pytest.approx(3.0, abs=1e-6)
    assert found.cost == pytest.approx(7.5, abs=1e-6)
    assert found.z[short.rows["demand"]].item() == pytest.approx(-3.0, abs=1e-6)
    assert found.z[short.rows["most_b"]].item() == pytest.approx(1.0, abs=1e-6)
    assert solve(short).x == pytest.approx(found.x, abs=1e-6)


def test_names_that_are_not_there_are_passed_over() -> None:
    form = three_units()
    whole = solve(form)
    short, found = substituted(form, whole, ("a", "nobody"))
    assert short.q.size == 2
    assert found.x == pytest.approx(whole.x[[form.columns["b"].item(), form.columns["c"].item()]])


def test_numbers_of_integers_follow() -> None:
    form = three_units()
    numbers = np.sort(np.concatenate([form.columns[name].ravel() for name in ("a", "c")]))
    short, _ = substituted(replace(form, integers=numbers), solve(form), ("a",))
    assert short.integers.tolist() == short.columns["c"].ravel().tolist()


def test_names_without_rows_stay() -> None:
    """What was made linear keeps the name of its cone, without a row: readers ask for it."""
    form = three_units()
    named = replace(form, rows={**form.rows, "cone": np.full((4, 1), -1)})
    short, _ = substituted(named, solve(form), ("a",))
    assert (short.rows["cone"] == -1).all()


@settings(max_examples=15)
@given(st.integers(0, 10**6))
def test_conditions_of_the_optimum_hold_on(seed: int) -> None:
    """A feeder with cones, storage and quadratic costs, some of whose variables are fixed at random."""
    random = np.random.default_rng(seed)
    form, found = feeder()
    names = tuple(name for name in form.columns if random.random() < 0.3)
    short, kept = substituted(form, found, names)
    gone = sum(form.columns[name].size for name in names)
    assert short.q.size == form.q.size - gone and short.A.shape == (short.b.size, short.q.size)
    assert sum(size for _, size in short.cones) == short.b.size
    if short.q.size:
        assert residual(short, kept.x, kept.s, kept.z) < 1e-6
        assert kept.cost == pytest.approx(short.cost(kept.x), abs=1e-9)
    for name, at in short.columns.items():
        assert np.array_equal(kept.x[at], found.x[form.columns[name]]), name
    for name, at in short.rows.items():
        there = at >= 0
        assert np.array_equal(kept.z[at[there]], found.z[form.rows[name][there]]), name


def feeder() -> tuple[StandardForm, Solution]:
    if not _FEEDER:
        case, soc = random_feeder(3), formulation_named("soc")
        form = compile_program(clearing_program(case, market_network(case, soc), soc))
        _FEEDER.append((form, solve(form)))
    return _FEEDER[0]


_FEEDER: list[tuple[StandardForm, Solution]] = []
