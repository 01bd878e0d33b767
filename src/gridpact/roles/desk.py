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
from gridpact.coordination.identity.folders import Place, read_place
from gridpact.coordination.identity.members import COORDINATOR, MOST_SECONDS, Members
from gridpact.coordination.kept.journal import Journal
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
    return place, from_terms(place.members.terms.market)


def require_times(seconds: Mapping[str, float]) -> None:
    """Raises ``InputError`` for what cannot be waited for."""
    fix = f"Give seconds, from 0 to {MOST_SECONDS:g}."
    issues = [not_possible(name, value, fix) for name, value in seconds.items() if not 0.0 <= value <= MOST_SECONDS]
    if issues:
        raise InputError(issues)


def journal_of(place: Place) -> Journal:
    """The member's journal in this market, begun or gone on with; raises ``JournalError``."""
    return Journal.open(place.folder / JOURNAL, place.signer, genesis_of(place.members, place.me.name))


def keep(place: Place, public: PublicMarket, signed: SignedOutcome) -> dict[str, Any]:
    """Leave the outcome in the folder, each file whole or not at all; what stands in the readable one."""
    known = readable(place.members, public, signed)
    _written(place.folder / OUTCOME, signed.encode(place.members))
    _written(place.folder / READABLE, (json.dumps(known, indent=2) + "\n").encode())
    return known


def readable(members: Members, public: PublicMarket, signed: SignedOutcome) -> dict[str, Any]:
    """What stands in the readable file."""
    known = plain(public, signed.outcome.document) | {"run": members.run, "fallback": signed.outcome.fallback}
    plainly: dict[str, Any] = json.loads(json.dumps(known))
    return plainly


def _written(path: Path, data: bytes) -> None:
    aside = path.with_name(f".{path.name}.partial")
    with aside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
