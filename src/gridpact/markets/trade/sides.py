"""Both sides of an agreement as clearings of their own.

The operator's network with what microgrids exchange standing at their buses, and the microgrids side by side, each at
its own price. Each is solved once more, exactly, drawn to what was agreed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.case.trade_cases import microgrids_at, microgrids_within, network_with
from gridpact.coordination.coordinate import Coordinated
from gridpact.errors import NotConverged
from gridpact.markets.cleared import Cleared
from gridpact.markets.exactness import made_exact
from gridpact.markets.heat.side import Heating, heating
from gridpact.markets.market_program import clearing_program, formulation_named
from gridpact.markets.trade.lossless import netted
from gridpact.markets.trade.market import TradeMarket
from gridpact.markets.trade.programs import EXCHANGE_P, EXCHANGE_Q, OperatorProgram, exchange_range
from gridpact.physics.electric.network import electric_network
from gridpact.programs.drawn import NEAR, SHRINKS, STEPS, Drawn
from gridpact.programs.solve import Solution, solve
from gridpact.programs.standard_form import compile_program
from gridpact.programs.substituted import substituted

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# Turns in which both sides meet; the difference, per unit, at which they have, and one that will do after the last.
MEETINGS = 10
MET, NEARLY = 1e-7, 1e-6
# Turns in which microgrids come to the kink that they are next to, and how far away it may be, per unit.
TURNS, BESIDE = 20, 1e-3
# Distance from a limit, per unit, below which it binds.
AT_LIMIT = 1e-6
# Prices below this part of the highest count as that: differences of a price of nothing are told by it.
FIFTY = 50.0
TRADES = ("trade_pair", "trade_sell", "trade_buy")
OPERATORS = (EXCHANGE_P, EXCHANGE_Q, *TRADES)


@dataclass(frozen=True, eq=False)
class Settled:
    """Both sides of an agreement, cleared, and the slope f' of the network at the exchanges (n,).

    ``exchanged`` are active and reactive power into the network, per unit, (microgrids, steps) each, ``vector`` (n,)
    both as coupled; ``away`` is how far the sides differ, per unit, ``fee_cost`` the true cost of trading in currency.
    """

    network: Cleared
    microgrids: Cleared
    exchanged: tuple[Floats, Floats]
    slope: Floats
    away: float
    vector: Floats
    fee_cost: float


def settled(
    market: TradeMarket, program: OperatorProgram, found: Coordinated, exactness: str, beside: bool = False
) -> Settled:
    """Both sides at exchanges that each of them can keep to, near those agreed; ``beside`` them, where they would
    rather be at the price agreed.

    The network takes what the microgrids can do, and where it cannot, they do what it can take. Raises
    ``NotConverged`` where they do not meet, and what ``made_exact`` raises.
    """
    target, price = found.below, found.price
    above, below = Drawn(program.form, program.columns, largest(market, price)), _Below(market, program, price)
    target = below.beside(target) if beside else target
    for turn in range(1, MEETINGS + 1):
        side = below.at(target)
        done = program.coupled(*below.done(side))
        form, solution = above.to(-price, done)
        away = solution.x[program.columns] - done
        if np.abs(away).max(initial=0.0) <= (MET if turn < MEETINGS else NEARLY):
            network = Cleared(market.operator, market.network, formulation_named("soc"), form, solution)
            return _met(market, program, network, below, side, exactness)
        target = done + 2.0 * away  # a little further than it can take: inside its limits
    raise _apart(market, away)


def _met(
    market: TradeMarket,
    program: OperatorProgram,
    above: Cleared,
    below: _Below,
    side: Cleared,
    exactness: str,
) -> Settled:
    """Both sides, the network's cones made tight where they are not; the microgrids do what such flows can take."""
    if exactness in ("repair", "certify"):
        done = program.coupled(*below.done(side))
        above = exact_at(above, program.columns, done, exactness == "certify")
    return _joined(market, program, above, below, side)


def settled_at_flows(market: TradeMarket, program: OperatorProgram, found: Coordinated, above: Cleared) -> Settled:
    """Both sides at the exchanges of ``above``, an answer of the operator with real flows; raises as ``settled``."""
    below = _Below(market, program, found.price)
    return _joined(market, program, above, below, below.at(above.solution.x[program.columns]))


