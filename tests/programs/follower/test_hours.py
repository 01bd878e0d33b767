"""Hours priced by multipliers bound the leader from below, and say all where nothing ties them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gridpact.programs.follower.apart import steps_apart
from gridpact.programs.follower.envelope import envelope
from gridpact.programs.follower.hours import Hours
from gridpact.programs.follower.planes import Plane, plane_of
from gridpact.programs.follower.price_steps import PriceSteps
from gridpact.programs.follower.relaxation import Priced, Relaxation, Relaxed
from gridpact.programs.follower.search import search
from gridpact.programs.standard_form import StandardForm
from tests.programs.follower.posing import form_of, ints
from tests.programs.follower.values import cheapest, random_steps

HOURS = 3


def buyer(seed: int, tied: bool, rising: bool = False, squares: bool = False) -> Priced:
    """In every hour z + g + d = need, 0 <= g <= most at a cost, |d| <= 1; tied: the d of all hours sum up to nothing.

    Equations stand as two inequalities each, those that tie as the last two rows. Columns are named, with the hours as
    their last axis, so that the program knows what belongs to which hour.
    """
    random = np.random.default_rng(seed)
    unit, (z, g, d) = np.eye(3 * HOURS), np.arange(3 * HOURS).reshape(3, HOURS)
    need, most = random.uniform(1.0, 5.0, HOURS), random.uniform(0.5, 3.0, HOURS)
    own = np.concatenate([np.zeros(HOURS), random.uniform(5.0, 40.0, HOURS), random.uniform(0.0, 2.0, HOURS)])
    at_most, equal = [], [(unit[z[t]] + unit[g[t]] + unit[d[t]], float(need[t])) for t in range(HOURS)]
    for t in range(HOURS):
        at_most += [(-unit[g[t]], 0.0), (unit[g[t]], float(most[t])), (unit[d[t]], 1.0), (-unit[d[t]], 1.0)]
    equal += [(unit[d].sum(axis=0), 0.0)] if tied else []
    at_most += [(sign * row, sign * value) for row, value in equal for sign in (1.0, -1.0)]
    P = np.diag(np.where(own > 2.0, random.uniform(0.5, 3.0, own.size), 0.0)) if squares else None
    form = form_of(own.tolist(), at_most=at_most, P=P, columns={"z": z, "g": g, "d": d})
    steps = []
    for t in range(HOURS):
        one = random_steps(seed + 10 * t, 4, rising)
        edges = np.interp(np.arange(5), [0, 4], [-5.0, 8.0]) + np.append(0.0, random.uniform(-0.5, 0.5, 4))
        steps.append(PriceSteps(edges, one.first, one.last))
    return Priced(form, z, random.uniform(0.5, 1.0, HOURS), random.choice([0.5, 1.0, 2.0], HOURS), steps)


def relaxed(priced: Priced) -> Relaxed:
    """The relaxation over all steps."""
    parts = [envelope(steps, 0, steps.count - 1) for steps in priced.steps]
    solved = Relaxation(priced).solve(parts, np.array([steps.middle for steps in priced.steps]))
    assert solved is not None
    return solved


def all_steps(priced: Priced) -> np.ndarray:
    return np.array([[k < steps.count for k in range(4)] for steps in priced.steps])


def best_of(plane: Plane, priced: Priced) -> float:
    counts = np.array([steps.count for steps in priced.steps])
    return plane.bound(np.zeros_like(counts), counts - 1)


KINDS = [(seed, rising, squares) for seed in range(6) for rising, squares in ((False, False), (True, seed % 2 == 0))]


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize(("seed", "rising", "squares"), KINDS)
def test_never_above_the_optimum(seed: int, rising: bool, squares: bool, tied: bool) -> None:
    """Refined planes bound what a look at every choice of steps finds, and are no worse than they were."""
    priced = buyer(seed, tied, rising, squares)
    solved, best = relaxed(priced), cheapest(priced)
    plane = plane_of(priced, solved)
    hours = Hours(priced)
    assert hours.serves
    fine = hours.refined(plane, solved, all_steps(priced))
    scale = 1e-5 * (1.0 + abs(best))
    assert best_of(plane, priced) - scale <= best_of(fine, priced) <= best + scale
    assert (fine.least >= plane.least).all()
    if not tied:
        assert best_of(fine, priced) == pytest.approx(best, abs=scale)


@pytest.mark.parametrize("seed", range(4))
def test_of_single_choices_too(seed: int) -> None:
    """On every step of one hour, the others anywhere: what is said is at most the best of those choices."""
    priced = buyer(seed, tied=True)
    solved = relaxed(priced)
    fine = Hours(priced).refined(plane_of(priced, solved), solved, all_steps(priced))
    counts = np.array([steps.count for steps in priced.steps])
    costs = fine.costs(np.zeros_like(counts), counts - 1)
    for k in range(HOURS):
        for step in range(counts[k]):
            one = priced.steps[k]
            held = PriceSteps(one.edges[step : step + 2], one.first[step : step + 1], one.last[step : step + 1])
            best = cheapest(replace(priced, steps=[held if j == k else s for j, s in enumerate(priced.steps)]))
            assert costs[k, step] <= best + 1e-5 * (1.0 + abs(best)) if np.isfinite(best) else True


def one_hour(most: float, edges: tuple[float, ...] = (-3.0, 0.0, 4.0, 8.0)) -> tuple[Priced, Relaxed]:
    """z + g = 6, 0 <= g <= most at 35 each; prices 5, 10, 30."""
    unit = np.eye(2)
    form = form_of(
        [0.0, 35.0],
        [(unit[0] + unit[1], 6.0)],
        [(-unit[1], 0.0), (unit[1], most)],
        columns={"z": ints(0), "g": ints(1)},
    )
    prices = np.array([5.0, 10.0, 30.0])
    priced = Priced(form, ints(0), np.ones(1), np.ones(1), [PriceSteps(np.array(edges), prices, prices)])
    return priced, relaxed(priced)


def test_values_of_steps_by_hand() -> None:
    """With 2.5 of its own z is 3.5 to 6: not below 0 at all, 4 at 10 and 2 at 35, or 6 at 30 (4 to 6: 30 < 35)."""
    priced, solved = one_hour(2.5)
    hours = Hours(priced)
    assert hours.hours is not None
    values = [hours._value(hours.hours[0], priced.form.q, 0, step) for step in range(3)]
    assert values[0] == np.inf
    assert values[1:] == pytest.approx([110.0, 180.0], abs=1e-4)
    fine = hours.refined(plane_of(priced, solved), solved, np.ones((1, 3), dtype=np.bool_))
    assert fine.value + fine.least[0, 1:] == pytest.approx([110.0, 180.0], abs=1e-3)
    assert fine.least[0, 0] == np.inf


def test_only_wanted_steps_are_looked_at() -> None:
    priced, solved = one_hour(2.5)
    plane = plane_of(priced, solved)
    fine = Hours(priced).refined(plane, solved, np.array([[False, True, False]]))
    assert fine.least[0, [0, 2]].tolist() == plane.least[0, [0, 2]].tolist()
    same = Hours(priced).refined(plane, solved, np.zeros((1, 3), dtype=np.bool_))
    np.testing.assert_array_equal(same.least, plane.least)


def test_an_hour_that_stops_the_solver_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the solver's word, the planes stay as they were and the search goes on to the same optimum."""
    from gridpact.programs.conic import Compiled

    priced, solved = one_hour(2.5)
    plane = plane_of(priced, solved)
    hours = Hours(priced)
    right = Compiled.answer

    def stopped(compiled: Compiled, form: StandardForm) -> object:
        return replace(right(compiled, form), status="stopped", word="InsufficientProgress")

    with monkeypatch.context() as patch:
        patch.setattr(Compiled, "answer", stopped)
        fine = hours.refined(plane, solved, np.ones((1, 3), dtype=np.bool_))
    np.testing.assert_array_equal(fine.least, plane.least)
    monkeypatch.setattr(Hours, "_solved", lambda *_: -np.inf)
    assert search(priced, 1e-6).cost == pytest.approx(110.0, abs=1e-3)


