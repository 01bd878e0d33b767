"""Do trades come apart from the exchanges as they should, and do they pay what the rule says?

valid      more than nothing, between two different parties that lines join, nobody but the operator on both sides in
           one hour
sums       what a microgrid sells less what it buys is its exchange
prices     those at the buses of seller and buyer, the operator's at the reference bus; the price is their mean
fees       by the rule; what each microgrid pays is the sum of its shares, and nothing without a deal
agreed     of every trade: whether there is a deal
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.evidence import price_scale
from gridpact.certificates.trade.fee_rule import own_fees
from gridpact.certificates.trade.view import Floats, TradeView, relative

# Of the largest exchange of the hour; of prices and fees; of amounts of money.
SUMS, RATES, MONEY = 1e-8, 1e-9, 1e-9


def split_checks(view: TradeView) -> Iterator[Check]:
    """All of them but that no other split pays less."""
    yield from trades_checks(view)
    yield _fees(view)


def trades_checks(view: TradeView) -> Iterator[Check]:
    """Those of the trades and of the fees per MWh."""
    yield _valid(view)
    yield _sums(view)
    yield _prices(view)
    yield _rates(view)
    yield _mean_rates(view)


def _valid(view: TradeView) -> Check:
    split = view.split
    sides = np.zeros((2, view.count + 1, view.case.steps), dtype=np.bool_)
    sides[0, split.seller, split.step] = sides[1, split.buyer, split.step] = True
    wrong = {
        "of nothing": int((split.p_mw <= 0.0).sum()),
        "with oneself": int((split.seller == split.buyer).sum()),
        "without a line": int((~view.joined[split.seller, split.buyer]).sum()),
        "on both sides": int(sides[:, : view.count].all(axis=0).sum()),
        "agreed on": int((view.record.tables["trades"]["agreed"].to_numpy(dtype=np.bool_) != view.deal).sum()),
    }
    text = (
        "Trades of nothing, with oneself or of microgrids that no line joins, agreed on without a deal or not with "
        "one, and hours in which one sells and buys."
    )
    return worst(
        "trades valid", text, 0.0, [Measure("trades", list(wrong), np.array([*wrong.values()], dtype=np.float64))]
    )


def _sums(view: TradeView) -> Check:
    split, p, given = view.split, view.exchange("p_mw"), np.zeros((view.count + 1, view.case.steps))
    np.add.at(given, (split.seller, split.step), split.p_mw)
    np.subtract.at(given, (split.buyer, split.step), split.p_mw)
    largest = np.maximum(np.abs(p).max(axis=0), np.finfo(np.float64).tiny)
    text = "What microgrids sell less what they buy against their exchange, over the largest of the hour."
    off = np.abs(given[: view.count] - p) / largest
    return worst("trades make up exchanges", text, SUMS, [Measure("microgrid", view.names, off)], view.case.snapshots)


def party_prices(view: TradeView) -> Floats:
    """Price of each trade's seller (0) and buyer (1), the operator's that of its partner's network; (2, trades)."""
    split, n = view.split, view.count
    partner = np.where(split.seller == n, split.buyer, split.seller) % n
    ends = []
    for party in (split.seller, split.buyer):
        own = view.nodal[np.minimum(party, n - 1), split.step]
        ends.append(np.where(party == n, view.root_price[partner, split.step], own))
    return np.array(ends)


def _prices(view: TradeView) -> Check:
    seller, buyer = party_prices(view)
    own = {"price_per_mwh": (seller + buyer) / 2.0, "seller_price_per_mwh": seller, "buyer_price_per_mwh": buyer}
    text = "Prices of trades against those at the buses of seller and buyer and their mean, relative."
    measures = [Measure(name, _labels(view), relative(view.of_trades(name), value)) for name, value in own.items()]
    return worst("trade prices at buses", text, RATES, measures)


def _rates(view: TradeView) -> Check:
    split = view.split
    own = own_fees(view)[split.seller, split.buyer, split.step]
    scale = price_scale(view.network, own)
    off = np.abs(view.of_trades("fee_per_mwh") - own) / scale
    text = "Fees of trades against the rule, relative to the scale of prices."
    return worst("trade fees by rule", text, RATES, [Measure("trade", _labels(view), off)])


def _mean_rates(view: TradeView) -> Check:
    table, fees = view.record.tables["fee_rates"], own_fees(view).mean(axis=2)
    place = {name: number for number, name in enumerate(view.parties)}
    rows = list(zip(table["seller"].map(place), table["buyer"].map(place), strict=True))
    own = np.array([fees[row] for row in rows])
    off = np.abs(table["mean_fee_per_mwh"].to_numpy(dtype=np.float64) - own) / price_scale(view.network, own)
    labels = [f"{view.parties[one]} to {view.parties[other]}" for one, other in rows]
    text = "Mean fees of all pairs against the rule, relative to the scale of prices."
    return worst("trade mean fees", text, RATES, [Measure("pair", labels, off)])


def own_payments(view: TradeView) -> Floats:
    """Fees that each microgrid pays with a deal, (n,): its share of those between two, all with the operator."""
    return np.asarray(payments_by_step(view).sum(axis=1), dtype=np.float64)


def payments_by_step(view: TradeView) -> Floats:
    """The same by step, (n, steps)."""
    split, n = view.split, view.count
    amount = view.step_hours[split.step] * own_fees(view)[split.seller, split.buyer, split.step] * split.p_mw
    bought = np.where(split.seller == n, 1.0, np.where(split.buyer == n, 0.0, view.fee("buyer_share")))
    paid = np.zeros((n + 1, view.case.steps))
    np.add.at(paid, (split.buyer, split.step), amount * bought)
    np.add.at(paid, (split.seller, split.step), amount * (1.0 - bought))
    return paid[:n]


def _fees(view: TradeView) -> Check:
    table = view.record.tables["fees"].set_index("payer")
    told, own = table["amount"].reindex(view.names).to_numpy(dtype=np.float64), own_payments(view) * view.deal
    sheet = view.of_parties("sheet", "fee_payment")
    scale = max(1.0, float(np.abs(own).sum()))
    revenue = float(view.record.summary["fee_revenue"])
    measures = [
        Measure("payer", view.names, np.abs(told - own) / scale),
        Measure("summary", ["fee_revenue"], np.array([abs(revenue - own.sum()) / scale])),
        Measure("sheet", view.names, np.abs(sheet[:-1] - own) / scale),
    ]
    text = "Fees that each microgrid pays against its trades and the rule, none without a deal, over all fees."
    return worst("trade fee payments", text, MONEY, measures)


def _labels(view: TradeView) -> list[str]:
    split, names, times = view.split, view.parties, view.case.snapshots
    rows = zip(split.seller.tolist(), split.buyer.tolist(), split.step.tolist(), strict=True)
    return [f"{names[one]} to {names[other]}, {times[step].isoformat()}" for one, other, step in rows]
