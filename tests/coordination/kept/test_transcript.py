"""Transcripts: an honest one passes every check, each forged one fails the check that is about it.

The forger of a coordinator's journal is the coordinator, that of a party's journal the party: whoever has the key can
chain and sign any records. What they cannot sign is what others have said.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gridpact.coordination.apart import records as of
from gridpact.coordination.apart import tally
from gridpact.coordination.apart.audit import AuditError
from gridpact.coordination.apart.envelope import (
    A_CALL,
    A_REPLY,
    DONE,
    REQUEST,
    SEEN,
    Call,
    Reply,
    read_call,
    read_reply,
    sha256,
)
from gridpact.coordination.apart.outcome import AN_OUTCOME, SignedOutcome, read_outcome, signature_body
from gridpact.coordination.identity.keys import Signer, signer_of
from gridpact.coordination.identity.members import Member
from gridpact.coordination.kept import diary, minutes
from gridpact.coordination.kept.findings import Finding
from gridpact.coordination.kept.journal import Journal, Record, read_journal
from gridpact.coordination.kept.transcript import (
    RECORDS,
    REPEATED,
    ROSTER,
    SIGNED,
    genesis_of,
    replay,
    verify_records,
    verify_repeated,
    verify_transcript,
)
from gridpact.coordination.message import Quantity, decode
from gridpact.coordination.transport import Transport
from gridpact.errors import NotConverged
from tests.coordination import held_market
from tests.coordination.held_market import NAMES, ROUNDS, algorithm, held, hold, journal, market

Records = list[Record]
Forgery = Callable[[Records], Records]
MARKET = market()
MEMBERS = MARKET.members
KEYS = MARKET.signers


def member(name: str) -> Member:
    found = MEMBERS.member(name)
    assert found is not None
    return found


def honest(name: str) -> Records:
    return list(held_market.records(name))


def as_written(name: str) -> Records:
    return list(held_market.written(name))


def failed(found: list[Finding]) -> dict[str, str]:
    return {finding.name: finding.where for finding in found if not finding.passed}


def judged(name: str, records: Records, signed: bytes | None = None) -> dict[str, str]:
    """The checks that fail, and where."""
    return failed(verify_records(records, MEMBERS, member(name), signed))


# Tools of forgers.


def spot(records: Records, kind: str, nth: int = 0, sender: str = "") -> int:
    """Where the nth record of a kind stands, among those with a call of the sender."""
    found = [
        place
        for place, record in enumerate(records)
        if record.kind == kind and (not sender or read_call(record.payload).header.sender == sender)
    ]
    return found[nth]


def changed(records: Records, place: int, payload: bytes, kind: str = "") -> Records:
    record = replace(records[place], payload=payload, kind=kind or records[place].kind)
    return [*records[:place], record, *records[place + 1 :]]


def dropped(records: Records, place: int) -> Records:
    return [*records[:place], *records[place + 1 :]]


def said(call: Call, signer: Signer, body: bytes | None = None, **header: object) -> bytes:
    """A call with something changed in it, signed anew."""
    body = call.body if body is None else body
    head = replace(call.header, size=len(body), digest=sha256(body), **header)
    return Call(head, body, signer.sign(A_CALL, head.encode())).encode()


def answer_with(data: bytes, turn: int | None = None, add: float = 0.0) -> bytes:
    """A message with its round or its numbers changed."""
    message = decode(data)
    quantities = tuple(Quantity(q.name, q.unit, q.values + add) for q in message.quantities)
    return replace(message, round=message.round if turn is None else turn, quantities=quantities).encode()


def requests_with(payload: bytes, change: Callable[[list[bytes]], list[bytes]], batch: int | None = None) -> bytes:
    asked = of.read_asked(payload)
    number = asked.batch if batch is None else batch
    return of.Asked(number, asked.left, tuple(change(list(asked.messages)))).encode()


def recall(who: str, signed_as: str = "", record: str = "answer", nth: int = 1, **changes: object) -> Forgery:
    """The nth call of a party said in another way."""

    def forge(records: Records) -> Records:
        place = spot(records, record, nth, who)
        call = read_call(records[place].payload)
        return changed(records, place, said(call, KEYS[signed_as or who], **changes))

    return forge


# Forgeries of a coordinator.


def wrong_round(records: Records) -> Records:
    call = read_call(records[spot(records, "answer", 1, "mg1")].payload)
    return recall("mg1", body=answer_with(call.body, turn=7))(records)


def old_head(records: Records) -> Records:
    """A party that answers before it has seen the newest link."""
    before = read_call(records[spot(records, "answer", 0, "mg1")].payload).header
    return recall("mg1", seen=before.seen, head=before.head)(records)


def another_request(records: Records) -> Records:
    """What was asked was something else, which would explain another outcome."""
    place = spot(records, "request", 1)
    return changed(
        records,
        place,
        requests_with(records[place].payload, lambda all_: [answer_with(all_[0], add=1e-9), *all_[1:]]),
    )


def another_answer(records: Records) -> Records:
    """The coordinator changes what mg1 said: it can chain and sign its journal, not the call."""
    place = spot(records, "answer", 1, "mg1")
    call = read_call(records[place].payload)
    body = answer_with(call.body, add=0.5)
    header = replace(call.header, size=len(body), digest=sha256(body))
    return changed(records, place, Call(header, body, call.signature).encode())


def answer_after_the_outcome(records: Records) -> Records:
    """mg1 helps by signing another answer than it gave, too late: the others have signed the chain with the first."""
    call = read_call(records[spot(records, "answer", 1, "mg1")].payload)
    return recall("mg1", body=answer_with(call.body, add=0.5))(records)


def to_a_stranger(records: Records) -> Records:
    place = spot(records, "request", 1)
    message = decode(of.read_asked(records[place].payload).messages[1])
    other = replace(message, recipient="mg9").encode()
    return changed(records, place, requests_with(records[place].payload, lambda all_: [all_[0], other, all_[2]]))


def asked_twice(records: Records) -> Records:
    place = spot(records, "request", 1)
    return changed(records, place, requests_with(records[place].payload, lambda all_: [all_[0], all_[0], all_[2]]))


def document(records: Records, text: bytes) -> Records:
    return changed(records, spot(records, "outcome"), text)


def signed_another(records: Records) -> Records:
    """mg2 has signed another document, and the coordinator files it as this one's signature."""
    statement = b"another statement"
    body = signature_body(statement, KEYS["mg2"].sign(AN_OUTCOME, statement))
    return recall("mg2", record="signature", nth=0, body=body)(records)


