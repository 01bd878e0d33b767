"""Equal objectives in place of complementarity: a lower bound with a stated error, and what happens without them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from gridpact.errors import InputError
from gridpact.programs.follower.bilevel import Bilevel
from gridpact.programs.follower.kkt import kkt_single_level
from gridpact.programs.follower.optimality_gap import optimality_gap
from gridpact.programs.follower.price_steps import PriceSteps
from gridpact.programs.follower.segments import equal_boxes, step_boxes
from gridpact.programs.follower.single_level import SingleLevel
from gridpact.programs.follower.single_solution import solve_single_level
from gridpact.programs.follower.strong_duality import primal_dual_single_level
from gridpact.programs.standard_form import StandardForm
from tests.programs.follower.posing import price_bid, random_payment
from tests.programs.follower.test_kkt import buyer

LOW, HIGH = np.array([1.0]), np.array([5.0])
CHEAP, DEAR = np.array([10.0]), np.array([50.0])


def without(form: StandardForm, name: str) -> StandardForm:
    """The form without the equalities of one name."""
    kept = np.setdiff1d(np.arange(form.b.size), form.rows[name])
    kind, size = form.cones[0]
    assert kind == "zero"
    return replace(
        form,
        A=sp.csc_array(sp.csr_array(form.A)[kept]),
        b=form.b[kept],
        cones=((kind, size - form.rows[name].size), *form.cones[1:]),
        rows={},
    )


def test_more_pieces_come_closer_from_below() -> None:
    """Four units at 50 cost 200; z = 4 lies between edges, its price is one of the box."""
    bilevel = buyer(own_price=300.0)
    found = [
        solve_single_level(primal_dual_single_level(bilevel, equal_boxes(LOW, HIGH, CHEAP, DEAR, pieces)), gap=1e-6)
        for pieces in (1, 3, 9, 27)
    ]
    lower = [solution.lower for solution in found]
    assert lower == sorted(lower)
    assert lower[-1] <= 200.0 + 1e-6
    assert lower[-1] >= 200.0 - 2.0


def test_the_stated_error_holds() -> None:
    """The product that the leader pays for is within the error of price times quantity, at any number of pieces."""
    for pieces in (1, 2, 5):
        single = primal_dual_single_level(buyer(own_price=300.0), equal_boxes(LOW, HIGH, CHEAP, DEAR, pieces))
        solution = solve_single_level(single, gap=1e-6)
        assert single.error == pytest.approx([40.0 * 4.0 / pieces / 4.0])
        paid = solution.upper - 300.0 * solution.x_leader[1]
        assert abs(paid - solution.price[0] * solution.x_leader[0]) <= single.error[0] + 1e-6


@pytest.mark.parametrize("seed", range(4))
def test_no_product_is_off_by_more_than_the_error(seed: int) -> None:
    """McCormick's envelope over a box: both of its sides at random points of it."""
    rng = np.random.default_rng(seed)
    ends = np.sort(rng.normal(size=(2, 3)), axis=0), np.sort(rng.normal(size=(2, 3)), axis=0)
    boxes = equal_boxes(*ends[0], *ends[1], pieces=1)
    z, price = (low + rng.random((1000, 3)) * (high - low) for low, high in ends)
    (a, c), (lo, hi) = ends
    below = np.maximum(lo * z + a * price - lo * a, hi * z + c * price - hi * c)
    above = np.minimum(hi * z + a * price - hi * a, lo * z + c * price - lo * c)
    assert np.all(price * z - below <= boxes.error + 1e-12)
    assert np.all(above - price * z <= boxes.error + 1e-12)


def test_pieces_are_cut_at_the_steps() -> None:
    """Steps of 10, 50 and 90, the last two of length 1: as many pieces have no error; with two, the smallest box."""
    steps = PriceSteps(np.array([0.0, 3.0, 4.0, 5.0]), np.array([10.0, 50.0, 90.0]), np.array([10.0, 50.0, 90.0]))
    for pieces in (3, 7):
        exact = step_boxes([steps], pieces)
        assert exact.z_low.tolist() == [0.0, 3.0, 4.0]
        assert exact.price_low.tolist() == exact.price_high.tolist() == [10.0, 50.0, 90.0]
        assert exact.error.tolist() == [0.0]
    coarse = step_boxes([steps, steps], 2)
    assert coarse.of.tolist() == [0, 0, 1, 1]
    assert coarse.z_high.tolist() == [3.0, 5.0] * 2
    assert coarse.price_low.tolist() == [10.0, 50.0] * 2
    assert coarse.price_high.tolist() == [10.0, 90.0] * 2
    assert coarse.error.tolist() == [2.0 * 40.0 / 4.0] * 2


