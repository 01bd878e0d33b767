"""Do the limit multipliers of the devices follow from the prices?

At its best choice a device's margin (the price of its bus less its own cost) is the multiplier of the limit that keeps
it from doing more, less that of the limit that keeps it from doing less:

    margin = upper - lower,    lower >= 0 and only where the power is at its lowest

Where a limit's two sides meet there is nothing to choose, and the multiplier may have either sign: left out.
Storages, shiftable energy and offer blocks are judged by what they would gain (``participants``) alone.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.commitment import running
from gridpact.certificates.costs import prices_at, selling_price, unit_price
from gridpact.certificates.evidence import Evidence
from gridpact.certificates.multipliers import multipliers

Floats = NDArray[np.float64]
TOLERANCE = 1e-5


def stationarity_check(evidence: Evidence) -> Check:
    """Margins against multipliers, over the largest price."""
    rules = (_interfaces, _generators, _renewables, _bids)
    found = {name: values for rule in rules for name, values in rule(evidence).items()}
    columns = ("price_per_mwh", "reactive_price_per_mvarh")
    prices = [np.abs(evidence.table("electricity_prices", column)).max() for column in columns]
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
    """Generators with offers are left to their regret: block and range share the margin."""
    case = evidence.case
    price, reactive = prices_at(evidence, "generators")
    slope = 2.0 * case.series("generators", "cost_per_mw2h") * evidence.dispatch("generator", "p_mw")
    active = _between(evidence, "generators", "p_mw", price - case.series("generators", "cost_per_mwh") - slope)
    offering = np.isin(np.arange(case.count("generators")), case.positions("offers", "generator"))[:, None]
    on = running(evidence)
    return {
        "generators/max_p_mw": np.where(on & ~offering, active, 0.0),
        "generators/max_q_mvar": np.where(on, _between(evidence, "generators", "q_mvar", reactive), 0.0),
    }


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


def _bids(evidence: Evidence) -> dict[str, Floats]:
    case = evidence.case
    if not case.count("bids"):
        return {}
    margin = case.series("bids", "benefit_per_mwh") - unit_price(evidence, "bids")
    off = _above_zero(margin - _limit(evidence, "bids/p_mw"), evidence.variable("bid_p"))
    return {"bids/p_mw": np.where(case.series("bids", "p_mw") > 0.0, off, 0.0)}


def _limit(evidence: Evidence, constraint: str) -> Floats:
    return multipliers(evidence, constraint)


def _between(evidence: Evidence, table: str, column: str, margin: Floats) -> Floats:
    """|margin - (upper - lower)| where the range of a power has any width."""
    case = evidence.case
    fixed = case.series(table, f"min_{column}") == case.series(table, f"max_{column}")
    net = _limit(evidence, f"{table}/max_{column}") - _limit(evidence, f"{table}/min_{column}")
    return np.where(fixed | (evidence.formulation == "dc" and column == "q_mvar"), 0.0, np.abs(margin - net))


def _above_zero(left: Floats, power: Floats) -> Floats:
    """The lower limit is zero and has no multiplier in the table: what is left is negative, and only without power."""
    return np.maximum(left, np.minimum(-left, np.abs(power)))
