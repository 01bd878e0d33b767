"""Payloads of journals are read as they were written; a large batch takes several records."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridpact.coordination.message import MOST_BYTES, MessageError
from gridpact.coordination.records import Asked, asked_in_records, read_asked


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
