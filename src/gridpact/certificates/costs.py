"""What devices cost and what the market turns over, from case data and tables alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.certificates.check import Check
from gridpact.certificates.commitment import running
from gridpact.certificates.evidence import KINDS, Evidence

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


def generator_cost(case: Case, p: Floats) -> Floats:
    """Linear, quadratic and block cost per hour of the generators at p MW, without cost_per_h; (generators, steps)."""
    cost = case.series("generators", "cost_per_mwh") * p + case.series("generators", "cost_per_mw2h") * p**2
    for generator in np.unique(case.positions("offers", "generator")):
        cost[generator] += block_cost(p[generator], *offers_of(case, int(generator)))
    return cost


def cost_terms(evidence: Evidence) -> dict[str, Floats]:
    """Cost per hour of everything in the objective, each (components, steps)."""
    case, terms = evidence.case, {}
    if case.count("interfaces"):
        terms["bought"] = case.series("interfaces", "price_per_mwh") * evidence.table("interface", "buy_mw")
        terms["sold"] = -selling_price(case) * evidence.table("interface", "sell_mw")
    terms["generators"] = generator_cost(case, evidence.dispatch("generator", "p_mw"))
    terms["running"] = case.series("generators", "cost_per_h") * running(evidence)
    terms["renewables"] = case.series("renewables", "cost_per_mwh") * evidence.dispatch("renewable", "p_mw")
    if case.count("storages"):
        wear = case.column("storages", "wear_cost_per_mwh")[:, None]
        terms["wear"] = wear * evidence.table("storages", "discharge_mw")
    if case.count("bids"):
        taken = evidence.variable("bid_p") * evidence.base_mva
        terms["benefit"] = -case.series("bids", "benefit_per_mwh") * taken
    return terms


def cost_check(evidence: Evidence) -> Check:
    """The reported objective is what the dispatch costs."""
    terms = cost_terms(evidence).values()
    hours, reported = evidence.case.hours, float(evidence.record.summary["objective"])
    scale = max(1.0, hours * sum(float(np.abs(term).sum()) for term in terms))
    difference = abs(hours * sum(float(term.sum()) for term in terms) - reported) / scale
    text = "Reported objective against cost less benefit of the dispatch tables, over the sum of both."
    return Check("cost_of_dispatch", True, difference, TOLERANCE, "", text)


def prices_at(evidence: Evidence, table: str) -> tuple[Floats, Floats]:
    """Active and reactive price at the buses of a table's devices, (devices, steps)."""
    bus = evidence.case.positions(table, "bus")
    active = evidence.table("electricity_prices", "price_per_mwh")
    return active[bus], evidence.table("electricity_prices", "reactive_price_per_mvarh")[bus]


def unit_price(evidence: Evidence, table: str) -> Floats:
    """Price of one MW of a bid or of shiftable power with the reactive power that goes with it."""
    active, reactive = prices_at(evidence, "loads")
    owner = evidence.case.positions(table, "load")
    unit: Floats = active[owner] + reactive[owner] * evidence.case.column(table, "q_mvar_per_mw")[:, None]
    return unit


def turnover(evidence: Evidence) -> float:
    """Sum of |price x power| over all devices and steps, at least one unit of money."""
    total = 0.0
    for kind, table in KINDS.items():
        active, reactive = prices_at(evidence, table)
        total += float(np.abs(active * evidence.dispatch(kind, "p_mw")).sum())
        total += float(np.abs(reactive * evidence.dispatch(kind, "q_mvar")).sum())
    return max(1.0, total * evidence.case.hours)
