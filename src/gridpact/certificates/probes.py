"""Does the price stand between what demand saves when it falls and what it costs when it rises?

The evidence are clearings with the demand of one bus and step lowered and raised. The optimal cost is a convex function
of demand, so the left difference is at most the right one and the price, a slope of it, lies between.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.evidence import Evidence, price_scale, rows_of, steps_of
from gridpact.certificates.tangents import is_linearised

Floats = NDArray[np.float64]
TOLERANCE = 1e-3
COST_TOLERANCE = 1e-6
# carrier -> table and column of its prices, table of the case that has the places
PRICES = {
    "electricity": ("electricity_prices", "price_per_mwh", "buses"),
    "reactive": ("electricity_prices", "reactive_price_per_mvarh", "buses"),
    "heat": ("heat_prices", "price_per_mwh", "heat_nodes"),
}


def probe_check(evidence: Evidence) -> Check:
    """Probed prices beyond their one-sided differences, over ``price_scale``; not required without probes."""
    rows = evidence.record.tables["price_probes"]
    text = f"Prices beyond the one-sided differences of the cost, relative; {len(rows)} probes."
    if not len(rows):
        # None were asked for, or somebody took them away.
        asked = int(evidence.record.settings.get("price_probes", 0)) > 0
        return Check("price_probes", asked, float("nan") if asked else 0.0, TOLERANCE, "", text)
    price = _probed_price(evidence)
    left, right = _differences(evidence)
    if is_linearised(evidence):
        # The least cost of a non-linear program need not be convex: the price lies between the two all the same.
        left, right = np.minimum(left, right), np.maximum(left, right)
    scale = price_scale(evidence, price)
    beyond = np.maximum(np.maximum(left - price, price - right), left - right) / scale
    names = [
        " ".join((str(carrier), "price at bus", str(bus)))
        for carrier, bus in zip(rows["carrier"], rows["bus"], strict=True)
    ]
    names = [f"{name}, {time.isoformat()}" for name, time in zip(names, rows["snapshot"], strict=True)]
    return worst("price_probes", text, TOLERANCE, [Measure("", names, np.maximum(beyond, 0.0))])


def probe_cost_check(evidence: Evidence) -> Check:
    """All probes start from the reported objective."""
    cost = evidence.record.tables["price_probes"]["cost"].to_numpy(dtype=np.float64)
    objective = float(evidence.record.summary["objective"])
    off = np.abs(cost - objective) / max(1.0, abs(objective))
    text = "Unchanged cost of the price probes against the objective, relative."
    measures = [Measure("probe", [str(row) for row in range(cost.size)], off)]
    return worst("probes_start_at_objective", text, COST_TOLERANCE, measures, required=cost.size > 0)


def _probed_price(evidence: Evidence) -> Floats:
    """Price of every probe; NaN for a bus (for heat a node) or a carrier that is not there."""
    rows, case = evidence.record.tables["price_probes"], evidence.case
    step, prices = steps_of(case, rows["snapshot"]), np.full(len(rows), np.nan)
    for carrier, (table, column, places) in PRICES.items():
        place = rows_of(case.ids(places), rows["bus"])
        asked = (rows["carrier"] == carrier).to_numpy() & (place >= 0)
        if asked.any():
            prices[asked] = evidence.table(table, column)[place[asked], step[asked]]
    return prices


def _differences(evidence: Evidence) -> tuple[Floats, Floats]:
    """Left and right difference quotients; without bound where no clearing was feasible, NaN for a step of none."""
    rows = evidence.record.tables["price_probes"]
    step, minus, cost, plus = (
        rows[name].to_numpy(dtype=np.float64) for name in ("step_mw", "cost_minus", "cost", "cost_plus")
    )
    energy = np.where(step > 0.0, step, np.nan) * evidence.case.hours
    left = np.where(np.isnan(minus), -np.inf, (cost - minus) / energy)
    right = np.where(np.isnan(plus), np.inf, (plus - cost) / energy)
    # A probe that was feasible on neither side shows nothing.
    void = np.isnan(energy) | (np.isnan(minus) & np.isnan(plus))
    return np.where(void, np.nan, left), np.where(void, np.nan, right)
