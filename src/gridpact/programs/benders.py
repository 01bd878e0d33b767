r"""Benders' decomposition: whole numbers n in a master program, convex costs of subproblems as cuts.

$$
\min_{n, y} \; c'(n, y) + \sum_d w_d V_d(n) \quad\text{subject to}\quad l \le M (n, y) \le u, \; n \text{ whole}
$$

    master       V_d replaced by theta_d >= constant + slope'n for every cut; its bound is a lower bound of the whole
    subproblem   V_d and a cut at any n; its cost at the master's n is an upper bound

Cuts at a whole n have multipliers that are not unique where something is not built, and say little. So the cuts are
taken at ``INWARD`` of the way from n to a core point (Papadakos, Operations Research Letters 36, 2008; Magnanti
and Wong, Operations Research 29, 1981), and n itself is priced only where it can still be better than the best: V is
convex, so V(n) >= (V(point) - INWARD V(core)) / (1 - INWARD).

Source: Geoffrion, "Generalized Benders decomposition", Journal of Optimization Theory and Applications 10, 1972;
Birge and Louveaux, "A multicut algorithm for two-stage stochastic linear programs", EJOR 34, 1988.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.errors import InfeasibleError
from gridpact.programs.linear import Linear, solve_integer

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
INWARD = 0.1
# For a point of the master at given whole columns.
SECONDS = 60.0
# The master is solved to this share of the gap that is asked for.
SHARE = 0.25


@dataclass(frozen=True, eq=False)
class Master:
    """The master program: ``integers`` whole columns n, then the others y; ``program`` has no subproblem in it.

    ``weights`` (subproblems,) are those of the subproblems' costs; ``constant`` is what every point costs.
    """

    program: Linear
    integers: int
    weights: Floats
    constant: float = 0.0

    def cost(self, columns: Floats) -> float:
        """Of a point, or of its first columns, where all others cost nothing."""
        return float(self.program.cost[: columns.size] @ columns) + self.constant


@dataclass(frozen=True, eq=False)
class Cuts:
    """V of subproblem ``of`` >= ``constant`` + ``slope`` n; shapes (cuts,), (cuts,), (cuts, integers)."""

    of: Ints
    constant: Floats
    slope: Floats

    def joined(self, other: Cuts) -> Cuts:
        return Cuts(
            *(np.concatenate([getattr(self, name), getattr(other, name)]) for name in ("of", "constant", "slope"))
        )

    def at(self, n: Floats) -> Floats:
        """What every cut says of n, (cuts,)."""
        return self.constant + self.slope @ n


@dataclass(frozen=True, eq=False)
class Priced:
    """All subproblems at one n: costs and what of them is not allowed to remain, (subproblems,); cuts there."""

    costs: Floats
    excess: Floats
    cuts: Cuts


Oracle = Callable[[Floats], Priced]


@dataclass(frozen=True, eq=False)
class Progress:
    """What is known: a lower bound, all cuts, and every n that was priced, with its costs; the best of them.

    ``designs`` (designs, columns) are points of the master; ``costs`` (designs, subproblems); ``allowed`` (designs,).
    ``core`` (integers,) is the point towards which cuts are taken, where one is known.
    """

    lower: float
    cuts: Cuts
    designs: Floats
    costs: Floats
    allowed: NDArray[np.bool_]
    totals: Floats
    iteration: int = 0
    seconds: float = 0.0
    core: Floats | None = None

    @property
    def best(self) -> int:
        """The number of the cheapest design that is allowed; -1 where there is none."""
        totals = np.where(self.allowed, self.totals, np.inf)
        return int(np.argmin(totals)) if np.isfinite(totals).any() else -1

    @property
    def upper(self) -> float:
        return float(self.totals[self.best]) if self.best >= 0 else np.inf

    @property
    def gap(self) -> float:
        """(upper - lower) / max(1, |upper|)."""
        return max(0.0, self.upper - self.lower) / max(1.0, abs(self.upper)) if self.best >= 0 else np.inf


def beginning(master: Master, cuts: Cuts, lower: float) -> Progress:
    """Before anything was priced."""
    columns, subproblems = master.program.cost.size, master.weights.size
    none = np.zeros(0)
    return Progress(lower, cuts, np.zeros((0, columns)), np.zeros((0, subproblems)), none.astype(np.bool_), none)


def decompose(
    master: Master, oracle: Oracle, start: Progress, core: Floats, gap: float, time_limit: float
) -> Iterator[Progress]:
    """Improve both bounds until they meet within ``gap``; the state after every iteration.

    ``core`` (integers,) is a point in the interior of what may be built. Ends without the gap where time is up, and
    where the master proposes what was priced before: its cuts are known, and the rest is the master's own accuracy.
    Raises ``InfeasibleError`` where the master has no point.
    """
    began = perf_counter() - start.seconds
    inner, state = oracle(core), start
    state = replace(state, cuts=state.cuts.joined(inner.cuts))
    passed: set[bytes] = set()
    while state.gap > gap:
        point, bound = proposed(master, state, SHARE * gap, time_limit - (perf_counter() - began))
        state = replace(state, lower=max(state.lower, bound), iteration=state.iteration + 1)
        if _is_priced(state, point[: master.integers]):
            yield replace(state, seconds=perf_counter() - began)
            return
        if state.gap > gap:
            again = point[: master.integers].tobytes() in passed
            passed.add(point[: master.integers].tobytes())
            state = _priced(master, oracle, state, point, None if again else (core, inner))
        state = replace(state, seconds=perf_counter() - began)
        yield state
        if state.seconds > time_limit:
            return


def _is_priced(state: Progress, n: Floats) -> bool:
    return bool((state.designs[:, : n.size] == n).all(axis=1).any())


def _priced(
    master: Master, oracle: Oracle, state: Progress, point: Floats, inward: tuple[Floats, Priced] | None
) -> Progress:
    """The state with cuts near the master's point, and with the point itself where it may be the best.

    Without ``inward``, a core point with its costs, the point itself is priced: its own cuts end every repetition.
    """
    n = point[: master.integers]
    if inward is not None:
        core, inner = inward
        near = oracle((1.0 - INWARD) * n + INWARD * core)
        state = replace(state, cuts=state.cuts.joined(near.cuts))
        least = (near.costs - INWARD * inner.costs) / (1.0 - INWARD)
        least = np.maximum(least, from_cuts(state.cuts, n, least.size))
        if master.cost(point) + float(master.weights @ least) >= state.upper:
            return state
    return with_design(master, state, point, oracle(n))


def with_design(master: Master, state: Progress, point: Floats, priced: Priced) -> Progress:
    """The state with a point of the master that was priced."""
    return replace(
        state,
        cuts=state.cuts.joined(priced.cuts),
        designs=np.vstack([state.designs, point]),
        costs=np.vstack([state.costs, priced.costs]),
        allowed=np.append(state.allowed, not priced.excess.any()),
        totals=np.append(state.totals, master.cost(point) + float(master.weights @ priced.costs)),
    )


def point_at(master: Master, n: Floats) -> Floats | None:
    """A point of the master with these whole columns, whatever it costs; None where there is none."""
    low, high = (np.append(n, bound[n.size :]) for bound in master.program.bounds)
    free = replace(master.program, cost=np.zeros(master.program.cost.size), bounds=(low, high))
    found = solve_integer(free, 1.0, SECONDS)
    return None if found is None else np.where(master.program.whole, np.rint(found.x), found.x)


def from_cuts(cuts: Cuts, n: Floats, subproblems: int) -> Floats:
    """The least cost of every subproblem at n that the cuts allow."""
    least = np.full(subproblems, -np.inf)
    np.maximum.at(least, cuts.of, cuts.at(n))
    return least


def proposed(master: Master, state: Progress, gap: float, time_limit: float) -> tuple[Floats, float]:
    """The master's point and its bound. Raises ``InfeasibleError`` where it has no point."""
    start = state.designs[state.best] if state.best >= 0 else None
    whole = _with_cuts(master, state.cuts)
    if start is not None:
        start = np.concatenate([start, from_cuts(state.cuts, start[: master.integers], master.weights.size)])
    found = solve_integer(whole, gap, time_limit, start)
    if found is None:
        raise InfeasibleError("No plan keeps all limits.")
    point = found.x[: master.program.cost.size]
    point[master.program.whole] = np.rint(point[master.program.whole])
    return point, found.bound + master.constant


def _with_cuts(master: Master, cuts: Cuts) -> Linear:
    """The master with a column for the cost of every subproblem, and a row for every cut."""
    program, subproblems = master.program, master.weights.size
    height, width = cuts.constant.size, program.cost.size
    slope = sp.hstack([sp.csr_array(-cuts.slope), sp.csr_array((height, width - master.integers))])
    theta = sp.csr_array((np.ones(height), (np.arange(height), cuts.of)), shape=(height, subproblems))
    free = np.full(subproblems, np.inf)
    return Linear(
        cost=np.concatenate([program.cost, master.weights]),
        matrix=sp.csr_array(
            sp.block_array([[program.matrix, sp.csr_array((program.matrix.shape[0], subproblems))], [slope, theta]])
        ),
        rows=(
            np.concatenate([program.rows[0], cuts.constant]),
            np.concatenate([program.rows[1], np.full(height, np.inf)]),
        ),
        bounds=(np.concatenate([program.bounds[0], -free]), np.concatenate([program.bounds[1], free])),
        whole=np.concatenate([program.whole, np.zeros(subproblems, dtype=np.bool_)]),
        tolerance=program.tolerance,
    )
