"""Who clears what, side by side: one district operator, heat first, or each network on its own.

joint        one program over both networks
sequential   the heat operator takes the transmission price for the power of its couplers; then the electricity market
             takes their power as it is
separate     both clear on their own and agree on the power of the couplers and its price

Couplers belong to the heat operator. Every dispatch of the others is open to the joint program, which therefore costs
at most as much.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gridpact.coordination.admm import agree
from gridpact.coordination.agent import ProgramAgent
from gridpact.errors import InfeasibleError, InputError, Issue, NotConverged
from gridpact.markets.cleared import Cleared, Market
from gridpact.markets.exactness import made_exact
from gridpact.markets.heat.side import heat_constraints, heat_devices
from gridpact.markets.heat.tables import electric_injections
from gridpact.markets.market_program import assembled, electric_program
from gridpact.physics.devices.device import Device
from gridpact.physics.electric.network import first_interfaces
from gridpact.physics.heat import constant_flow
from gridpact.programs.affine import Affine, Variable, constant, nothing
from gridpact.programs.program import Program, equal
from gridpact.programs.solve import Solution, solve
from gridpact.programs.standard_form import StandardForm, compile_program

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STRUCTURES = ("joint", "sequential", "separate")
COUPLERS = ("chp", "electric_boiler", "heat_pump")
EXCHANGE = ("exchange_p", "exchange_q")
# Largest difference of an answer from the agreement, per unit; of a price, relative to the largest price to begin with.
AGREED = 1e-4
# First penalties on active and reactive power, relative to the largest price: that of reactive power moves less.
PENALTY = (0.2, 2e-3)


@dataclass(frozen=True, eq=False)
class Structure:
    """A dispatch of both networks with the prices it was made at; ``residual`` of an agreement in MW."""

    name: str
    cleared: Cleared | None
    status: str = "cleared"
    rounds: int = 0
    residual: float = 0.0


def other_structures(joint: Cleared) -> list[Structure]:
    """The district of a joint clearing cleared heat first, and by networks that agree.

    Raises ``InputError`` where no plant stands in both networks, and where one hangs on a network without interface.
    """
    if not _couplers(joint):
        message = "no plant stands in both networks, so there is nothing that structures could settle in another way"
        raise InputError([Issue(message, "Add a coupler, or clear with structures = false.")])
    return [_sequential(joint), _separate(joint)]


def _sequential(joint: Cleared) -> Structure:
    heat = _heat_form(joint)
    price, agent = _first_price(joint), ProgramAgent(heat, _exchanged(heat))
    try:
        agent.respond(-price, np.zeros(price.size), np.zeros(price.size))
        return _completed("sequential", joint, heat, agent)
    except (InfeasibleError, NotConverged) as error:
        return Structure("sequential", None, str(error).splitlines()[0])


def _separate(joint: Cleared) -> Structure:
    heat, power = _heat_form(joint), _power_form(joint)
    agents = [ProgramAgent(power, _exchanged(power)), ProgramAgent(heat, _exchanged(heat))]
    price = _first_price(joint)
    scale = float(np.abs(price).max(initial=1.0))
    penalty = scale * np.repeat(PENALTY[: len(_carriers(joint))], price.size // len(_carriers(joint)))
    try:
        found = agree(agents, np.array([price, -price]), np.zeros(price.size), penalty, (AGREED, AGREED * scale))
        completed = _completed("separate", joint, heat, agents[1])
    except (InfeasibleError, NotConverged) as error:
        return Structure("separate", None, str(error).splitlines()[0])
    residual = float(found.residuals[-1, 0]) * joint.network.base_mva
    return replace(completed, rounds=found.rounds, residual=residual)


def _completed(name: str, joint: Cleared, heat: StandardForm, agent: ProgramAgent) -> Structure:
    """The electricity market with the couplers' power as the heat operator has it; both put together."""
    assert agent.solved is not None
    exchange = [constant(agent.solved[0][heat.columns[name]]) for name in _carriers(joint)]
    form = compile_program(_electric(joint, exchange[0], exchange[-1]))
    market = Cleared(joint.case, joint.network, joint.formulation, form, solve(form))
    power = made_exact(market) if joint.exact is not None else market
    parts = [(heat, *agent.solved), (power.form, *_vectors(power.solution))]
    return Structure(name, _together(joint, parts))


def _vectors(solution: Solution) -> tuple[Floats, Floats, Floats]:
    return solution.x, solution.s, solution.z


