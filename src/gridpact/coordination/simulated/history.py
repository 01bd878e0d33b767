"""What is simulated, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gridpact.coordination.apart.hub import Hub
from gridpact.coordination.apart.outcome import SignedOutcome
from gridpact.coordination.apart.seat import Seat
from gridpact.coordination.apart.states import Ending, State
from gridpact.coordination.kept.journal import Log
from gridpact.coordination.simulated.faults import Faults
from gridpact.coordination.transport import Transport


@dataclass(frozen=True)
class Setup:
    """How to make the hub and each seat from a journal; the algorithm, and the fallback."""

    hub: Callable[[Log], Hub]
    seats: Mapping[str, Callable[[Log], Seat]]
    algorithm: Callable[[Transport], bytes]
    fallback: bytes | None = None


@dataclass(eq=False)
class History:
    """State, outcome and ending of each by name, the coordinator among them; None where there is none.

    ``signed`` are digests of the outcomes that each party has signed, ``happened`` counts events by kind, ``seconds``
    are those of the simulated clock.
    """

    seed: int
    faults: Faults
    states: dict[str, State] = field(default_factory=dict)
    outcomes: dict[str, SignedOutcome | None] = field(default_factory=dict)
    endings: dict[str, Ending | None] = field(default_factory=dict)
    signed: dict[str, set[bytes]] = field(default_factory=dict)
    happened: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def end(self, name: str, one: Hub | Seat | None) -> None:
        """What has become of a process; of one that is down, it is unknown."""
        self.states[name] = State.DRAFT if one is None else one.state
        self.outcomes[name] = None if one is None else one.outcome
        if one is not None or name not in self.endings:
            self.endings[name] = None if one is None else one.ending
