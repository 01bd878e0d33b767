"""Heat networks made up for the tests of reading and writing: valid, with any names and numbers, without meaning."""

from collections.abc import Mapping

from hypothesis import strategies as st

NAN = float("nan")
FRACTIONS = st.floats(0.01, 1.0)
COSTS = st.floats(-1e300, 1e300)


def lists(n: int, values: st.SearchStrategy[float]) -> st.SearchStrategy[list[float]]:
    return st.lists(values, min_size=n, max_size=n)


def blank_or(values: st.SearchStrategy[float]) -> st.SearchStrategy[float]:
    return st.one_of(st.just(NAN), values)


@st.composite
def heat_tables(draw: st.DrawFn, names: list[str], bus: str) -> dict[str, Mapping[str, object]]:
    """A chain of nodes (at least three names), stations at its ends, a consumer at each node but the first."""
    n = len(names)
    heat = draw(lists(n - 1, st.floats(0.01, 5.0)))
    supply = sorted(draw(lists(2, st.floats(101.0, 250.0))))
    back = sorted(draw(lists(2, st.floats(0.0, 30.0))))
    return {
        "heat_networks": {
            "heat_network": names[:1],
            "ambient_degc": [draw(st.floats(-60.0, 60.0))],
            "viscosity_m2_per_s": [draw(st.floats(1e-9, 1e-5))],
        },
        "heat_nodes": {
            "node": names,
            "heat_network": names[:1] * n,
            "supply_min_degc": draw(lists(n, st.sampled_from([0.0, supply[0]]))),
            "supply_max_degc": draw(lists(n, st.sampled_from([250.0, supply[1]]))),
            "return_min_degc": draw(lists(n, st.sampled_from([0.0, back[0]]))),
            "return_max_degc": draw(lists(n, st.sampled_from([250.0, back[1]]))),
        },
        "pipes": {
            "pipe": names[1:],
            "from_node": names[:-1],
            "to_node": names[1:],
            "length_m": draw(lists(n - 1, st.floats(1.0, 1e5))),
            "diameter_mm": draw(lists(n - 1, st.floats(3.0, 5000.0))),
            "heat_transfer_w_per_mk": draw(lists(n - 1, st.floats(0.0, 100.0))),
            "initial_supply_degc": draw(lists(n - 1, blank_or(st.floats(101.0, 250.0)))),
            "initial_return_degc": draw(lists(n - 1, blank_or(st.floats(0.0, 100.0)))),
        },
        "heat_sources": {
            "heat_source": names[:2],
            "node": [names[0], names[-1]],
            "bus": [bus, bus],
            "flow_share": [NAN, draw(st.floats(1e-6, 0.9))],
            "pump_efficiency": draw(lists(2, FRACTIONS)),
        },
        "heat_loads": {
            "heat_load": names[1:],
            "node": names[1:],
            "heat_mw": heat,
            # A drop of at most 70 K carries the heat within the temperatures above, whatever they are.
            "design_drop_k": draw(lists(n - 1, st.floats(1.0, 70.0))),
            "return_degc": draw(lists(n - 1, blank_or(st.floats(back[0], back[1])))),
        },
        "heat_unserved": {"heat_load": names[1:2], "price_per_mwh": [draw(st.floats(0.0, 1e300))]},
        **draw(_devices(names, bus)),
    }


@st.composite
def _devices(draw: st.DrawFn, names: list[str], bus: str) -> dict[str, Mapping[str, object]]:
    """One plant of each form, and one of every other device, at the first node."""
    node, name = names[:1], names[:1]
    # A plant that could run at one power only would be refused.
    low, high = sorted(draw(st.lists(st.floats(0.1, 1e3), min_size=2, max_size=2, unique=True)))
    width, height = draw(st.floats(0.5, 100.0)), draw(st.floats(0.5, 100.0))
    power, heat = draw(lists(2, st.floats(0.0, 1e100)))
    tank = sorted(draw(lists(3, st.floats(1e-300, 1e300))))
    limits = {"max_heat_mw": [high], "min_heat_mw": [low]}
    switched = {"committable": [draw(st.booleans())], "start_cost": [draw(st.floats(0.0, 1e300))]}
    return {
        "chps": {
            "chp": names[:2],
            "bus": [bus, bus],
            "node": node * 2,
            "kind": ["extraction", draw(st.sampled_from(["back_pressure", "gas_turbine", "engine"]))],
            "heat_per_power": [NAN, draw(st.floats(1e-6, 1e6))],
            "max_p_mw": [NAN, high],
            "min_p_mw": [0.0, low],
            "cost_per_mw2h": [power, 0.0],
            "heat_cost_per_mw2h": [heat, 0.0],
            "cross_cost_per_mw2h": [draw(st.floats(-1.0, 1.0)) * power**0.5 * heat**0.5, 0.0],
        },
        "chp_points": {
            "point": names[:3],
            "chp": names[:1] * 3,
            "p_mw": [0.0, width, 0.0],
            "heat_mw": [0.0, draw(st.floats(0.0, 100.0)), height],
        },
        "electric_boilers": {
            "electric_boiler": name,
            "bus": [bus],
            "node": node,
            "efficiency": [draw(FRACTIONS)],
            "q_mvar_per_mw": [draw(COSTS)],
            **limits,
            **switched,
        },
        "heat_pumps": {
            "heat_pump": name,
            "bus": [bus],
            "node": node,
            "source_degc": [draw(blank_or(st.floats(-60.0, 60.0)))],
            "sink_degc": [draw(st.floats(61.0, 250.0))],
            "max_cop": [draw(st.floats(1.0, 20.0))],
            **limits,
            **switched,
        },
        "gas_boilers": {
            "gas_boiler": name,
            "node": node,
            "efficiency": [draw(st.floats(0.01, 1.1))],
            "cost_per_mwh": [draw(COSTS)],
            **limits,
            **switched,
        },
        "heat_storages": {
            "heat_storage": name,
            "node": node,
            "energy_mwh": [tank[2]],
            "charge_mw": [draw(st.floats(0.0, 1e300))],
            "discharge_mw": [1.0],
            "initial_mwh": [draw(blank_or(st.just(tank[1])))],
            "min_mwh": [tank[0]],
            "loss_per_hour": [draw(st.floats(0.0, 1.0))],
        },
    }
