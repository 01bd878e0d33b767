"""Messages and their bytes: one written by hand, every round trip, and everything that is refused."""

import json
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gridpact.coordination.message import (
    MOST_BYTES,
    MOST_HEADER,
    MOST_QUANTITIES,
    MOST_TEXT,
    Message,
    MessageError,
    Quantity,
    decode,
)

HEAD = ["day", "mg1", "network", "answer", [["exchange", "p.u.", 2]]]


def packed(header: Any, numbers: bytes = b"", magic: bytes = b"GridPac1", turn: int = 3) -> bytes:
    """A message written without the module: header as text, bytes or JSON."""
    if not isinstance(header, bytes | str):
        header = json.dumps(header, separators=(",", ":"), ensure_ascii=False)
    written = header if isinstance(header, bytes) else header.encode()
    written += b" " * (-len(written) % 8)
    return struct.pack("<8sII", magic, turn, len(written)) + written + numbers


def message(*quantities: Quantity, **others: Any) -> Message:
    fields = {"run": "day", "round": 3, "sender": "mg1", "recipient": "network", "kind": "answer", **others}
    return Message(**fields, quantities=quantities)


def exchange(*values: float) -> Quantity:
    return Quantity("exchange", "p.u.", np.array(values, dtype=np.float64))


def test_bytes_are_those_written_by_hand() -> None:
    """1.5 is 1.1 in binary times 2^0: exponent 3ff, first digit of the fraction 8."""
    data = message(exchange(1.5, -2.0)).encode()
    assert data == packed(HEAD, bytes.fromhex("000000000000f83f" + "00000000000000c0"))
    assert len(data) % 8 == 0


texts = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=MOST_TEXT)
numbers = arrays(np.float64, st.integers(0, 30), elements=st.floats(allow_nan=False, allow_infinity=False))
quantities = st.lists(st.builds(Quantity, texts, texts, numbers), max_size=5, unique_by=lambda q: q.name)
messages = st.builds(Message, texts, st.integers(0, 2**32 - 1), texts, texts, texts, quantities.map(tuple))


@settings(deadline=None, max_examples=200)
@given(messages)
def test_every_message_comes_back_to_the_last_bit(sent: Message) -> None:
    data = sent.encode()
    got = decode(data)
    assert (got.run, got.round, got.sender, got.recipient, got.kind) == (
        sent.run,
        sent.round,
        sent.sender,
        sent.recipient,
        sent.kind,
    )
    assert [(q.name, q.unit, q.values.tobytes()) for q in got.quantities] == [
        (q.name, q.unit, q.values.tobytes()) for q in sent.quantities
    ]
    assert got.encode() == data


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    for attempt in (data, b"GridPac1" + data, packed(data), packed(HEAD, data)):
        try:
            assert decode(attempt).encode() == attempt
        except MessageError:
            continue


