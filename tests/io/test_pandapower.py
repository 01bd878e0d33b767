"""pandapower networks: the same power flow, the same market as from MATPOWER, switches and devices, hostile files."""

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gridpact as gp
from tests.io.powerflow import voltages

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pandapower as pp
    import pandapower.networks as nw

CASES = Path(__file__).resolve().parents[1] / "cases"


def imported(net: Any, **options: Any) -> tuple[gp.Case, list[str]]:
    told: list[str] = []
    return gp.from_pandapower(net, tell=told.append, **options), told


def refused(net: Any, **options: Any) -> str:
    with pytest.raises(gp.InputError) as caught:
        gp.from_pandapower(net, **options)
    return str(caught.value)


def solved(net: Any) -> Any:
    pp.runpp(net, tolerance_mva=1e-10, calculate_voltage_angles=True, numba=False)
    return net


def assert_same_flow(net: Any, **options: Any) -> tuple[gp.Case, bool]:
    """Voltages of an imported network are those of pandapower's power flow. Returns the case and if it is radial."""
    solved(net)
    case, _ = imported(net, **options)
    generated = {f"gen-{index}": complex(row.p_mw, row.q_mvar) for index, row in net.res_gen.iterrows()}
    generated |= {f"sgen-{index}": complex(row.p_mw, row.q_mvar) for index, row in net.res_sgen.iterrows()}
    expected = net.res_bus["vm_pu"].loc[[int(bus) for bus in case.ids("buses")]].to_numpy()
    vm, _, radial = voltages(case, dict(zip(case.ids("buses"), expected, strict=True)), generated)
    np.testing.assert_allclose(vm, expected, rtol=0.0, atol=1e-8)
    return case, radial


# --- power flows --------------------------------------------------------------------------------------------------

RADIAL: dict[str, Callable[[], Any]] = {
    "oberrhein": nw.mv_oberrhein,
    "oberrhein with generation": lambda: nw.mv_oberrhein(scenario="generation"),
    "cigre medium voltage": lambda: nw.create_cigre_network_mv(with_der="all"),
    "cigre low voltage": nw.create_cigre_network_lv,
    "kerber overhead lines": nw.create_kerber_landnetz_freileitung_1,
    "kerber cables": nw.create_kerber_landnetz_kabel_2,
    "kerber village": nw.create_kerber_dorfnetz,
    "dickert": nw.create_dickert_lv_network,
    "four loads": nw.panda_four_load_branch,
    "four loads with branches": nw.four_loads_with_branches_out,
    "four buses": nw.simple_four_bus_system,
    "open ring": nw.simple_mv_open_ring_net,
    "example": nw.example_simple,
    "voltage control": nw.create_synthetic_voltage_control_lv_network,
    "case33bw": nw.case33bw,
}


@pytest.mark.parametrize("name", RADIAL)
def test_power_flow_of_a_radial_network(name: str) -> None:
    assert assert_same_flow(RADIAL[name]())[1]


@pytest.mark.parametrize("make", [nw.case5, nw.case14, nw.case39], ids=lambda make: str(make.__name__))
def test_power_flow_of_a_meshed_network(make: Callable[[], Any]) -> None:
    assert not assert_same_flow(make())[1]


def small() -> Any:
    """20 kV, a transformer with a tap, 0.4 kV: bus 0 - line 0 - bus 1 - trafo 0 - bus 2 - line 1 - bus 3, loaded."""
    net = pp.create_empty_network(name="small")
    for kilovolt in (20.0, 20.0, 0.4, 0.4):
        pp.create_bus(net, vn_kv=kilovolt, min_vm_pu=0.9, max_vm_pu=1.1)
    pp.create_ext_grid(net, 0, vm_pu=1.02)
    for start, end, r, x, length in ((0, 1, 0.2, 0.12, 10.0), (2, 3, 0.3, 0.08, 0.2)):
        pp.create_line_from_parameters(net, start, end, length, r, x, 250.0, 0.3)
    trafo = {"sn_mva": 0.63, "vn_hv_kv": 20.5, "vn_lv_kv": 0.41, "vk_percent": 6.0, "vkr_percent": 1.2, "pfe_kw": 1.5}
    tap = {"tap_side": "hv", "tap_neutral": 0, "tap_pos": 2, "tap_step_percent": 2.5, "tap_changer_type": "Ratio"}
    pp.create_transformer_from_parameters(net, 1, 2, i0_percent=0.4, shift_degree=150, **trafo, **tap)
    pp.create_load(net, 3, 0.12, 0.05)
    return net


