"""Candidates with heat and for exchange built: what units become, by hand; and what is wrong with them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gridpact.case.case import Case
from gridpact.case.planned import most_units, planned_case
from gridpact.case.validate import require_valid
from gridpact.errors import InputError
from tests.districts import bus, district, interface, line, load
from tests.warm import CANDIDATES, COST, ENGINE, FLAME, KETTLE, PUMP, TANK, town, with_all

LINK = {"candidate": "link", "microgrid": "M", "max_buy_mw": 0.2, "max_sell_mw": 0.1, "max_units": 5, **COST}


def row(planned: Case, table: str, name: str) -> dict[str, Any]:
    frame = planned.tables[table]
    return dict(frame[frame.iloc[:, 0] == name].iloc[0])


def numbers(planned: Case, table: str, name: str, *columns: str) -> list[float]:
    found = row(planned, table, name)
    return [float(found[column]) for column in columns]


# --- heat ---------------------------------------------------------------------------------------------------------


def test_two_plants_are_one_of_twice_the_power() -> None:
    planned = planned_case(with_all(), {"engine": 2})
    sizes = numbers(planned, "chps", "engine", "min_p_mw", "max_p_mw", "min_q_mvar", "max_q_mvar")
    assert sizes == pytest.approx([0.04, 0.2, -0.02, 0.06])
    kept = numbers(planned, "chps", "engine", "heat_per_power", "fuel_price_per_mwh", "fuel_per_p", "fuel_mw")
    assert kept == pytest.approx([1.25, 30.0, 2.5, 0.0])
    found = row(planned, "chps", "engine")
    assert (found["bus"], found["node"], found["kind"], bool(found["committable"])) == ("2", "A", "engine", False)


def test_boilers_and_heat_pumps_give_so_many_times_the_heat() -> None:
    profiles = {"gas_boiler_candidates/flame/max_heat_mw": [0.1, 0.04], "heat_pump_candidates/pump/sink_degc": [60, 70]}
    planned = planned_case(with_all(profiles), {"kettle": 3, "pump": 2, "flame": 2})
    assert numbers(planned, "electric_boilers", "kettle", "max_heat_mw", "efficiency") == pytest.approx([0.3, 0.98])
    assert planned.series("heat_pumps", "max_heat_mw").tolist() == [[0.2, 0.2]]
    assert planned.series("heat_pumps", "sink_degc").tolist() == [[60.0, 70.0]]
    assert planned.ids("gas_boilers") == ["old", "flame"]
    np.testing.assert_allclose(planned.series("gas_boilers", "max_heat_mw"), [[0.3, 0.3], [0.2, 0.08]])
    assert planned.column("gas_boilers", "fuel_price_per_mwh").tolist() == [60.0, 50.0]


def test_tanks_hold_so_many_times_the_heat_and_begin_as_they_end() -> None:
    columns = ("energy_mwh", "charge_mw", "discharge_mw", "min_mwh")
    planned = planned_case(with_all(), {"tank": 2})
    assert numbers(planned, "heat_storages", "tank", *columns) == pytest.approx([0.4, 0.2, 0.1, 0.02])
    assert np.isnan(planned.column("heat_storages", "initial_mwh")[0])
    given = planned_case(town(heat_storage_candidates=[TANK | {"initial_mwh": 0.1}]), {"tank": 2})
    assert given.column("heat_storages", "initial_mwh").tolist() == [0.2]


def test_every_design_with_heat_is_a_valid_case() -> None:
    for units in (0, 1, 2):
        planned = planned_case(with_all(), dict.fromkeys(["engine", "kettle", "pump", "flame", "tank"], units))
        assert planned.validated
        require_valid(planned.with_table("buses", planned.tables["buses"]))


def test_most_units_of_all_kinds() -> None:
    assert most_units(with_all()) == {"engine": 3, "kettle": 4, "pump": 2, "flame": 2, "tank": 2}


# --- exchange -----------------------------------------------------------------------------------------------------


def shared(profiles: dict[str, list[float]] | None = None, **more: Any) -> Case:
    """Microgrids at two buses, one with limits of its exchange, and capacity that may be built for it."""
    parts: dict[str, Any] = {
        "steps": 2,
        "buses": [bus("1"), bus("2"), bus("3")],
        "lines": [line("a", "1", "2"), line("b", "1", "3")],
        "interfaces": [interface()],
        "loads": [load("2", 0.5), load("3", 0.5)],
        "microgrids": [
            {"microgrid": "N", "bus": "3", **TARIFF},
            {"microgrid": "M", "bus": "2", "max_buy_mw": 1.0, "max_sell_mw": 0.5, **TARIFF},
        ],
        "exchange_candidates": [LINK],
    }
    return district(profiles, **(parts | more))


TARIFF = {"disagreement": "tariff", "tariff_buy_per_mwh": 90.0, "tariff_sell_per_mwh": 20.0}


def test_three_units_of_exchange_raise_the_limits_of_their_microgrid() -> None:
    planned = planned_case(shared(), {"link": 3})
    assert planned.validated and planned.count("exchange_candidates") == 0
    assert planned.column("microgrids", "max_buy_mw")[1] == pytest.approx(1.6)
    assert planned.column("microgrids", "max_sell_mw")[1] == pytest.approx(0.8)
    assert np.isnan(planned.column("microgrids", "max_buy_mw")[0])
    require_valid(planned.with_table("buses", planned.tables["buses"]))


def test_units_of_two_candidates_add_up_and_limits_may_vary() -> None:
    other = LINK | {"candidate": "other", "max_buy_mw": 0.0, "max_sell_mw": 0.3}
    limits = {"microgrids/M/max_sell_mw": [0.5, 0.0], "microgrids/N/max_sell_mw": [0.1, 0.2]}
    planned = planned_case(shared(limits, exchange_candidates=[LINK, other]), {"link": 2, "other": 1})
    np.testing.assert_allclose(planned.series("microgrids", "max_sell_mw"), [[0.1, 0.2], [1.0, 0.5]])
    assert planned.column("microgrids", "max_buy_mw")[1] == pytest.approx(1.4)


def test_no_unit_leaves_the_limits_as_they_are() -> None:
    case = shared({"microgrids/M/max_buy_mw": [1.0, 0.5]})
    planned = planned_case(case, {})
    assert planned.tables["microgrids"].equals(case.tables["microgrids"])
    assert planned.profiles.equals(case.profiles)


def wrong(**more: Any) -> list[str]:
    try:
        shared(**more)
    except InputError as error:
        return [issue.message for issue in error.issues]
    return []


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"microgrid": "X"}, "there is no such id in microgrids"),
        ({"max_buy_mw": 0.0, "max_sell_mw": 0.0}, "unit adds nothing to what the microgrid may buy and sell"),
        ({"max_buy_mw": -0.1}, "must be at least 0"),
        ({"max_units": 1.5}, "number of units is not whole"),
        ({"max_buy_mw": 2000.0}, "one unit is larger"),
        ({"microgrid": "N", "max_sell_mw": 0.0}, "microgrid has no max_buy_mw"),
        ({"microgrid": "N", "max_buy_mw": 0.0}, "microgrid has no max_sell_mw"),
        ({"investment": ""}, "required value is missing"),
    ],
)
def test_mistakes_of_exchange(change: dict[str, Any], text: str) -> None:
    found = wrong(exchange_candidates=[LINK | change])
    assert len(found) == 1 and text in found[0]


def test_a_limit_is_needed_only_where_a_unit_adds_to_it_and_may_vary() -> None:
    sells = LINK | {"microgrid": "N", "max_buy_mw": 0.0}
    assert wrong(profiles={"microgrids/N/max_sell_mw": [0.1, 0.2]}, exchange_candidates=[sells]) == []
    assert len(wrong(exchange_candidates=[LINK | {"microgrid": "N"}])) == 2


# --- mistakes -----------------------------------------------------------------------------------------------------


def complaints(table: str, row: dict[str, Any], **more: Any) -> list[str]:
    try:
        town(**({table: [row]} | more))
    except InputError as error:
        return [issue.message for issue in error.issues]
    return []


@pytest.mark.parametrize("table", CANDIDATES)
def test_candidates_with_heat_are_fine_at_either_node(table: str) -> None:
    for node in "AB":
        assert complaints(table, CANDIDATES[table] | {"node": node}) == []


@pytest.mark.parametrize(
    ("table", "row", "text"),
    [
        ("chp_candidates", ENGINE | {"heat_per_power": ""}, "required value is missing"),
        ("chp_candidates", ENGINE | {"max_p_mw": ""}, "required value is missing"),
        ("chp_candidates", ENGINE | {"min_p_mw": 0.2}, "min_p_mw is greater than max_p_mw"),
        ("chp_candidates", ENGINE | {"min_p_mw": 0.1}, "plant can run at one power only"),
        ("chp_candidates", ENGINE | {"min_q_mvar": 0.5}, "min_q_mvar is greater than max_q_mvar"),
        ("chp_candidates", ENGINE | {"max_p_mw": 5000.0}, "one unit is larger"),
        ("chp_candidates", ENGINE | {"kind": "stove"}, "is not one of"),
        ("chp_candidates", ENGINE | {"cost_per_h": 3.0}, "there is no column 'cost_per_h'"),
        ("electric_boiler_candidates", KETTLE | {"bus": "9"}, "there is no such id in buses"),
        ("electric_boiler_candidates", KETTLE | {"node": "C"}, "there is no such id in heat_nodes"),
        ("electric_boiler_candidates", KETTLE | {"min_heat_mw": 0.2}, "min_heat_mw is greater than max_heat_mw"),
        ("electric_boiler_candidates", KETTLE | {"max_heat_mw": 0.0}, "unit can give no heat"),
        ("heat_pump_candidates", PUMP | {"source_degc": 65.0}, "sink_degc is not above the temperature"),
        ("heat_pump_candidates", PUMP | {"sink_degc": 4.0}, "sink_degc is not above the temperature"),
        ("heat_pump_candidates", PUMP | {"max_heat_mw": 0.0}, "unit can give no heat"),
        ("gas_boiler_candidates", FLAME | {"candidate": "old"}, "a boiler has the same name"),
        ("gas_boiler_candidates", FLAME | {"max_heat_mw": 0.0}, "unit can give no heat"),
        ("gas_boiler_candidates", FLAME | {"lifetime_years": 0.0}, "must be greater than 0"),
        ("heat_storage_candidates", TANK | {"min_mwh": 0.3}, "min_mwh is greater than energy_mwh"),
        ("heat_storage_candidates", TANK | {"initial_mwh": 0.3}, "initial_mwh is greater than energy_mwh"),
        ("heat_storage_candidates", TANK | {"energy_mwh": 2e6}, "no storage holds so much"),
        ("heat_storage_candidates", TANK | {"charge_mw": 0.0, "discharge_mw": 0.0}, "neither charged nor discharged"),
        ("heat_storage_candidates", TANK | {"max_units": 1001}, "more than 1000 units"),
    ],
)
def test_mistakes_of_candidates_with_heat(table: str, row: dict[str, Any], text: str) -> None:
    found = complaints(table, row)
    assert len(found) == 1 and text in found[0]


def test_two_candidates_of_one_name_are_told_apart() -> None:
    found = complaints("gas_boiler_candidates", FLAME | {"candidate": "tank"}, heat_storage_candidates=[TANK])
    assert found == ["a candidate of another table has the same name"]


def test_a_candidate_at_a_bare_junction_is_told() -> None:
    nodes = [{"node": name, "heat_network": "town"} for name in "ABC"]
    pipe = {"length_m": 100.0, "diameter_mm": 80.0, "heat_transfer_w_per_mk": 0.2}
    pipes = [{"pipe": f"{a}{b}", "from_node": a, "to_node": b, **pipe} for a, b in ("AC", "CB")]
    found = complaints("gas_boiler_candidates", FLAME | {"node": "C"}, heat_nodes=nodes, pipes=pipes)
    assert len(found) == 1 and "neither a station nor a consumer" in found[0]


def test_what_may_be_built_alone_heats_no_network() -> None:
    """Nothing built is a design, too."""
    found = complaints("gas_boiler_candidates", FLAME, gas_boilers=[])
    assert len(found) == 1 and "nothing heats the water" in found[0]
