"""The power flow by power-grid-model and the judges' own bus admittances must be the same physics."""

import numpy as np
import pytest
from hypothesis import given

from gridpact.certificates.acflow import ac_flow
from gridpact.certificates.acresponse import admittance, bus_power
from gridpact.certificates.grid import read_grid
from tests.certificates.cases import line_columns, made_case, transformer_columns
from tests.certificates.networks import Feeder, feeders


@given(feeders())
def test_own_admittances_confirm_the_power_flow(feeder: Feeder) -> None:
    """S = V conj(Y V) at every bus: the given injections, and at the reference what the source gives."""
    ac = ac_flow(feeder.case, feeder.grid, feeder.injection, feeder.root_voltage)
    power = bus_power(feeder.grid, ac.voltage)
    others, references = feeder.grid.others, feeder.grid.references
    np.testing.assert_allclose(power[others], feeder.injection[others], atol=1e-9)
    np.testing.assert_allclose(power[references], ac.root, atol=1e-9)
    np.testing.assert_allclose(np.abs(ac.voltage[references]), feeder.root_voltage, atol=1e-12)


@given(feeders())
def test_power_is_conserved(feeder: Feeder) -> None:
    """Sources and injections cover the losses of lines and shunts."""
    ac = ac_flow(feeder.case, feeder.grid, feeder.injection, feeder.root_voltage)
    shunts = (feeder.grid.shunt_p[:, None] * np.abs(ac.voltage) ** 2).sum(axis=0)
    given_in = feeder.injection[feeder.grid.others].real.sum(axis=0) + ac.root.real.sum(axis=0)
    np.testing.assert_allclose(given_in, ac.loss.sum(axis=0) + shunts, atol=1e-9)


def test_two_buses_by_hand() -> None:
    """One line of r = x = 0.1 per unit, demand chosen for V2 = 0.9: I = (V1 - V2) / z = 0.1 / (0.1 + 0.1j)."""
    case = made_case(
        buses={"bus": ["a", "b"], "vn_kv": [10.0] * 2, "vm_min_pu": [0.8] * 2, "vm_max_pu": [1.1] * 2},
        lines=line_columns([("a", "b")], [10.0], [10.0]),
        interfaces={"interface": ["sub"], "bus": ["a"], "vm_pu": [1.0], "price_per_mwh": [10.0]},
    )
    current = 0.1 / (0.1 + 0.1j)
    demand = 0.9 * np.conj(current)
    ac = ac_flow(case, read_grid(case, 1.0), np.array([[0.0], [-demand]]), np.array([[1.0]]))
    np.testing.assert_allclose(ac.voltage[1], 0.9, atol=1e-10)
    np.testing.assert_allclose(ac.loss, 0.1 * abs(current) ** 2, atol=1e-10)
    np.testing.assert_allclose(ac.root, np.conj(current), atol=1e-10)
    np.testing.assert_allclose(ac.from_end, np.conj(current), atol=1e-10)


def test_admittances_by_hand() -> None:
    """y = 1 / (0.1 + 0.1j) = 5 - 5j, b/2 = 0.02 at both ends, a capacitor of 0.3 at b."""
    farad = 2 * 0.02 / 100.0 / (2 * np.pi * 50.0)
    case = made_case(
        buses={"bus": ["a", "b"], "vn_kv": [10.0] * 2, "vm_min_pu": [0.8] * 2, "vm_max_pu": [1.1] * 2},
        lines=line_columns([("a", "b")], [10.0], [10.0], farad * 1e9),
        shunts={"shunt": ["cap"], "bus": ["b"], "q_mvar": [-0.3]},
    )
    expected = np.array([[5 - 4.98j, -5 + 5j], [-5 + 5j, 5 - 4.68j]])
    np.testing.assert_allclose(admittance(read_grid(case, 1.0)).toarray(), expected, atol=1e-12)


def test_transformer_admittances_by_hand() -> None:
    """y = 5 - 5j, half of g and b 0.01 - 0.02j, ratio 0.8 at a: (5.01 - 5.02j) / 0.64 at a, -(5 - 5j) / 0.8 between."""
    ohm = 0.4**2 / 1.0
    case = made_case(
        buses={"bus": ["a", "b"], "vn_kv": [10.0, 0.4], "vm_min_pu": [0.8] * 2, "vm_max_pu": [1.1] * 2},
        transformers=transformer_columns((("a", "b"), 0.1 * ohm, 0.1 * ohm, 0.02 / ohm, -0.04 / ohm, 0.8)),
    )
    expected = np.array([[(5.01 - 5.02j) / 0.64, -6.25 + 6.25j], [-6.25 + 6.25j, 5.01 - 5.02j]])
    np.testing.assert_allclose(admittance(read_grid(case, 1.0)).toarray(), expected, atol=1e-12)


