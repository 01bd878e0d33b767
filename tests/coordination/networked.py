"""The small market over mutual TLS on loopback, its parties in threads."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event

from gridpact.coordination.apart.hub import Hub
from gridpact.coordination.apart.outcome import SignedOutcome
from gridpact.coordination.apart.seat import Seat
from gridpact.coordination.grpc.agent import take_part
from gridpact.coordination.grpc.preside import preside
from gridpact.coordination.identity.folders import folder_names, make_folders, read_place, read_roster
from gridpact.coordination.kept.journal import Journal
from tests.coordination.made_market import Made, made


@dataclass
class Told:
    """What a program says of itself; ``address`` waits for that of a coordinator."""

    lines: list[str] = field(default_factory=list)
    listening: Event = field(default_factory=Event)

    def __call__(self, line: str) -> None:
        self.lines.append(line)
        if "listening at" in line:
            self.listening.set()

    @property
    def address(self) -> str:
        assert self.listening.wait(20.0)
        found = re.search("listening at (.*)", "\n".join(self.lines))
        assert found is not None
        return found[1]


@dataclass(frozen=True)
class Networked:
    """A market with folders: each party has its own, and a journal in it."""

    market: Made
    root: Path

    def hub(self, held: ExitStack) -> Hub:
        place = read_place(self.root / "coordinator")
        journal = held.enter_context(Journal.open(place.folder / "journal", place.signer, place.members.digest))
        return self.market.hub(journal)

    def seat(self, name: str, held: ExitStack) -> Seat:
        place = read_place(self.root / name)
        journal = held.enter_context(Journal.open(place.folder / "journal", place.signer, place.members.digest))
        return self.market.seat(name, journal)

    def preside(self, told: Told, at: str = "127.0.0.1:0") -> SignedOutcome:
        """The coordinator's program."""
        with ExitStack() as held:
            place = read_place(self.root / "coordinator")
            return preside(self.hub(held), place, at, self.market.algorithm, tell=told)

    def take_part(self, name: str, address: str, told: Told) -> SignedOutcome:
        """A party's program."""
        with ExitStack() as held:
            return take_part(self.seat(name, held), read_place(self.root / name), address, told)


def networked(market: Made, root: Path) -> Networked:
    """The market with keys and certificates in new folders."""
    roles = {one.name: one.role for one in market.members.members}
    members = make_folders(root, market.members.run, roles, market.members.terms)
    signers = {name: read_place(root / folder).signer for name, folder in folder_names(members).items()}
    return Networked(replace(market, members=members, signers=signers), root)


def reopened(root: Path) -> Networked:
    """The market of folders that are there, for another process."""
    members = read_roster(root / "roster.json")
    signers = {name: read_place(root / folder).signer for name, folder in folder_names(members).items()}
    return Networked(replace(made(len(members.parties)), members=members, signers=signers), root)


def program(root: Path, name: str, address: str, failing: str = "") -> subprocess.Popen[str]:
    """A member's program in a process of its own; ``failing``: failpoints."""
    environment = {**os.environ, "GRIDPACT_FAILPOINTS": failing}
    command = [sys.executable, "-m", "tests.coordination.networked", str(root), name, address]
    project = Path(__file__).resolve().parents[2]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, env=environment, cwd=project, text=True, **pipes)


@contextmanager
def in_threads(*works: Callable[[], SignedOutcome]) -> Iterator[list[Future[SignedOutcome]]]:
    """Programs that run while this lasts."""
    with ThreadPoolExecutor(len(works)) as pool:
        yield [pool.submit(work) for work in works]


def _main(root: str, name: str, address: str) -> None:
    net, told = reopened(Path(root)), Told()
    signed = net.preside(told, address) if name == "coordinator" else net.take_part(name, address, told)
    print(signed.outcome.document.decode())


if __name__ == "__main__":
    _main(*sys.argv[1:])
