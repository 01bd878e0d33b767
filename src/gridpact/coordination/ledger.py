"""What has crossed between parties: every message, in order, as the bytes that travelled.

Only appended to. Entries and digests are made when asked for, so that keeping the ledger costs next to nothing. Whoever
keeps a ledger of all parties sees their masks as well (``secure_sum``): it belongs to one process that plays all
parties, and what is shown of it are the sums by quantity.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gridpact.coordination.message import Floats, Message

# The quantity of a message without any: nothing crosses unrecorded.
NOTHING = ""


@dataclass(frozen=True, eq=False, slots=True)
class Entry:
    """One quantity of one message: ``bytes`` of its ``count`` numbers, SHA-256 ``digest`` of the whole message."""

    run: str
    round: int
    sender: str
    recipient: str
    kind: str
    quantity: str
    unit: str
    count: int
    bytes: int
    digest: str
    values: Floats


class Ledger:
    """Append-only record of messages."""

    def __init__(self) -> None:
        self._records: list[tuple[Message, bytes]] = []

    def __len__(self) -> int:
        """Messages recorded."""
        return len(self._records)

    def record(self, message: Message, data: bytes) -> None:
        """Keep a message with the bytes it travelled as."""
        self._records.append((message, data))

    @property
    def entries(self) -> list[Entry]:
        """One entry per quantity, in the order in which they crossed; one of no quantity for an empty message."""
        return [entry for message, data in self._records for entry in _entries(message, data)]

    def rows(self) -> list[dict[str, str | int]]:
        """Who sent what to whom, in sum: one row per sender, recipient, kind, quantity and unit, in order of names.

        ``messages`` and ``numbers`` are counts, ``bytes`` those of the numbers.
        """
        sums: dict[tuple[str, str, str, str, str], tuple[int, int]] = {}
        for message, _ in self._records:
            for quantity, unit, values in _quantities(message):
                key = (message.sender, message.recipient, message.kind, quantity, unit)
                messages, numbers = sums.get(key, (0, 0))
                sums[key] = (messages + 1, numbers + len(values))
        return [_row(key, *sums[key]) for key in sorted(sums)]

    def contains(self, values: float | Sequence[float] | Floats) -> bool:
        """Whether the exact bits of a number, or of several in a row, are anywhere in a message, aligned or not.

        Raises ``ValueError`` for no numbers at all.
        """
        wanted = np.atleast_1d(np.asarray(values, "<f8")).tobytes()
        if not wanted:
            raise ValueError("No numbers to look for.")
        return any(wanted in data for _, data in self._records)


def _quantities(message: Message) -> list[tuple[str, str, Floats]]:
    return [(q.name, q.unit, q.values) for q in message.quantities] or [(NOTHING, NOTHING, np.zeros(0))]


def _entries(message: Message, data: bytes) -> list[Entry]:
    digest = hashlib.sha256(data).hexdigest()
    head = (message.run, message.round, message.sender, message.recipient, message.kind)
    return [
        Entry(*head, quantity, unit, len(values), values.nbytes, digest, values)
        for quantity, unit, values in _quantities(message)
    ]


def _row(key: tuple[str, str, str, str, str], messages: int, numbers: int) -> dict[str, str | int]:
    sender, recipient, kind, quantity, unit = key
    return {
        "sender": sender,
        "recipient": recipient,
        "kind": kind,
        "quantity": quantity,
        "unit": unit,
        "messages": messages,
        "numbers": numbers,
        "bytes": 8 * numbers,
    }
