"""The judges' heat simulator against what can be calculated by hand, and against laws of conservation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.certificates.heat.hydraulics import (
    find_loops,
    friction,
    pipe_flow,
    pressure_drop,
    pressures,
    pump_power,
)
from gridpact.certificates.heat.parcels import passage
from gridpact.certificates.heat.simulator import Plant, make_plant, respond, simulate
from gridpact.certificates.heat.water import design_flow, per_node, read_heat_grid, station_flow
from tests.certificates.cases import made_case

Floats = NDArray[np.float64]
WATER = 4200.0
DENSITY = 1000.0
NAN = np.nan


def heat_case(
    pairs: list[tuple[str, str]],
    stations: dict[str, float],
    consumers: dict[str, float],
    steps: int = 1,
    step_minutes: float = 60.0,
    ambient: list[float] | None = None,
    **pipes: list[float],
) -> Case:
    """Nodes named by the pipes' ends; kg/s of the consumers, shares of the stations (0: what is left)."""
    nodes = sorted({node for pair in pairs for node in pair} | set(stations))
    count = len(pairs)
    columns = {"length_m": [100.0] * count, "diameter_mm": [100.0] * count, "heat_transfer_w_per_mk": [0.5] * count}
    return made_case(
        steps=steps,
        step_minutes=step_minutes,
        profiles={"heat_networks/town/ambient_degc": ambient} if ambient else {},
        buses={"bus": ["a"], "vn_kv": [10.0], "vm_min_pu": [0.9], "vm_max_pu": [1.1]},
        heat_networks={
            "heat_network": ["town"],
            "ambient_degc": [10.0],
            "heat_capacity_j_per_kgk": [WATER],
            "density_kg_per_m3": [DENSITY],
        },
        heat_nodes={"node": nodes, "heat_network": ["town"] * len(nodes)},
        pipes={
            "pipe": [f"{start}-{end}" for start, end in pairs],
            "from_node": [start for start, _ in pairs],
            "to_node": [end for _, end in pairs],
            **(columns | pipes),
        },
        heat_sources={
            "heat_source": [f"station-{node}" for node in stations],
            "node": list(stations),
            "bus": ["a"] * len(stations),
            "flow_share": [share or np.nan for share in stations.values()],
            "pressure_drop_bar": [0.2] * len(stations),
        },
        heat_loads={
            "heat_load": [f"house-{node}" for node in consumers],
            "node": list(consumers),
            "heat_mw": [0.1] * len(consumers),
            "flow_kg_per_s": list(consumers.values()),
        },
    )


def plant(case: Case, steady: bool = False) -> Plant:
    grid = read_heat_grid(case)
    taken = per_node(case, "heat_loads", design_flow(case, grid))
    pumped = per_node(case, "heat_sources", station_flow(case, grid, taken))
    flow = pipe_flow(grid, find_loops(grid), pumped - taken)
    return make_plant(case, grid, flow, taken, pumped, steady)


def one_pipe(**more: object) -> Case:
    """A pipe of 785.4 kg between a station and a house that takes 0.5 kg/s."""
    return heat_case([("a", "b")], {"a": 0.0}, {"b": 0.5}, **more)  # type: ignore[arg-type]


def test_a_steady_pipe_cools_exponentially() -> None:
    """0.5 W/mK x 100 m / (4200 x 0.5): 80 degC above surroundings of 10 fall by the factor exp(-0.0238)."""
    made = plant(one_pipe(), steady=True)
    state = simulate(made, np.array([[90.0], [0.0]]), np.array([[0.0], [0.04e6]]))
    at_house = 10.0 + 80.0 * np.exp(-50.0 / 2100.0)
    cooled = at_house - 0.04e6 / 2100.0
    back = 10.0 + (cooled - 10.0) * np.exp(-50.0 / 2100.0)
    np.testing.assert_allclose(state.supply[:, 0, 0], [90.0, at_house], rtol=1e-14)
    np.testing.assert_allclose(state.back[:, 0, 0], [back, cooled], rtol=1e-14)
    assert state.heat[0, 0, 0] == pytest.approx(2100.0 * (90.0 - back))


