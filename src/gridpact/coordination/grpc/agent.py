"""A party's end: it dials the coordinator, makes the calls of its seat and hands the replies back, until it is over."""

from __future__ import annotations

import logging
import time

import grpc

from gridpact.coordination.apart.outcome import SignedOutcome
from gridpact.coordination.apart.seat import Seat
from gridpact.coordination.apart.states import Aborted
from gridpact.coordination.grpc.probe import TurnedAway, coordinator_certificate
from gridpact.coordination.grpc.progress import Tell, on_stderr, shown
from gridpact.coordination.grpc.wire import HOLD_S, LATE_S, METHOD, MOST_CALL, joined, party_options, split
from gridpact.coordination.identity.folders import Place
from gridpact.errors import Refused, Unreachable

logger = logging.getLogger("gridpact.market")

FIRST_PAUSE_S, MOST_PAUSE_S = 0.1, 2.0
TIMES_AWAY = 3
# What another attempt may mend.
PASSING = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
}


def take_part(seat: Seat, place: Place, address: str, tell: Tell = on_stderr) -> SignedOutcome:
    """Call at the coordinator's ``address`` until all is over; what all parties have signed.

    Raises ``Aborted`` where the market ended without, ``JournalError`` where something could not be written down,
    ``Refused`` and ``Unreachable`` as ``Line.ask``. To go on after those, make a seat from the same journal.
    """
    name = place.me.name
    with (
        Line(place, address, place.members.terms.deadline_s) as line,
        shown(name, lambda: (seat.state, f"{seat.turn + 1} calls"), tell),
    ):
        converse(seat, line)
    if seat.outcome is None:
        assert seat.ending is not None
        raise Aborted(seat.ending)
    return seat.outcome


def converse(seat: Seat, line: Line) -> None:
    """Make the calls of a seat until it has no more to make."""
    call = seat.first()
    while call is not None:
        call = seat.step(line.ask(call))


class Line:
    """A connection to the coordinator at ``address``; calls are made again until ``patience_s`` without a reply."""

    def __init__(self, place: Place, address: str, patience_s: float) -> None:
        self.place = place
        self.host, self.port = split(address)
        self.patience_s = patience_s
        self._channel: grpc.Channel | None = None
        self._away = 0

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, call: bytes) -> bytes:
        """The reply; raises ``Refused`` where another attempt would not help, ``Unreachable`` when patience ends."""
        if len(call) > MOST_CALL:
            raise Refused(f"A call has at most {MOST_CALL} bytes, not {len(call)}.")
        heard, pause = time.monotonic(), FIRST_PAUSE_S
        while True:
            try:
                reply = self._turn(call)
            except Unreachable as error:
                self._be_patient(time.monotonic() - heard, error)
                time.sleep(pause)
                pause = min(2.0 * pause, MOST_PAUSE_S)
            else:
                if reply:
                    return reply
                heard, pause = time.monotonic(), FIRST_PAUSE_S

    def close(self) -> None:
        """Hang up; the next call dials again."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def _turn(self, call: bytes) -> bytes:
        if self._channel is None:
            self._channel = self._dial()
            self._call = self._channel.unary_unary(METHOD, _as_it_is, _as_it_is)
        try:
            return self._call(call, timeout=HOLD_S + LATE_S)
        except grpc.RpcError as error:
            self.close()
            why = f"{self.host}:{self.port} says {error.code().name}: {error.details()}"
            if error.code() in PASSING:
                raise Unreachable(f"The coordinator does not answer: {why}.") from None
            raise Refused(f"The coordinator refused a call: {why}.") from None

    def _dial(self) -> grpc.Channel:
        """Whoever listens there must be the coordinator of the roster; gRPC then trusts that one certificate."""
        trusted = self._trusted()
        own = self.place.credentials
        secure = grpc.ssl_channel_credentials(trusted, own.key, own.certificate)
        return grpc.secure_channel(joined(self.host, self.port), secure, party_options())

    def _trusted(self) -> bytes:
        """A coordinator that ends closes connections, too: one turns a party away that does so again and again."""
        try:
            trusted = coordinator_certificate(self.place, self.host, self.port)
        except TurnedAway as error:
            self._away += 1
            if self._away < TIMES_AWAY:
                raise
            raise Refused(str(error)) from None
        self._away = 0
        return trusted

    def _be_patient(self, silent: float, error: Unreachable) -> None:
        logger.info("%s", error)
        if silent > self.patience_s:
            raise Unreachable(f"{error} That for {silent:.0f} s; the terms allow {self.patience_s:g} s.")


def _as_it_is(data: bytes) -> bytes:
    return data