def _joined(market: TradeMarket, program: OperatorProgram, above: Cleared, below: _Below, side: Cleared) -> Settled:
    """Both sides as one, the microgrids at what the network takes."""
    taken = above.solution.x[program.columns]
    if np.abs(taken - program.coupled(*below.done(side))).max(initial=0.0) > MET:
        side = below.at(taken)
    exchanged = below.done(side)
    away = taken - program.coupled(*exchanged)
    if np.abs(away).max(initial=0.0) > NEARLY:
        raise _apart(market, away)
    slope = np.asarray(above.form.A.T @ above.solution.z)[program.columns]
    network = _with_data(market, program, above)
    trading = [above.form.columns[name].ravel() for name in TRADES if name in above.form.columns]
    fee_cost = sum(float(above.form.q[at] @ above.solution.x[at]) for at in trading)
    distance = float(np.abs(away).max(initial=0.0))
    both = netted(network), netted(below.priced(side))
    return Settled(*both, exchanged, slope, distance, program.coupled(*exchanged), fee_cost)


def exact_at(cleared: Cleared, columns: Ints, target: Floats, thorough: bool) -> Cleared:
    """The network made exact where it need be, and held there again: its prices become others, and draw it away."""
    weight, distance, found = cleared.form.P.diagonal()[columns], np.inf, made_exact(cleared, thorough)
    for _ in range(STEPS):
        away = found.solution.x[columns] - target
        before, distance = distance, float(np.abs(away).max(initial=0.0))
        if found.relaxed is None or distance <= NEAR or distance > SHRINKS * before:
            break
        drawn = cleared.form.with_price(columns, weight * away)
        cleared = replace(cleared, form=drawn, solution=solve(drawn))
        found = made_exact(cleared, thorough)
    return found


def _apart(market: TradeMarket, away: Floats) -> NotConverged:
    return NotConverged(
        "The network and the microgrids do not meet: what it can take differs from what they can do by "
        f"{np.abs(away).max() * market.base:.3g} MW. Ask for a smaller tolerance."
    )


def price_gap(market: TradeMarket, program: OperatorProgram, found: Settled) -> float:
    """Largest difference of inside prices from the network's, over the latter or a fiftieth of the highest.

    Where a limit of its exchange binds they may differ.
    """
    outside = program.exchanged(-found.slope)[0] / market.money
    inside = found.microgrids.case.series("interfaces", "price_per_mwh")
    free = np.isfinite(outside)
    low, high = exchange_range(market.case, market.base)
    free &= (found.exchanged[0] < high - AT_LIMIT) & (found.exchanged[0] > low + AT_LIMIT)
    scale = np.maximum(np.abs(outside), float(np.abs(outside).max(initial=0.0)) / FIFTY or 1.0)
    gap = np.where(free, np.abs(inside - outside) / scale, 0.0)
    return float(gap.max(initial=0.0))


def _with_data(market: TradeMarket, program: OperatorProgram, cleared: Cleared) -> Cleared:
    """The network's clearing in which the exchanges are data."""
    p, q = program.exchanged(cleared.solution.x[program.columns])
    seen = network_with(market.case, p * market.base, q * market.base)
    return _without_exchange(cleared, seen, heating(seen, market.base, market.dynamics))


def largest(market: TradeMarket, price: Floats) -> float:
    """The largest of some prices per per unit, or what one per MWh comes to."""
    return max(market.money, float(np.abs(price).max(initial=0.0)))


def _without_exchange(cleared: Cleared, seen: Case, heat: Heating | None) -> Cleared:
    """The clearing of the network in which exchanges are data of the case ``seen``; so is what it was relaxed."""
    form, solution = substituted(cleared.form, cleared.solution, OPERATORS)
    relaxed = None if cleared.relaxed is None else _without_exchange(cleared.relaxed, seen, heat)
    return replace(cleared, case=seen, heat=heat, form=form, solution=solution, relaxed=relaxed)


