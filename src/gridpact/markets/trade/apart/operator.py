"""The network's operator that is asked by messages: it knows its network, and what microgrids exchange with it.

reactive   fixed reactive power of the microgrids, with which its program can be made
without    what they exchange without a deal, with which it has its cost without one
exact      whether its relaxation invents losses at an agreement; it then answers by real flows
fix        the network at exchanges that are settled, its cones tight: the slope f' there is the price
split      who trades with whom at the least fee, and what each pays; nodal prices at their buses
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.case.trade_cases import network_with
from gridpact.coordination.message import Message, MessageError, Quantity
from gridpact.coordination.party import EXCHANGE, PRICE, TARGET, WEIGHT, HandlingParty, ProgramParty
from gridpact.markets.cleared import Cleared
from gridpact.markets.market_program import formulation_named
from gridpact.markets.pool import clear_pool
from gridpact.markets.prices import roots_of
from gridpact.markets.trade.apart import words as w
from gridpact.markets.trade.apart.bargainer import Sealing, bargaining
from gridpact.markets.trade.apart.declared import declared
from gridpact.markets.trade.apart.microgrid import Desk, program_agent
from gridpact.markets.trade.apart.outcome import Disagreement, read_outcome, require_own, require_sound
from gridpact.markets.trade.apart.public import PublicMarket
from gridpact.markets.trade.distances import distances
from gridpact.markets.trade.fees import fee_rates
from gridpact.markets.trade.market import TradeMarket
from gridpact.markets.trade.operator import OperatorAgent
from gridpact.markets.trade.pairs import Trades, least_fee_trades
from gridpact.markets.trade.programs import OperatorProgram, operator_program
from gridpact.markets.trade.rates import fee_payments
from gridpact.markets.trade.sides import exact_at
from gridpact.markets.trade.welfare import least_cost
from gridpact.physics.electric.network import electric_network, require_radial
from gridpact.programs.drawn import Drawn

Floats = NDArray[np.float64]


class OperatorParty(HandlingParty):
    """The operator from its own part of the case."""

    def __init__(self, part: Case, public: PublicMarket, sealing: Sealing) -> None:
        require_radial(part, network := electric_network(part, public.base_mva))
        self.market = TradeMarket(part, network, part, [], public.dynamics)
        self.public, self.desk, self.sealing = public, Desk(), sealing
        self._program: OperatorProgram | None = None
        self._agent: OperatorAgent | None = None
        self._fixed: Cleared | None = None
        self._drawn: Drawn | None = None
        self._fees = self._fee_cost = 0.0
        self._slope: Floats = np.zeros(0)
        handlers = {w.REACTIVE: self._reactive, w.WITHOUT: self._without}
        super().__init__(public.operator, declared(public)[public.operator], handlers)

    def check(self, data: bytes) -> None:
        """Raises ``Disagreement`` where the operator does not agree with an outcome."""
        told = read_outcome(self.public, data)
        require_sound(told)
        if told.known["kind"] == "trade":
            slope, (_, agent) = told.numbers("slope"), self._ready()
            if slope.tolist() != self._slope.tolist():
                raise Disagreement("the prices in it are not those of the network")
            gain = self._could_gain(-slope)
            require_own(told, self.name, self.desk.settled, self.desk.benefit, gain, kept_to=not agent.exact)

    def _could_gain(self, price: Floats) -> Floats:
        """What it could still gain at a price, and the money of all exchanges, in currency."""
        program, _ = self._ready()
        least = least_cost(program.form, program.columns, price)
        regret = self.desk.cost + float(price @ self.desk.settled) - least
        return np.array([max(regret, 0.0), float(np.abs(price * self.desk.settled).sum())])

    def _reactive(self, message: Message) -> Message:
        """What is fixed, and whose is not: then everything else can be asked."""
        shape = (len(self.public.microgrids), self.public.steps)
        stated, free = message[w.Q].reshape(shape), message[w.FREE] > 0.0
        program = operator_program(
            self.market, [None if known else row for row, known in zip(stated, free.tolist(), strict=True)]
        )
        rough = program_agent(program, self.public.closed_form)
        self._program, self._agent = program, OperatorAgent(self.market, program, rough)
        proposals = ProgramParty(self.name, self._agent, program.columns.size)
        pay = bargaining(self.name, self.public, lambda: self.desk.benefit, self.sealing)
        own = {
            w.EXACT: self._exact,
            w.SETTLE: self._settle,
            w.FIX: self._fix,
            w.REGRET: self._regret,
            w.SPLIT: self._split,
            w.POT: self._pot,
            w.FLOOR: self._floor,
        }
        self.handlers = {**self.handlers, **proposals.handlers, **own, **pay}
        return w.told(message)

    def _without(self, message: Message) -> Message:
        """Its cost without a deal: that of the network with the exchanges by tariff, less what those pay."""
        shape = (len(self.public.microgrids), self.public.steps)
        p, q = message[w.P].reshape(shape), message[w.Q].reshape(shape)
        known = self.market.case.column("network_operator", "disagreement_cost")
        if known.size and np.isfinite(known[0]):
            self.desk.before = float(known[0])
            return w.told(message)
        seen = network_with(self.market.case, p, q)
        network = clear_pool(seen, exactness=self.public.exactness, heat_dynamics=self.public.dynamics)
        self.desk.before = network.solution.cost - self._tariffs(p)
        return w.told(message)

    def _tariffs(self, p: Floats) -> float:
        """What microgrids pay by their tariffs for exchanging ``p`` MW."""
        case = self.market.case
        buy, sell = (case.series("microgrids", f"tariff_{way}_per_mwh") for way in ("buy", "sell"))
        by_tariff = (case.tables["microgrids"]["disagreement"] == "tariff").to_numpy()[:, None]
        return float(case.hours * np.where(by_tariff, np.where(p < 0.0, -p * buy, -p * sell), 0.0).sum())

    def _exact(self, message: Message) -> Message:
        _, agent = self._ready()
        flows = agent.repaired(message[PRICE], message[TARGET], message[WEIGHT])
        agent.exact = agent.exact or flows.relaxed is not None
        return w.told(message, w.number(w.EXACT, w.FLAG, float(agent.exact)))

    def _settle(self, message: Message) -> Message:
        """The network drawn to what microgrids can do; at another scale, set up anew."""
        program, _ = self._ready()
        self._drawn = Drawn(program.form, program.columns, message.number(w.SCALE))
        form, found = self._drawn.to(message[PRICE], message[TARGET])
        self._fixed = Cleared(self.market.operator, self.market.network, formulation_named("soc"), form, found)
        return w.told(message, w.row(EXCHANGE, w.PER_UNIT, found.x[program.columns]))

    def _fix(self, message: Message) -> Message:
        program, agent = self._ready()
        if agent.exact:
            fixed = agent.repaired(message[PRICE], message[TARGET], message[WEIGHT])
        else:
            fixed = self._at(message[TARGET])
        self._fixed = fixed
        taken = fixed.solution.x[program.columns]
        self.desk.cost, self.desk.settled = program.form.cost(fixed.solution.x), taken
        self._slope = np.asarray(fixed.form.A.T @ fixed.solution.z)[program.columns]
        return w.told(message, w.row(EXCHANGE, w.PER_UNIT, taken), w.row(w.SLOPES, w.SLOPE, self._slope))

    def _at(self, target: Floats) -> Cleared:
        """The network at settled exchanges, as exact as asked."""
        program, _ = self._ready()
        if self._fixed is None:
            raise MessageError("The network was to be fixed before it was settled.")
        if self.public.exactness not in ("repair", "certify"):
            return self._fixed
        return exact_at(self._fixed, program.columns, target, self.public.exactness == "certify")

    def _regret(self, message: Message) -> Message:
        return w.told(message, w.number(w.REGRET, w.CURRENCY, float(self._could_gain(message[PRICE])[0])))

    def _split(self, message: Message) -> Message:
        """Trades and fees at the prices of the network as it is fixed."""
        program, _ = self._ready()
        assert self._fixed is not None
        case, nodal = self.market.case, self._fixed.price("active_balance")
        at_bus, roots = nodal[self.market.buses], nodal[roots_of(self.market.network)[self.market.buses]]
        exchanged = program.exchanged(self.desk.settled)[0] * self.public.base_mva
        rates = fee_rates(case, at_bus, roots)
        trades = least_fee_trades(rates.table, exchanged, distances(case).table)
        fees = fee_payments(rates, trades, case.hours)
        self._fees = float(fees.sum())
        self._fee_cost = self._fees if self.market.charges_cost else 0.0
        return w.told(message, *_trades(trades), w.row(w.NODAL, w.PRICE, at_bus), w.row(w.FEES, w.CURRENCY, fees))

    def _pot(self, message: Message) -> Message:
        """What an operator that does not bargain pays in: its benefit less what it keeps."""
        kept = max(0.0, self._fees - self._fee_cost)
        pot = w.number(w.PAID_IN, w.CURRENCY, self.desk.benefit - kept)
        return w.told(message, pot, w.number(w.KEPT, w.CURRENCY, kept))

    def _floor(self, message: Message) -> Message:
        return w.told(message, w.number(w.CENTS_LEAST, w.CENTS, float(self.desk.least_cents())))

    def _ready(self) -> tuple[OperatorProgram, OperatorAgent]:
        if self._program is None or self._agent is None:
            raise MessageError("The operator was asked before it was told what reactive power is fixed.")
        return self._program, self._agent


def _trades(trades: Trades) -> list[Quantity]:
    """Who sold what to whom and when, filled up to the most trades there can be, one per microgrid and step."""
    rows = ((w.SELLER, trades.seller), (w.BUYER, trades.buyer), (w.STEP, trades.step), (w.TRADED, trades.p_mw))
    most = trades.microgrids * trades.steps
    return [
        w.row(
            name, w.TRADE_UNITS[name], np.pad(values.astype(np.float64), (0, most - values.size), constant_values=-1.0)
        )
        for name, values in rows
    ]
