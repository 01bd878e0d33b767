"""Histories of a small market, and what must hold of every one of them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial
from random import Random

import numpy as np

from gridpact.coordination.apart.states import State
from gridpact.coordination.simulated.faults import Faults
from gridpact.coordination.simulated.history import History, Setup
from gridpact.coordination.simulated.simulator import COORDINATOR, run
from tests.coordination.made_market import TERMS, Made, made, read_document

SHORT = replace(TERMS, deadline_s=10.0, fallback="no_deal")
NO_DEAL = b"no deal"


@cache
def market(parties: int, cascading: bool, converges: bool) -> Made:
    return made(parties, SHORT, cascading=cascading, most_rounds=200 if converges else 2)


@cache
def honest(parties: int, cascading: bool) -> bytes:
    """The document without a network."""
    return market(parties, cascading, True).in_process()


def setup(one: Made) -> Setup:
    seats = {name: partial(seat, one, name) for name in one.names}
    return Setup(one.hub, seats, one.algorithm, NO_DEAL)


def seat(one: Made, name: str, log: object) -> object:
    check = one.check(name)
    return one.seat(
        name, log, check_outcome=lambda data, fallback: None if fallback and data == NO_DEAL else check(data, False)
    )  # type: ignore[arg-type]


def drawn(seed: int) -> Faults:
    """Faults of all kinds, from none to far too many."""
    draw = Random(seed)  # noqa: S311
    loss = draw.choice([0.0, 0.05, 0.2, 0.5])
    return Faults(
        loss=loss,
        doubled=draw.choice([0.0, 0.1, 0.5]),
        delay_s=draw.choice([0.001, 0.01]),
        late=draw.choice([0.0, 0.05, 0.2]),
        late_s=draw.choice([0.1, 1.0]),
        cut_every_s=draw.choice([float("inf"), 0.3, 2.0]),
        cut_s=draw.choice([0.1, 1.0]),
        crash_every_s=draw.choice([float("inf"), 0.1, 0.5]),
        down_s=draw.choice([0.05, 0.3]),
        dying=draw.choice([0.0, 0.0, 0.01, 0.05]),
        full=draw.choice([0.0, 0.0, 0.02]),
        deaths=draw.choice([2, 6]),
        power=draw.choice([0.0, 0.0, 1.0]),
    )


def history(seed: int, faults: Faults | None = None) -> tuple[History, Made]:
    """The history of a seed, of a market drawn from it as well."""
    draw = Random(-seed)  # noqa: S311
    parties, cascading, converges = draw.choice([2, 3, 3, 3, 4]), draw.random() < 0.8, draw.random() < 0.9
    one = market(parties, cascading, converges)
    return run(setup(one), seed, drawn(seed) if faults is None else faults), one


def check(found: History, one: Made) -> None:
    """Nothing wrong is signed, nobody has another result than the others, and it ends in words."""
    outcomes = [outcome for outcome in found.outcomes.values() if outcome is not None]
    assert len({outcome.outcome.document for outcome in outcomes}) <= 1, "two results"
    assert len(set().union(*found.signed.values())) <= 1, "two outcomes were signed"
    for outcome in outcomes:
        outcome.verify(one.members)
        check_document(outcome.outcome.document, outcome.outcome.fallback, one)
    ended = {State.SIGNED, State.FALLBACK, State.ABORTED}
    state = found.states[COORDINATOR]
    assert state in ended, f"the coordinator ends {state}"
    assert (found.outcomes[COORDINATOR] is None) == (state is State.ABORTED)
    for name in one.names:
        assert found.outcomes[name] is not None or found.endings[name] is not None, f"{name} ends in no way"
        if found.outcomes[name] is not None:
            assert found.outcomes[COORDINATOR] is not None, "a party has a result, and the coordinator has none"


def check_document(document: bytes, fallback: bool, one: Made) -> None:
    """It is the result without a network, to the last bit: it balances, and payments sum to zero."""
    converges = one.most_rounds > 2
    assert fallback == (not converges)
    if fallback:
        assert document == NO_DEAL
        return
    assert document == honest(len(one.names), one.method.__name__ == "TargetCascading")
    known = read_document(document)
    assert np.abs(known["above"] - known["below"]).max() <= 1e-4
    assert np.abs(known["below"] - one.best).max() <= 1e-4
    assert abs(known["paid"].sum()) <= 1e-9
