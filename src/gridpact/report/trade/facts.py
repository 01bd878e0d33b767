"""The trade of a run as a report asks for it: parties, energies, prices, money."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from gridpact.report.figures.canvas import Floats, over_time
from gridpact.results.record import Record
from gridpact.results.trading import QUESTION

LEAST = 1e-9  # MWh; what is less is no trade
# What becomes of so many microgrids without a deal.
DISAGREEMENTS = {
    "islanded": "would exchange nothing",
    "tariff": "would trade at posted tariffs",
    "given": "would have a cost that was given",
}
RULES = {"nash": "Nash bargaining", "equal": "equal split", "proportional": "proportional", "shapley": "Shapley value"}


def is_trade(record: Record) -> bool:
    return record.question == QUESTION


def table(record: Record, name: str) -> pd.DataFrame | None:
    """A table, or None where the run has none or one without rows."""
    found = record.tables.get(name)
    return None if found is None or found.empty else found


def polished(record: Record) -> str:
    """How many rounds followed the agreement, if any did."""
    more = figure(record, "polishing_rounds")
    return f", then {more:.0f} more until the prices of both sides were the same" if more > 0.0 else ""


def figure(record: Record, name: str) -> float:
    """A figure of the summary, NaN where it has none."""
    value = record.summary.get(name)
    return math.nan if value is None else float(value)


def microgrids(record: Record) -> list[str]:
    return record.case.ids("microgrids")


def operator(record: Record) -> str:
    return str(record.summary.get("operator", "network"))


def parties(record: Record) -> list[str]:
    """All microgrids, then the operator."""
    return [*microgrids(record), operator(record)]


def deal(record: Record) -> bool:
    """Whether the parties agreed; one that does not say has agreed."""
    return bool(record.summary.get("deal", True))


def fees(record: Record) -> float:
    """Network fees of all trades, also of those to which there is no deal; NaN where they are not known."""
    found = table(record, "trades")
    if deal(record) or found is None:
        return figure(record, "fee_revenue")
    return float(record.case.hours * (found["p_mw"] * found["fee_per_mwh"]).sum())


def why(record: Record) -> str:
    return str(record.summary.get("deal_why") or "nobody would gain")


def is_party(record: Record) -> bool:
    """Whether the operator bargains too."""
    return record.summary.get("operator_role") == "party"


def bargaining(record: Record) -> list[str]:
    """Those who bargain; all but the operator where that is not known."""
    found = table(record, "bargaining")
    return microgrids(record) if found is None else found.loc[found["bargains"], "participant"].astype(str).tolist()


def by_microgrid(record: Record, column: str, name: str = "exchanges") -> Floats:
    """A column of the exchanges, shape (microgrids, steps)."""
    return over_time(record.case, record.tables[name], column)


def root_price(record: Record) -> Floats:
    """Where the grid feeds in, the price in the network of each microgrid, shape (microgrids, steps)."""
    price = over_time(record.case, record.tables["electricity_prices"], "energy_per_mwh")
    return price[record.case.positions("microgrids", "bus")]


def limits(record: Record) -> tuple[Floats, Floats]:
    """Most each microgrid may sell and buy, MW, NaN where there is no limit; shape (microgrids, steps) each."""
    sell, buy = (record.case.series("microgrids", f"max_{way}_mw") for way in ("sell", "buy"))
    return np.where(np.isfinite(sell), sell, np.nan), np.where(np.isfinite(buy), buy, np.nan)


def power(record: Record) -> Floats:
    """MW from everyone to everyone, shape (parties, parties, steps): sellers, buyers, the operator last."""
    names, trades = parties(record), record.tables["trades"]
    seller, buyer = (pd.Index(names).get_indexer(pd.Index(trades[side])) for side in ("seller", "buyer"))
    step = record.case.snapshots.get_indexer(pd.DatetimeIndex(trades["snapshot"]))
    found = np.zeros((len(names), len(names), record.case.steps))
    np.add.at(found, (seller, buyer, step), trades["p_mw"].to_numpy(dtype=np.float64))
    return found


def energy(record: Record) -> Floats:
    """MWh of the whole horizon from everyone to everyone, shape (parties, parties)."""
    found: Floats = record.case.hours * power(record).sum(axis=2)
    return found


def moved(sold: Floats) -> Floats:
    """What each party sells and buys, of a square array of energies."""
    return np.asarray(sold.sum(axis=0) + sold.sum(axis=1), dtype=np.float64)


def mean_price(record: Record, side: str) -> Floats:
    """Mean price of what each party sells ("seller") or buys ("buyer") at its own bus; NaN for who does not."""
    trades = record.tables["trades"]
    paid = (trades["p_mw"] * trades[f"{side}_price_per_mwh"]).groupby(trades[side]).sum()
    sums = trades.groupby(side)["p_mw"].sum()
    mean = (paid / sums.where(sums > 0.0)).reindex(parties(record))
    return mean.to_numpy(dtype=np.float64)


def column(record: Record, name: str, wanted: str) -> Floats:
    """A column of a table with one row per participant, in the order of the parties; NaN for those it lacks."""
    found = record.tables[name].drop_duplicates("participant").set_index("participant")[wanted]
    return found.reindex(parties(record)).to_numpy(dtype=np.float64)


def largest(values: Floats, most: int) -> list[int]:
    """Places of the largest values, at most so many, in their own order."""
    order = np.argsort(-np.nan_to_num(np.abs(values)), kind="stable")[:most]
    return sorted(order.tolist())
