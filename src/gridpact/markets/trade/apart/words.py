"""What parties of a market say to each other beside proposals: kinds of messages and the quantities in them.

to a microgrid                              its answer
tariff            -                         exchange without a deal in MW and Mvar
settle            price, target, scale      exchange that it can do, as near to the target as it can
regret            price, exchange           what it could still gain at that price, in currency
floor             -                         the least whole cents with which it is not worse off

to the operator                             its answer
reactive          fixed reactive power      -
without           exchanges without a deal  -
exact             price, target, weight     whether it answers by real flows from now on
settle            price, target, scale      exchange that it can take
fix               price, target, weight     exchange that it takes, and the slope of its cost there
regret            price, exchange           as above
split             -                         who trades with whom, at which prices and fees
pot               -                         what it pays into the bargain, and what it keeps
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.coordination.message import Message, Quantity

Floats = NDArray[np.float64]

TARIFF, SETTLE, REGRET, FLOOR = "tariff", "settle", "regret", "floor"
REACTIVE, WITHOUT, EXACT, FIX, SPLIT, POT = "reactive", "without", "exact", "fix", "split", "pot"
PAYMENT = "payment_proposal"
PER_UNIT, MW, MVAR, CURRENCY, CENTS, SLOPE = "p.u.", "MW", "Mvar", "currency", "cents", "currency/p.u."
P, Q, SCALE, SLOPES, CENTS_LEAST = "p_mw", "q_mvar", "scale", "slope", "least_cents"
SELLER, BUYER, STEP, TRADED = "seller", "buyer", "step", "traded_mw"
FREE, FLAG, PRICE = "free", "flag", "currency/MWh"
TRADE_UNITS = {SELLER: "number", BUYER: "number", STEP: "number", TRADED: MW}
NODAL, FEES, FEE_COST, PAID_IN, KEPT = "nodal_price", "fees", "fee_cost", "paid_in", "kept"


def number(name: str, unit: str, value: float) -> Quantity:
    return Quantity(name, unit, np.array([value], dtype=np.float64))


def row(name: str, unit: str, values: Floats) -> Quantity:
    """Numbers of any shape, in their order."""
    return Quantity(name, unit, np.ascontiguousarray(values, dtype=np.float64).ravel())


def told(message: Message, *quantities: Quantity) -> Message:
    """The answer to a question."""
    return message.reply(answer_to(message.kind), *quantities)


def answer_to(kind: str) -> str:
    """The kind of the answer to a kind of question."""
    return f"{kind}_told"
