"""Storages that would charge and discharge at once, which pays where energy is worth less than nothing."""

from itertools import product

import numpy as np
import pytest

import gridpact as gp
from gridpact.certificates.judge import certify
from tests.districts import bus, district, interface, line, load

PRICES = [-20.0, -20.0, 40.0, -20.0]


def _burner(prices: list[float] = PRICES, **storage: float) -> gp.Case:
    """A leaky storage without wear cost at the end of a short line; importing is paid for in three hours."""
    cell = {"energy_mwh": 1.0, "charge_mw": 0.5, "discharge_mw": 0.5, "efficiency_charge": 0.8}
    cell |= {"efficiency_discharge": 0.8, "initial_mwh": 0.5, "wear_cost_per_mwh": 0.0, **storage}
    return district(
        profiles={"interfaces/grid/price_per_mwh": prices},
        steps=len(prices),
        buses=[bus("1"), bus("2")],
        lines=[line("a", "1", "2", r=0.1, x=0.1, max_i_ka=0.15)],
        interfaces=[interface(sell_ratio=1.0, max_import_mw=2.0, max_export_mw=2.0)],
        loads=[load("2", 0.6)],
        storages=[{"storage": "cell", "bus": "2", **cell}],
    )


@pytest.fixture(scope="module")
def run() -> gp.Run:
    return gp.clear(_burner())


def test_the_plain_program_would_burn_energy() -> None:
    """Without modes the optimum charges and discharges at once: 0.5 MW in and out costs 0.36 x 0.5 MW of energy."""
    from gridpact.markets.market_program import clearing_program, formulation_named, market_network
    from gridpact.programs.solve import solve
    from gridpact.programs.standard_form import compile_program

    case, soc = _burner(), formulation_named("soc")
    form = compile_program(clearing_program(case, market_network(case, soc), soc))
    x = solve(form).x
    both = np.minimum(x[form.columns["charge"]], x[form.columns["discharge"]])
    assert both.max() > 0.1


def test_no_storage_goes_both_ways(run: gp.Run) -> None:
    table = run.table("storages")
    assert np.minimum(table["charge_mw"], table["discharge_mw"]).max() < 1e-6
    assert run.certificate.verdict == "certified", run.certificate.failures()
    assert "the ways of storages held" in run.summary["price_basis"]


def test_modes_stand_only_where_they_were_needed(run: gp.Run) -> None:
    """The hour at 40 EUR/MWh needs none: nothing is burnt there."""
    modes = run.table("storage_modes")
    hours = {at.hour for at in modes["snapshot"]}
    assert hours
    assert hours <= {0, 1, 3}


def test_the_choice_is_that_of_brute_force(run: gp.Run) -> None:
    """All ways of four hours, each cleared with the other way shut, is the second opinion."""
    costs = []
    for ways in product([0.0, 1.0], repeat=len(PRICES)):
        into = [0.5 * way for way in ways]
        out = [0.5 * (1.0 - way) for way in ways]
        case = _burner().with_profiles({"storages/cell/charge_mw": into, "storages/cell/discharge_mw": out})
        try:
            costs.append(gp.clear(case, price_probes=0).summary["objective"])
        except gp.InfeasibleError:
            continue
    assert run.summary["objective"] == pytest.approx(min(costs), rel=1e-4)


def test_wear_makes_modes_unnecessary() -> None:
    """Burning 0.18 MW of 0.5 MW at 20 EUR/MWh earns 3.6 EUR/h; a wear cost of 15 EUR/MWh on 0.5 MW is 7.5 EUR/h."""
    run = gp.clear(_burner(wear_cost_per_mwh=15.0))
    assert "storage_modes" not in run.tables
    assert run.certificate.verdict == "certified"


def test_a_run_without_its_modes_fails(run: gp.Run) -> None:
    """The judge of the best plan: without the modes the storage would rather burn energy in some hour."""
    from dataclasses import replace

    tables = {name: table for name, table in run.record.tables.items() if name != "storage_modes"}
    document = certify(replace(run.record, tables=tables))
    failed = {check["name"] for check in document["checks"] if check["required"] and not check["passed"]}
    assert "regret_storages" in failed


def test_modes_and_repair_together() -> None:
    """PV behind a voltage cap at a negative price: the cone is loose and the storage would burn."""
    case = district(
        profiles={"interfaces/grid/price_per_mwh": [-20.0, 30.0, -20.0]},
        steps=3,
        buses=[bus("1"), bus("2", high=1.02)],
        lines=[line("a", "1", "2", r=3.0, x=1.0)],
        interfaces=[interface(sell_ratio=1.0)],
        loads=[load("2", 0.3)],
        renewables=[{"renewable": "pv", "bus": "2", "kind": "pv", "p_mw": 0.9, "curtailable": True}],
        storages=[{"storage": "cell", "bus": "2", "energy_mwh": 1.0, "charge_mw": 0.5, "discharge_mw": 0.5,
                   "efficiency_charge": 0.8, "efficiency_discharge": 0.8, "initial_mwh": 0.5}],
    )  # fmt: skip
    run = gp.clear(case)
    assert run.certificate.verdict == "certified", run.certificate.failures()
    table = run.table("storages")
    assert np.minimum(table["charge_mw"], table["discharge_mw"]).max() < 1e-6


def test_burning_without_bound_asks_for_current_limits() -> None:
    """Paid for importing, with a line that may carry any current: nothing bounds what the relaxation burns."""
    case = district(
        buses=[bus("1"), bus("2")],
        lines=[line("a", "1", "2", r=0.01, x=0.01)],
        interfaces=[interface(-20.0, sell_ratio=1.0)],
        loads=[load("2", 0.6)],
    )
    with pytest.raises((gp.InfeasibleError, gp.NotConverged), match="max_i_ka"):
        gp.clear(case)
