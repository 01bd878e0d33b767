"""What both ends of a connection agree on: the method, the sizes, how long a call may wait, where one may listen."""

from __future__ import annotations

from gridpact.coordination.message import MOST_BYTES
from gridpact.errors import InputError, Issue

SERVICE, LINE = "gridpact.Market", "Line"
METHOD = f"/{SERVICE}/{LINE}"
MOST_CALL = MOST_BYTES + 2**16
NOTHING = b""
# Whoever waits for a reply is told so every HOLD_S; a coordinator that is silent for LATE_S more hangs.
HOLD_S, LATE_S = 5.0, 10.0
# All may be begun in any order, by people: how long they wait for each other at first.
JOIN_S = 600.0
KEEPALIVE_MS = 20_000
DEFAULT_ADDRESS = "127.0.0.1:47320"

Options = list[tuple[str, int]]


def server_options() -> Options:
    """Settings of the coordinator's end."""
    return [
        *_sizes(),
        ("grpc.so_reuseport", 0),
        ("grpc.max_concurrent_streams", 2),
        ("grpc.server_handshake_timeout_ms", 10_000),
        ("grpc.keepalive_time_ms", KEEPALIVE_MS),
        ("grpc.keepalive_timeout_ms", KEEPALIVE_MS // 2),
        ("grpc.http2.min_recv_ping_interval_without_data_ms", KEEPALIVE_MS // 2),
    ]


def party_options() -> Options:
    """Settings of a party's end: it dials again by itself, soon, and notices a coordinator that is gone."""
    return [
        *_sizes(),
        ("grpc.enable_retries", 0),
        ("grpc.use_local_subchannel_pool", 1),
        ("grpc.keepalive_time_ms", KEEPALIVE_MS),
        ("grpc.keepalive_timeout_ms", KEEPALIVE_MS // 2),
        ("grpc.min_reconnect_backoff_ms", 100),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 2_000),
    ]


def split(address: str) -> tuple[str, int]:
    """Host and port of an address; raises ``InputError``."""
    host, _, port = address.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    plain = bare and not (set(bare) & set("/[]@ ")) and (":" not in bare or host != bare)
    if not plain or not (port.isascii() and port.isdecimal()) or int(port) > 2**16 - 1:
        fix = "Give host:port, such as 127.0.0.1:47320, or [::1]:47320."
        raise InputError([Issue("this is no address", fix, value=address)])
    return bare, int(port)


def joined(host: str, port: int) -> str:
    """The address of a host and a port, as gRPC wants it."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _sizes() -> Options:
    return [("grpc.max_receive_message_length", MOST_CALL), ("grpc.max_send_message_length", MOST_CALL)]
