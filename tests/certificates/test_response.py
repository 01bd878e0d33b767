"""What one more unit of demand does: the judges' algebra against finite differences of whole power flows.

The weights give every effect another worth, so that no part can stand in for another.
"""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import assume, given
from numpy.typing import NDArray

from gridpact.certificates.acflow import ac_flow
from gridpact.certificates.acresponse import ac_worth
from gridpact.certificates.dcflow import dc_flow, dc_worth
from gridpact.certificates.grid import Grid, read_grid
from gridpact.certificates.linflow import linear_flow, linear_worth
from gridpact.certificates.response import Weights, Worth
from tests.certificates.cases import line_columns, made_case, transformer_columns
from tests.certificates.networks import BASE, Feeder, feeders

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]
# injections (buses, steps) -> root imports p, q (references), voltages (buses), currents at both ends (lines)
Observe = Callable[[Complexes], tuple[Floats, Floats, Floats, Floats, Floats]]
# A current's magnitude has a kink at zero, where differences mean nothing.
SMALL = 0.01
PARTS = ("loss", "reactive_loss", "voltage", "congestion")


def some_weights(grid: Grid, steps: int) -> Weights:
    random = np.random.default_rng(7)
    return Weights(
        root_p=random.uniform(20.0, 80.0, (grid.references.size, steps)),
        root_q=random.uniform(-5.0, 5.0, (grid.references.size, steps)),
        vm=random.uniform(-50.0, 50.0, (grid.buses, steps)),
        i_from=random.uniform(0.0, 30.0, (grid.branches.size, steps)),
        i_to=random.uniform(0.0, 30.0, (grid.branches.size, steps)),
    )


def differences(grid: Grid, weights: Weights, injection: Complexes, observe: Observe, unit: complex) -> Floats:
    """Parts (4, buses, steps) by central differences for a demand of ``unit`` at every bus that is no reference."""
    parts, h = np.zeros((4, grid.buses, injection.shape[1])), 1e-5
    for bus in grid.others:
        more, less = injection.copy(), injection.copy()
        more[bus], less[bus] = more[bus] - h * unit, less[bus] + h * unit
        slopes = [(a - b) / (2 * h) for a, b in zip(observe(more), observe(less), strict=True)]
        worths = (weights.root_p, weights.root_q, weights.vm, weights.i_from, weights.i_to)
        effects = [(worth * slope).sum(axis=0) for worth, slope in zip(worths, slopes, strict=True)]
        parts[:, bus] = [*effects[:3], effects[3] + effects[4]]
        parts[0, bus] -= unit.real * weights.root_p[grid.area[bus]]
    return parts


def assert_same_worth(grid: Grid, weights: Weights, worth: Worth, active: Floats, reactive: Floats) -> None:
    for name, part in zip(PARTS, active, strict=True):
        np.testing.assert_allclose(getattr(worth, name), part, atol=5e-5, err_msg=name)
    others = grid.others
    np.testing.assert_allclose(worth.reactive[others], reactive.sum(axis=0)[others], atol=5e-5)
    np.testing.assert_array_equal(worth.reactive[grid.references], weights.root_q)


@given(feeders())
def test_ac_response_is_the_slope_of_the_power_flow(feeder: Feeder) -> None:
    grid, k = feeder.grid, feeder.grid.ratio[:, None]
    y, end = (1.0 / (grid.r + 1j * grid.x))[:, None], (grid.half_g + 1j * grid.half_b)[:, None]

    def observe(injection: Complexes) -> tuple[Floats, Floats, Floats, Floats, Floats]:
        ac = ac_flow(feeder.case, grid, injection, feeder.root_voltage)
        V, W = ac.voltage[grid.from_bus] / k, ac.voltage[grid.to_bus]
        at_from, at_to = (y * (V - W) + end * V) / k, y * (W - V) + end * W
        return ac.root.real, ac.root.imag, np.abs(ac.voltage), np.abs(at_from), np.abs(at_to)

    weights = some_weights(grid, 2)
    voltage = ac_flow(feeder.case, grid, feeder.injection, feeder.root_voltage).voltage
    assume(min(observe(feeder.injection)[3].min(), observe(feeder.injection)[4].min()) > SMALL)
    active, reactive = (differences(grid, weights, feeder.injection, observe, unit) for unit in (1.0 + 0j, 1j))
    assert_same_worth(grid, weights, ac_worth(grid, voltage, weights), active, reactive)


@given(feeders())
def test_linear_response_is_the_slope_of_the_linear_flow(feeder: Feeder) -> None:
    grid, end = feeder.grid, (feeder.grid.half_g - 1j * feeder.grid.half_b)[:, None]

    def observe(injection: Complexes) -> tuple[Floats, Floats, Floats, Floats, Floats]:
        flow = linear_flow(grid, injection.real, injection.imag, feeder.root_voltage**2)
        v, series = flow.v, flow.p + 1j * flow.q
        root = np.zeros((grid.buses, 2), dtype=np.complex128)
        np.add.at(root, grid.from_bus, series + end * v[grid.from_bus] / grid.ratio[:, None] ** 2)
        np.add.at(root, grid.to_bus, -series + end * v[grid.to_bus])
        root += (grid.shunt_p + 1j * grid.shunt_q)[:, None] * v
        current = np.hypot(flow.p, flow.q)
        at_reference = root[grid.references]
        return at_reference.real, at_reference.imag, np.sqrt(v), current, current

    weights = some_weights(grid, 2)
    flow = linear_flow(grid, feeder.injection.real, feeder.injection.imag, feeder.root_voltage**2)
    assume(np.hypot(flow.p, flow.q).min() > SMALL)
    active, reactive = (differences(grid, weights, feeder.injection, observe, unit) for unit in (1.0 + 0j, 1j))
    assert_same_worth(grid, weights, linear_worth(grid, flow, weights), active, reactive)


