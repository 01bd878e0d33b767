"""Water in pipes: friction by the textbooks, loops by hand, conservation."""

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.physics.heat.hydraulics import Pipes, friction_factor, network_flow, pressure_drop


def pipes(ends: list[tuple[int, int]], nodes: int, **more: Any) -> Pipes:
    """Pipes of 100 m and 100 mm between numbered nodes."""
    count = len(ends)
    data = {"length": 100.0, "diameter": 0.1, "roughness": 1e-4, "loss_coefficient": 0.0, **more}
    arrays = {name: np.broadcast_to(np.asarray(value, dtype=float), count).copy() for name, value in data.items()}
    incidence = np.zeros((nodes, count))
    for k, (start, end) in enumerate(ends):
        incidence[start, k] += 1.0
        incidence[end, k] -= 1.0
    fluid = {"density": np.full(count, 980.0), "viscosity": np.full(count, 4.5e-7)}
    return Pipes(**arrays, **fluid, incidence=sp.csr_array(incidence))


def test_laminar_friction_is_sixty_four_over_reynolds() -> None:
    assert friction_factor(np.array([100.0, 2000.0]), np.array([0.01, 0.0])) == pytest.approx([0.64, 0.032])


@pytest.mark.parametrize(
    ("reynolds", "roughness", "expected"),
    [(1e5, 0.0, 0.01799), (1e6, 1e-4, 0.01344), (1e5, 1e-2, 0.0385), (1e8, 1e-3, 0.01963)],
)
def test_turbulent_friction_is_that_of_the_moody_chart(reynolds: float, roughness: float, expected: float) -> None:
    """Values of the Colebrook-White formula as tabulated with the chart (Moody, Trans. ASME 66, 1944)."""
    assert friction_factor(np.array([reynolds]), np.array([roughness])) == pytest.approx([expected], rel=2e-3)


def test_friction_has_no_jumps() -> None:
    for at in (2000.0, 4000.0):
        low, high = friction_factor(np.array([at * (1 - 1e-9), at * (1 + 1e-9)]), np.array([1e-3, 1e-3]))
        assert high == pytest.approx(low, rel=1e-6)


def test_equal_pipes_share_the_water() -> None:
    """Two equal ways from 0 to 3: half each, and the same pressure at the middles."""
    found = network_flow(
        pipes([(0, 1), (1, 3), (0, 2), (3, 2)], 4), np.array([[4.0], [0.0], [0.0], [-4.0]]), np.array([0])
    )
    assert found.flow[:, 0] == pytest.approx([2.0, 2.0, 2.0, -2.0])
    assert found.pressure[1] == pytest.approx(found.pressure[2])


def test_a_laminar_loop_by_hand() -> None:
    """Laminar pressure is 128 nu L m / (pi d^4): a way twice as long takes half of the water."""
    both = pipes([(0, 1), (0, 1)], 2, length=[100.0, 200.0])
    found = network_flow(both, np.array([[0.03], [-0.03]]), np.array([0]))
    assert found.flow[:, 0] == pytest.approx([0.02, 0.01])
    assert found.drop[0, 0] == pytest.approx(128.0 * 4.5e-7 * 100.0 * 0.02 / (np.pi * 0.1**4))


def test_local_losses_are_velocity_heads() -> None:
    """zeta rho v^2 / 2 on top of friction."""
    flow = np.array([[3.0]])
    smooth, bent = (pressure_drop(pipes([(0, 1)], 2, loss_coefficient=zeta), flow)[0, 0] for zeta in (0.0, 2.5))
    speed = 3.0 / (980.0 * np.pi * 0.1**2 / 4.0)
    assert bent - smooth == pytest.approx(2.5 * 980.0 * speed**2 / 2.0)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 100_000), st.integers(3, 12), st.integers(0, 6))
def test_mass_is_kept_and_pressures_close(seed: int, nodes: int, more: int) -> None:
    """Random networks with loops: what is fed in comes out, and every pipe's drop is the difference of its ends."""
    random = np.random.default_rng(seed)
    ends = [(int(random.integers(0, k)), k) for k in range(1, nodes)]
    ends += [tuple(random.choice(nodes, 2, replace=False).tolist()) for _ in range(more)]
    net = pipes(ends, nodes, length=random.uniform(10, 900, len(ends)), diameter=random.uniform(0.03, 0.3, len(ends)))
    fed = random.normal(size=(nodes, 2)) * 10.0 ** random.uniform(-3, 1)
    fed[0] -= fed.sum(axis=0)
    found = network_flow(net, fed, np.array([0]))
    assert np.abs(net.incidence @ found.flow - fed).max() <= 1e-9 * np.abs(fed).max()
    difference = net.incidence.T @ found.pressure
    assert np.abs(difference - found.drop).max() <= 1e-7 * max(1e-3, np.abs(found.drop).max())
    assert np.all(found.drop * found.flow >= 0.0)


def test_a_very_short_pipe_beside_very_long_ones_settles() -> None:
    """Half a metre of wide pipe in a loop with two kilometres of a narrow one: digits are lost, the answer is not."""
    ends = [(0, 1), (2, 1), (1, 3), (4, 3), (2, 4)]
    loop = pipes(ends, 5, length=[40.0, 2000.0, 300.0, 40.0, 0.5], diameter=[0.05, 0.05, 0.05, 0.08, 0.125])
    fed = np.array([[6.777], [-1.913], [-1.366], [-0.219], [-3.279]])
    found = network_flow(loop, fed, np.array([0]))
    assert np.abs(loop.incidence @ found.flow - fed).max() <= 1e-6
    assert np.abs(loop.incidence.T @ found.pressure - found.drop).max() <= 1e-6 * np.abs(found.drop).max()


def test_water_that_nobody_feeds_stands_still() -> None:
    found = network_flow(pipes([(0, 1)], 2), np.zeros((2, 1)), np.array([0]))
    assert not found.flow.any()
