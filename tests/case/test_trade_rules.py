"""Rules of trade: what lies just inside of a bound is let be, and what lies just outside is found.

The mistakes that a file may hold are listed in tests/cases/bad/trading.toml.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

import gridpact as gp
from gridpact.case.case import Case
from gridpact.case.trade_fee_rules import fee_rule, operators_name
from gridpact.errors import InputError
from tests.districts import bus, district, interface, line, load

PIPES = {"length_m": 100.0, "diameter_mm": 80.0, "heat_transfer_w_per_mk": 0.2}


def generator(at: str, most: float = 0.5, **more: Any) -> dict[str, Any]:
    return {"generator": f"gen-{at}", "bus": at, "max_p_mw": most, **more}


def microgrid(at: str, **more: Any) -> dict[str, Any]:
    return {"microgrid": f"M{at}", "bus": at, **more}


def market(profiles: Mapping[str, Sequence[float]] | None = None, **parts: Any) -> Case:
    """Microgrids at buses 2 and 3, each with a load of 0.4 MW and a generator of 0.5 MW."""
    tables: dict[str, Any] = {
        "buses": [bus("1"), bus("2"), bus("3")],
        "lines": [line("a", "1", "2"), line("b", "2", "3")],
        "interfaces": [interface()],
        "loads": [load("2", 0.4), load("3", 0.4)],
        "generators": [generator("2"), generator("3")],
        "microgrids": [microgrid("2"), microgrid("3")],
    }
    return district(profiles, **(tables | parts))


def complaints(profiles: Mapping[str, Sequence[float]] | None = None, **parts: Any) -> list[str]:
    try:
        market(profiles, **parts)
    except InputError as error:
        return [issue.message for issue in error.issues]
    return []


def operator(**more: Any) -> list[dict[str, Any]]:
    return [{"operator": "dso", **more}]


def test_microgrids_need_no_more_than_a_name_and_a_bus() -> None:
    case = market()
    assert (operators_name(case), fee_rule(case)) == ("network", "flat")
    named = market(network_operator=operator(fee_rule="network"))
    assert (operators_name(named), fee_rule(named)) == ("dso", "network")
    assert case.tables["microgrids"]["disagreement"].tolist() == ["islanded", "islanded"]
    assert case.column("microgrids", "weight").tolist() == [1.0, 1.0]
    assert case.tables["microgrids"]["zone"].tolist() == ["", ""]


@pytest.mark.parametrize(
    "row",
    [
        {"fee_rule": "flat", "grid_fee_per_mwh": 8, "pair_fee_per_mwh": 5},
        {"fee_rule": "flat", "fee_kind": "cost", "grid_fee_per_mwh": 8},
        {"fee_rule": "distance", "grid_fee_per_mwh": 8, "pair_fee_per_mwh": 5, "fee_per_mwh_km": 1},
        {"fee_rule": "network", "grid_fee_per_mwh": 0, "pair_fee_per_mwh": 0},
        {"role": "fee_only", "weight": 1},
        {"role": "party", "weight": 3, "disagreement_cost": -10},
        {"buyer_share": 0},
        {"buyer_share": 1},
    ],
)
def test_operators_that_are_let_be(row: dict[str, Any]) -> None:
    assert complaints(network_operator=operator(**row)) == []


def test_fees_within_one_zone() -> None:
    rows = [{"zone_fee": "in", "from_zone": "n", "to_zone": "n", "fee_per_mwh": 0}]
    grids = [microgrid(k, zone="n") for k in "23"]
    assert complaints(microgrids=grids, zone_fees=rows, network_operator=operator(fee_rule="zone")) == []
    assert complaints(microgrids=grids) == []  # a zone is a label too


@pytest.mark.parametrize(("most", "fine"), [(0.4, True), (0.399, False)])
def test_an_island_that_just_supplies_itself(most: float, fine: bool) -> None:
    assert (complaints(generators=[generator("2", most), generator("3")]) == []) == fine


def test_all_that_an_island_has_counts() -> None:
    """0.4 MW of load: 0.1 by the generator, 0.1 by wind in the second step only, 0.2 by the battery."""
    battery = {"storage": "battery", "bus": "2", "energy_mwh": 1, "charge_mw": 0.2, "discharge_mw": 0.2}
    battery |= {"efficiency_charge": 0.9, "efficiency_discharge": 0.9, "initial_mwh": 0.5}
    wind = {"renewable": "wind", "bus": "2", "kind": "wind", "p_mw": 0.1}
    parts: dict[str, Any] = {"generators": [generator("2", 0.1), generator("3")], "storages": [battery], "steps": 2}
    parts["renewables"] = [wind]
    assert complaints(**parts) == []
    found = complaints({"renewables/wind/p_mw": [0.05, 0.1]}, **parts)
    assert found == ["microgrid cannot be islanded: its load is more than all that it can supply itself"]
    cut = [{"load": "load-2", "price_per_mwh": 900}]
    assert complaints({"renewables/wind/p_mw": [0.05, 0.1]}, unserved=cut, **parts) == []


@pytest.mark.parametrize(("corner", "fine"), [(0.4, True), (0.3, False)])
def test_plants_of_an_island_count_by_their_corners(corner: float, fine: bool) -> None:
    parts: dict[str, Any] = {
        "generators": [generator("3")],
        "heat_networks": [{"heat_network": "town", "ambient_degc": 10.0}],
        "heat_nodes": [{"node": n, "heat_network": "town"} for n in "AB"],
        "pipes": [{"pipe": "p", "from_node": "A", "to_node": "B", **PIPES}],
        "heat_sources": [{"heat_source": "s", "node": "A", "bus": "2"}],
        "heat_loads": [{"heat_load": "h", "node": "B", "heat_mw": 0.2}],
        "chps": [{"chp": "engine", "bus": "2", "node": "A", "kind": "engine"}],
        "chp_points": [{"point": f"p{k}", "chp": "engine", "p_mw": k * corner, "heat_mw": k * 0.5} for k in (0, 1)],
    }
    assert (complaints(**parts) == []) == fine


def test_what_is_the_operators_may_be_switched() -> None:
    """Units away from the microgrids, and a bank in any value at a microgrid's bus."""
    more = [generator("1", committable=True), generator("2"), generator("3")]
    banks = [{"capacitor": "a", "bus": "1", "q_mvar": 0.1, "steps": 2}, {"capacitor": "b", "bus": "2", "q_mvar": 0.1}]
    assert complaints(generators=more, capacitors=banks) == []