def test_each_bit_counts() -> None:
    """A message with one bit turned over is refused, or another message with exactly these bytes."""
    data = message(exchange(1.5, -2.0)).encode()
    for bit in range(8 * len(data)):
        turned = bytearray(data)
        turned[bit // 8] ^= 1 << bit % 8
        try:
            assert decode(bytes(turned)).encode() == bytes(turned) != data
        except MessageError:
            continue


def test_every_truncation_is_refused() -> None:
    data = message(exchange(1.5, -2.0)).encode()
    for length in range(len(data)):
        with pytest.raises(MessageError, match=r"shorter|cut off|bytes of numbers follow"):
            decode(data[:length])


TWO = np.array([1.5, -2.0]).tobytes()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (packed(HEAD, TWO, magic=b"GridPac2"), "do not begin with GridPac1"),
        (packed(HEAD, TWO + b"\0"), "counts 2 numbers; 17 bytes"),
        (packed(HEAD, TWO + TWO), "counts 2 numbers; 32 bytes"),
        (packed(HEAD, np.array([1.0, np.nan]).tobytes()), "'exchange' of 'mg1' holds a number that is not finite"),
        (packed(HEAD, np.array([np.inf, 1.0]).tobytes()), "not finite"),
        (packed([*HEAD[:4], [["exchange", "p.u.", 2**60]]], TWO), "count of numbers from 0"),
        (packed([*HEAD[:4], [["exchange", "p.u.", MOST_BYTES]]], TWO), "counts 1048576 numbers; 16 bytes"),
        (packed([*HEAD[:4], [["exchange", "p.u.", -2]]], TWO), "count of numbers from 0"),
        (packed([*HEAD[:4], [["exchange", "p.u.", True]]], TWO[:8]), "count of numbers from 0"),
        (packed([*HEAD[:4], [["exchange", "p.u.", 2.0]]], TWO), "count of numbers from 0"),
        (packed([*HEAD[:4], [["exchange", 2]]], TWO), "must be a name, a unit and a count"),
        (packed([*HEAD[:4], [["x", "", 2]]], TWO), "1 to 128 printable characters, not ''"),
        (packed([*HEAD[:4], [["x", "MW", 1], ["x", "MW", 1]]], TWO), "names a quantity twice"),
        (packed([*HEAD[:4], [[f"{i}", "MW", 0] for i in range(MOST_QUANTITIES + 1)]]), "at most 64 quantities"),
        (packed([*HEAD[:4], "exchange"], TWO), "a list of quantities"),
        (packed([*HEAD, 1], TWO), "must be run, sender"),
        (packed({"run": "day"}, TWO), "must be run, sender"),
        (packed([7, *HEAD[1:]], TWO), "must be texts"),
        (packed(["", *HEAD[1:]], TWO), "printable characters"),
        (packed(["a\nb", *HEAD[1:]], TWO), "printable characters"),
        (packed(["a" * 129, *HEAD[1:]], TWO), "printable characters"),
        (packed("[" * 8000), "not JSON"),
        (packed('["day","mg1"'), "not JSON"),
        (packed("9" * 5000), "not JSON"),
        (packed(b"\xff\xfe"), "not JSON in UTF-8"),
        (packed('["\\ud800","mg1","network","answer",[]]'), "printable characters"),
        (packed(json.dumps(HEAD), TWO), "not in its one form"),
        (packed('["d\\u0061y","mg1","network","answer",[]]'), "not in its one form"),
        (packed('["day","mg1","network","answer",[]]' + 8 * " "), "not in its one form"),
        (packed([*HEAD[:4], [["e", "u", MOST_BYTES // 8]]], bytes(MOST_BYTES)), "at most 1048576 bytes"),
        (packed(" " * (MOST_HEADER + 8)), "of which its header 8192"),
        (struct.pack("<8sII", b"GridPac1", 0, 2**13) + b"[]", "announces a header of 8192"),
        (struct.pack("<8sII", b"GridPac1", 0, 2**32 - 1) + b"[]", "at most"),
        (b"", "0 bytes is shorter"),
    ],
)
def test_malformed_bytes_are_refused(data: bytes, told: str) -> None:
    with pytest.raises(MessageError, match=told):
        decode(data)


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (message(exchange(1.0, np.nan)), "'exchange' of 'mg1' holds a number that is not finite"),
        (message(exchange(-np.inf)), "not finite"),
        (message(exchange(1.0), exchange(2.0)), "names a quantity twice"),
        (message(Quantity("x", "MW", np.zeros((2, 2)))), "'x' must be a row of float64"),
        (message(Quantity("x", "MW", np.zeros(2, dtype=np.float32))), "must be a row of float64"),
        (message(Quantity("x", "MW", [1.0])), "must be a row of float64"),  # type: ignore[arg-type]
        (message(Quantity("x", "MW", np.zeros(MOST_BYTES // 8))), "at most 1048576 bytes"),
        (message(round=-1), "whole number from 0"),
        (message(round=2**32), "whole number from 0"),
        (message(round=True), "whole number from 0"),
        (message(sender=""), "printable characters"),
        (message(kind="a\x1fb"), "printable characters"),
        (message(run=5), "printable characters, not 5"),
        (message(*[Quantity(128 * chr(200 + i), 128 * "ü", np.zeros(0)) for i in range(40)]), "its header 8192"),
    ],
)
def test_what_would_be_refused_is_not_sent(sent: Message, told: str) -> None:
    with pytest.raises(MessageError, match=told):
        sent.encode()


def test_numbers_are_found_by_name() -> None:
    got = decode(message(exchange(1.0, 2.0), Quantity("price", "1/MWh", np.array([7.0]))).encode())
    assert got["exchange"].tolist() == [1.0, 2.0]
    assert got.number("price") == 7.0
    with pytest.raises(MessageError, match="'answer' of 'mg1' has no quantity 'cost'"):
        got["cost"]
    with pytest.raises(MessageError, match="'exchange' of 'mg1' must be one number, not 2"):
        got.number("exchange")


def test_what_was_read_cannot_be_changed() -> None:
    got = decode(message(exchange(1.0, 2.0)).encode())
    with pytest.raises(ValueError, match="read-only"):
        got["exchange"][0] = 5.0


def test_a_reply_goes_back_in_the_same_round() -> None:
    back = message().reply("thanks", exchange(1.0))
    assert (back.run, back.round, back.sender, back.recipient, back.kind) == ("day", 3, "network", "mg1", "thanks")


def test_rows_of_another_layout_travel_as_they_read() -> None:
    table = np.arange(12.0).reshape(3, 4)
    sent = message(Quantity("column", "1", table[:, 1]), Quantity("back", "1", table[0, ::-1]))
    got = decode(sent.encode())
    assert got["column"].tolist() == [1.0, 5.0, 9.0]
    assert got["back"].tolist() == [3.0, 2.0, 1.0, 0.0]