def test_a_form_without_names_is_served_only_as_one_hour() -> None:
    """Nothing says what belongs to which hour: two quantities of a block are one hour, which is not served."""
    tied = buyer(0, tied=True)
    bare = replace(tied, form=replace(tied.form, columns={}))
    assert not Hours(bare).serves
    assert Hours(tied).serves


def test_two_quantities_in_an_hour_are_not_served() -> None:
    unit = np.eye(2)
    form = form_of([0.0, 0.0], [(unit[0] + unit[1], 1.0)], columns={"z": np.array([[0], [1]])})
    flat = PriceSteps(np.array([-3.0, 3.0]), np.ones(1), np.ones(1))
    assert not Hours(Priced(form, ints(0, 1), np.ones(2), np.ones(2), [flat, flat])).serves


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("rising", [False, True])
def test_search_with_hours_equals_all_choices(seed: int, rising: bool) -> None:
    priced = buyer(seed, tied=True, rising=rising, squares=seed % 2 == 1)
    found, best = search(priced, 1e-6), cheapest(priced)
    assert found.cost == pytest.approx(best, abs=1e-5 * (1.0 + abs(best)))
    assert found.bound <= best + 1e-5 * (1.0 + abs(best))


def test_rows_that_tie_steps_go_and_others_stay() -> None:
    """The last two rows touch the d of all hours; without names nothing goes."""
    form = buyer(1, tied=True).form
    apart, kept = steps_apart(form)
    assert np.flatnonzero(~kept).tolist() == [form.b.size - 2, form.b.size - 1]
    assert apart.cones == (("nonnegative", form.b.size - 2),)
    np.testing.assert_array_equal(apart.A.toarray(), form.A.toarray()[kept])
    bare, all_kept = steps_apart(replace(form, columns={}))
    assert all_kept.all() and bare.b.size == form.b.size


def test_cones_are_never_cut() -> None:
    """A cone that touches two steps stays whole: only linear rows can be priced."""
    unit = np.eye(2)
    cone = [(np.zeros(2), 1.0), (unit[0], 0.0), (unit[1], 0.0)]
    form = form_of([1.0, 1.0], at_most=[(unit[0] + unit[1], 1.0)], cones=[cone], columns={"x": np.arange(2)})
    apart, kept = steps_apart(form)
    assert kept.tolist() == [False, True, True, True]
    assert apart.cones == (("second_order", 3),)


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(100, 160))
def test_many_never_above_the_optimum(seed: int) -> None:
    test_never_above_the_optimum(seed, seed % 2 == 0, seed % 3 == 0, seed % 5 != 0)
