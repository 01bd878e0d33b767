"""Where a trade begins that follows another one: yesterday's ratios to the transmission price, times today's price."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gridpact.errors import ArchiveError, InputError, Issue
from gridpact.results.trading import QUESTION

if TYPE_CHECKING:
    from gridpact.markets.trade.market import TradeMarket

Floats = NDArray[np.float64]
# Transmission prices below this share of the highest say nothing about a ratio.
NOTHING = 1e-3


def first_ratio(market: TradeMarket, warm_start: str) -> Floats | None:
    """Ratios of prices to the transmission price of a kept run, (microgrids, steps); None without one.

    Raises ``InputError`` where the run is not a trade of the same microgrids in as many steps.
    """
    if not warm_start:
        return None
    from gridpact.io.archive import read_run
    from gridpact.markets.market_program import formulation_named, market_network
    from gridpact.markets.trade.market import transmission_price

    try:
        if not Path(warm_start).is_dir():
            raise _wrong(warm_start, "there is no such folder")
        kept = read_run(Path(warm_start))
    except (ArchiveError, OSError, ValueError) as error:
        raise _wrong(warm_start, str(error)) from error
    if kept.question != QUESTION:
        raise _wrong(warm_start, f"its question is {kept.question!r}")
    own = market.case
    if kept.case.ids("microgrids") != market.names or kept.case.steps != own.steps:
        raise _wrong(warm_start, "its microgrids, or the number of its steps, are others")
    prices = kept.tables["exchanges"]["price_per_mwh"].to_numpy(dtype=np.float64)
    transmission = transmission_price(kept.case, market_network(kept.case, formulation_named("soc")))
    known = np.abs(transmission) > NOTHING * np.abs(transmission).max(initial=0.0)
    by_step = prices.reshape(own.steps, -1).T
    return np.asarray(np.divide(by_step, transmission, out=np.ones_like(by_step), where=known), dtype=np.float64)


def _wrong(warm_start: str, why: str) -> InputError:
    return InputError(
        [Issue(f"warm_start = {warm_start!r} is not possible: {why}", "Give the folder of a kept trade.")]
    )
