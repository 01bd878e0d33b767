"""What a trade takes: rounds to agreement, accuracy, and time over the central dispatch, by number of microgrids.

    gridpact bench --trade [--quick] [--repeat N] [-o benchmarks/trading.md]

``repeat`` is the number of seeds of ``synthetic_microgrids``, defaults untouched; rounds are counted with the opening
answers. Time is that of setting up all parties and of the rounds, over building and solving the central program of the
same case in the same run; medians of their ratios.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from gridpact.bench_game import _table
from gridpact.bench_page import written
from gridpact.case.case import Case
from gridpact.case.validate import require_valid
from gridpact.examples.synthetic_microgrids import synthetic_microgrids
from gridpact.markets.trade.central import Central, central
from gridpact.markets.trade.market import TradeMarket, trade_market
from gridpact.markets.trade.opening import METHODS
from gridpact.markets.trade.stage_one import Parties, StageOne, parties, stage_one
from gridpact.markets.trade.welfare import welfare

Tell = Callable[[str], None]
SIZES = (3, 10, 30, 100)
TOLERANCE, MOST = 1e-4, 500


@dataclass(frozen=True)
class TradeBench:
    """Rows by method and number of microgrids; each maps names of figures to numbers."""

    rows: Mapping[str, Mapping[str, float]]
    machine: str
    seeds: int

    def markdown(self) -> str:
        head = f"# Rounds and time of a trade\n\n{self.seeds} seeds each. {self.machine}."
        return "\n\n".join([head, ABOUT, _table(self.rows, "market")]) + "\n"

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("rows", "machine", "seeds")}

    def write(self, path: str | Path) -> tuple[Path, Path]:
        """The page at ``path`` and the figures beside it as JSON; both are overwritten."""
        return written(path, self.markdown(), self.as_dict())


ABOUT = (
    "`rounds` to both residuals of 1e-4, median and `worst`; `next day`: median rounds from yesterday's ratios of "
    "prices; `polishing`: median of the rounds after that until prices of both sides are the same; `cost`: largest "
    "distance of the settled cost from the central one, relative; `price`: largest distance of a price from that of "
    "the central dispatch, over max(price, 1); `seconds` to agreement, `central` to the central optimum, `ratio` of "
    "both: medians."
)


def run_trade_bench(*, quick: bool = False, repeat: int = 5, tell: Tell = print) -> TradeBench:
    """Measure; ``quick`` leaves out all but three microgrids."""
    from gridpact.bench import _machine

    rows = {}
    for method in METHODS:
        for size in SIZES[: 1 if quick else None]:
            name = f"{method}, {size} microgrids"
            rows[name] = _row([_measured(method, size, seed) for seed in range(repeat)])
            tell(f"{name}: {rows[name]}")
    return TradeBench(rows, _machine(), repeat)


def _row(runs: list[dict[str, float]]) -> dict[str, float]:
    middle = {name: float(median(run[name] for run in runs)) for name in runs[0]}
    return {
        "rounds": middle["rounds"],
        "worst": max(run["rounds"] for run in runs),
        "next day": middle["next day"],
        "polishing": middle["polishing"],
        "cost": max(abs(run["cost"]) for run in runs),
        "price": max(run["price"] for run in runs),
        "seconds": middle["seconds"],
        "central": middle["central"],
        "ratio": middle["ratio"],
    }


def _measured(method: str, size: int, seed: int) -> dict[str, float]:
    market = _market(synthetic_microgrids(size, seed))
    best, began = central(market), perf_counter()
    everybody = parties(market)
    ready = perf_counter() - began
    found = stage_one(market, everybody, method, TOLERANCE, MOST)
    assert found.agreement is not None
    seconds = ready + found.agreement.rounds[-1].seconds
    after = _market(synthetic_microgrids(size, seed, day=1))
    ratio = everybody.operator.exchanged(-found.settled.slope)[0] / market.money / market.transmission_price
    morrow = stage_one(after, parties(after), method, TOLERANCE, MOST, ratio=ratio)
    return {
        "rounds": float(found.iterations),
        "next day": float(morrow.iterations),
        "polishing": float(len(found.polishing)),
        **_accuracy(market, everybody, found, best),
        "seconds": seconds,
        "central": best.seconds,
        "ratio": seconds / best.seconds,
    }


def _market(case: Case) -> TradeMarket:
    return trade_market(require_valid(case))


def _accuracy(market: TradeMarket, everybody: Parties, found: StageOne, best: Central) -> dict[str, float]:
    costs = welfare(everybody.operator, everybody.microgrids, found.settled, found.least, 0.0)
    prices = everybody.operator.exchanged(-found.settled.slope)[0] / market.money
    off = np.abs(prices - best.prices) / np.maximum(np.abs(best.prices), 1.0)
    return {"cost": (costs.total - best.cost) / abs(best.cost), "price": float(off.max())}
