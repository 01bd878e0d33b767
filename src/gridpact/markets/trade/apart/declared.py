"""What each party of a market may say, in which units and how many numbers: it follows from what is public.

Parties declare it, and whoever coordinates lets nothing else pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gridpact.coordination.apart.limits import Limits, limits_of
from gridpact.coordination.exchange import RECEIPT
from gridpact.coordination.identity.members import Terms
from gridpact.coordination.party import ANSWER, ASK_FIXED, EXCHANGE, FIXED, PROPOSAL, Disclosure
from gridpact.coordination.secure_sum import MASKED, WORD_UNIT
from gridpact.markets.trade.apart import words as w
from gridpact.markets.trade.apart.public import PublicMarket

QUESTIONS = (w.TARIFF, w.SETTLE, w.REGRET, w.FLOOR, w.REACTIVE, w.WITHOUT, w.EXACT, w.FIX, w.SPLIT, w.POT)
ANSWERED_BY = {
    PROPOSAL: ANSWER,
    ASK_FIXED: FIXED,
    MASKED: MASKED,
    w.PAYMENT: RECEIPT,
    **{kind: w.answer_to(kind) for kind in QUESTIONS},
}


def declared(public: PublicMarket) -> Mapping[str, tuple[Disclosure, ...]]:
    """Disclosures by the name of the party."""
    said = {name: [*_microgrid(public, place)] for place, name in enumerate(public.microgrids)}
    said[public.operator] = [*_operator(public)]
    for name, bargains in zip(public.names, public.bargains.tolist(), strict=True):
        said[name] += [*_bargaining()] if bargains else []
    return {name: tuple(one) for name, one in said.items()}


def trade_limits(terms: Terms, public: PublicMarket) -> Limits:
    """What is let pass: bounds and rates of the terms, and nothing that is not declared."""
    return limits_of(terms, declared(public), frozenset({w.REGRET, w.KEPT}), ANSWERED_BY)


def _microgrid(public: PublicMarket, place: int) -> Iterator[Disclosure]:
    size, steps = public.sizes[place], public.steps
    yield Disclosure(ANSWER, EXCHANGE, w.PER_UNIT, size)
    yield Disclosure(FIXED, FIXED, w.PER_UNIT, 0 if public.free[place] else steps)
    yield Disclosure(w.answer_to(w.TARIFF), w.P, w.MW, steps)
    yield Disclosure(w.answer_to(w.TARIFF), w.Q, w.MVAR, steps)
    yield Disclosure(w.answer_to(w.SETTLE), EXCHANGE, w.PER_UNIT, size)
    yield from _both()


def _operator(public: PublicMarket) -> Iterator[Disclosure]:
    size, rows = sum(public.sizes), len(public.microgrids) * public.steps
    yield Disclosure(ANSWER, EXCHANGE, w.PER_UNIT, size)
    yield Disclosure(w.answer_to(w.EXACT), w.EXACT, w.FLAG, 1)
    yield Disclosure(w.answer_to(w.SETTLE), EXCHANGE, w.PER_UNIT, size)
    yield Disclosure(w.answer_to(w.FIX), EXCHANGE, w.PER_UNIT, size)
    yield Disclosure(w.answer_to(w.FIX), w.SLOPES, w.SLOPE, size)
    yield from (Disclosure(w.answer_to(w.SPLIT), name, unit, rows) for name, unit in w.TRADE_UNITS.items())
    yield Disclosure(w.answer_to(w.SPLIT), w.NODAL, w.PRICE, rows)
    yield Disclosure(w.answer_to(w.SPLIT), w.FEES, w.CURRENCY, len(public.microgrids))
    yield Disclosure(w.answer_to(w.POT), w.PAID_IN, w.CURRENCY, 1)
    yield Disclosure(w.answer_to(w.POT), w.KEPT, w.CURRENCY, 1)
    yield from _both()


def _both() -> Iterator[Disclosure]:
    yield Disclosure(w.answer_to(w.REGRET), w.REGRET, w.CURRENCY, 1)
    yield Disclosure(w.answer_to(w.FLOOR), w.CENTS_LEAST, w.CENTS, 1)


def _bargaining() -> Iterator[Disclosure]:
    yield Disclosure(MASKED, MASKED, WORD_UNIT, 2)
    yield Disclosure(RECEIPT, RECEIPT, w.CURRENCY, 1)
