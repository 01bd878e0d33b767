"""A party's end: it dials the coordinator, makes the calls of its seat and hands the replies back, until it is over."""

from __future__ import annotations

import asyncio
import logging
import time

import grpc
from grpc import aio

from gridpact.coordination.apart.outcome import SignedOutcome
from gridpact.coordination.apart.seat import Seat
from gridpact.coordination.apart.states import Aborted, State
from gridpact.coordination.grpc.probe import TurnedAway, coordinator_certificate
from gridpact.coordination.grpc.progress import Tell, on_stderr, shown
from gridpact.coordination.grpc.wire import HOLD_S, LATE_S, METHOD, MOST_CALL, joined, party_options, split
from gridpact.coordination.identity.folders import Place
from gridpact.errors import GridPactError, Refused, Unreachable

logger = logging.getLogger("gridpact.market")

FIRST_PAUSE_S, MOST_PAUSE_S = 0.1, 2.0
# How often a party looks whether the coordinator hangs.
LOOK_S = 1.0
TIMES_AWAY = 3
TO_JOIN = "while parties join it is waited for"
# What another attempt may mend.
PASSING = {
    grpc.StatusCode.OK,
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
}


def take_part(
    seat: Seat, place: Place, address: str, tell: Tell = on_stderr, join_s: float | None = None
) -> SignedOutcome:
    """Call at the coordinator's ``address`` until all is over; what all parties have signed.

    Until all have joined a coordinator that does not answer is dialled for ``join_s`` seconds, by default and later as
    long as the terms say. Raises ``Aborted`` where the market ended without, ``JournalError`` where something could not
    be written down, ``Refused`` and ``Unreachable`` as ``Line.ask``. To go on after those, make a seat from the same
    journal.
    """
    line = Line(place, address, place.members.terms.deadline_s)
    with shown(place.me.name, lambda: (seat.state, f"{seat.turn + 1} calls{line.trouble}"), tell):
        asyncio.run(_converse(seat, line, join_s))
    if seat.outcome is None:
        assert seat.ending is not None
        raise Aborted(seat.ending)
    return seat.outcome


async def converse(seat: Seat, place: Place, address: str) -> None:
    """Make the calls of a seat until it has no more to make; raises as ``take_part``, except for ``Aborted``."""
    await _converse(seat, Line(place, address, place.members.terms.deadline_s), None)


async def _converse(seat: Seat, line: Line, join_s: float | None) -> None:
    """``join_s`` is the patience of the line until all have joined."""
    usual = line.patience_s, line.allowed
    async with line:
        call = seat.first()
        while call is not None:
            joins = join_s is not None and seat.state in (State.DRAFT, State.OPEN)
            line.patience_s, line.allowed = (join_s or 0.0, TO_JOIN) if joins else usual
            call = seat.step(await line.ask(call))


class Line:
    """A line to the coordinator at ``address``; calls are made again until ``patience_s`` without a reply.

    ``trouble`` says why there is none at present.
    """

    def __init__(self, place: Place, address: str, patience_s: float) -> None:
        self.place = place
        self.host, self.port = split(address)
        self.patience_s = patience_s
        self._channel: aio.Channel | None = None
        self._away = 0
        self.trouble, self.allowed = "", "the terms allow"
        self._watch: asyncio.TimerHandle | None = None
        self._waits_since: float | None = None
        self._hangs = False

    async def __aenter__(self) -> Line:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def ask(self, call: bytes) -> bytes:
        """The reply; raises ``Refused`` where another attempt would not help, ``Unreachable`` when patience ends."""
        if len(call) > MOST_CALL:
            raise Refused(f"A call has at most {MOST_CALL} bytes, not {len(call)}.")
        self._heard, pause = time.monotonic(), FIRST_PAUSE_S
        while True:
            try:
                reply = await self._turn(call)
                self.trouble = ""
                return reply
            except Unreachable as error:
                await self.close()
                self._be_patient(error)
            await asyncio.sleep(pause)
            pause = min(2.0 * pause, MOST_PAUSE_S)

    async def close(self) -> None:
        """Hang up; the next call dials again."""
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        if self._channel is not None:
            await self._channel.close()
            self._channel = None

    async def _turn(self, call: bytes) -> bytes:
        if self._channel is None:
            self._channel = await self._dial()
            stream: aio.StreamStreamMultiCallable[bytes, bytes] = self._channel.stream_stream(METHOD, _as_is, _as_is)
            self._stream = stream()
        try:
            await self._stream.write(call)
            while not (reply := await self._read()):
                self._heard = time.monotonic()
        except (grpc.RpcError, asyncio.InvalidStateError):
            raise await self._fault() from None
        if not isinstance(reply, bytes):  # the end of the stream
            raise await self._fault()
        return reply

    async def _read(self) -> object:
        """What comes next; whoever says nothing at all for long is hung up on."""
        self._waits_since, self._hangs = asyncio.get_running_loop().time(), False
        if self._watch is None:
            self._look()
        try:
            return await self._stream.read()
        except asyncio.CancelledError:
            if not self._hangs:
                raise
            raise Unreachable(f"The coordinator at {joined(self.host, self.port)} hangs.") from None
        finally:
            self._waits_since = None

    def _look(self) -> None:
        """One timer for all readings: whether the present one takes too long."""
        loop = asyncio.get_running_loop()
        if self._waits_since is not None and loop.time() - self._waits_since >= HOLD_S + LATE_S:
            self._hangs = True
            self._stream.cancel()
        self._watch = loop.call_later(LOOK_S, self._look)

    async def _fault(self) -> GridPactError:
        """What ended the line."""
        code, details = await self._stream.code(), await self._stream.details()
        why = f"{joined(self.host, self.port)} says {code.name}: {details or 'the line has ended'}"
        if code in PASSING:
            return Unreachable(f"The coordinator does not answer: {why}.")
        return Refused(f"The coordinator refused a call: {why}.")

    async def _dial(self) -> aio.Channel:
        """Whoever listens there must be the coordinator of the roster; gRPC then trusts that one certificate."""
        trusted = await self._trusted()
        own = self.place.credentials
        secure = grpc.ssl_channel_credentials(trusted, own.key, own.certificate)
        return aio.secure_channel(joined(self.host, self.port), secure, party_options())

    async def _trusted(self) -> bytes:
        """A coordinator that ends closes connections, too: one turns a party away that does so again and again."""
        try:
            trusted = await asyncio.to_thread(coordinator_certificate, self.place, self.host, self.port)
        except TurnedAway as error:
            self._away += 1
            if self._away < TIMES_AWAY:
                raise
            raise Refused(str(error)) from None
        self._away = 0
        return trusted

    def _be_patient(self, error: Unreachable) -> None:
        silent = time.monotonic() - self._heard
        logger.info("%s", error)
        self.trouble = f", {str(error).removesuffix('.')}"
        if silent > self.patience_s:
            raise Unreachable(f"{error} That for {silent:.0f} s; {self.allowed} {self.patience_s:g} s.")


def _as_is(data: bytes) -> bytes:
    return data