def tap(net: Any, **values: Any) -> None:
    for name, value in values.items():
        net.trafo[name] = value


NETWORK_CHANGES: dict[str, Callable[[Any], object]] = {
    "as it is": lambda net: None,
    "tap at the low side": lambda net: tap(net, tap_side="lv", tap_pos=-3),
    "cross regulator": lambda net: tap(net, tap_step_degree=60.0),
    "ideal phase shifter": lambda net: tap(net, tap_changer_type="Ideal", tap_step_percent=0.0, tap_step_degree=5.0),
    "no tap changer": lambda net: tap(net, tap_side=None, tap_pos=np.nan, tap_neutral=np.nan, tap_changer_type=None),
    "second tap changer": lambda net: tap(
        net,
        tap2_side="lv",
        tap2_pos=1,
        tap2_neutral=0,
        tap2_step_percent=1.5,
        tap2_step_degree=0.0,
        tap2_changer_type="Ratio",
    ),
    "parallel": lambda net: (
        tap(net, parallel=2),
        net.line.insert(0, "spare", 0),
        net.line.__setitem__("parallel", [3, 1]),
    ),
    "leaking line": lambda net: net.line.__setitem__("g_us_per_km", [4.0, 0.0]),
    "open line end": lambda net: (
        pp.create_line_from_parameters(net, 1, 0, 25.0, 0.2, 0.12, 300.0, 0.3, g_us_per_km=2.0),
        pp.create_switch(net, 0, 2, et="l", closed=False),
    ),
    "open transformer end": lambda net: (
        pp.create_transformer(net, 0, 3, "0.25 MVA 20/0.4 kV"),
        pp.create_switch(net, 3, 1, et="t", closed=False),
    ),
    "open transformer head": lambda net: (
        pp.create_transformer(net, 0, 3, "0.25 MVA 20/0.4 kV"),
        pp.create_switch(net, 0, 1, et="t", closed=False),
    ),
    "line to a bus out of service": lambda net: (
        pp.create_bus(net, 20.0, in_service=False),
        pp.create_line_from_parameters(net, 1, 4, 25.0, 0.2, 0.12, 300.0, 0.3),
    ),
    "bus coupler": lambda net: (
        pp.create_bus(net, 0.4),
        pp.create_switch(net, 4, 3, et="b"),
        pp.create_load(net, 4, 0.05, 0.01),
    ),
    "coupler with impedance": lambda net: (
        pp.create_bus(net, 0.4),
        pp.create_switch(net, 3, 4, et="b", z_ohm=0.02),
        pp.create_load(net, 4, 0.05, 0.01),
    ),
    "open coupler": lambda net: (pp.create_bus(net, 0.4), pp.create_switch(net, 3, 4, et="b", closed=False)),
    "shunt rated at another voltage": lambda net: pp.create_shunt(net, 1, q_mvar=-0.1, p_mw=0.01, vn_kv=22.0, step=3),
    "impedance load": lambda net: pp.create_load(net, 2, 0.1, 0.05, const_z_p_percent=40.0, const_z_q_percent=70.0),
    "scaling": lambda net: pp.create_load(net, 2, 0.1, 0.05, scaling=0.7),
    "static generator": lambda net: pp.create_sgen(net, 3, 0.1, 0.04, scaling=1.2, type="PV"),
    "storage": lambda net: pp.create_storage(net, 3, 0.1, max_e_mwh=1.0, q_mvar=0.02),
    "out of service": lambda net: (
        pp.create_load(net, 3, 5.0, in_service=False),
        pp.create_sgen(net, 3, 5.0, in_service=False),
    ),
    "second external grid": lambda net: (
        pp.create_bus(net, 20.0),
        pp.create_ext_grid(net, 4, vm_pu=0.98),
        pp.create_bus(net, 20.0),
        pp.create_line_from_parameters(net, 4, 5, 3.0, 0.2, 0.12, 250.0, 0.3),
        pp.create_load(net, 5, 0.3, 0.1),
    ),
    "slack generator": lambda net: (net.ext_grid.drop(0, inplace=True), pp.create_gen(net, 0, 0.1, 1.03, slack=True)),
}


