"""Do the limit multipliers of the devices of heat follow from the prices of both carriers?

boiler, heat pump   price of heat - own cost - (price + ratio x reactive price) / efficiency = upper - lower
plant               (price - dC/dp, price of heat - dC/dh) = sum over its edges of multiplier x normal
on a line           the same along the line; across it there is nothing to choose
tank                stored heat has the worth w[t] = kept w[t+1] + hours (lower - upper) of its own limits; charging
                    pays w x efficiency, discharging w / efficiency. A window that ends as it began has one worth
                    more that is free: the middle of what charges and discharges allow
cut                 price of heat - price of not being served = upper, and only where something is cut
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.certificates.commitment import running
from gridpact.certificates.evidence import Evidence, heat_prices_at, prices_at
from gridpact.certificates.heat.devices import gained, tank_levels
from gridpact.certificates.heat.polygon import polygon
from gridpact.certificates.heat.rooms import EDGE, edge_list
from gridpact.certificates.multipliers import multipliers

Floats = NDArray[np.float64]


def heat_stationarity(evidence: Evidence) -> dict[str, Floats]:
    """What is left of every condition, currency per MWh, by limit; (devices, steps)."""
    case, found = evidence.case, {}
    for kind in ("electric_boiler", "heat_pump", "gas_boiler"):
        if case.count(f"{kind}s"):
            found[f"{kind}s/max_heat_mw"] = _unit(evidence, kind)
    if case.count("chps"):
        found |= _plants(evidence)
    if case.count("heat_storages"):
        found |= _tanks(evidence)
    if case.count("heat_unserved"):
        found["heat_unserved/heat_mw"] = _cuts(evidence)
    return found


def unit_margin(evidence: Evidence, kind: str) -> Floats:
    """What one more MW of heat earns a boiler or heat pump, (units, steps)."""
    case, table = evidence.case, f"{kind}s"
    left = heat_prices_at(evidence, kind) - case.series(table, "cost_per_mwh")
    if kind == "gas_boiler":
        return left - case.series(table, "fuel_price_per_mwh") / gained(case, table)
    price, reactive = prices_at(evidence, table)
    ratio = case.column(table, "q_mvar_per_mw")[:, None]
    margin: Floats = left - (price + ratio * reactive) / gained(case, table)
    return margin


def plant_margins(evidence: Evidence) -> tuple[Floats, Floats]:
    """Prices less the linear costs of power and of heat of the plants, (chps, steps)."""
    case, (price, _) = evidence.case, prices_at(evidence, "chps")
    fuel = case.series("chps", "fuel_price_per_mwh")
    of_power = case.series("chps", "cost_per_mwh") + fuel * case.column("chps", "fuel_per_p")[:, None]
    of_heat = case.series("chps", "heat_cost_per_mwh") + fuel * case.column("chps", "fuel_per_heat")[:, None]
    return price - of_power, heat_prices_at(evidence, "chp") - of_heat


def _unit(evidence: Evidence, kind: str) -> Floats:
    table = f"{kind}s"
    low, high = (evidence.case.series(table, f"{side}_heat_mw") for side in ("min", "max"))
    upper, lower = (multipliers(evidence, f"{table}/{side}_heat_mw") for side in ("max", "min"))
    off = np.abs(unit_margin(evidence, kind) - (upper - lower))
    return np.where(running(evidence, table) & (high > low), off, 0.0)


def _plants(evidence: Evidence) -> dict[str, Floats]:
    case, on = evidence.case, running(evidence, "chps")
    p, heat = (evidence.dispatch("chp", name) for name in ("p_mw", "heat_mw"))
    square, square_heat, cross = (
        case.column("chps", name)[:, None] for name in ("cost_per_mw2h", "heat_cost_per_mw2h", "cross_cost_per_mw2h")
    )
    of_power, of_heat = plant_margins(evidence)
    left = [of_power - 2.0 * square * p - cross * heat, of_heat - 2.0 * square_heat * heat - cross * p]
    for edge, push in zip(edge_list(case), multipliers(evidence, EDGE), strict=True):
        left[0][edge.plant] -= edge.power * push
        left[1][edge.plant] -= edge.heat * push
    along = np.array([_along(case, plant, left) for plant in range(len(p))])
    upper, lower = (multipliers(evidence, f"chps/{side}_q_mvar") for side in ("max", "min"))
    low, high = (case.series("chps", f"{side}_q_mvar") for side in ("min", "max"))
    silent = (low == high) | (evidence.formulation == "dc")
    reactive = np.where(silent, 0.0, np.abs(prices_at(evidence, "chps")[1] - (upper - lower)))
    return {"chps/edge": np.where(on, along, 0.0), "chps/max_q_mvar": np.where(on, reactive, 0.0)}


def _along(case: Case, plant: int, left: list[Floats]) -> Floats:
    """What is left in any direction in which a plant has a choice, (steps,)."""
    shape, rest = polygon(case, plant), np.stack([left[0][plant], left[1][plant]])
    if not shape.is_line:
        return np.asarray(np.hypot(*rest))
    way = shape.corners[1] - shape.corners[0]
    return np.asarray(np.abs(way @ rest) / max(float(np.hypot(*way)), 1e-300))


def _tanks(evidence: Evidence) -> dict[str, Floats]:
    case, price = evidence.case, heat_prices_at(evidence, "heat_storage")
    gain, drain, wear = (
        case.column("heat_storages", name)[:, None]
        for name in ("efficiency_charge", "efficiency_discharge", "wear_cost_per_mwh")
    )
    push = {way: multipliers(evidence, f"heat_storages/{way}_mw") for way in ("charge", "discharge")}
    free = {
        way: (case.series("heat_storages", f"{way}_mw") > 0.0) & ~evidence.shut(way, "heat_storage") for way in push
    }
    highest = np.where(free["charge"], (price + push["charge"]) / gain, np.inf)
    lowest = np.where(free["discharge"], (price - wear - push["discharge"]) * drain, -np.inf)
    worth = _stored_worth(evidence, lowest, highest)
    margins = {"charge": worth * gain - price, "discharge": price - wear - worth / drain}
    least, most = tank_levels(case)
    # A level that is given on both sides at the end has a multiplier of either sign, and no row.
    held = np.any(least >= most, axis=1, keepdims=True)
    found = {}
    for way, margin in margins.items():
        power, left = evidence.table("heat_storages", f"{way}_mw") / evidence.base_mva, margin - push[way]
        off = np.maximum(left, np.minimum(-left, np.abs(power)))
        found[f"heat_storages/{way}_mw"] = np.where(free[way] & ~held, off, 0.0)
    return found


def _stored_worth(evidence: Evidence, lowest: Floats, highest: Floats) -> Floats:
    """Worth of heat stored at the end of each step, currency per MWh, between what its use would allow."""
    case = evidence.case
    kept = ((1.0 - case.column("heat_storages", "loss_per_hour")) ** case.hours)[:, None]
    lower, upper = (multipliers(evidence, f"heat_storages/{name}") for name in ("min_mwh", "energy_mwh"))
    worth, free = case.hours * (lower - upper), np.ones_like(lower)
    for step in range(case.steps - 2, -1, -1):
        if not case.ends[step]:
            worth[:, step] += kept[:, 0] * worth[:, step + 1]
            free[:, step] = kept[:, 0] * free[:, step + 1]
    first, window = np.flatnonzero(case.begins), np.cumsum(case.begins) - 1
    floor, ceiling = ((bound - worth) / np.maximum(free, 1e-300) for bound in (lowest, highest))
    floor, ceiling = np.maximum.reduceat(floor, first, axis=1), np.minimum.reduceat(ceiling, first, axis=1)
    bounded = np.where(np.isfinite(floor), floor, np.where(np.isfinite(ceiling), ceiling, 0.0))
    middle = np.where(np.isfinite(floor) & np.isfinite(ceiling), (bounded + ceiling) / 2.0, bounded)
    middle = np.where(np.isnan(case.column("heat_storages", "initial_mwh"))[:, None], middle, 0.0)
    return np.asarray(worth + free * middle[:, window])


def _cuts(evidence: Evidence) -> Floats:
    case, owner = evidence.case, evidence.case.positions("heat_unserved", "heat_load")
    margin = heat_prices_at(evidence, "heat_load")[owner] - case.series("heat_unserved", "price_per_mwh")
    left = margin - multipliers(evidence, "heat_unserved/heat_mw")
    off = np.maximum(left, np.minimum(-left, np.abs(evidence.variable("unserved_heat"))))
    return np.where(case.series("heat_loads", "heat_mw")[owner] > 0.0, off, 0.0)
