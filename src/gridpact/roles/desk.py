"""What a member of a market has in its folder when it begins, and what it leaves there when all is over.

journal        everything it was told and said; to go on after a stop, the role is begun again in the same folder
outcome.bin    the outcome with the signatures of all, once there is one
outcome.json   the same to read
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gridpact.coordination.apart.outcome import SignedOutcome
from gridpact.coordination.identity.folders import ROSTER, Place, read_place
from gridpact.coordination.identity.keys import DIGEST
from gridpact.coordination.identity.members import COORDINATOR, MOST_SECONDS, Members
from gridpact.coordination.kept.journal import Journal, JournalError, scan
from gridpact.coordination.kept.transcript import genesis_of
from gridpact.errors import InputError, Issue
from gridpact.markets.trade.apart.outcome import plain
from gridpact.markets.trade.apart.public import PublicMarket, from_terms
from gridpact.setting_checks import not_possible

JOURNAL, OUTCOME, READABLE = "journal", "outcome.bin", "outcome.json"


def place_of(folder: str | Path, coordinates: bool) -> tuple[Place, PublicMarket]:
    """The folder of a coordinator, or of a party; raises ``InputError`` for the other one, and for none."""
    place = read_place(Path(folder))
    if (place.me.role == COORDINATOR) != coordinates:
        role = "agent" if coordinates else "coordinator"
        message = f"this is the folder of the {place.me.role} {place.me.name!r}"
        raise InputError([Issue(message, f"Begin it by `gridpact {role}`.", str(folder))])
    return place, public_of(place.members, place.folder / ROSTER)


def public_of(members: Members, path: Path) -> PublicMarket:
    """What the roster of that file says of the market; raises ``InputError`` where it contradicts itself."""
    public = from_terms(members.terms.market, str(path))
    named = [*public.microgrids, public.operator]
    if sorted(named) != sorted(one.name for one in members.parties):
        fix = "Take the roster that `gridpact market init` wrote."
        raise InputError([Issue("the parties of the terms are not those of the roster", fix, str(path))])
    return public


def require_times(seconds: Mapping[str, float]) -> None:
    """Raises ``InputError`` for what cannot be waited for."""
    fix = f"Give seconds, from 0 to {MOST_SECONDS:g}."
    issues = [not_possible(name, value, fix) for name, value in seconds.items() if not 0.0 <= value <= MOST_SECONDS]
    if issues:
        raise InputError(issues)


def journal_of(place: Place) -> Journal:
    """The member's journal in this market, begun or gone on with; raises ``JournalError``.

    Raises ``InputError`` where it was begun under another roster.
    """
    path, genesis = place.folder / JOURNAL, genesis_of(place.members, place.me.name)
    try:
        return Journal.open(path, place.signer, genesis)
    except JournalError:
        first = scan(path).records[:1]
        if first and first[0].payload != genesis and first[0].payload[DIGEST:] == genesis[DIGEST:]:
            raise _other_roster(place, first[0].payload[:DIGEST]) from None
        raise


def _other_roster(place: Place, before: bytes) -> InputError:
    message = f"this is not the roster under which `{JOURNAL}` was begun: its SHA-256 is {place.members.digest.hex()}"
    fix = f"Put that one back. For another market take another folder: {place.folder / JOURNAL} belongs to this one."
    return InputError([Issue(f"{message}, and it was {before.hex()}", fix, str(place.folder / ROSTER))])


def keep(place: Place, public: PublicMarket, signed: SignedOutcome) -> dict[str, Any]:
    """Leave the outcome in the folder, each file whole or not at all; what stands in the readable one."""
    known = readable(place.members, public, signed)
    written(place.folder / OUTCOME, signed.encode(place.members))
    written(place.folder / READABLE, (json.dumps(known, indent=2) + "\n").encode())
    return known


def readable(members: Members, public: PublicMarket, signed: SignedOutcome) -> dict[str, Any]:
    """What stands in the readable file."""
    known = plain(public, signed.outcome.document) | {"run": members.run, "fallback": signed.outcome.fallback}
    plainly: dict[str, Any] = json.loads(json.dumps(known))
    return plainly


def written(path: Path, data: bytes) -> None:
    """A file whole or not at all."""
    aside = path.with_name(f".{path.name}.partial")
    with aside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
