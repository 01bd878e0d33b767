"""Owners on machines of their own come to the plan of those in one process, to the last bit, and say no more."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gridpact.coordination.apart.hub import Hub
from gridpact.coordination.apart.limits import LimitError
from gridpact.coordination.apart.outcome import SignedOutcome
from gridpact.coordination.apart.seat import DisagreementError, Seat
from gridpact.coordination.apart.states import State
from gridpact.coordination.derived_masks import DerivedMasks
from gridpact.coordination.grpc.agent import take_part
from gridpact.coordination.grpc.preside import preside
from gridpact.coordination.identity.folders import folder_names, make_folders, read_place
from gridpact.coordination.identity.members import COORDINATOR, MICROGRID, OPERATOR, Members, Terms
from gridpact.coordination.identity.own_keys import sealing_key
from gridpact.coordination.kept.journal import Journal, Log, MemoryLog
from gridpact.coordination.ledger import Ledger
from gridpact.coordination.message import Message, MessageError, Quantity
from gridpact.coordination.party import ANSWER, EXCHANGE, PRICE, PROPOSAL, TARGET, WEIGHT, Disclosure
from gridpact.coordination.secure_sum import MASK, SHARE_MASKS
from gridpact.coordination.simulated.faults import Faults
from gridpact.coordination.simulated.history import History, Setup
from gridpact.coordination.simulated.simulator import run
from gridpact.coordination.transport import Transport
from gridpact.planning.together import words as w
from gridpact.planning.together.apart import Apart, in_one_process
from gridpact.planning.together.declared import declared, plan_limits
from gridpact.planning.together.investor import Investor
from gridpact.planning.together.joint import Joint
from gridpact.planning.together.public import PublicPlan, public_plan
from gridpact.planning.together.search import searched_apart
from tests.coordination.networked import Told, in_threads
from tests.planning.together.conftest import game_of, joint_case, small_case

Floats = NDArray[np.float64]
GAP = 1e-6
# A batch takes as long as its slowest solver, on a machine that may be busy.
TERMS = Terms(deadline_s=300.0)
# Messages of owners among themselves, which masks that are derived have no need of.
SHARED = {SHARE_MASKS, "masks_shared", MASK, "mask_taken"}


class Overheard:
    """A transport, and all that crosses it."""

    def __init__(self, transport: Transport) -> None:
        self.transport, self.ledger = transport, Ledger()

    def call(self, message: Message) -> Message:
        return self.call_all([message])[0]

    def call_all(self, messages: Sequence[Message]) -> list[Message]:
        answers = self.transport.call_all(messages)
        for message in (*messages, *answers):
            self.ledger.record(message, message.encode())
        return answers


@dataclass(eq=False)
class Machines:
    """A joint plan whose owners have folders of their own; what they heard last, and what crossed."""

    joint: Joint
    root: Path
    scheme: str
    gap: float
    tolerance: float
    owners: dict[str, Investor] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)

    def __post_init__(self) -> None:
        *microgrids, operator = self.joint.owners.names
        roles = {COORDINATOR: COORDINATOR, operator: OPERATOR, **dict.fromkeys(microgrids, MICROGRID)}
        self.members: Members = make_folders(self.root, "plan", roles, TERMS)
        self.public: PublicPlan = public_plan(self.joint)
        self.limits = plan_limits(TERMS, self.public)
        names = folder_names(self.members)
        self.places = {name: read_place(self.root / folder) for name, folder in names.items()}

    @property
    def start(self) -> Floats:
        return np.zeros(self.public.candidates)

    def owner(self, name: str) -> Investor:
        """The party of an owner, begun anew."""
        number = self.joint.owners.names.index(name)
        key = sealing_key(self.places[name].signer)
        keys = {one.name: one.sealing for one in self.members.parties}
        masks = DerivedMasks(name, self.joint.owners.names, key, keys, market=self.members.digest.hex())
        begin = self.start[self.joint.owners.own(number)]
        self.owners[name] = Investor(self.joint.parties[number], number, begin, masks, GAP)
        return self.owners[name]

    def algorithm(self, transport: Transport) -> bytes:
        """The document: units, costs and the last prices of every day, to the last bit."""
        return document(self.public, self.overheard(transport), self)

    def overheard(self, transport: Transport) -> Overheard:
        heard = Overheard(transport)
        self.ledger = heard.ledger
        return heard

    def seat(self, name: str, log: Log) -> Seat:
        place, owner = self.places[name], self.owner(name)
        audit = self.repeated if place.me.role == OPERATOR else None
        return Seat(name, self.members, place.signer, owner, log, self.limits, self.agrees(name), audit)

    def repeated(self, transport: Transport) -> bytes:
        """What the operator, which is shown the answers of all, makes of them."""
        return document(self.public, transport, self)

    def hub(self, log: Log) -> Hub:
        return Hub(self.members, self.places[COORDINATOR].signer, log, self.limits)

    def agrees(self, name: str) -> Callable[[bytes, bool], None]:
        """An owner signs for units that it has tried."""
        own = self.joint.owners.own(self.joint.owners.names.index(name))

        def check(data: bytes, fallback: bool) -> None:
            units = np.array(json.loads(data)["units"])[own]
            if not any(np.array_equal(units, design) for design in self.owners[name].designs):
                raise DisagreementError(f"{name!r} has never tried to build that")

        return check

    def simulated(self, faults: Faults, seed: int = 1) -> History:
        seats = {name: partial(self.seat, name) for name in self.joint.owners.names}
        return run(Setup(self.hub, seats, self.algorithm), seed, faults)

    def over_tls(self) -> list[SignedOutcome]:
        """The coordinator, then all owners: each in a thread, with a journal of its own."""
        told = Told()
        works = [
            partial(self.presided, told),
            *(partial(self.took_part, name, told) for name in self.joint.owners.names),
        ]
        with in_threads(*works) as done:
            return [one.result() for one in done]

    def presided(self, told: Told) -> SignedOutcome:
        with ExitStack() as held:
            hub = self.hub(self.journal(COORDINATOR, held))
            return preside(hub, self.places[COORDINATOR], "127.0.0.1:0", self.algorithm, tell=told)

    def took_part(self, name: str, told: Told) -> SignedOutcome:
        with ExitStack() as held:
            seat = self.seat(name, self.journal(name, held))
            return take_part(seat, self.places[name], told.address, tell=lambda _: None)

    def journal(self, name: str, held: ExitStack) -> Journal:
        place = self.places[name]
        return held.enter_context(Journal.open(place.folder / "journal", place.signer, self.members.digest))


def document(public: PublicPlan, transport: Transport, how: Machines, derived: bool = True) -> bytes:
    at = Apart(public, transport, "atc", how.tolerance, derived=derived)
    found = searched_apart(at, how.start, how.scheme, how.gap, 3600.0, lambda _: None)
    costs = [found.cost, found.lower, *(move.cost for move in found.moves)]
    prices = [one.price.tobytes().hex() for one in at.last]
    return json.dumps(
        {"units": found.units.tolist(), "costs": [cost.hex() for cost in costs], "prices": prices}
    ).encode()


@dataclass(frozen=True)
class Known:
    """What the owners of one process come to: the document, every price that each heard, and what crossed."""

    document: bytes
    prices: dict[str, list[bytes]]
    rows: list[dict[str, str | int]]


def heard(owners: Mapping[str, Investor]) -> dict[str, list[bytes]]:
    """Every price by name, trade by trade and day by day."""
    return {name: [price.tobytes() for trade in one.prices for price in trade] for name, one in owners.items()}


@cache
def small() -> Joint:
    """A microgrid and the network on two days, where nothing is built yet."""
    return joint_case(small_case(microgrids=1, days=2))


@cache
def larger() -> Joint:
    return joint_case(small_case(days=2))


def known_of(machines: Machines) -> Known:
    """Masks are shared there, which takes messages among owners; all others are the same."""
    desk = in_one_process(machines.joint, machines.start, GAP, seed=0)
    told = document(machines.public, desk, machines, derived=False)
    owners = {name: door.party for name, door in desk._doors.items()}
    return Known(told, heard(owners), [row for row in desk.ledger.rows() if row["kind"] not in SHARED])


def the_same(machines: Machines, known: Known, outcomes: Sequence[SignedOutcome | None]) -> None:
    """All have signed the plan and heard the prices of one process, and said what is declared, as often as there."""
    for signed in outcomes:
        assert signed is not None
        signed.verify(machines.members)
        assert signed.outcome.document == known.document
    assert heard(machines.owners) == known.prices
    assert machines.ledger.rows() == known.rows
    said = declared(machines.public)
    for entry in machines.ledger.entries:
        if entry.sender in said and entry.quantity:
            assert Disclosure(entry.kind, entry.quantity, entry.unit, entry.count) in said[entry.sender]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("plan")


@pytest.fixture(scope="module")
def machines(folder: Path) -> Machines:
    return Machines(small(), folder / "small", "in_turn", 1e-2, 1e-4)


@pytest.fixture(scope="module")
def known(machines: Machines) -> Known:
    return known_of(machines)


def test_something_is_planned(known: Known, machines: Machines) -> None:
    """Owners have moved from where nothing is built, by trades of both days."""
    assert sum(json.loads(known.document)["units"]) > 0
    for owner, name in enumerate(machines.joint.owners.names):
        days = [8 * machines.public.places(day, owner).size for day in range(2)]
        assert [len(price) for price in known.prices[name]] == days * (len(known.prices[name]) // 2)
        assert len(set(known.prices[name])) >= 4


def test_each_day_is_traded_by_its_own_program(known: Known, machines: Machines) -> None:
    """The plan costs what one hand says of it, which knows the days apart."""
    told = json.loads(known.document)
    cost = game_of(machines.joint).cost(np.array(told["units"]))
    assert float.fromhex(told["costs"][0]) == pytest.approx(cost, rel=1e-4)


def test_over_the_simulated_network_it_is_the_same(machines: Machines, known: Known) -> None:
    found = machines.simulated(Faults())
    assert set(found.states.values()) == {State.SIGNED}
    the_same(machines, known, list(found.outcomes.values()))


def test_over_mutual_tls_it_is_the_same(machines: Machines, known: Known) -> None:
    the_same(machines, known, machines.over_tls())


@pytest.mark.campaign
@pytest.mark.parametrize("scheme", ["in_turn", "benders"])
def test_two_microgrids_and_the_network_plan_the_same_everywhere(scheme: str, tmp_path: Path) -> None:
    machines = Machines(larger(), tmp_path / "larger", scheme, 1e-4, 1e-5)
    known = known_of(machines)
    the_same(machines, known, list(machines.simulated(Faults()).outcomes.values()))
    the_same(machines, known, machines.over_tls())


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(3))
def test_losses_and_deaths_change_nothing(seed: int, machines: Machines, known: Known) -> None:
    """Who dies does everything again from its journal, the coordinator too."""
    faults = Faults(loss=0.1, doubled=0.1, late=0.1, crash_every_s=1.0, down_s=0.1, deaths=4)
    found = machines.simulated(faults, seed)
    assert set(found.states.values()) == {State.SIGNED}
    assert found.happened["party dies"] + found.happened["coordinator dies"] > 0
    for signed in found.outcomes.values():
        assert signed is not None and signed.outcome.document == known.document
    assert heard(machines.owners) == known.prices


def asked(machines: Machines, kind: str, *quantities: Quantity, run: str = "plan") -> Message:
    return Message(run, 0, COORDINATOR, machines.joint.owners.names[0], kind, quantities)


@pytest.mark.parametrize("day", ["plan", w.traded(0, 2), "trade 0 of day -1", "trade 0 of day 0 or so"])
def test_a_proposal_of_no_day_is_refused(day: str, machines: Machines) -> None:
    owner = machines.owner(machines.joint.owners.names[0])
    row = [Quantity(name, "1", np.zeros(24)) for name in (PRICE, TARGET, WEIGHT)]
    with pytest.raises(MessageError, match="a run of a day from 0 to 1"):
        owner.receive(asked(machines, PROPOSAL, *row, run=day))


@pytest.mark.parametrize(("kind", "quantity"), [(w.CAPACITY, w.UNITS), (w.HEAR, PRICE)])
def test_numbers_that_are_too_few_are_refused(kind: str, quantity: str, machines: Machines) -> None:
    owner = machines.owner(machines.joint.owners.names[0])
    with pytest.raises(MessageError, match="must be"):
        owner.receive(asked(machines, kind, Quantity(quantity, "1", np.zeros(1))))


@pytest.mark.parametrize("which", [0.0, -1.0, 0.5, np.nan, np.inf])
def test_prices_that_were_not_heard_have_no_value(which: float, machines: Machines) -> None:
    owner = machines.owner(machines.joint.owners.names[0])
    with pytest.raises(MessageError, match="has heard the prices of 0 trades"):
        owner.receive(asked(machines, w.VALUE, Quantity(w.WHICH, "1", np.array([which]))))


def test_the_hub_lets_nothing_else_pass(machines: Machines) -> None:
    """An answer of another kind, or with more in it than is declared, costs a strike before anybody hears it."""
    gate = machines.hub(MemoryLog()).tally.gate
    request = asked(machines, w.SUGGEST)
    gate.check_answer(request.reply(w.FLAG, Quantity(w.FLAG, "1", np.ones(1))), request)
    exchange = Quantity(EXCHANGE, "p.u.", np.zeros(24))
    wrong = [
        request.reply(w.REVEAL, Quantity(w.UNITS, "1", np.ones(2))),
        request.reply(w.FLAG, Quantity(w.FLAG, "1", np.ones(2))),
        request.reply(w.FLAG, Quantity(w.FLAG, "1", np.ones(1)), Quantity("cost", "currency", np.ones(1))),
        request.reply(ANSWER, exchange),
    ]
    for answer in wrong:
        with pytest.raises(LimitError):
            gate.check_answer(answer, request)
