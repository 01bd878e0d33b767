"""Whoever is not who the roster says is turned away, at either end, and a line of a log says why."""

import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import sleep

import grpc
import pytest

from gridpact.coordination.grpc.server import Server
from gridpact.coordination.identity.authority import Authority, Credentials, certified, new_authority, read_authority
from gridpact.coordination.identity.folders import Place, read_place
from gridpact.coordination.identity.members import Members
from gridpact.errors import Refused
from tests.coordination.calling import Echo, address, asked, dressed, listening, made, party, said, self_signed

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("market") / "day")


@pytest.fixture(scope="module")
def hub() -> Echo:
    return Echo()


@pytest.fixture(scope="module")
def server(market: Path, hub: Echo) -> Iterator[Server]:
    with listening(read_place(market / "coordinator"), hub) as found:
        yield found


@pytest.fixture(scope="module")
def authority(market: Path) -> Authority:
    return read_authority(market / "authority")


def shows(place: Place, server: Server, calls: bytes = b"hello") -> bytes:
    """What the coordinator at a server's address replies to a party."""
    return asked(place, address(server), calls)[0]


def test_parties_are_who_their_certificates_say(market: Path, server: Server) -> None:
    assert [shows(party(market, name), server) for name in ("village", "mill", "network")] == [
        b"village",
        b"mill",
        b"network",
    ]


Credential = Callable[[Authority], Credentials]
IN_THE_HANDSHAKE: dict[str, tuple[Credential, str]] = {
    "foreign authority": (
        lambda _: new_authority("day", NOW).credentials("day", "microgrid", "village", NOW),
        "unable to get local issuer certificate",
    ),
    "expired": (
        lambda authority: authority.credentials("day", "microgrid", "village", NOW - DAY, hours=1.0),
        "certificate has expired",
    ),
    "not yet valid": (
        lambda authority: authority.credentials("day", "microgrid", "village", NOW + DAY, hours=1.0),
        "certificate is not yet valid",
    ),
    "wrong role": (
        lambda authority: authority.credentials("day", "coordinator", "village", NOW),
        "unsupported certificate purpose",
    ),
    "self-signed": (lambda _: self_signed("microgrid", "village", NOW), "self signed certificate"),
}


def until_said(capfd: pytest.CaptureFixture[str], why: str) -> None:
    """Wait until a line of gRPC's says why: it comes from a thread of its own, maybe after the party was told."""
    said = ""
    for _ in range(6000):
        said += capfd.readouterr().err
        if why in said:
            return
        sleep(0.01)
    raise AssertionError(said)


