"""A microgrid that is asked by messages and keeps to itself what it has, needs and pays.

C(x)   cost of its program          e   what it exchanges          d   its cost without a deal

    settle     min C(x) + p'e + W/2 |e - target|^2, drawn until e is the target or as near as it can be (``drawn``)
    regret     C(x) + p'e - min over its program of C + p'e  >=  0
    benefit    b = d - C(x), which enters the bargain under masks
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.case.trade_cases import microgrids_before
from gridpact.coordination.agent import ProgramAgent
from gridpact.coordination.closed_form import ClosedFormAgent
from gridpact.coordination.message import Message, MessageError
from gridpact.coordination.party import EXCHANGE, PRICE, TARGET, Handler, ProgramParty
from gridpact.markets.pool import clear_pool
from gridpact.markets.trade.apart import words as w
from gridpact.markets.trade.apart.bargainer import Sealing, bargaining
from gridpact.markets.trade.apart.declared import declared
from gridpact.markets.trade.apart.outcome import read_outcome, require_own, require_sound
from gridpact.markets.trade.apart.public import PublicMarket
from gridpact.markets.trade.before import rid
from gridpact.markets.trade.costs import own_and_paid
from gridpact.markets.trade.programs import PartyProgram, microgrid_program
from gridpact.markets.trade.welfare import least_cost
from gridpact.programs.drawn import Drawn

Floats = NDArray[np.float64]
ROUGH = 1e-8


@dataclass(eq=False)
class Desk:
    """What a party knows of itself in the course of a run: its cost without a deal and with it."""

    before: float = math.nan
    cost: float = math.nan
    settled: Floats = field(default_factory=lambda: np.zeros(0))

    @property
    def benefit(self) -> float:
        """Raises ``MessageError`` where it is not known yet."""
        if not math.isfinite(self.before - self.cost):
            raise MessageError("Payments were asked for before exchanges are settled.")
        return self.before - self.cost

    def least_cents(self) -> int:
        """The first whole cents that leave it no worse off than without a deal, exactly."""
        return math.ceil(-100 * Fraction(self.benefit))


class MicrogridParty(ProgramParty):
    """A microgrid from its own part of the case."""

    def __init__(self, name: str, part: Case, public: PublicMarket, sealing: Sealing) -> None:
        self.part, self.public, self.desk = part, public, Desk()
        self.program = microgrid_program(part, public.base_mva, public.dynamics)
        self._drawn: dict[float, Drawn] = {}
        handlers: Mapping[str, Handler] = {
            w.TARIFF: self._tariff,
            w.SETTLE: self._settle,
            w.REGRET: self._regret,
            w.FLOOR: self._floor,
        }
        fixed = self.program.reactive if self.program.reactive is not None else np.zeros(0)
        agent = program_agent(self.program, public.closed_form)
        super().__init__(name, agent, self.program.columns.size, handlers, fixed)
        self.handlers = {**self.handlers, **bargaining(name, public, lambda: self.desk.benefit, sealing)}
        self.disclosures = declared(public)[name]

    def check(self, data: bytes) -> None:
        """Raises ``Disagreement`` where this party does not agree with an outcome."""
        told = read_outcome(self.public, data)
        require_sound(told)
        if told.known["kind"] == "trade":
            place = self.public.microgrids.index(self.name)
            price = np.split(told.numbers("slope"), np.cumsum(told.known["sizes"])[:-1])[place]
            require_own(told, self.name, self.desk.settled, self.desk.benefit, self._could_gain(price))

    def _could_gain(self, price: Floats) -> Floats:
        """What it could still gain at a price, and the money of its exchange, in currency."""
        least = least_cost(self.program.form, self.program.columns, price)
        money = float(price @ self.desk.settled)
        return np.array([max(self.desk.cost + money - least, 0.0), abs(money)])

    def _tariff(self, message: Message) -> Message:
        """What it exchanges by its tariff; its cost then stays here."""
        self.desk.before, p, q = without_deal(self.part, self.program, self.public)
        return w.told(message, w.row(w.P, w.MW, p), w.row(w.Q, w.MVAR, q))

    def _settle(self, message: Message) -> Message:
        scale = message.number(w.SCALE)
        drawn = self._drawn.setdefault(scale, Drawn(self.program.form, self.program.columns, scale))
        _, found = drawn.to(message[PRICE], message[TARGET])
        self.desk.cost = self.program.form.cost(found.x)
        self.desk.settled = np.asarray(found.x[self.program.columns])
        return w.told(message, w.row(EXCHANGE, w.PER_UNIT, self.desk.settled))

    def _regret(self, message: Message) -> Message:
        return w.told(message, w.number(w.REGRET, w.CURRENCY, float(self._could_gain(message[PRICE])[0])))

    def _floor(self, message: Message) -> Message:
        return w.told(message, w.number(w.CENTS_LEAST, w.CENTS, float(self.desk.least_cents())))


def program_agent(one: PartyProgram, closed_form: bool) -> ProgramAgent | ClosedFormAgent:
    """The agent of a party's program."""
    return ClosedFormAgent(one.form, one.columns) if closed_form else ProgramAgent(one.form, one.columns, ROUGH)


def without_deal(part: Case, program: PartyProgram, public: PublicMarket) -> tuple[float, Floats, Floats]:
    """Cost of a microgrid without a deal, and what it then exchanges in MW and Mvar, (steps,) each."""
    table, nothing = part.tables["microgrids"], np.zeros(part.steps)
    if (table["disagreement"] == "given").all():
        return float(part.column("microgrids", "disagreement_cost")[0]), nothing, nothing
    side = clear_pool(microgrids_before(part), exactness="off", heat_dynamics=public.dynamics)
    own, paid = own_and_paid(side, np.array([program.form.constant]))
    p = rid(side.megawatts("sell", "interfaces") - side.megawatts("buy", "interfaces"))[0]
    q = rid(-side.megawatts("import_q", "interfaces"))[0]
    return float(own[0] + paid[0]), p, q
