r"""The programs of the representative days: of every owner alone with what it exchanges, and of all as one.

$$
v_{kd}(n_k; p) = \min_{x, e} \; c_{kd}(x) + p'e \quad\text{subject to}\quad (x, e) \in X_{kd}(n_k)
$$

for a microgrid k; the operator pays -p'e. A unit that is built adds to right-hand sides (see ``day_program``), so that
v is convex in n, and with the same e on both sides

$$
V_d(n) = \min_x \sum_k c_{kd} \;\ge\; \sum_k v_{kd}(n_k; p) \quad\text{for every p, with equality at the best one.}
$$

What a microgrid cannot supply is missing at a price far above all others, so that it can keep to every exchange.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gridpact.case.case import Case, Floats, Ints
from gridpact.case.owners import microgrid_parts, network_part
from gridpact.case.planned import planned_case
from gridpact.markets.heat.side import Heating
from gridpact.markets.market_program import clearing_program
from gridpact.markets.trade.fee_program import fee_device
from gridpact.markets.trade.fees import fee_rates, tariff
from gridpact.markets.trade.market import TradeMarket, trade_market
from gridpact.markets.trade.programs import (
    BUY,
    SELL,
    SHUT,
    exchange_range,
    microgrid_law,
    microgrid_side,
    operator_law,
    operator_side,
)
from gridpact.physics.devices.device import Device, total, zeros
from gridpact.physics.electric.line_choice import LineChoice
from gridpact.physics.electric.network import Network
from gridpact.planning.investment.candidates import candidates_of
from gridpact.planning.investment.day_program import EMERGENCY, DayProgram, day_program
from gridpact.programs.affine import Variable
from gridpact.programs.program import Program, box


@dataclass(frozen=True, eq=False)
class OwnDay:
    """The program of an owner for a day, and the ``columns`` of what it exchanges: active, then reactive if free."""

    program: DayProgram
    columns: Ints


@dataclass(frozen=True, eq=False)
class Day:
    """A representative day: the case of that day, and the programs of its owners, the operator's last.

    ``free`` (microgrids,) says whose reactive power is exchanged too; others state theirs, ``stated`` (microgrids,
    steps), per unit.
    """

    market: TradeMarket
    owners: tuple[OwnDay, ...]
    free: Ints
    stated: Floats

    @property
    def sizes(self) -> list[int]:
        """How many quantities each microgrid exchanges."""
        return [own.columns.size for own in self.owners[:-1]]

    def pieces(self, vector: Floats) -> list[Floats]:
        """The parts of a vector over all quantities, microgrid by microgrid."""
        return np.split(vector, np.cumsum(self.sizes)[:-1])

    def coupled(self, active: Floats, reactive: Floats) -> Floats:
        """The vector over all quantities with these parts, (microgrids, steps) each."""
        pairs = zip(active, reactive, self.free.tolist(), strict=True)
        return np.concatenate([np.concatenate([p, q]) if free else p for p, q, free in pairs])


def day_of(case: Case, emergency_price: float, discount_rate: float) -> Day:
    """The programs of one day; ``case`` has candidates. Raises what ``trade_market`` raises."""
    market = trade_market(planned_case(case, {}))
    below = [_microgrid_day(part, market.base, emergency_price, discount_rate) for part in microgrid_parts(case)]
    reactive = [stated for _, stated in below]
    above = _operator_day(case, market, reactive, emergency_price, discount_rate)
    free = np.array([stated is None for stated in reactive])
    known = [np.zeros(case.steps) if stated is None else stated for stated in reactive]
    return Day(market, (*(own for own, _ in below), above), free, np.array(known))


def _microgrid_day(part: Case, base: float, price: float, rate: float) -> tuple[OwnDay, Floats | None]:
    """The program of a microgrid, and its reactive power per unit where nothing can change it."""

    def law(case: Case, network: Network, formulation: LineChoice, heat: Heating | None) -> Program:
        return microgrid_law(case, base, heat, [_missing(case, base, price)])

    # Power that is missing may come from nowhere, so that exchanges can be kept to; heat that is missing is not served.
    program = day_program(part, candidates_of(part, rate), price, None, law, base, ("heat_loads",))
    side = microgrid_side(program.form)
    return OwnDay(program, side.columns), side.reactive


def _missing(case: Case, base: float, price: float) -> Device:
    """Supply from nowhere at ``price`` per MWh."""
    power = Variable((1, case.steps))
    rows = box(power, np.zeros((1, case.steps)), np.full((1, 1), np.inf), (EMERGENCY, "", ""))
    cost = base * total(np.full((1, case.steps), price), power)
    return Device(EMERGENCY, np.zeros(1, np.int64), {EMERGENCY: power}, rows, power, zeros((1, case.steps)), cost)


def _operator_day(
    case: Case, market: TradeMarket, reactive: Sequence[Floats | None], price: float, rate: float
) -> OwnDay:
    part = network_part(case)

    def law(every: Case, network: Network, formulation: LineChoice, heat: Heating | None) -> Program:
        there = TradeMarket(market.case, network, every, market.parts, market.dynamics)
        return operator_law(there, reactive, network, formulation, heat)

    program = day_program(part, candidates_of(part, rate), price, None, law, market.base)
    return OwnDay(program, operator_side(program.form, reactive).columns)


def within_limits(case: Case, network: Network, formulation: LineChoice, heat: Heating | None) -> Program:
    """All devices on the network, dispatched by one hand within the limits of what microgrids exchange.

    Where fees are a true cost, they are those of what they exchange.
    """
    program = clearing_program(case, network, formulation, heat)
    active, _ = formulation.outflow(network, dict(program.variables))
    leaving = active[case.positions("microgrids", "bus")]
    limits = box(leaving, *exchange_range(case, network.base_mva), (BUY, SELL, SHUT))
    program = replace(program, constraints={**program.constraints, **limits})
    if tariff(case).fee_kind != "cost":
        return program
    variables, rows, cost = fee_device(fee_rates(case), leaving, network.base_mva)
    return replace(
        program,
        cost=program.cost + case.hours * cost,
        variables={**program.variables, **variables},
        constraints={**program.constraints, **rows},
    )
