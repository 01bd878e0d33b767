"""Who owns what, by hand; parts hold every row once, in its order, with its profiles."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from gridpact.case.case import Case
from gridpact.case.owners import (
    COUPLINGS,
    OF_THE_NETWORK,
    TRADING,
    microgrid_parts,
    microgrids_together,
    network_part,
    owner_of,
)
from gridpact.case.schema import SCHEMA
from gridpact.errors import InputError
from tests.districts import bus, district, interface, line, load

NODE = {"supply_min_degc": 60.0, "supply_max_degc": 90.0, "return_min_degc": 30.0, "return_max_degc": 60.0}
PIPE = {"length_m": 100.0, "diameter_mm": 80.0, "heat_transfer_w_per_mk": 0.2}
BATTERY = {
    "energy_mwh": 1.0,
    "charge_mw": 0.5,
    "discharge_mw": 0.5,
    "efficiency_charge": 0.9,
    "efficiency_discharge": 0.9,
    "initial_mwh": 0.5,
}
COST = {"investment": 1000.0, "lifetime_years": 20.0}
ENGINE = {"kind": "engine", "heat_per_power": 1.2, "max_p_mw": 0.1}
PLACES, VT, LINKED = (("3", "t1"), ("5", "v2")), ("v1", "t1"), ("M2", "M4")
WIRE = {"r_ohm_per_km": 0.2, "x_ohm_per_km": 0.2}


def generator(at: str, **more: Any) -> dict[str, Any]:
    return {"generator": f"gen-{at}", "bus": at, "max_p_mw": 1.0, **more}


def three_microgrids(**more: Any) -> Case:
    """Microgrids at buses 4, 2 and 3 (in this order) of a feeder of five; the one at 3 heats the town, the operator
    heats the village from bus 5."""
    parts: dict[str, Any] = {
        "steps": 2,
        "buses": [bus(str(k)) for k in (1, 2, 3, 4, 5)],
        "lines": [line(f"L{k}", str(k), str(k + 1), max_i_ka=0.4) for k in (1, 2, 3, 4)],
        "interfaces": [interface()],
        "microgrids": [{"microgrid": f"M{k}", "bus": k, "max_sell_mw": 2.0} for k in ("4", "2", "3")],
        "network_operator": [{"operator": "dso", "fee_rule": "flat"}],
        "loads": [load(k, 0.1) for k in ("2", "3", "4", "5")],
        "bids": [{"bid": f"bid-{k}", "load": f"load-{k}", "p_mw": 0.1, "benefit_per_mwh": 9.0} for k in "523"],
        "shiftable": [{"load": "load-3", "energy_mwh": 0.1, "max_p_mw": 1.0}],
        "unserved": [{"load": f"load-{k}", "price_per_mwh": 900.0} for k in "45"],
        "generators": [generator("5"), generator("4"), generator("2")],
        "offers": [{"offer": "o", "generator": "gen-4", "p_mw": 1.0, "cost_per_mwh": 30.0}],
        "renewables": [{"renewable": "pv", "bus": "2", "kind": "pv", "p_mw": 0.1}],
        "storages": [{"storage": f"battery-{k}", "bus": k, **BATTERY} for k in ("5", "2")],
        "compensators": [{"compensator": "svc", "bus": "4", "min_q_mvar": -0.1, "max_q_mvar": 0.1}],
        "shunts": [{"shunt": "sh", "bus": "2", "q_mvar": -0.1}],
        "heat_networks": [{"heat_network": n, "ambient_degc": 5.0} for n in ("village", "town")],
        "heat_nodes": [{"node": f"{n[0]}{k}", "heat_network": n, **NODE} for n in ("town", "village") for k in (1, 2)],
        "pipes": [{"pipe": f"{n}12", "from_node": f"{n}1", "to_node": f"{n}2", **PIPE} for n in "vt"],
        "heat_sources": [
            {"heat_source": "vs", "node": "v1", "bus": "5"},
            {"heat_source": "ts", "node": "t1", "bus": "3"},
        ],
        "heat_loads": [{"heat_load": f"{n}h", "node": f"{n}2", "heat_mw": 0.1} for n in "tv"],
        "heat_unserved": [{"heat_load": "th", "price_per_mwh": 500.0}],
        "gas_boilers": [{"gas_boiler": f"{n}g", "node": f"{n}1", "max_heat_mw": 1.0} for n in "vt"],
        "heat_storages": [{"heat_storage": "tank", "node": "t1", "energy_mwh": 1.0, "charge_mw": 1, "discharge_mw": 1}],
        "electric_boilers": [{"electric_boiler": "kettle", "bus": "5", "node": "v1", "max_heat_mw": 0.5}],
        "chps": [{"chp": "engine", "bus": "3", "node": "t1", "kind": "engine"}],
        "chp_points": [{"point": f"p{k}", "chp": "engine", "p_mw": k / 2, "heat_mw": k / 2} for k in (0, 1)],
        "renewable_candidates": [
            {"candidate": f"sun-{k}", "bus": k, "kind": "pv", "p_mw": 0.1, **COST} for k in ("4", "1", "3")
        ],
        "storage_candidates": [{"candidate": f"cell-{k}", "bus": k, **BATTERY, **COST} for k in "52"],
        "generator_candidates": [{"candidate": "motor", "bus": "2", "max_p_mw": 1.0, **COST}],
        "chp_candidates": [{"candidate": f"chp-{b}", **ENGINE, "bus": b, "node": n, **COST} for b, n in PLACES],
        "electric_boiler_candidates": [{"candidate": "coil", "bus": "3", "node": "t1", "max_heat_mw": 0.1, **COST}],
        "heat_pump_candidates": [
            {"candidate": "pump", "bus": "5", "node": "v1", "max_heat_mw": 0.1, "sink_degc": 60.0, **COST}
        ],
        "gas_boiler_candidates": [{"candidate": f"gas-{n}", "node": n, "max_heat_mw": 0.1, **COST} for n in VT],
        "heat_storage_candidates": [
            {"candidate": f"tank-{n}", "node": n, "energy_mwh": 1.0, "charge_mw": 1, "discharge_mw": 1, **COST}
            for n in VT
        ],
        "exchange_candidates": [{"candidate": f"link-{k}", "microgrid": k, "max_sell_mw": 0.1, **COST} for k in LINKED],
        "line_candidates": [{"candidate": "thick", "line": "L1", **WIRE, "max_i_ka": 0.9, **COST}],
        "tie_candidates": [{"candidate": "tie", "from_bus": "2", "to_bus": "4", "length_km": 1.0, **WIRE, **COST}],
        "protection_candidates": [
            {"candidate": "breaker", "line": "L2", "end": "from", "kind": "breaker", **COST},
        ],
    }
    profiles = {
        "loads/load-3/p_mw": [0.2, 0.3],
        "loads/load-5/p_mw": [0.4, 0.5],
        "microgrids/M2/max_buy_mw": [1.0, 2.0],
        "renewable_candidates/sun-3/p_mw": [0.0, 0.1],
        "heat_loads/th/heat_mw": [0.1, 0.05],
        "interfaces/grid/price_per_mwh": [40.0, 60.0],
    }
    parts |= more
    rows = {name: part for name, part in parts.items() if part != []}
    return district({path: row for path, row in profiles.items() if path.split("/")[0] in rows}, **rows)


OWNERS = {
    "buses": [-1] * 5,
    "lines": [-1] * 4,
    "interfaces": [-1],
    "microgrids": [0, 1, 2],
    "network_operator": [-1],
    "loads": [1, 2, 0, -1],
    "bids": [-1, 1, 2],
    "shiftable": [2],
    "unserved": [0, -1],
    "generators": [-1, 0, 1],
    "offers": [0],
    "renewables": [1],
    "storages": [-1, 1],
    "compensators": [0],
    "shunts": [-1],
    "heat_networks": [-1, 2],
    "heat_nodes": [2, 2, -1, -1],
    "pipes": [-1, 2],
    "heat_sources": [-1, 2],
    "heat_loads": [2, -1],
    "heat_unserved": [2],
    "gas_boilers": [-1, 2],
    "heat_storages": [2],
    "electric_boilers": [-1],
    "chps": [2],
    "chp_points": [2, 2],
    "renewable_candidates": [0, -1, 2],
    "storage_candidates": [-1, 1],
    "generator_candidates": [1],
    "chp_candidates": [2, -1],
    "electric_boiler_candidates": [2],
    "heat_pump_candidates": [-1],
    "gas_boiler_candidates": [-1, 2],
    "heat_storage_candidates": [-1, 2],
    "exchange_candidates": [1, 0],
    "line_candidates": [-1],
    "tie_candidates": [-1],
    "protection_candidates": [-1],
}


@pytest.mark.parametrize("table", OWNERS)
def test_owners_by_hand(table: str) -> None:
    assert owner_of(three_microgrids(), table).tolist() == OWNERS[table]


def test_nobody_owns_what_is_not_there() -> None:
    case = three_microgrids()
    for table in SCHEMA.keys() - OWNERS.keys():
        assert owner_of(case, table).tolist() == [], table


def test_every_table_at_a_bus_has_been_thought_of() -> None:
    """A new table of what stands at a bus is a microgrid's, unless it is named as the network's."""
    at_bus = {name for name, table in SCHEMA.items() if any(c.references == "buses" for c in table.columns)}
    devices = {"generators", "renewables", "storages", "loads", "compensators", "chps", "electric_boilers"}
    devices |= {"heat_pumps", "heat_sources", "microgrids"}
    devices |= {"renewable_candidates", "storage_candidates", "generator_candidates"}
    couplings = {"chp_candidates", "electric_boiler_candidates", "heat_pump_candidates"}
    devices |= couplings
    assert at_bus - {"lines", "transformers"} - set(OF_THE_NETWORK) == devices
    assert set(COUPLINGS) == {"chps", "electric_boilers", "heat_pumps", "heat_sources"} | couplings


def test_every_row_is_in_one_part_in_its_order() -> None:
    """The network and the microgrids have every row of every device between them, once, and so all profiles."""
    case = three_microgrids()
    network, parts = network_part(case), microgrid_parts(case)
    for name in SCHEMA.keys() - {"buses", *TRADING}:
        rows = [row for part in (network, *parts) for row in part.ids(name)]
        assert sorted(rows) == sorted(case.ids(name))
        for part in (network, *parts):
            places = [case.ids(name).index(row) for row in part.ids(name)]
            assert places == sorted(places)
            expected = case.tables[name].iloc[places].reset_index(drop=True)
            pd.testing.assert_frame_equal(part.tables[name], expected)
    paths = [path for part in (network, *parts) for path in part.profiles.columns]
    assert sorted(set(paths)) == sorted(case.profiles.columns)
    assert [path for path in set(paths) if paths.count(path) > 1] == ["microgrids/M2/max_buy_mw"]


def test_parts_of_microgrids() -> None:
    case = three_microgrids()
    parts = microgrid_parts(case)
    assert [part.ids("buses") for part in parts] == [["4"], ["2"], ["3"]]
    assert [part.ids("microgrids") for part in parts] == [["M4"], ["M2"], ["M3"]]
    assert [part.ids("loads") for part in parts] == [["load-4"], ["load-2"], ["load-3"]]
    assert parts[2].ids("pipes") == ["t12"] and parts[0].ids("pipes") == []
    assert parts[1].series("microgrids", "max_buy_mw").tolist() == [[1.0, 2.0]]
    assert parts[2].series("heat_loads", "heat_mw").tolist() == [[0.1, 0.05]]
    assert parts[2].series("renewable_candidates", "p_mw").tolist() == [[0.0, 0.1]]
    assert [part.ids("storage_candidates") for part in parts] == [[], ["cell-2"], []]
    assert all(part.count("lines") == part.count("network_operator") == 0 for part in parts)
    assert all(part.validated and part.snapshots.equals(case.snapshots) for part in parts)
    assert all(list(part.tables) == list(SCHEMA) for part in parts)


def test_part_of_the_network() -> None:
    case = three_microgrids()
    part = network_part(case)
    assert part.validated and list(part.tables) == list(SCHEMA)
    for name in ("buses", "lines", "interfaces", "shunts", *TRADING):
        pd.testing.assert_frame_equal(part.tables[name], case.tables[name])
    assert part.ids("renewable_candidates") == ["sun-1"] and part.ids("storage_candidates") == ["cell-5"]
    assert part.ids("loads") == ["load-5"] and part.ids("heat_networks") == ["village"]
    assert part.series("loads", "p_mw").tolist() == [[0.4, 0.5]]
    assert part.series("microgrids", "max_buy_mw")[1].tolist() == [1.0, 2.0]


def test_microgrids_together() -> None:
    """Buses and devices stay in the order of the case, not in that of the microgrids."""
    case = three_microgrids()
    together = microgrids_together(case)
    assert together.ids("buses") == ["2", "3", "4"] and together.ids("microgrids") == ["M4", "M2", "M3"]
    assert together.ids("loads") == ["load-2", "load-3", "load-4"] and together.count("lines") == 0
    assert together.ids("heat_networks") == ["town"] and together.count("interfaces") == 0
    assert together.positions("microgrids", "bus").tolist() == [2, 0, 1]
    assert "loads/load-5/p_mw" not in together.profiles and "loads/load-3/p_mw" in together.profiles
    assert together.validated


def test_parts_of_a_case_that_was_not_checked_are_not_marked() -> None:
    case = three_microgrids()
    changed = case.with_table("loads", case.tables["loads"])
    parts = [network_part(changed), microgrids_together(changed), *microgrid_parts(changed)]
    assert not any(part.validated for part in parts)


def test_a_case_without_microgrids_is_all_the_operators() -> None:
    case = three_microgrids(microgrids=[], network_operator=[], exchange_candidates=[])
    for name in SCHEMA:
        assert (owner_of(case, name) == -1).all()
        pd.testing.assert_frame_equal(network_part(case).tables[name], case.tables[name])
    assert microgrid_parts(case) == [] and microgrids_together(case).count("buses") == 0


def test_a_heat_network_shared_by_two_is_the_operators() -> None:
    """Only a draft can have it; the parts are still parts."""
    case = three_microgrids()
    chps = case.tables["chps"].assign(bus="4")
    shared = case.with_table("chps", chps)
    assert owner_of(shared, "heat_networks").tolist() == [-1, -1]
    assert owner_of(shared, "chps").tolist() == [0]


def test_what_may_be_built_couples_a_heat_network_too() -> None:
    """A plant at another bus would make two owners of one heat network, in some designs."""
    with pytest.raises(InputError) as raised:
        three_microgrids(chp_candidates=[{"candidate": "diesel", **ENGINE, "bus": "4", "node": "t1", **COST}])
    assert [issue.column for issue in raised.value.issues] == ["bus"]
    assert "coupled with electricity at the bus of a microgrid and elsewhere too" in str(raised.value)


def test_what_may_be_built_alone_makes_no_microgrid() -> None:
    with pytest.raises(InputError) as raised:
        three_microgrids(
            microgrids=[{"microgrid": f"M{k}", "bus": k, "max_sell_mw": 2.0} for k in "4231"],
            interfaces=[interface() | {"bus": "5"}],
        )
    assert "microgrid owns nothing" in str(raised.value)


def test_a_hundred_microgrids_come_apart_at_once() -> None:
    names = [str(k) for k in range(101)]
    case = district(
        {f"loads/load-{k}/p_mw": [0.1, 0.2] for k in names[1:]},
        steps=2,
        buses=[bus(k) for k in names],
        lines=[line(f"L{k}", "0", k) for k in names[1:]],
        interfaces=[{**interface(), "bus": "0"}],
        microgrids=[{"microgrid": f"M{k}", "bus": k} for k in names[1:]],
        loads=[load(k, 0.1) for k in names[1:]],
        generators=[generator(k) for k in names[1:]],
        storages=[{"storage": f"battery-{k}", "bus": k, **BATTERY} for k in names[1:]],
    )
    parts = microgrid_parts(case)
    assert [part.ids("loads") for part in parts] == [[f"load-{k}"] for k in names[1:]]
    assert all(np.array_equal(part.series("loads", "p_mw"), [[0.1, 0.2]]) for part in parts)
