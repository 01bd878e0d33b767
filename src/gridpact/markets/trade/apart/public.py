"""What everybody knows of a market whose parties are apart: who trades, and how.

It stands in the terms of the roster, as plain JSON, so that all sign it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridpact.errors import InputError, Issue

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PublicMarket:
    """Names of the parties, the microgrids in their order; ``money`` is one per unit at one per MWh in a step.

    ``price`` is the transmission price per MWh, a row for each microgrid. ``weights`` are those of bargaining, the
    operator's last: zero where it only earns fees. Reactive power is agreed on where it is ``free``, of a microgrid
    whose devices can change theirs. ``fees`` per MWh are those from each party to each, the operator last; None where
    two cannot trade, and no rows where fees follow from prices. ``fees_are_costs`` where they are the true cost.
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
            "fees": [list(row) for row in self.fees],
        }


def from_terms(terms: Mapping[str, Any]) -> PublicMarket:
    """The market of the terms of a roster; raises ``InputError`` where they are not those of a market."""
    try:
        rows = tuple(tuple(float(value) for value in row) for row in terms["price"])
        known = {
            **terms,
            "microgrids": tuple(terms["microgrids"]),
            "price": rows,
            "weights": tuple(terms["weights"]),
            "free": tuple(terms["free"]),
            "shared": tuple(terms["shared"]),
            "fees": tuple(tuple(row) for row in terms.get("fees", ())),
        }
        market = PublicMarket(**known)
        fits = market.first_price.size == sum(map(len, rows)) and len(market.weights) == len(market.names)
        fits = fits and len(market.free) == len(market.microgrids)
        fits = fits and market.fee_table.shape in ((0,), (len(market.names),) * 2)
    except (TypeError, KeyError, ValueError) as error:
        raise _wrong(f"the terms are not those of a trade: {type(error).__name__} {error}") from None
    if not fits:
        raise _wrong("prices or weights of the terms are not one row or number for every party")
    return market


def _wrong(message: str) -> InputError:
    return InputError([Issue(message, "Take the roster that `gridpact market init` wrote.", "roster.json")])
