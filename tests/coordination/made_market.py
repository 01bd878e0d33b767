"""A small market of several machines: quadratic parties, whose agreement and price are known in closed form.

    operator   c_0/2 |x - a_0|^2  over all quantities       microgrid k   c_k/2 |y_k - a_k|^2  over its own two
    agreement  x = y,  c_0 (x - a_0) = p = - c_k (y_k - a_k)    hence x = (c_0 a_0 + c_k a_k) / (c_0 + c_k)

Microgrid k pays p'y_k, the operator is paid that.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridpact.coordination.apart.hub import Hub
from gridpact.coordination.apart.limits import Limits, limits_of
from gridpact.coordination.apart.outcome import SignedOutcome
from gridpact.coordination.apart.seat import DisagreementError, Seat
from gridpact.coordination.apart.states import Aborted
from gridpact.coordination.atc import TargetCascading
from gridpact.coordination.cf_admm import ClosedFormConsensus
from gridpact.coordination.coordinate import Coordinated, Method, coordinate
from gridpact.coordination.identity.keys import Signer, signer_of
from gridpact.coordination.identity.members import COORDINATOR, MICROGRID, OPERATOR, Member, Members, Terms
from gridpact.coordination.kept.journal import Log, MemoryLog
from gridpact.coordination.message import Message
from gridpact.coordination.party import ANSWER, EXCHANGE, PROPOSAL, Disclosure, ProgramParty
from gridpact.coordination.roster import Roster, roster
from gridpact.coordination.transport import InProcess, Transport

Floats = NDArray[np.float64]
SIZE = 2
TOLERANCE = 1e-7
TERMS = Terms(
    deadline_s=30.0,
    bounds={"exchange": 100.0, "price": 1e4, "target": 100.0, "weight": 1e4},
    rates={"exchange": 100.0},
)


@dataclass
class Quadratic:
    """Cost curvature/2 |x - best|^2."""

    curvature: float
    best: Floats

    def respond(self, price: Floats, target: Floats, weight: Floats) -> Floats:
        return (self.curvature * self.best - price + weight * target) / (self.curvature + weight)


@dataclass(frozen=True, eq=False)
class Made:
    """A roster, the keys of all by name, and what each party decides on."""

    members: Members
    signers: dict[str, Signer]
    agents: dict[str, Quadratic]
    method: Callable[[Roster], Method] = ClosedFormConsensus
    most_rounds: int = 200

    @property
    def names(self) -> list[str]:
        return [member.name for member in self.members.parties]

    @property
    def limits(self) -> Limits:
        declared = {name: (Disclosure(ANSWER, EXCHANGE, "p.u.", len(self.agents[name].best)),) for name in self.names}
        return limits_of(self.members.terms, declared, frozenset({"weight"}), {PROPOSAL: ANSWER})

    @property
    def best(self) -> Floats:
        """The agreement in closed form."""
        above, *below = self.agents.values()
        c = np.repeat([agent.curvature for agent in below], SIZE)
        a = np.concatenate([agent.best for agent in below])
        return (above.curvature * above.best + c * a) / (above.curvature + c)

    def algorithm(self, transport: Transport) -> bytes:
        """The document: quantities, price and payments, to the last bit."""
        return document(self.coordinated(transport), self.names)

    def coordinated(self, transport: Transport) -> Coordinated:
        first, *others = self.names
        asked = roster(transport, "agreement", self.members.coordinator.name, first, others, [SIZE] * len(others))
        n = asked.total
        return coordinate(self.method(asked), np.zeros(n), np.zeros(n), np.ones(n), TOLERANCE, self.most_rounds)

    def in_process(self) -> bytes:
        """The document without a network."""
        return self.algorithm(InProcess(self.party(name) for name in self.names))

    def party(self, name: str) -> ProgramParty:
        return ProgramParty(name, self.agents[name], len(self.agents[name].best))

    def check(self, name: str) -> Callable[[bytes, bool], None]:
        """What a party does before it signs."""
        return lambda data, fallback: check(self, name, data)

    def hub(self, journal: Log | None = None) -> Hub:
        signer = self.signers[self.members.coordinator.name]
        return Hub(self.members, signer, MemoryLog() if journal is None else journal, self.limits)

    def seat(self, name: str, journal: Log | None = None, **more: Any) -> Seat:
        log = MemoryLog() if journal is None else journal
        audit = self.algorithm if name == "operator" else None
        known = {"check_outcome": self.check(name), "audit": audit, **more}
        return Seat(name, self.members, self.signers[name], self.party(name), log, self.coordinator_limits, **known)

    @property
    def coordinator_limits(self) -> Limits:
        """Those of requests."""
        return limits_of(self.members.terms, None, frozenset({"weight"}))


def document(found: Coordinated, names: list[str]) -> bytes:
    payments = [float(p @ y) for p, y in zip(np.split(found.price, len(names) - 1), pieces(found.below), strict=True)]
    paid = [-sum(payments), *payments]
    known = {"above": hexed(found.above), "below": hexed(found.below), "price": hexed(found.price), "paid": hexed(paid)}
    return json.dumps(known, sort_keys=True, separators=(",", ":")).encode()


def read_document(data: bytes) -> dict[str, Floats]:
    return {key: np.array([float.fromhex(value) for value in row]) for key, row in json.loads(data).items()}


def check(made: Made, name: str, data: bytes) -> None:
    """Balance, payments that sum to zero, and that nothing else would be better for the party at the price."""
    known, place = read_document(data), made.names.index(name)
    if not np.abs(known["above"] - known["below"]).max() <= 1e-4:
        raise DisagreementError("what is given is not what is taken")
    if not abs(known["paid"].sum()) <= 1e-9:
        raise DisagreementError("payments do not sum to zero")
    quantity = known["above"] if place == 0 else pieces(known["below"])[place - 1]
    price = -known["price"] if place == 0 else pieces(known["price"])[place - 1]
    agent = made.agents[name]
    slope = agent.curvature * (quantity - agent.best) + price
    if not float(slope @ slope) / (2 * agent.curvature) <= 1e-6:  # what the best reply at the price would save
        raise DisagreementError(f"another quantity is better for {name!r}")


def pieces(vector: Floats) -> list[Floats]:
    return np.split(vector, len(vector) // SIZE)


def hexed(values: Any) -> list[str]:
    return [float(value).hex() for value in values]


def made(parties: int = 4, terms: Terms = TERMS, run: str = "day", cascading: bool = False, **more: Any) -> Made:
    """A market of an operator and microgrids, the same for the same number of parties."""
    names = ["coordinator", "operator", *(f"mg{k}" for k in range(1, parties))]
    roles = [COORDINATOR, OPERATOR, *[MICROGRID] * (parties - 1)]
    signers = {name: signer_of(place.to_bytes(32, "little")) for place, name in enumerate(names)}
    members = tuple(
        Member(name, role, signers[name].public, f"{place:064x}")
        for place, (name, role) in enumerate(zip(names, roles, strict=True))
    )
    random = np.random.default_rng(parties)
    sizes = [SIZE * (parties - 1), *[SIZE] * (parties - 1)]
    agents = {
        name: Quadratic(float(random.uniform(1, 5)), random.uniform(-5, 5, size))
        for name, size in zip(names[1:], sizes, strict=True)
    }
    method = TargetCascading if cascading else ClosedFormConsensus
    return Made(Members(run, members, terms), signers, agents, method, **more)


class Stuck(BaseException):
    """Nobody has anything to say any more."""


class Pump:
    """A transport that carries calls between a hub and seats until a batch is answered; the clock stands still."""

    def __init__(self, hub: Hub, seats: dict[str, Seat]) -> None:
        self.hub, self.seats = hub, seats
        self.calls = {name: seat.first() for name, seat in seats.items()}

    def turn(self) -> None:
        """Carry all there is to carry."""
        moved = True
        while moved:
            moved = False
            for name, call in self.calls.items():
                reply = None if call is None else self.hub.receive(name, call, 0.0)
                if reply is not None:
                    self.calls[name] = self.step(name, reply)
                    moved = moved or self.calls[name] != call

    def step(self, name: str, reply: bytes) -> bytes | None:
        return self.seats[name].step(reply)

    def assemble(self) -> None:
        self.turn()

    def call(self, message: Message) -> Message:
        return self.call_all([message])[0]

    def call_all(self, messages: Sequence[Message]) -> list[Message]:
        self.hub.post(messages, 0.0)
        self.turn()
        answers = self.hub.answers()
        if answers is None:
            raise Stuck
        return answers

    def sign(self, document: bytes, fallback: bool = False) -> SignedOutcome:
        self.hub.finish(document, 0.0, fallback)
        self.turn()
        if self.hub.ending is not None:
            raise Aborted(self.hub.ending)
        if self.hub.outcome is None:
            raise Stuck
        return self.hub.outcome

    def abort(self, why: str) -> Aborted:
        self.hub.abort("coordinator", why)
        assert self.hub.ending is not None
        self.turn()
        return Aborted(self.hub.ending)


def pumped(market: Made, **seats: Seat) -> Pump:
    """A market with all its parties in one process."""
    return Pump(market.hub(), {name: seats.get(name) or market.seat(name) for name in market.names})
