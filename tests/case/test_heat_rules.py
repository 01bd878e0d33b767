"""Rules of heat: water by hand, dead ends by flows, polygons by permutations, and what lies just inside of a bound."""

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gridpact as gp
from gridpact.case.case import Case
from gridpact.case.dead_parts import dead_parts
from gridpact.case.heat import component_flow, components, consumer_flow, design_heat, station_flow
from gridpact.case.polygon import shape_of
from gridpact.errors import InputError
from tests.districts import bus, district, interface

PIPE = {"length_m": 100.0, "diameter_mm": 80.0, "heat_transfer_w_per_mk": 0.2}
RANGE = {"supply_min_degc": 60.0, "supply_max_degc": 90.0, "return_min_degc": 30.0, "return_max_degc": 60.0}


def pipe(name: str, start: str, end: str, **more: Any) -> dict[str, Any]:
    return {"pipe": name, "from_node": start, "to_node": end, **PIPE, **more}


def node(name: str, **more: Any) -> dict[str, Any]:
    return {"node": name, "heat_network": "town", **more}


def consumer(at: str, heat: float = 0.5, **more: Any) -> dict[str, Any]:
    return {"heat_load": f"load-{at}", "node": at, "heat_mw": heat, **more}


def station(at: str, **more: Any) -> dict[str, Any]:
    return {"heat_source": f"station-{at}", "node": at, "bus": "1", **more}


def network(profiles: dict[str, Sequence[float]] | None = None, **parts: Any) -> Case:
    """A station and an electric boiler at A, consumers at B and C, in a row."""
    tables: dict[str, Any] = {
        "buses": [bus("1")],
        "interfaces": [interface()],
        "heat_networks": [{"heat_network": "town", "ambient_degc": 10.0, "heat_capacity_j_per_kgk": 4000.0}],
        "heat_nodes": [node("A"), node("B"), node("C")],
        "pipes": [pipe("a", "A", "B"), pipe("b", "B", "C")],
        "heat_sources": [station("A")],
        "heat_loads": [consumer("B"), consumer("C", 0.3)],
        "electric_boilers": [{"electric_boiler": "kettle", "bus": "1", "node": "A", "max_heat_mw": 3.0}],
    }
    present = {name: part for name, part in (tables | parts).items() if part != []}
    return district(profiles, **present)


def complaints(profiles: dict[str, Sequence[float]] | None = None, **parts: Any) -> list[str]:
    try:
        network(profiles, **parts)
    except InputError as error:
        return [issue.message for issue in error.issues]
    return []


# --- water --------------------------------------------------------------------------------------------------------


def test_water_by_hand() -> None:
    """0.5 MW at 4000 J/(kg K) and 25 K are 5 kg/s; C is given, in each of two steps."""
    loads = [consumer("B", design_drop_k=25.0), consumer("C", 0.3)]
    profiles = {"heat_loads/load-C/flow_kg_per_s": [3.0, 4.0], "heat_loads/load-B/heat_mw": [0.5, 0.2]}
    case = network(profiles, heat_loads=loads, steps=2)
    assert design_heat(case).tolist() == [0.5, 0.3]
    np.testing.assert_allclose(consumer_flow(case), [[5.0, 5.0], [3.0, 4.0]], rtol=1e-12)
    np.testing.assert_allclose(station_flow(case), [[8.0, 9.0]], rtol=1e-12)


def test_a_part_of_the_horizon_has_the_design_of_all_of_it() -> None:
    """The highest heat is in the second step; a part without it takes the same water, and is as valid."""
    profiles = {"heat_loads/load-B/heat_mw": [0.0, 0.6], "heat_loads/load-C/heat_mw": [0.3, 0.2]}
    case = network(profiles, steps=2)
    parts = [case.steps_between(0, 1), case.steps_between(1, 2)]
    np.testing.assert_array_equal(np.hstack([consumer_flow(part) for part in parts]), consumer_flow(case))
    assert consumer_flow(case)[0].tolist() == pytest.approx([5.0, 5.0])
    assert all(gp.validate(part) == [] for part in parts) and case.tables["heat_loads"]["design_heat_mw"].isna().all()