class _Below:
    """All microgrids side by side, within their limits, each drawn to what it exchanges at the ``price`` (n,) agreed.

    Several inside prices hold an exchange where others of the same microgrid are at a limit, or where its active and
    reactive power hang together. With the limits in the program and the agreed price to begin with, it is the agreed
    one that does, but where a limit binds.
    """

    def __init__(self, market: TradeMarket, program: OperatorProgram, price: Floats) -> None:
        self.market = market
        self.program = program
        active, reactive = program.exchanged(-price)
        self.side = unsolved(market, microgrids_within(market.case, active / market.money))
        columns = self.side.form.columns
        self.columns = np.concatenate([columns["buy"].ravel(), columns["import_q"].ravel()])
        self.guess = np.append(np.zeros(active.size), np.where(program.free[:, None], reactive, 0.0))
        self.drawn = Drawn(self.side.form, self.columns, largest(market, price))

    def at(self, exchanged: Floats) -> Cleared:
        """The microgrids where each exchanges this, (n,) per unit, or as near to it as it can."""
        form, solution = self.drawn.to(self.guess, -np.concatenate(self.program.exchanged(exchanged)).ravel())
        return replace(self.side, form=form, solution=solution)

    def beside(self, exchanged: Floats) -> Floats:
        """What the microgrids would rather exchange at the agreed price, where that is next to it.

        Where costs have a kink, agreements lie beside it: by too little to cost anything, and enough for another price.
        """
        at = -np.concatenate(self.program.exchanged(exchanged)).ravel()
        rather = exchanged
        for _ in range(TURNS):
            found = self.drawn.at(self.guess, at).reshape(2, -1, self.market.case.steps)
            rather, before = self.program.coupled(-found[0], self._reactive(-found[1])), rather
            at = -np.concatenate(self.program.exchanged(rather)).ravel()
            if np.abs(rather - before).max(initial=0.0) <= MET:
                break
        return rather if np.abs(rather - exchanged).max(initial=0.0) <= BESIDE else exchanged

    def _reactive(self, found: Floats) -> Floats:
        return np.where(self.program.free[:, None], found, self.program.stated)

    def done(self, side: Cleared) -> tuple[Floats, Floats]:
        """Active and reactive power that the microgrids give to the network, per unit, (microgrids, steps) each."""
        values = side.values()
        return -values["buy"], self._reactive(-values["import_q"])

    def priced(self, found: Cleared) -> Cleared:
        """The same solution where the interfaces have the inside price: nobody is held any more."""
        inside = found.price("active_balance")[found.case.positions("interfaces", "bus")]
        case = microgrids_at(self.market.case, inside, self.done(found)[1] * self.market.base)
        return _priced(unsolved(self.market, case), found)


def unsolved(market: TradeMarket, case: Case) -> Cleared:
    """The program of a case of microgrids side by side, not solved yet."""
    network, chosen = electric_network(case, market.base), formulation_named("soc")
    heat = heating(case, market.base, market.dynamics)
    form = compile_program(clearing_program(case, network, chosen, heat))
    nothing = Solution(np.zeros(form.q.size), np.zeros(form.b.size), np.zeros(form.b.size), 0.0, "clarabel", 0, 0.0)
    return Cleared(case, network, chosen, form, nothing, heat=heat)


def _priced(cleared: Cleared, found: Cleared) -> Cleared:
    """The solution in the program where interfaces have the inside price and hold reactive power, without limits."""
    form, old, rows = cleared.form, found.form, found.form.rows
    x, s, z = np.zeros(form.q.size), np.zeros(form.b.size), np.zeros(form.b.size)
    for name, at in form.columns.items():
        x[at] = found.solution.x[old.columns[name]]
    for name, at in ((name, at) for name, at in form.rows.items() if name in rows):
        there = at >= 0
        s[at[there]], z[at[there]] = found.solution.s[rows[name][there]], found.solution.z[rows[name][there]]
    # Sales are fixed at zero, for buying carries both directions; both fixings take what is left of stationarity.
    pull = form.P @ x + form.q + form.A.T @ z
    for fixing, fixed in (("interfaces/one_price", "sell"), ("interfaces/q_mvar", "import_q")):
        z[form.rows[fixing]] -= pull[form.columns[fixed]]
    return replace(cleared, solution=replace(found.solution, x=x, s=s, z=z, cost=form.cost(x)))
