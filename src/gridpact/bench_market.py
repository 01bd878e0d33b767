"""How fast parties on machines of their own are: rounds over mutual TLS, signed, chained and written down.

    gridpact bench --market [--quick] [--repeat N] [-o benchmarks/market.md]

Every party has a process of its own, or shares one with others where there are many; all are on this machine. They
answer by a formula, and nothing else is left out: certificates, signatures of calls, records and witnesses, journals,
and an operator that is shown all answers. A round is a request to every party and the answers of all.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import resource
import socket
import ssl
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import grpc
import numpy as np

from gridpact.bench_page import written
from gridpact.coordination.apart.hub import Hub
from gridpact.coordination.apart.limits import limits_of
from gridpact.coordination.apart.seat import Seat
from gridpact.coordination.grpc.agent import converse
from gridpact.coordination.grpc.preside import preside
from gridpact.coordination.grpc.wire import METHOD
from gridpact.coordination.identity.folders import Place, make_folders, read_place
from gridpact.coordination.identity.members import COORDINATOR, MICROGRID, OPERATOR, Terms
from gridpact.coordination.kept.journal import Journal
from gridpact.coordination.message import Floats, Message, Quantity
from gridpact.coordination.party import (
    ANSWER,
    EXCHANGE,
    PRICE,
    PROPOSAL,
    TARGET,
    WEIGHT,
    Disclosure,
    HandlingParty,
)
from gridpact.coordination.transport import Transport

Tell = Callable[[str], None]
# Numbers of each quantity: a day in quarters of an hour; a request has three of them, an answer one.
SIZE = 96
WARM = 10
TERMS = Terms(deadline_s=60.0, bounds={EXCHANGE: 1e3, PRICE: 1e6})


@dataclass(frozen=True)
class Scene:
    """So many ``parties`` in so many ``processes``, ``rounds``, and who else is at the coordinator's port."""

    parties: int
    processes: int
    rounds: int
    idle: int = 0
    junk: int = 0


SCENES = {
    "4 parties": Scene(4, 4, 1000),
    "100 parties": Scene(100, 2, 100),
    "4 parties, 900 idle connections, 300 junk payloads": Scene(4, 4, 2000, 900, 300),
}
QUICK = {"4 parties": Scene(4, 4, 100), "4 parties, 50 idle connections, 20 junk payloads": Scene(4, 4, 200, 50, 20)}

ABOUT = (
    "`rounds/s`; `p50` and `p99` of the time of a round, ms; `memory` of the coordinator at most, MB; `coordinator` "
    "and `parties`: processor time of a round per party, µs; `idle`: connections without a call, open to the end; "
    "`junk`: payloads that came while rounds went on (bytes that are no TLS, TLS without HTTP, up to 2 MiB in calls of "
    "somebody who is not in the roster). Medians of runs, of `p99` the largest."
)


@dataclass(frozen=True)
class MarketBench:
    """Rows by scene; each maps names of figures to numbers."""

    rows: Mapping[str, Mapping[str, float]]
    machine: str
    repeat: int

    def markdown(self) -> str:
        from gridpact.bench_game import _table

        head = f"# Rounds of parties on machines of their own\n\n{self.repeat} runs each. {self.machine}."
        return "\n\n".join([head, ABOUT, _table(self.rows, "market")]) + "\n"

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("rows", "machine", "repeat")}

    def write(self, path: str | Path) -> tuple[Path, Path]:
        """The page at ``path`` and the figures beside it as JSON; both are overwritten."""
        return written(path, self.markdown(), self.as_dict())


def run_market_bench(*, quick: bool = False, repeat: int = 3, tell: Tell = print) -> MarketBench:
    """Measure; ``quick`` for four parties and few rounds only."""
    from gridpact.bench import _machine

    rows = {}
    for name, scene in (QUICK if quick else SCENES).items():
        rows[name] = _row([_measured(scene) for _ in range(repeat)])
        tell(f"{name}: {rows[name]}")
    return MarketBench(rows, _machine(), repeat)


def _row(runs: Sequence[Mapping[str, float]]) -> dict[str, float]:
    middle = {name: float(median(run[name] for run in runs)) for name in runs[0]}
    return {**middle, "p99": max(run["p99"] for run in runs)}