def test_design_heat_may_be_larger_than_the_heat() -> None:
    case = network(heat_loads=[consumer("B", design_heat_mw=1.0), consumer("C", 0.3)])
    assert consumer_flow(case)[:, 0].tolist() == pytest.approx([1e6 / (4000 * 30), 0.3e6 / (4000 * 30)])


def test_stations_by_flow_by_share_and_by_what_is_left() -> None:
    """8 kg/s in all: 2 given, a quarter by share, 4 left."""
    loads = [consumer("B", flow_kg_per_s=5.0), consumer("C", flow_kg_per_s=3.0)]
    stations = [station("A"), station("B", flow_kg_per_s=2.0), station("C", flow_share=0.25)]
    case = network(heat_loads=loads, heat_sources=stations)
    assert station_flow(case)[:, 0].tolist() == [4.0, 2.0, 2.0]


def test_each_component_has_its_own_water() -> None:
    parts = {
        "pipes": [pipe("a", "A", "B"), pipe("b", "B", "C", in_service=False)],
        "heat_sources": [station("A"), station("C")],
        "electric_boilers": [
            {"electric_boiler": name, "bus": "1", "node": name, "max_heat_mw": 3.0} for name in ("A", "C")
        ],
    }
    case = network(**parts)
    assert components(case).tolist() == [0, 0, 2]
    water = [0.5e6 / (4000 * 30), 0.3e6 / (4000 * 30)]
    assert station_flow(case)[:, 0].tolist() == pytest.approx(water)
    assert component_flow(case)[:, 0].tolist() == pytest.approx([water[0], water[0], water[1]])


@pytest.mark.parametrize(("share", "fine"), [(0.999, True), (1.0, False)])
def test_shares_leave_something(share: float, fine: bool) -> None:
    stations = [station("A"), station("C", flow_share=share)]
    found = complaints(heat_sources=stations)
    assert (found == []) == fine
    assert fine or "pump against the flow" in found[0]


def test_shares_that_are_one_on_paper_leave_nothing() -> None:
    stations = [station("A"), station("B", flow_share=0.1), station("C", flow_share=0.2)]
    sources = [{"electric_boiler": "kettle", "bus": "1", "node": "A", "max_heat_mw": 3.0}]
    assert complaints(heat_sources=stations, electric_boilers=sources) == []
    stations = [station("A"), station("B", flow_share=0.1 + 0.2), station("C", flow_share=0.7)]
    assert "pump against the flow" in complaints(heat_sources=stations)[0]


def test_a_wrong_number_is_reported_alone() -> None:
    """What follows from it is unknown, and no rule guesses."""
    for column in ("flow_kg_per_s", "design_heat_mw", "heat_mw", "design_drop_k"):
        found = complaints(heat_loads=[consumer("B", flow_kg_per_s=1e-9) | {column: -1.0}, consumer("C")])
        assert len(found) == 1 and "must be" in found[0]
    found = complaints(heat_sources=[station("A", flow_share=-0.5), station("C", flow_share=0.5)])
    assert [message[:7] for message in found] == ["flow_sh", "no stat"]


@pytest.mark.parametrize(("drop", "fine"), [(60.0, True), (60.001, False)])
def test_water_carries_heat_between_its_temperatures(drop: float, fine: bool) -> None:
    nodes = [node("A"), node("B", **RANGE), node("C")]
    found = complaints(heat_nodes=nodes, heat_loads=[consumer("B", design_drop_k=drop), consumer("C")])
    assert (found == []) == fine