def _together(joint: Cleared, parts: list[tuple[StandardForm, Floats, Floats, Floats]]) -> Cleared:
    """The solutions of both programs in the places of the joint one, which has the same names."""
    form = (joint.relaxed or joint).form
    x, s, z = np.zeros(form.q.size), np.zeros(form.b.size), np.zeros(form.b.size)
    for part, own_x, own_s, own_z in parts:
        for name in form.columns.keys() & part.columns.keys():
            x[form.columns[name]] = own_x[part.columns[name]]
        for name in form.rows.keys() & part.rows.keys():
            if form.rows[name].shape == part.rows[name].shape:
                here, there = form.rows[name], part.rows[name]
                both = (here >= 0) & (there >= 0)
                s[here[both]], z[here[both]] = own_s[there[both]], own_z[there[both]]
    solution = Solution(x, s, z, form.cost(x), "clarabel", 0, 0.0)
    return Cleared(joint.case, joint.network, joint.formulation, form, solution, joint.held, heat=joint.heat)


def _couplers(market: Market) -> list[Device]:
    assert market.heat is not None
    return [device for device in heat_devices(market.case, market.heat, {}) if device.kind in COUPLERS]


def _exchanged(form: StandardForm) -> Ints:
    """Columns of the couplers' active, then reactive power."""
    return np.concatenate([form.columns[name].ravel(order="F") for name in EXCHANGE if name in form.columns])


def _carriers(market: Market) -> tuple[str, ...]:
    return EXCHANGE if market.formulation.REACTIVE else EXCHANGE[:1]


def _first_price(market: Market) -> Floats:
    """The transmission price for active power and none for reactive power, in the cost of the program."""
    active = _transmission_price(market).ravel(order="F") * market.case.hours * market.network.base_mva
    return np.concatenate([active, np.zeros(active.size * (len(_carriers(market)) - 1))])


def _transmission_price(market: Market) -> Floats:
    """Buying price of the first interface of the network that each coupler hangs on; (couplers, steps)."""
    case, network = market.case, market.network
    buses = np.concatenate([device.buses for device in _couplers(market)] or [np.zeros(0, dtype=np.int64)])
    first = first_interfaces(case, network, buses)
    if (first < 0).any():
        message = "couplers hang on a network without an interface, which has no transmission price"
        raise InputError([Issue(message, "Add an interface, or clear without comparing structures.")])
    return case.series("interfaces", "price_per_mwh")[first]


def _heat_form(market: Cleared) -> StandardForm:
    """The heat operator's program, with the power of its couplers as variables of their own."""
    case, heat = market.case, market.heat
    assert heat is not None
    devices = heat_devices(case, heat, market.held or {})
    variables, constraints = heat_constraints(case, heat, devices)
    couplers = [device for device in devices if device.kind in COUPLERS]
    for name in _carriers(market):
        power = stacked([device.p if name == "exchange_p" else device.q for device in couplers])
        variables[name] = Variable(power.shape)
        constraints[name] = equal(variables[name] - power)
    program = assembled(case, devices, variables, constraints)
    return compile_program(replace(program, states=constant_flow.states(heat.network)))


def stacked(parts: list[Affine]) -> Affine:
    """Expressions below each other."""
    heights = [part.shape[0] for part in parts]
    ends = np.cumsum(heights)
    total: Affine = nothing()
    for part, end, height in zip(parts, ends.tolist(), heights, strict=True):
        rows = np.eye(int(ends[-1]))[:, end - height : end]
        total = total + rows @ part
    return total


def power_as_it_is(joint: Cleared) -> Program:
    """The electricity market around what the couplers do in a joint clearing."""
    given = electric_injections(joint)
    p, q = (np.vstack([given[kind][side] for kind in COUPLERS]) / joint.network.base_mva for side in (0, 1))
    return _electric(joint, constant(p), constant(q))


def _power_form(market: Cleared) -> StandardForm:
    """The electricity network's program, free to choose what the couplers give it."""
    shape = (sum(device.buses.size for device in _couplers(market)), market.case.steps)
    return compile_program(_electric(market, Variable(shape), Variable(shape)))


def _electric(market: Cleared, p: Affine, q: Affine) -> Program:
    """The electricity market with ``p`` and ``q`` as the couplers' injections, and the pumps as they are."""
    assert market.heat is not None
    buses = np.concatenate([device.buses for device in _couplers(market)])
    names = dict(zip(EXCHANGE, (p, q), strict=True))
    variables = {name: value for name, value in names.items() if isinstance(value, Variable)}
    exchange = Device("exchange", buses, variables, {}, p, q, nothing())
    pumps = [device for device in heat_devices(market.case, market.heat, {}) if device.kind == "heat_source"]
    return electric_program(market.case, market.network, market.formulation, [*pumps, exchange], market.held)
