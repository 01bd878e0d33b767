"""Payloads of journals are read as they were written; a large batch takes several records."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridpact.coordination.apart.records import (
    ANSWERED,
    STATE,
    TOGETHER,
    Asked,
    Held,
    apart,
    asked_in_records,
    parts_of,
    read_asked,
    together,
)
from gridpact.coordination.kept.journal import JournalError, MemoryLog, Record
from gridpact.coordination.message import MOST_BYTES, MessageError


@given(st.integers(0, 2**32 - 1), st.lists(st.binary(max_size=50), min_size=1, max_size=9))
def test_a_batch_is_read_as_it_was_written(number: int, messages: list[bytes]) -> None:
    found = [read_asked(one.encode()) for one in asked_in_records(number, messages)]
    assert found == [Asked(number, 0, tuple(messages))]


def test_a_large_batch_takes_several_records() -> None:
    """Of 0.4 MiB two fit in one record; one of 1 MiB fits alone."""
    messages = [bytes([k]) * size for k, size in enumerate([2**20 * 2 // 5] * 5 + [MOST_BYTES, 10])]
    found = asked_in_records(7, messages)
    assert [len(one.messages) for one in found] == [2, 2, 1, 1, 1]
    assert [one.left for one in found] == [5, 3, 2, 1, 0]
    assert [message for one in found for message in one.messages] == messages
    assert all(len(one.encode()) <= MOST_BYTES + 100 for one in found)
    assert [read_asked(one.encode()) for one in found] == found


def test_what_is_cut_off_is_refused() -> None:
    data = Asked(1, 0, (b"one", b"two")).encode()
    for end in set(range(len(data))) - {8, 15}:  # there a message ends
        with pytest.raises(MessageError, match="cut off"):
            read_asked(data[:end])


def written(log: MemoryLog) -> list[tuple[str, bytes]]:
    return [(record.kind, record.payload) for record in log.records]


def test_what_is_held_is_written_together_with_what_follows() -> None:
    log = MemoryLog()
    held, parts = Held(log), [(ANSWERED, b"one"), (ANSWERED, b""), (STATE, b"SIGNED")]
    held.flush()
    for part in parts[:2]:
        held.hold(*part)
    assert not log.records
    held.append(*parts[2])
    held.append(*parts[2])
    assert written(log) == [(TOGETHER, together(parts)), parts[2]]
    assert [(record.kind, record.payload, record.number) for record in apart(log.records)] == [
        *((*part, 0) for part in parts),
        (*parts[2], 1),
    ]


def test_what_would_be_too_much_is_written_before() -> None:
    log, half = MemoryLog(), bytes(MOST_BYTES // 2)
    held = Held(log)
    for _ in range(3):
        held.hold(ANSWERED, half)
    held.append(ANSWERED, bytes(MOST_BYTES))
    assert [len(record.payload) // len(half) for record in log.records] == [2, 1, 2]


def test_what_could_not_be_written_is_held_still() -> None:
    class Full(MemoryLog):
        full = True

        def append(self, kind: str, payload: bytes, durable: bool = False) -> None:
            if self.full:
                raise JournalError("full")
            super().append(kind, payload, durable)

    log = Full()
    held = Held(log)
    held.hold(ANSWERED, b"one")
    with pytest.raises(JournalError):
        held.append(STATE, b"SIGNED")
    log.full = False
    held.flush()
    assert written(log) == [(ANSWERED, b"one")]


def test_what_was_written_together_and_is_none_is_refused() -> None:
    data = together([(ANSWERED, b"one"), (STATE, b"two")])
    inner = together([(TOGETHER, data)])
    for wrong in (data[:-1], data[:16], data + b"\0", data.replace(b"state", b"st\xffte"), inner):
        with pytest.raises(MessageError, match="What was written together"):
            parts_of(Record(0, TOGETHER, wrong, b"", b""))
