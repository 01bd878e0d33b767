"""Both sides of an agreement as clearings of their own.

The operator's network with what microgrids exchange standing at their buses, and the microgrids side by side, each at
its own price. Each is solved once more, exactly, held to what was agreed by the method of
multipliers,

    e <- argmin f(e) + p'e + W/2 |e - agreed|^2,      p <- p + W (e - agreed)

and not by an equality: where a limit of the network binds at the agreed exchange, an equality would leave no interior
and multipliers without a bound. A side that cannot keep to what was agreed shows it by the distance that is left.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.case.trade_cases import microgrids_at, network_with
from gridpact.coordination.coordinate import Coordinated
from gridpact.errors import NotConverged
from gridpact.markets.cleared import Cleared
from gridpact.markets.exactness import made_exact
from gridpact.markets.heat.side import heating
from gridpact.markets.market_program import clearing_program, formulation_named
from gridpact.markets.trade.market import TradeMarket
from gridpact.markets.trade.programs import EXCHANGE_P, EXCHANGE_Q, OperatorProgram
from gridpact.physics.devices.device import unlimited
from gridpact.physics.electric.network import electric_network
from gridpact.programs.solve import Solution, solve
from gridpact.programs.standard_form import StandardForm, compile_program
from gridpact.programs.substituted import substituted

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# Weight of a difference from what was agreed, in largest prices per per unit; steps, and the distance that will do.
WEIGHT = 100.0
STEPS = 8
NEAR = 1e-9
SHRINKS = 0.95
# Turns in which both sides meet, and the difference, per unit, at which they have.
MEETINGS = 5
MET = 1e-7
# Distance from a limit, per unit, below which it binds.
AT_LIMIT = 1e-6
OPERATORS = (EXCHANGE_P, EXCHANGE_Q, "trade_pair", "trade_sell", "trade_buy")


def held(
    form: StandardForm, columns: Ints, price: Floats, target: Floats, scale: float
) -> tuple[StandardForm, Solution]:
    """The program with price'x + W/2 |x - target|^2 more to pay for some columns, at the price that holds them.

    ``price`` is a first guess of it, ``scale`` a price. Where the distance falls no more, the target is out of reach,
    and prices would only drift.
    """
    weight, distance = np.full(columns.size, WEIGHT * scale), np.inf
    heavy = form.with_squares(columns, weight)
    for _ in range(STEPS):
        q = form.q.copy()
        q[columns] += price - weight * target
        drawn = heavy.with_q(q)
        found = solve(drawn)
        away = found.x[columns] - target
        before, distance = distance, float(np.abs(away).max(initial=0.0))
        if distance > SHRINKS * before:
            break
        kept, solution = drawn, found
        if distance <= NEAR:
            break
        price = price + weight * away
    return kept, solution


@dataclass(frozen=True, eq=False)
class Settled:
    """Both sides of an agreement, cleared, and the slope f' of the network at the exchanges (n,).

    ``exchanged`` are active and reactive power into the network, per unit, (microgrids, steps) each, ``vector`` (n,)
    both as coupled; ``away`` is how far the sides differ, per unit.
    """

    network: Cleared
    microgrids: Cleared
    exchanged: tuple[Floats, Floats]
    slope: Floats
    away: float
    vector: Floats


def settled(market: TradeMarket, program: OperatorProgram, found: Coordinated, exactness: str) -> Settled:
    """Both sides at exchanges that each of them can keep to, near those agreed.

    The network takes what the microgrids can do, and where it cannot, they do what it can take. Raises
    ``NotConverged`` where they do not meet, and what ``made_exact`` raises.
    """
    target, price = found.below, found.price
    for _ in range(MEETINGS):
        p, q = program.exchanged(target)
        below = microgrid_side(market, program.exchanged(-price)[0] / market.money, (p, q))
        done = -below.megawatts("buy", "interfaces") / market.base
        above, taken, slope = network_side(market, program, price, program.coupled(done, q), exactness)
        away = program.exchanged(taken)[0] - done
        if np.abs(away).max(initial=0.0) <= MET:
            distance = float(np.abs(away).max(initial=0.0))
            return Settled(above, below, (done, q), slope, distance, program.coupled(done, q))
        target = taken + program.coupled(away, np.zeros_like(q))  # a little further, inside its limits
    raise NotConverged(
        "The network and the microgrids do not meet: what it can take differs from what they can do by "
        f"{np.abs(away).max() * market.base:.3g} MW. Ask for a smaller tolerance."
    )


def price_gap(market: TradeMarket, program: OperatorProgram, found: Settled) -> float:
    """Largest difference of a microgrid's inside price from the network's, over the larger of it and one per MWh.

    Where a limit of its exchange binds they may differ.
    """
    outside = program.exchanged(-found.slope)[0] / market.money
    inside = found.microgrids.case.series("interfaces", "price_per_mwh")
    free = np.isfinite(outside)
    for way, sign in (("sell", 1.0), ("buy", -1.0)):
        limit = unlimited(market.case.series("microgrids", f"max_{way}_mw")) / market.base
        free &= sign * found.exchanged[0] < limit - AT_LIMIT
    gap = np.where(free, np.abs(inside - outside) / np.maximum(np.abs(outside), 1.0), 0.0)
    return float(gap.max(initial=0.0))


def network_side(
    market: TradeMarket, program: OperatorProgram, price: Floats, target: Floats, exactness: str
) -> tuple[Cleared, Floats, Floats]:
    """The network cleared at exchanges as near to ``target`` (n,) as it can, those exchanges, and f' there (n,).

    ``price`` is f' as agreed. Cones that are not tight are made so. Raises what ``made_exact`` raises.
    """
    form, solution = held(program.form, program.columns, -price, target, largest(market, price))
    cleared = Cleared(market.operator, market.network, formulation_named("soc"), form, solution)
    if exactness in ("repair", "certify"):
        cleared = made_exact(cleared, exactness == "certify")
    taken = cleared.solution.x[program.columns]
    slope = np.asarray(cleared.form.A.T @ cleared.solution.z)[program.columns]
    p, q = program.exchanged(taken)
    seen = network_with(market.case, p * market.base, q * market.base)
    heat = heating(seen, market.base, market.dynamics)
    return _without_exchange(replace(cleared, case=seen, heat=heat)), taken, slope


def largest(market: TradeMarket, price: Floats) -> float:
    """The largest of some prices per per unit, or what one per MWh comes to."""
    return max(market.money, float(np.abs(price).max(initial=0.0)))


def _without_exchange(cleared: Cleared) -> Cleared:
    """The clearing of the network in which exchanges are data."""
    form, solution = substituted(cleared.form, cleared.solution, OPERATORS)
    relaxed = None if cleared.relaxed is None else _without_exchange(cleared.relaxed)
    return replace(cleared, form=form, solution=solution, relaxed=relaxed)


def microgrid_side(market: TradeMarket, price: Floats, exchanged: tuple[Floats, Floats]) -> Cleared:
    """All microgrids cleared together where each exchanges what was agreed, per unit, at the price that it is worth it.

    ``price`` per MWh as agreed and both of ``exchanged`` (active, reactive) have the shape (microgrids, steps).
    """
    p, q = exchanged
    asked = microgrids_at(market.case, price, q * market.base)
    found = _held(market, asked, -p)
    inside = found.price("active_balance")[asked.positions("interfaces", "bus")]
    case = microgrids_at(market.case, inside, q * market.base)
    return _priced(market, case, found)


def _held(market: TradeMarket, case: Case, bought: Floats) -> Cleared:
    cleared, scale = _side(market, case), largest(market, case.series("interfaces", "price_per_mwh") * market.money)
    columns = cleared.form.columns["buy"].ravel()
    form, solution = held(cleared.form, columns, np.zeros(columns.size), bought.ravel(), scale)
    return replace(cleared, form=form, solution=solution)


def _side(market: TradeMarket, case: Case) -> Cleared:
    """The program of the microgrids side by side, not solved yet."""
    network, chosen = electric_network(case, market.base), formulation_named("soc")
    heat = heating(case, market.base, market.dynamics)
    form = compile_program(clearing_program(case, network, chosen, heat))
    nothing = Solution(np.zeros(form.q.size), np.zeros(form.b.size), np.zeros(form.b.size), 0.0, "clarabel", 0, 0.0)
    return Cleared(case, network, chosen, form, nothing, heat=heat)


def _priced(market: TradeMarket, case: Case, found: Cleared) -> Cleared:
    """The same solution in the program where the interfaces have the inside price: nobody is held any more."""
    cleared = _side(market, case)
    form, solution = cleared.form, found.solution
    z, fixed = solution.z.copy(), form.rows["interfaces/one_price"]
    pull = form.P @ solution.x + form.q + form.A.T @ z
    z[fixed] -= pull[form.columns["sell"]]  # sales are fixed at zero: buying carries both directions
    return replace(cleared, solution=replace(solution, z=z, cost=form.cost(solution.x)))