def test_a_transformer_station_as_pandapower_sees_it() -> None:
    """20 kV line, transformer at its tap of 0.975, low-voltage line: voltages, flows and losses within 1e-9.

    Of the rating sheet (0.63 MVA, vk 6 %, vkr 1.2 %, 1.5 kW, i0 0.4 %): r and |z| on 0.4^2 / 0.63 ohm, g and |y|.
    """
    import pandapower

    net = pandapower.create_empty_network(f_hz=50.0)
    buses = [pandapower.create_bus(net, kv) for kv in (20.0, 20.0, 0.4, 0.4)]
    pandapower.create_ext_grid(net, buses[0], vm_pu=1.02)
    pandapower.create_line_from_parameters(net, buses[0], buses[1], 3.0, 0.25, 0.12, 250.0, 0.3)
    pandapower.create_line_from_parameters(net, buses[2], buses[3], 0.2, 0.2, 0.08, 300.0, 0.3)
    rating = {"sn_mva": 0.63, "vn_hv_kv": 20.0, "vn_lv_kv": 0.4, "vkr_percent": 1.2, "vk_percent": 6.0}
    tap = {"tap_side": "hv", "tap_neutral": 0, "tap_pos": -1, "tap_step_percent": 2.5, "tap_changer_type": "Ratio"}
    pandapower.create_transformer_from_parameters(
        net, buses[1], buses[2], **rating, pfe_kw=1.5, i0_percent=0.4, tap_min=-2, tap_max=2, **tap
    )
    for bus, p, q in ((1, 1.2, 0.4), (3, 0.12, 0.04)):
        pandapower.create_load(net, buses[bus], p, q)
    pandapower.runpp(net, trafo_model="pi", tolerance_mva=1e-13, max_iteration=30, numba=False)

    r, z = 0.012 * 0.16 / 0.63, 0.06 * 0.16 / 0.63
    g, y = 0.0015 / 0.16, 0.004 * 0.63 / 0.16
    lines = line_columns([("a", "b"), ("c", "d")], [0.75, 0.04], [0.36, 0.016], [750.0, 60.0])
    case = made_case(
        buses={"bus": list("abcd"), "vn_kv": [20.0, 20.0, 0.4, 0.4], "vm_min_pu": [0.9] * 4, "vm_max_pu": [1.1] * 4},
        lines=lines,
        transformers=transformer_columns((("b", "c"), r, np.sqrt(z**2 - r**2), g, -np.sqrt(y**2 - g**2), 0.975)),
        interfaces={"interface": ["sub"], "bus": ["a"], "vm_pu": [1.02], "price_per_mwh": [10.0]},
    )
    grid, injection = read_grid(case, 1.0), -np.array([[0.0], [1.2 + 0.4j], [0.0], [0.12 + 0.04j]])
    ac = ac_flow(case, grid, injection, np.array([[1.02]]))
    unit, line = net.res_trafo.iloc[0], net.res_line
    np.testing.assert_allclose(np.abs(ac.voltage[:, 0]), net.res_bus["vm_pu"], atol=1e-9)
    np.testing.assert_allclose(ac.from_end[:2, 0], line["p_from_mw"] + 1j * line["q_from_mvar"], atol=1e-9)
    np.testing.assert_allclose(ac.from_end[2, 0], unit["p_hv_mw"] + 1j * unit["q_hv_mvar"], atol=1e-9)
    np.testing.assert_allclose(ac.loss[:, 0], [*line["pl_mw"], unit["pl_mw"]], atol=1e-9)
    np.testing.assert_allclose(bus_power(grid, ac.voltage)[0], ac.root[0], atol=1e-9)


def test_a_step_without_solution_is_not_a_number_and_the_others_are() -> None:
    """A line of r = x = 0.1 carries at most 1 / (2 (r + |z|)) = 2.07; at P = 2 it holds V^4 - 0.6 V^2 + 0.08 = 0."""
    case = made_case(
        steps=2,
        buses={"bus": ["a", "b"], "vn_kv": [10.0] * 2, "vm_min_pu": [0.8] * 2, "vm_max_pu": [1.1] * 2},
        lines=line_columns([("a", "b")], [10.0], [10.0]),
        interfaces={"interface": ["sub"], "bus": ["a"], "vm_pu": [1.0], "price_per_mwh": [10.0]},
    )
    grid, roots = read_grid(case, 1.0), np.ones((1, 2))
    ac = ac_flow(case, grid, np.array([[0.0, 0.0], [-2.2, -2.0]]) + 0j, roots)
    assert np.isnan(ac.voltage[1, 0])
    assert np.isnan(ac.root[0, 0])
    assert abs(ac.voltage[1, 1]) == pytest.approx(np.sqrt(0.4), abs=1e-9)
    none = ac_flow(case, grid, np.array([[0.0, 0.0], [-2.2, -2.2]]) + 0j, roots)
    assert np.isnan(none.voltage).all()