@pytest.mark.parametrize("change", NETWORK_CHANGES)
def test_power_flow_with(change: str) -> None:
    net = small()
    NETWORK_CHANGES[change](net)
    assert assert_same_flow(net)[1]


def test_the_file_gives_the_same_case_as_the_network(tmp_path: Path) -> None:
    net = nw.mv_oberrhein()
    pp.to_json(net, str(tmp_path / "net.json"))
    from_file, told = imported(tmp_path / "net.json")
    from_net, told_too = imported(net)
    assert told == told_too
    for name in gp.SCHEMA:
        assert from_file.tables[name].equals(from_net.tables[name]), name
    assert from_file.name == from_net.name == "MV Oberrhein"


# --- the same market ----------------------------------------------------------------------------------------------


def same_prices(left: gp.Case, right: gp.Case) -> None:
    prices = [
        gp.clear(case, price_probes=0).table("electricity_prices").set_index("bus")["price_per_mwh"]
        for case in (left, right)
    ]
    assert prices[0].max() - prices[0].min() > 0.5
    np.testing.assert_allclose(prices[0], prices[1].to_numpy(), rtol=0.0, atol=1e-6)


def test_case33bw_clears_to_the_same_prices_from_both_formats() -> None:
    """The cost in pandapower's network is MATPOWER's 20 per MWh."""
    left, _ = imported(nw.case33bw())
    right = gp.from_matpower(CASES / "matpower/case33bw.m", interface="1", price=20.0)
    assert left.column("interfaces", "price_per_mwh").tolist() == [20.0]
    same_prices(left, right)


MARKET = """function mpc = market
mpc.version = '2';
mpc.baseMVA = 10;
mpc.bus = [
1 3 0 0 0 0 1 1 0 110 1 1.05 0.95;
2 1 2 0.5 0 1.5 1 1 0 20 1 1.05 0.95;
3 1 4 1 0.2 0 1 1 0 20 1 1.05 0.95;
4 1 3 1 0 0 1 1 0 20 1 1.05 0.95;
];
mpc.gen = [
1 0 0 20 -20 1.02 100 1 30 -10;
3 0 0 1 -1 1 100 1 3 0;
4 0 0 1 -1 1 100 1 2 0.5;
];
mpc.branch = [
1 2 0.002 0.04 0 40 0 0 1.025 150 1 -360 360;
2 3 0.03 0.02 0.002 5 0 0 0 0 1 -360 360;
3 4 0.05 0.03 0.001 0 0 0 0 0 1 -360 360;
2 4 0.05 0.03 0.001 0 0 0 0 0 0 -360 360;
];
mpc.gencost = [
2 0 0 2 40 0 0 0;
2 0 0 3 1.5 38 0 0;
1 0 0 2 0 0 10 450;
];
"""


def market() -> Any:
    """The network of ``MARKET`` in pandapower's terms: ohm, kA, percent, low-voltage side."""
    net = pp.create_empty_network()
    for kilovolt in (110.0, 20.0, 20.0, 20.0):
        pp.create_bus(net, vn_kv=kilovolt, min_vm_pu=0.95, max_vm_pu=1.05)
    pp.create_ext_grid(net, 0, 1.02, min_p_mw=-10.0, max_p_mw=30.0, min_q_mvar=-20.0, max_q_mvar=20.0)
    ohm, farad = 20.0**2 / 10.0, 1e9 / (2.0 * np.pi * 50.0 * 20.0**2 / 10.0)
    kiloampere = 5.0 / (np.sqrt(3.0) * 20.0)
    lines = ((1, 2, 0.03, 0.02, 0.002, kiloampere), (2, 3, 0.05, 0.03, 0.001, 1e5), (1, 3, 0.05, 0.03, 0.001, 1e5))
    for start, end, r, x, b, most in lines:
        pp.create_line_from_parameters(net, start, end, 2.0, r * ohm / 2.0, x * ohm / 2.0, b * farad / 2.0, most)
    pp.create_switch(net, 3, 2, et="l", closed=False)
    net.line.loc[2, "c_nf_per_km"] = 0.0
    impedance = {"vk_percent": 400.0 * np.hypot(0.002, 0.04), "vkr_percent": 400.0 * 0.002}
    tap = {"tap_side": "hv", "tap_neutral": 0, "tap_pos": 1, "tap_step_percent": 2.5, "tap_changer_type": "Ratio"}
    pp.create_transformer_from_parameters(
        net, 0, 1, 40.0, 110.0, 20.0, pfe_kw=0.0, i0_percent=0.0, shift_degree=150, **impedance, **tap
    )
    for bus, p, q in ((1, 2.0, 0.5), (2, 4.0, 1.0), (3, 3.0, 1.0)):
        pp.create_load(net, bus, p, q)
    pp.create_shunt(net, 1, q_mvar=-1.5)
    pp.create_shunt(net, 2, q_mvar=0.0, p_mw=0.2)
    pp.create_gen(net, 2, 1.0, min_p_mw=0.0, max_p_mw=3.0, min_q_mvar=-1.0, max_q_mvar=1.0)
    pp.create_sgen(net, 3, 1.0, min_p_mw=0.5, max_p_mw=2.0, min_q_mvar=-1.0, max_q_mvar=1.0, controllable=True)
    pp.create_poly_cost(net, 0, "ext_grid", 40.0)
    pp.create_poly_cost(net, 0, "gen", 38.0, cp2_eur_per_mw2=1.5)
    pp.create_pwl_cost(net, 0, "sgen", [[0, 1, 45.0], [1, 2, 45.0]])
    return net


