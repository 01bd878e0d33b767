"""A market on this machine for tests: folders, a coordinator that listens, and parties that show what they like."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import grpc
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from gridpact.coordination.grpc.agent import Line
from gridpact.coordination.grpc.door import Door
from gridpact.coordination.grpc.server import Server
from gridpact.coordination.grpc.wire import METHOD
from gridpact.coordination.identity.authority import Credentials, identity
from gridpact.coordination.identity.folders import Place, make_folders, read_place
from gridpact.coordination.identity.members import Terms

LOOPBACK = "127.0.0.1:0"
ROLES = {"chair": "coordinator", "network": "operator", "village": "microgrid", "mill": "microgrid"}


@dataclass
class Echo:
    """A hub that says who it takes the caller for, or what it ``says`` to certain calls; "fail" is too much for it.

    ``then`` happens on every call.
    """

    heard: list[tuple[str, bytes]] = field(default_factory=list)
    says: dict[bytes, bytes | None] = field(default_factory=dict)
    then: Callable[[], None] = lambda: None

    def receive(self, sender: str, data: bytes) -> bytes | None:
        self.heard.append((sender, data))
        if data == b"fail":
            raise OSError("the disk is full")
        self.then()
        return self.says.get(data, sender.encode())

    def listen(self, told: Callable[[], None]) -> None:
        self.tell = told


def made(root: Path, run: str = "day", earlier: Path | None = None) -> Path:
    """Folders of a market of two microgrids."""
    make_folders(root, run, ROLES, Terms(deadline_s=0.5), earlier=earlier)
    return root


@contextmanager
def listening(place: Place, hub: Echo, at: str = LOOPBACK) -> Iterator[Server]:
    """A coordinator that answers on loopback."""
    with Server(hub, place.credentials, Door(place.members), at) as server:
        yield server


def address(server: Server) -> str:
    return f"127.0.0.1:{server.port}"


def asked(place: Place, at: str, *calls: bytes, patience: float = 1.0) -> list[bytes]:
    """What a party is told on a line of its own."""

    async def ask() -> list[bytes]:
        async with Line(place, at, patience) as line:
            return [await line.ask(call) for call in calls]

    return asyncio.run(ask())


def said(channel: grpc.Channel, *calls: bytes) -> list[bytes]:
    """All that comes back for calls that are made without waiting for a reply; raises ``grpc.RpcError``."""
    line: grpc.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(METHOD)
    return list(line(iter(calls), timeout=20.0))


def dressed(place: Place, credentials: Credentials, folder: Path) -> Place:
    """A party that shows something else than what is its own, and trusts whom it trusted."""
    folder.mkdir()
    for name, data in (("tls.pem", credentials.certificate), ("tls.key", credentials.key)):
        (folder / name).write_bytes(data)
    return replace(place, credentials=replace(credentials, authority=place.credentials.authority), folder=folder)


def party(root: Path, name: str) -> Place:
    return read_place(root / name)


def self_signed(role: str, name: str, now: datetime) -> Credentials:
    """Whoever says of itself that it is a member of the market of that day."""
    key, subject = generate_private_key(SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(hours=1))
    names = [x509.UniformResourceIdentifier(identity("day", role, name)), x509.IPAddress(ip_address("127.0.0.1"))]
    builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
    own = builder.serial_number(1).sign(key, SHA256()).public_bytes(Encoding.PEM)
    return Credentials(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), own, own)
