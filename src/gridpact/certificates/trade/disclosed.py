"""Did anything cross between parties that was not declared? Kinds, quantities and numbers of all messages.

    exchanges   proposals of price, target and weight, each answered by what is exchanged: a number per quantity that a
                microgrid exchanges (each step's active power, and its reactive power where that is free), of the
                operator those of all
    fixed       reactive power that nothing of a microgrid can change, stated once
    sum         masks between parties, and each benefit under its masks: two numbers each
    payments    proposals of price, target and weight of money, each answered by a receipt: a number each

Everything else would be private data in transit. A request is answered once; a number is eight bytes. The table is the
run's own record of its messages: what it leaves out cannot be seen here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.trade.view import Floats, TradeView

COORDINATOR: Final = "coordinator"
NUMBER_BYTES: Final = 8


@dataclass(frozen=True)
class Kind:
    """Quantities by unit that a kind of message may hold, numbers of each (0: per coupling quantity), who sends it."""

    quantities: dict[str, str]
    numbers: int
    asks: bool


_WORD = "micro-units mod 2^64, low and high 32 bits"
EMPTY: Final = {"": ""}
DECLARED: Final = {
    "proposal": Kind({"price": "currency/p.u.", "target": "p.u.", "weight": "currency/p.u.^2"}, 0, True),
    "answer": Kind({"exchange": "p.u."}, 0, False),
    "ask_fixed": Kind(EMPTY, 1, True),
    "fixed": Kind({"fixed": "p.u."}, 0, False),
    "share_masks": Kind(EMPTY, 1, True),
    "masks_shared": Kind(EMPTY, 1, False),
    "mask": Kind({"mask": _WORD}, 2, False),
    "mask_taken": Kind(EMPTY, 1, False),
    "masked_benefit": Kind({"masked_benefit": _WORD, "": ""}, 2, False),
    "payment_proposal": Kind({"price": "1/currency", "target": "currency", "weight": "1/currency^2"}, 1, True),
    "receipt": Kind({"receipt": "currency"}, 1, False),
}
# Request and answer, each by kind and quantity; a request may hold several quantities.
ANSWERS: Final = (
    (("proposal", "price"), ("answer", "exchange")),
    (("proposal", "target"), ("answer", "exchange")),
    (("proposal", "weight"), ("answer", "exchange")),
    (("payment_proposal", "price"), ("receipt", "receipt")),
    (("payment_proposal", "target"), ("receipt", "receipt")),
    (("payment_proposal", "weight"), ("receipt", "receipt")),
    (("ask_fixed", ""), ("fixed", "fixed")),
    (("share_masks", ""), ("masks_shared", "")),
    (("mask", "mask"), ("mask_taken", "")),
    (("masked_benefit", ""), ("masked_benefit", "masked_benefit")),
)


def disclosure_checks(view: TradeView) -> Iterator[Check]:
    """Undeclared quantities, and counts."""
    yield _declared(view)
    yield _counted(view)


def _labels(table: pd.DataFrame) -> list[str]:
    return [f"{row.sender} to {row.recipient}: {row.kind}/{row.quantity}" for row in table.itertuples()]


def _declared(view: TradeView) -> Check:
    table = view.record.tables["disclosures"]
    known = {*view.parties, COORDINATOR}
    strange = np.array(
        [
            str(row.sender) == str(row.recipient) or not {row.sender, row.recipient} <= known or not _is_declared(row)
            for row in table.itertuples()
        ],
        dtype=np.float64,
    )
    text = "Messages of kinds, quantities, units or parties that are not declared."
    return worst("disclosed as declared", text, 0.0, [Measure("message", _labels(table), strange)])


def _is_declared(row: object) -> bool:
    kind = DECLARED.get(str(getattr(row, "kind", "")))
    quantity, unit = str(getattr(row, "quantity", "")), str(getattr(row, "unit", ""))
    asking = getattr(row, "sender", "") == COORDINATOR
    return kind is not None and kind.quantities.get(quantity) == unit and (asking or not kind.asks)


def _counted(view: TradeView) -> Check:
    """Numbers of each kind of message, bytes, answers to every request, and rounds in which they were made."""
    table = view.record.tables["disclosures"]
    numbers, messages = (table[name].to_numpy(dtype=np.float64) for name in ("numbers", "messages"))
    measures = [
        Measure("numbers", _labels(table), _numbers_off(view, table, numbers, messages)),
        Measure("bytes", _labels(table), np.abs(table["bytes"].to_numpy(dtype=np.float64) - NUMBER_BYTES * numbers)),
        *(_answers(table, *pair) for pair in ANSWERS),
        _rounds(view, table),
    ]
    text = "Numbers and bytes of messages against what their kind holds, and answers against requests and rounds."
    return worst("disclosed numbers", text, 0.0, measures)


def _numbers_off(view: TradeView, table: pd.DataFrame, numbers: Floats, messages: Floats) -> Floats:
    """Distance from so many numbers as a message of the kind holds, times the messages."""
    off = np.zeros(len(table))
    for place, row in enumerate(table.itertuples()):
        kind = DECLARED.get(str(row.kind))
        if kind is None:
            continue
        party = str(row.recipient) if row.sender == COORDINATOR else str(row.sender)
        sizes = _sizes(view, party) if not kind.numbers else [kind.numbers * bool(row.quantity)]
        off[place] = min(abs(numbers[place] - size * messages[place]) for size in sizes)
    return off


def _sizes(view: TradeView, party: str) -> list[int]:
    """How many quantities a party may exchange: active power, or reactive power as well; of all for the operator."""
    steps = view.case.steps
    return [steps * k for k in (range(view.count, 2 * view.count + 1) if party == view.operator else (1, 2))]


def _answers(table: pd.DataFrame, request: tuple[str, str], answer: tuple[str, str]) -> Measure:
    """Between any two as many answers as requests."""
    requests, answers = (table[(table["kind"] == k) & (table["quantity"] == q)] for k, q in (request, answer))
    asked = requests.groupby(["sender", "recipient"])["messages"].sum()
    given = answers.groupby(["recipient", "sender"])["messages"].sum()
    pairs = sorted({(str(one), str(other)) for one, other in (*asked.index, *given.index)})
    off = np.array([abs(int(asked.get(pair, 0)) - int(given.get(pair, 0))) for pair in pairs], dtype=np.float64)
    return Measure("/".join(answer), [" by ".join(pair) for pair in pairs], off)


def _rounds(view: TradeView, table: pd.DataFrame) -> Measure:
    """Answers that are not those of the rounds told: microgrids answer once more, to open; payments by who bargains."""
    said = table.groupby(["kind", "sender"])["messages"].sum()
    rounds, payments = (len(view.record.tables[name]) for name in ("convergence", "bargaining_convergence"))
    own = {("answer", name): rounds + bool(rounds) for name in view.names} | {("answer", view.operator): rounds}
    own |= {("receipt", name): payments * who for name, who in zip(view.parties, view.bargains.tolist(), strict=True)}
    off = np.array([abs(int(said.get(key, 0)) - count) for key, count in own.items()], dtype=np.float64)
    return Measure("rounds", [" ".join(key) for key in own], off)