def test_transformer_generators_and_limits_clear_to_the_same_prices_from_both_formats(tmp_path: Path) -> None:
    (tmp_path / "market.m").write_text(MARKET, encoding="utf-8")
    left, _ = imported(market())
    right = gp.from_matpower(tmp_path / "market.m", interface="1", price=40.0)
    for table, column in (("transformers", "x_ohm"), ("transformers", "max_s_mva"), ("generators", "cost_per_mw2h")):
        np.testing.assert_allclose(left.column(table, column), right.column(table, column), rtol=1e-12)
    same_prices(left, right)


# --- devices ------------------------------------------------------------------------------------------------------


def test_a_set_point_must_be_taken_and_its_reactive_power_is_a_load() -> None:
    net = small()
    pp.create_sgen(net, 3, 0.1, 0.04, scaling=0.5, type="WP")
    case, _ = imported(net)
    row = case.tables["renewables"].iloc[0]
    assert (row["renewable"], row["kind"], row["p_mw"], row["curtailable"]) == ("sgen-0", "wind", 0.05, False)
    assert case.tables["loads"].set_index("load").loc["sgen-0", ["p_mw", "q_mvar"]].tolist() == [0.0, -0.02]


def test_controllable_devices_are_dispatched() -> None:
    net = small()
    pp.create_sgen(net, 3, 0.1, min_p_mw=0.0, max_p_mw=0.2, min_q_mvar=-0.1, max_q_mvar=0.1, controllable=True)
    pp.create_pwl_cost(net, 0, "sgen", [[0, 0.1, 20.0], [0.1, 0.2, 30.0]])
    pp.create_load(net, 2, 0.1, 0.05, min_p_mw=0.0, max_p_mw=0.3, controllable=True)
    pp.create_poly_cost(net, 1, "load", -60.0)
    pp.create_storage(net, 2, 0.1, 2.0, soc_percent=25.0, min_e_mwh=0.2, min_p_mw=-0.4, max_p_mw=0.5, controllable=True)
    case, told = imported(net, price=50.0)
    assert case.column("offers", "cost_per_mwh").tolist() == [20.0, 30.0]
    assert case.column("offers", "p_mw").tolist() == [0.1, 0.1]
    flexible = case.tables["controllable"].iloc[0]
    assert (flexible["load"], flexible["max_p_mw"], flexible["benefit_per_mwh"]) == ("load-1", 0.3, 60.0)
    assert flexible["q_mvar_per_mw"] == 0.5
    storage = case.tables["storages"].iloc[0]
    names = ["energy_mwh", "initial_mwh", "min_mwh", "charge_mw", "discharge_mw", "efficiency_charge"]
    assert storage[names].tolist() == [2.0, 0.5, 0.2, 0.5, 0.4, 1.0]
    assert any("lossless" in line and "storage-0" in line for line in told)


def test_a_generator_that_is_not_controllable_keeps_its_power() -> None:
    net = small()
    pp.create_gen(net, 3, 0.1, scaling=0.5, min_p_mw=0.0, max_p_mw=1.0, controllable=False)
    case, told = imported(net)
    assert case.tables["generators"].loc[0, ["min_p_mw", "max_p_mw"]].tolist() == [0.05, 0.05]
    assert case.column("generators", "max_q_mvar").tolist() == [10.0]
    assert any("set to 10 MW and Mvar: gen-0" in line for line in told)


