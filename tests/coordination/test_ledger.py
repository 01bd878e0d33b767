"""The ledger: what crossed, counted by hand, and planted numbers that it finds bit by bit."""

import hashlib

import numpy as np
import pytest

from gridpact.coordination.ledger import Ledger
from gridpact.coordination.message import Message, Quantity


def record(ledger: Ledger, message: Message) -> bytes:
    data = message.encode()
    ledger.record(message, data)
    return data


def answer(turn: int, *values: float, sender: str = "mg1") -> Message:
    return Message("day", turn, sender, "network", "answer", (Quantity("exchange", "p.u.", np.array(values)),))


def test_rows_are_sums_by_who_what_and_unit() -> None:
    ledger = Ledger()
    for turn in range(3):
        record(ledger, answer(turn, 1.0, 2.0))
    record(ledger, answer(0, 5.0, sender="a"))
    record(ledger, Message("day", 3, "network", "mg1", "ready"))
    wanted = ["sender", "recipient", "kind", "quantity", "unit", "messages", "numbers", "bytes"]
    assert [list(row) for row in ledger.rows()] == [wanted] * 3
    assert [tuple(row.values()) for row in ledger.rows()] == [
        ("a", "network", "answer", "exchange", "p.u.", 1, 1, 8),
        ("mg1", "network", "answer", "exchange", "p.u.", 3, 6, 48),
        ("network", "mg1", "ready", "", "", 1, 0, 0),
    ]


def test_entries_keep_order_values_and_the_digest_of_the_message() -> None:
    ledger = Ledger()
    data = record(ledger, answer(4, 1.0, 2.0))
    record(ledger, Message("day", 5, "network", "mg1", "ready"))
    first, second = ledger.entries
    assert (first.run, first.round, first.sender, first.recipient) == ("day", 4, "mg1", "network")
    assert (first.kind, first.quantity, first.unit, first.count, first.bytes) == ("answer", "exchange", "p.u.", 2, 16)
    assert first.values.tolist() == [1.0, 2.0]
    assert first.digest == hashlib.sha256(data).hexdigest()
    assert (second.kind, second.quantity, second.count, second.bytes) == ("ready", "", 0, 0)
    assert len(ledger) == 2


def test_entries_cannot_change_the_record() -> None:
    ledger = Ledger()
    record(ledger, answer(0, 1.0))
    ledger.entries.clear()
    assert len(ledger.entries) == 1


def test_planted_numbers_are_found_by_their_bits() -> None:
    """0.1 + 0.2 is not 0.3, and -0 is not 0: only the same bits are the same secret."""
    ledger = Ledger()
    record(ledger, answer(0, 0.1 + 0.2, 7.25, -0.0))
    record(ledger, answer(1, 9.5))
    assert ledger.contains(7.25) and ledger.contains([7.25, -0.0]) and ledger.contains(np.array([9.5]))
    assert ledger.contains(0.30000000000000004) and not ledger.contains(0.3)
    assert ledger.contains(-0.0) and not ledger.contains(0.0)
    assert not ledger.contains([7.25, 9.5])  # both crossed, but not in a row
    assert not ledger.contains([-0.0, 7.25])


def test_a_planted_number_is_found_where_it_is_not_aligned() -> None:
    """Split over two numbers of a message it still crossed."""
    ledger = Ledger()
    secret = np.array([123.456])
    shifted = np.frombuffer(b"\0\0\0" + secret.tobytes() + b"\0\0\0\0\0", dtype=np.float64)
    record(ledger, answer(0, *shifted))
    assert ledger.contains(secret)


def test_looking_for_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="No numbers"):
        Ledger().contains([])
