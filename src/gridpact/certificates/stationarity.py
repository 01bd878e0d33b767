"""Do the limit multipliers of the devices follow from the prices?

At its best choice a device's margin (the price of its bus less its own cost) is the multiplier of the limit that keeps
it from doing more, less that of the limit that keeps it from doing less:

    margin = upper - lower,    lower >= 0 and only where the power is at its lowest

Where a limit's two sides meet there is nothing to choose, and the multiplier may have either sign: left out.

    ramps       a change is limited on behalf of two steps: margin = upper - lower + (rise[t] - rise[t+1]) / hours, with
                rise the multiplier of the ramp upwards less that downwards
    offers      every block has the margin that is left after the limits of its generator's range
    shiftable   the energy has a price of its own: margin and limits of all steps differ by the same
    storages    stored energy has the worth w[t] = kept w[t+1] + hours (lower - upper) of its own limits, w = 0 after
                the end; charging pays w x efficiency, discharging w / efficiency
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import splu

from gridpact.certificates import demand
from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.commitment import running
from gridpact.certificates.costs import selling_price
from gridpact.certificates.devices import final_energy
from gridpact.certificates.evidence import Evidence, carried, prices_at
from gridpact.certificates.heat.stationarity import heat_stationarity
from gridpact.certificates.multipliers import multipliers

Floats = NDArray[np.float64]
TOLERANCE = 1e-5


def stationarity_check(evidence: Evidence) -> Check:
    """Margins against multipliers, over the largest price."""
    rules = {
        "interfaces": _interfaces,
        "generators": _generators,
        "offers": _offers,
        "renewables": _renewables,
        "storages": _storages,
        "bids": _bids,
        "shiftable": _shiftable,
        "controllable": _controllable,
        "compensators": _compensators,
    }
    present = [rule for table, rule in rules.items() if evidence.case.count(table)]
    found = {name: values for rule in present for name, values in rule(evidence).items()}
    found |= heat_stationarity(evidence)
    columns = ("price_per_mwh", "reactive_price_per_mvarh")
    prices = [np.abs(evidence.table("electricity_prices", column)).max() for column in columns]
    columns = ("price_per_mwh", "source_price_per_mwh")
    prices += [np.abs(evidence.table("heat_prices", column)).max(initial=0.0) for column in columns]
    scale = max(1.0, *(float(price) for price in prices))
    measures = [Measure(name, evidence.case.ids(name.split("/")[0]), off / scale) for name, off in found.items()]
    text = "Limit multipliers of the devices against the margins their prices leave, over the largest price."
    return worst("device_multipliers", text, TOLERANCE, measures, evidence.instants)


def _interfaces(evidence: Evidence) -> dict[str, Floats]:
    """Import pays above the buying price, export below the selling price, reactive power is free."""
    case = evidence.case
    price, reactive = prices_at(evidence, "interfaces")
    beyond = price - np.clip(price, selling_price(case), case.series("interfaces", "price_per_mwh"))
    limits = [case.series("interfaces", f"max_{way}_mw") for way in ("import", "export")]
    shut = (limits[0] == 0.0) & (limits[1] == 0.0)
    active = _limit(evidence, "interfaces/max_import_mw") - _limit(evidence, "interfaces/max_export_mw")
    return {
        "interfaces/max_import_mw": np.where(shut, 0.0, np.abs(beyond - active)),
        "interfaces/max_q_mvar": _between(evidence, "interfaces", "q_mvar", reactive),
    }


def _generators(evidence: Evidence) -> dict[str, Floats]:
    """Active power of generators with offers is left to their blocks."""
    case = evidence.case
    _, reactive = prices_at(evidence, "generators")
    active = np.abs(_range_margin(evidence) - _net_limit(evidence, "generators", "p_mw"))
    offering = np.isin(np.arange(case.count("generators")), case.positions("offers", "generator"))[:, None]
    on = running(evidence, "generators")
    return {
        "generators/max_p_mw": np.where(on & ~offering & ~_fixed(evidence, "generators", "p_mw"), active, 0.0),
        "generators/max_q_mvar": np.where(on, _between(evidence, "generators", "q_mvar", reactive), 0.0),
    }


def _range_margin(evidence: Evidence) -> Floats:
    """Price less own cost and ramps of the generators; (generators, steps)."""
    case = evidence.case
    price, _ = prices_at(evidence, "generators")
    slope = 2.0 * case.series("generators", "cost_per_mw2h") * evidence.dispatch("generator", "p_mw")
    own = case.series("generators", "cost_per_mwh") + slope
    margin: Floats = price - own - _ramp_push(evidence, "generators")
    return margin


def _ramp_push(evidence: Evidence, table: str) -> Floats:
    """What the ramps take from the margin of a step: the one into it, less the one out of it."""
    into = _limit(evidence, f"{table}/ramp_up_mw_per_h") - _limit(evidence, f"{table}/ramp_down_mw_per_h")
    out = np.hstack([into[:, 1:], np.zeros_like(into[:, :1])])
    return (into - out) / evidence.case.hours


def _offers(evidence: Evidence) -> dict[str, Floats]:
    case, owner = evidence.case, evidence.case.positions("offers", "generator")
    free = running(evidence, "generators") & ~_fixed(evidence, "generators", "p_mw")
    left = (_range_margin(evidence) - _net_limit(evidence, "generators", "p_mw"))[owner]
    off = left - case.series("offers", "cost_per_mwh") - _limit(evidence, "offers/p_mw")
    wide = case.series("offers", "p_mw") > 0.0
    return {"offers/p_mw": np.where(free[owner] & wide, _above_zero(off, evidence.variable("offer_p")), 0.0)}


def _renewables(evidence: Evidence) -> dict[str, Floats]:
    """The inverter's limit pushes along (p, q)."""
    case = evidence.case
    price, reactive = prices_at(evidence, "renewables")
    p, q = evidence.dispatch("renewable", "p_mw"), evidence.dispatch("renewable", "q_mvar")
    rating, available = case.column("renewables", "sn_mva")[:, None], case.series("renewables", "p_mw")
    push = np.nan_to_num(_limit(evidence, "renewables/sn_mva") / rating)
    margin = price - case.series("renewables", "cost_per_mwh") - push * p
    free = case.flags("renewables", "curtailable")[:, None] & (available > 0.0)
    active = _above_zero(margin - _limit(evidence, "renewables/p_mw"), p / evidence.base_mva)
    rated = np.where(np.isnan(rating), 0.0, np.abs(reactive - push * q))
    return {"renewables/p_mw": np.where(free, active, 0.0), "renewables/sn_mva": rated}


