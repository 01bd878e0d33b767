"""Water on its way: delays and decay by hand, a fine simulation, conservation of heat."""

from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gridpact.physics.heat.transport import Linear, Water, contents, outlets, steady

Floats = NDArray[np.float64]
HOUR = 3600.0


def water(
    mass: float, flow: list[float], rate: float, ambient: list[float] | float = 10.0, initial: float = np.nan
) -> Water:
    around = np.broadcast_to(np.asarray(ambient, dtype=float), len(flow))[None].copy()
    return Water(np.array([mass]), np.array([flow]), np.array([rate]), around, np.array([initial]))


def whole(matter: Water) -> NDArray[np.int64]:
    return np.array([0, matter.flow.shape[1]])


def test_water_without_losses_arrives_late_and_mixed() -> None:
    """1.5 h in the pipe: each hour brings half of the water of one hour ago and half of that of two hours ago."""
    pipe = water(5400.0, [1.0] * 4, 0.0)
    assert outlets(pipe, HOUR, whole(pipe))(np.array([[10.0, 20.0, 40.0, 80.0]]))[0] == pytest.approx([60, 45, 15, 30])


def test_a_pipe_that_is_passed_within_the_step() -> None:
    """A quarter of an hour: three quarters of this hour's water and a quarter of the last one's."""
    pipe = water(900.0, [1.0, 1.0], 0.0)
    assert outlets(pipe, HOUR, whole(pipe))(np.array([[40.0, 80.0]]))[0] == pytest.approx([50.0, 70.0])


def test_constant_temperatures_cool_as_in_the_steady_state() -> None:
    """T_out = Ta + (T_in - Ta) exp(-a mass / flow) for every delay."""
    for mass in (100.0, 5000.0, 30_000.0):
        pipe = water(mass, [2.0] * 6, 2e-5)
        entering = np.full((1, 6), 80.0)
        expected = 10.0 + 70.0 * np.exp(-2e-5 * mass / 2.0)
        assert outlets(pipe, HOUR, whole(pipe))(entering) == pytest.approx(np.full((1, 6), expected))
        assert steady(pipe)(entering) == pytest.approx(np.full((1, 6), expected))


def test_the_beginning_may_be_given() -> None:
    """Two hours of water at 50 degrees leave first; then comes what entered."""
    pipe = water(7200.0, [1.0] * 4, 0.0, initial=50.0)
    assert outlets(pipe, HOUR, whole(pipe))(np.array([[80.0, 70.0, 60.0, 60.0]]))[0] == pytest.approx([50, 50, 80, 70])


def test_windows_go_round_by_themselves() -> None:
    """Two windows of two hours: the water of the last hour of each comes out in its first."""
    pipe = water(3600.0, [1.0] * 4, 0.0)
    linear = outlets(pipe, HOUR, np.array([0, 2, 4]))
    assert linear(np.array([[10.0, 20.0, 30.0, 40.0]]))[0] == pytest.approx([20.0, 10.0, 40.0, 30.0])


def test_water_at_rest_takes_the_temperature_of_the_ground() -> None:
    pipe = water(1000.0, [1.0, 0.0], 1e-4)
    assert steady(pipe)(np.array([[80.0, 80.0]]))[0, 1] == 10.0


def simulated(pipe: Water, entering: Floats, pieces: int, days: int) -> tuple[Floats, Floats]:
    """Mean outlet temperature and kg degC inside, by pieces of water that cool in small steps of time."""
    inside = deque([[pipe.mass[0], 50.0]])
    flow, seconds = pipe.flow[0], HOUR / pieces
    out, held = np.zeros_like(flow), np.zeros_like(flow)
    for step in [k for _ in range(days) for k in range(flow.size)]:
        gone = 0.0
        for _ in range(pieces):
            around, kept = pipe.ambient[0, step], np.exp(-pipe.rate[0] * seconds)
            inside = deque([mass, around + (degrees - around) * kept] for mass, degrees in inside)
            inside.append([flow[step] * seconds, entering[step]])
            due = flow[step] * seconds
            while due > 1e-9:
                mass = min(due, inside[0][0])
                gone += mass * inside[0][1]
                inside[0][0] -= mass
                due -= mass
                if inside[0][0] <= 1e-9:
                    inside.popleft()
        out[step] = gone / (flow[step] * HOUR)
        held[step] = sum(mass * degrees for mass, degrees in inside)
    return out, held