def test_constant_temperatures_are_those_of_the_steady_state() -> None:
    """Nothing changes, so that delays are without effect, and the means of moving water are the steady values."""
    steady, moving = (plant(one_pipe(steps=5, step_minutes=7.0), steady=kind) for kind in (True, False))
    leaving, drawn = np.array([[90.0] * 5, [0.0] * 5]), np.array([[0.0] * 5, [0.04e6] * 5])
    first, second = simulate(steady, leaving, drawn), simulate(moving, leaving, drawn)
    for name in ("supply", "back", "heat"):
        np.testing.assert_allclose(getattr(second, name), getattr(first, name), rtol=1e-12)


def test_a_step_of_temperature_arrives_when_the_water_does() -> None:
    """785.4 kg at 0.5 kg/s take 26.18 minutes: of steps of 10 minutes the third has old water for 6.18 of them."""
    case = one_pipe(steps=6, step_minutes=10.0, heat_transfer_w_per_mk=[0.0])
    leaving = np.zeros((2, 6))
    leaving[0] = [90.0, 90.0, 90.0, 60.0, 60.0, 60.0]
    out = simulate(plant(case), leaving, np.zeros((2, 6))).supply[1, :, 0]
    delay = 1000.0 * np.pi * 0.05**2 * 100.0 / 0.5 / 600.0 - 2.0
    mixed = 90.0 - 30.0 * delay
    np.testing.assert_allclose(out, [60.0, 60.0, mixed, 90.0, 90.0, 150.0 - mixed], rtol=1e-13)


def test_water_of_before_the_horizon_leaves_first() -> None:
    """A pipe that begins at 50 degC without losses."""
    case = one_pipe(steps=6, step_minutes=10.0, heat_transfer_w_per_mk=[0.0], initial_supply_degc=[50.0])
    leaving = np.zeros((2, 6))
    leaving[0] = 90.0
    out = simulate(plant(case), leaving, np.zeros((2, 6))).supply[1, :, 0]
    delay = 1000.0 * np.pi * 0.05**2 * 100.0 / 0.5 / 600.0 - 2.0
    np.testing.assert_allclose(out, [50.0, 50.0, 90.0 - 40.0 * delay, 90.0, 90.0, 90.0], rtol=1e-13)


def test_two_streams_mix_by_their_water() -> None:
    """1 kg/s of 80 and 3 kg/s of 60 degC make 65."""
    case = heat_case([("a", "c"), ("b", "c")], {"a": 0.25, "b": 0.0}, {"c": 4.0}, heat_transfer_w_per_mk=[0.0, 0.0])
    leaving = np.array([[80.0], [60.0], [0.0]])
    state = simulate(plant(case), leaving, np.array([[0.0], [0.0], [0.42e6]]))
    assert state.supply[2, 0, 0] == pytest.approx(65.0)
    np.testing.assert_allclose(state.back[:, 0, 0], 40.0)
    np.testing.assert_allclose(state.heat[:2, 0, 0], [4200.0 * 40.0, 3 * 4200.0 * 20.0])


def test_a_loop_of_equal_pipes_shares_the_water() -> None:
    """a-b-d and a-c-d are alike: a kilogramme to d goes half each way; the way of b has its consumer besides."""
    pairs = [("a", "b"), ("b", "d"), ("a", "c"), ("d", "c")]
    made = plant(heat_case(pairs, {"a": 0.0}, {"d": 1.0}))
    np.testing.assert_allclose(made.flow[:, 0], [0.5, 0.5, 0.5, -0.5], rtol=1e-10)


def test_a_laminar_loop_by_hand() -> None:
    """Laminar pipes lose pressure in proportion to length and flow: 100 m and 200 m share water as 2 : 1."""
    case = heat_case([("a", "b"), ("a", "b")], {"a": 0.0}, {"b": 0.03}, length_m=[100.0, 200.0])
    np.testing.assert_allclose(plant(case).flow[:, 0], [0.02, 0.01], rtol=1e-9)


def test_friction_is_that_of_the_textbooks() -> None:
    """Laminar 64/Re; Moody's diagram at Re = 1e5: 0.0180 for smooth pipes, 0.0313 at a roughness of 0.005."""
    factor, _ = friction(np.array([1000.0, 1e5, 1e5]), np.array([0.001, 0.0, 0.005]))
    np.testing.assert_allclose(factor, [0.064, 0.01799, 0.03128], rtol=2e-3)
    rough = factor[2]
    assert 1.0 / np.sqrt(rough) == pytest.approx(-2.0 * np.log10(0.005 / 3.71 + 2.51 / (1e5 * np.sqrt(rough))))


