r"""What a year costs, item by item, from case data, weights and the tables of the market alone.

$$
C = \sum_j a_j n_j + \sum_t w_t c_t + \kappa_\mathrm{EENS}\, \mathrm{EENS}
$$

with the cost $c_t$ of every step per hour and the hours $w_t$ of a year that it stands for. What emissions cost is in
the prices of the case, and is taken out of purchase and generation here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.costs import cost_terms
from gridpact.certificates.planning.plan_view import PlanView
from gridpact.certificates.planning.reliability_check import of_loads
from gridpact.results.planning import ITEMS, switch_column

# The items are sums over the solver's point, here over the tables made from it: between them is rounding, and dust of
# 1e-12 MW where a power is zero. A cent is seen in turnovers up to ten million.
TOLERANCE = 1e-9
# Sums of figures that stand in the record.
ROUNDING = 1e-12


def cost_checks(plan: PlanView) -> Iterator[Check]:
    """The table of annual costs, and the figures of the summary that are its sums."""
    yield _annual(plan)
    yield _objective(plan)
    yield _before(plan)


def own_items(plan: PlanView) -> dict[str, float]:
    """Every item of what a year costs with the plan."""
    terms = {name: float((term @ plan.yearly_hours).sum()) for name, term in cost_terms(plan.evidence).items()}
    imported, generated = _emitted(plan)
    carbon = plan.number("carbon_price_per_t", 0.0)
    known = {
        "investment": float(plan.units @ plan.offered.capex(plan.number("discount_rate"))),
        "maintenance": float(plan.units @ plan.offered.maintenance),
        "purchase": terms.pop("bought") - carbon * imported,
        "sales": terms.pop("sold"),
        "generation": terms.pop("generators") - carbon * generated,
        "renewables": terms.pop("renewables"),
        "storage wear": terms.pop("wear"),
        "carbon": carbon * (imported + generated),
        "interruption": plan.number("interruption_cost_per_mwh") * eens(plan, 1),
    }
    return known | {"other": sum(terms.values())}


def _emitted(plan: PlanView) -> tuple[float, float]:
    """Tonnes in a year from imports and from generators."""
    case, hours = plan.planned, plan.yearly_hours
    bought = np.clip(plan.evidence.table("interface", "buy_mw"), 0.0, None)
    given = np.clip(plan.evidence.dispatch("generator", "p_mw"), 0.0, None)
    return (
        float(case.column("interfaces", "emissions_t_per_mwh") @ (bought @ hours)),
        float(case.column("generators", "emissions_t_per_mwh") @ (given @ hours)),
    )


def eens(plan: PlanView, of: int) -> float:
    """Energy not served in a year, MWh: 0 as the network is, 1 with the plan; none where nobody asks for it."""
    if not plan.has_customers or plan.number("interruption_cost_per_mwh") == 0.0:
        return 0.0
    case = (plan.record.case, plan.network)[of]
    return float(of_loads(case, plan.followed[of])["eens_mwh"].sum())


def _scale(items: Mapping[str, float]) -> float:
    return max(1.0, sum(abs(value) for value in items.values()))


def _annual(plan: PlanView) -> Check:
    own, told = own_items(plan), plan.column("annual_costs", "after")
    off = np.abs(told - np.array([own[item] for item in ITEMS])) / _scale(own)
    text = "Every item of the annual cost against case, weights and tables, over the sum of all items."
    return worst("plan annual costs", text, TOLERANCE, [Measure("item", ITEMS, off)])


def _objective(plan: PlanView) -> Check:
    own, told = own_items(plan), float(plan.record.summary["objective"])
    table = float(plan.column("annual_costs", "after").sum())
    off = [abs(told - sum(own.values())) / _scale(own), abs(told - table) / _scale(own) * TOLERANCE / ROUNDING]
    text = "Objective against the sum of all items, recomputed and (to the last digit) as told; over their sum."
    return Check("plan objective", True, float(np.max(off)), TOLERANCE, "", text)


def _before(plan: PlanView) -> Check:
    """What can be known of the year without a plan: nothing built, the cost of interruptions, and no less than the
    cuts of all days say of a design with nothing in it."""
    told = plan.column("annual_costs", "before")
    summary = plan.record.summary.get("objective_before")
    text = "Costs before the plan: for nothing built, for interruptions, and below the cuts where nothing is built."
    if np.isnan(told).all():
        wrong = 0.0 if summary is None or np.isnan(float(summary)) else np.nan
        return Check("plan costs before", True, wrong, TOLERANCE, "", text)
    items = dict(zip(ITEMS, told.tolist(), strict=True))
    interruption = plan.number("interruption_cost_per_mwh") * eens(plan, 0)
    total = float(told.sum())
    scale = max(1.0, float(np.abs(told).sum()))
    off = [
        abs(items["investment"]) + abs(items["maintenance"]),
        abs(items["interruption"] - interruption) / max(1.0, interruption),
        abs(_number(summary) - total) / scale,
        (least_before(plan) + interruption - total) / scale * TOLERANCE / 1e-6,
    ]
    return Check("plan costs before", True, float(np.max(off)), TOLERANCE, "", text)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")


def least_before(plan: PlanView) -> float:
    """What the days cost in a year at least where nothing is built and lines are as they were, from all cuts."""
    cuts, slopes = plan.record.tables["cuts"], plan.record.tables["cut_slopes"]
    least = cuts["constant"].to_numpy(dtype=np.float64).copy()
    if plan.reconfigures:
        table = plan.record.tables["switching"]
        closed = {switch_column(line) for line in table["line"][table["closed_before"]]}
        there = slopes[slopes["candidate"].isin(closed)]
        np.add.at(least, there["cut"].to_numpy(dtype=np.int64), there["slope"].to_numpy(dtype=np.float64))
    highest = pd.Series(least).groupby(cuts["scenario"].astype(str).to_numpy()).max()
    return float(plan.weights @ highest.reindex(plan.scenarios).to_numpy(dtype=np.float64))