def _measured(scene: Scene) -> dict[str, float]:
    with TemporaryDirectory() as folder, ExitStack() as held:
        root, names = Path(folder) / "market", [f"p{number}" for number in range(scene.parties)]
        roles = {"coordinator": COORDINATOR, names[0]: OPERATOR, **dict.fromkeys(names[1:], MICROGRID)}
        make_folders(root, "bench", roles, TERMS)
        make_folders(Path(folder) / "other", "other", {**roles, "stranger": MICROGRID}, TERMS, earlier=root)
        address = f"127.0.0.1:{_free_port()}"
        # Never forked: gRPC does not survive that.
        pool = held.enter_context(ProcessPoolExecutor(scene.processes + 3, multiprocessing.get_context("spawn")))
        presiding = pool.submit(_preside, root, scene.rounds, address)
        idle = pool.submit(_idle, root, scene.idle, address)
        junk = pool.submit(_junk, Path(folder) / "other", root, scene.junk, address)
        shares = [names[first :: scene.processes] for first in range(scene.processes)]
        playing = [pool.submit(_play, root, share, address) for share in shares]
        spent, found = sum(one.result() for one in playing), presiding.result()
        each = 1e6 / (scene.parties * scene.rounds)
        return {
            **found,
            "coordinator": each * found["coordinator"],
            "parties": each * spent,
            "idle": idle.result(),
            "junk": junk.result(),
        }


def _preside(root: Path, rounds: int, address: str) -> dict[str, float]:
    """The coordinator's process."""
    place, times = read_place(root / "coordinator"), _Times(root / "over")
    limits = limits_of(
        TERMS, {one.name: (DISCLOSURE,) for one in place.members.parties}, frozenset(), {PROPOSAL: ANSWER}
    )
    with Journal.open(place.folder / "journal", place.signer, place.members.digest) as journal:
        hub = Hub(place.members, place.signer, journal, limits)
        preside(hub, place, address, lambda transport: _algorithm(transport, place, rounds, times), tell=lambda _: None)
    return {
        "rounds/s": rounds / sum(times.seconds),
        "p50": 1e3 * float(np.quantile(times.seconds, 0.5)),
        "p99": 1e3 * float(np.quantile(times.seconds, 0.99)),
        "memory": _peak_mb(),
        "coordinator": times.processor,
    }


def _peak_mb() -> float:
    """The most memory this process has taken. ``ru_maxrss`` would be that of the process it was made from, if more."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) / 1024.0


class _Times:
    """Seconds of each round after the first few, processor time of all of them; a file says when they are over."""

    def __init__(self, over: Path) -> None:
        self.seconds: list[float] = []
        self.over = over
        self._last = 0.0
        self._processor = 0.0

    def begin(self) -> None:
        self._last, self._processor = time.perf_counter(), time.process_time()

    def round(self) -> None:
        now = time.perf_counter()
        self.seconds.append(now - self._last)
        self._last = now

    def end(self) -> None:
        self.processor = time.process_time() - self._processor
        self.over.touch()


def _algorithm(transport: Transport, place: Place, rounds: int, times: _Times | None = None) -> bytes:
    """A price that follows what all exchange."""
    price = np.ones(SIZE)
    for number in range(WARM + rounds):
        if times is not None and number == WARM:
            times.begin()
        answers = transport.call_all([_proposal(place, one.name, number, price) for one in place.members.parties])
        price = price - 1e-3 * np.sum([answer[EXCHANGE] for answer in answers], axis=0)
        if times is not None and number >= WARM:
            times.round()
    if times is not None:
        times.end()
    return price.tobytes()


def _proposal(place: Place, name: str, number: int, price: Floats) -> Message:
    quantities = tuple(Quantity(quantity, "1", price) for quantity in (PRICE, TARGET, WEIGHT))
    return Message("bench", number, place.members.coordinator.name, name, PROPOSAL, quantities)


DISCLOSURE = Disclosure(ANSWER, EXCHANGE, "1", SIZE)


def _play(root: Path, names: Sequence[str], address: str) -> float:
    """The process of some parties: its processor time. They come when those who have nothing to say are there."""
    _until(root / "idle")
    times: dict[int, float] = {}
    asyncio.run(_together([_party(root / name, address, times) for name in names]))
    return times[max(times)] - times[WARM]


async def _together(parties: Sequence[Coroutine[Any, Any, None]]) -> None:
    await asyncio.gather(*parties)


async def _party(folder: Path, address: str, times: dict[int, float]) -> None:
    """``times``: of the processor at the first request of each round."""
    place = read_place(folder)

    def answer(message: Message) -> Message:
        times.setdefault(message.round, time.process_time())
        return message.reply(ANSWER, Quantity(EXCHANGE, "1", 1e-2 * message[PRICE]))

    party = HandlingParty(place.me.name, (DISCLOSURE,), {PROPOSAL: answer})
    with Journal.open(folder / "journal", place.signer, place.members.digest) as journal:
        seat = Seat(place.me.name, place.members, place.signer, party, journal, limits_of(TERMS), lambda *_: None)
        await converse(seat, place, address)


def _idle(root: Path, count: int, address: str) -> float:
    """Connections with a certificate that say nothing after they were made; how many are there at the end."""
    place = read_place(root / "p1")
    lines = [_line(place, address) for _ in range(count)]
    (root / "idle").touch()
    _until(root / "over")
    return float(sum(_is_open(line) for line in lines))


def _line(place: Place, address: str) -> ssl.SSLSocket:
    """A connection of HTTP/2, without a request."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=place.credentials.authority.decode())
    context.load_cert_chain(place.folder / "tls.pem", place.folder / "tls.key")
    context.set_alpn_protocols(["h2"])
    line = context.wrap_socket(_connected(address), server_hostname="127.0.0.1")
    line.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
    return line