@given(st.floats(-6.0, 2.0), st.floats(0.0, 0.05))
def test_slope_of_the_pressure_is_its_difference(power: float, roughness: float) -> None:
    """In laminar flow, in turbulent flow and in between."""
    grid = read_heat_grid(heat_case([("a", "b")], {"a": 0.0}, {"b": 1.0}, roughness_mm=[100.0 * roughness]))
    flow, step = np.array([10.0**power]), 1e-5 * 10.0**power
    _, slope = pressure_drop(grid, flow)
    (more, _), (less, _) = pressure_drop(grid, flow + step), pressure_drop(grid, flow - step)
    assert slope[0] == pytest.approx((more[0] - less[0]) / (2.0 * step), rel=2e-2)


def test_pressures_and_pumps() -> None:
    """The house needs 0.5 bar; the station gives that and twice the drop of the pipe, and 0.2 bar of its own."""
    case = one_pipe()
    grid, loops = read_heat_grid(case), find_loops(read_heat_grid(case))
    flow = np.array([[0.5]])
    drop = float(pressure_drop(grid, flow)[0][0, 0])
    pressure = pressures(case, grid, loops, flow)
    np.testing.assert_allclose(pressure[:, 0], [5e4 + 2.0 * drop, 5e4])
    power = pump_power(case, grid, flow, pressure)
    assert power[0, 0] == pytest.approx(0.5 * (5e4 + 2.0 * drop + 2e4) / (DENSITY * 0.75) / 1e6)


@settings(max_examples=40)
@given(
    st.lists(st.floats(0.1, 5.0), min_size=4, max_size=4),
    st.floats(30.0, 500.0),
    st.lists(st.floats(-10.0, 30.0), min_size=4, max_size=4),
    st.lists(st.floats(20.0, 120.0), min_size=4, max_size=4),
    st.booleans(),
)
def test_heat_is_kept(flow: list[float], length: float, around: list[float], entering: list[float], new: bool) -> None:
    """Content at the end = content before + in - out - lost, and what is lost follows from the content in between.

    Without transfer nothing is lost; with it, the loss of a step is the transfer times the mean excess over the
    surroundings, found here by cutting every step into 60 parts.
    """
    mass, seconds = np.pi / 4.0 * length, 900.0
    edges = np.array([0, 4])
    initial = 55.0 if new else np.nan
    moved = np.array(flow) * seconds
    none = passage(mass, np.array(flow), seconds, 0.0, np.array(around), edges, initial)
    out = none.out @ entering + none.out_rest
    held = none.held @ entering + none.held_rest
    before = np.append(mass * initial if new else held[-1], held[:-1])
    np.testing.assert_allclose(held, before + moved * (np.array(entering) - out), rtol=1e-9, atol=1e-6 * mass)
    slow = passage(mass, np.array(flow), seconds, 1e-4, np.array(around), edges, initial)
    out, held = slow.out @ entering + slow.out_rest, slow.held @ entering + slow.held_rest
    before = np.append(mass * initial if new else held[-1], held[:-1])
    lost = before + moved * (np.array(entering) - out) - held
    fine = _cut(mass, flow, seconds, around, entering, initial, 60)
    np.testing.assert_allclose(lost, fine, atol=5e-3 * 0.09 * 100.0 * mass)


def _cut(
    mass: float,
    flow: list[float],
    seconds: float,
    around: list[float],
    entering: list[float],
    initial: float,
    parts: int,
) -> Floats:
    """Loss of each step from the content at the ends of its parts (trapezoidal), kg K."""
    many = np.arange(0, 4 * parts + 1, parts)
    spread = [np.repeat(values, parts) for values in (flow, around, entering)]
    fine = passage(mass, spread[0], seconds / parts, 1e-4, spread[1], many[[0, -1]], initial)
    held = fine.held @ spread[2] + fine.held_rest
    before = np.append(mass * initial if not np.isnan(initial) else held[-1], held[:-1])
    excess = (before + held) / 2.0 - mass * spread[1]
    return np.asarray((1e-4 * seconds / parts * excess).reshape(4, parts).sum(axis=1))


@pytest.mark.parametrize("flow", [0.5, 0.01, 30.0])
def test_windows_repeat_themselves(flow: float) -> None:
    """Three windows of the same data, cleared apart or as one: the same temperatures."""
    around, entering = np.tile([5.0, 15.0, 10.0, 0.0], 3), np.tile([90.0, 70.0, 80.0, 100.0], 3)
    moved = np.full(12, flow)
    apart, whole = (
        passage(785.4, moved, 900.0, 5e-5, around, edges, np.nan)
        for edges in (np.array([0, 4, 8, 12]), np.array([0, 12]))
    )
    for part in ("out", "held"):
        values = [getattr(p, part) @ entering + getattr(p, f"{part}_rest") for p in (apart, whole)]
        np.testing.assert_allclose(values[0], values[1], rtol=1e-12)


