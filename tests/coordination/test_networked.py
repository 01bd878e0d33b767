"""A market over mutual TLS on loopback: the same to the last bit, whoever comes first and whatever breaks."""

import signal
import socket
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import monotonic, sleep

import numpy as np
import pytest

from gridpact.coordination.apart.outcome import SignedOutcome
from gridpact.coordination.apart.states import Aborted
from gridpact.coordination.grpc.preside import preside
from gridpact.coordination.identity.folders import read_place
from gridpact.coordination.kept.journal import Journal, JournalError, Record
from gridpact.coordination.message import Floats
from gridpact.errors import Unreachable
from tests.coordination.calling import asked
from tests.coordination.made_market import TERMS, Quadratic, made
from tests.coordination.networked import Networked, Told, in_threads, networked, program


def parties(net: Networked, address: str, told: dict[str, Told]) -> list[Callable[[], SignedOutcome]]:
    return [partial(net.take_part, name, address, told[name]) for name in told]


def free_address() -> str:
    """An address at which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{one.getsockname()[1]}"


@pytest.mark.parametrize("cascading", [False, True])
def test_over_the_network_all_sign_what_they_would_in_one_process(cascading: bool, tmp_path: Path) -> None:
    net = networked(made(3, cascading=cascading), tmp_path / "market")
    chair, told = Told(), {name: Told() for name in net.market.names}
    with in_threads(partial(net.preside, chair)) as [presiding]:
        with in_threads(*parties(net, chair.address, told)) as playing:
            signed = presiding.result(60.0)
        assert signed.outcome.document == net.market.in_process()
        assert {one.result().encode(net.market.members) for one in playing} == {signed.encode(net.market.members)}
    signed.verify(read_place(net.root / "mg1").members)
    assert chair.lines[-1].startswith("coordinator: SIGNED, ")
    assert told["mg1"].lines[-1].startswith("mg1: SIGNED, ")


class Late(Quadratic):
    """Solves for longer than the deadline."""

    def respond(self, price: Floats, target: Floats, weight: Floats) -> Floats:
        sleep(2.5)
        return super().respond(price, target, weight)


def test_who_is_late_is_named_within_a_second_and_all_hear_of_it(tmp_path: Path) -> None:
    terms = replace(TERMS, deadline_s=0.5)
    net = networked(made(3, terms), tmp_path / "market")
    net.market.agents["mg2"] = Late(1.0, np.zeros(2))
    chair, told = Told(), {name: Told() for name in net.market.names}
    with in_threads(partial(net.preside, chair)) as [presiding]:
        address, began = chair.address, monotonic()
        with in_threads(*parties(net, address, told)) as playing:
            errors = [one.exception(10.0) for one in playing]
        took = monotonic() - began
        found = presiding.exception(10.0)
    assert isinstance(found, Aborted) and (found.ending.who, found.ending.why) == (
        "mg2",
        "no answer within the deadline",
    )
    assert [isinstance(error, Aborted) and error.ending for error in errors] == [found.ending] * 3
    assert 2.5 < took < 2.5 + 1.5  # mg2 hears of it when it has done solving
    iterating = next(line for line in chair.lines if "ABORTED" in line)
    assert float(iterating.split()[-2]) <= 0.5 + 1.0


def test_a_party_has_patience_for_a_coordinator_that_comes_later(tmp_path: Path) -> None:
    net = networked(made(3), tmp_path / "market")
    address, told = free_address(), {name: Told() for name in net.market.names}
    with in_threads(*parties(net, address, told)) as playing:
        sleep(0.5)
        signed = net.preside(Told(), address)
        assert {one.result(20.0).outcome.document for one in playing} == {signed.outcome.document}


def test_patience_ends_with_the_deadline_of_the_terms(tmp_path: Path) -> None:
    net = networked(made(3, replace(TERMS, deadline_s=0.4)), tmp_path / "market")
    began = monotonic()
    with pytest.raises(Unreachable, match=r"Connection refused.* the terms allow 0.4 s"):
        net.take_part("mg1", free_address(), Told())
    assert monotonic() - began > 0.4


def test_one_party_in_the_name_of_another(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Its certificate is in order; the name in its calls is not its own. After three strikes all is over."""
    net = networked(made(3), tmp_path / "market")
    chair, told = Told(), {name: Told() for name in ("operator", "mg2")}
    call = net.market.seat("mg2").first()
    with in_threads(partial(net.preside, chair)) as [presiding]:
        address = chair.address
        with in_threads(*parties(net, address, told)) as playing:
            asked(read_place(net.root / "mg1"), address, *[call or b""] * 3)
            errors = [one.exception(20.0) for one in playing]
        found = presiding.exception(20.0)
    why = "A call of 'mg2' in the run 'day' came from 'mg1'."
    assert isinstance(found, Aborted) and found.ending.who == "mg1" and found.ending.why.startswith(why)
    assert all(isinstance(error, Aborted) and error.ending == found.ending for error in errors)
    lines = [record.getMessage() for record in caplog.records if record.name == "gridpact.market"]
    assert [line for line in lines if why in line] == [
        f"refused a call of 'mg1': {why} (strike {number} of 3)" for number in (1, 2)
    ]


