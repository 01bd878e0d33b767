"""Calls over gRPC: those for which there is nothing yet wait, what is too large or no call at all changes nothing."""

import asyncio
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from time import sleep

import grpc
import pytest

from gridpact.coordination.grpc import agent as calling
from gridpact.coordination.grpc import server as serving
from gridpact.coordination.grpc.agent import Line
from gridpact.coordination.grpc.server import Server
from gridpact.coordination.grpc.wire import METHOD, MOST_CALL, split
from gridpact.coordination.identity.folders import read_place
from gridpact.coordination.message import MOST_BYTES
from gridpact.errors import InputError, Refused, Unreachable
from tests.coordination.calling import Echo, address, asked, listening, made, party, said

TASKS = Path("/proc/self/task")


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("market") / "day")


@pytest.fixture
def hub() -> Echo:
    return Echo()


@pytest.fixture
def server(market: Path, hub: Echo) -> Iterator[Server]:
    with listening(read_place(market / "coordinator"), hub) as found:
        yield found


def opened(market: Path, server: Server, name: str = "village") -> grpc.Channel:
    """Of a party that keeps to nothing but TLS."""
    own = read_place(market / name).credentials
    secure = grpc.ssl_channel_credentials(own.authority, own.key, own.certificate)
    free = [("grpc.max_send_message_length", -1), ("grpc.use_local_subchannel_pool", 1)]
    return grpc.secure_channel(address(server), secure, free)


@pytest.fixture
def channel(market: Path, server: Server) -> Iterator[grpc.Channel]:
    with opened(market, server) as found:
        yield found


def until_heard(hub: Echo, number: int) -> None:
    while len(hub.heard) < number:
        sleep(0.01)


def test_calls_on_a_line_are_answered_one_after_another(hub: Echo, channel: grpc.Channel) -> None:
    """Made at once, they are heard one by one: who calls before it has a reply gains nothing."""
    hub.says |= {b"one": b"1", b"two": b"2", b"three": None}
    line = channel.stream_stream(METHOD)(iter([b"one", b"two", b"three", b"four"]), timeout=20.0)
    assert [next(line), next(line)] == [b"1", b"2"]
    until_heard(hub, 3)
    sleep(0.1)
    assert [data for _, data in hub.heard] == [b"one", b"two", b"three"]
    line.cancel()


def test_a_call_waits_until_there_is_something_to_say(hub: Echo, channel: grpc.Channel) -> None:
    hub.says[b"wait"] = None
    line = channel.stream_stream(METHOD)(iter([b"wait"]), timeout=20.0)
    until_heard(hub, 1)
    hub.says[b"wait"] = b"now"
    hub.tell()
    assert next(line) == b"now"


