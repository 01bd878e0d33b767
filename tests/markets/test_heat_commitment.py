"""Units of the heat network that may be off: the best of all choices, prices with the choice held."""

from itertools import product

import numpy as np
import pytest

import gridpact as gp
from gridpact.case.case import Case
from gridpact.markets.market_program import clearing_program
from gridpact.markets.pool import clear_pool
from gridpact.programs.solve import solve
from gridpact.programs.standard_form import compile_program
from tests.certificates.heat_cases import heat_district

STEPS = 3


def optional() -> Case:
    """Three steps of the district; plant and boiler may be off, start at a cost and give no less than half."""
    case = heat_district({"interfaces/grid/price_per_mwh": [10.0] * 6}).steps_between(3, 3 + STEPS)
    boilers = case.tables["gas_boilers"].assign(committable=True, min_heat_mw=0.3, start_cost=4.0)
    plants = case.tables["chps"].assign(committable=True, start_cost=12.0, fuel_price_per_mwh=50.0)
    return case.with_table("gas_boilers", boilers).with_table("chps", plants)


def test_the_choice_is_the_best_of_all() -> None:
    """64 ways in which two units can run in three steps, each cleared with the choice held."""
    case = gp.clear(optional(), price_probes=0).record.case
    found = clear_pool(case)
    costs = []
    for choice in product((0.0, 1.0), repeat=2 * STEPS):
        on = np.array(choice).reshape(2, 1, STEPS)
        held = {"chp_on": on[0], "gas_boiler_on": on[1]}
        form = compile_program(clearing_program(case, found.network, found.formulation, found.heat, held))
        try:
            costs.append(solve(form).cost)
        except gp.InfeasibleError:
            costs.append(np.inf)
    assert found.solution.cost == pytest.approx(min(costs), rel=1e-6)
    assert np.isinf(costs[0])  # without both there is not enough heat
    assert sorted(costs)[1] > min(costs)


def test_prices_come_from_the_choice_held() -> None:
    run = gp.clear(optional())
    assert run.certificate.verdict == "certified"
    assert run.summary["price_basis"] == "multipliers with the commitment held"
    table = run.table("commitment")
    assert set(table["kind"]) == {"chp", "gas_boiler"}
    idle = table[~table["on"]].merge(run.table("dispatch"), on=["snapshot", "kind", "device"])
    assert len(idle)
    assert idle["heat_mw"].abs().max() <= 1e-6


def test_a_start_is_paid_once() -> None:
    """The cost of the units with starts is higher by the starts that happen, and by nothing else."""
    case = optional()
    free = case.with_table("chps", case.tables["chps"].assign(start_cost=0.0))
    free = free.with_table("gas_boilers", free.tables["gas_boilers"].assign(start_cost=0.0))
    paid, unpaid = (gp.clear(one, price_probes=0).summary["objective"] for one in (case, free))
    assert unpaid <= paid + 1e-9
    assert paid <= unpaid + STEPS * 16.0
