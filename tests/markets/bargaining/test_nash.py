"""The closed form is the maximum of the Nash product, by a cone solver and by the axioms that single it out."""

from __future__ import annotations

import math
import warnings

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gridpact.errors import InputError
from gridpact.markets.bargaining.nash import Deal, NoDeal, nash

Floats = NDArray[np.float64]


def shared(benefits: Floats | list[float], weights: Floats | None = None, kept: Floats | None = None) -> Deal:
    deal = nash(benefits, weights, kept)
    assert isinstance(deal, Deal)
    return deal


def log_program(
    agreed: Floats,
    disagreed: Floats,
    weights: Floats,
    scale: Floats | None = None,
    shift: Floats | None = None,
    among: tuple[Floats, Floats] | None = None,
) -> Floats:
    """Receipts that maximise sum w log(utility - utility without agreement), by interior points from the equal split.

    A party's utility is ``scale`` times its money plus ``shift``; its gain may be confined to an interval ``among``.
    """
    a, s = np.ones(weights.size) if scale is None else scale, np.zeros(weights.size) if shift is None else shift
    unit = (disagreed - agreed).sum() / weights.size
    start = unit - (disagreed - agreed)
    move = cp.Variable(weights.size)  # in units of the mean gain
    utility = [a * (start - agreed) + s, a * -disagreed + s]
    gain = cp.multiply(a, move) + (utility[0] - utility[1]) / unit
    limits = [] if among is None else [move >= among[0] / unit - 1.0, move <= among[1] / unit - 1.0]
    problem = cp.Problem(cp.Maximize(weights / weights.sum() @ cp.log(gain)), [cp.sum(move) == 0, *limits])
    solve_accurately(problem)
    return np.asarray(start + unit * move.value)


def solve_accurately(problem: cp.Problem) -> None:
    """To a gap of 1e-12, since the argument is known to the root of it only; with shorter steps where that stalls."""
    for fraction in (0.99, 0.95, 0.9, 0.8):
        options = {"tol_gap_abs": 1e-12, "tol_gap_rel": 1e-12, "tol_feas": 1e-12, "max_step_fraction": fraction}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of an inaccurate solution
            problem.solve(solver=cp.CLARABEL, **options)
        if problem.status == cp.OPTIMAL:
            return
    raise AssertionError(problem.status)


@st.composite
def markets(draw: st.DrawFn) -> tuple[Floats, Floats]:
    """Benefits and weights of two to six parties, some of whom may lose before payments; a surplus of 0.1 to 100."""
    n = draw(st.integers(2, 6))
    benefits = np.array(draw(st.lists(st.floats(-100.0, 100.0), min_size=n, max_size=n)))
    benefits[-1] = draw(st.floats(0.1, 100.0)) - benefits[:-1].sum()
    weights = np.array(draw(st.lists(st.floats(0.1, 10.0), min_size=n, max_size=n)))
    return benefits, weights


def close(surplus: float, tolerance: float = 1e-9) -> float:
    return tolerance * surplus + 1e-12


def test_two_parties_by_hand() -> None:
    """Ten saved here, four lost there: six are shared, so seven change hands; with weights 2 to 1 it is six."""
    deal = shared([10.0, -4.0])
    assert (deal.surplus, deal.gains.tolist(), deal.receipts.tolist()) == (6.0, [3.0, 3.0], [-7.0, 7.0])
    assert shared([10.0, -4.0], np.array([2.0, 1.0])).receipts == pytest.approx([-6.0, 6.0])


def test_an_operator_that_only_earns_fees() -> None:
    """It carried a cost of 1 and keeps a gain of 2, so it receives 3; the two others share 8 - 1 - 2 = 5."""
    deal = shared([-1.0, 5.0, 3.0], np.array([0.0, 1.0, 1.0]), np.array([2.0, 0.0, 0.0]))
    assert deal.surplus == 5.0
    assert deal.gains.tolist() == [2.0, 2.5, 2.5]
    assert deal.receipts.tolist() == [3.0, -2.5, -0.5]


@pytest.mark.parametrize(
    ("benefits", "kept"),
    [
        ([3.0, -3.0], None),
        ([3.0, -4.0], None),
        ([0.0, 0.0], None),
        ([0.1, 0.2, -0.3], None),  # 2.8e-17 in doubles
        ([1e6, -1e6 + 1e-9, 0.0], None),  # below the rounding of a million
        ([2.0, 1.0], [0.0, 3.0]),  # all of it is kept
    ],
)
def test_nothing_to_share_is_no_deal(benefits: list[float], kept: list[float] | None) -> None:
    outcome = nash(benefits, kept=kept)
    assert isinstance(outcome, NoDeal)
    assert outcome.surplus == math.fsum([*benefits, *(-x for x in kept or [])])
    assert "the parties together gain" in outcome.reason


