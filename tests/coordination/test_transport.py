"""The transport in one process: bytes only, everything in the ledger, and agents that do not know where they are."""

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from gridpact.coordination.admm import agree
from gridpact.coordination.ledger import Ledger
from gridpact.coordination.message import Message, MessageError, Quantity
from gridpact.coordination.party import Disclosure, HandlingParty, ProgramParty, UndeclaredError
from gridpact.coordination.transport import InProcess, Remote

Floats = NDArray[np.float64]


@dataclass
class Quadratic:
    """Cost curvature/2 (x - best)^2, which it keeps to itself."""

    curvature: float
    best: Floats

    def respond(self, price: Floats, target: Floats, weight: Floats) -> Floats:
        return (self.curvature * self.best - price + weight * target) / (self.curvature + weight)


@dataclass
class Echo:
    """Answers the target itself, the very object."""

    seen: Floats | None = None

    def respond(self, price: Floats, target: Floats, weight: Floats) -> Floats:
        self.seen = target
        return target


def test_parties_agree_through_messages_as_they_do_without() -> None:
    """To the last bit: numbers travel as they are."""
    agents = [Quadratic(2.0, np.array([1.0, 0.3])), Quadratic(6.0, np.array([5.0, 0.1]))]
    transport = InProcess([ProgramParty(f"mg{i}", agent, 2) for i, agent in enumerate(agents)])
    remotes = [Remote(transport, "day", "network", f"mg{i}") for i in range(2)]
    start = (np.zeros((2, 2)), np.zeros(2), np.ones(2), (1e-9, 1e-9))
    near, far = agree(agents, *start), agree(remotes, *start)
    assert far.answers.tobytes() == near.answers.tobytes()
    assert far.prices.tobytes() == near.prices.tobytes()
    assert far.quantity[0] == pytest.approx(4.0, abs=1e-8)  # (2 + 30) / 8
    assert len(transport.ledger) == 2 * 2 * far.rounds


def test_the_ledger_holds_the_declared_quantities_and_no_secret() -> None:
    secrets = [(2.718281828, np.array([1.2345, 0.3])), (6.283185307, np.array([5.4321, 0.1]))]
    transport = InProcess([ProgramParty(f"mg{i}", Quadratic(*secret), 2) for i, secret in enumerate(secrets)])
    remotes = [Remote(transport, "day", "network", f"mg{i}") for i in range(2)]
    agree(remotes, np.zeros((2, 2)), np.zeros(2), np.ones(2), (1e-6, 1e-6))
    sent = {(row["sender"], row["kind"], row["quantity"], row["unit"]) for row in transport.ledger.rows()}
    assert {row for row in sent if row[0] != "network"} == {(f"mg{i}", "answer", "exchange", "p.u.") for i in range(2)}
    assert not any(transport.ledger.contains(c) or transport.ledger.contains(best) for c, best in secrets)
    assert not any(transport.ledger.contains(number) for _, best in secrets for number in best)


def test_no_object_crosses() -> None:
    agent, target = Echo(), np.array([1.0, 2.0])
    remote = Remote(InProcess([ProgramParty("mg1", agent, 2)]), "day", "network", "mg1")
    answer = remote.respond(np.zeros(2), target, np.ones(2))
    assert agent.seen is not None and not np.shares_memory(agent.seen, target)
    assert not np.shares_memory(answer, agent.seen)
    assert answer.tolist() == [1.0, 2.0]


def test_answers_come_in_the_order_of_the_requests() -> None:
    transport = InProcess([ProgramParty(name, Echo(), 1) for name in "abc"])
    remotes = [Remote(transport, "day", "network", name) for name in "cab"]
    asked = [r.proposal(np.zeros(1), np.full(1, 1.0 + k), np.ones(1)) for k, r in enumerate(remotes)]
    answers = transport.call_all(asked)
    assert [a.sender for a in answers] == ["c", "a", "b"]
    assert [r.read(a).tolist() for r, a in zip(remotes, answers, strict=True)] == [[1.0], [2.0], [3.0]]
    assert [r.round for r in remotes] == [1, 1, 1]


def test_unknown_and_doubled_parties_are_named() -> None:
    transport = InProcess([ProgramParty("mg1", Echo(), 1)])
    with pytest.raises(MessageError, match="There is no party 'mg2'"):
        transport.call(Message("day", 0, "network", "mg2", "proposal"))
    with pytest.raises(MessageError, match="There is a party 'mg1' already"):
        transport.join(ProgramParty("mg1", Echo(), 1))


def test_a_message_that_cannot_travel_is_neither_sent_nor_recorded() -> None:
    agent, ledger = Echo(), Ledger()
    remote = Remote(InProcess([ProgramParty("mg1", agent, 1)], ledger), "day", "network", "mg1")
    with pytest.raises(MessageError, match="'target' of 'network' holds a number that is not finite"):
        remote.respond(np.zeros(1), np.array([np.nan]), np.ones(1))
    assert agent.seen is None and len(ledger) == 0


def test_a_party_may_write_to_another_only_what_it_declared() -> None:
    gift = Quantity("gift", "1", np.array([1.0]))
    giver = HandlingParty("giver", (Disclosure("present", "gift", "1", 1),), {})
    taker = HandlingParty("taker", (), {"present": lambda m: m.reply("thanks"), "gossip": lambda m: m.reply("oh")})
    transport = InProcess([giver, taker])
    assert transport.call(Message("day", 0, "giver", "taker", "present", (gift,))).kind == "thanks"
    with pytest.raises(UndeclaredError, match="'giver' has not declared to send 1 numbers 'gift' in '1'"):
        transport.call(Message("day", 1, "giver", "taker", "gossip", (gift,)))


def test_a_remote_refuses_an_answer_of_another_kind() -> None:
    party = HandlingParty("mg1", (), {"proposal": lambda message: message.reply("later")})
    with pytest.raises(MessageError, match="'mg1' answered a proposal by 'later'"):
        Remote(InProcess([party]), "day", "network", "mg1").respond(np.zeros(1), np.zeros(1), np.ones(1))


def test_every_message_and_every_answer_is_in_the_ledger() -> None:
    """100 parties, 20 rounds, three rows of 24 numbers."""
    transport = InProcess([ProgramParty(f"mg{i}", Echo(), 24) for i in range(100)])
    remotes = [Remote(transport, "day", "network", f"mg{i}") for i in range(100)]
    row = np.linspace(0.0, 1.0, 24)
    for _ in range(20):
        for remote in remotes:
            remote.respond(row, row, row)
    assert len(transport.ledger) == 4000
