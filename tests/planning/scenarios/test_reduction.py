"""Reduction: probabilities sum to one, means stay, forward selection against its definition and brute force."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from gridpact.errors import InputError
from gridpact.planning.scenarios.distributions import Demand, Sun, Wind
from gridpact.planning.scenarios.parametric import Scenarios, grid_scenarios, sample_scenarios
from gridpact.planning.scenarios.reduction import forward_selection, reduce_scenarios

MODELS = {"wind": Wind(2.0, 8.0), "sun": Sun(2.0, 3.0), "load": Demand(0.6, 0.1)}


def left(points, probability, kept) -> float:
    return float(probability @ cdist(points, points[list(kept)]).min(axis=1))


def test_forward_selection_by_hand() -> None:
    """On the line 0, 1, 2, 10 with equal probability: first 1 (1 + 0 + 1 + 9), then 10, leaving 1/4 + 1/4."""
    points, probability = np.array([[0.0], [1.0], [2.0], [10.0]]), np.full(4, 0.25)
    kept, labels, distance = forward_selection(points, probability, 2)
    assert kept.tolist() == [1, 3] and labels.tolist() == [0, 0, 0, 1] and distance == pytest.approx(0.5)


@given(st.integers(0, 10_000))
def test_forward_selection_by_definition(seed: int) -> None:
    """Every choice is the best next one; the first is the best single one; greedy is never better than the best set."""
    random = np.random.default_rng(seed)
    points, probability = random.normal(size=(9, 2)), random.dirichlet(np.ones(9))
    kept, labels, distance = forward_selection(points, probability, 3)
    for step in range(3):
        before = kept[:step].tolist()
        best = min(left(points, probability, [*before, u]) for u in range(9) if u not in before)
        assert left(points, probability, kept[: step + 1]) == pytest.approx(best, rel=1e-9)
    assert distance == pytest.approx(left(points, probability, kept), rel=1e-6, abs=1e-7)
    assert distance >= min(left(points, probability, few) for few in combinations(range(9), 3)) - 1e-7
    assert labels[kept].tolist() == [0, 1, 2]


@pytest.mark.parametrize("method", ["clusters", "forward"])
def test_probabilities_sum_to_one_and_more_scenarios_leave_less(method: str) -> None:
    grid = grid_scenarios(MODELS, 6, hours=1)
    found = [reduce_scenarios(grid, k, method=method) for k in (1, 3, 10, 30)]
    for k, reduced in zip((1, 3, 10, 30), found, strict=True):
        assert reduced.scenarios.values.shape == (k, 3, 1) and reduced.labels.shape == (216,)
        assert reduced.scenarios.probability.sum() == pytest.approx(1.0, rel=1e-14)
        assert (reduced.scenarios.probability > 0.0).all()
    assert (np.diff([reduced.distance for reduced in found]) < 0.0).all()


def test_clusters_keep_every_expected_value() -> None:
    many = sample_scenarios(MODELS, 300, seed=2)
    few = reduce_scenarios(many, 7).scenarios
    assert few.mean == pytest.approx(many.mean, rel=1e-12) and few.names == many.names


def test_forward_selection_keeps_scenarios_as_they_were() -> None:
    many = sample_scenarios(MODELS, 60, seed=2)
    few = reduce_scenarios(many, 5, method="forward").scenarios
    assert all((many.values == scenario).all(axis=(1, 2)).any() for scenario in few.values)


def test_equal_scenarios_are_one() -> None:
    """Three different ones twice each: three are left, with the probability of both."""
    values = np.repeat(np.arange(3.0), 2)[:, None, None] * np.ones((1, 1, 4))
    twice = Scenarios(values, np.array([0.1, 0.2, 0.3, 0.1, 0.2, 0.1]), ("a",))
    for method in ("clusters", "forward"):
        reduced = reduce_scenarios(twice, 3, method=method)
        assert sorted(reduced.scenarios.probability.tolist()) == pytest.approx([0.3, 0.3, 0.4])
        assert reduced.distance == pytest.approx(0.0, abs=1e-12)
        with pytest.raises(InputError):
            reduce_scenarios(twice, 4, method=method)


def test_bad_requests_are_refused() -> None:
    many = sample_scenarios({"load": Demand(0.5, 0.1)}, 5001, seed=0, hours=1)
    for k, method, message in (
        (3, "backward", "method"),
        (3, "forward", "too many"),
        (0, "forward", "number"),
        (2.0, "clusters", "number"),
    ):
        with pytest.raises(InputError, match=message):
            reduce_scenarios(many, k, method=method)
