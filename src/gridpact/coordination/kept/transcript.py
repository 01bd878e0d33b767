"""A market verified from the journal of anybody who took part, with the public roster alone; and repeated from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from gridpact.coordination.apart.audit import Algorithm, AuditError, Retold
from gridpact.coordination.apart.outcome import Outcome, read_outcome
from gridpact.coordination.identity.keys import DIGEST
from gridpact.coordination.identity.members import COORDINATOR, Member, Members
from gridpact.coordination.kept import diary, minutes
from gridpact.coordination.kept.diary import Diary
from gridpact.coordination.kept.findings import Doubts, Finding
from gridpact.coordination.kept.journal import GENESIS, JournalError, Record, scan
from gridpact.coordination.kept.minutes import Minutes
from gridpact.coordination.message import MessageError
from gridpact.coordination.transport import Transport
from gridpact.errors import GridPactError, NotConverged

RECORDS, ROSTER, SIGNED, REPEATED = "records", "roster", "signed outcome", "repeated"


def genesis_of(members: Members, writer: str) -> bytes:
    """What the first record of a journal says: digest of the roster, then the name of who writes it."""
    return members.digest + writer.encode()


def verify_transcript(path: Path, members: Members, signed: bytes | None = None) -> list[Finding]:
    """Findings on the journal of a member, and on the file of the ``signed`` outcome where one is given.

    records   the journal is whole, each record chained to the one before and signed by its writer
    roster    it is the journal of a member of this roster

    and the checks of ``minutes`` for a coordinator, of ``diary`` for a party. A journal whose records are not what was
    written is not looked at any further.
    """
    try:
        writer = writer_of(scan(path).records, members)
        if writer is None:
            return [Finding(ROSTER, False, "record 0: the journal is of no member of this roster")]
        found = scan(path, writer.key)
    except JournalError as error:
        return [Finding(RECORDS, False, str(error))]
    torn = f"record {len(found.records)} is torn" if found.torn else ""
    first = [Finding(RECORDS, not torn, torn), Finding(ROSTER, True)]
    return first + verify_records(found.records, members, writer, signed)


def verify_records(
    records: Iterable[Record], members: Members, writer: Member, signed: bytes | None = None
) -> list[Finding]:
    """Findings on what the records say."""
    doubts = Doubts((*_checks(writer), *([] if signed is None else [SIGNED])))
    reader = Minutes(members, doubts) if writer.role == COORDINATOR else Diary(members, writer, doubts)
    for record in records:
        if (record.number, record.kind) != (0, GENESIS):
            reader.read(record)
    reader.close()
    if signed is not None:
        doubts.demand()
        _check_signed(signed, reader.outcome, members, doubts)
    return doubts.findings


def replay(records: Iterable[Record], members: Members) -> Retold:
    """A transport for the coordinator's algorithm, which answers as in the coordinator's records.

    It raises ``AuditError`` where the algorithm makes other requests than there; the records must have been verified.
    """
    read = _minutes(records, members)
    return Retold(members, read.book.chain, read.calls)


def verify_repeated(records: Iterable[Record], members: Members, algorithm: Algorithm) -> Finding:
    """Whether the algorithm, answered as in the coordinator's records, makes all their requests and their document."""
    read = _minutes(records, members)
    retold = Retold(members, read.book.chain, read.calls)
    try:
        document = _document(algorithm, retold)
    except GridPactError as error:
        return Finding(REPEATED, False, f"nothing follows from the answers: {error}")
    except AuditError as error:
        return Finding(REPEATED, False, str(error))
    made, outcome = len(read.book.chain) - (read.outcome is not None), read.outcome
    if retold.batches != made:
        return Finding(REPEATED, False, f"{made} batches were asked for, and the algorithm asks for {retold.batches}")
    if outcome is None or document != (None if outcome.fallback else outcome.document):
        return Finding(REPEATED, False, "the outcome is not what follows from the answers")
    return Finding(REPEATED, True)


def _document(algorithm: Algorithm, transport: Transport) -> bytes | None:
    """None where the algorithm does not converge, so that the fallback follows."""
    try:
        return algorithm(transport)
    except NotConverged:
        return None


def _minutes(records: Iterable[Record], members: Members) -> Minutes:
    read = Minutes(members, Doubts(minutes.CHECKS))
    for record in records:
        if (record.number, record.kind) != (0, GENESIS):
            read.read(record)
    return read


def writer_of(records: Sequence[Record], members: Members) -> Member | None:
    """Whose journal it says it is."""
    first = records[0] if records else None
    if first is None or first.kind != GENESIS:
        return None
    member = members.member(first.payload[DIGEST:].decode(errors="replace"))
    return member if member is not None and first.payload == genesis_of(members, member.name) else None


def _checks(writer: Member) -> tuple[str, ...]:
    return minutes.CHECKS if writer.role == COORDINATOR else diary.CHECKS


def _check_signed(signed: bytes, outcome: Outcome | None, members: Members, doubts: Doubts) -> None:
    try:
        found = read_outcome(signed, members).outcome
    except MessageError as error:
        doubts.add(SIGNED, str(error))
        return
    if found != outcome:
        doubts.add(SIGNED, "the file holds another outcome than the journal")
