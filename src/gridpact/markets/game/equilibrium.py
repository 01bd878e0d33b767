"""The equilibrium of the game: what the leader imports, knowing how the transmission prices answer.

price_steps   the price of every boundary power as an exact step function, branch and bound on envelopes
kkt           one mixed-integer cone program with the follower's optimality conditions, by SCIP
primal_dual   one with the follower's equal objectives, the product of price and power in pieces, by SCIP

The first serves a transmission market that falls into hours with one connection each, which is all of them unless
ramps tie hours or several connections share one; the others serve all. "auto" takes the first where it serves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from gridpact.errors import InfeasibleError, InputError, Issue, NotConverged
from gridpact.markets.game.leader import Game
from gridpact.markets.pool import clear_pool
from gridpact.markets.probes import STEP
from gridpact.programs.blocks import blocks
from gridpact.programs.follower.bilevel import Bilevel
from gridpact.programs.follower.bounds import Bounds
from gridpact.programs.follower.joint import Joint, at_multipliers, joint
from gridpact.programs.follower.kkt import kkt_single_level
from gridpact.programs.follower.multiplier_bounds import proven_bounds
from gridpact.programs.follower.price_steps import PriceSteps, price_steps
from gridpact.programs.follower.reach import reach
from gridpact.programs.follower.relaxation import Priced
from gridpact.programs.follower.response import NoEnd, response, with_multipliers
from gridpact.programs.follower.search import Node, first_leaf, search
from gridpact.programs.follower.segments import Boxes, step_boxes
from gridpact.programs.follower.single_level import SingleLevel
from gridpact.programs.follower.single_solution import SingleSolution, solve_single_level
from gridpact.programs.follower.strong_duality import primal_dual_single_level
from gridpact.programs.follower.value import Value

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Track = Callable[[float], None]

METHODS = ("auto", "price_steps", "kkt", "primal_dual")
# Of the cost: how far a bound may lie above a point that is known, by the accuracy of both.
CONTRADICTED = 1e-6
STEPS_SERVE = "every boundary power has hours of its own"
TIED = "ramps or several connections tie boundary powers together"


@dataclass(frozen=True, eq=False)
class Asked:
    """How the game is to be solved; ``big_m`` 0 means SOS1 or proven bounds."""

    method: str = "auto"
    gap: float = 1e-4
    time_limit: float = 600.0
    complementarity: str = "sos1"
    big_m: float = 0.0
    segments: int = 16


@dataclass(frozen=True, eq=False)
class Equilibrium:
    """Boundary powers z in the transmission program's unit with the leader's cost for one feeder and its proven bound.

    ``steps`` are the price steps, None where several powers share a follower; ``course`` has best cost, bound and
    seconds from node to node; ``shares`` the largest slack and multiplier as a share of its bound (big-M only);
    ``error`` what primal_dual leaves open before its step is fixed.
    """

    method: str
    why: str
    z: Floats
    cost: float
    bound: float
    seconds: float
    steps: Sequence[PriceSteps] | None
    price: Floats | None = None
    leaves: Sequence[Node] = ()
    course: Sequence[tuple[float, float, float]] = ()
    shares: tuple[float, float] = (0.0, 0.0)
    error: float = 0.0


def equilibrium(game: Game, asked: Asked, track: Track | None = None) -> Equilibrium:
    """The leader's best choice, to a relative gap or as near as the time allows.

    Raises ``InputError`` for a method that does not serve the case, ``InfeasibleError`` where the leader has no
    feasible point, ``NotConverged`` where no point was found in time.
    """
    try:
        return _equilibrium(game, asked, track)
    except (InfeasibleError, NotConverged):
        _require_feasible(game)
        raise


def _require_feasible(game: Game) -> None:
    """Raise ``InfeasibleError`` with a diagnosis where the district has no dispatch at any price."""
    clear_pool(game.district.case, "soc", "clarabel", "off", game.dynamics)


def _equilibrium(game: Game, asked: Asked, track: Track | None) -> Equilibrium:
    started = perf_counter()
    steps = all_steps(game)
    method = asked.method if asked.method != "auto" else ("kkt" if steps is None else "price_steps")
    why = ("chosen: " if asked.method == "auto" else "asked for; ") + (TIED if steps is None else STEPS_SERVE)
    if method == "price_steps":
        if steps is None:
            raise InputError([Issue(f"method 'price_steps' does not serve this case: {TIED}", "Choose auto or kkt.")])
        found = search(priced_game(game, steps), asked.gap, asked.time_limit, track)
        seconds = perf_counter() - started
        return Equilibrium(
            method, why, found.z, found.cost, found.bound, seconds, steps, leaves=found.leaves, course=found.course
        )
    bilevel = game.bilevel()
    single = single_level(game, asked, steps)
    begin = _beginning(game, bilevel, steps)
    solved = _by_limits(single, asked, _offered(single, begin, asked, steps))
    error = float(np.abs(bilevel.weights) @ single.error)
    if not asked.big_m:  # a number of the user's own may cut off the best: the certificate is to see where
        _require_bound(solved, _paid(bilevel, begin))
    if np.isnan(solved.x_leader).any():
        solved, why = _as_begun(bilevel, solved, begin), f"{why}; no better point in time than the one it began with"
    scip = replace(_by_scip(method, why, bilevel, solved, steps, perf_counter() - started), error=error)
    if bilevel.follower.form.P.nnz or (asked.big_m and steps is not None):
        return scip
    return _cheaper(_polished(bilevel, scip) if steps is None or error else scip, bilevel, begin)


def _require_bound(solved: SingleSolution, known: float) -> None:
    """``NotConverged`` where SCIP has no bound, or one that a known point contradicts."""
    if not np.isfinite(solved.lower):
        raise NotConverged("SCIP had no lower bound when its time was over. Raise time_limit.")
    if solved.lower > known + CONTRADICTED * max(1.0, abs(known)):
        raise NotConverged(
            f"SCIP says that nothing costs less than {solved.lower:g}, but {known:g} is possible: its numbers are too "
            "far apart. Choose price_steps, or look for limits and prices that are nearly zero."
        )


def _cheaper(found: Equilibrium, bilevel: Bilevel, begin: Joint) -> Equilibrium:
    """The point that was found, or the one it began with where that costs less."""
    known = _paid(bilevel, begin)
    if known >= found.cost - CONTRADICTED * max(1.0, abs(known)):
        return found
    return replace(found, z=begin.z, cost=known, price=begin.price)


def _by_limits(single: SingleLevel, asked: Asked, start: Mapping[str, Floats]) -> SingleSolution:
    """SCIP's answer within the time; a bound that was given as a number may be to blame where there is none."""
    try:
        return solve_single_level(single, asked.time_limit, asked.gap, start)
    except InfeasibleError as error:
        if not asked.big_m or error.unbounded:
            raise
        raise InfeasibleError(
            f"{error} big_m = {asked.big_m:g} may cut off all of them: raise it, or leave it out."
        ) from None


