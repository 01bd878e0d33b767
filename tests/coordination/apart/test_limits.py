"""Messages beyond their limits are refused, and refusing them changes nothing."""

from __future__ import annotations

import numpy as np
import pytest

from gridpact.coordination.apart.limits import Gate, LimitError, Limits, limits_of
from gridpact.coordination.identity.members import Terms
from gridpact.coordination.message import Message, MessageError, Quantity
from gridpact.coordination.party import Disclosure

LIMITS = Limits(
    bounds={"exchange": 2.0},
    rates={"exchange": 0.5},
    least_zero=frozenset({"capacity"}),
    declared={"mg1": (Disclosure("answer", "exchange", "p.u.", 2),)},
    answered_by={"proposal": "answer"},
)


def answer(*values: float, name: str = "exchange", unit: str = "p.u.", kind: str = "answer") -> Message:
    return Message("day", 1, "mg1", "coordinator", kind, (Quantity(name, unit, np.array(values)),))


def test_what_is_within_passes() -> None:
    gate = Gate(LIMITS)
    gate.check(answer(2.0, -2.0))
    gate.check(Message("day", 1, "mg1", "coordinator", "ready"))


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (answer(2.0, -2.1), "'exchange' of 'mg1' is 2.1, beyond its bound 2"),
        (answer(1e300, 0.0), "beyond its bound"),
        (answer(np.inf, 0.0), "is inf, beyond its bound"),
        (answer(np.nan, 0.0), "is nan, beyond its bound"),
        (answer(1.0), "'answer' of 'mg1' does not hold what was declared: 2 x exchange"),
        (answer(), "does not hold what was declared"),
        (answer(1.0, 1.0, unit="MW"), "does not hold what was declared"),
        (answer(1.0, 1.0, name="cost"), "does not hold what was declared"),
        (answer(1.0, 1.0, kind="report"), "does not hold what was declared: nothing"),
        (Message("day", 1, "mg1", "coordinator", "answer"), "does not hold what was declared"),
    ],
)
def test_what_is_beyond_is_refused_by_name(message: Message, why: str) -> None:
    with pytest.raises(LimitError, match=why):
        Gate(LIMITS).check(message)


def test_what_must_not_be_negative() -> None:
    gate = Gate(Limits(least_zero=frozenset({"capacity"})))
    gate.check(answer(0.0, 1.0, name="capacity"))
    for wrong in (-1e-300, np.nan):
        with pytest.raises(LimitError, match="'capacity' of 'mg1' must not be negative"):
            gate.check(answer(1.0, wrong, name="capacity"))


def test_changes_are_counted_from_what_was_let_pass() -> None:
    """From 0 to 0.5 is allowed, and 0.9 from there; 0.9 from 0 is not, and trying it changes nothing."""
    gate = Gate(LIMITS)
    gate.keep(answer(0.0, 0.0))
    with pytest.raises(LimitError, match=r"moved by 0\.9 at once; 0\.5 is allowed"):
        gate.check(answer(0.0, 0.9))
    gate.check(answer(0.0, 0.5))
    with pytest.raises(LimitError):
        gate.check(answer(0.0, 0.9))
    gate.keep(answer(0.0, 0.5))
    gate.check(answer(0.0, 0.9))


def test_a_row_of_another_length_is_no_small_change() -> None:
    gate = Gate(Limits(rates={"exchange": 0.5}))
    gate.keep(answer(0.0, 0.0))
    with pytest.raises(LimitError, match="changed its size"):
        gate.check(answer(0.0))


def test_answers_are_of_the_kind_that_was_asked_for() -> None:
    gate = Gate(LIMITS)
    request = Message("day", 1, "coordinator", "mg1", "proposal")
    gate.check_answer(answer(1.0, 1.0), request)
    with pytest.raises(LimitError, match="answered 'proposal' by 'fixed' instead of 'answer'"):
        gate.check_answer(answer(1.0, 1.0, kind="fixed"), request)
    with pytest.raises(MessageError, match="must be of run, round"):
        gate.check_answer(answer(1.0, 1.0), Message("day", 2, "coordinator", "mg1", "proposal"))


def test_terms_set_limits() -> None:
    found = limits_of(Terms(bounds={"a": 1.0}, rates={"b": 2.0}))
    assert (found.bounds, found.rates, found.declared) == ({"a": 1.0}, {"b": 2.0}, {})