def _storages(evidence: Evidence) -> dict[str, Floats]:
    """Storages that must end full are left out: their last limit has two sides and its multiplier no row."""
    case = evidence.case
    price, _ = prices_at(evidence, "storages")
    gain, drain, wear = (
        case.column("storages", name)[:, None]
        for name in ("efficiency_charge", "efficiency_discharge", "wear_cost_per_mwh")
    )
    worth = _stored_worth(evidence)
    margins = {"charge_mw": worth * gain - price, "discharge_mw": price - wear - worth / drain}
    least = np.maximum(case.column("storages", "min_mwh"), final_energy(evidence))
    bound = least >= case.column("storages", "energy_mwh")
    found = {}
    for column, margin in margins.items():
        power = evidence.table("storages", column) / evidence.base_mva
        off = _above_zero(margin - _limit(evidence, f"storages/{column}"), power)
        held = evidence.shut(column.removesuffix("_mw"))
        free = ~bound[:, None] & (case.series("storages", column) > 0.0) & ~held
        found[f"storages/{column}"] = np.where(free, off, 0.0)
    return found


def _stored_worth(evidence: Evidence) -> Floats:
    """Worth of energy stored at the end of each step, currency per MWh, from the limits it meets later."""
    case = evidence.case
    kept = (1.0 - case.column("storages", "loss_per_hour")) ** case.hours
    added = case.hours * (_limit(evidence, "storages/min_mwh") - _limit(evidence, "storages/energy_mwh"))
    back = sp.kron(sp.diags_array(kept), carried(case).T)
    worth: Floats = splu(sp.csc_array(sp.eye_array(added.size) - back)).solve(added.ravel())
    return worth.reshape(added.shape)


def _bids(evidence: Evidence) -> dict[str, Floats]:
    case = evidence.case
    left = demand.margin(evidence, "bids") - _limit(evidence, "bids/p_mw")
    off = _above_zero(left, evidence.variable("bid_p"))
    return {"bids/p_mw": np.where(case.series("bids", "p_mw") > 0.0, off, 0.0)}


def _shiftable(evidence: Evidence) -> dict[str, Floats]:
    """Off the middle of what is left in all steps of a window."""
    left = demand.margin(evidence, "shiftable") - _net_limit(evidence, "shiftable", "p_mw")
    free = ~_fixed(evidence, "shiftable", "p_mw")
    begins = evidence.case.begins
    first, window = np.flatnonzero(begins), np.cumsum(begins) - 1
    most = np.maximum.reduceat(np.where(free, left, -np.inf), first, axis=1)
    least = np.minimum.reduceat(np.where(free, left, np.inf), first, axis=1)
    middle = np.where(most >= least, most, 0.0) / 2.0 + np.where(most >= least, least, 0.0) / 2.0
    return {"shiftable/max_p_mw": np.where(free, np.abs(left - middle[:, window]), 0.0)}


def _controllable(evidence: Evidence) -> dict[str, Floats]:
    margin = demand.margin(evidence, "controllable") - _ramp_push(evidence, "controllable")
    off = _between(evidence, "controllable", "p_mw", margin)
    return {"controllable/max_p_mw": np.where(running(evidence, "controllable"), off, 0.0)}


def _compensators(evidence: Evidence) -> dict[str, Floats]:
    _, reactive = prices_at(evidence, "compensators")
    return {"compensators/max_q_mvar": _between(evidence, "compensators", "q_mvar", reactive)}


def _limit(evidence: Evidence, constraint: str) -> Floats:
    return multipliers(evidence, constraint)


def _net_limit(evidence: Evidence, table: str, column: str) -> Floats:
    return _limit(evidence, f"{table}/max_{column}") - _limit(evidence, f"{table}/min_{column}")


def _fixed(evidence: Evidence, table: str, column: str) -> NDArray[np.bool_]:
    """Where a range has no width."""
    case = evidence.case
    same: NDArray[np.bool_] = case.series(table, f"min_{column}") == case.series(table, f"max_{column}")
    return same


def _between(evidence: Evidence, table: str, column: str, margin: Floats) -> Floats:
    """|margin - (upper - lower)| where the range of a power has any width."""
    silent = _fixed(evidence, table, column) | (evidence.formulation == "dc" and column == "q_mvar")
    return np.where(silent, 0.0, np.abs(margin - _net_limit(evidence, table, column)))


def _above_zero(left: Floats, power: Floats) -> Floats:
    """The lower limit is zero and has no multiplier in the table: what is left is negative, and only without power."""
    return np.maximum(left, np.minimum(-left, np.abs(power)))