def test_an_external_grid_takes_its_cost_as_price_and_its_limits() -> None:
    net = small()
    net.ext_grid["max_p_mw"], net.ext_grid["min_p_mw"] = 0.5, -0.2
    pp.create_poly_cost(net, 0, "ext_grid", 33.0)
    case, _ = imported(net)
    names = ["bus", "vm_pu", "price_per_mwh", "max_import_mw", "max_export_mw"]
    assert case.tables["interfaces"].loc[0, names].tolist() == ["0", 1.02, 33.0, 0.5, 0.2]


def test_an_external_grid_without_cost_takes_the_given_price_or_none() -> None:
    case, told = imported(small(), price=12.5)
    assert case.column("interfaces", "price_per_mwh").tolist() == [12.5]
    case, told = imported(small())
    assert case.column("interfaces", "price_per_mwh").tolist() == [0.0]
    assert "no price is known, and 0 is taken: ext_grid-0" in told


def test_an_external_grid_whose_cost_is_not_linear_becomes_a_generator_that_holds_its_voltage() -> None:
    net = small()
    pp.create_poly_cost(net, 0, "ext_grid", 20.0, cp2_eur_per_mw2=4.0)
    case, told = imported(net)
    assert case.count("interfaces") == 0
    assert case.tables["generators"].loc[0, ["generator", "slack", "cost_per_mw2h"]].tolist() == [
        "ext_grid-0",
        True,
        4.0,
    ]
    assert case.tables["buses"].loc[0, ["vm_min_pu", "vm_max_pu"]].tolist() == [1.02, 1.02]
    assert any("slack generators instead of interfaces: ext_grid-0" in line for line in told)
    run = gp.clear(case, price_probes=0)
    root = run.table("electricity_prices").set_index("bus").loc["0", "price_per_mwh"]
    supplied = run.table("dispatch").query("kind == 'generator'")["p_mw"].item()
    assert root == pytest.approx(20.0 + 2.0 * 4.0 * supplied, rel=1e-6)


def test_limits_of_branches_are_those_that_may_be_used() -> None:
    net = small()
    net.line["parallel"], net.line["df"], net.line["max_loading_percent"] = [2, 1], [1.0, 0.9], [80.0, 100.0]
    net.trafo["df"], net.trafo["max_loading_percent"] = 1.1, 50.0
    case, _ = imported(net)
    np.testing.assert_allclose(case.column("lines", "max_i_ka"), [0.3 * 2 * 0.8, 0.3 * 0.9])
    # The rated current at 20.5 kV, half of it used, is that of 0.63 x 1.1 / 2 x 20 / 20.5 MVA at 20 kV.
    assert case.column("transformers", "max_s_mva")[0] == pytest.approx(0.63 * 1.1 * 0.5 * 20.0 / 20.5)


def test_switches_are_kept_and_fused_buses_are_one_within_all_limits() -> None:
    net = small()
    pp.create_bus(net, 0.4, min_vm_pu=0.95, max_vm_pu=1.2)
    pp.create_switch(net, 4, 3, et="b")
    pp.create_switch(net, 2, 1, et="l", closed=True)
    case, told = imported(net)
    assert case.ids("buses") == ["0", "1", "2", "3"]
    assert case.tables["buses"].loc[3, ["vm_min_pu", "vm_max_pu"]].tolist() == [0.95, 1.1]
    told_of_switches = case.tables["switches"][["switch", "line", "closed"]]
    assert told_of_switches.to_dict("records") == [{"switch": "switch-1", "line": "line-1", "closed": True}]
    assert "joined by closed switches: 4 to 3" in told


def test_an_interface_replaces_external_grid_and_generators_of_its_bus() -> None:
    net = small()
    pp.create_gen(net, 0, 0.1, 1.02, min_p_mw=0.0, max_p_mw=2.0, min_q_mvar=-1.0, max_q_mvar=1.0)
    case, told = imported(net, interface="0", price=30.0)
    assert case.count("generators") == 0
    names = ["interface", "vm_pu", "price_per_mwh", "max_import_mw"]
    assert case.tables["interfaces"].loc[0, names].tolist() == ["interface-0", 1.02, 30.0, 2.0]
    assert "replaced by the interface at bus 0: ext_grid-0, gen-0" in told
    assert "interface has no price" in refused(net, interface="0")
    pp.create_poly_cost(net, 0, "ext_grid", 33.0)
    assert "there is no interface without a price" in refused(net, price=3.0)