def signature_of_another_key(records: Records) -> Records:
    """The body of mg2's last call holds a signature that is not its own."""
    place = spot(records, "signature", 0, "mg2")
    body = read_call(records[place].payload).body
    return recall("mg2", record="signature", nth=0, body=body[:-64] + bytes(64))(records)


def torn_batch(records: Records) -> Records:
    """Half of another batch before the outcome."""
    place = spot(records, "outcome")
    asked = of.read_asked(records[spot(records, "request", 2)].payload)
    half = of.Asked(ROUNDS, 1, asked.messages[:1]).encode()
    return [*records[:place], replace(records[place], kind="request", payload=half), *records[place:]]


BY_A_COORDINATOR: dict[str, tuple[Forgery, str, str]] = {
    "signed by another": (recall("mg1", signed_as="mg2"), "calls", "not signed by 'mg1'"),
    "an answer changed": (another_answer, "calls", "not signed by 'mg1'"),
    "by a stranger": (recall("mg1", sender="mg9"), "calls", "'mg9' is no party"),
    "of another run": (recall("mg1", run="night"), "calls", "no party of the market 'day'"),
    "under another kind": (
        lambda r: changed(r, spot(r, "answer", 1, "mg1"), r[spot(r, "answer", 1, "mg1")].payload, "joined"),
        "calls",
        "a call 'answer' stands under 'joined'",
    ),
    "a call cut off": (
        lambda r: changed(r, spot(r, "answer", 1, "mg1"), r[spot(r, "answer", 1, "mg1")].payload[:-1]),
        "calls",
        "must be",
    ),
    "joins with another roster": (recall("mg1", record="joined", nth=0, body=bytes(64)), "calls", "another roster"),
    "a strike of a stranger": (
        lambda r: [*r[:9], replace(r[9], kind="refused", payload=b'{"who":"mg9","why":""}'), *r[9:]],
        "calls",
        "somebody who is no party",
    ),
    "a call twice": (
        lambda r: [
            *r[: spot(r, "answer", 2, "mg1")],
            r[spot(r, "answer", 1, "mg1")],
            *r[spot(r, "answer", 2, "mg1") :],
        ],
        "turns",
        "turn 2 of 'mg1' where turn 3 was next",
    ),
    "a turn left out": (recall("mg1", turn=9), "turns", "turn 9 of 'mg1' where turn 2 was next"),
    "a batch left out": (lambda r: dropped(r, spot(r, "request", 1)), "requests", "batch 2 where batch 1 was next"),
    "an answer left out": (
        lambda r: dropped(r, spot(r, "answer", 1, "mg1")),
        "requests",
        "before the answer of 'mg1'",
    ),
    "asks a stranger": (to_a_stranger, "requests", "a request of 'coordinator' to 'mg9'"),
    "asks a party twice": (asked_twice, "requests", "asked twice"),
    "half a batch": (torn_batch, "requests", "in the middle of a batch"),
    "answers another round": (wrong_round, "answers", "An answer must be of run, round"),
    "answers nothing": (
        lambda r: [*r[: spot(r, "request", 1)], r[spot(r, "answer", 1, "mg1")], *r[spot(r, "request", 1) :]],
        "answers",
        "'mg1' was not asked for",
    ),
    "another request": (another_request, "heads", "'operator' has signed another chain after 2 links"),
    "an answer changed with help": (answer_after_the_outcome, "heads", "has signed another chain after 3 links"),
    "answered unseen": (old_head, "heads", "'mg1' has answered without the newest link"),
    "another document": (lambda r: document(r, b"\0all to me"), "heads", "has signed another chain after 4 links"),
    "a state left out": (lambda r: dropped(r, spot(r, "state", 2)), "states", "ITERATING was written down before"),
    "a state too early": (
        lambda r: [*r[:4], *r[5:6], r[4], *r[6:]],
        "states",
        "COMMITTED was written down before it was reached",
    ),
    "the last state left out": (lambda r: r[:-1], "states", "'no state' was written down where SIGNED was reached"),
    "a record of nobody": (lambda r: changed(r, 8, b"", "diary"), "states", "no coordinator writes 'diary'"),
    "no document": (lambda r: r[: spot(r, "outcome")], "outcome", "there is none"),
    "two documents": (
        lambda r: [*r[: spot(r, "outcome")], *[r[spot(r, "outcome")]] * 2, *r[spot(r, "outcome") + 1 :]],
        "outcome",
        "a second document",
    ),
    "a fallback that nobody knows": (lambda r: document(r, b"\1nothing"), "outcome", "the terms know no fallback"),
    "ended after all": (
        lambda r: [*r, replace(r[-1], kind="abort", payload=b'{"who":"mg1","why":"regret"}')],
        "outcome",
        "the market was ended by 'mg1': regret",
    ),
    "a signature left out": (
        lambda r: dropped(r, spot(r, "signature", 0, "mg2")),
        "signatures",
        "not signed by 'mg2'",
    ),
    "a signature of another document": (signed_another, "signatures", "is not the outcome that was sent"),
    "a signature of nobody": (signature_of_another_key, "signatures", "is not that of the party"),
    "signed before there is anything": (
        lambda r: [r[spot(r, "signature")], *r],
        "signatures",
        "signs before there is an outcome",
    ),
}