def test_a_step_without_flow_and_water_that_is_months_old() -> None:
    """Nothing leaves in a step without flow; what has been in the pipe for long is as warm as its surroundings."""
    flow, around = np.array([0.0, 1.0, 1.0, 0.0]), np.full(4, 10.0)
    still = passage(1000.0, flow, 900.0, 1e-5, around, np.array([0, 4]), 60.0)
    held = still.held @ np.full(4, 80.0) + still.held_rest
    assert held[0] == pytest.approx(1000.0 * (10.0 + 50.0 * np.exp(-1e-5 * 900.0)))
    assert held[3] - 1e4 == pytest.approx((held[2] - 1e4) * np.exp(-1e-5 * 900.0))
    slow = passage(2e4, np.full(96, 1e-3), 900.0, 1e-5, np.full(96, 10.0), np.array([0, 96]), NAN)
    np.testing.assert_allclose(slow.out @ np.full(96, 80.0) + slow.out_rest, 10.0)


def test_what_stations_give_is_drawn_and_lost() -> None:
    """A loop with two stations in a steady state."""
    pairs = [("a", "b"), ("b", "c"), ("a", "c"), ("d", "b")]
    made = plant(heat_case(pairs, {"a": 0.0, "d": 0.3}, {"b": 0.7, "c": 0.4}), steady=True)
    leaving, drawn = np.array([[90.0], [0.0], [0.0], [80.0]]), np.array([[0.0], [5e4], [3e4], [0.0]])
    state = simulate(made, leaving, drawn)
    lost = 0.0
    for side, (nodes, out) in enumerate(((state.supply, state.supply_out), (state.back, state.back_out))):
        lost += float((WATER * np.abs(made.flow) * (made.leaving(nodes[:, :, 0], side) - out[:, :, 0])).sum())
    assert lost > 1e4
    assert float(state.heat.sum()) == pytest.approx(8e4 + lost, rel=1e-12)


def test_changes_are_the_differences_of_two_states() -> None:
    """The simulator is linear: trials give what two simulations differ by."""
    pairs = [("a", "b"), ("b", "c"), ("a", "c")]
    made = plant(heat_case(pairs, {"a": 0.0}, {"b": 0.7, "c": 0.4}, steps=4, ambient=[5.0, 8.0, 12.0, 0.0]))
    random = np.random.default_rng(1)
    leaving, drawn = np.zeros((3, 4)), np.zeros((3, 4))
    leaving[0], drawn[1:] = random.uniform(70.0, 90.0, 4), random.uniform(1e4, 5e4, (2, 4))
    change = np.zeros((3, 4))
    change[2, 1] = 1e4
    first, second = simulate(made, leaving, drawn), simulate(made, leaving, drawn + change)
    trial = respond(made, np.zeros((3, 4, 1)), change[:, :, None], np.zeros(0, dtype=np.int64))
    for name in ("supply", "back", "heat"):
        difference = getattr(second, name) - getattr(first, name)
        np.testing.assert_allclose(getattr(trial, name), difference, atol=1e-8)


@pytest.mark.parametrize("rate", [0.0, 1e-6, 2e-5])
def test_water_that_stays_for_many_windows_only_fades(rate: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """25 whole turns and a bit, once followed parcel by parcel and once without the turns."""
    from gridpact.certificates.heat import parcels

    random = np.random.default_rng(0)
    flow, around, entering = random.uniform(0.5, 2.0, 6), random.uniform(0.0, 15.0, 6), random.uniform(60.0, 90.0, 6)
    mass, edges = 25.37 * 3600.0 * float(flow.sum()), np.array([0, 6])
    short = parcels.passage(mass, flow, 3600.0, rate, around, edges, np.nan)
    monkeypatch.setattr(parcels, "MOST_TURNS", 1000)
    long = parcels.passage(mass, flow, 3600.0, rate, around, edges, np.nan)
    assert short.out @ entering + short.out_rest == pytest.approx(long.out @ entering + long.out_rest)
    assert short.held @ entering + short.held_rest == pytest.approx(long.held @ entering + long.held_rest)
