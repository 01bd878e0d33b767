"""A party: it dials the coordinator, answers by its own program on its own data, and signs what it has checked."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from gridpact.case.case import Case
from gridpact.coordination.apart.seat import Seat
from gridpact.coordination.apart.states import Aborted
from gridpact.coordination.grpc.agent import take_part
from gridpact.coordination.grpc.progress import Tell, on_stderr
from gridpact.coordination.grpc.wire import DEFAULT_ADDRESS, JOIN_S
from gridpact.coordination.identity.folders import Place, sealing_key
from gridpact.coordination.kept.journal import Journal
from gridpact.errors import Unreachable
from gridpact.io.folder import read_case
from gridpact.markets.trade.apart.declared import trade_limits
from gridpact.markets.trade.apart.desks import party_of
from gridpact.markets.trade.apart.outcome import require_known
from gridpact.markets.trade.apart.public import PublicMarket
from gridpact.markets.trade.apart.whole import traded_apart
from gridpact.roles.convene import SHARE
from gridpact.roles.desk import journal_of, keep, place_of, require_times

# What may be the matter where a coordinator does not answer.
AGAIN = (
    "Begin the coordinator, or name its address; then the same command again, which goes on from here. If the market "
    "has ended without this party, the coordinator knows how: `gridpact coordinator DIR --linger 600`, begun again, "
    "tells all who call."
)


def take_part_in_market(
    folder: str | Path, *, address: str = DEFAULT_ADDRESS, join_s: float = JOIN_S, tell: Tell = on_stderr
) -> dict[str, Any]:
    """Take part in a market as the party whose folder ``convene`` made; what all have signed.

    Dials the coordinator at ``address`` (host:port). What the party has stands in ``case`` in its folder and stays
    there. The operator also repeats what the coordinator made of the answers before it signs. After a stop, the same
    command in the same folder goes on from its journal. Until all have joined, a coordinator that does not answer is
    dialled for ``join_s`` seconds, later as long as the terms say. ``tell`` hears a line for each step.

    Raises ``InputError`` for a folder that is none, ``Refused`` where one of the two ends is not who the roster says,
    ``Unreachable``, ``Aborted`` where there is no result, ``JournalError``, and what the party's own program raises.
    """
    require_times({"join_s": join_s})
    place, public = place_of(folder, False)
    share = read_case(place.folder / SHARE)
    with journal_of(place) as journal:
        seat = _seat(place, public, share, journal)
        try:
            signed = take_part(seat, place, address, tell, join_s)
        except Aborted as error:
            raise seat.cause or error from None
        except Unreachable as error:
            raise Unreachable(f"{error} {AGAIN}") from None
        return keep(place, public, signed)


def _seat(place: Place, public: PublicMarket, share: Case, journal: Journal) -> Seat:
    """The party's end; its inputs are digested, so that what it decides on cannot become another in between."""
    keys = {one.name: one.sealing for one in place.members.parties}
    party = party_of(place.me.name, share, public, sealing_key(place.signer), keys)
    audit = (lambda transport: traded_apart(public, transport)) if place.me.name == public.operator else None
    limits = trade_limits(place.members.terms, public)

    def check(document: bytes) -> None:
        party.check(document)
        require_known(public, document, place.members.terms.fallback)

    return Seat(party.name, place.members, place.signer, party, journal, limits, check, audit, _digest(place))


def _digest(place: Place) -> bytes:
    """SHA-256 over names and contents of the files of the share."""
    digest = hashlib.sha256()
    for path in sorted((place.folder / SHARE).iterdir()):
        if path.is_file():
            digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.digest()
