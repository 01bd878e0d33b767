"""A small market played over mutual TLS: by threads of one process, or by processes of their own that may be killed."""

from __future__ import annotations

import os
import signal
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


class Played:
    """What the coordinator and each party ended with: their documents, or what they raised; lines that they told."""

    def __init__(
        self,
        folder: Path,
        join_s: float = 20.0,
        parties: tuple[str, ...] = PARTIES,
        linger_s: float = 5.0,
        **instead: Callable[[str], Any],
    ) -> None:
        self.times = {"join_s": join_s, "linger_s": linger_s}
        self.ended: dict[str, Any] = {}
        self.lines: list[str] = []
        self._port = threading.Event()
        self.address = ""
        coordinator = threading.Thread(target=self._coordinate, args=(folder,))
        coordinator.start()
        assert self._port.wait(30.0)
        roles = [threading.Thread(target=self._take_part, args=(folder, name, instead.get(name))) for name in parties]
        for one in roles:
            one.start()
        for one in [*roles, coordinator]:
            one.join(120.0)
            assert not one.is_alive()

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


def begun(folder: Path, name: str, address: str, *options: str) -> subprocess.Popen[str]:
    """A role in a process of its own."""
    role = "coordinator" if name == "coordinator" else "agent"
    command = [sys.executable, "-m", "gridpact", role, str(folder / name), "--address", address, *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ))


def played_with_kills(folder: Path, address: str, victim: str, moments: list[float]) -> dict[str, tuple[int, str, str]]:
    """Exit codes and texts of all; ``victim`` is killed at ``moments`` after it was begun, each time begun again."""
    running = {name: begun(folder, name, address) for name in ("coordinator", *PARTIES)}
    for moment in moments:
        time.sleep(moment)
        running[victim].send_signal(signal.SIGKILL)
        running[victim].communicate()
        running[victim] = begun(folder, victim, address)
    ended = {}
    for name, process in running.items():
        out, err = process.communicate(timeout=120.0)
        ended[name] = (process.returncode, out, err)
    return ended


def stopped(folder: Path, address: str, victim: str, moment: float) -> tuple[str, float]:
    """What the coordinator ends with where a party stands still ``moment`` s into the rounds, and how long after."""
    running = {name: begun(folder, name, address) for name in ("coordinator", *PARTIES)}
    coordinator = running.pop("coordinator")
    assert coordinator.stderr is not None
    for line in coordinator.stderr:
        if "ITERATING" in line:
            break
    time.sleep(moment)
    running[victim].send_signal(signal.SIGSTOP)
    since = time.monotonic()
    said = next((line for line in coordinator.stderr if "ABORTED" in line), "")
    late = time.monotonic() - since
    _, rest = coordinator.communicate(timeout=60.0)
    for one in running.values():
        one.kill()
        one.communicate()
    return said + rest, late