def test_coordinates_are_kept_for_drawings() -> None:
    case, _ = imported(nw.mv_oberrhein())
    assert case.column("buses", "x").min() > 7.0 and case.column("buses", "y").max() < 49.0


# --- what is not supported ----------------------------------------------------------------------------------------

UNSUPPORTED: dict[str, tuple[Callable[[Any], object], str]] = {
    "ward": (lambda net: pp.create_ward(net, 3, 0.1, 0, 0, 0), "1 element(s) of ward"),
    "impedance": (lambda net: pp.create_impedance(net, 2, 3, 0.1, 0.1, 1.0), "1 element(s) of impedance"),
    "motor": (lambda net: pp.create_motor(net, 3, 0.1, 0.9), "1 element(s) of motor"),
    "asymmetric": (lambda net: pp.create_asymmetric_load(net, 3, 0.1), "1 element(s) of asymmetric_load"),
    "constant current": (lambda net: pp.create_load(net, 3, 0.1, const_i_p_percent=10.0), "share of constant current"),
    "reactive cost": (lambda net: pp.create_poly_cost(net, 0, "ext_grid", 1.0, cq1_eur_per_mvar=1.0), "reactive power"),
    "reactive pieces": (
        lambda net: pp.create_pwl_cost(net, 0, "ext_grid", [[0, 1, 1]], power_type="q"),
        "reactive power",
    ),
    "cost of storage": (
        lambda net: (pp.create_storage(net, 3, 0.1, 1.0), pp.create_poly_cost(net, 0, "storage", 1.0)),
        "cost of storage 0",
    ),
    "characteristic": (lambda net: tap(net, tap_dependency_table=True), "characteristic over its tap positions"),
    "tap of unknown type": (lambda net: tap(net, tap_changer_type=None), "but no tap_changer_type"),
    "uneven leakage": (lambda net: tap(net, leakage_reactance_ratio_hv=0.3), "uneven leakage"),
    "steps": (
        lambda net: (pp.create_shunt(net, 3, 0.1), net.shunt.__setitem__("step_dependency_table", True)),
        "characteristic over its steps",
    ),
    "bypassed line": (lambda net: pp.create_switch(net, 2, 3, et="b"), "line 1 is bypassed"),
    "shifts in a loop": (
        lambda net: (
            pp.create_transformer(net, 1, 2, "0.63 MVA 20/0.4 kV"),
            net.trafo.__setitem__("shift_degree", [0, 150]),
        ),
        "shift the phase within a loop",
    ),
    "no state of charge": (lambda net: pp.create_storage(net, 3, 0.1, 1.0, controllable=True), "no state of charge"),
    "quadratic benefit": (
        lambda net: (
            pp.create_load(net, 3, 0.1, min_p_mw=0, max_p_mw=1, controllable=True),
            pp.create_poly_cost(net, 1, "load", -1.0, cp2_eur_per_mw2=1.0),
        ),
        "cost that is not linear",
    ),
    "series capacitor": (
        lambda net: pp.create_line_from_parameters(net, 1, 0, 1.0, 0.1, -0.1, 0.0, 0.3),
        "line-2 has a negative resistance or reactance",
    ),
    "negative short-circuit voltage": (
        lambda net: (tap(net, vk_percent=[-6.0]), pp.create_transformer(net, 1, 2, "0.63 MVA 20/0.4 kV")),
        "trafo-0 has a negative resistance or reactance",
    ),
    "island": (lambda net: (pp.create_bus(net, 0.4), pp.create_load(net, 4, 0.1)), "cut off"),
}


@pytest.mark.parametrize("kind", UNSUPPORTED)
def test_what_is_not_supported_is_refused_or_told(kind: str) -> None:
    net = small()
    change, message = UNSUPPORTED[kind]
    change(net)
    assert message in refused(net)
    case, told = imported(net, skip_unsupported=True)
    assert case.validated
    assert [line for line in told if line.startswith("left out: ") and message in line]