class Filling:
    """A journal on a disk that is full after so many records."""

    def __init__(self, journal: Journal, room: int) -> None:
        self.journal, self.room = journal, room

    @property
    def records(self) -> list[Record]:
        return self.journal.records

    def append(self, kind: str, payload: bytes, durable: bool = False) -> None:
        if self.room <= 0:
            raise JournalError("No space left on the device.")
        self.room -= 1
        self.journal.append(kind, payload, durable)


def test_a_coordinator_that_stopped_goes_on_where_it_was_with_the_same_parties(tmp_path: Path) -> None:
    """The disk fills up in the middle; after room was made the parties, who waited, never notice."""
    net = networked(made(3), tmp_path / "market")
    chair, told, address = (
        read_place(net.root / "coordinator"),
        {name: Told() for name in net.market.names},
        free_address(),
    )
    with in_threads(*parties(net, address, told)) as playing:
        with Journal.open(chair.folder / "journal", chair.signer, chair.members.digest) as journal:
            hub = net.market.hub(Filling(journal, 15))
            with pytest.raises(JournalError, match="No space left"):
                preside(hub, chair, address, net.market.algorithm, tell=Told())
        sleep(0.3)
        signed = net.preside(Told(), address)
        assert {one.result(20.0).outcome.document for one in playing} == {signed.outcome.document}
    assert signed.outcome.document == net.market.in_process()


def _again(
    one: subprocess.Popen[str], begin: Callable[..., subprocess.Popen[str]], *how: object
) -> subprocess.Popen[str]:
    """Begin a program again once it was killed."""
    assert one.wait(60.0) == -signal.SIGKILL
    one.communicate()
    return begin(*how)


@pytest.mark.campaign
def test_whoever_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    """Processes of their own; the coordinator and a party are killed after a record, and begun again."""
    net = networked(made(3), tmp_path / "market")
    killed = {"coordinator": "journal.append.after=kill@15", "mg1": "journal.append.after=kill@10"}
    address = free_address()
    running = {
        name: program(net.root, name, address, killed.get(name, "")) for name in ("coordinator", *net.market.names)
    }
    try:
        with ThreadPoolExecutor() as pool:  # each is begun again as soon as it is gone
            again = {name: pool.submit(_again, running[name], program, net.root, name, address) for name in killed}
            running |= {name: one.result() for name, one in again.items()}
        outputs = {name: one.communicate(timeout=60.0) for name, one in running.items()}
    finally:
        for one in running.values():
            one.kill()
    assert {name: one.returncode for name, one in running.items()} == dict.fromkeys(running, 0), outputs
    assert {output.strip() for output, _ in outputs.values()} == {net.market.in_process().decode()}
