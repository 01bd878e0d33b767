"""What everybody knows of a market whose parties are apart: who trades, and how.

It stands in the terms of the roster, as plain JSON, so that all sign it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridpact.errors import InputError, Issue
from gridpact.markets.trade.apart.terms import misfits, wrong_terms

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PublicMarket:
    """Names of the parties, the microgrids in their order; ``money`` is one per unit at one per MWh in a step.

    ``price`` is the transmission price per MWh, a row for each microgrid. ``weights`` are those of bargaining, the
    operator's last: zero where it only earns fees. Reactive power is agreed on where it is ``free``, of a microgrid
    whose devices can change theirs. ``fees`` per MWh are those from each party to each, the operator last; None where
    two cannot trade, and no rows where fees follow from prices. ``fees_are_costs`` where they are the true cost.
    ``snapshots`` are the starts of the steps, ISO 8601 with their offset from UTC.
    """

    microgrids: tuple[str, ...]
    operator: str
    currency: str
    steps: int
    hours: float
    base_mva: float
    price: tuple[tuple[float, ...], ...]
    weights: tuple[float, ...]
    free: tuple[bool, ...]
    fees: tuple[tuple[float | None, ...], ...] = ()
    fees_are_costs: bool = False
    buyer_share: float = 0.5
    shared: tuple[str, ...] = ()
    snapshots: tuple[str, ...] = ()
    dynamics: str = "quasi_dynamic"
    method: str = "atc"
    closed_form: bool = False
    tolerance: float = 1e-4
    rounds: int = 500
    exactness: str = "repair"

    @property
    def money(self) -> float:
        return self.base_mva * self.hours

    @property
    def sizes(self) -> tuple[int, ...]:
        """How much each microgrid has to agree on."""
        return tuple(2 * self.steps if free else self.steps for free in self.free)

    @property
    def first_price(self) -> Floats:
        """Shape (microgrids, steps)."""
        return np.array(self.price, dtype=np.float64).reshape(len(self.microgrids), self.steps)

    @property
    def fee_table(self) -> Floats:
        """Fees per MWh from each to each, infinite where two cannot trade; empty where the terms say none."""
        return np.array([[np.inf if fee is None else fee for fee in row] for row in self.fees], dtype=np.float64)

    @property
    def names(self) -> tuple[str, ...]:
        """All parties, the operator last."""
        return (*self.microgrids, self.operator)

    @property
    def bargains(self) -> NDArray[np.bool_]:
        """Who bargains, (parties,)."""
        return np.array(self.weights) > 0.0

    def as_terms(self) -> dict[str, Any]:
        """Plain JSON."""
        return {**asdict(self), "microgrids": list(self.microgrids), "price": [list(row) for row in self.price]} | {
            "weights": list(self.weights),
            "free": list(self.free),
            "shared": list(self.shared),
            "snapshots": list(self.snapshots),
            "fees": [list(row) for row in self.fees],
        }


def from_terms(terms: Mapping[str, Any], where: str = "roster.json") -> PublicMarket:
    """The market of the terms of a roster; raises ``InputError``, about ``where``, for terms of something else."""
    needed = [one.name for one in fields(PublicMarket) if one.default is MISSING]
    wrong = list(wrong_terms(terms, needed, [one.name for one in fields(PublicMarket)])) or list(misfits(terms))
    if wrong:
        fix = "Take the roster that `gridpact market init` wrote."
        raise InputError([Issue(message, fix, where) for message in wrong])
    lists = {name: tuple(terms.get(name, ())) for name in ("microgrids", "weights", "free", "shared", "snapshots")}
    prices = tuple(tuple(float(value) for value in row) for row in terms["price"])
    fees = tuple(tuple(row) for row in terms.get("fees", ()))
    return PublicMarket(**{**terms, **lists, "price": prices, "fees": fees})
