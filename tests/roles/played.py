"""A small market played over mutual TLS: by threads of one process, or by processes of their own that may be killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gridpact as gp
from gridpact.coordination.identity.folders import read_place
from gridpact.coordination.identity.own_keys import sealing_key
from gridpact.coordination.transport import InProcess
from gridpact.io.folder import read_case
from gridpact.markets.trade.apart.desks import party_of
from gridpact.markets.trade.apart.public import from_terms
from gridpact.markets.trade.apart.whole import traded_apart
from tests.markets.trade.small import two_makers

FEES = {"operator": "grid", "grid_fee_per_mwh": 4.0, "pair_fee_per_mwh": 2.0}
PARTIES = ("grid", "a", "b")


def convened(folder: Path, **settings: Any) -> Path:
    """Folders of a market of two makers and their network."""
    gp.convene_market(two_makers(network_operator=[FEES]), folder, **{"deadline_s": 20.0, **settings})
    return folder


def in_process(folder: Path) -> bytes:
    """The document of the same parties in one process."""
    places = [read_place(folder / name) for name in PARTIES]
    public = from_terms(places[0].members.terms.market)
    keys = {one.name: one.sealing for one in places[0].members.parties}
    parties = [
        party_of(one.me.name, read_case(one.folder / "case"), public, sealing_key(one.signer), keys) for one in places
    ]
    return traded_apart(public, InProcess(parties))


class Playing:
    """Roles of a market in threads: those of ``roles``; others may join from elsewhere, at ``address``.

    ``ended`` has what each ended with: its document, or what it raised; ``lines`` are those that all have told.
    """

    def __init__(
        self,
        folder: Path,
        roles: tuple[str, ...] = ("coordinator", *PARTIES),
        address: str = "",
        join_s: float = 60.0,
        linger_s: float = 5.0,
        **instead: Callable[[str], Any],
    ) -> None:
        self.times = {"join_s": join_s, "linger_s": linger_s}
        self.ended: dict[str, Any] = {}
        self.lines: list[str] = []
        self._port = threading.Event()
        self.address = address
        self._threads = []
        if "coordinator" in roles:
            self._begin(self._coordinate, folder)
            assert self._port.wait(30.0)
        for name in roles:
            if name != "coordinator":
                self._begin(self._take_part, folder, name, instead.get(name))

    def says(self, state: str) -> bool:
        """Whether the coordinator has told of a state."""
        return any(line.startswith(f"coordinator: {state}") for line in self.lines)

    def finish(self) -> Playing:
        """Wait until all roles have come to their end."""
        for one in self._threads:
            one.join(120.0)
            assert not one.is_alive()
        return self

    def _begin(self, role: Callable[..., None], *arguments: Any) -> None:
        self._threads.append(threading.Thread(target=role, args=arguments, daemon=True))
        self._threads[-1].start()

    def _coordinate(self, folder: Path) -> None:
        usual: dict[str, Any] = {"address": "127.0.0.1:0", **self.times, "tell": self._tell}
        self._try("coordinator", lambda: gp.coordinate_market(folder / "coordinator", **usual))

    def _take_part(self, folder: Path, name: str, instead: Callable[[str], Any] | None) -> None:
        usual = lambda address: gp.take_part_in_market(folder / name, address=address, tell=self._tell)  # noqa: E731
        self._try(name, lambda: (instead or usual)(self.address))

    def _try(self, name: str, role: Callable[[], Any]) -> None:
        try:
            self.ended[name] = role()
        except gp.GridPactError as error:
            self.ended[name] = error
        finally:
            self._port.set()

    def _tell(self, line: str) -> None:
        self.lines.append(line)
        if "listening at" in line:
            self.address = line.split()[-1]
            self._port.set()


def played(folder: Path, parties: tuple[str, ...] = PARTIES, **more: Any) -> Playing:
    """A market whose coordinator and parties are threads of this process, at its end."""
    return Playing(folder, ("coordinator", *parties), **more).finish()


def begun(folder: Path, name: str, address: str, *options: str) -> subprocess.Popen[str]:
    """A role in a process of its own."""
    role = "coordinator" if name == "coordinator" else "agent"
    command = [sys.executable, "-m", "gridpact", role, str(folder / name), "--address", address, *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ))


def with_one_apart(folder: Path, victim: str, **more: Any) -> tuple[Playing, str]:
    """All roles but one in threads, which wait for it at the address."""
    others = tuple(name for name in ("coordinator", *PARTIES) if name != victim)
    playing = Playing(folder, others, f"127.0.0.1:{free_port()}", **more)
    return playing, playing.address


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def played_with_kills(folder: Path, victim: str, moments: list[float]) -> dict[str, Any]:
    """What all ended with; ``victim``, a process, is killed at ``moments`` after it was begun, and begun again."""
    playing, address = with_one_apart(folder, victim, linger_s=60.0)
    process = begun(folder, victim, address)
    for moment in moments:
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        process = begun(folder, victim, address)
    told = process.communicate(timeout=120.0)
    playing.finish()
    return {**playing.ended, victim: {"deal": process.returncode == 0, "told": told}}


def stopped(folder: Path, victim: str, size: float) -> tuple[str, float] | None:
    """What the coordinator ends with where a party stands still with so many bytes of journal, and how long after.

    None where all had signed before that.
    """
    playing, address = with_one_apart(folder, victim, linger_s=0.5)
    process, journal = begun(folder, victim, address), folder / victim / "journal"
    try:
        while process.poll() is None and not (journal.exists() and journal.stat().st_size >= size):
            time.sleep(0.001)
        process.send_signal(signal.SIGSTOP)
        since = time.monotonic()
        while not playing.says("ABORTED"):
            if playing.says("SIGNED"):
                return None
            assert time.monotonic() - since < 60.0
            time.sleep(0.01)
        late = time.monotonic() - since
        return str(playing.finish().ended["coordinator"]), late
    finally:
        process.kill()
        process.communicate()
        playing.finish()