def test_tariffs_that_are_equal_are_let_be() -> None:
    tariffs = {"disagreement": "tariff", "tariff_buy_per_mwh": 50, "tariff_sell_per_mwh": 50}
    grids = [microgrid("2", **tariffs), microgrid("3")]
    assert complaints(microgrids=grids) == []
    path = "microgrids/M2/tariff_sell_per_mwh"
    assert complaints({path: [50.0, 50.0]}, microgrids=grids, steps=2) == []
    found = complaints({path: [50.0, 50.1]}, microgrids=grids, steps=2)
    assert len(found) == 1 and "at 2030-01-01T01:00:00" in found[0]


def test_a_microgrid_that_trades_in_one_step_only_is_let_be() -> None:
    grids = [microgrid("2", max_buy_mw=0, max_sell_mw=0), microgrid("3")]
    assert complaints({"microgrids/M2/max_sell_mw": [0.0, 0.1]}, microgrids=grids, steps=2) == []
    assert len(complaints({"microgrids/M2/max_sell_mw": [0.0, 0.0]}, microgrids=grids, steps=2)) == 1
    assert complaints(microgrids=[microgrid("2", max_sell_mw=0), microgrid("3")]) == []


def test_distances_along_a_loop_and_through_a_transformer() -> None:
    """The way from 2 to 3 leads around by bus 1; a transformer is a way too."""
    row = operator(fee_rule="distance", fee_per_mwh_km=1)
    lines = [line("a", "1", "2"), line("b", "2", "3", in_service=False), line("c", "1", "3")]
    assert complaints(lines=lines, network_operator=row) == []
    transformer = [{"transformer": "t", "from_bus": "2", "to_bus": "3", "r_ohm": 0.1, "x_ohm": 0.3}]
    assert complaints(lines=[line("a", "1", "2")], transformers=transformer, network_operator=row) == []


def test_two_networks_trade_unless_fees_go_by_distance() -> None:
    grid = [interface(), interface(interface="other", bus="3")]
    parts: dict[str, Any] = {
        "buses": [bus(k) for k in "1234"],
        "lines": [line("a", "1", "2"), line("b", "3", "4")],
        "interfaces": grid,
        "loads": [load("2", 0.4), load("4", 0.4)],
        "generators": [generator("2"), generator("4")],
        "microgrids": [microgrid("2"), microgrid("4")],
    }
    assert complaints(**parts) == []
    found = complaints(**parts, network_operator=operator(fee_rule="distance", fee_per_mwh_km=1))
    assert found == ["no line leads to the first microgrid, and fees go by the length of line between microgrids"]


def test_a_case_made_in_python_is_judged_alike(tmp_path: Any) -> None:
    """A case written and read again has the same tables of trade, and a wrong one is refused the same way."""
    case = market(network_operator=operator(role="party", weight=2.0, disagreement_cost=7.0))
    gp.write_case(case, tmp_path / "case")
    again = gp.read_case(tmp_path / "case")
    for name in ("microgrids", "network_operator", "zone_fees"):
        assert again.tables[name].equals(case.tables[name])
    wrong = case.with_table("microgrids", case.tables["microgrids"].assign(bus="2"))
    assert [issue.column for issue in gp.validate(wrong)] == ["bus"]