def _beginning(game: Game, bilevel: Bilevel, steps: Sequence[PriceSteps] | None) -> Joint:
    """A point for SCIP to begin with: the first leaf of the price steps, else the competitive one.

    What SCIP proves is its own bound; good points are what it lacks most. A leaf serves where the follower is linear
    and its prices there have an end.
    """
    if steps is not None and not bilevel.follower.form.P.nnz:
        try:
            return _best_at(bilevel, first_leaf(priced_game(game, steps)).z)
        except NoEnd:
            pass
    return joint(bilevel, float(bilevel.weights[0]))


def _best_at(bilevel: Bilevel, z: Floats) -> Joint:
    """The leader's best choice at the multipliers that the follower has at z, the optimistic ones."""
    answer = response(bilevel.follower, z)
    return at_multipliers(bilevel, with_multipliers(bilevel.follower, answer, z).u)


def _offered(single: SingleLevel, begin: Joint, asked: Asked, steps: Sequence[PriceSteps] | None) -> dict[str, Floats]:
    """A point to which the follower answers, in the columns of the single level."""
    start = {"leader": begin.leader.x, "follower": begin.follower.x, "u": single.turn @ begin.follower.z}
    if "s" in single.groups:
        start["s"] = (single.turn @ begin.follower.s)[-single.groups["s"].size :]
    return start | (_boxes(steps, asked.segments).values(begin.z, begin.price) if "product" in single.groups else {})


def _as_begun(bilevel: Bilevel, solved: SingleSolution, begin: Joint) -> SingleSolution:
    """SCIP's bound beside the point it began with, where it took none."""
    return replace(solved, x_leader=begin.leader.x, price=begin.price, upper=_paid(bilevel, begin))


def _paid(bilevel: Bilevel, point: Joint) -> float:
    """What the leader pays at a point and its prices."""
    return bilevel.leader.cost(point.leader.x) + float((bilevel.weights * point.price) @ point.z)


def _polished(bilevel: Bilevel, found: Equilibrium) -> Equilibrium:
    """The best choice at the multipliers of the one found: SCIP's powers miss the edges of their piece by a hair."""
    best = _best_at(bilevel, found.z)
    return replace(found, z=best.z, cost=best.leader.cost, price=best.price)


