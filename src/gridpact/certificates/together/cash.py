r"""The cash of every owner by year, what it comes to, and how evenly the gain is shared.

Whoever builds at year 0 builds again whenever the lifetime L is over before the last year T, and is left with annuities

$$
V_0 = -I \sum_{k L < T} (1 + \rho)^{-k L} + (1 + \rho)^{-T} a \sum_{y = 1}^{r} (1 + \rho)^{-y},
\qquad r = L \lceil T / L \rceil - T ,
$$

so that with whole years of life the net present value of the difference of both plans is the yearly gain times the
present value of an annuity of T years, whatever is built: this is looked at apart from the table.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.planning.plan_design import words_check
from gridpact.certificates.planning.plan_master import fixed_cost
from gridpact.certificates.together.view import JointView
from gridpact.certificates.trade.view import Floats
from gridpact.results.together import MEASURES

# Over everything that is spent: sums of the same numbers in another order.
ROUNDING = 1e-11
# Currency: what is nothing but rounding of a sum of investments.
NOTHING = 1e-6


def cash_checks(view: JointView) -> Iterator[Check]:
    """Cash, its present value, the payback, reinforcements, fairness."""
    yield _flow(view)
    yield _present(view)
    yield _payback(view)
    yield _reinforcements(view)
    yield _fairness(view)


def _years(view: JointView) -> int:
    return int(view.record.settings["years"])


def _rate(view: JointView) -> float:
    return view.plan.number("discount_rate")


def of_flow(view: JointView, column: str) -> Floats:
    """A column of the cash, (owners, years + 1)."""
    return view.of_owners(column, "cash_flow").reshape(len(view.owners), -1)


def own_cash(view: JointView, units: Floats, yearly: Floats) -> Floats:
    """Net cash (owners, years + 1) of what is built, with ``yearly`` costs beside it."""
    years, offered = _years(view), view.plan.offered
    capex = offered.capex(_rate(view))
    cash = np.zeros((len(view.owners), years + 1))
    cash[:, 1:] = -(yearly + view.added(units * offered.maintenance))[:, None]
    for place in np.flatnonzero(units).tolist():
        owner, life, n = view.owner_of[place], float(offered.years[place]), float(units[place])
        times = math.ceil(years / life)
        for time in range(times):
            cash[owner, math.ceil(time * life)] -= n * offered.investment[place]
        cash[owner, years] += n * capex[place] * _annuity(_rate(view), times * life - years)
    return cash


def _annuity(rate: float, years: float) -> float:
    """What 1 at the end of every year is worth at the beginning."""
    return years if rate == 0.0 else (1.0 - (1.0 + rate) ** -years) / rate


def _both(view: JointView) -> tuple[Floats, Floats]:
    """Net cash together and alone; without a deal each does what it does alone."""
    paid = view.of_owners("alone_cost") - view.added(view.alone_units * fixed_cost(view.plan))
    alone = own_cash(view, view.alone_units, paid)
    if not view.record.summary["deal"]:
        return alone, alone
    return own_cash(view, view.plan.units, view.of_owners("operation_cost") - view.of_owners("receipt")), alone


def _flow(view: JointView) -> Check:
    together, alone = _both(view)
    more = together - alone
    own = {
        "net_cash": together,
        "net_cash_alone": alone,
        "difference": more,
        "discounted": more / (1.0 + _rate(view)) ** np.arange(_years(view) + 1),
        "cumulative": np.cumsum(more, axis=1),
    }
    scale = max(1.0, float(np.abs(together).sum() + np.abs(alone).sum()))
    measures = [Measure(name, view.owners, np.abs(of_flow(view, name) - value) / scale) for name, value in own.items()]
    text = "Cash of every owner and year, its difference, discounted and added up, over all cash."
    return worst("joint plan cash", text, ROUNDING, measures)


def _present(view: JointView) -> Check:
    """As the sum of what is discounted, and as the gain of a year where all that is built lives for whole years."""
    told, years = view.of_owners("net_present_value"), _years(view)
    sums = of_flow(view, "discounted").sum(axis=1)
    scale = max(1.0, float(np.abs(of_flow(view, "discounted")).sum()))
    built = (view.plan.units + view.alone_units) > 0.0
    lives = view.plan.offered.years[built]
    measures = [Measure("discounted", view.owners, np.abs(told - sums) / scale)]
    if (lives == np.rint(lives)).all():
        worth = view.of_owners("gain") * _annuity(_rate(view), float(years))
        measures.append(Measure("gain of a year", view.owners, np.abs(told - worth) / scale))
    text = "Net present values against the discounted cash, and against the gain of a year times that of an annuity."
    return worst("joint plan net present value", text, ROUNDING, measures)


def _payback(view: JointView) -> Check:
    """The first year in which what was spent more has come back; blank where none does."""
    told, wrong = view.of_owners("payback_years"), list[str]()
    for name, one, row in zip(view.owners, told.tolist(), of_flow(view, "cumulative"), strict=True):
        years = np.arange(row.size)
        low, high = (years[row >= edge] for edge in (-NOTHING, NOTHING))
        allowed = {int(found[0]) if found.size else None for found in (low, high)}
        if (None if math.isnan(one) else one) not in allowed:
            wrong.append(name)
    text = "Owners whose payback is not the first year in which their cash is no less than alone."
    return words_check("joint plan payback", text, wrong)


def _reinforcements(view: JointView) -> Check:
    """Every owner's share of what the operator builds, which add up to its cost."""
    table, own = view.record.tables["reinforcements"], fixed_cost(view.plan) * view.plan.units
    places = [place for place in np.flatnonzero(view.owner_of == view.operator).tolist() if view.plan.units[place]]
    keys = [(view.plan.offered.names[place], owner) for place in places for owner in view.owners]
    text = "What every owner bears of what the operator builds against its weight, and their sum, over the cost."
    if list(zip(table["asset"].map(str), table["participant"].map(str), strict=True)) != keys:
        return words_check("joint plan reinforcements", text, ["reinforcements (rows)"])
    told = table["cost_per_year"].to_numpy(dtype=np.float64).reshape(len(places), len(view.owners))
    measures = []
    for place, row in zip(places, told, strict=True):
        scale = max(1.0, abs(float(own[place])))
        off = np.abs(row - view.trade.weights * own[place]) / scale
        measures.append(Measure(view.plan.offered.names[place], view.owners, off))
        measures.append(
            Measure(view.plan.offered.names[place], ["sum"], np.array([abs(row.sum() - own[place]) / scale]))
        )
    return worst("joint plan reinforcements", text, ROUNDING, measures)


def _fairness(view: JointView) -> Check:
    gain, cost = view.of_owners("gain"), view.of_owners("alone_cost")
    saving = gain / np.where(cost == 0.0, 1.0, np.abs(cost))
    weights = view.trade.weights
    weighed = gain[weights > 0.0] / weights[weights > 0.0]
    own = np.array([_even(gain), _even(weighed), _range(gain), _range(saving)])
    told = view.of_owners("value", "fairness")
    off = np.where(np.isnan(own) & np.isnan(told), 0.0, np.abs(told - own))
    text = "Measures of how evenly the gain is shared against the gains."
    return worst("joint plan fairness", text, ROUNDING, [Measure("measure", MEASURES, off)])


def _even(values: Floats) -> float:
    """Jain's index: the square of the mean over the mean of the squares; blank of nothing."""
    squares = float((values**2).mean())
    return float(np.square(values.mean()) / squares) if squares > 0.0 else math.nan


def _range(values: Floats) -> float:
    """The least over the largest; blank where nobody has anything."""
    return float(values.min()) / float(values.max()) if values.max() > 0.0 else math.nan
