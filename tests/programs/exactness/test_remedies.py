"""The remedies one by one on hard districts, and the smallest penalty."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from gridpact.programs.exactness.convex_concave import convex_concave
from gridpact.programs.exactness.cuts import cut_form, cuts
from gridpact.programs.exactness.penalty import ACCURACY, loss_directions, penalty
from gridpact.programs.exactness.point import Point, kkt_residual, own_linearisation
from gridpact.programs.exactness.sequential import sequential
from gridpact.programs.exactness.tight import Tight
from gridpact.programs.solve import solve
from tests.hard import hard_case, settings
from tests.hard_reference import expected
from tests.programs.exactness.posing import Posed, posed, sunny_pair

HARD = ["ieee33-00-cap", "ieee33-10-cap", "ieee33-11-negative", "nodes15-01-negative", "synthetic60-01-negative"]
# How much dearer than the best known point each remedy may end here, as a share of the value at stake.
DEARER = {"sequential": 1e-6, "penalty": 0.5, "convex_concave": 0.02, "cuts": 0.02}


@cache
def hard(name: str) -> Posed:
    setting = next(setting for setting in settings() if setting.name == name)
    return posed(hard_case(setting))


def by_sequential(case: Posed, tight: Tight) -> Point:
    points = [sequential(tight, ratios) for ratios in (np.zeros((2, tight.size)), tight.ratios(case.relaxed.x))]
    return min(points, key=lambda point: point.cost)


def by_penalty(case: Posed, tight: Tight) -> Point:
    return penalty(tight, case.weights.ravel(), case.groups.ravel())[0]


def by_convex_concave(case: Posed, tight: Tight) -> Point:
    return convex_concave(tight, np.zeros((2, tight.size)))


def by_cuts(case: Posed, tight: Tight) -> Point:
    return cuts(tight, tight.ratios(case.relaxed.x))


REMEDIES: dict[str, Callable[[Posed, Tight], Point]] = {
    "sequential": by_sequential,
    "penalty": by_penalty,
    "convex_concave": by_convex_concave,
    "cuts": by_cuts,
}


@pytest.mark.parametrize("name", HARD)
@pytest.mark.parametrize("remedy", REMEDIES)
def test_a_remedy_reaches_an_exact_point(remedy: str, name: str) -> None:
    case, known = hard(name), expected()[name]
    tight = case.tight
    assert tight.gap(case.relaxed.x).max() > 1e-3
    point = REMEDIES[remedy](case, tight)
    at_stake = max(abs(known["best_cost"]), known["purchases"])
    assert point.status == "exact"
    assert np.abs(tight.gap(point.x)).max() <= 1e-6
    assert point.cost >= case.relaxed.cost - 1e-6 * at_stake
    assert point.cost <= known["best_cost"] + DEARER[remedy] * at_stake


@pytest.mark.parametrize("name", HARD)
def test_the_sequential_remedy_ends_in_a_kkt_point(name: str) -> None:
    case = hard(name)
    point = by_sequential(case, case.tight)
    assert point.z is not None
    form, s = own_linearisation(case.tight, point.x)
    assert kkt_residual(form, point.x, s, point.z) <= 1e-6


def test_the_linearisation_is_solved_by_the_point_itself() -> None:
    """A second way to the same: the linearised program, solved anew, is no cheaper."""
    case = hard("ieee33-11-negative")
    point = by_sequential(case, case.tight)
    form, _ = own_linearisation(case.tight, point.x)
    assert solve(form).cost == pytest.approx(point.cost, rel=1e-6)


def test_the_penalty_is_the_smallest_up_to_its_accuracy() -> None:
    """Exact at the price found, not exact at a price smaller by a bit more than the accuracy of the bisection."""
    case = posed(sunny_pair())
    tight = case.tight
    weights, groups = case.weights.ravel(), case.groups.ravel()
    point, price = penalty(tight, weights, groups)
    direction = loss_directions(tight, weights, groups)

    def gap_at(share: float) -> float:
        form = replace(case.form, q=case.form.q + direction @ (share * price))
        return float(tight.gap(solve(form).x).max())

    assert point.status == "exact"
    assert gap_at(1.0) <= 1e-6
    assert gap_at(1.0 / (1.01 * ACCURACY)) > 1e-3


def test_the_direction_of_losses_is_their_gradient() -> None:
    """weight x l, summed per group, is linear in x: differences are exact."""
    case = hard("nodes15-01-negative")
    tight = case.tight
    weights, groups = np.random.default_rng(0).uniform(size=tight.size), np.arange(tight.size) % 3
    directions = loss_directions(tight, weights, groups)
    x, step = case.relaxed.x, np.random.default_rng(1).normal(size=case.relaxed.x.size)

    def losses(at: np.ndarray) -> list[float]:
        s = tight.slack(at)
        return [float((weights * (s[0] - s[1]) / 2.0)[groups == group].sum()) for group in range(3)]

    assert directions.T @ step == pytest.approx(np.subtract(losses(x + step), losses(x)))


def test_groups_have_prices_of_their_own() -> None:
    """Two hours, one with sun: the dark one needs no price."""
    dark_and_bright = sunny_pair().with_profiles({})
    case = replace(dark_and_bright, steps=2)
    case = case.with_profiles({"renewables/pv/p_mw": [0.0, 10.0]})
    both = posed(case)
    point, prices = penalty(both.tight, both.weights.ravel(order="C"), both.groups.ravel(order="C"))
    assert point.status == "exact"
    assert prices[0] == 0.0
    assert prices[1] > 0.0


def test_cuts_hold_for_tight_points_nearby() -> None:
    """An exact point within |w - a u| <= delta u satisfies the cuts at a; one farther away does not."""
    case = hard("ieee33-10-cap")
    tight = case.tight
    x = by_sequential(case, tight).x
    random = np.random.default_rng(0)
    shift = random.normal(size=(2, tight.size))
    shift *= 0.1 / np.linalg.norm(shift, axis=0)
    for width, holds in ((0.1001, True), (0.0999, False)):
        form = cut_form(tight, tight.ratios(x) + shift, width)
        left = (form.b - form.A @ x)[-tight.size :]
        assert (left >= -1e-9).all() == holds


def test_the_convex_concave_cost_never_rises() -> None:
    """With a fixed charge tau the sum of cost and tau x gaps falls from step to step (Lipp and Boyd)."""
    case = hard("ieee33-00-cap")
    tight, tau = case.tight, 50.0
    a, values = np.zeros((2, tight.size)), []
    for _ in range(6):
        G, _ = tight.tangent(a)
        x = solve(replace(case.form, q=case.form.q - tau * np.asarray(G.sum(axis=0)).ravel())).x
        values.append(case.form.cost(x) + tau * tight.gap(x).sum())
        a = tight.ratios(x)
    assert (np.diff(values) <= 1e-6).all()
