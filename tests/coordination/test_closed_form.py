"""A party's update in closed form answers as a solver does: microgrids, a network of branch flows, heat with states."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest
from numpy.typing import NDArray

import gridpact as gp
from gridpact import examples
from gridpact.coordination.admm import agree
from gridpact.coordination.closed_form import ClosedFormAgent
from gridpact.errors import InfeasibleError, NotConverged
from gridpact.examples.synthetic_microgrids import synthetic_microgrids
from gridpact.markets.trade.market import TradeMarket, trade_market
from gridpact.markets.trade.programs import PartyProgram, microgrid_program, operator_program
from gridpact.programs.blocks import blocks
from gridpact.programs.conic import residual
from gridpact.programs.in_blocks import InBlocks
from gridpact.programs.standard_form import StandardForm

Floats = NDArray[np.float64]
Proposal = tuple[Floats, Floats, Floats]
# Penalty on a difference, per unit, in prices: what ``agree`` begins with.
PENALTY = 0.2
# Gap asked of the solver. At its usual one of 1e-11, relative, flat optima are known to some 1e-5 only.
TIGHT = 1e-13


@cache
def programs(name: str) -> tuple[TradeMarket, PartyProgram, list[PartyProgram]]:
    """The operator's program and those of the microgrids; of an example, or of a number of synthetic microgrids."""
    folder = Path(examples.__file__).parent / name / "case"
    market = trade_market(gp.read_case(folder) if folder.is_dir() else synthetic_microgrids(int(name)))
    below = [microgrid_program(part, market.base, market.dynamics) for part in market.parts]
    return market, operator_program(market, [one.reactive for one in below]), below


