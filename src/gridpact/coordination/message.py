"""What crosses between parties: named rows of numbers with units, and the bytes they travel as.

    bytes    b"GridPac1" | round | header length (4 bytes each) | header | numbers (float64); all little-endian
    header   JSON [run, sender, recipient, kind, [[quantity, unit, count], ...]], filled up with spaces to 8 bytes

Every message has one encoding: bytes that it would not encode to are refused, so that equal messages have equal
digests. Numbers travel as they are, to the last bit. A reader allocates nothing that the length of the bytes does not
cover. Headers are the same round after round, therefore read and written once.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MAGIC = b"GridPac1"
PREFIX = struct.Struct("<8sII")
NUMBER = 8
MOST_BYTES = 2**20
MOST_HEADER = 2**13
MOST_QUANTITIES = 64
MOST_TEXT = 128
MOST_ROUNDS = 2**32
# Headers remembered; one of the longest kind takes MOST_HEADER bytes.
REMEMBERED = 2048


class MessageError(ValueError):
    """A message is malformed, or not what the protocol allows here; the text names what is wrong."""


@dataclass(frozen=True, eq=False, slots=True)
class Quantity:
    """A row of numbers, (count,), with its name and unit."""

    name: str
    unit: str
    values: Floats


@dataclass(frozen=True, eq=False, slots=True)
class Message:
    """What ``sender`` tells ``recipient`` in a round of a run. ``kind`` says how to read the quantities."""

    run: str
    round: int
    sender: str
    recipient: str
    kind: str
    quantities: tuple[Quantity, ...] = ()

    def __getitem__(self, name: str) -> Floats:
        """Numbers of a quantity; raises ``MessageError`` where there is none of that name."""
        for quantity in self.quantities:
            if quantity.name == name:
                return quantity.values
        raise MessageError(f"The message {self.kind!r} of {self.sender!r} has no quantity {name!r}.")

    def number(self, name: str) -> float:
        """The only number of a quantity; raises ``MessageError`` where there are more or none."""
        values = self[name]
        if len(values) != 1:
            raise MessageError(f"{name!r} of {self.sender!r} must be one number, not {len(values)}.")
        return float(values[0])

    def reply(self, kind: str, *quantities: Quantity) -> Message:
        """An answer to the sender, in the same round."""
        return Message(self.run, self.round, self.recipient, self.sender, kind, quantities)

    def encode(self) -> bytes:
        """The bytes of the message; raises ``MessageError`` for what ``decode`` would refuse."""
        _check_round(self.round)
        shapes = tuple([(q.name, q.unit, _count(q)) for q in self.quantities])
        header = _written(_Head(self.run, self.sender, self.recipient, self.kind, shapes))
        payload = b"".join([q.values.astype("<f8", copy=False).tobytes() for q in self.quantities])
        _check_numbers(self, np.frombuffer(payload, "<f8"))
        _check_sizes(PREFIX.size + len(header) + len(payload), len(header))
        return PREFIX.pack(MAGIC, self.round, len(header)) + header + payload


class _Head(NamedTuple):
    """A message without its round and its numbers."""

    run: str
    sender: str
    recipient: str
    kind: str
    shapes: tuple[tuple[str, str, int], ...]


def decode(data: bytes) -> Message:
    """The message of its bytes, its numbers as read-only views on them; raises ``MessageError``."""
    turn, length = _prefix(data)
    start = PREFIX.size + length
    head = _read(data[PREFIX.size : start])
    counts = [count for _, _, count in head.shapes]
    if NUMBER * sum(counts) != len(data) - start:
        raise MessageError(f"The header counts {sum(counts)} numbers; {len(data) - start} bytes of numbers follow.")
    numbers = np.frombuffer(data, "<f8", offset=start)
    rows = [numbers[end - count : end] for count, end in zip(counts, accumulate(counts), strict=True)]
    quantities = [Quantity(name, unit, row) for (name, unit, _), row in zip(head.shapes, rows, strict=True)]
    message = Message(head.run, turn, head.sender, head.recipient, head.kind, tuple(quantities))
    _check_numbers(message, numbers)
    return message


def _prefix(data: bytes) -> tuple[int, int]:
    """Round and length of the header."""
    if len(data) < PREFIX.size:
        raise MessageError(f"A message of {len(data)} bytes is shorter than the {PREFIX.size} bytes of its prefix.")
    magic, turn, length = PREFIX.unpack_from(data)
    if magic != MAGIC:
        raise MessageError(f"The bytes are no message: they do not begin with {MAGIC.decode()}.")
    _check_sizes(len(data), length)
    if PREFIX.size + length > len(data):
        raise MessageError(f"The message is cut off: it announces a header of {length} bytes.")
    return turn, length


@lru_cache(REMEMBERED)
def _written(head: _Head) -> bytes:
    """The one header of a head that is in order."""
    _check_texts(head)
    header = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
    return header + b" " * (-len(header) % NUMBER)


@lru_cache(REMEMBERED)
def _read(header: bytes) -> _Head:
    run, sender, recipient, kind, shapes = _fields(header)
    head = _Head(run, sender, recipient, kind, tuple([tuple(shape) for shape in shapes]))
    if _written(head) != header:
        raise MessageError("The header of the message is not in its one form.")
    return head


def _fields(header: bytes) -> list[Any]:
    try:
        fields = json.loads(header.decode())
    except (ValueError, RecursionError):
        raise MessageError("The header of the message is not JSON in UTF-8.") from None
    if not isinstance(fields, list) or len(fields) != 5 or not isinstance(fields[4], list):
        raise MessageError("The header must be run, sender, recipient, kind and a list of quantities.")
    if not all(isinstance(text, str) for text in fields[:4]):
        raise MessageError("Run, sender, recipient and kind must be texts.")
    if not all(_is_shape(shape) for shape in fields[4]):
        raise MessageError(f"Each quantity must be a name, a unit and a count of numbers from 0 to {MOST_BYTES}.")
    return fields


def _is_shape(shape: Any) -> bool:
    if not isinstance(shape, list) or [type(item) for item in shape] != [str, str, int]:
        return False
    return bool(0 <= shape[2] <= MOST_BYTES)


def _check_texts(head: _Head) -> None:
    names = [name for name, _, _ in head.shapes]
    units = [unit for _, unit, _ in head.shapes]
    for text in (head.run, head.sender, head.recipient, head.kind, *names, *units):
        if not isinstance(text, str) or not text.isprintable() or not 0 < len(text) <= MOST_TEXT:
            raise MessageError(f"Names and units must be 1 to {MOST_TEXT} printable characters, not {text!r:.60}.")
    if len(names) > MOST_QUANTITIES:
        raise MessageError(f"A message carries at most {MOST_QUANTITIES} quantities, not {len(names)}.")
    if len(set(names)) < len(names):
        raise MessageError(f"The message {head.kind!r} of {head.sender!r} names a quantity twice.")


def _check_round(turn: int) -> None:
    if type(turn) is not int or not 0 <= turn < MOST_ROUNDS:
        raise MessageError(f"A round must be a whole number from 0 to 2^32 - 1, not {turn!r:.60}.")


def _count(quantity: Quantity) -> int:
    values = quantity.values
    if not isinstance(values, np.ndarray) or values.dtype != np.float64 or values.ndim != 1:
        raise MessageError(f"{quantity.name!r} must be a row of float64 numbers.")
    return len(values)


def _check_sizes(size: int, header: int) -> None:
    if size > MOST_BYTES or header > MOST_HEADER:
        limits = f"{MOST_BYTES} bytes, of which its header {MOST_HEADER}"
        raise MessageError(f"A message has at most {limits}; this one has {size} and {header}.")


def _check_numbers(message: Message, numbers: Floats) -> None:
    if not np.isfinite(numbers).all():
        bad = [quantity.name for quantity in message.quantities if not np.isfinite(quantity.values).all()]
        raise MessageError(f"{bad[0]!r} of {message.sender!r} holds a number that is not finite.")