# Forgeries of a party (mg1), with or without the coordinator's help.


def rereply(kind: str, nth: int = 0, help_: bool = False, **changes: object) -> Forgery:
    """The nth reply of a kind said in another way; with the coordinator's help signed anew."""

    def forge(records: Records) -> Records:
        replies = [place for place, record in enumerate(records) if record.kind == "reply"]
        place = [place for place in replies if read_reply(records[place].payload).kind == kind][nth]
        reply = replace(read_reply(records[place].payload), **changes)
        if help_:
            reply = replace(reply, signature=KEYS["coordinator"].sign(A_REPLY, reply.unsigned()))
        return changed(records, place, reply.encode())

    return forge


def own(nth: int, name: str = "mg1", signed_as: str = "", **changes: object) -> Forgery:
    return recall(name, signed_as, "call", nth, **changes)


def reply_of(records: Records, kind: str, nth: int = 0) -> Reply:
    replies = [read_reply(record.payload) for record in records if record.kind == "reply"]
    return [reply for reply in replies if reply.kind == kind][nth]


def own_round(records: Records) -> Records:
    call = read_call(records[spot(records, "call", 2)].payload)
    return own(2, body=answer_with(call.body, turn=7))(records)


def own_answer(records: Records) -> Records:
    """What it says it has answered is not what the others have seen."""
    call = read_call(records[spot(records, "call", 2)].payload)
    return own(2, body=answer_with(call.body, add=0.5))(records)


