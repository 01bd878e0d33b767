"""Are the prices the multipliers of the balances, and what each part of them says?

The multiplier of a nodal balance is +d(cost)/d(demand). At a power-flow solution it must equal the worth of what one
more unit of demand does to the root's import, the voltages and the currents, every device being held: this module
computes that worth anew from the network (``acresponse``, ``linflow``, ``dcflow``) and from the limit multipliers,
which the price table does not know.

    price = energy + interface    the price at the reference bus, and what its import and export limits add to it
          + loss                  reference price x d(loss)/d(demand)
          + reactive loss         reactive reference price x d(reactive import)/d(demand)
          + voltage, congestion   limit multipliers x d(voltage)/d(demand), d(current)/d(demand)

The voltage at a capacitor limits what it gives: the worth of that is part of the voltage's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.certificates.acflow import AcFlow
from gridpact.certificates.acresponse import ac_worth
from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.columns import series_p, series_q
from gridpact.certificates.costs import selling_price
from gridpact.certificates.dcflow import dc_worth
from gridpact.certificates.evidence import Evidence, price_scale, prices_at
from gridpact.certificates.grid import Grid
from gridpact.certificates.linflow import LinearFlow, linear_worth
from gridpact.certificates.multipliers import HELD, current_multipliers, multipliers
from gridpact.certificates.response import Weights, Worth

Floats = NDArray[np.float64]
DUAL_TOLERANCE = 1e-6
SUM_TOLERANCE = 1e-4
PART_TOLERANCE = 1e-3
PARTS = ("energy", "loss", "reactive_loss", "voltage", "congestion", "interface")


def dual_check(evidence: Evidence) -> Check:
    """Table prices against the multipliers of the stored solution."""
    money = evidence.base_mva * evidence.case.hours
    z, rows = evidence.record.solution["z"], evidence.record.solution
    active, reactive = _price(evidence, "price_per_mwh"), _price(evidence, "reactive_price_per_mvarh")
    multiplier = z[rows["row/reactive_balance"]] / money if evidence.formulation != "dc" else np.zeros_like(reactive)
    measures = [
        _relative(evidence, "price_per_mwh", active, z[rows["row/active_balance"]] / money, active),
        _relative(evidence, "reactive_price_per_mvarh", reactive, multiplier, reactive),
    ]
    text = "Prices against the multipliers of the balances, relative."
    return worst("prices_are_multipliers", text, DUAL_TOLERANCE, measures, evidence.instants)


def sum_check(evidence: Evidence) -> Check:
    """The parts of every price add up to it."""
    price = _price(evidence, "price_per_mwh")
    total = sum((_price(evidence, f"{part}_per_mwh") for part in PARTS), start=np.zeros_like(price))
    measure = _relative(evidence, "price_per_mwh", total, price, price)
    return worst(
        "parts_add_up",
        "Sum of the price parts against the price, relative.",
        SUM_TOLERANCE,
        [measure],
        evidence.instants,
    )


def part_check(evidence: Evidence, grid: Grid, ac: AcFlow) -> Check:
    """Every part of the prices, and the reactive prices, against the response of the network."""
    price, reactive = _price(evidence, "price_per_mwh"), _price(evidence, "reactive_price_per_mvarh")
    worth = _worth(evidence, grid, ac, _weights(evidence, grid))
    limit = _interface_worth(evidence, grid)[grid.area]
    own = {
        "energy": price[grid.references][grid.area] - limit,
        "interface": limit,
        "loss": worth.loss,
        "reactive_loss": worth.reactive_loss,
        "voltage": worth.voltage,
        "congestion": worth.congestion,
    }
    measures = [
        _relative(evidence, f"{part}_per_mwh", _price(evidence, f"{part}_per_mwh"), value, price)
        for part, value in own.items()
    ]
    measures.append(_relative(evidence, "reactive_price_per_mvarh", reactive, worth.reactive, reactive))
    text = "Price parts and reactive prices against the network's response to one more unit of demand, relative."
    # At a relaxation that is not tight the network has no response that could be worth anything.
    required = evidence.is_physics or evidence.formulation != "soc"
    return worst("price_parts", text, PART_TOLERANCE, measures, evidence.instants, required)


def _price(evidence: Evidence, column: str) -> Floats:
    return evidence.table("electricity_prices", column)


def _relative(evidence: Evidence, rule: str, left: Floats, right: Floats, price: Floats) -> Measure:
    """Difference over the scale of the price."""
    scaled = np.abs(left - right) / price_scale(evidence, price)
    return Measure(f"{rule} at bus", evidence.case.ids("buses"), scaled)


def _weights(evidence: Evidence, grid: Grid) -> Weights:
    """Reference prices and limit multipliers, all as currency per MWh times one per unit."""
    case, base = evidence.case, grid.base_mva
    vm = multipliers(evidence, "buses/vm_max_pu") - multipliers(evidence, "buses/vm_min_pu")
    buses, first = np.unique(case.positions("interfaces", "bus"), return_index=True)
    vm[buses] += multipliers(evidence, HELD)[first]
    np.subtract.at(vm, case.positions("capacitors", "bus"), _capacitor_worth(evidence))
    either, at_from, at_to = (current_multipliers(evidence, grid, end) for end in ("", "from", "to"))
    return Weights(
        root_p=_price(evidence, "price_per_mwh")[grid.references],
        root_q=_price(evidence, "reactive_price_per_mvarh")[grid.references],
        vm=vm / base,
        i_from=(at_from + either) / base,
        i_to=at_to / base,
    )


def _capacitor_worth(evidence: Evidence) -> Floats:
    """What one per unit of voltage is worth at each capacitor, currency per hour: a bank gives k vm^2.

    Below its size a bank's reactive power is worth nothing, so its price times 2 q / vm holds everywhere.
    """
    _, reactive = prices_at(evidence, "capacitors")
    vm = evidence.table("buses", "vm_pu")[evidence.case.positions("capacitors", "bus")]
    worth: Floats = 2.0 * reactive * evidence.dispatch("capacitor", "q_mvar") / vm
    return worth


def _interface_worth(evidence: Evidence, grid: Grid) -> Floats:
    """What import and export limits add to the price of each reference, (references, steps).

    It is by how much the price leaves the range between the lowest selling and the highest buying price at that bus;
    ``stationarity`` finds the same in the multipliers of the limits.
    """
    case, price = evidence.case, _price(evidence, "price_per_mwh")
    lowest, highest = np.full_like(price, np.inf), np.full_like(price, -np.inf)
    np.minimum.at(lowest, case.positions("interfaces", "bus"), selling_price(case))
    np.maximum.at(highest, case.positions("interfaces", "bus"), case.series("interfaces", "price_per_mwh"))
    beyond: Floats = np.where(np.isinf(lowest), 0.0, price - np.clip(price, lowest, highest))
    return beyond[grid.references]


def _worth(evidence: Evidence, grid: Grid, ac: AcFlow, weights: Weights) -> Worth:
    if evidence.formulation == "soc":
        return ac_worth(grid, ac.voltage, weights)
    p = series_p(evidence, grid)
    if evidence.formulation == "dc":
        return dc_worth(grid, p, weights)
    q, v = series_q(evidence, grid), evidence.table("buses", "vm_pu") ** 2
    return linear_worth(grid, LinearFlow(p, q, v), weights)
