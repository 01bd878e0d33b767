"""One hand that knows everything: the same as clearing the case, and as a second model by another solver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cvxpy as cp
import numpy as np
import pytest

import gridpact as gp
from gridpact.case.case import Case
from gridpact.case.validate import require_valid
from gridpact.markets.pool import clear_pool
from gridpact.markets.trade.central import central
from gridpact.markets.trade.market import trade_market
from tests.markets.trade.small import VN_KV, factor, star, two_makers, unit

PRICES = [45.0, 80.0]
LOADS = {"a": [0.5, 0.9], "b": [1.0, 0.4], "c": [0.6, 0.8]}
COSTS = {"a": (20.0, 10.0), "b": (40.0, 20.0), "c": (55.0, 5.0)}
OHM = {"a": 0.4, "b": 0.6, "c": 0.5}
BATTERY = {
    "storage": "s", "bus": "4", "energy_mwh": 0.6, "charge_mw": 0.4, "discharge_mw": 0.4,
    "efficiency_charge": 0.9, "efficiency_discharge": 0.9, "initial_mwh": 0.1, "wear_cost_per_mwh": 1.0,
}  # fmt: skip


def three(**more: Any) -> Case:
    """Three makers in two hours, c with a battery, and an interface that pays nine tenths of what it asks."""
    at = dict(zip("abc", "234", strict=True))
    parts: dict[str, Any] = {
        "steps": 2,
        "interfaces": [
            {"interface": "grid", "bus": "1", "vm_pu": 1.0, "price_per_mwh": 50.0, "sell_ratio": 0.9,
             "max_import_mw": 9.0, "max_export_mw": 9.0}
        ],
        "generators": [unit(f"g{k}", at[k], *COSTS[k]) for k in "abc"],
        "loads": [{"load": f"l{k}", "bus": at[k], "p_mw": 1.0, "q_mvar": 0.0} for k in "abc"],
        "storages": [BATTERY],
    }  # fmt: skip
    profiles = {f"loads/l{k}/p_mw": LOADS[k] for k in "abc"} | {"interfaces/grid/price_per_mwh": PRICES}
    return star(tuple(OHM.values()), profiles, **(parts | more))


@dataclass(frozen=True)
class Fees:
    pair: float = 0.0
    grid: float = 0.0


def second_model(fees: Fees, most: dict[str, float]) -> tuple[float, Any]:
    """The same market in CVXPY, every pair with its trade; cost and what everybody gives, (3, 2) MW."""
    made, given, left = cp.Variable((3, 2)), cp.Variable((3, 2)), cp.Variable((3, 2))
    charge, discharge, energy = (cp.Variable(2, nonneg=True) for _ in range(3))
    buy, sell = cp.Variable(2, nonneg=True), cp.Variable(2, nonneg=True)
    pair = [cp.Variable((3, 3), nonneg=True) for _ in range(2)]
    to, off = cp.Variable((3, 2), nonneg=True), cp.Variable((3, 2), nonneg=True)
    demand = np.array([LOADS[k] for k in "abc"])
    r = np.array([OHM[k] for k in "abc"]) / VN_KV**2
    store = cp.vstack([np.zeros((1, 2)), np.zeros((1, 2)), cp.reshape(discharge - charge, (1, 2), order="C")])
    rules = [given == made - demand + store, made >= 0.0, made <= 3.0, charge <= 0.4, discharge <= 0.4, energy <= 0.6]
    rules += [energy[0] == 0.1 + 0.9 * charge[0] - discharge[0] / 0.9]
    rules += [energy[1] == energy[0] + 0.9 * charge[1] - discharge[1] / 0.9, energy[1] >= 0.1]
    rules += [left[k] - r[k] * cp.square(left[k]) >= -given[k] for k in range(3)]
    rules += [buy - sell == cp.sum(left, axis=0)]
    rules += [given[k] <= most["sell"] for k in range(3)] + [-given[k] <= most["buy"] for k in range(3)]
    for t in range(2):
        sold = cp.sum(pair[t], axis=1) - cp.sum(pair[t], axis=0)
        rules += [given[:, t] == sold + to[:, t] - off[:, t], cp.diag(pair[t]) == 0.0]
    own = sum(COSTS[k][0] * cp.sum(made[i]) + COSTS[k][1] * cp.sum_squares(made[i]) for i, k in enumerate("abc"))
    traded = fees.pair * cp.sum([cp.sum(one) for one in pair]) + fees.grid * cp.sum(to + off)
    cost = own + np.array(PRICES) @ buy - 0.9 * np.array(PRICES) @ sell + cp.sum(discharge) + traded
    problem = cp.Problem(cp.Minimize(cost), rules)
    problem.solve(solver=cp.SCS, eps_abs=1e-9, eps_rel=1e-9, max_iters=200_000)
    return float(problem.value), given.value


FEES = {"no fees": Fees(), "fees": Fees(4.0, 3.0), "dear pairs": Fees(9.0, 3.0)}


@pytest.mark.parametrize("limits", [{"sell": 99.0, "buy": 99.0}, {"sell": 0.4, "buy": 0.3}], ids=["free", "limited"])
@pytest.mark.parametrize("name", FEES)
def test_the_same_as_a_second_model(name: str, limits: dict[str, float]) -> None:
    fees = FEES[name]
    own = {"max_sell_mw": limits["sell"], "max_buy_mw": limits["buy"]}
    operator = {"operator": "dso", "fee_kind": "cost", "grid_fee_per_mwh": fees.grid, "pair_fee_per_mwh": fees.pair}
    found = central(trade_market(three(microgrids=[own] * 3, network_operator=[operator])))
    cost, given = second_model(fees, limits)
    assert found.cost == pytest.approx(cost, rel=1e-6)
    assert found.exchanged == pytest.approx(given, abs=1e-4)


CASES: dict[str, Any] = {
    "three": three,
    "synthetic": lambda: gp.synthetic_microgrids(4, seed=3),
    "example": lambda: gp.read_case(gp.examples.path("three-microgrids") / "case"),
}


@pytest.mark.parametrize("name", CASES)
def test_without_limits_the_same_as_the_cleared_case(name: str) -> None:
    """Who owns what changes nothing where one hand dispatches it and nobody's exchange is limited."""
    case = CASES[name]()
    free = case.tables["microgrids"].assign(max_sell_mw=np.nan, max_buy_mw=np.nan)
    case = require_valid(case.with_table("microgrids", free))
    found, pool = central(trade_market(case)), clear_pool(case)
    assert found.cost == pytest.approx(pool.solution.cost, rel=1e-8)
    buses = case.positions("microgrids", "bus")
    assert found.prices == pytest.approx(pool.price("active_balance")[buses], abs=1e-3)
    assert found.reactive_prices == pytest.approx(pool.price("reactive_balance")[buses], abs=1e-3)


def test_a_limit_costs_and_the_price_outside_is_that_of_the_network() -> None:
    """a may give 0.2: it does; at its bus energy is worth what the line leaves of 50, not what the next MW costs a."""
    free, tight = (central(trade_market(two_makers(microgrids=[own, {}]))) for own in ({}, {"max_sell_mw": 0.2}))
    assert tight.exchanged[0, 0] == pytest.approx(0.2, abs=1e-6)
    assert tight.prices[0, 0] == pytest.approx(50.0 * factor(0.4, 0.2), abs=1e-3)
    # The 0.29 MW given up would have cost 44 to 49.8 and earned 49.8: half the triangle, 0.29^2 x 20 / 2.
    given_up = free.exchanged[0, 0] - 0.2
    assert tight.cost - free.cost == pytest.approx(10.0 * given_up**2, rel=0.02)
