"""How far a market of several machines has come, and how it can end.

    DRAFT -> OPEN        the coordinator listens; a party has asked to join
    OPEN -> COMMITTED    all have signed the digests of their inputs and of the roster
    COMMITTED -> ITERATING -> CONVERGED    requests and answers, then a document that says what came of them
    CONVERGED -> VERIFIED -> SIGNED        it was checked, then signed by all
    FALLBACK             no agreement: what the terms say for that case is signed by all instead
    ABORTED              who and why; from any state that is not the end

Nothing is a result before all have signed it, in SIGNED or FALLBACK.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum

from gridpact.coordination.message import MessageError
from gridpact.errors import GridPactError


class State(StrEnum):
    """How far a market is."""

    DRAFT = "DRAFT"
    OPEN = "OPEN"
    COMMITTED = "COMMITTED"
    ITERATING = "ITERATING"
    CONVERGED = "CONVERGED"
    VERIFIED = "VERIFIED"
    SIGNED = "SIGNED"
    FALLBACK = "FALLBACK"
    ABORTED = "ABORTED"


# A market can end by an outcome without any request (nothing to trade), hence COMMITTED -> CONVERGED.
TRANSITIONS: dict[State, frozenset[State]] = {
    State.DRAFT: frozenset({State.OPEN, State.ABORTED}),
    State.OPEN: frozenset({State.COMMITTED, State.ABORTED}),
    State.COMMITTED: frozenset({State.ITERATING, State.CONVERGED, State.FALLBACK, State.ABORTED}),
    State.ITERATING: frozenset({State.CONVERGED, State.FALLBACK, State.ABORTED}),
    State.CONVERGED: frozenset({State.VERIFIED, State.ABORTED}),
    State.VERIFIED: frozenset({State.SIGNED, State.ABORTED}),
    State.FALLBACK: frozenset({State.ABORTED}),
    State.SIGNED: frozenset(),
    State.ABORTED: frozenset(),
}


def moved(before: State, after: State) -> State:
    """The state after; raises ``ValueError`` where the table does not lead there."""
    if after not in TRANSITIONS[before]:
        raise ValueError(f"A market does not go from {before} to {after}.")
    return after


@dataclass(frozen=True, slots=True)
class Ending:
    """Who ended a market without a result, and why."""

    who: str
    why: str

    def encode(self) -> bytes:
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":")).encode()


def read_ending(data: bytes) -> Ending:
    """The ending of its bytes; raises ``MessageError``."""
    try:
        ending = Ending(**json.loads(data))
    except (ValueError, TypeError, RecursionError):
        raise MessageError("Who ended the market and why cannot be read.") from None
    if not (isinstance(ending.who, str) and isinstance(ending.why, str)):
        raise MessageError("Who ended the market and why must be texts.")
    return ending


class Aborted(GridPactError):
    """A market of several machines ended without a result: ``ending`` says who and why."""

    exit_code = 5

    def __init__(self, ending: Ending) -> None:
        self.ending = ending
        super().__init__(f"The market was ended by {ending.who!r}: {ending.why}")

    def __reduce__(self) -> tuple[type[Aborted], tuple[Ending]]:
        return type(self), (self.ending,)