def other_request(records: Records) -> Records:
    body = answer_with(reply_of(records, REQUEST, 1).body, add=1e-9)
    return rereply(REQUEST, 1, body=body)(records)


def to_another(records: Records) -> Records:
    theirs = [record.payload for record in honest("mg2") if record.kind == "reply"][1]
    return changed(records, spot(records, "reply", 1), theirs)


def shown_less(records: Records) -> Records:
    appendix = reply_of(records, REQUEST, 1).appendix
    first = int.from_bytes(appendix[:4], "little") + 4
    return rereply(REQUEST, 1, appendix=appendix[first:])(records)


def shown_forged(records: Records) -> Records:
    appendix = reply_of(records, REQUEST, 1).appendix
    return rereply(REQUEST, 1, appendix=appendix[:-64] + bytes(64))(records)


def shown_stranger(records: Records) -> Records:
    call = read_call(honest("coordinator")[spot(honest("coordinator"), "answer", 0, "mg1")].payload)
    data = said(call, KEYS["mg1"], sender="mg9")
    return rereply(REQUEST, 1, appendix=len(data).to_bytes(4, "little") + data)(records)


def done_with(help_: str) -> Forgery:
    """The signed outcome with a signature that is not mg2's, or another outcome that all have signed in truth."""

    def forge(records: Records) -> Records:
        signed = read_outcome(held()[1], MEMBERS)
        outcome = replace(signed.outcome, document=b"all to me") if help_ == "all" else signed.outcome
        statement = outcome.statement(MEMBERS.digest)
        names = {name: KEYS[name].sign(AN_OUTCOME, statement) for name in NAMES}
        if help_ != "all":
            names["mg2"] = bytes(64)
        body = SignedOutcome(outcome, names).encode(MEMBERS)
        return rereply(DONE, help_=True, body=body)(records)

    return forge


BY_A_PARTY: dict[str, tuple[str, Forgery, str, str]] = {
    "signed by another": ("mg1", own(2, signed_as="mg2"), "calls", "not signed by 'mg1'"),
    "of another run": ("mg1", own(2, run="night"), "calls", "in the run 'night'"),
    "a reply without its seal": ("mg1", rereply(REQUEST, 1, signature=bytes(64)), "replies", "is not signed by"),
    "a last reply not signed": ("mg1", rereply(DONE, signature=bytes(64)), "replies", "not signed by the coordinator"),
    "a reply to another": ("mg1", to_another, "replies", "a reply to 'mg2'"),
    "a turn left out": ("mg1", own(2, turn=9), "turns", "turn 9 where turn 2 was next"),
    "a reply to another turn": ("mg1", rereply(REQUEST, 1, turn=9), "turns", "to turn 9 where it was to turn 1"),
    "answers another round": ("mg1", own_round, "answers", "An answer must be of run, round"),
    "answers by something else": ("mg1", own(2, kind=SEEN), "answers", "a call 'seen' was not asked for"),
    "another request": ("mg1", other_request, "heads", "the request does not stand in the chain"),
    "another answer": ("mg1", own_answer, "heads", "the last answer does not stand in the chain as it was signed"),
    "signed over another chain": ("mg1", own(2, head=bytes(32)), "heads", "over another chain after 2 links"),
    "no witness": ("mg1", rereply(REQUEST, 1, witness=b""), "heads", "was withheld"),
    "a call withheld from the operator": ("operator", shown_less, "shown", "are not those of link 1"),
    "a forged call for the operator": ("operator", shown_forged, "shown", "is not signed by 'mg2'"),
    "a call of a stranger": ("operator", shown_stranger, "shown", "a call of 'mg9'"),
    "a state left out": ("mg1", lambda r: dropped(r, spot(r, "state", 1)), "states", "where COMMITTED was reached"),
    "a record of nobody": ("mg1", lambda r: changed(r, 3, b"", "answer"), "states", "no party writes 'answer'"),
    "a document that was not sent": ("mg1", done_with("all"), "outcome", "another outcome was signed"),
    "no document": ("mg1", lambda r: r[:10], "outcome", "there is none"),
    "ended after all": (
        "mg1",
        lambda r: [*r, replace(r[-1], kind="abort", payload=b'{"who":"mg1","why":"regret"}')],
        "outcome",
        "ended by 'mg1': regret",
    ),
    "a signature missing": ("mg1", done_with("none"), "signatures", "The outcome is not signed by 'mg2'"),
    "nothing signed": ("mg1", lambda r: r[:-2], "signatures", "those of all are not there"),
    "its own signature of something else": (
        "mg1",
        own(4, body=bytes(96)),
        "signatures",
        "not the outcome that was sent",
    ),
}


