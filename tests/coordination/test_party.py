"""Parties and their doors: what is answered, what is refused, and what does not leave."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from gridpact.coordination.message import Message, MessageError, Quantity, decode
from gridpact.coordination.party import Disclosure, Door, HandlingParty, ProgramParty, UndeclaredError
from gridpact.errors import InfeasibleError

Floats = NDArray[np.float64]


@dataclass
class Halfway:
    """An agent that answers half of the target, and counts how often it was asked."""

    asked: int = 0

    def respond(self, price: Floats, target: Floats, weight: Floats) -> Floats:
        self.asked += 1
        return 0.5 * target


def proposal(turn: int = 0, size: int = 2, recipient: str = "mg1", sender: str = "network") -> Message:
    numbers = [Quantity(name, "1", np.arange(1.0, size + 1)) for name in ("price", "target", "weight")]
    return Message("day", turn, sender, recipient, "proposal", tuple(numbers))


def test_a_proposal_is_answered_by_the_agents_quantities() -> None:
    answer = ProgramParty("mg1", Halfway(), 2).receive(proposal())
    assert (answer.kind, answer.sender, answer.recipient) == ("answer", "mg1", "network")
    assert answer["exchange"].tolist() == [0.5, 1.0]
    assert answer.quantities[0].unit == "p.u."


def test_a_proposal_of_another_size_is_refused() -> None:
    with pytest.raises(MessageError, match="'mg1' has 2 coupling quantities; asked were 3, 3, 3"):
        ProgramParty("mg1", Halfway(), 2).receive(proposal(size=3))


def test_a_proposal_without_a_price_is_refused() -> None:
    sent = proposal()
    bare = Message(sent.run, 0, sent.sender, sent.recipient, sent.kind, sent.quantities[1:])
    with pytest.raises(MessageError, match="has no quantity 'price'"):
        ProgramParty("mg1", Halfway(), 2).receive(bare)


def test_kinds_can_be_added_and_unknown_ones_are_refused() -> None:
    party = ProgramParty("mg1", Halfway(), 2, {"ping": lambda message: message.reply("pong")})
    assert party.receive(Message("day", 0, "network", "mg1", "ping")).kind == "pong"
    with pytest.raises(MessageError, match=r"'mg1' does not answer messages 'cost\?'; it knows: ping, proposal"):
        party.receive(Message("day", 0, "network", "mg1", "cost?"))


LEAKS = {
    "another quantity": Quantity("cost", "p.u.", np.array([1.0, 2.0])),
    "more numbers": Quantity("exchange", "p.u.", np.array([1.0, 2.0, 3.0])),
    "fewer numbers": Quantity("exchange", "p.u.", np.array([1.0])),
    "another unit": Quantity("exchange", "MW", np.array([1.0, 2.0])),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_what_was_not_declared_does_not_leave(leak: str) -> None:
    declared = (Disclosure("answer", "exchange", "p.u.", 2),)
    party = HandlingParty("mg1", declared, {"proposal": lambda message: message.reply("answer", LEAKS[leak])})
    with pytest.raises(UndeclaredError, match="'mg1' has not declared to send"):
        Door(party).answer(proposal().encode())


def test_what_was_declared_leaves_in_its_own_kind_only() -> None:
    declared = (Disclosure("answer", "exchange", "p.u.", 2),)
    numbers = Quantity("exchange", "p.u.", np.array([1.0, 2.0]))
    party = HandlingParty("mg1", declared, {"proposal": lambda message: message.reply("gossip", numbers)})
    with pytest.raises(UndeclaredError, match="in a message 'gossip'"):
        Door(party).answer(proposal().encode())


def test_the_same_request_again_gets_the_same_bytes_without_asking_again() -> None:
    agent = Halfway()
    door = Door(ProgramParty("mg1", agent, 2))
    assert door.answer(proposal().encode()) == door.answer(proposal().encode())
    assert agent.asked == 1
    door.answer(proposal(turn=1).encode())
    assert agent.asked == 2


def test_another_request_under_the_same_key_and_an_old_round_are_refused() -> None:
    door = Door(ProgramParty("mg1", Halfway(), 2))
    door.answer(proposal(turn=5).encode())
    other = Message("day", 5, "network", "mg1", "proposal", proposal().quantities[::-1])
    for late in (other, proposal(turn=4)):
        with pytest.raises(MessageError, match=r"asked 'mg1' for round \d of 'day' after round 5 was answered"):
            door.answer(late.encode())
    assert decode(door.answer(proposal(turn=0, sender="mg2").encode())).recipient == "mg2"  # a key of its own


def test_a_message_to_somebody_else_is_refused() -> None:
    with pytest.raises(MessageError, match="A message to 'mg2' came to 'mg1'"):
        Door(ProgramParty("mg1", Halfway(), 2)).answer(proposal(recipient="mg2").encode())


@pytest.mark.parametrize(
    "answer",
    [
        Message("night", 0, "mg1", "network", "answer"),
        Message("day", 1, "mg1", "network", "answer"),
        Message("day", 0, "mg2", "network", "answer"),
        Message("day", 0, "mg1", "mg2", "answer"),
    ],
)
def test_an_answer_to_another_request_does_not_leave(answer: Message) -> None:
    party = HandlingParty("mg1", (), {"proposal": lambda message: answer})
    with pytest.raises(MessageError, match="An answer must be of run, round, sender and recipient"):
        Door(party).answer(proposal().encode())


@dataclass
class Moody:
    """Fails the first time."""

    moods: list[str] = field(default_factory=lambda: ["bad"])

    def respond(self, price: Floats, target: Floats, weight: Floats) -> Floats:
        if self.moods:
            raise InfeasibleError(self.moods.pop())
        return target


def test_a_request_that_failed_may_be_made_again() -> None:
    door = Door(ProgramParty("mg1", Moody(), 2))
    with pytest.raises(InfeasibleError):
        door.answer(proposal().encode())
    assert decode(door.answer(proposal().encode()))["exchange"].tolist() == [1.0, 2.0]


@pytest.mark.parametrize("wrong", [np.array([1.0, np.nan]), np.zeros((1, 2)), np.zeros(3)])
def test_an_agent_that_answers_nonsense_is_stopped_at_its_door(wrong: Floats) -> None:
    class Broken:
        def respond(self, price: Floats, target: Floats, weight: Floats) -> Floats:
            return wrong

    with pytest.raises(MessageError, match=r"not finite|row of float64|not declared"):
        Door(ProgramParty("mg1", Broken(), 2)).answer(proposal().encode())