@pytest.mark.parametrize("kind", IN_THE_HANDSHAKE)
def test_in_the_handshake(
    kind: str,
    market: Path,
    server: Server,
    hub: Echo,
    authority: Authority,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The coordinator's line is that of gRPC, on stderr; the party is told where to look."""
    make, why = IN_THE_HANDSHAKE[kind]
    heard = len(hub.heard)
    with pytest.raises(Refused, match="The coordinator turns this party away in the handshake; its own log says why"):
        shows(dressed(party(market, "village"), make(authority), tmp_path / "other"), server)
    until_said(capfd, why)
    assert len(hub.heard) == heard


def test_no_certificate(market: Path, server: Server, hub: Echo, capfd: pytest.CaptureFixture[str]) -> None:
    heard = len(hub.heard)
    trusted = grpc.ssl_channel_credentials((market / "village" / "ca.pem").read_bytes())
    with grpc.secure_channel(address(server), trusted) as channel, pytest.raises(grpc.RpcError, match="UNAVAILABLE"):
        said(channel, b"hello")
    until_said(capfd, "PEER_DID_NOT_RETURN_A_CERTIFICATE")
    assert len(hub.heard) == heard


def test_no_tls(server: Server, hub: Echo, capfd: pytest.CaptureFixture[str]) -> None:
    """There is no port without."""
    heard = len(hub.heard)
    with grpc.insecure_channel(address(server)) as channel, pytest.raises(grpc.RpcError, match="UNAVAILABLE"):
        said(channel, b"hello")
    until_said(capfd, "Handshake failed")
    assert len(hub.heard) == heard


def renamed(members: Members, name: str, fingerprint: str) -> Members:
    """The roster with another certificate for a member."""
    return replace(
        members,
        members=tuple(replace(one, fingerprint=fingerprint) if one.name == name else one for one in members.members),
    )


def without(members: Members, name: str) -> Members:
    return replace(members, members=tuple(one for one in members.members if one.name != name))


Roster = Callable[[Members, Credentials], Members]
AT_THE_DOOR: dict[str, tuple[str, str, Roster, str]] = {
    "removed from the roster": (
        "microgrid",
        "village",
        lambda members, _: without(members, "village"),
        "'village' is not in the roster",
    ),
    "another certificate": (
        "microgrid",
        "village",
        lambda members, _: members,
        "the roster has another certificate of 'village'",
    ),
    "name mismatch": (
        "microgrid",
        "village",
        lambda members, shown: renamed(members, "mill", certified(shown.certificate).fingerprint),
        "the certificate says microgrid 'village' in 'day', the roster has it for microgrid 'mill'",
    ),
    "role mismatch": (
        "operator",
        "village",
        lambda members, shown: renamed(members, "village", certified(shown.certificate).fingerprint),
        "the certificate says operator 'village' in 'day', the roster has it for microgrid 'village'",
    ),
}


@pytest.mark.parametrize("kind", AT_THE_DOOR)
def test_at_the_door(
    kind: str, market: Path, authority: Authority, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    role, name, roster, why = AT_THE_DOOR[kind]
    shown = authority.credentials("day", role, name, NOW)
    chair, hub = read_place(market / "coordinator"), Echo()
    other = dressed(party(market, "village"), shown, tmp_path / "other")
    turned_away = pytest.raises(Refused, match=f"UNAUTHENTICATED: {why}")
    with listening(replace(chair, members=roster(chair.members, shown)), hub) as server, turned_away:
        shows(other, server)
    lines = [record.getMessage() for record in caplog.records if record.name == "gridpact.market"]
    assert len(lines) == 1 and lines[0].startswith("refused ipv4:127.0.0.1:") and lines[0].endswith(why)
    assert not hub.heard


def test_the_roster_of_another_run(
    market: Path, server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Same people, same authority, yesterday's certificate."""
    yesterday = party(made(tmp_path / "yesterday", "yesterday", earlier=market), "village")
    today = replace(yesterday, members=read_place(market / "village").members)
    with pytest.raises(Refused, match="made for the run 'yesterday', and this is 'day'"):
        shows(today, server)
    assert "made for the run 'yesterday', and this is 'day'" in caplog.text
    with pytest.raises(Refused, match="is not the coordinator's of the roster"):
        shows(yesterday, server)


def test_a_certificate_that_expires_while_a_connection_lasts(market: Path, caplog: pytest.LogCaptureFixture) -> None:
    village, hub = party(market, "village"), Echo()
    with listening(read_place(market / "coordinator"), hub) as server:
        hub.then = lambda: setattr(server.door, "now", lambda: (NOW + 8 * DAY).timestamp())
        with pytest.raises(Refused, match="UNAUTHENTICATED: the certificate has expired"):
            asked(village, address(server), b"hello", b"hello again")
    assert hub.heard == [("village", b"hello")]
    assert "the certificate has expired" in caplog.text


COORDINATORS: dict[str, tuple[Credential, str]] = {
    "foreign authority": (
        lambda _: new_authority("day", NOW).credentials("day", "coordinator", "chair", NOW),
        "its certificate is signed by a foreign authority",
    ),
    "expired": (
        lambda authority: authority.credentials("day", "coordinator", "chair", NOW - DAY, hours=1.0),
        "its certificate has expired: ask for new folders",
    ),
    "not yet valid": (
        lambda authority: authority.credentials("day", "coordinator", "chair", NOW + DAY, hours=1.0),
        "its certificate is not yet valid: compare the clocks",
    ),
    "wrong host": (
        lambda authority: authority.credentials("day", "coordinator", "chair", NOW, hosts=("market.example.org",)),
        "its certificate is not for this address",
    ),
    "a party as the coordinator": (
        lambda authority: authority.credentials("day", "microgrid", "village", NOW, hosts=("127.0.0.1",)),
        "its certificate is that of a party",
    ),
    "self-signed": (
        lambda _: self_signed("coordinator", "chair", NOW),
        "its certificate is signed by itself",
    ),
    "another certificate": (
        lambda authority: authority.credentials("day", "coordinator", "chair", NOW),
        "is not the coordinator's of the roster",
    ),
}


@pytest.mark.parametrize("kind", COORDINATORS)
def test_at_the_party(kind: str, market: Path, authority: Authority) -> None:
    """A party says nothing to whoever is not the coordinator, and says what is wrong."""
    make, why = COORDINATORS[kind]
    chair, hub = read_place(market / "coordinator"), Echo()
    impostor = replace(chair, credentials=make(authority))
    with listening(impostor, hub) as server, pytest.raises(Refused, match=why):
        shows(party(market, "village"), server)
    assert not hub.heard


def test_grpc_trusts_the_one_certificate_that_was_seen(market: Path, authority: Authority) -> None:
    """Who takes the coordinator's place between two connections is refused, whatever the authority signed for it."""
    chair, hub = read_place(market / "coordinator"), Echo()
    twin = authority.credentials("day", "coordinator", "chair", NOW)
    own = party(market, "village").credentials
    with listening(replace(chair, credentials=twin), hub) as server:
        secure = grpc.ssl_channel_credentials(chair.credentials.certificate, own.key, own.certificate)
        refused = pytest.raises(grpc.RpcError, match="CERTIFICATE_VERIFY_FAILED")
        with grpc.secure_channel(address(server), secure) as channel, refused:
            said(channel, b"hello")
    assert not hub.heard


def test_connections_are_of_the_newest_tls(market: Path, server: Server) -> None:
    context = ssl.create_default_context(cadata=(market / "village" / "ca.pem").read_text())
    context.load_cert_chain(market / "village" / "tls.pem", market / "village" / "tls.key")
    plain = socket.create_connection(("127.0.0.1", server.port))
    with context.wrap_socket(plain, server_hostname="localhost") as line:
        assert line.version() == "TLSv1.3"