@pytest.mark.parametrize("name", NAMES)
def test_an_honest_journal_passes_every_check(name: str, tmp_path: Path) -> None:
    journals, signed = held()
    path = journal(tmp_path, name)
    path.write_bytes(journals[name])
    found = verify_transcript(path, MEMBERS, signed)
    checks = minutes.CHECKS if name == "coordinator" else diary.CHECKS
    assert [finding.name for finding in found] == [RECORDS, ROSTER, *checks, SIGNED]
    assert failed(found) == {}


@pytest.mark.parametrize("forgery", BY_A_COORDINATOR)
def test_a_coordinator_cannot_forge_its_journal(forgery: str) -> None:
    forge, check, where = BY_A_COORDINATOR[forgery]
    assert where in judged("coordinator", forge(honest("coordinator")))[check]


@pytest.mark.parametrize("forgery", BY_A_PARTY)
def test_a_party_cannot_forge_its_journal(forgery: str) -> None:
    name, forge, check, where = BY_A_PARTY[forgery]
    assert where in judged(name, forge(honest(name)))[check]


def test_every_check_can_fail() -> None:
    assert {check for _, check, _ in BY_A_COORDINATOR.values()} == set(minutes.CHECKS)
    assert {check for _, _, check, _ in BY_A_PARTY.values()} == set(diary.CHECKS)


def test_a_finding_names_the_record() -> None:
    place = spot(honest("coordinator"), "answer", 1, "mg1")
    forge = BY_A_COORDINATOR["an answer changed"][0]
    number = honest("coordinator")[place].number
    assert judged("coordinator", forge(honest("coordinator")))["calls"].startswith(f"record {number}: ")


@pytest.mark.parametrize("name", NAMES)
def test_no_record_can_be_left_out(name: str) -> None:
    for records in (honest(name), as_written(name)):
        for place in range(len(records)):
            assert judged(name, dropped(records, place)), records[place].kind


def flipped(name: str, record: int, byte: int, bit: int) -> Records:
    records = as_written(name)
    payload = bytearray(records[record].payload)
    payload[byte] ^= 1 << bit
    return changed(records, record, bytes(payload))


def spots(name: str) -> list[tuple[int, int]]:
    """Every byte of every payload."""
    return [(place, byte) for place, record in enumerate(as_written(name)) for byte in range(len(record.payload))]


@pytest.mark.parametrize("name", NAMES)
def test_whoever_signs_its_journal_anew_cannot_change_a_bit_of_it(name: str) -> None:
    random, places = np.random.default_rng(7), spots(name)
    for chosen in random.choice(len(places), 40, replace=False):
        assert judged(name, flipped(name, *places[chosen], int(random.integers(8)))), places[chosen]


@pytest.mark.campaign
@pytest.mark.parametrize("name", NAMES)
def test_whoever_signs_its_journal_anew_cannot_change_any_byte_of_it(name: str) -> None:
    random = np.random.default_rng(8)
    for place, byte in spots(name):
        assert judged(name, flipped(name, place, byte, int(random.integers(8)))), (place, byte)


# The file around the records.


def written(path: Path, signer: Signer, genesis: bytes, records: Records) -> Path:
    with Journal.open(path, signer, genesis) as log:
        for record in records:
            log.append(record.kind, record.payload)
    return path


