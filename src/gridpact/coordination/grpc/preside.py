"""The coordinator's program: listen, let all join, run the algorithm, let all sign, and see that they hear of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from threading import Event

from gridpact.coordination.apart.conduct import conduct
from gridpact.coordination.apart.envelope import ABORT, DONE, REFUSED, REPLIES, SAID, read_reply
from gridpact.coordination.apart.hub import Hub
from gridpact.coordination.apart.hub_transport import HubTransport
from gridpact.coordination.apart.outcome import SignedOutcome
from gridpact.coordination.apart.states import State
from gridpact.coordination.grpc.door import Door
from gridpact.coordination.grpc.progress import Tell, on_stderr, shown
from gridpact.coordination.grpc.server import Server
from gridpact.coordination.grpc.wire import joined
from gridpact.coordination.identity.folders import Place
from gridpact.coordination.identity.members import Member
from gridpact.coordination.transport import Transport

logger = logging.getLogger("gridpact.market")

# Where the kind of a reply stands in its prefix.
KIND = 6
# How long parties that have not heard the end are waited for.
LINGER_S = 5.0
MOST_NAMED = 3


def preside(
    hub: Hub,
    place: Place,
    address: str,
    algorithm: Callable[[Transport], bytes],
    fallback: bytes | None = None,
    tell: Tell = on_stderr,
    join_s: float | None = None,
    linger_s: float = LINGER_S,
) -> SignedOutcome:
    """What all parties have signed, who call at ``address`` within ``join_s`` seconds.

    When the market is over, parties that have not heard so are waited for, at most ``linger_s`` seconds. Raises as
    ``conduct``, and ``InputError`` for the address.

    To go on after an error that left the market going, make a hub from the same journal.
    """
    transport, goodbye = HubTransport(hub, join_s=join_s), Goodbye(place.members.parties)
    with Server(transport, place.credentials, Door(place.members), address, goodbye.spoken) as server:
        tell(f"{place.me.name}: listening at {joined(server.host, server.port)}")
        if hub.over:
            tell(f"{place.me.name}: the market is over; who calls within {linger_s:g} s is told how it ended")
        with shown(place.me.name, lambda: (hub.state, _waiting(hub)), tell):
            try:
                return conduct(transport, algorithm, fallback)
            finally:
                if hub.over:
                    goodbye.heard.wait(linger_s)


class Goodbye:
    """Whether all parties have heard how the market ended; a line of the log for every call that did not count."""

    def __init__(self, parties: Iterable[Member]) -> None:
        self.heard = Event()
        self._left = {member.name for member in parties}

    def spoken(self, name: str, reply: bytes) -> None:
        """A reply went to a party."""
        kind = REPLIES[SAID.unpack_from(reply)[KIND]]
        if kind == REFUSED:
            logger.warning("refused a call of %r: %s", name, read_reply(reply).body.decode())
        elif kind in (DONE, ABORT):
            self._left.discard(name)
            if not self._left:
                self.heard.set()


def _waiting(hub: Hub) -> str:
    """For whom the market waits."""
    batch = hub.tally.book.present
    late = [] if hub.over else [hub.members.parties[place].name for place in batch.missing]
    more = f" and {len(late) - MOST_NAMED} more" if len(late) > MOST_NAMED else ""
    named = f", waiting for {', '.join(late[:MOST_NAMED])}{more}" if late and hub.state is not State.DRAFT else ""
    return f"{batch.number + 1} batches{named}"
