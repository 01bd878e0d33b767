"""What is left of a market, examined with the public roster alone: by a member, or by whoever gets copies of its files.

journal         the checks of ``coordination.kept.transcript``
repeated        in a coordinator's folder: the algorithm, answered as it was, asks and concludes the same
sound outcome   payments sum to zero cents, trades add up to exchanges, all that anybody can check
readable        outcome.json says what was signed

A market that was ended without a result, or is not over, has no outcome to check: that is ``absent``, and no fault.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gridpact.coordination.apart.outcome import SignedOutcome, read_outcome
from gridpact.coordination.identity.folders import ROSTER, read_roster
from gridpact.coordination.identity.members import COORDINATOR, Members
from gridpact.coordination.kept.crossings import ledger_rows
from gridpact.coordination.kept.findings import Finding
from gridpact.coordination.kept.journal import JournalError, Record, scan
from gridpact.coordination.kept.transcript import verify_repeated, verify_transcript, writer_of
from gridpact.coordination.message import MessageError
from gridpact.errors import ArchiveError
from gridpact.markets.trade.apart.outcome import Disagreement, require_end, require_sound
from gridpact.markets.trade.apart.outcome import read_outcome as read_document
from gridpact.markets.trade.apart.public import PublicMarket
from gridpact.markets.trade.apart.whole import traded_apart
from gridpact.roles.desk import JOURNAL, OUTCOME, READABLE, public_of, readable


def verify_market(folder: str | Path) -> list[dict[str, Any]]:
    """Checks of what a member of a market has in its folder: ``name``, ``passed``, and ``where`` it fails.

    A check that has not ``passed`` is ``absent`` where there is nothing to check: the market was ended without a
    result, or is not over; ``where`` says which. Needs the roster, the journal and the outcome in it, and no private
    key. Raises ``InputError`` where there is no roster, ``ArchiveError`` where there is no journal.
    """
    place = Path(folder)
    members = read_roster(place / ROSTER)
    public = public_of(members, place / ROSTER)
    signed = _bytes(place / OUTCOME)
    found = verify_transcript(_journal(place), members, signed)
    if all(one.passed for one in found):
        found += _repeated(place, members, public)
    found += _outcome(place, members, public, signed) if signed is not None else _no_outcome(place, found)
    return [asdict(one) for one in found]


def market_ledger(folder: str | Path, *, received: bool = False) -> list[dict[str, str | int]]:
    """What left a member, in sum, as its journal has it: one row per sender, recipient and quantity.

    Columns ``sender``, ``recipient``, ``kind``, ``quantity``, ``unit``, ``messages``, ``numbers``, ``bytes``. With
    ``received`` also what others sent, as far as the journal has it: that of the coordinator has all. Raises
    ``InputError`` where there is no roster, ``ArchiveError`` where there is no journal, ``JournalError`` for a damaged
    one, or one that a member of this roster has not signed.
    """
    place = Path(folder)
    members, path = read_roster(place / ROSTER), _journal(place)
    writer = writer_of(scan(path).records, members)
    if writer is None:
        raise JournalError(f"{path} is the journal of no member of {place / ROSTER}.")
    rows = ledger_rows(scan(path, writer.key).records, members)
    return [row for row in rows if received or row["sender"] == writer.name]


def _journal(place: Path) -> Path:
    path = place / JOURNAL
    if not path.is_file():
        raise ArchiveError(f"{path} is missing: this is no member's folder, or nothing has been done in it yet.")
    return path


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _repeated(place: Path, members: Members, public: PublicMarket) -> list[Finding]:
    """The coordinator's records alone hold all answers."""
    records: list[Record] = scan(_journal(place)).records
    writer = writer_of(records, members)
    if writer is None or writer.role != COORDINATOR:
        return []
    return [verify_repeated(records, members, lambda transport: traded_apart(public, transport))]


def _no_outcome(place: Path, found: list[Finding]) -> list[Finding]:
    """Where there is no file of the outcome there must be nothing that it would say."""
    doubts = []
    if not any(one.absent for one in found):
        why = f"{place / OUTCOME} is missing, although all have signed: begin the role again, which writes it"
        doubts.append(Finding("signed outcome", False, why))
    if (place / READABLE).exists():
        doubts.append(Finding("readable", False, f"{place / READABLE} tells of an outcome that nobody has signed"))
    return doubts


def _outcome(place: Path, members: Members, public: PublicMarket, signed: bytes) -> list[Finding]:
    try:
        found = read_outcome(signed, members)
        told = read_document(public, found.outcome.document)
        require_sound(told)
        require_end(public, found.outcome.document, found.outcome.fallback)
    except (MessageError, Disagreement) as error:
        return [Finding("sound outcome", False, str(error))]
    return [Finding("sound outcome", True), _readable(place / READABLE, members, public, found)]


def _readable(path: Path, members: Members, public: PublicMarket, signed: SignedOutcome) -> Finding:
    """Whether the readable file says what was signed."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return Finding("readable", False, f"{path} cannot be read ({type(error).__name__})")
    same = said == readable(members, public, signed)
    return Finding("readable", same, "" if same else f"{path} says something else than was signed")
