"""A trade as labelled tables, in the units of the case."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.coordination.coordinate import Round
from gridpact.coordination.ledger import Ledger
from gridpact.markets.trade.deal import Trade
from gridpact.results.record import long_table, words

Floats = NDArray[np.float64]


def trade_tables(trade: Trade) -> dict[str, pd.DataFrame]:
    """Exchanges, trades, fees, bargaining, sheet, regrets, convergence of both stages, disclosures."""
    return operation_tables(trade) | {"fees": _fees(trade), "bargaining": _bargaining(trade), "sheet": _sheet(trade)}


def operation_tables(trade: Trade) -> dict[str, pd.DataFrame]:
    """Those of them that say nothing of who pays whom."""
    return {
        "exchanges": _exchanges(trade),
        "trades": _trades(trade),
        "fee_rates": _fee_rates(trade),
        "regrets": _regrets(trade),
        "convergence": _convergence(trade),
        "bargaining_convergence": _bargaining_convergence(trade),
        "disclosures": disclosure_table(trade.parties.transport.ledger),
    }


def _exchanges(trade: Trade) -> pd.DataFrame:
    market, (p, q) = trade.market, trade.settled.exchanged
    return long_table(
        market.case.snapshots,
        "microgrid",
        market.names,
        p_mw=p * market.base,
        q_mvar=q * market.base,
        price_per_mwh=trade.prices,
        inside_price_per_mwh=trade.settled.microgrids.case.series("interfaces", "price_per_mwh"),
        before_mw=trade.start.exchanged[0],
        before_mvar=trade.start.exchanged[1],
    )


def _trades(trade: Trade) -> pd.DataFrame:
    """Every pair that trades in a step, ordered by step, or would with a deal; its price is the mean of both ends."""
    market, found = trade.market, trade.trades
    order = np.lexsort((found.buyer, found.seller, found.step))
    seller, buyer, step = found.seller[order], found.buyer[order], found.step[order]
    names, count = np.array(trade.two.roles.names, dtype=object), len(market.parts)
    at_bus = trade.at_bus
    mine = np.where(seller < count, seller, buyer)
    sold = np.where(seller < count, at_bus[np.minimum(seller, count - 1), step], trade.roots[mine, step])
    bought = np.where(buyer < count, at_bus[np.minimum(buyer, count - 1), step], trade.roots[mine, step])
    return pd.DataFrame(
        {
            "snapshot": market.case.snapshots[step],
            "seller": words(names[seller]),
            "buyer": words(names[buyer]),
            "p_mw": found.p_mw[order],
            "price_per_mwh": (sold + bought) / 2.0,
            "seller_price_per_mwh": sold,
            "buyer_price_per_mwh": bought,
            "fee_per_mwh": trade.rates.table[seller, buyer, step],
            "agreed": np.full(step.size, trade.two.deal),
        }
    )


def _fees(trade: Trade) -> pd.DataFrame:
    market, cents = trade.market, -trade.two.sheet[1][: len(trade.market.parts)]
    return pd.DataFrame(
        {
            "payer": words(market.names),
            "payee": words([market.operator_name] * len(market.names)),
            "amount": trade.paid_fees * float(trade.two.deal),
            "amount_cents": cents,
        }
    )


def _fee_rates(trade: Trade) -> pd.DataFrame:
    """Mean over the hours of the fee of every ordered pair that can trade."""
    names, mean = np.array(trade.two.roles.names, dtype=object), trade.rates.table.mean(axis=2)
    seller, buyer = np.nonzero(np.isfinite(mean) & ~np.eye(names.size, dtype=np.bool_))
    pairs = {"seller": words(names[seller]), "buyer": words(names[buyer])}
    return pd.DataFrame({**pairs, "mean_fee_per_mwh": mean[seller, buyer]})


def _bargaining(trade: Trade) -> pd.DataFrame:
    market, two, start, found = trade.market, trade.two, trade.start, trade.welfare
    operator = "given" if start.network is None else "computed"
    count = len(market.parts)
    return pd.DataFrame(
        {
            "participant": words(two.roles.names),
            "role": words(["microgrid"] * count + ["operator"]),
            "bargains": two.roles.bargains,
            "weight": two.roles.weights,
            "disagreement": words([*market.case.tables["microgrids"]["disagreement"], operator]),
            "disagreement_cost": np.append(start.costs, start.operator),
            "cost": np.append(found.costs, found.operator),
            "benefit": two.benefits,
            "gain": two.gains,
            "receipt": two.receipts,
            "receipt_cents": two.cents,
            "gain_exact": np.where(two.deal, two.benefits + two.cents / 100.0, 0.0),
        }
    )


def _sheet(trade: Trade) -> pd.DataFrame:
    """What everybody pays for energy, in fees and as a lump sum; cents add up, money as exact as it is."""
    market, two = trade.market, trade.two
    exchanged = trade.exchanged_mw
    deal = 1.0 if two.deal else 0.0
    energy = market.case.hours * exchanged.sum(axis=1)
    paid = -market.case.hours * (trade.at_bus * exchanged).sum(axis=1) * deal
    fees = trade.paid_fees * deal
    everybody = [np.append(one, -one.sum()) for one in (energy * deal, paid, fees)]
    return pd.DataFrame(
        {
            "participant": words(two.roles.names),
            "energy_mwh": everybody[0],
            "energy_payment": everybody[1],
            "fee_payment": everybody[2],
            "lump_sum_payment": -two.receipts - everybody[1] - everybody[2],
            "total_payment": -two.receipts,
            "energy_cents": -two.sheet[0],
            "fee_cents": -two.sheet[1],
            "lump_cents": -two.sheet[2],
            "total_cents": -two.cents,
        }
    )


def _regrets(trade: Trade) -> pd.DataFrame:
    """What each could still gain at the final prices, and over what it turns over."""
    turnover = trade.market.case.hours * np.abs(trade.prices * trade.exchanged_mw).sum(axis=1)
    regret = np.append(trade.welfare.regrets[1:], trade.welfare.regrets[0])
    share = regret / np.maximum(np.append(turnover, turnover.sum()), 1.0)
    return pd.DataFrame({"participant": words(trade.two.roles.names), "regret": regret, "share": share})


def _convergence(trade: Trade) -> pd.DataFrame:
    first = [] if trade.agreement is None else trade.agreement.rounds
    stage = ["agreement"] * len(first) + ["polishing"] * len(trade.one.polishing)
    rounds: list[Round] = [*first, *trade.one.polishing]
    columns = {
        "iteration": np.arange(1, len(rounds) + 1),
        "primal_residual": np.array([one.primal for one in rounds], dtype=np.float64),
        "dual_residual": np.array([one.dual for one in rounds], dtype=np.float64),
        "penalty": np.array([one.penalty for one in rounds], dtype=np.float64),
        "seconds": np.array([one.seconds for one in rounds], dtype=np.float64),
    }
    return pd.DataFrame({**columns, "stage": words(stage)})


def _bargaining_convergence(trade: Trade) -> pd.DataFrame:
    residuals = trade.two.bargained.residuals
    return pd.DataFrame(
        {
            "iteration": np.arange(1, len(residuals) + 1),
            "primal_residual": residuals[:, 0],
            "dual_residual": residuals[:, 1],
        }
    )


def disclosure_table(ledger: Ledger) -> pd.DataFrame:
    """What crossed between parties, in messages and numbers by sender, recipient, kind and quantity."""
    rows = ledger.rows()
    columns = ("sender", "recipient", "kind", "quantity", "unit", "messages", "numbers", "bytes")
    table = {name: [row[name] for row in rows] for name in columns}
    texts = {name: words(np.array(table[name], dtype=object)) for name in columns[:5]}
    return pd.DataFrame({**texts, **{name: np.array(table[name], dtype=np.int64) for name in columns[5:]}})
