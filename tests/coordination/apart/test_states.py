"""States follow each other as the table says, and an ending names who and why."""

import copy

import pytest

from gridpact.coordination.apart.states import TRANSITIONS, Aborted, Ending, State, moved, read_ending
from gridpact.coordination.message import MessageError

WAY = [State.DRAFT, State.OPEN, State.COMMITTED, State.ITERATING, State.CONVERGED, State.VERIFIED, State.SIGNED]


def test_the_way_to_a_signed_outcome() -> None:
    state = WAY[0]
    for after in WAY[1:]:
        state = moved(state, after)
    assert state is State.SIGNED


def test_there_is_no_other_way_to_a_signed_outcome() -> None:
    assert [state for state in State if State.SIGNED in TRANSITIONS[state]] == [State.VERIFIED]
    assert [state for state in State if State.VERIFIED in TRANSITIONS[state]] == [State.CONVERGED]


def test_ends_are_ends_and_all_else_can_be_aborted() -> None:
    assert TRANSITIONS[State.SIGNED] == TRANSITIONS[State.ABORTED] == frozenset()
    for state in set(State) - {State.SIGNED, State.ABORTED}:
        assert moved(state, State.ABORTED) is State.ABORTED


@pytest.mark.parametrize(("before", "after"), [("OPEN", "SIGNED"), ("ITERATING", "OPEN"), ("ABORTED", "SIGNED")])
def test_other_steps_are_refused(before: str, after: str) -> None:
    with pytest.raises(ValueError, match=f"does not go from {before} to {after}"):
        moved(State(before), State(after))


def test_an_ending_is_read_as_it_was_written() -> None:
    ending = Ending("mg1", 'it said "no"\n')
    assert read_ending(ending.encode()) == ending
    for wrong in (b"", b"[]", b"{}", b'{"who": 1, "why": "x"}', b"[" * 10**5, b'{"who": "a", "why": "b", "c": 1}'):
        with pytest.raises(MessageError):
            read_ending(wrong)
    error = Aborted(ending)
    assert copy.copy(error).ending == ending and error.exit_code == 5