def test_all_that_is_not_supported_is_listed_at_once() -> None:
    message = refused(nw.example_multivoltage())
    assert all(f"of {name} are not supported" in message for name in ("trafo3w", "impedance", "xward"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda net: net.line.drop(columns="x_ohm_per_km", inplace=True),
            "table line has no column x_ohm_per_km",
        ),
        (lambda net: net.line.__setitem__("to_bus", [1, 9]), "line 1 stands at a bus that is not there"),
        (lambda net: net.load.__setitem__("p_mw", "much"), "column is not numeric"),
        (lambda net: net.load.__setitem__("in_service", "yes"), "more than true and false"),
        (lambda net: pp.create_pwl_cost(net, 0, "ext_grid", [[0, 1, 9], [1, 2, 3]]), "is not convex"),
        (lambda net: pp.create_pwl_cost(net, 0, "ext_grid", [[0, 1, 9], [2, 3, 10]]), "are no areas"),
        (
            lambda net: (
                pp.create_poly_cost(net, 0, "ext_grid", 1.0),
                pp.create_pwl_cost(net, 0, "ext_grid", [[0, 1, 9]], check=False),
            ),
            "two costs",
        ),
        (lambda net: (pp.create_bus(net, 20.0), pp.create_switch(net, 3, 4, et="b")), "different vn_kv"),
        (lambda net: net.line.__setitem__("c_nf_per_km", -1.0), "imported lines line-0, column c_nf_per_km"),
        (lambda net: net.ext_grid.drop(0, inplace=True), "cut off"),
        (lambda net: net.__setitem__("f_hz", 0.0), "f_hz is no frequency"),
    ],
)
def test_a_wrong_network_is_refused_by_name(change: Callable[[Any], object], message: str) -> None:
    net = small()
    change(net)
    assert message in refused(net)


# --- files --------------------------------------------------------------------------------------------------------


def document() -> Any:
    return json.loads(pp.to_json(small()))


@pytest.mark.parametrize("place", ["load", "controller", "std_types", "cells"])
def test_nothing_in_a_file_is_executed(tmp_path: Path, place: str) -> None:
    """pandapower's own reader would call what a file names; this one would leave a trace if it did."""
    trace, content = tmp_path / "trace", document()
    hostile = {"_module": "subprocess", "_class": "getoutput", "_object": f"touch {trace}"}
    if place == "cells":
        table = json.loads(content["_object"]["load"]["_object"])
        table["data"][0][0] = hostile
        content["_object"]["load"]["_object"] = json.dumps(table)
    else:
        content["_object"][place] = hostile
    path = tmp_path / "hostile.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    if place in ("load", "cells"):
        assert "hostile.json" in refused(path)
    else:
        assert imported(path)[0].validated
    assert not trace.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "cannot be read as JSON"),
        ("[" * 100_000, "cannot be read as JSON"),
        ("[]", "this is no pandapower network"),
        ('{"_class": "pandapowerNet"}', "this is no pandapower network"),
        ('{"_class": "pandapowerNet", "_object": {}}', "this is no pandapower network"),
        ('{"_class": "Other", "_object": {"bus": 1}}', "this is no pandapower network"),
        ('{"_class": "pandapowerNet", "_object": {"bus": {"_class": "DataFrame", "_object": "{"}}}', "cannot be read"),
        (
            '{"_class": "pandapowerNet", "_object": {"bus": {"_class": "DataFrame", "_object": {"a": 1}}}}',
            "cannot be read",
        ),
    ],
)
def test_a_file_that_is_no_network_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "net.json"
    path.write_text(content, encoding="utf-8")
    assert message in refused(path)


TEXT = pp.to_json(small())
SPOTS = [place for place, sign in enumerate(TEXT) if sign in "0123456789,:[]{}"]
PIECES = st.sampled_from(
    ["null", "true", "-1", "1e999", '""', "[]", "{}", "[1]", ",", '"a"', "99999999999999999999", "NaN"]
)


@given(st.sampled_from(SPOTS), st.integers(0, 3), PIECES)
def test_a_damaged_file_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, at: int, cut: int, put: str
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "net.json"
    path.write_text(TEXT[:at] + put + TEXT[at + cut :], encoding="utf-8")
    result = outcome(path)
    assert result.validated if isinstance(result, gp.Case) else result


def outcome(path: Path) -> gp.Case | list[gp.Issue]:
    try:
        return gp.from_pandapower(path, skip_unsupported=True, tell=str)
    except gp.InputError as error:
        return error.issues