def test_water_need_not_carry_heat_where_something_else_does() -> None:
    nodes = [node("A"), node("B", **RANGE), node("C")]
    loads = [consumer("B", design_drop_k=80.0), consumer("C")]
    assert complaints(heat_nodes=nodes, heat_loads=loads) != []
    held = [consumer("B", design_drop_k=80.0, return_degc=40.0), consumer("C")]
    assert complaints(heat_nodes=nodes, heat_loads=held) == []
    cut = [{"heat_load": "load-B", "price_per_mwh": 500.0}]
    assert complaints(heat_nodes=nodes, heat_loads=loads, heat_unserved=cut) == []
    boiler = [{"gas_boiler": "g", "node": "B", "max_heat_mw": 1.0}]
    assert complaints(heat_nodes=nodes, heat_loads=loads, gas_boilers=boiler) == []
    # Two consumers at one node share their water.
    shared = [consumer("B", design_drop_k=70.0), consumer("B", 0.4, design_drop_k=40.0) | {"heat_load": "other"}]
    assert complaints(heat_nodes=nodes, heat_loads=[*shared, consumer("C")]) == []


def test_design_counts_the_highest_heat_of_all_steps() -> None:
    nodes = [node("A"), node("B", **RANGE), node("C")]
    loads = [consumer("B", design_drop_k=60.0), consumer("C")]
    profiles = {"heat_loads/load-B/heat_mw": [0.1, 0.9, 0.0]}
    assert complaints(profiles, heat_nodes=nodes, heat_loads=loads, steps=3) == []


def test_a_consumer_without_heat_may_take_water() -> None:
    assert complaints(heat_loads=[consumer("B", 0.0, flow_kg_per_s=1.0), consumer("C")]) == []
    assert complaints(heat_loads=[consumer("B", 0.0, design_heat_mw=1.0), consumer("C")]) == []
    assert complaints({"heat_loads/load-B/heat_mw": [0.0, 0.1]}, heat_loads=[consumer("B", 0.0)], steps=2) != []
    assert "no heat" in complaints(heat_loads=[consumer("B", 0.0), consumer("C")])[0]


def test_an_electric_case_has_nothing_to_do_with_heat() -> None:
    case = district(buses=[bus("1")], interfaces=[interface()])
    assert station_flow(case).shape == (0, 1) and components(case).shape == (0,)


# --- dead ends ----------------------------------------------------------------------------------------------------


def still_nodes(count: int, start: list[int], end: list[int], used: list[int], seed: int) -> set[int]:
    """Nodes all of whose edges carry nothing, for water of any amounts through pipes of any resistance."""
    chance = np.random.default_rng(seed)
    weight = chance.uniform(0.5, 2.0, len(start))
    incidence = np.zeros((len(start), count))
    for edge, (first, last) in enumerate(zip(start, end, strict=True)):
        incidence[edge, first] += 1.0
        incidence[edge, last] -= 1.0
    given = np.zeros(count)
    given[used] = chance.uniform(0.5, 2.0, len(used))
    given[used[0]] -= given.sum()
    potential = np.linalg.pinv(incidence.T @ (weight[:, None] * incidence)) @ given
    flow = np.abs(weight * (incidence @ potential)) > 1e-9
    busy = {node for edge in np.flatnonzero(flow) for node in (start[edge], end[edge])}
    return set(range(count)) - busy - set(used)


@settings(max_examples=150)
@given(st.data(), st.integers(2, 9))
def test_dead_parts_are_where_nothing_flows(data: st.DataObject, count: int) -> None:
    """Trees with chords and parallel edges, all connected; the flows of a resistor network say what is dead."""
    tree = [(data.draw(st.integers(0, node - 1)), node) for node in range(1, count)]
    pairs = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)).filter(lambda pair: pair[0] != pair[1])
    start, end = map(list, zip(*(tree + data.draw(st.lists(pairs, max_size=4))), strict=True))
    used = data.draw(st.lists(st.integers(0, count - 1), min_size=2, max_size=4, unique=True))
    marks = np.isin(np.arange(count), used)
    first, inside = dead_parts(count, np.array(start), np.array(end), used[0], marks)
    assert set(np.flatnonzero(inside).tolist()) == still_nodes(count, start, end, used, 3)
    assert set(first) <= set(np.flatnonzero(inside).tolist())


