"""Histories in which everything goes wrong: nothing wrong is ever signed, and every one ends in words."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial
from itertools import count

import pytest

from gridpact.coordination.apart.seat import Seat
from gridpact.coordination.apart.states import State
from gridpact.coordination.kept.journal import Log, MemoryLog
from gridpact.coordination.simulated.faults import Faults, FragileLog
from gridpact.coordination.simulated.history import History, Setup
from gridpact.coordination.simulated.simulator import COORDINATOR, run
from gridpact.coordination.transport import Transport
from tests.coordination.histories import check, drawn, history, honest, market, setup
from tests.coordination.made_market import Made

SAMPLE, ALL = 60, 10_000


def test_without_faults_all_sign_what_follows_in_one_process() -> None:
    for parties, cascading in ((3, True), (4, False)):
        one = market(parties, cascading, True)
        found = run(setup(one), 1, Faults())
        check(found, one)
        assert set(found.states.values()) == {State.SIGNED}
        outcome = found.outcomes[COORDINATOR]
        assert outcome is not None and outcome.outcome.document == honest(parties, cascading)
        assert found.happened["lost"] == found.happened["party dies"] == 0


@pytest.mark.parametrize("seed", range(SAMPLE))
def test_no_history_breaks_a_rule(seed: int) -> None:
    check(*history(seed))


@pytest.mark.campaign
def test_no_history_of_ten_thousand_breaks_a_rule() -> None:
    ends: Counter[State] = Counter()
    for seed in range(ALL):
        found, one = history(seed)
        try:
            check(found, one)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        ends[found.states[COORDINATOR]] += 1
    assert min(ends[end] for end in (State.SIGNED, State.ABORTED, State.FALLBACK)) > ALL / 100


def summary(found: History) -> object:
    return found.happened, found.seconds, found.states, found.endings, found.signed


def test_a_seed_is_one_history() -> None:
    for seed in range(4):
        assert summary(history(seed)[0]) == summary(history(seed)[0])
    assert len({history(seed)[0].seconds for seed in range(4)}) == 4


@pytest.mark.parametrize("loss", [0.05, 0.2, 0.5])
def test_losses_and_staleness_change_nothing(loss: float) -> None:
    """A round takes about 30 ms at best; messages come up to a second late, which is 30 rounds."""
    faults = Faults(loss=loss, doubled=0.2, late=0.2, late_s=1.0)
    for seed in range(8):
        found, one = history(seed, faults)
        check(found, one)
        assert found.states[COORDINATOR] in (State.SIGNED, State.FALLBACK)
        assert found.happened["lost"] > 0


def test_deaths_alone_change_nothing() -> None:
    """Without power failures nothing that was written is lost, and whoever comes back goes on."""
    dead: Counter[str] = Counter()
    for seed in range(15):
        found, one = history(seed, Faults(crash_every_s=0.1, down_s=0.05, dying=0.02, full=0.01, deaths=8))
        check(found, one)
        assert found.states[COORDINATOR] in (State.SIGNED, State.FALLBACK)
        dead += found.happened
    for kind in ("coordinator dies", "party dies", "coordinator's disk is full", "party's disk is full"):
        assert dead[kind] > 0


def test_who_stays_away_is_named() -> None:
    """Nobody can be reached from soon after the beginning: all are late."""
    found, one = history(3, Faults(cut_every_s=0.05, cut_s=1e4))
    check(found, one)
    ending = found.endings[COORDINATOR]
    assert ending is not None and ending.why == "no answer within the deadline"
    assert set(ending.who.split(", ")) <= set(one.names)
    assert found.seconds < 10_000


def test_faults_of_all_kinds_are_drawn() -> None:
    drawn_ones = [drawn(seed) for seed in range(SAMPLE)]
    for name in ("loss", "doubled", "late", "dying", "full", "power"):
        assert 0 < sum(getattr(faults, name) > 0.0 for faults in drawn_ones) < SAMPLE
    for name in ("cut_every_s", "crash_every_s"):
        assert 0 < sum(getattr(faults, name) < 1e9 for faults in drawn_ones) < SAMPLE


def fickle(one_setup: Setup) -> Setup:
    """An algorithm that comes to something else in every life of the coordinator."""
    lives = count()

    def algorithm(transport: Transport) -> bytes:
        one_setup.algorithm(transport)
        return f"result {next(lives)}".encode()

    return replace(one_setup, algorithm=algorithm)


def fickle_histories() -> list[History]:
    one = market(3, True, True)
    seats = {name: partial(agreeing, one, name) for name in one.names}
    faults = Faults(crash_every_s=0.1, down_s=0.05, power=1.0, deaths=6)
    return [run(fickle(replace(setup(one), seats=seats)), seed, faults) for seed in range(60)]


def agreeing(one: Made, name: str, log: Log) -> Seat:
    """A party that agrees with everything."""
    return one.seat(name, log, audit=None, check_outcome=lambda *_: None)


def signed(found: History) -> set[bytes]:
    """The outcomes that were signed by anybody."""
    return set().union(*found.signed.values())


def test_an_algorithm_that_changes_its_mind_never_gets_two_signatures() -> None:
    for found in fickle_histories():
        assert len(signed(found)) <= 1


def test_that_is_because_outcome_and_signature_are_made_to_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """With journals that forget them when the power fails, two outcomes are signed: the rule can be broken."""

    def append(self: FragileLog, kind: str, payload: bytes, durable: bool = False) -> None:
        MemoryLog.append(self, kind, payload)

    monkeypatch.setattr(FragileLog, "append", append)
    assert max(len(signed(found)) for found in fickle_histories()) > 1
