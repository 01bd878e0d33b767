"""The coordinator: it asks all parties in turn, and lets them sign what comes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from gridpact.coordination.apart.hub import Hub
from gridpact.coordination.coordinate import Round
from gridpact.coordination.grpc.preside import LINGER_S, preside
from gridpact.coordination.grpc.progress import Tell, on_stderr
from gridpact.coordination.grpc.wire import DEFAULT_ADDRESS, JOIN_S
from gridpact.markets.trade.apart.declared import trade_limits
from gridpact.markets.trade.apart.outcome import no_deal
from gridpact.markets.trade.apart.whole import traded_apart
from gridpact.roles.desk import journal_of, keep, place_of, require_times

FALLBACK = "the parties did not agree within the rounds of the terms"


def coordinate_market(
    folder: str | Path,
    *,
    address: str = DEFAULT_ADDRESS,
    join_s: float = JOIN_S,
    linger_s: float = LINGER_S,
    tell: Tell = on_stderr,
) -> dict[str, Any]:
    """Coordinate the market of the folder that ``convene`` made for its coordinator; what all have signed.

    Listens at ``address`` (host:port), where parties may take ``join_s`` seconds to join, until all have agreed and
    signed. After a stop, the same command in the same folder goes on from its journal; where not all have joined in
    time, too. When the market is over, it tells parties so that have not heard it, for at most ``linger_s`` seconds;
    begun again then, it does the same for those who come later. ``tell`` hears a line for each step.

    Raises ``InputError`` for a folder that is none, ``Unreachable`` naming who has not joined, ``Aborted`` where there
    is no result, naming who ended it and why, ``JournalError`` where its journal is damaged or cannot be written.
    """
    require_times({"join_s": join_s, "linger_s": linger_s})
    place, public = place_of(folder, True)
    with journal_of(place) as journal:
        hub = Hub(place.members, place.signer, journal, trade_limits(place.members.terms, public))
        fallback = no_deal(public, FALLBACK) if place.members.terms.fallback == "no_deal" else None
        told = _rounds(place.me.name, tell)
        times = {"join_s": join_s, "linger_s": linger_s}
        signed = preside(hub, place, address, lambda floor: traded_apart(public, floor, told), fallback, tell, **times)
        return keep(place, public, signed)


def _rounds(name: str, tell: Tell) -> Callable[[Round], None]:
    """A line for every tenth round."""
    count = 0

    def told(one: Round) -> None:
        nonlocal count
        count += 1
        if count % 10 == 1:
            tell(f"{name}: round {count}, quantities differ by {one.primal:.1e} and prices by {one.dual:.1e}")

    return told