def test_a_forger_with_the_key_makes_the_same_file_as_the_writer(tmp_path: Path) -> None:
    """So that the forgeries above, made of records alone, are those that a file would show."""
    path = written(tmp_path / "j", KEYS["coordinator"], genesis_of(MEMBERS, "coordinator"), as_written("coordinator"))
    assert path.read_bytes() == held()[0]["coordinator"]
    forged = another_answer([replace(one, number=n) for n, one in enumerate(honest("coordinator"), 1)])
    other = written(tmp_path / "k", KEYS["coordinator"], genesis_of(MEMBERS, "coordinator"), forged)
    found = failed(verify_transcript(other, MEMBERS))
    assert found == judged("coordinator", forged) and "calls" in found


def test_a_changed_file_is_not_looked_at_any_further(tmp_path: Path) -> None:
    path = journal(tmp_path, "mg1")
    data = bytearray(held()[0]["mg1"])
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    (finding,) = verify_transcript(path, MEMBERS)
    assert (finding.name, finding.passed) == (RECORDS, False)
    assert "take a copy" in finding.where


def test_signed_by_another_than_it_says(tmp_path: Path) -> None:
    path = written(tmp_path / "j", signer_of(bytes([9] * 32)), genesis_of(MEMBERS, "mg1"), honest("mg1"))
    (finding,) = verify_transcript(path, MEMBERS)
    assert finding == Finding(RECORDS, False, finding.where)
    assert "record 0: its signature is not that of the writer" in finding.where


def test_a_torn_end_is_a_finding(tmp_path: Path) -> None:
    path = journal(tmp_path, "coordinator")
    path.write_bytes(held()[0]["coordinator"][:-1])
    found = failed(verify_transcript(path, MEMBERS))
    assert found[RECORDS] == "record 17 is torn"
    assert "SIGNED was reached" in found["states"]


@pytest.mark.parametrize("genesis", [genesis_of(market("night").members, "mg1"), genesis_of(MEMBERS, "mg9"), b""])
def test_the_journal_of_another_roster(tmp_path: Path, genesis: bytes) -> None:
    path = written(tmp_path / "j", KEYS["mg1"], genesis, honest("mg1"))
    assert list(failed(verify_transcript(path, MEMBERS))) == [ROSTER]


def test_the_signed_outcome_must_be_that_of_the_journal(tmp_path: Path) -> None:
    signed = held()[1]
    assert judged("mg1", honest("mg1"), signed[:-1] + b"\0") == {SIGNED: "The outcome is not signed by 'mg2'."}
    other = read_outcome(hold(tmp_path, market(fallback="no_deal"), fallback=True), market(fallback="no_deal").members)
    statement = other.outcome.statement(MEMBERS.digest)
    names = {name: KEYS[name].sign(AN_OUTCOME, statement) for name in NAMES}
    found = judged("mg1", honest("mg1"), SignedOutcome(other.outcome, names).encode(MEMBERS))
    assert found == {SIGNED: "the file holds another outcome than the journal"}


# Markets that ended in another way.


def test_a_fallback_that_the_terms_know_is_a_result(tmp_path: Path) -> None:
    known = market(fallback="no_deal")
    signed = hold(tmp_path, known, fallback=True)
    for name in NAMES:
        assert failed(verify_transcript(journal(tmp_path, name), known.members, signed)) == {}
    assert read_outcome(signed, known.members).outcome.document == b"no deal"


def test_a_market_that_was_ended_verifies_but_for_its_result(tmp_path: Path) -> None:
    assert hold(tmp_path, market(), disagreeing="mg2") == b""
    for name in NAMES:
        findings = verify_transcript(journal(tmp_path, name), MEMBERS)
        found = failed(findings)
        assert set(found) == {"outcome", "signatures"} == {finding.name for finding in findings if finding.absent}
        assert found["outcome"] == "the market was ended by 'mg2': It does not agree with the outcome: not with me"


@pytest.mark.parametrize("name", NAMES)
def test_a_market_that_is_not_over_lacks_its_result_and_nothing_else(name: str) -> None:
    """Cut after each record before the last signature: what a stop, or a look while the market runs, finds."""
    whole = honest(name)
    last = spot(whole, "signature", 2) if name == "coordinator" else spot(whole, "reply", -1)
    for count in range(last + 1):
        for finding in verify_records(whole[:count], MEMBERS, member(name)):
            assert finding.passed or (finding.absent and finding.name in ("outcome", "signatures")), (count, finding)


def test_where_there_is_a_signed_outcome_nothing_may_be_absent() -> None:
    found = verify_records(honest("mg1")[:-2], MEMBERS, member("mg1"), held()[1])
    assert [finding.name for finding in found if not finding.passed] == ["signatures"]
    assert not any(finding.absent for finding in found)