def _is_open(line: ssl.SSLSocket) -> bool:
    """Whether the other end has not closed it; what it has said is read."""
    line.setblocking(False)
    try:
        while line.recv(4096):
            pass
    except ssl.SSLWantReadError:
        return True
    except OSError:
        return False
    return False


def _junk(other: Path, root: Path, count: int, address: str) -> float:
    """Payloads one after another while rounds go on; how many came before they were over."""
    _until(root / "coordinator" / "journal")
    stranger, choose = read_place(other / "stranger"), random.Random(1)  # noqa: S311 (junk that is the same every time)
    kinds = (_no_tls, _no_http, _no_member)
    _until(root / "p0" / "journal")
    for number in range(count):
        if (root / "over").exists():
            return float(number)
        kinds[number % len(kinds)](stranger, address, choose.randbytes(choose.choice([1, 1000, 100_000, 2**21])))
        time.sleep(0.005)
    return float(count)


def _no_tls(stranger: Place, address: str, data: bytes) -> None:
    with _connected(address) as one:
        _sent(one, data)


def _no_http(stranger: Place, address: str, data: bytes) -> None:
    with _line(stranger, address) as one:
        _sent(one, data)


def _no_member(stranger: Place, address: str, data: bytes) -> None:
    """The coordinator knows the authority of the certificate, and the certificate is in no roster of its run."""
    own = stranger.credentials
    secure = grpc.ssl_channel_credentials(own.authority, own.key, own.certificate)
    free = [("grpc.max_send_message_length", -1), ("grpc.use_local_subchannel_pool", 1)]
    with grpc.secure_channel(address, secure, free) as channel:
        line: grpc.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(METHOD, _as_is, _as_is)
        assert line(iter([data]), timeout=10.0).code() in (
            grpc.StatusCode.UNAUTHENTICATED,
            grpc.StatusCode.RESOURCE_EXHAUSTED,
        )


def _as_is(data: bytes) -> bytes:
    return data


def _sent(one: socket.socket, data: bytes) -> None:
    """As much of it as the other end takes."""
    try:
        one.sendall(data)
    except OSError:
        return


def _connected(address: str) -> socket.socket:
    """A connection to a coordinator that may yet have to begin."""
    host, _, port = address.rpartition(":")
    while True:
        try:
            return socket.create_connection((host, int(port)), 10.0)
        except ConnectionRefusedError:
            time.sleep(0.05)


def _until(path: Path) -> None:
    while not path.exists():
        time.sleep(0.01)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
