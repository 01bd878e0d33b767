"""Representatives: energy is kept, bounds hold, night stays night; and what a mean day loses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq

from gridpact.errors import InputError
from gridpact.planning.scenarios.kmeans import partition
from gridpact.planning.scenarios.representatives import medoids, represent, shifted, stretched, with_energy


def test_stretched_by_hand() -> None:
    """(1, 2, 4) to the sum of 10 below 5: the last is held at 5, and 3 t = 5 for the others."""
    found = stretched(np.array([1.0, 2.0, 4.0]), np.full(3, 10.0 / 3.0), 0.0, 5.0)
    assert found == pytest.approx([5.0 / 3.0, 10.0 / 3.0, 5.0])


def test_shifted_by_hand() -> None:
    """(-1, 0, 4) to the sum of 6 between -1 and 5: c = 1 gives 0, 1, 5."""
    assert shifted(np.array([-1.0, 0.0, 4.0]), np.full(3, 2.0), -1.0, 5.0) == pytest.approx([0.0, 1.0, 5.0])


def test_night_stays_night_and_a_dark_day_becomes_the_mean() -> None:
    mean = np.array([0.0, 1.0, 3.0, 0.0])
    bright = stretched(np.array([0.0, 2.0, 1.0, 0.0]), mean, 0.0, 4.0)
    assert bright[[0, 3]].tolist() == [0.0, 0.0] and bright.sum() == pytest.approx(4.0)
    for dark in (np.zeros(4), np.array([0.0, 0.5, 0.0, 0.0])):
        assert np.array_equal(stretched(dark, mean, 0.0, 3.0), mean)


@given(st.integers(0, 100_000))
def test_energy_and_bounds_of_any_day(seed: int) -> None:
    random = np.random.default_rng(seed)
    for low in (0.0, -1.0):
        days = random.uniform(low, 1.0, (5, 24)) * (random.uniform(size=(5, 24)) < 0.8)
        shape, mean = days[0], days.mean(axis=0)
        found = (stretched if low == 0.0 else shifted)(shape, mean, days.min(), days.max())
        assert found.sum() == pytest.approx(mean.sum(), abs=1e-10)
        assert found.min() >= days.min() and found.max() <= days.max()


@given(st.integers(0, 100_000))
def test_the_level_is_the_root_that_bisection_finds(seed: int) -> None:
    days = np.random.default_rng(seed).uniform(-1.0, 1.0, (5, 24))
    shape, energy, low, high = days[0], days.mean(axis=0).sum(), days.min(), days.max()
    level = brentq(lambda c: np.clip(shape + c, low, high).sum() - energy, -3.0, 3.0, xtol=1e-14)
    found = shifted(shape, days.mean(axis=0), low, high)
    assert found == pytest.approx(np.clip(shape + level, low, high), abs=1e-9)


def test_a_medoid_with_the_right_energy_is_left_alone() -> None:
    shape = np.random.default_rng(0).uniform(0.0, 1.0, (1, 1, 24))
    assert with_energy(shape, shape.copy(), np.zeros(1), np.ones(1)) == pytest.approx(shape)


def test_medoids_by_hand() -> None:
    """0, 1, 5 have the mean 2: nearest is 1. 7 and 9 have the mean 8: the first of the two."""
    points = np.array([[0.0], [1.0], [5.0], [7.0], [9.0]])
    found = partition(points, np.array([0, 0, 0, 1, 1]), np.ones(5), 2)
    assert medoids(points, found).tolist() == [1, 3]


def test_the_three_representations() -> None:
    values = np.random.default_rng(2).uniform(0.0, 1.0, (6, 2, 24))
    points = values.reshape(6, -1)
    found = partition(points, np.array([0, 0, 0, 1, 1, 1]), np.ones(6), 2)
    means, nowhere = represent(values, points, found, "centroid")
    assert np.allclose(means[1], values[3:].mean(axis=0)) and nowhere.tolist() == [-1, -1]
    real, source = represent(values, points, found, "medoid")
    assert np.array_equal(real, values[source])
    scaled, same = represent(values, points, found, "energy_medoid")
    assert np.array_equal(same, source) and np.allclose(scaled.sum(axis=2), means.sum(axis=2), rtol=1e-12)
    with pytest.raises(InputError, match="energy_medoid, medoid, centroid"):
        represent(values, points, found, "median")