def proposals(market: TradeMarket, size: int, sign: float, count: int = 6) -> list[Proposal]:
    """Prices and targets of an agreement that settles: each round moves less than the one before."""
    random = np.random.default_rng(1)
    hourly = market.transmission_price[0] * market.money
    price = sign * np.tile(hourly, size // hourly.size)
    weight = np.full(size, PENALTY * float(np.abs(price).max()))
    target = 0.05 * random.normal(size=size)
    noise = [0.3**k * random.normal(size=(2, size)) for k in range(count)]
    return [(price * (1.0 + 0.1 * one), target + 0.05 * other, weight) for one, other in noise]


def by_solver(program: PartyProgram, proposal: Proposal) -> tuple[StandardForm, Floats]:
    """The program as it was asked, and a solver's answer."""
    price, target, weight = proposal
    q = program.form.q.copy()
    q[program.columns] += price - weight * target
    form = program.form.with_squares(program.columns, weight).with_q(q)
    return form, InBlocks(form, TIGHT).point(form.q)[0][program.columns]


def distances(program: PartyProgram, agent: ClosedFormAgent, asked: list[Proposal]) -> list[float]:
    """How far the agent's answers are from the solver's; its optimum's residuals and gap prove it besides."""
    away = []
    for proposal in asked:
        answer = agent.respond(*proposal)
        form, wanted = by_solver(program, proposal)
        assert agent.solved is not None
        assert residual(form, *agent.solved) <= 1e-8
        away.append(float(np.abs(answer - wanted).max()))
    return away


@pytest.mark.parametrize("name", ["3", "three-microgrids"])
def test_microgrids_answer_as_by_solver(name: str) -> None:
    """Storage, quadratic generator, PV or wind, loads over 24 hours; one of the example has heat and CHP."""
    market, _, below = programs(name)
    for program in below:
        agent = ClosedFormAgent(program.form, program.columns)
        assert max(distances(program, agent, proposals(market, program.columns.size, -1.0))) <= 1e-6


def test_the_network_answers_as_by_solver() -> None:
    """33 nodes, 24 hours of branch flows: 768 cones."""
    market, above, _ = programs("3")
    agent = ClosedFormAgent(above.form, above.columns)
    assert max(distances(above, agent, proposals(market, above.columns.size, 1.0, 4))) <= 1e-6


def test_a_network_whose_hours_hang_together_answers_as_by_solver() -> None:
    """With a battery of its own the operator's program does not fall into hours."""
    case = synthetic_microgrids(3)
    batteries = case.tables["storages"].assign(bus=["18", *case.tables["storages"]["bus"][1:]])
    market = trade_market(replace(case, tables={**case.tables, "storages": batteries}))
    parts = [microgrid_program(part, market.base, market.dynamics) for part in market.parts]
    above = operator_program(market, [one.reactive for one in parts])
    assert len(blocks(above.form)) == 1
    agent = ClosedFormAgent(above.form, above.columns)
    assert max(distances(above, agent, proposals(market, above.columns.size, 1.0, 4))) <= 1e-6


def test_a_call_that_is_near_the_last_takes_fewer_steps() -> None:
    market, above, below = programs("3")
    for program, sign in ((above, 1.0), (below[0], -1.0)):
        agent, steps = ClosedFormAgent(program.form, program.columns), []
        for proposal in proposals(market, program.columns.size, sign):
            agent.respond(*proposal)
            steps.append(agent.steps)
        assert steps[-1] < 0.6 * steps[0]
        assert steps[-1] <= 60


def test_another_weight_keeps_the_point_and_changes_the_answer() -> None:
    market, _, below = programs("3")
    program = below[0]
    agent = ClosedFormAgent(program.form, program.columns)
    price, target, weight = proposals(market, program.columns.size, -1.0)[0]
    assert max(distances(program, agent, [(price, target, share * weight) for share in (1.0, 2.0, 0.3, 1.0)])) <= 1e-6


@dataclass
class Watched:
    """An agent in closed form, and how far its answers are from the solver's."""

    program: PartyProgram
    agent: ClosedFormAgent
    away: list[float] = field(default_factory=list)

    def respond(self, price: Floats, target: Floats, weight: Floats) -> Floats:
        self.away += distances(self.program, self.agent, [(price, target, weight)])
        assert self.agent.solved is not None
        return np.asarray(self.agent.solved[0][self.program.columns])


def test_every_answer_on_the_way_to_an_agreement_is_the_solvers() -> None:
    """The network and a microgrid agree on its exchange; penalties change on the way."""
    market, above, below = programs("1")
    price = market.transmission_price[0] * market.money
    scale = float(price.max())
    agents = [Watched(one, ClosedFormAgent(one.form, one.columns)) for one in (above, below[0])]
    rho, tolerances = np.full(24, PENALTY * scale), (1e-2, 1e-2 * scale)
    found = agree(agents, np.array([price, -price]), np.zeros(24), rho, tolerances)
    assert found.rounds > 5
    assert max(max(one.away) for one in agents) <= 1e-6


def test_what_a_party_cannot_do_is_proven() -> None:
    """A microgrid whose load is more than all it has and may buy."""
    _, _, below = programs("1")
    form = below[0].form
    rows = form.rows["microgrid/active"].ravel()
    b = form.b.copy()
    b[rows[0]] += 1e3
    agent = ClosedFormAgent(form.with_b(b), below[0].columns)
    with pytest.raises(InfeasibleError):
        agent.respond(np.zeros(24), np.zeros(24), np.ones(24))


def test_steps_that_do_not_suffice_are_said_and_the_next_call_begins_anew() -> None:
    market, _, below = programs("1")
    program = below[0]
    agent = ClosedFormAgent(program.form, program.columns, most_steps=3)
    proposal = proposals(market, 24, -1.0)[0]
    with pytest.raises(NotConverged, match="within 3"):
        agent.respond(*proposal)
    patient = ClosedFormAgent(program.form, program.columns)
    assert patient.steps == 0
    assert patient.respond(*proposal) == pytest.approx(by_solver(program, proposal)[1], abs=1e-6)


@pytest.mark.campaign
@pytest.mark.parametrize("name", ["10", "30"])
def test_all_parties_answer_as_by_solver_and_take_so_long(name: str) -> None:
    """Accuracy of everybody, cold and warm; times are told, not asserted."""
    market, above, below = programs(name)
    for told, parties, sign in (("network", [above], 1.0), ("microgrid", below, -1.0)):
        away, seconds = [], []
        for program in parties:
            agent = ClosedFormAgent(program.form, program.columns)
            for proposal in proposals(market, program.columns.size, sign):
                begun = perf_counter()
                answer = agent.respond(*proposal)
                seconds.append(perf_counter() - begun)
                away.append(float(np.abs(answer - by_solver(program, proposal)[1]).max()))
        times = 1e3 * np.reshape(seconds, (len(parties), -1))
        print(f"{told}: {times[:, 0].mean():.1f} ms cold, {times[:, -1].mean():.1f} ms warm, {max(away):.1e} away")
        assert max(away) <= 1e-6
