"""A party's end: it dials the coordinator, makes the calls of its seat and hands the replies back, until it is over."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Protocol

import grpc

from gridpact.coordination.folders import Place
from gridpact.coordination.grpc.probe import TurnedAway, coordinator_certificate
from gridpact.coordination.grpc.wire import HOLD_S, LATE_S, METHOD, party_options, split
from gridpact.errors import Refused, Unreachable

logger = logging.getLogger("gridpact.market")

FIRST_PAUSE_S, MOST_PAUSE_S = 0.1, 2.0
TIMES_AWAY = 3
# What another attempt may mend.
PASSING = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED)


class Seat(Protocol):
    """A party's core: the call to make first, and after each reply the next one; None when it is over."""

    def first(self) -> bytes: ...

    def step(self, reply: bytes) -> bytes | None: ...


def take_part(seat: Seat, line: Line, told: Callable[[], None] = lambda: None) -> None:
    """Call until the seat has no more calls to make; ``told`` is called after each of them.

    Raises what the line and the seat raise. To go on after that, make a seat from the same journal.
    """
    call: bytes | None = seat.first()
    while call is not None:
        reply = line.ask(call, told)
        call = seat.step(reply)
        told()


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

    def ask(self, call: bytes, waiting: Callable[[], None] = lambda: None) -> bytes:
        """The reply; raises ``Refused`` where another attempt would not help, ``Unreachable`` when patience ends."""
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
            waiting()

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
        host = f"[{self.host}]" if ":" in self.host else self.host
        return grpc.secure_channel(f"{host}:{self.port}", secure, party_options())

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