def test_a_small_gain_is_a_deal_where_costs_are_known_well() -> None:
    """A cent of a million is far above rounding; who knows costs to 1e-6 only can say so."""
    benefits = [1e6, 0.01 - 1e6]
    assert isinstance(nash(benefits), Deal)
    assert isinstance(nash(benefits, rounding=1e-6), NoDeal)


@pytest.mark.parametrize("seed", range(60))
def test_equals_the_numerical_log_program(seed: int) -> None:
    """Within 1e-6 of the surplus, for up to twelve parties of unequal weights whose benefits exceed the surplus."""
    random = np.random.default_rng(seed)
    n = int(random.integers(2, 13))
    disagreed, saving = random.normal(0.0, 100.0, n), random.normal(0.0, 30.0, n)
    surplus, weights = 10.0 ** random.uniform(0, 3), random.uniform(0.2, 5.0, n)
    agreed = disagreed - saving - (surplus - saving.sum()) / n
    deal = shared(disagreed - agreed, weights)
    assert deal.surplus == pytest.approx(surplus, rel=1e-9)
    assert np.abs(deal.receipts - log_program(agreed, disagreed, weights)).max() <= 1e-6 * surplus


@given(markets(), st.randoms(use_true_random=False))
def test_symmetry(market: tuple[Floats, Floats], random: object) -> None:
    """The roster's order is nothing to the gains, and parties of the same weight gain the same."""
    benefits, weights = market
    order = np.arange(benefits.size)
    random.shuffle(order)  # type: ignore[attr-defined]
    deal, turned = shared(benefits, weights), shared(benefits[order], weights[order])
    assert turned.gains == pytest.approx(deal.gains[order], abs=close(deal.surplus))
    assert np.ptp(shared(benefits).gains) == 0.0


@given(markets())
def test_pareto_and_individually_rational(market: tuple[Floats, Floats]) -> None:
    """Payments sum to zero, so that gains sum to all that there is; and everyone gains."""
    deal = shared(*market)
    size = np.abs(market[0]).sum()
    assert abs(math.fsum(deal.receipts)) <= 1e-13 * size
    assert math.fsum(deal.gains) == pytest.approx(deal.surplus, rel=1e-12)
    assert deal.gains.min() > 0.0


@given(markets(), st.integers(0, 2**32 - 1))
def test_no_other_payments_have_a_larger_product(market: tuple[Floats, Floats], seed: int) -> None:
    benefits, weights = market
    deal = shared(benefits, weights)
    others = deal.surplus * np.random.default_rng(seed).dirichlet(np.ones(benefits.size), 50)
    with np.errstate(divide="ignore"):
        product = np.log(others) @ deal.weights
    assert product.max() <= np.log(deal.gains) @ deal.weights + 1e-12


@given(markets(), st.floats(1e-3, 1e3))
def test_the_unit_of_money_is_nothing(market: tuple[Floats, Floats], unit: float) -> None:
    benefits, weights = market
    deal, other = shared(benefits, weights), shared(unit * benefits, weights)
    assert other.gains == pytest.approx(unit * deal.gains, rel=1e-9)


@settings(max_examples=25)
@given(markets(), st.integers(0, 2**32 - 1))
def test_scale_and_origin_of_a_utility_are_nothing(market: tuple[Floats, Floats], seed: int) -> None:
    """Each party's utility under a positive affine map of its own: the same payments maximise the product."""
    benefits, weights = market
    random = np.random.default_rng(seed)
    scale, shift, agreed = random.uniform(0.2, 5.0, (3, benefits.size)) * np.array([[1.0], [4.0], [20.0]])
    deal = shared(benefits, weights)
    found = log_program(agreed, benefits + agreed, weights, scale, shift)
    assert np.abs(found - deal.receipts).max() <= 1e-6 * deal.surplus


@settings(max_examples=25)
@given(markets(), st.integers(0, 2**32 - 1))
def test_alternatives_that_nobody_chose_are_nothing(market: tuple[Floats, Floats], seed: int) -> None:
    """Confine every gain to an interval that still holds the solution: it stays the solution."""
    benefits, weights = market
    random = np.random.default_rng(seed)
    deal = shared(benefits, weights)
    margin = deal.surplus * random.choice([0.003, 0.03, 0.3], (2, benefits.size))
    among = (deal.gains - margin[0], deal.gains + margin[1])
    found = log_program(np.zeros(benefits.size), benefits, weights, among=among)
    assert np.abs(found - deal.receipts).max() <= 1e-6 * deal.surplus


