"""A party: it dials the coordinator, answers by its own program on its own data, and signs what it has checked."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from gridpact.case.case import Case
from gridpact.coordination.apart.desk import OTHER_ROSTER
from gridpact.coordination.apart.seat import Seat
from gridpact.coordination.apart.states import Aborted
from gridpact.coordination.grpc.agent import take_part
from gridpact.coordination.grpc.progress import Tell, on_stderr
from gridpact.coordination.grpc.wire import DEFAULT_ADDRESS, JOIN_S
from gridpact.coordination.identity.folders import ROSTER, Place
from gridpact.coordination.identity.own_keys import sealing_key
from gridpact.coordination.kept.journal import Journal
from gridpact.errors import InputError, Issue, Unreachable
from gridpact.io.folder import read_case
from gridpact.markets.trade.apart.declared import trade_limits
from gridpact.markets.trade.apart.desks import party_of
from gridpact.markets.trade.apart.outcome import require_end
from gridpact.markets.trade.apart.public import PublicMarket
from gridpact.markets.trade.apart.whole import traded_apart
from gridpact.roles.convene import SHARE
from gridpact.roles.desk import JOURNAL, journal_of, keep, place_of, require_times
from gridpact.roles.inputs import signed_inputs

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
    with journal_of(place) as journal:
        inputs = signed_inputs(place.folder, journal)
        seat = _seat(place, public, read_case(place.folder / SHARE), inputs, journal)
        try:
            signed = take_part(seat, place, address, tell, join_s)
        except Aborted as error:
            raise seat.cause or _other_roster(place, seat) or error from None
        except Unreachable as error:
            raise Unreachable(f"{error} {AGAIN}") from None
        return keep(place, public, signed)


def _seat(place: Place, public: PublicMarket, share: Case, inputs: bytes, journal: Journal) -> Seat:
    """The party's end; ``inputs`` are the digest of its share."""
    keys = {one.name: one.sealing for one in place.members.parties}
    key, market = sealing_key(place.signer), place.members.digest.hex()
    party = party_of(place.me.name, share, public, key, keys, market)
    audit = (lambda transport: traded_apart(public, transport)) if place.me.name == public.operator else None
    limits = trade_limits(place.members.terms, public)

    def check(document: bytes, fallback: bool) -> None:
        party.check(document)
        require_end(public, document, fallback)

    return Seat(party.name, place.members, place.signer, party, journal, limits, check, audit, inputs)


def _other_roster(place: Place, seat: Seat) -> InputError | None:
    """What is the matter where the coordinator has refused to let this party join because of its roster."""
    found = re.search(rf"{OTHER_ROSTER}([0-9a-f]{{64}})", seat.ending.why if seat.ending else "")
    if found is None or seat.turn > 1:
        return None
    aside = place.folder / f"{JOURNAL}.refused"
    (place.folder / JOURNAL).rename(aside)
    message = f"this is not the coordinator's roster: its SHA-256 is {place.members.digest.hex()}, and {found[1]} is"
    fix = (
        "Compare both with the roster that was handed over (`sha256sum roster.json`), put that one where the other is, "
        f"and begin again. Nothing was agreed; what was said is in {aside}."
    )
    return InputError([Issue(f"{message} the coordinator's", fix, str(place.folder / ROSTER))])