@given(feeders())
def test_the_linear_flow_obeys_its_equations(feeder: Feeder) -> None:
    """v_to = v_from / ratio^2 - 2 (r P + x Q), and nothing but shunts is lost on the way."""
    grid, v0 = feeder.grid, feeder.root_voltage**2
    flow = linear_flow(grid, feeder.injection.real, feeder.injection.imag, v0)
    drop = 2.0 * (grid.r[:, None] * flow.p + grid.x[:, None] * flow.q)
    u = flow.v[grid.from_bus] / grid.ratio[:, None] ** 2
    np.testing.assert_allclose(flow.v[grid.to_bus], u - drop, atol=1e-12)
    out = grid.shunt_p[:, None] * flow.v
    np.add.at(out, grid.from_bus, flow.p + grid.half_g[:, None] * u)
    np.add.at(out, grid.to_bus, grid.half_g[:, None] * flow.v[grid.to_bus] - flow.p)
    np.testing.assert_allclose(out[grid.others], feeder.injection.real[grid.others], atol=1e-12)


@pytest.fixture
def triangle() -> Grid:
    """Three equal lines; the reference is bus a."""
    case = made_case(
        buses={"bus": ["a", "b", "c"], "vn_kv": [10.0] * 3, "vm_min_pu": [0.9] * 3, "vm_max_pu": [1.1] * 3},
        lines=line_columns([("a", "b"), ("c", "b"), ("a", "c")], [0.0] * 3, [1.0] * 3),
        interfaces={"interface": ["sub"], "bus": ["a"], "vm_pu": [1.0], "price_per_mwh": [10.0]},
    )
    return read_grid(case, BASE)


def test_in_a_triangle_two_thirds_take_the_direct_way(triangle: Grid) -> None:
    """0.9 to be brought from a to b: 0.6 directly, 0.3 over c."""
    flow = dc_flow(triangle, np.array([[0.0], [-0.9], [0.0]]))
    np.testing.assert_allclose(flow[:, 0], [0.6, 0.3, 0.3], atol=1e-12)


def test_congestion_follows_the_shares_of_the_lines(triangle: Grid) -> None:
    """A multiplier of 30 on the line a-b: a unit of demand at b loads it with 2/3, at c with 1/3, at a with nothing."""
    flow = dc_flow(triangle, np.array([[0.0], [-0.9], [0.0]]))
    zeros = np.zeros((3, 1))
    weights = Weights(np.array([[50.0]]), np.zeros((1, 1)), zeros, np.array([[30.0], [0.0], [0.0]]), zeros)
    worth = dc_worth(triangle, flow, weights)
    np.testing.assert_allclose(worth.congestion[:, 0], [0.0, 20.0, 10.0], atol=1e-12)
    np.testing.assert_allclose(worth.loss, 0.0, atol=1e-12)


def test_congestion_against_the_direction_of_a_line(triangle: Grid) -> None:
    """Power brought to c runs over c-b from b to c; 30 on that line is 10 at c, and relief of 10 at b."""
    flow = dc_flow(triangle, np.array([[0.0], [0.0], [-0.9]]))
    zeros = np.zeros((3, 1))
    weights = Weights(np.array([[50.0]]), np.zeros((1, 1)), zeros, np.array([[0.0], [30.0], [0.0]]), zeros)
    np.testing.assert_allclose(dc_worth(triangle, flow, weights).congestion[:, 0], [0.0, -10.0, 10.0], atol=1e-12)


def test_a_transformer_of_higher_ratio_carries_less_of_a_loop() -> None:
    """Two ways from a to b with equal reactances, one through a ratio of 2: P1 = 2 P2 shares 0.9 as 0.6 and 0.3.

    Its conductance of 0.1 takes 0.05 at b, and 0.05 / 2^2 at the reference a, which balances it.
    """
    case = made_case(
        buses={"bus": ["a", "b"], "vn_kv": [10.0] * 2, "vm_min_pu": [0.9] * 2, "vm_max_pu": [1.1] * 2},
        lines=line_columns([("a", "b")], [0.0], [1.0]),
        transformers=transformer_columns((("a", "b"), 0.0, 1.0, 0.1 * BASE / 100.0, 0.0, 2.0)),
        interfaces={"interface": ["sub"], "bus": ["a"], "vm_pu": [1.0], "price_per_mwh": [10.0]},
    )
    flow = dc_flow(read_grid(case, BASE), np.array([[0.0], [-0.85]]))
    np.testing.assert_allclose(flow[:, 0], [0.6, 0.3], atol=1e-12)


def test_every_island_has_its_own_reference() -> None:
    """Interface before slack generator before generator; a bus alone stands for itself."""
    case = made_case(
        buses={"bus": list("abcdefg"), "vn_kv": [10.0] * 7, "vm_min_pu": [0.9] * 7, "vm_max_pu": [1.1] * 7},
        lines=line_columns([("a", "b"), ("c", "d"), ("e", "f")], [1.0] * 3, [1.0] * 3),
        interfaces={"interface": ["sub"], "bus": ["b"], "vm_pu": [1.0], "price_per_mwh": [10.0]},
        generators={
            "generator": ["g1", "g2", "g3", "g4"],
            "bus": ["a", "c", "d", "f"],
            "max_p_mw": [1.0] * 4,
            "slack": [True, False, True, False],
        },
    )
    grid = read_grid(case, 1.0)
    assert sorted(grid.references.tolist()) == [1, 3, 5, 6]
    assert [int(grid.references[area]) for area in grid.area] == [1, 1, 3, 3, 5, 5, 6]
