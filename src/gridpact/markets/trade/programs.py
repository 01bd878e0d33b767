"""The programs of the parties: each its own devices and limits, and what it exchanges as columns of its own.

    microgrid i   minimise C_i   subject to   e_i = sum of its injections,  f_i = sum of its reactive injections,
                                              - max_buy <= e_i <= max_sell
    operator      minimise C_0   subject to   its network with e_i and f_i injected at the bus of every i

Reactive power that nothing of a microgrid can change is a constant that it states once; elsewhere it is exchanged too.
The central program has all devices on the network and the same limits on what leaves the buses of the microgrids.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.markets.heat.side import Heating, heat_devices, heating
from gridpact.markets.market_program import (
    Formulation,
    assembled,
    clearing_program,
    electric_devices,
    formulation_named,
    with_heat,
)
from gridpact.markets.trade.fee_program import fee_device
from gridpact.markets.trade.market import TradeMarket
from gridpact.physics.devices.device import Device, unlimited, zeros
from gridpact.physics.electric import distflow_soc
from gridpact.physics.electric.network import Network
from gridpact.programs.affine import Affine, Variable, constant, nothing
from gridpact.programs.program import Named, Program, box, equal
from gridpact.programs.standard_form import StandardForm, compile_program

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
SELL, BUY, SHUT = "microgrids/max_sell_mw", "microgrids/max_buy_mw", "microgrids/shut"
EXCHANGE_P, EXCHANGE_Q = "exchange_p", "exchange_q"


@dataclass(frozen=True, eq=False)
class PartyProgram:
    """A party's program with the columns of what it exchanges, active then reactive.

    ``reactive`` (steps,) per unit is a microgrid's reactive power where it is fixed, None where it is in the columns.
    """

    form: StandardForm
    columns: Ints
    reactive: Floats | None = None


@dataclass(frozen=True, eq=False)
class OperatorProgram(PartyProgram):
    """The operator's program; ``stated`` reactive power of the microgrids, zero where it is ``free``, per unit."""

    stated: Floats = field(kw_only=True)
    free: NDArray[np.bool_] = field(kw_only=True)

    @property
    def sizes(self) -> list[int]:
        """How many quantities each microgrid exchanges."""
        steps = self.stated.shape[1]
        return [2 * steps if free else steps for free in self.free.tolist()]

    def pieces(self, vector: Floats) -> list[Floats]:
        """The parts of a vector over the columns, microgrid by microgrid."""
        return np.split(vector, np.cumsum(self.sizes)[:-1])

    def exchanged(self, vector: Floats) -> tuple[Floats, Floats]:
        """Active and reactive parts of a vector over the columns, (microgrids, steps) each; reactive as stated."""
        steps, pieces = self.stated.shape[1], self.pieces(vector)
        active = np.array([piece[:steps] for piece in pieces])
        reactive = [
            piece[steps:] if piece.size > steps else own for piece, own in zip(pieces, self.stated, strict=True)
        ]
        return active, np.array(reactive)

    def coupled(self, active: Floats, reactive: Floats) -> Floats:
        """The vector over the columns with these parts."""
        pairs = zip(active, reactive, self.free.tolist(), strict=True)
        return np.concatenate([np.concatenate([p, q]) if free else p for p, q, free in pairs])


def microgrid_program(part: Case, base: float, dynamics: str = "quasi_dynamic") -> PartyProgram:
    """The program of one microgrid from its own part of the case."""
    return microgrid_side(compile_program(microgrid_law(part, base, heating(part, base, dynamics))))


def microgrid_side(form: StandardForm) -> PartyProgram:
    """A compiled program of a microgrid with the columns of what it exchanges."""
    active, reactive = form.columns[EXCHANGE_P].ravel(), form.columns[EXCHANGE_Q].ravel()
    fixed = _fixed(form, form.rows["microgrid/reactive"].ravel(), reactive)
    return PartyProgram(form, active if fixed is not None else np.concatenate([active, reactive]), fixed)


def microgrid_law(part: Case, base: float, heat: Heating | None, others: Sequence[Device] = ()) -> Program:
    """Devices, ``others`` and limits of one microgrid, and what leaves its bus."""
    warm = heat_devices(part, heat, {}) if heat else []
    devices = [*electric_devices(part, base, distflow_soc, {}, {}, {}), *warm, *others]
    e, f = Variable((1, part.steps)), Variable((1, part.steps))
    rows = {"microgrid/active": equal(e - _added([one.p for one in devices], part.steps))}
    rows |= {"microgrid/reactive": equal(f - _added([one.q for one in devices], part.steps))}
    rows |= exchange_limits(part, base, e)
    program = assembled(part, devices, {EXCHANGE_P: e, EXCHANGE_Q: f}, rows)
    return with_heat(part, program, heat, warm) if heat else program


def _added(powers: list[Affine], steps: int) -> Affine:
    """Sum of the injections of all devices, (1, steps)."""
    several = [
        power if power.shape[0] == 1 else np.ones((1, power.shape[0])) @ power for power in powers if power.shape[0]
    ]
    return sum(several, zeros((1, steps)))


def exchange_limits(case: Case, base: float, exchange: Affine) -> Named:
    """-max_buy <= exchange <= max_sell of every microgrid of the case, per unit."""
    return box(exchange, *exchange_range(case, base), (BUY, SELL, SHUT))


def exchange_range(case: Case, base: float) -> tuple[Floats, Floats]:
    """Lowest and highest power that each microgrid may give to the network, per unit, (microgrids, steps) each."""
    most_in, most_out = (unlimited(case.series("microgrids", f"max_{way}_mw")) / base for way in ("buy", "sell"))
    return -most_in, most_out