def test_pieces_of_a_rising_price_are_halved() -> None:
    """From 10 to 50 along 4, then 60: four pieces, of which three share the slope; the first half is cut once more."""
    steps = PriceSteps(np.array([0.0, 4.0, 5.0]), np.array([10.0, 60.0]), np.array([50.0, 60.0]))
    boxes = step_boxes([steps], 4)
    assert boxes.z_low.tolist() == [0.0, 1.0, 2.0, 4.0]
    assert boxes.price_low.tolist() == [10.0, 20.0, 30.0, 60.0]
    assert boxes.price_high.tolist() == [20.0, 30.0, 50.0, 60.0]
    assert boxes.error.tolist() == [2.0 * 20.0 / 4.0]


def test_values_of_the_pieces_at_an_edge() -> None:
    """z = 3 has two prices: the piece is the one of the price that is asked for."""
    steps = PriceSteps(np.array([0.0, 3.0, 6.0]), np.array([10.0, 50.0]), np.array([10.0, 50.0]))
    values = step_boxes([steps, steps], 2).values(np.array([3.0, 3.0]), np.array([10.0, 50.0]))
    assert values["d"].tolist() == [1.0, 0.0, 0.0, 1.0]
    assert values["z_part"].tolist() == [3.0, 0.0, 0.0, 3.0]
    assert values["price_part"].tolist() == [10.0, 0.0, 0.0, 50.0]
    assert values["product"].tolist() == [30.0, 150.0]


def test_prices_known_piece_by_piece_leave_no_error() -> None:
    """With an edge where the price steps, each piece has one price: the relaxation is exact."""
    bilevel = buyer(own_price=300.0)
    prices = np.array([[10.0, 50.0]])
    single = primal_dual_single_level(bilevel, equal_boxes(LOW, HIGH, prices, prices, 2))
    solution = solve_single_level(single)
    assert single.error.tolist() == [0.0]
    assert solution.upper == pytest.approx(200.0, abs=1e-5)
    assert optimality_gap(bilevel, solution.x_leader, solution.y, solution.price).is_within(1e-5)


@pytest.mark.parametrize("seed", range(3))
def test_lower_bound_of_a_quadratic_follower(seed: int) -> None:
    """The row as a cone. On these programs the bound misses the optimum by less than the payment may be off."""
    bilevel = random_payment(seed, hours=2, quadratic=True)
    exact = solve_single_level(kkt_single_level(bilevel), gap=1e-6)
    ends = -3.0 * bilevel.scale, 9.0 * bilevel.scale
    single = primal_dual_single_level(bilevel, equal_boxes(*ends, np.full(2, -10.0), np.full(2, 130.0), 16))
    relaxed = solve_single_level(single, gap=1e-5)
    assert relaxed.lower <= exact.upper + 1e-6 * abs(exact.upper)
    assert relaxed.lower >= exact.upper - bilevel.weights @ single.error


def caught(bilevel: Bilevel, single: SingleLevel) -> bool:
    """Whether re-solving the follower shows that the answer or the price is none of its own."""
    solution = solve_single_level(single)
    gap = optimality_gap(bilevel, solution.x_leader, solution.y, solution.price)
    assert gap.violation <= 1e-5, "the point is feasible: nothing but the gaps tells"
    return not gap.is_within(1.0)


def test_leaving_out_the_equal_objectives_is_caught() -> None:
    """Primal and dual feasibility alone let the leader choose a price that no optimum has."""
    bilevel = buyer(own_price=300.0)
    single = primal_dual_single_level(bilevel, equal_boxes(LOW, HIGH, CHEAP, DEAR, 8))
    fewer = replace(single, form=without(single.form, "equal objectives"))
    assert solve_single_level(fewer).upper < 100.0, "four units at 10 each, which the follower never sells"
    assert caught(bilevel, fewer)


def test_leaving_out_complementarity_is_caught() -> None:
    """The payment written without its product is right only where complementarity is enforced."""
    bilevel = buyer(own_price=300.0)
    single = kkt_single_level(bilevel)
    assert not caught(bilevel, single)
    loose = replace(single, pairs=np.zeros((0, 2), dtype=np.int64), high=np.where(single.low == 0.0, 1e3, np.inf))
    assert caught(bilevel, loose)


def test_refusals() -> None:
    def refused(bilevel: Bilevel, *ends: np.ndarray, segments: int = 4) -> str:
        with pytest.raises(InputError) as error:
            primal_dual_single_level(bilevel, equal_boxes(*ends, segments))
        return str(error.value)

    assert "bids" in refused(price_bid(), LOW, HIGH, CHEAP, DEAR)
    assert "at least 1, not 0" in refused(buyer(), LOW, HIGH, CHEAP, DEAR, segments=0)
    assert "range of the quantities" in refused(buyer(), HIGH, LOW, CHEAP, DEAR)
    assert "range of the prices" in refused(buyer(), LOW, HIGH, CHEAP, np.array([np.inf]))
