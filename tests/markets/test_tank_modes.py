"""Tanks go one way at a time, even where burning heat would pay."""

from itertools import product

import numpy as np
import pytest

import gridpact as gp
from gridpact.case.case import Case
from tests.districts import bus, district, interface, line, load


def must_run(**tank: float) -> Case:
    """A plant of 1.2 MW of heat, a house that takes 1.0 MW, a tank that loses half of what it stores.

    Electricity is worth so much that the plant runs at full power: heat is too much, and burning it in the tank pays.
    """
    found = {"energy_mwh": 0.5, "charge_mw": 1.0, "discharge_mw": 1.0, "efficiency_charge": 0.7, **tank}
    hot = {"supply_min_degc": 60.0, "supply_max_degc": 60.5, "return_min_degc": 20.0, "return_max_degc": 60.0}
    return district(
        {"heat_loads/house/heat_mw": [1.0, 0.9, 1.1, 1.0]},
        steps=4,
        buses=[bus("1"), bus("2")],
        lines=[line("a", "1", "2", r=0.01, x=0.01)],
        interfaces=[interface(90.0)],
        loads=[load("2", 1.0)],
        heat_networks=[{"heat_network": "town", "ambient_degc": 10.0}],
        heat_nodes=[{"node": name, "heat_network": "town", **hot} for name in "AB"],
        pipes=[
            {"pipe": "p", "from_node": "A", "to_node": "B", "length_m": 50.0, "diameter_mm": 150.0}
            | {"heat_transfer_w_per_mk": 0.3}
        ],
        heat_sources=[{"heat_source": "works", "node": "A", "bus": "2"}],
        heat_loads=[{"heat_load": "house", "node": "B", "heat_mw": 1.0, "design_drop_k": 20.0}],
        chps=[
            {"chp": "plant", "bus": "2", "node": "A", "kind": "engine", "heat_per_power": 1.2, "max_p_mw": 1.0}
            | {"fuel_price_per_mwh": 20.0, "fuel_per_p": 2.0}
        ],
        heat_storages=[{"heat_storage": "tank", "node": "A", "efficiency_discharge": 0.7, **found}],
    )


@pytest.fixture(scope="module")
def run() -> gp.Run:
    return gp.clear(must_run())


def test_no_tank_goes_both_ways(run: gp.Run) -> None:
    assert run.certificate.verdict == "certified", run.certificate.failures()
    table = run.table("heat_storages")
    assert np.minimum(table["charge_mw"], table["discharge_mw"]).max() < 1e-6
    assert "the ways of storages held" in run.summary["price_basis"]
    assert set(run.table("heat_storage_modes")["heat_storage"]) == {"tank"}


def test_without_modes_it_would_burn_heat() -> None:
    from gridpact.markets.heat.side import heating
    from gridpact.markets.market_program import clearing_program, formulation_named, market_network
    from gridpact.programs.solve import solve
    from gridpact.programs.standard_form import compile_program

    case, soc = must_run(), formulation_named("soc")
    network = market_network(case, soc)
    form = compile_program(clearing_program(case, network, soc, heating(case, network.base_mva, "quasi_dynamic")))
    x = solve(form).x
    assert np.minimum(x[form.columns["heat_charge"]], x[form.columns["heat_discharge"]]).max() > 0.05


def test_the_choice_is_that_of_brute_force(run: gp.Run) -> None:
    """All ways of four hours, each cleared with the other way shut."""
    costs = []
    for ways in product([0.0, 1.0], repeat=4):
        limits = {
            "heat_storages/tank/charge_mw": list(ways),
            "heat_storages/tank/discharge_mw": [1.0 - w for w in ways],
        }
        try:
            costs.append(gp.clear(must_run().with_profiles(limits), price_probes=0).summary["objective"])
        except gp.InfeasibleError:
            continue
    assert run.summary["objective"] == pytest.approx(min(costs), rel=1e-4)