def test_dead_parts_are_named_by_their_first_node() -> None:
    nodes = [node(name) for name in "ABCDEF"]
    pipes = [pipe(name, *ends) for name, ends in zip("abcdef", ("AB", "BC", "BD", "DE", "EF", "FD"), strict=True)]
    with pytest.raises(InputError) as caught:
        network(heat_nodes=nodes, pipes=pipes)
    assert [(issue.row, issue.value) for issue in caught.value.issues] == [(5, "D")]


def test_a_long_chain_is_no_trouble() -> None:
    count = 50_000
    used = np.zeros(count, dtype=np.bool_)
    used[[0, count // 2]] = True
    first, inside = dead_parts(count, np.arange(count - 1), np.arange(1, count), 0, used)
    assert first == [count // 2 + 1] and inside.sum() == count - count // 2 - 1


# --- polygons -----------------------------------------------------------------------------------------------------

CONVEX = [(0.5, 0.0), (2.0, 0.0), (2.5, 1.0), (1.5, 2.5), (0.6, 1.0)]


@pytest.mark.parametrize("order", list(itertools.permutations(range(5))))
def test_corners_are_in_order_or_not(order: tuple[int, ...]) -> None:
    steps = {(order[k] - order[k - 1]) % 5 for k in range(5)}
    expected = "convex" if steps in ({1}, {4}) else "not in order"
    assert shape_of(np.array(CONVEX)[list(order)])[0] == expected


@settings(max_examples=60)
@given(st.permutations(range(6)), st.tuples(*[st.floats(0.05, 1.0)] * 5), st.floats(1e-6, 1e6))
def test_a_corner_within_is_to_blame(order: list[int], weights: tuple[float, ...], size: float) -> None:
    inner = np.array(weights) @ np.array(CONVEX) / sum(weights)
    corners = size * np.vstack([CONVEX, inner])[order]
    assert shape_of(corners) == ("not convex", order.index(5))


@settings(max_examples=60)
@given(st.lists(st.integers(-50, 50), min_size=2, max_size=6, unique=True), st.integers(-5, 5), st.floats(1e-6, 1e6))
def test_corners_on_a_line_are_a_line(places: list[int], slope: int, size: float) -> None:
    corners = size * np.array([(place / 10, 3.0 + slope * place / 7) for place in places])
    assert shape_of(corners)[0] == "line"


def test_corners_on_an_edge_are_fine() -> None:
    assert shape_of(np.array([(0, 0), (1, 0), (2, 0), (2, 2), (1, 1)]))[0] == "convex"
    assert shape_of(np.array([(0, 0), (2, 0), (1, 0), (2, 2)]))[0] == "not in order"
    assert shape_of(np.array([(1.0, 2.0)] * 3)) == ("point", 0)


def plant(corners: Sequence[tuple[float, float]], **more: Any) -> list[str]:
    points = [{"point": str(k), "chp": "c", "p_mw": p, "heat_mw": h} for k, (p, h) in enumerate(corners)]
    chp = {"chp": "c", "bus": "1", "node": "A", "kind": "extraction", **more}
    return complaints(chps=[chp], chp_points=points)


def test_plants_with_lines_and_polygons() -> None:
    assert plant(CONVEX) == plant(CONVEX[:2]) == plant([(0, 0), (1, 1), (2, 2)]) == []
    assert plant([], heat_per_power=1.2, max_p_mw=1.0) == []
    assert plant([], heat_per_power=1.2, max_p_mw=1.0, min_p_mw=0.99) == []
    assert "one power only" in plant([], heat_per_power=1.2, max_p_mw=1.0, min_p_mw=1.0)[0]


@pytest.mark.parametrize(("cross", "fine"), [(0.2, True), (-0.2, True), (0.2001, False), (-0.2001, False)])
def test_costs_of_plants_are_convex(cross: float, fine: bool) -> None:
    costs = {"cost_per_mw2h": 0.1, "heat_cost_per_mw2h": 0.1, "cross_cost_per_mw2h": cross}
    assert (plant(CONVEX, **costs) == []) == fine


# --- temperatures and places --------------------------------------------------------------------------------------


def heat_pump(**values: float) -> list[str]:
    pump = {"heat_pump": "hp", "bus": "1", "node": "A", "max_heat_mw": 1.0, **values}
    return complaints(heat_pumps=[pump])


def test_heat_pumps_lift_heat() -> None:
    assert heat_pump(sink_degc=60.0) == heat_pump(sink_degc=10.1) == heat_pump(sink_degc=30.0, source_degc=29.9) == []
    assert "sink_degc is not above" in heat_pump(sink_degc=10.0)[0]
    assert "sink_degc is not above" in heat_pump(sink_degc=30.0, source_degc=30.0)[0]


def test_supply_is_warmer_than_the_ground_in_all_steps() -> None:
    nodes = [node("A"), node("B", supply_max_degc=35.0), node("C")]
    assert complaints(heat_nodes=nodes) == []
    profiles = {"heat_networks/town/ambient_degc": [10.0, 35.0]}
    assert "supply_max_degc is not above ambient_degc" in complaints(profiles, heat_nodes=nodes, steps=2)[0]


@pytest.mark.parametrize("table", ["gas_boilers", "heat_storages"])
def test_devices_stand_at_stations_or_consumers(table: str) -> None:
    device: dict[str, Any] = {"gas_boilers": {"gas_boiler": "d", "max_heat_mw": 1.0}}.get(table) or {
        "heat_storage": "d",
        "energy_mwh": 1.0,
        "charge_mw": 1.0,
        "discharge_mw": 1.0,
    }
    found = {
        place: complaints(heat_loads=[consumer("C")], **{table: [device | {"node": place}]})
        for place in ("A", "B", "C")
    }
    assert found["A"] == found["C"] == []
    assert "neither a station nor a consumer" in found["B"][0]


def test_a_tank_alone_heats_nothing() -> None:
    tank = [{"heat_storage": "t", "node": "A", "energy_mwh": 1.0, "charge_mw": 1.0, "discharge_mw": 1.0}]
    assert "nothing heats the water" in complaints(electric_boilers=[], heat_storages=tank)[0]


def test_station_and_consumer_may_share_a_node_without_pipes() -> None:
    assert complaints(heat_nodes=[node("A")], pipes=[], heat_loads=[consumer("A")]) == []


@pytest.mark.parametrize(("length", "fine"), [(1.0, True), (0.99, False)])
def test_pipes_of_a_metre(length: float, fine: bool) -> None:
    pipes = [pipe("a", "A", "B", length_m=length), pipe("b", "B", "C", length_m=0.2)]
    assert (complaints(pipes=pipes) == []) == fine


def test_heat_in_kilowatts_is_told_from_heat_that_cannot_be_made() -> None:
    assert complaints(heat_loads=[consumer("B", 300.0), consumer("C")]) == []
    assert "more than 100 times" in complaints(heat_loads=[consumer("B", 300.1), consumer("C")])[0]


def test_only_one_window_may_begin_with_water_of_its_own() -> None:
    """Two days as one horizon, and as two windows: the second would be filled with hot water out of nothing."""
    one = {"pipes": [pipe("p", "A", "B", initial_supply_degc=80.0), pipe("q", "B", "C")], "steps": 48}
    assert complaints(**one) == complaints(**one, window="horizon") == []
    assert "heat out of nothing" in complaints(**one, window="day")[0]
