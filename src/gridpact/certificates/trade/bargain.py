r"""Is the surplus what the costs say, and is it shared as bargaining with these weights would?

    benefit    b_k = cost without a deal - cost with one, before any payment
    kept       m_0 = max(0, fees - what they truly cost) of an operator that only earns fees, else nothing
    surplus    S = sum of all b_k - m_0
    gain       m_k + w_k S,  weights of those who bargain being shares of one
    receipt    T_k = gain_k - b_k, zero in sum

With $b$, $w$ and $m$ given, the receipts solve $\max \sum_k w_k \log(b_k + T_k - m_k)$ subject to $\sum_k T_k = 0$
where its gradient $w_k / (b_k + T_k - m_k)$ is the same for all who bargain, which is looked at apart from the formula.

The surplus told is a sum of benefits under masks, in micro-units of money: half of one per party is rounding, and gains
have their share of it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.trade.fee_margin import charges_cost
from gridpact.certificates.trade.party_costs import agreed_costs, costs_before
from gridpact.certificates.trade.split import own_payments
from gridpact.certificates.trade.view import Floats, TradeView

# Of what all parties cost: sums of the same numbers; of the surplus: an agreement to 1e-8.
COSTS, SHARES = 1e-8, 1e-6
ROUNDING = 1e-12
MICRO = 1e-6


def bargain_checks(view: TradeView) -> Iterator[Check]:
    """Costs, benefits, weights, gains and receipts."""
    yield _roles(view)
    yield _costs(view)
    yield from share_checks(view)
    yield _fee_only(view)


def share_checks(view: TradeView) -> Iterator[Check]:
    """Those of how the surplus is shared once costs are known."""
    yield _weights(view)
    yield _surplus(view)
    yield _gains(view)
    yield _gradient(view)


def kept(view: TradeView) -> float:
    """What an operator keeps that only earns fees."""
    if not view.keeps_fees or charges_cost(view):
        return 0.0
    return max(0.0, float(own_payments(view).sum()))


def surplus_of(view: TradeView) -> float:
    """What is to be shared, from the benefits told."""
    return float(view.of_parties("bargaining", "benefit").sum()) - kept(view)


def money_scale(view: TradeView) -> float:
    """Sum of all costs told, at least one unit of money."""
    told = [view.of_parties("bargaining", name) for name in ("cost", "disagreement_cost")]
    return max(1.0, float(np.abs(np.concatenate(told)).sum()))


def rounded_by(view: TradeView) -> float:
    """What a sum of benefits in micro-units may be off, currency."""
    return MICRO * (view.count + 1)


def _roles(view: TradeView) -> Check:
    """Who is who, who bargains, and on what each falls back."""
    roles = ["microgrid"] * view.count + ["operator"]
    falls = [str(name) for name in view.case.tables["microgrids"]["disagreement"]]
    falls.append("computed" if np.isnan(view.fee("disagreement_cost")) else "given")
    wrong = np.array(view.words("bargaining", "role")) != np.array(roles)
    wrong |= np.array(view.words("bargaining", "disagreement")) != np.array(falls)
    wrong |= view.flags("bargaining", "bargains") != view.bargains
    text = "Parties whose role, part in the bargaining or fall-back is not that of the case."
    return worst("bargaining roles", text, 0.0, [Measure("party", view.parties, wrong.astype(np.float64))])


def _costs(view: TradeView) -> Check:
    """Costs item by item, and benefits as their difference."""
    told = {name: view.of_parties("bargaining", name) for name in ("cost", "disagreement_cost", "benefit")}
    objective = float(view.record.summary["objective"])
    own = {"cost": agreed_costs(view), "disagreement_cost": costs_before(view)}
    own["benefit"] = told["disagreement_cost"] - told["cost"]
    scale = money_scale(view)
    measures = [Measure(name, view.parties, np.abs(told[name] - value) / scale) for name, value in own.items()]
    sums = np.array([abs(told["cost"].sum() - objective), abs(told["disagreement_cost"].sum() - _before(view))]) / scale
    measures.append(Measure("summary", ["objective", "cost_before"], sums))
    text = "Costs of all parties with and without a deal against their dispatch, and benefits, over all costs."
    return worst("bargaining costs", text, COSTS, measures)


def _before(view: TradeView) -> float:
    return float(view.record.summary["cost_before"])


def _weights(view: TradeView) -> Check:
    off = np.abs(view.of_parties("bargaining", "weight") - view.weights)
    text = "Weights against those of the case as shares of one."
    return worst("bargaining weights", text, ROUNDING, [Measure("party", view.parties, off)])


def _surplus(view: TradeView) -> Check:
    off = abs(float(view.record.summary["surplus"]) - surplus_of(view)) - rounded_by(view)
    off = max(0.0, off) / money_scale(view) if off == off else off
    text = (
        "Surplus told against the sum of all benefits less what the operator keeps, beyond micro-units, over all costs."
    )
    return Check("bargaining surplus", True, off, COSTS, "", text)


def _expected(view: TradeView) -> tuple[Floats, Floats]:
    """Gains and receipts with the deal that there is; none without one."""
    if not view.record.summary["deal"]:
        return np.zeros(view.count + 1), np.zeros(view.count + 1)
    gains = view.weights * surplus_of(view) + np.append(np.zeros(view.count), kept(view))
    return gains, gains - view.of_parties("bargaining", "benefit")


def _gains(view: TradeView) -> Check:
    """Gains and receipts of the closed form; receipts sum to nothing."""
    scale = max(1.0, abs(surplus_of(view)))
    told = {name: view.of_parties("bargaining", name) for name in ("gain", "receipt")}
    own = dict(zip(told, _expected(view), strict=True))
    off = {name: np.maximum(np.abs(told[name] - own[name]) - rounded_by(view), 0.0) / scale for name in told}
    measures = [Measure(name, view.parties, values) for name, values in off.items()]
    total = abs(float(told["receipt"].sum())) / money_scale(view)
    measures.append(Measure("sum of receipts over all costs", [""], np.array([total])))
    text = "Gains and receipts against weight x surplus, beyond micro-units, over the surplus; the sum of all receipts."
    return worst("bargaining gains", text, SHARES, measures)


def _gradient(view: TradeView) -> Check:
    """How far the gradient of the logarithms is from equal, relative; none without a deal."""
    value = 0.0
    if view.record.summary["deal"]:
        who, w = view.bargains, view.weights
        above = view.of_parties("bargaining", "benefit") + view.of_parties("bargaining", "receipt")
        value = _spread(w[who] / above[who]) if (above[who] > 0.0).all() else float("inf")
        value = max(0.0, value - rounded_by(view) / float(above[who].min()))
    text = "Spread of weight / gain of those who bargain, relative: equal where the weighted product is largest."
    return Check("bargaining optimal", True, value, SHARES, "", text)


def _spread(values: Floats) -> float:
    return float((values.max() - values.min()) / values.max())


def _fee_only(view: TradeView) -> Check:
    """An operator that does not bargain is never below its disagreement point."""
    told = view.of_parties("bargaining", "benefit")[-1] + view.of_parties("bargaining", "receipt")[-1]
    bound = bool(view.record.summary["deal"]) and not view.bargains[-1]
    value = max(0.0, -float(told)) / money_scale(view) if bound else 0.0
    text = "What an operator that only earns fees would lose by the deal, over all costs."
    return Check("operator not worse off", True, value, ROUNDING * 1e3, "", text)
