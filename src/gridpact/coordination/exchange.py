"""Payments agreed by bargaining, each party keeping its benefit to itself: exchange ADMM.

    b_k   benefit of party k before payments    r_k   its receipt    W_k   its weight    W = sum of W_k    w_k = W_k / W
    maximise  sum of W_k log(b_k + r_k)   over   sum of r_k = pot        S = sum of b_k + pot, the surplus
    optimum   b_k + r_k = w_k S   at the price   W / S   of money

Party k, asked with a price p, a target z_k and a weight rho_k, answers with

    r_k = argmin  - W_k log(b_k + r) + p r + rho_k/2 (r - z_k)^2  =  g - b_k
    rho_k g^2 + (p - rho_k (b_k + z_k)) g - W_k = 0,   g > 0

and the coordinator moves target and price (Boyd, Parikh, Chu, Peleato and Eckstein, Foundations and Trends in Machine
Learning 3(1), 2011, section 7.3.2) with relaxation a = 1.6 by the excess e = sum of r_k - pot:

    z_k <- z_k + a (r_k - w_k e - z_k)        p <- p + a (W / S)^2 e / W        rho_k = (W / S)^2 / W_k

With this rho_k, the curvature at the optimum (n / S)^2 where all weights are one, parties of all weights move alike.
S comes from ``secure_sum``, wrong by at most half a micro-unit per party, and with it the first price. The first
proposal has no target (rho = 0) and is answered by W_k / p - b_k: a Newton step of the price, with a = 1. What is left
to the other rounds is the rounding of S. From a price and targets of zero they would be 20 for benefits like S/2, and
more than 500 for benefits of 1000 S.

What it shows: the sum, then receipts. Whoever knows W_k and S works out b_k from a receipt; without a deal nothing but
the sum is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, inf, sqrt

import numpy as np

from gridpact.coordination.message import Floats, Message, MessageError, Quantity
from gridpact.coordination.party import PRICE, TARGET, WEIGHT, Disclosure, HandlingParty
from gridpact.coordination.secure_sum import (
    MASKED,
    REACH,
    ROUNDS,
    Masks,
    mask_source,
    rounding,
    secure_sum,
)
from gridpact.coordination.transport import Transport
from gridpact.errors import InputError, NotConverged

PROPOSAL, RECEIPT = "payment_proposal", "receipt"
RELAXATION = 1.6


def receipt(benefit: float, weight: float, price: float, target: float, penalty: float) -> float:
    """The r that solves -weight log(benefit + r) + price r + penalty/2 (r - target)^2; raises ``MessageError``.

    The root is taken in the form without cancellation. There is none for a price that is not positive without a
    penalty, nor for a negative penalty.
    """
    slope = price - penalty * (benefit + target)
    if penalty < 0.0 or (penalty == 0.0 and slope <= 0.0):
        raise MessageError(f"No receipt is best at price {price:g} and penalty {penalty:g}.")
    root = hypot(slope, 2.0 * sqrt(penalty * weight))
    gain = 2.0 * weight / (slope + root) if slope > 0.0 else (root - slope) / (2.0 * penalty)
    return gain - benefit


class PaymentParty(HandlingParty):
    """A party that bargains about payments over ``transport``; its ``benefit`` never leaves as a number.

    Answers ``share_masks``, ``mask``, ``masked_benefit`` and ``payment_proposal``. ``roster`` holds the names of all
    bargaining parties in the order that all know; ``seed`` makes masks repeatable. Raises ``InputError`` for a benefit
    that is not finite or a weight that is not positive.
    """

    def __init__(
        self,
        name: str,
        benefit: float,
        weight: float,
        roster: Sequence[str],
        transport: Transport,
        seed: int | None = None,
        reach: int = REACH,
    ) -> None:
        if not (np.isfinite(benefit) and 0.0 < weight < inf):
            raise InputError(f"{name!r} needs a finite benefit and a positive weight, not {benefit} and {weight}.")
        self.benefit = benefit
        self.weight = weight
        masks = Masks(name, roster, mask_source(name, seed), reach)
        handlers = {
            **masks.handlers(transport),
            MASKED: lambda request: masks.report(request, benefit),
            PROPOSAL: self._answer,
        }
        super().__init__(name, (*masks.disclosures, Disclosure(RECEIPT, RECEIPT, "currency", 1)), handlers)

    def _answer(self, message: Message) -> Message:
        price, target, penalty = (message.number(name) for name in (PRICE, TARGET, WEIGHT))
        best = receipt(self.benefit, self.weight, price, target, penalty)
        return message.reply(RECEIPT, Quantity(RECEIPT, "currency", np.array([best])))


@dataclass(frozen=True, eq=False)
class Bargain:
    """What was agreed: ``receipts`` (parties,) in currency, which sum to the pot, and the ``surplus`` shared by them.

    Without a ``deal`` the receipts are zero and nothing was proposed. ``residuals`` (rounds, 2), relative to the
    surplus: what the receipts are too much in sum, and the largest difference of a receipt, put right by its share of
    that, from its target (zero in the first round).
    """

    receipts: Floats
    surplus: float
    deal: bool
    residuals: Floats

    @property
    def rounds(self) -> int:
        return len(self.residuals)


def bargain(
    transport: Transport,
    roster: Sequence[str],
    weights: Floats,
    *,
    run: str = "bargain",
    coordinator: str = "coordinator",
    pot: float = 0.0,
    least: float = 0.0,
    tolerance: float = 1e-8,
    most_rounds: int = 200,
    derived: bool = False,
) -> Bargain:
    """Receipts of the ``PaymentParty`` s of the ``roster`` with bargaining ``weights`` (parties,), over a transport.

    ``pot``: what somebody who does not bargain pays in. There is no deal for a surplus of ``least`` or less, nor for
    one too small to be told from zero after rounding. Parties whose masks are ``derived`` share none beforehand. Raises
    ``InputError`` for weights that are not positive, ``NotConverged`` after ``most_rounds`` (one or more), and what the
    parties and the transport raise.
    """
    if len(weights) != len(roster) or not (np.isfinite(weights).all() and (weights > 0.0).all() and np.isfinite(pot)):
        raise InputError("Bargaining needs a positive weight for every party, and a pot that is a number.")
    surplus = secure_sum(transport, run, coordinator, roster, derived=derived) + pot
    if surplus <= max(least, rounding(len(roster))):
        return Bargain(np.zeros(len(roster)), surplus, False, np.zeros((0, 2)))
    asking = _Asking(transport, run, coordinator, tuple(roster))
    receipts, residuals = _agree(asking, np.asarray(weights, dtype=np.float64), surplus, pot, tolerance, most_rounds)
    return Bargain(receipts, surplus, True, residuals)


@dataclass(frozen=True)
class _Asking:
    """How the coordinator asks all parties for their receipts."""

    transport: Transport
    run: str
    coordinator: str
    roster: tuple[str, ...]

    def receipts(self, done: int, price: float, targets: Floats, penalties: Floats) -> Floats:
        rows = zip(self.roster, targets, penalties, strict=True)
        asked = [self._proposal(name, ROUNDS + done, price, target, penalty) for name, target, penalty in rows]
        return np.array([answer.number(RECEIPT) for answer in self.transport.call_all(asked)])

    def _proposal(self, name: str, turn: int, price: float, target: float, penalty: float) -> Message:
        quantities = (
            Quantity(PRICE, "1/currency", np.array([price])),
            Quantity(TARGET, "currency", np.array([target])),
            Quantity(WEIGHT, "1/currency^2", np.array([penalty])),
        )
        return Message(self.run, turn, self.coordinator, name, PROPOSAL, quantities)


def _agree(
    asking: _Asking, weights: Floats, surplus: float, pot: float, tolerance: float, most_rounds: int
) -> tuple[Floats, Floats]:
    """Receipts that sum to the pot, and the residuals of all rounds."""
    total = float(weights.sum())
    share, price, scale = weights / total, total / surplus, (total / surplus) ** 2
    z, penalties, relaxation = np.zeros(len(share)), np.zeros(len(share)), 1.0
    residuals: list[tuple[float, float]] = []
    for done in range(most_rounds):
        r = asking.receipts(done, price, z, penalties)
        excess = float(r.sum()) - pot
        agreed = r - share * excess
        residuals.append((abs(excess) / surplus, float(np.abs(agreed - z).max()) / surplus))
        if max(residuals[-1]) <= max(tolerance, _resolution(r, pot) / surplus):
            return agreed, np.array(residuals)
        z = z + relaxation * (agreed - z)
        price += relaxation * scale * excess / total
        penalties, relaxation = scale / weights, RELAXATION
    raise NotConverged(
        f"No agreement on payments after {most_rounds} rounds: receipts sum to {excess:.3g} too much, and differ by "
        f"{residuals[-1][1] * surplus:.3g} from what was proposed."
    )


def _resolution(receipts: Floats, pot: float) -> float:
    """What rounding of the receipts alone can do to their sum."""
    return float(np.finfo(float).eps * (np.abs(receipts).sum() + abs(pot)))