@pytest.mark.parametrize("mass", [9_000.0, 100_000.0])
def test_a_simulation_in_small_pieces_agrees(mass: float) -> None:
    """Varying flow, ambient and inlet; an error of the first order in the size of the pieces.

    The larger mass is what passes in nearly three windows of six hours.
    """
    random = np.random.default_rng(3)
    pipe = water(mass, random.uniform(1.0, 2.5, 6).tolist(), 3e-5, random.uniform(0.0, 15.0, 6).tolist())
    entering = random.uniform(60.0, 90.0, 6)
    exact = outlets(pipe, HOUR, whole(pipe))(entering[None])[0], contents(pipe, HOUR, whole(pipe))(entering[None])[0]
    coarse, fine = (simulated(pipe, entering, pieces, 6) for pieces in (40, 160))
    for k, scale in ((0, 1.0), (1, pipe.mass[0])):
        assert np.abs(fine[k] - exact[k]).max() < 0.05 * scale
        assert np.abs(fine[k] - exact[k]).max() < 0.35 * np.abs(coarse[k] - exact[k]).max()


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 100_000))
def test_heat_is_kept(seed: int) -> None:
    """What enters less what leaves is what is stored, where nothing is lost; and over a period in any case is lost."""
    random = np.random.default_rng(seed)
    steps = int(random.integers(1, 9))
    pipe = water(float(10.0 ** random.uniform(1, 5)), random.uniform(0.1, 5.0, steps).tolist(), 0.0)
    entering = random.uniform(30.0, 90.0, (1, steps))
    left, held = (rule(pipe, HOUR, whole(pipe))(entering) for rule in (outlets, contents))
    stored = held - np.roll(held, 1, axis=1)
    assert np.abs(HOUR * pipe.flow * (entering - left) - stored).max() <= 1e-6 * np.abs(held).max()


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 100_000))
def test_outlets_are_means_of_inlets_and_the_ground(seed: int) -> None:
    """No water is hotter than the hottest that entered, nor colder than the coldest and the ground."""
    random = np.random.default_rng(seed)
    steps = int(random.integers(1, 9))
    around = random.uniform(-5.0, 15.0, steps).tolist()
    pipe = water(
        10.0 ** random.uniform(1, 5), random.uniform(0.1, 5.0, steps).tolist(), 10.0 ** random.uniform(-7, -3), around
    )
    linear: Linear = outlets(pipe, HOUR, whole(pipe))
    left = linear(random.uniform(30.0, 90.0, (1, steps)))
    assert left.max() <= 90.0
    assert left.min() >= min(around)
    assert (linear.matrix.toarray() >= 0.0).all()
    assert (linear.matrix.sum(axis=1) <= 1.0 + 1e-9).all()


def test_water_that_stays_for_ages_comes_out_in_its_phase() -> None:
    """A million windows and a quarter in a lossless pipe: as after a quarter of a window."""
    entering = np.array([[10.0, 20.0, 40.0, 80.0]])
    for rounds in (0, 1, 7, 1_000_000):
        pipe = water((rounds + 0.25) * 4.0 * HOUR, [1.0] * 4, 0.0)
        assert outlets(pipe, HOUR, whole(pipe))(entering)[0] == pytest.approx([80.0, 10.0, 20.0, 40.0], rel=1e-6)
        held = contents(pipe, HOUR, whole(pipe))(entering)[0]
        assert held == pytest.approx(HOUR * (rounds * 150.0 + np.array([10.0, 20.0, 40.0, 80.0])))


def test_a_beginning_longer_than_the_window() -> None:
    """Ten hours of water at 50 degrees, four of which leave in the window; what is inside follows by its balance."""
    pipe = water(10.0 * HOUR, [1.0] * 4, 1e-5, 10.0, initial=50.0)
    left, held = (rule(pipe, HOUR, whole(pipe))(np.full((1, 4), 80.0))[0] for rule in (outlets, contents))
    hours = np.arange(5)
    cooled = 10.0 + 40.0 * (np.exp(-1e-5 * HOUR * hours[:-1]) - np.exp(-1e-5 * HOUR * hours[1:])) / (1e-5 * HOUR)
    assert left == pytest.approx(cooled)
    old = (10.0 - hours[1:]) * HOUR * (10.0 + 40.0 * np.exp(-1e-5 * HOUR * hours[1:]))
    new = HOUR * hours[1:] * 10.0 + 70.0 * (1.0 - np.exp(-1e-5 * HOUR * hours[1:])) / 1e-5
    assert held == pytest.approx(old + new)
