"""Calls over gRPC: those for which there is nothing yet wait, what is too large or no call at all changes nothing."""

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import grpc
import pytest

from gridpact.coordination.grpc import server as serving
from gridpact.coordination.grpc.agent import Line
from gridpact.coordination.grpc.server import Server
from gridpact.coordination.grpc.wire import METHOD, MOST_CALL, split
from gridpact.coordination.identity.folders import read_place
from gridpact.coordination.message import MOST_BYTES
from gridpact.errors import InputError, Refused, Unreachable
from tests.coordination.calling import Echo, address, listening, made, party

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


@pytest.fixture
def channel(market: Path, server: Server) -> Iterator[grpc.Channel]:
    """Of a party that keeps to nothing but TLS."""
    own = read_place(market / "village").credentials
    secure = grpc.ssl_channel_credentials(own.authority, own.key, own.certificate)
    free = [("grpc.max_send_message_length", -1), ("grpc.use_local_subchannel_pool", 1)]
    with grpc.secure_channel(address(server), secure, free) as found:
        yield found


def test_a_call_waits_until_there_is_something_to_say(hub: Echo, channel: grpc.Channel) -> None:
    hub.says[b"wait"] = None
    waiting = channel.unary_unary(METHOD).future(b"wait", timeout=20.0)
    while not hub.heard:
        threading.Event().wait(0.01)
    hub.says[b"wait"] = b"now"
    began = monotonic()
    hub.tell()
    assert waiting.result() == b"now"
    assert monotonic() - began < 1.0


def test_after_a_while_it_is_told_to_call_again(
    hub: Echo, channel: grpc.Channel, market: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a word of the hub's: nothing is what everybody may say. A party then makes the same call again."""
    monkeypatch.setattr(serving, "HOLD_S", 0.1)
    hub.says[b"wait"] = None
    assert channel.unary_unary(METHOD)(b"wait", timeout=20.0) == b""
    hub.heard.clear()
    threading.Timer(0.35, lambda: hub.says.update({b"wait": b"now"})).start()
    with Line(party(market, "mill"), address(server), 0.2) as line:
        assert line.ask(b"wait") == b"now"
    assert set(hub.heard) == {("mill", b"wait")} and len(hub.heard) >= 3


@pytest.mark.skipif(not TASKS.is_dir(), reason="counts threads as Linux lists them")
def test_waiting_takes_no_thread(hub: Echo, channel: grpc.Channel, market: Path, server: Server) -> None:
    """Both ends are in this process: the callers' threads are there before they call."""
    hub.says[b"wait"] = None
    own = read_place(market / "village").credentials
    secure = grpc.ssl_channel_credentials(own.authority, own.key, own.certificate)
    apart = [("grpc.use_local_subchannel_pool", 1)]
    channels = [grpc.secure_channel(address(server), secure, apart) for _ in range(15)]
    first = [one.unary_unary(METHOD).future(b"wait", timeout=20.0) for one in channels]
    while len(hub.heard) < 15:
        threading.Event().wait(0.01)
    before = len(list(TASKS.iterdir()))
    more = [one.unary_unary(METHOD).future(b"wait", timeout=20.0) for one in channels for _ in range(3)]
    while len(hub.heard) < 60:
        threading.Event().wait(0.01)
    assert len(list(TASKS.iterdir())) <= before + 4  # of gRPC's own pool, whatever waits
    hub.says[b"wait"] = b"now"
    hub.tell()
    assert {one.result() for one in (*first, *more)} == {b"now"}
    for one in channels:
        one.close()


def test_calls_beyond_the_limit_do_not_reach_the_hub(
    hub: Echo, channel: grpc.Channel, market: Path, server: Server
) -> None:
    assert MOST_CALL == MOST_BYTES + 2**16
    assert channel.unary_unary(METHOD)(bytes(MOST_CALL), timeout=20.0) == b"village"
    hub.heard.clear()
    for size in (MOST_CALL + 1, 2**21):
        with pytest.raises(grpc.RpcError, match="RESOURCE_EXHAUSTED"):
            channel.unary_unary(METHOD)(bytes(size), timeout=20.0)
    with (
        Line(party(market, "mill"), address(server), 1.0) as line,
        pytest.raises(Refused, match="at most 1114112 bytes"),
    ):
        line.ask(bytes(MOST_CALL + 1))
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
    assert channel.unary_unary(METHOD)(b"hello", timeout=20.0) == b"village"
    assert hub.heard == [("village", b"hello")]
    for connection in idle:
        connection.close()


def test_a_coordinator_that_failed_is_given_time(
    hub: Echo, market: Path, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """Its operator may make room on the disk; what went wrong stays in its own log."""
    why = "INTERNAL: the coordinator has failed; its own log says why"
    with Line(party(market, "mill"), address(server), 0.5) as line, pytest.raises(Unreachable, match=why):
        line.ask(b"fail")
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
