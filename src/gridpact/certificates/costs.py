"""What devices cost and what the market turns over, from case data and tables alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.certificates.check import Check
from gridpact.certificates.commitment import running, starts
from gridpact.certificates.demand import PRICED, chosen, own_cost
from gridpact.certificates.evidence import HEAT_KINDS, KINDS, Evidence, heat_prices_at, prices_at
from gridpact.certificates.heat.costs import heat_cost_terms

Floats = NDArray[np.float64]
TOLERANCE = 1e-6


def selling_price(case: Case) -> Floats:
    """min(price, sell_ratio x price): what an interface pays for exported energy; (interfaces, steps)."""
    price = case.series("interfaces", "price_per_mwh")
    return np.minimum(price, case.series("interfaces", "sell_ratio") * price)


def block_cost(power: Floats, widths: Floats, costs: Floats) -> Floats:
    """Cost per hour of stacking ``power`` (steps,) from zero on blocks (blocks, steps) that ascend in cost."""
    starts = np.cumsum(widths, axis=0) - widths
    filled = np.clip(power - starts, 0.0, widths)
    cost: Floats = (filled * costs).sum(axis=0)
    return cost


def offers_of(case: Case, generator: int) -> tuple[Floats, Floats]:
    """Widths and costs of a generator's blocks, ascending in cost at every step; (blocks, steps)."""
    own = case.positions("offers", "generator") == generator
    widths, costs = case.series("offers", "p_mw")[own], case.series("offers", "cost_per_mwh")[own]
    order = np.argsort(costs, axis=0, kind="stable")
    return np.take_along_axis(widths, order, axis=0), np.take_along_axis(costs, order, axis=0)


def block_slope(power: Floats, widths: Floats, costs: Floats) -> Floats:
    """Cost of one more unit of ``power``, of the last one at the end of all blocks."""
    block = (power >= np.cumsum(widths, axis=0)).sum(axis=0).clip(max=len(widths) - 1)
    slope: Floats = np.take_along_axis(costs, block[None, :], axis=0)[0]
    return slope


def generator_cost(case: Case, p: Floats) -> Floats:
    """Linear, quadratic and block cost per hour of the generators at p MW, without cost_per_h; (generators, steps)."""
    cost = case.series("generators", "cost_per_mwh") * p + case.series("generators", "cost_per_mw2h") * p**2
    for generator in np.unique(case.positions("offers", "generator")):
        cost[generator] += block_cost(p[generator], *offers_of(case, int(generator)))
    return cost


def generator_slope(case: Case, p: Floats) -> Floats:
    """Marginal cost per MWh of the generators at p MW; (generators, steps)."""
    slope = case.series("generators", "cost_per_mwh") + 2.0 * case.series("generators", "cost_per_mw2h") * p
    for generator in np.unique(case.positions("offers", "generator")):
        slope[generator] += block_slope(p[generator], *offers_of(case, int(generator)))
    return slope


def cost_terms(evidence: Evidence) -> dict[str, Floats]:
    """Cost per hour of everything in the objective, each (components, steps)."""
    case, on = evidence.case, running(evidence, "generators")
    price, wear = case.series("interfaces", "price_per_mwh"), case.column("storages", "wear_cost_per_mwh")[:, None]
    terms = {
        "bought": price * evidence.table("interface", "buy_mw"),
        "sold": -selling_price(case) * evidence.table("interface", "sell_mw"),
        "generators": generator_cost(case, evidence.dispatch("generator", "p_mw")),
        "running": case.series("generators", "cost_per_h") * on,
        "starts": case.column("generators", "start_cost")[:, None] * starts(on, case.begins) / case.hours,
        "renewables": case.series("renewables", "cost_per_mwh") * evidence.dispatch("renewable", "p_mw"),
        "wear": wear * evidence.table("storages", "discharge_mw"),
    }
    terms |= {table: own_cost(case, table) * chosen(evidence, table) for table in PRICED}
    return terms | heat_cost_terms(evidence)


def cost_check(evidence: Evidence) -> Check:
    """The reported objective is what the dispatch costs."""
    terms = cost_terms(evidence).values()
    hours, reported = evidence.case.hours, float(evidence.record.summary["objective"])
    scale = max(1.0, hours * sum(float(np.abs(term).sum()) for term in terms))
    difference = abs(hours * sum(float(term.sum()) for term in terms) - reported) / scale
    text = "Reported objective against cost less benefit of the dispatch tables, over the sum of both."
    return Check("cost_of_dispatch", True, difference, TOLERANCE, "", text)


def turnover(evidence: Evidence) -> float:
    """Sum of |price x power| over all devices and steps, at least one unit of money."""
    total = 0.0
    for kind, table in KINDS.items():
        active, reactive = prices_at(evidence, table)
        total += float(np.abs(active * evidence.dispatch(kind, "p_mw")).sum())
        total += float(np.abs(reactive * evidence.dispatch(kind, "q_mvar")).sum())
    for kind in HEAT_KINDS if evidence.case.count("heat_nodes") else ():
        total += float(np.abs(heat_prices_at(evidence, kind) * evidence.dispatch(kind, "heat_mw")).sum())
    return max(1.0, total * evidence.case.hours)
