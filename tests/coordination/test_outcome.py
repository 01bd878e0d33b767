"""A signed outcome is read as it was written, and verified with public keys alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gridpact.coordination.message import MessageError
from gridpact.coordination.outcome import (
    AN_OUTCOME,
    Outcome,
    SignedOutcome,
    read_outcome,
    signature_body,
    signature_of,
)
from tests.coordination.made_market import made

MARKET = made(3)
OUTCOME = Outcome(b"document", b"h" * 32)


def signed(outcome: Outcome) -> SignedOutcome:
    statement = outcome.statement(MARKET.members.digest)
    return SignedOutcome(outcome, {name: signer.sign(AN_OUTCOME, statement) for name, signer in MARKET.signers.items()})


@pytest.mark.parametrize("outcome", [OUTCOME, replace(OUTCOME, fallback=True), replace(OUTCOME, document=b"")])
def test_it_is_read_as_it_was_written(outcome: Outcome) -> None:
    found = signed(outcome)
    found.verify(MARKET.members)
    assert read_outcome(found.encode(MARKET.members), MARKET.members) == found


def test_every_byte_is_signed() -> None:
    data = signed(OUTCOME).encode(MARKET.members)
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1 << place % 8
        with pytest.raises(MessageError):
            read_outcome(bytes(changed), MARKET.members)
    for wrong in (data[:-1], data + b"\0", b"", data[:20]):
        with pytest.raises(MessageError):
            read_outcome(wrong, MARKET.members)


def test_all_must_have_signed_the_same() -> None:
    """The same document at another head of the chain, as the fallback, or in another market is not the same."""
    other = signed(replace(OUTCOME, head=b"g" * 32)).signatures
    fallback = signed(replace(OUTCOME, fallback=True)).signatures
    for name in MARKET.signers:
        for signatures in (other, fallback):
            mixed = SignedOutcome(OUTCOME, {**signed(OUTCOME).signatures, name: signatures[name]})
            with pytest.raises(MessageError, match=f"not signed by '{name}'"):
                mixed.verify(MARKET.members)
    with pytest.raises(MessageError, match="not signed by 'coordinator', 'operator', 'mg1', 'mg2'"):
        signed(OUTCOME).verify(made(3, run="night").members)


def test_a_missing_signature_is_named() -> None:
    signatures = {name: value for name, value in signed(OUTCOME).signatures.items() if name != "mg1"}
    with pytest.raises(MessageError, match=r"not signed by 'mg1'\."):
        SignedOutcome(OUTCOME, signatures).verify(MARKET.members)


def test_a_party_signs_what_it_was_sent() -> None:
    signer, statement = MARKET.signers["mg1"], OUTCOME.statement(MARKET.members.digest)
    body = signature_body(statement, signer.sign(AN_OUTCOME, statement))
    assert signature_of(body, statement, signer.public) == body[32:]
    with pytest.raises(MessageError, match="not the outcome that was sent"):
        signature_of(body, statement + b"\0", signer.public)
    with pytest.raises(MessageError, match="not the outcome that was sent"):
        signature_of(body[:-1], statement, signer.public)
    with pytest.raises(MessageError, match="not that of the party"):
        signature_of(body, statement, MARKET.signers["mg2"].public)
    with pytest.raises(MessageError, match="not that of the party"):
        signature_of(signature_body(statement, signer.sign("a call", statement)), statement, signer.public)
