"""How an agreement begins: microgrids answer to the transmission price, and their answers set the first penalty."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from gridpact.coordination.atc import TargetCascading
from gridpact.coordination.cf_admm import ClosedFormConsensus
from gridpact.coordination.coordinate import Method
from gridpact.coordination.roster import Roster

Floats = NDArray[np.float64]
METHODS: dict[str, Callable[[Roster], Method]] = {"atc": TargetCascading, "cf_admm": ClosedFormConsensus}
# First penalty: this share of the largest price over each microgrid's largest exchange at the first price.
FIRST = 3e-3
# Exchanges below this share of the mean count as that; per unit in any case.
LEAST, TINY = 1e-3, 1e-6


def first_price(price: Floats, money: float, sizes: Sequence[int]) -> Floats:
    """f'(x) at ``price`` per MWh, (microgrids, steps), for active power, none for reactive power; per unit."""
    return np.concatenate([np.pad(row, (0, size - row.size)) for row, size in zip(-money * price, sizes, strict=True)])


def opening(asked: Roster, price: Floats, money: float) -> tuple[Floats, Floats, Floats]:
    """The microgrids' answers to a first ``price`` per MWh, (microgrids, steps), that price and the first penalty.

    All (n,); ``money`` is what one per unit at a price of one per MWh comes to in a step.
    """
    begin = first_price(price, money, asked.sizes)
    scale = float(np.abs(begin).max(initial=0.0)) or money
    answers = asked.ask_below(begin, np.zeros(begin.size), np.full(begin.size, FIRST * scale))
    sizes = np.array([np.abs(piece).max(initial=0.0) for piece in asked.pieces(answers)])
    each = FIRST * scale / np.maximum(sizes, max(LEAST * float(sizes.mean()), TINY))
    return answers, begin, np.repeat(each, asked.sizes)