@pytest.mark.parametrize("room", [400, 600])
def test_calls_that_the_operator_is_shown_in_pieces(room: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With room for one or two calls, and not for a request besides, the operator says that it has seen them first."""
    monkeypatch.setattr(tally, "MOST_ENVELOPE", tally.BESIDES + room)
    signed = hold(tmp_path, market())
    for name in NAMES:
        assert failed(verify_transcript(journal(tmp_path, name), MEMBERS, signed)) == {}
    records = list(of.apart(read_journal(journal(tmp_path, "coordinator"), KEYS["coordinator"].public)[1:]))
    seen = [place for place, record in enumerate(records) if record.kind == "seen"]
    assert len(seen) >= ROUNDS
    for place in seen:
        assert "where turn" in judged("coordinator", dropped(records, place))["turns"]
    own_records = list(of.apart(read_journal(journal(tmp_path, "operator"), KEYS["operator"].public)[1:]))
    assert "a call 'seen' was not asked for" in judged("operator", dropped(own_records, 2))["answers"]
    replies = [read_reply(record.payload) for record in own_records if record.kind == "reply"]
    assert all(len(reply.appendix) + len(reply.body) <= room for reply in replies if reply.appendix)


# The market repeated.


def test_the_market_is_repeated_from_the_coordinators_journal() -> None:
    records = honest("coordinator")
    document = algorithm(replay(records, MEMBERS))
    assert document == read_outcome(held()[1], MEMBERS).outcome.document
    assert verify_repeated(records, MEMBERS, algorithm) == Finding(REPEATED, True)


def test_another_request_than_before_is_an_error() -> None:
    transport = replay(honest("coordinator"), MEMBERS)
    first = [decode(data) for data in of.read_asked(honest("coordinator")[6].payload).messages]
    transport.call_all(first)
    with pytest.raises(AuditError, match="the requests of batch 1 are not those"):
        transport.call_all(first)


def once_more(transport: Transport) -> bytes:
    """An algorithm that asks for another round than the coordinator's did."""
    document = algorithm(transport)
    algorithm(transport)
    return document


def less(transport: Transport) -> bytes:
    """An algorithm that would have asked less: the coordinator has asked the parties more than it needed."""
    return read_outcome(held()[1], MEMBERS).outcome.document


def never(transport: Transport) -> bytes:
    algorithm(transport)
    raise NotConverged("no agreement")


@pytest.mark.parametrize(
    ("other", "where"),
    [
        (once_more, "the requests of batch 3 are not those that the algorithm makes"),
        (less, "3 batches were asked for, and the algorithm asks for 0"),
        (never, "the outcome is not what follows from the answers"),
        (lambda transport: algorithm(transport) + b"!", "the outcome is not what follows from the answers"),
    ],
)
def test_what_does_not_follow_from_the_answers_is_found(other: Callable[[Transport], bytes], where: str) -> None:
    assert verify_repeated(honest("coordinator"), MEMBERS, other) == Finding(REPEATED, False, where)


def test_an_operator_does_not_sign_where_more_was_asked_than_the_algorithm_asks(tmp_path: Path) -> None:
    """A coordinator that is curious: once all is found, it asks for another price before it shows the outcome."""

    def curious(transport: Transport) -> bytes:
        document = algorithm(transport)
        algorithm(transport, "curiosity")
        return document

    assert hold(tmp_path, market(), asking=curious) == b""
    records = read_journal(journal(tmp_path, "coordinator"), KEYS["coordinator"].public)
    why = "6 batches were asked for, and the algorithm asks for 3"
    assert (
        f"ended by 'operator': The coordinator is wrong: {why}"
        in failed(verify_transcript(journal(tmp_path, "coordinator"), MEMBERS))["outcome"]
    )
    assert verify_repeated(records, MEMBERS, algorithm) == Finding(REPEATED, False, why)


def test_a_fallback_follows_where_the_algorithm_does_not_converge(tmp_path: Path) -> None:
    known = market(fallback="no_deal")
    hold(tmp_path, known, fallback=True)
    records = read_journal(journal(tmp_path, "coordinator"), KEYS["coordinator"].public)
    assert verify_repeated(records, known.members, never).passed
    assert not verify_repeated(records, known.members, algorithm).passed