def test_alternatives_count_where_they_exclude_the_solution() -> None:
    """The check above can fail: with at most 2 of 6 for the first party the solution moves from 3, 3 to 2, 4."""
    among = (np.zeros(2), np.array([2.0, 6.0]))
    found = log_program(np.zeros(2), np.array([10.0, -4.0]), np.ones(2), among=among)
    assert found == pytest.approx([-8.0, 8.0], abs=1e-5)


@given(markets(), st.floats(0.1, 10.0))
def test_a_party_without_benefit_is_paid_its_part(market: tuple[Floats, Floats], weight: float) -> None:
    """It bargains, so it gets its weight of the surplus; what the others gain keeps its proportions."""
    benefits, weights = market
    deal, more = shared(benefits, weights), shared(np.append(benefits, 0.0), np.append(weights, weight))
    part = weight / (weights.sum() + weight)
    assert more.surplus == pytest.approx(deal.surplus)
    assert more.receipts[-1] == more.gains[-1] == pytest.approx(part * deal.surplus)
    assert more.gains[:-1] == pytest.approx((1.0 - part) * deal.gains)


@given(markets(), st.floats(0.01, 10.0), st.integers(0, 5))
def test_everyone_gains_from_a_larger_surplus(market: tuple[Floats, Floats], more: float, place: int) -> None:
    """Whoever's benefit grows, all gain from it: each its weight of it."""
    benefits, weights = market
    larger = benefits.copy()
    larger[place % benefits.size] += more
    deal, better = shared(benefits, weights), shared(larger, weights)
    assert better.gains - deal.gains == pytest.approx(deal.weights * more, rel=1e-6)


@given(markets())
def test_twice_the_weights_are_the_same(market: tuple[Floats, Floats]) -> None:
    benefits, weights = market
    assert np.array_equal(shared(benefits, weights).receipts, shared(benefits, 2.0 * weights).receipts)


def test_any_size_of_weights() -> None:
    """Only their ratios count, even where their sum is beyond all doubles."""
    assert shared([10.0, -4.0], np.array([1e308, 1e308])).gains.tolist() == [3.0, 3.0]
    assert shared([10.0, -4.0], np.array([2e-308, 1e-308])).gains == pytest.approx([4.0, 2.0])


@given(markets())
def test_two_parties_merged_gain_what_they_gained_apart(market: tuple[Floats, Floats]) -> None:
    """With the sum of their weights: so several microgrids of one owner bargain as one, and no better."""
    benefits, weights = market
    deal = shared(benefits, weights)
    merged = shared(np.append(benefits[2:], benefits[:2].sum()), np.append(weights[2:], weights[:2].sum()))
    assert merged.gains[-1] == pytest.approx(deal.gains[:2].sum(), abs=close(deal.surplus))
    assert merged.gains[:-1] == pytest.approx(deal.gains[2:], abs=close(deal.surplus))


@given(markets(), st.floats(0.0, 0.9))
def test_kept_gains_come_first(market: tuple[Floats, Floats], part: float) -> None:
    """What the first party keeps without bargaining leaves the others a market with so much less."""
    benefits, weights = market
    rest = benefits[1:] * 1.0
    rest[0] += benefits[0]
    keeps = part * shared(benefits).surplus
    w, m = weights.copy(), np.zeros(benefits.size)
    w[0], m[0] = 0.0, keeps
    deal = shared(benefits, w, m)
    rest[0] -= keeps
    assert deal.gains[0] == keeps
    assert deal.gains[1:] == pytest.approx(shared(rest, weights[1:]).gains, rel=1e-9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([],), r"benefits has the shape \(0,\)"),
        (([[1.0, 2.0]],), r"benefits has the shape \(1, 2\)"),
        (([1.0, np.nan],), "benefits has an entry that is not finite"),
        (([1.0, 2.0], [1.0]), r"weights has the shape \(1,\).*2 numbers"),
        (([1.0, 2.0], [1.0, -1.0]), "weights has the negative entry -1"),
        (([1.0, 2.0], [0.0, 0.0]), "all weights are zero"),
        (([1.0, 2.0], None, [-1.0, 0.0]), "kept has the negative entry -1"),
        (([1.0, 2.0], None, [np.inf, 0.0]), "kept has an entry that is not finite"),
    ],
)
def test_what_is_no_market_is_refused(arguments: tuple[object, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        nash(*arguments)  # type: ignore[arg-type]
