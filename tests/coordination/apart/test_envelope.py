"""Envelopes have one form: what was written is read again, and nothing else is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridpact.coordination.apart.envelope import (
    A_CALL,
    ANSWER,
    CALLS,
    MOST_ENVELOPE,
    REPLIES,
    REQUEST,
    Call,
    Header,
    Reply,
    leaf,
    read_call,
    read_reply,
    read_witness,
    sha256,
)
from gridpact.coordination.identity.keys import signed_by, signer_of
from gridpact.coordination.message import MessageError

SIGNER = signer_of(bytes(32))
names = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=128)


def called(run: str = "day", sender: str = "mg1", turn: int = 3, kind: str = ANSWER, body: bytes = b"body") -> Call:
    header = Header(run, sender, turn, kind, 2, b"h" * 32, len(body), sha256(body))
    return Call(header, body, SIGNER.sign(A_CALL, header.encode()))


@given(names, names, st.integers(0, 2**32 - 1), st.sampled_from(CALLS), st.binary(max_size=300))
def test_a_call_is_read_as_it_was_written(run: str, sender: str, turn: int, kind: str, body: bytes) -> None:
    call = called(run, sender, turn, kind, body)
    assert read_call(call.encode()) == call
    header, signature = read_witness(call.witness)
    assert header == call.header
    assert signed_by(SIGNER.public, A_CALL, header.encode(), signature)
    assert body not in call.witness or len(body) < 40  # a witness says nothing of the body


@given(names, names, st.integers(0, 2**32 - 1), st.sampled_from(REPLIES), *[st.binary(max_size=99)] * 4)
def test_a_reply_is_read_as_it_was_written(
    run: str, recipient: str, turn: int, kind: str, body: bytes, chain: bytes, witness: bytes, appendix: bytes
) -> None:
    reply = Reply(run, recipient, turn, kind, body, chain, witness, appendix, b"s" * 64)
    assert read_reply(reply.encode()) == reply


@pytest.mark.parametrize("read", [read_call, read_witness, read_reply])
def test_what_is_cut_off_or_has_something_left_is_refused(read: object) -> None:
    assert callable(read)
    whole = {read_call: called().encode(), read_witness: called().witness}.get(read) or Reply(
        "day", "mg1", 1, REQUEST, b"body", b"chain", b"witness", b"appendix"
    ).encode()
    read(whole)
    for end in range(len(whole)):
        with pytest.raises(MessageError):
            read(whole[:end])
    for more in (b"\0", b"x" * 64, whole):
        with pytest.raises(MessageError):
            read(whole + more)


@pytest.mark.parametrize("read", [read_call, read_witness, read_reply])
@given(data=st.binary(max_size=400))
def test_no_bytes_do_anything_but_be_refused(read: object, data: bytes) -> None:
    assert callable(read)
    for start in (b"", b"GridCall", b"GridSaid"):
        with pytest.raises(MessageError):
            read(start + data)


def test_a_huge_size_is_not_believed() -> None:
    """The length of the body stands at 16; of the chain of a reply at 12."""
    data = called().encode()
    with pytest.raises(MessageError, match=r"must be 4294967\d+, not"):
        read_call(data[:16] + b"\xff\xff\xff\xff" + data[20:])
    data = Reply("day", "mg1", 1, REQUEST).encode()
    with pytest.raises(MessageError, match=r"announces 4294967\d+ bytes"):
        read_reply(data[:12] + b"\xff\xff\xff\xff" + data[16:])


def test_no_more_than_the_largest_is_read() -> None:
    header = called().header
    room = MOST_ENVELOPE - len(header.encode()) - 64
    assert read_call(called(body=bytes(room)).encode()).header.size == room
    for read in (read_call, read_reply, read_witness):
        with pytest.raises(MessageError, match=f"to {MOST_ENVELOPE} bytes, not {MOST_ENVELOPE + 1}"):
            read(called(body=bytes(room + 1)).encode())


@pytest.mark.parametrize("name", ["a\nb", "\x00", "é" * 129, "\u202e"])
def test_names_are_short_and_printable(name: str) -> None:
    with pytest.raises(MessageError, match="Names must be"):
        read_call(called(sender=name).encode())
    with pytest.raises(MessageError, match="Names must be"):
        read_reply(Reply("day", name, 1, REQUEST).encode())


def test_a_body_is_the_one_that_was_signed() -> None:
    call = called()
    with pytest.raises(MessageError, match="not the one that its header is about"):
        read_call(replace(call, body=b"Body").encode())


def test_every_bit_of_a_call_is_signed() -> None:
    data = called().encode()
    for place in range(8 * len(data)):
        changed = bytearray(data)
        changed[place // 8] ^= 1 << place % 8
        try:
            call = read_call(bytes(changed))
        except MessageError:
            continue
        assert not signed_by(SIGNER.public, A_CALL, call.header.encode(), call.signature)


def test_what_stands_for_a_body_depends_on_its_kind() -> None:
    """An outcome cannot pass for a fallback."""
    assert leaf("outcome", b"x") != leaf("fallback", b"x")
