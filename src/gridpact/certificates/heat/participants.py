"""Would anyone with a device of heat rather do something else at the published prices of both carriers?

Plants choose the best point of their operating polygon, boilers and heat pumps their heat, tanks the best plan over
each window (a linear program), consumers what to go without. Units that may be off keep to whether they run.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import linprog

from gridpact.case.case import Case
from gridpact.certificates.commitment import running, unit_range
from gridpact.certificates.evidence import HEAT_KINDS, KINDS, Evidence, heat_prices_at, prices_at
from gridpact.certificates.heat.devices import tank_levels
from gridpact.certificates.heat.polygon import Profit, best_profit, polygon
from gridpact.certificates.heat.stationarity import plant_margins, unit_margin

Floats = NDArray[np.float64]
# Profit per hour of what is done, and of what would be best; both (devices, steps).
Pair = tuple[Floats, Floats]


def heat_choices(evidence: Evidence) -> dict[str, Pair]:
    """By kind of device, for the kinds that the case has."""
    rules: dict[str, Callable[[Evidence], Pair]] = {
        "chp": _plants,
        "electric_boiler": lambda evidence: _unit(evidence, "electric_boiler"),
        "heat_pump": lambda evidence: _unit(evidence, "heat_pump"),
        "gas_boiler": lambda evidence: _unit(evidence, "gas_boiler"),
        "heat_storage": _tanks,
        "heat_load": _consumers,
    }
    return {kind: rule(evidence) for kind, rule in rules.items() if evidence.case.count(HEAT_KINDS[kind])}


def heat_turnover(evidence: Evidence, kind: str) -> Floats:
    """Sum over the steps of |price x power| of both carriers, per device."""
    total = np.abs(heat_prices_at(evidence, kind) * evidence.dispatch(kind, "heat_mw"))
    if kind in KINDS:
        active, reactive = prices_at(evidence, KINDS[kind])
        total = total + np.abs(active * evidence.dispatch(kind, "p_mw"))
        total = total + np.abs(reactive * evidence.dispatch(kind, "q_mvar"))
    summed: Floats = total.sum(axis=1)
    return summed


def _plants(evidence: Evidence) -> Pair:
    """Cost of running is the same whatever a plant does while it runs."""
    case, on = evidence.case, running(evidence, "chps")
    p, q, heat = (evidence.dispatch("chp", name) for name in ("p_mw", "q_mvar", "heat_mw"))
    of_power, of_heat = plant_margins(evidence)
    reactive = prices_at(evidence, "chps")[1]
    done, best = np.zeros_like(p), np.zeros_like(p)
    squares = [case.column("chps", f"{name}cost_per_mw2h") for name in ("", "heat_", "cross_")]
    for plant in range(len(p)):
        c, d, x = (float(column[plant]) for column in squares)
        profit = Profit(of_power[plant], of_heat[plant], c, d, x)
        done[plant] = profit.at(p[plant], heat[plant])
        best[plant] = np.where(on[plant], best_profit(polygon(case, plant), profit), 0.0)
    low, high = unit_range(evidence, "chps", "q_mvar")
    return done + reactive * q, best + np.maximum(reactive * low, reactive * high)


def _unit(evidence: Evidence, kind: str) -> Pair:
    margin = unit_margin(evidence, kind)
    low, high = unit_range(evidence, f"{kind}s", "heat_mw")
    return margin * evidence.dispatch(kind, "heat_mw"), np.maximum(margin * low, margin * high)


def _consumers(evidence: Evidence) -> Pair:
    case = evidence.case
    done, best = (np.zeros((case.count("heat_loads"), case.steps)) for _ in range(2))
    if case.count("heat_unserved"):
        owner = case.positions("heat_unserved", "heat_load")
        margin = heat_prices_at(evidence, "heat_load")[owner] - case.series("heat_unserved", "price_per_mwh")
        np.add.at(done, owner, margin * evidence.variable("unserved_heat") * evidence.base_mva)
        np.add.at(best, owner, np.maximum(margin, 0.0) * case.series("heat_loads", "heat_mw")[owner])
    return done, best


def _tanks(evidence: Evidence) -> Pair:
    case, price = evidence.case, heat_prices_at(evidence, "heat_storage")
    earned = price - case.column("heat_storages", "wear_cost_per_mwh")[:, None]
    charge, discharge = (evidence.table("heat_storages", f"{way}_mw") for way in ("charge", "discharge"))
    best_charge, best_discharge = best_tank_plan(case, price, earned, _powers(evidence))
    return earned * discharge - price * charge, earned * best_discharge - price * best_charge


def best_tank_plan(case: Case, pay: Floats, earn: Floats, most_power: Pair) -> Pair:
    """Charge and discharge (tanks, steps) that earn most; NaN where no plan is feasible.

    Variables: charge, discharge, energy, each tank by tank.
    """
    gain, drain, leak, initial = (
        case.column("heat_storages", name)
        for name in ("efficiency_charge", "efficiency_discharge", "loss_per_hour", "initial_mwh")
    )
    kept, chosen = (1.0 - leak) ** case.hours, np.isnan(initial)
    spread = [case.hours * np.repeat(share, case.steps) for share in (gain, 1.0 / drain)]
    before = sp.kron(sp.diags_array(kept), _earlier(case)) + sp.kron(sp.diags_array(kept * chosen), _wrapped(case))
    matrix = sp.hstack([-sp.diags_array(spread[0]), sp.diags_array(spread[1]), sp.eye_array(pay.size) - before])
    start = np.where(case.begins, (kept * np.nan_to_num(initial))[:, None], 0.0).ravel()
    least, most = tank_levels(case)
    powers = [power.ravel() for power in most_power]
    bounds = np.column_stack(
        [np.append(np.zeros(2 * pay.size), least.ravel()), np.concatenate([*powers, most.ravel()])]
    )
    cost = np.concatenate([pay.ravel(), -earn.ravel(), np.zeros(pay.size)])
    # scipy takes sparse matrices here, its type stubs do not know
    answer = linprog(cost, A_eq=sp.csr_array(matrix), b_eq=start, bounds=bounds, method="highs")  # type: ignore[call-overload]
    found = np.full(3 * pay.size, np.nan) if answer.x is None else answer.x
    plan = found.reshape(3, *pay.shape)
    return plan[0], plan[1]


def _powers(evidence: Evidence) -> Pair:
    """Highest charge and discharge of the tanks, none where they are held the other way."""
    charge, discharge = (
        np.where(evidence.shut(way, "heat_storage"), 0.0, evidence.case.series("heat_storages", f"{way}_mw"))
        for way in ("charge", "discharge")
    )
    return charge, discharge


def _earlier(case: Case) -> sp.csr_array:
    """A one where a step follows the one before it in the same window."""
    later = np.flatnonzero(~case.begins)
    return sp.csr_array((np.ones(later.size), (later, later - 1)), shape=(case.steps, case.steps))


def _wrapped(case: Case) -> sp.csr_array:
    """A one where the first step of a window follows its last."""
    first, last = np.flatnonzero(case.begins), np.flatnonzero(case.ends)
    return sp.csr_array((np.ones(first.size), (first, last)), shape=(case.steps, case.steps))