def _fixed(form: StandardForm, rows: Ints, columns: Ints) -> Floats | None:
    """The value of columns that rows define by fixed columns alone; None where anything in them may move."""
    A = sp.csr_array(form.A)
    equalities = sum(size for kind, size in form.cones if kind == "zero")
    single = np.flatnonzero((np.diff(A.indptr) == 1)[:equalities])
    held, value = np.zeros(form.q.size, dtype=np.bool_), np.zeros(form.q.size)
    at = A.indices[A.indptr[single]]
    held[at], value[at] = True, form.b[single] / A.data[A.indptr[single]]
    law = A[rows]
    own = np.asarray(law[:, columns].diagonal())
    others = (law.data != 0.0) & (law.indices != np.repeat(columns, np.diff(law.indptr)))
    if not held[law.indices[others]].all():
        return None
    value[columns] = 0.0
    return np.asarray((form.b[rows] - law @ value) / own)


def operator_program(market: TradeMarket, reactive: Sequence[Floats | None]) -> OperatorProgram:
    """The operator's program; ``reactive`` is what the microgrids state of theirs, in their order."""
    heat = heating(market.operator, market.base, market.dynamics)
    form = compile_program(operator_law(market, reactive, market.network, formulation_named("soc"), heat))
    return operator_side(form, reactive)


def operator_side(form: StandardForm, reactive: Sequence[Floats | None]) -> OperatorProgram:
    """A compiled program of the operator with the columns of what microgrids exchange."""
    steps = form.columns[EXCHANGE_P].shape[1]
    free = np.array([values is None for values in reactive])
    stated = np.array([np.zeros(steps) if values is None else values for values in reactive])
    return OperatorProgram(form, _exchanged(form, free), stated=stated, free=free)


def operator_law(
    market: TradeMarket,
    reactive: Sequence[Floats | None],
    network: Network,
    formulation: Formulation,
    heat: Heating | None,
) -> Program:
    """The clearing of ``market.operator`` on ``network`` with what microgrids exchange at their buses."""
    shape = (market.buses.size, market.case.steps)
    e, free = Variable(shape), np.array([values is None for values in reactive])
    f = Variable((int(free.sum()), shape[1]))
    where = sp.csr_array(
        (np.ones(f.shape[0]), (np.flatnonzero(free), np.arange(f.shape[0]))), shape=(shape[0], f.shape[0])
    )
    stated = np.array([np.zeros(shape[1]) if values is None else values for values in reactive])
    known = constant(stated)
    variables = {EXCHANGE_P: e} | ({EXCHANGE_Q: f} if free.any() else {})
    q = known + where @ f if free.any() else known
    exchange = _priced(market, Device("exchange", market.buses, variables, {}, e, q, nothing()))
    return clearing_program(market.operator, network, formulation, heat, others=[exchange])


def _exchanged(form: StandardForm, free: NDArray[np.bool_]) -> Ints:
    """Columns microgrid by microgrid: its active power, and its reactive power where it is free."""
    active, parts, number = form.columns[EXCHANGE_P], [], np.cumsum(free) - 1
    for one in range(free.size):
        parts.append(active[one])
        if free[one]:
            parts.append(form.columns[EXCHANGE_Q][number[one]])
    return np.concatenate(parts)


def _priced(market: TradeMarket, exchange: Device) -> Device:
    """The exchange with the true cost of the trades that it takes, where fees are one."""
    if market.costly is None:
        return exchange
    variables, rows, cost = fee_device(market.costly, exchange.p, market.base)
    return replace(
        exchange,
        variables={**exchange.variables, **variables},
        constraints={**exchange.constraints, **rows},
        cost=cost,
    )


def central_program(market: TradeMarket) -> Program:
    """All devices on the network, dispatched by one hand within the limits of the microgrids."""
    everybody = np.ones(len(market.parts), dtype=np.bool_)
    return traded_by(market, dispatch(market), everybody, np.zeros((everybody.size, market.case.steps)))


def dispatch(market: TradeMarket) -> Program:
    """All devices on the network; whatever leaves the buses of the microgrids is free, and no fee is due."""
    heat = heating(market.case, market.base, market.dynamics)
    return clearing_program(market.case, market.network, formulation_named("soc"), heat)


def leaving(market: TradeMarket, program: Program) -> Affine:
    """What leaves the buses of the microgrids into the network, in a program of all devices."""
    flow = {name: program.variables[name] for name in ("flow_p", "flow_q", "current", "voltage")}
    active, _ = distflow_soc.outflow(market.network, flow)
    return active[market.buses]


def traded_by(market: TradeMarket, program: Program, members: NDArray[np.bool_], held: Floats) -> Program:
    """A dispatch in which members trade within their limits, and all others exchange ``held``, MW (microgrids, steps).

    Where fees are a true cost, they are those of what the members exchange: others pay none, as without a deal.
    """
    exchange, bounds, own = leaving(market, program), exchange_range(market.case, market.base), members[:, None]
    low, high = (np.where(own, bound, held / market.base) for bound in bounds)
    rows = {**program.constraints, **box(exchange, low, high, (BUY, SELL, SHUT))}
    if market.costly is None:
        return replace(program, constraints=rows)
    variables, split, cost = fee_device(market.costly, exchange * own.astype(np.float64), market.base)
    return replace(
        program,
        cost=program.cost + market.case.hours * cost,
        variables={**program.variables, **variables},
        constraints={**rows, **split},
    )