def test_who_waits_is_given_a_sign_of_life(
    hub: Echo, channel: grpc.Channel, market: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a word of the hub's: nothing is what anybody may say. To the party it is no reply."""
    monkeypatch.setattr(serving, "HOLD_S", 0.1)
    hub.says[b"wait"] = None
    line = channel.stream_stream(METHOD)(iter([b"wait"]), timeout=20.0)
    assert [next(line), next(line)] == [b"", b""]
    line.cancel()
    threading.Timer(0.5, lambda: hub.says.update({b"wait": b"now"})).start()
    assert asked(party(market, "mill"), address(server), b"wait", patience=0.2) == [b"now"]


class Clock:
    """Time that passes by a fifth of a second whenever somebody looks: at the beginning, and after each call.

    By the clock on the wall the coordinator is given an hour, until it has heard a call.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.patch = 0.0, monkeypatch

    def monotonic(self) -> float:
        self.now += 0.2
        self.patch.setattr(calling, "HOLD_S", 3600.0)
        return self.now

    def heard(self) -> None:
        self.patch.setattr(calling, "HOLD_S", -calling.LATE_S)


def test_a_coordinator_without_a_sign_of_life_hangs(
    hub: Echo, market: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same call is made again while patience lasts: after 0.2 s of 0.3 s, and not after 0.4 s."""
    clock = Clock(monkeypatch)
    monkeypatch.setattr(calling, "LOOK_S", 0.01)
    monkeypatch.setattr(calling, "time", clock)
    hub.says[b"wait"], hub.then = None, clock.heard
    with pytest.raises(
        Unreachable, match=r"The coordinator at 127.0.0.1:\d+ hangs. That for 0 s; the terms allow 0.3 s"
    ):
        asked(party(market, "mill"), address(server), b"wait", patience=0.3)
    assert hub.heard == [("mill", b"wait")] * 2


def test_who_is_stopped_while_it_waits_stops(hub: Echo, market: Path, server: Server) -> None:
    """Not mistaken for a coordinator that hangs."""
    hub.says[b"wait"] = None

    async def stopped() -> None:
        async with Line(party(market, "mill"), address(server), 5.0) as line:
            asking = asyncio.create_task(line.ask(b"wait"))
            await asyncio.to_thread(until_heard, hub, 1)
            asking.cancel()
            await asking

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(stopped())


def test_a_newer_line_of_a_party_ends_the_older(hub: Echo, market: Path, server: Server) -> None:
    """The older one may be of a connection that is broken, which nobody has noticed yet."""
    hub.says[b"wait"] = None
    with opened(market, server) as first, opened(market, server) as second, opened(market, server, "mill") as other:
        older, others = (one.stream_stream(METHOD)(iter([b"wait"]), timeout=20.0) for one in (first, other))
        until_heard(hub, 2)
        newer = second.stream_stream(METHOD)(iter([b"wait"]), timeout=20.0)
        with pytest.raises(grpc.RpcError, match="a newer line of this party took over"):
            next(older)
        hub.says[b"wait"] = b"now"
        hub.tell()
        assert next(newer) == b"now" and next(others) == b"now"


@pytest.mark.skipif(not TASKS.is_dir(), reason="counts threads as Linux lists them")
def test_waiting_takes_no_thread(hub: Echo, market: Path, server: Server) -> None:
    """All in this process, which has a thread for each of its own lines and a few of gRPC's, however many wait."""
    hub.says[b"wait"] = None
    before = len(list(TASKS.iterdir()))

    async def wait(name: str) -> bytes:
        async with Line(party(market, name), address(server), 5.0) as line:
            return await line.ask(b"wait")

    async def all_wait() -> list[bytes]:
        names = ["village", "mill", "network"]
        waiting = [asyncio.create_task(wait(name)) for name in names]
        await asyncio.to_thread(until_heard, hub, len(names))
        assert len(list(TASKS.iterdir())) <= before + 8
        hub.says[b"wait"] = b"now"
        hub.tell()
        return await asyncio.gather(*waiting)

    assert asyncio.run(all_wait()) == [b"now"] * 3


def test_calls_beyond_the_limit_do_not_reach_the_hub(
    hub: Echo, channel: grpc.Channel, market: Path, server: Server
) -> None:
    assert MOST_CALL == MOST_BYTES + 2**16
    assert said(channel, bytes(MOST_CALL)) == [b"village"]
    hub.heard.clear()
    for size in (MOST_CALL + 1, 2**21):
        with pytest.raises(grpc.RpcError, match="RESOURCE_EXHAUSTED"):
            said(channel, bytes(size))
    with pytest.raises(Refused, match="at most 1114112 bytes"):
        asked(party(market, "mill"), address(server), bytes(MOST_CALL + 1))
    assert not hub.heard


def test_other_methods_do_not_exist(hub: Echo, channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError, match="UNIMPLEMENTED"):
        channel.unary_unary("/gridpact.Market/Other")(b"hello", timeout=20.0)
    assert not hub.heard


def test_what_is_no_call_harms_nobody(hub: Echo, channel: grpc.Channel, server: Server) -> None:
    """Bytes that are neither TLS nor HTTP, and connections that say nothing, while a party calls."""
    idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
    for junk in (b"GET / HTTP/1.1\r\n\r\n", os.urandom(1000), b"\x16\x03\x01\xff\xff" + bytes(70000), b"\0"):
        with socket.create_connection(("127.0.0.1", server.port)) as one:
            one.sendall(junk)
    assert said(channel, b"hello") == [b"village"]
    assert hub.heard == [("village", b"hello")]
    for connection in idle:
        connection.close()


def test_a_coordinator_that_failed_is_given_time(
    hub: Echo, market: Path, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """Its operator may make room on the disk; what went wrong stays in its own log."""
    why = "INTERNAL: the coordinator has failed; its own log says why"
    with pytest.raises(Unreachable, match=why):
        asked(party(market, "mill"), address(server), b"fail", patience=0.5)
    assert "the disk is full" in caplog.text
    assert len(hub.heard) >= 3


def test_two_cannot_listen_at_one_address(market: Path, server: Server) -> None:
    chair = read_place(market / "coordinator")
    with (
        pytest.raises(InputError, match="nobody can listen at this address"),
        listening(chair, Echo(), address(server)),
    ):
        pass


@pytest.mark.parametrize(
    "wrong", ["", "50051", "host", ":50051", "host:x", "host:-1", "host:65536", "::1:5", "a b:5", "x/y:5"]
)
def test_addresses_that_are_none_are_refused(wrong: str) -> None:
    with pytest.raises(InputError, match="this is no address"):
        split(wrong)


def test_addresses_have_a_host_and_a_port() -> None:
    assert split("market.example.org:443") == ("market.example.org", 443)
    assert split("[::1]:47320") == ("::1", 47320)