def priced_game(game: Game, steps: Sequence[PriceSteps]) -> Priced:
    bilevel = game.bilevel()
    return Priced(bilevel.leader, bilevel.columns, bilevel.scale, bilevel.weights, steps)


def single_level(game: Game, asked: Asked, steps: Sequence[PriceSteps] | None) -> SingleLevel:
    """The game as one program that shows what is asked of SCIP (see ``programs.follower.printed``)."""
    bilevel = game.bilevel()
    if asked.method != "primal_dual":
        return kkt_single_level(bilevel, asked.complementarity, _bounds(game, bilevel, asked, steps))
    return primal_dual_single_level(bilevel, _boxes(steps, asked.segments))


def _bounds(game: Game, bilevel: Bilevel, asked: Asked, steps: Sequence[PriceSteps] | None) -> Bounds | None:
    """Bounds of slacks and multipliers: the number given, or proven ones; SOS1 can do without where none are known."""
    if asked.complementarity != "big_m" and steps is None:
        return None
    if asked.big_m:
        transmission = game.transmission
        rows = sum(size for kind, size in bilevel.follower.form.cones if kind != "zero")
        return Bounds(
            np.full(rows, asked.big_m / transmission.base_mva), np.full(rows, asked.big_m * transmission.money)
        )
    low, high = _range(game, steps)
    try:
        return proven_bounds(bilevel, low, high, None if steps is None else [one.edges for one in steps])
    except InputError:
        if asked.complementarity == "big_m":
            raise
        return None


def _range(game: Game, steps: Sequence[PriceSteps] | None) -> tuple[Floats, Floats]:
    """Between what the boundary powers can lie, in the order of the program's columns."""
    if steps is not None:
        return np.array([one.edges[0] for one in steps]), np.array([one.edges[-1] for one in steps])
    low, high = (bound * game.scale[:, None] for bound in reach(game.district.form, game.imports))
    return low.ravel(order="F"), high.ravel(order="F")


def _boxes(steps: Sequence[PriceSteps] | None, pieces: int) -> Boxes:
    """Pieces of every boundary power with their prices."""
    if steps is None:
        fix = "Choose kkt: primal_dual needs the range of every price, which is known for single boundary powers only."
        raise InputError([Issue(f"method 'primal_dual' does not serve this case: {TIED}", fix)])
    return step_boxes(steps, pieces)


def _by_scip(
    method: str,
    why: str,
    bilevel: Bilevel,
    solved: SingleSolution,
    steps: Sequence[PriceSteps] | None,
    seconds: float,
) -> Equilibrium:
    z = bilevel.scale * solved.x_leader[bilevel.columns]
    return Equilibrium(
        method,
        why,
        z,
        solved.upper,
        solved.lower,
        seconds,
        steps,
        price=solved.price,
        course=[(solved.upper, solved.lower, seconds)],
        shares=(solved.slack_share, solved.multiplier_share),
    )


def all_steps(game: Game) -> list[PriceSteps] | None:
    """The price steps of every boundary power within its reach, in units of the transmission program.

    None where a boundary power shares its part of the transmission market with another.
    """
    values = value_functions(game)
    if values is None:
        return None
    low, high = _range(game, None)
    ends = zip(low.tolist(), high.tolist(), strict=True)
    return [_steps_of(game, number, value, *end) for number, (value, end) in enumerate(zip(values, ends, strict=True))]


def _steps_of(game: Game, number: int, value: Value, low: float, high: float) -> PriceSteps:
    """Price steps of one boundary power; where district and market cannot meet, ``InfeasibleError`` says where."""
    base = game.transmission.base_mva
    step, connection = divmod(number, game.transmission.case.count("connections"))
    first, last = value.domain()
    if max(low, first) > min(high, last):
        where = game.transmission.place(connection, step)
        asked, served = (f"{base * a:g} to {base * b:g} MW" for a, b in ((low, high), (first, last)))
        raise InfeasibleError(
            f"No import is possible at {where}: the districts behind it need {asked}, and the transmission market can "
            f"carry {served}. Give fewer feeders, raise the offers or the limits of lines there, or let demand be cut."
        )
    probed = 2.0 * STEP * abs(float(game.scale[connection]))  # price probes ask a little more and less
    return price_steps(value, low - probed, high + probed)


def value_functions(game: Game) -> list[Value] | None:
    """The value function of every boundary power, in the program's order; None where two share one part of it."""
    columns = game.transmission.columns.ravel(order="F")
    found: dict[int, Value] = {}
    for part in blocks(game.transmission.form):
        linked = np.flatnonzero(np.isin(part.columns, columns))
        if linked.size > 1:
            return None
        for local in linked.tolist():
            found[int(part.columns[local])] = Value(part.form, local)
    return [found[column] for column in columns.tolist()]
