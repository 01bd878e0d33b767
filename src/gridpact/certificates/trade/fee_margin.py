r"""Fees that are a true cost: is what the prices say of them a slope of the least fee?

$$
F(e) = \max_u \; u \cdot e \quad \text{with} \quad u_i - u_j \le f_{ij}, \quad u_i \le f_{i0}, \quad -u_j \le f_{0j}
$$

is the least fee of exchanges $e$, by duality of the transport program. A slope $u$ of it is a point that these rows
allow and at which $u \cdot e$ is $F(e)$; the price at the network's side of a microgrid is its nodal price less $u$.
Then $F(e') \ge u \cdot e'$ for every exchange $e'$, and the operator, who bears the fees, would choose no other.
"""

from __future__ import annotations

import numpy as np

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.evidence import price_scale
from gridpact.certificates.trade.fee_rule import own_fees
from gridpact.certificates.trade.view import Floats, TradeView

EXACT, SLOPE = 1e-6, 1e-3


def charges_cost(view: TradeView) -> bool:
    """Whether fees are a true cost."""
    return str(view.rule["fee_kind"]) == "cost"


def marginal_check(view: TradeView) -> Check:
    """Prices at the network's side against the nodal prices: the same, or less the slope of the least fee."""
    scale, u = price_scale(view.network, view.nodal), view.nodal - view.price
    if not charges_cost(view):
        text = "Prices at the network's side against the nodal prices of its clearing, relative."
        return worst(
            "trade nodal prices", text, EXACT, [Measure("bus of", view.names, np.abs(u) / scale)], view.case.snapshots
        )
    over = np.maximum(_over(view, u), 0.0) / scale
    short = fee_gap(view) / view.gross_value
    text = (
        "Nodal prices less those at the network's side are slopes of the least fee: they allow no trade to earn more "
        "than its fee (over the price), and add up to all fees (over the gross value)."
    )
    measures = [Measure("slope of", view.names, over), Measure("sum of fees", [""], np.array([abs(short)]))]
    return worst("trade nodal prices", text, SLOPE, measures, view.case.snapshots)


def _over(view: TradeView, u: Floats) -> Floats:
    """By how much selling at u earns more than some fee, (n, steps)."""
    fees, n = own_fees(view), view.count
    pairs = (u[:, None] - u[None] - fees[:n, :n]).max(axis=1)
    return np.asarray(np.maximum.reduce([pairs, u - fees[:n, n], -u - fees[n, :n]]))


def fee_gap(view: TradeView) -> float:
    """True cost of the trades told above what the slopes prove that any trades of these exchanges cost; currency."""
    if not charges_cost(view):
        return 0.0
    split, fees = view.split, own_fees(view)
    paid = float((fees[split.seller, split.buyer, split.step] * split.p_mw).sum())
    return view.hours * (paid - float(((view.nodal - view.price) * view.exchange("p_mw")).sum()))
