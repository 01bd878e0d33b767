"""Local optimum of a program some of whose second-order cones must be tight, by Ipopt.

    minimise    1/2 x'Px + q'x + constant
    subject to  A x + s = b,   s in zero x nonnegative x second-order cones
                s0^2 = |s_rest|^2   on the tight cones

A tight cone is written as u l = |s_rest2|^2 with u = (s0 + s1) / 2, l = (s0 - s1) / 2 and s_rest2 = s_2.. / 2, so that
the terms of s0 and s1 that cancel are gone and the Hessian is as sparse as the program. The other cones are
|s_rest|^2 <= s0^2 with s0 >= 0.

Multipliers are those of the standard form (see ``nonlinear_kkt``): P x + q + A'z = 0, and on a tight cone
z = mu (-s0, s_rest) / 2. Sources: Waechter and Biegler, "On the implementation of an interior-point filter
line-search algorithm", Mathematical Programming 106, 2006; Andersson et al., "CasADi", Mathematical Programming
Computation 11, 2019.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.errors import NotConverged
from gridpact.programs.blocks import Block, blocks, joined
from gridpact.programs.conic import clarabel_point
from gridpact.programs.nonlinear_kkt import (
    Residual,
    gradient_multipliers,
    kkt_residual,
    loose_cones,
    rows_of,
    slopes,
)
from gridpact.programs.standard_form import StandardForm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
TOLERANCE = 1e-9
ITERATIONS = 500
# Prices on l at the first starts, relative to the largest cost. Chosen on the hard districts: one of the three ends
# within 0.01 % of the best known cost in each of those of one hour; with storage and reactive power it was 1.6 %.
PRICES = (0.0, 1e-3, 0.1)
# Costs closer than this, relative, count as the same local optimum.
AGREE = 1e-6
INFEASIBLE = {"Infeasible_Problem_Detected"}


@dataclass(frozen=True, eq=False)
class Local:
    """What Ipopt ended at: ``status`` is solved, infeasible (locally: no proof) or stopped.

    ``s`` is b - A x, ``z`` the multipliers of the rows, ``gradient`` those of the tight cones' equalities, shape (k,).
    """

    status: str
    word: str
    x: Floats
    s: Floats
    z: Floats
    gradient: Floats
    cost: float
    residual: Residual
    iterations: int
    seconds: float


@dataclass(frozen=True, eq=False)
class MultiStart:
    """The best of several local optima, and the shares of solved and of agreeing starts.

    ``solved`` and ``agreed`` count starts, the least over all blocks; the status is that of the block that went worst.
    """

    best: Local
    starts: int
    solved: int
    agreed: int


def tight_rows(form: StandardForm, names: Iterable[str]) -> Ints:
    """Rows of the named cones, shape (size of a cone, k); all must be of one size."""
    found = [form.rows[name].reshape(form.rows[name].shape[0], -1, order="F") for name in names]
    rows = np.concatenate(found, axis=1)
    return rows[:, rows[0] >= 0]


def inside(block: Block, tight: Ints) -> Ints:
    """The tight cones of a block, in its own row numbers."""
    own = np.full(int(max(tight.max(initial=0), block.rows.max(initial=0))) + 1, -1, dtype=np.int64)
    own[block.rows] = np.arange(block.rows.size)
    rows = own[tight]
    return rows[:, rows[0] >= 0]


class Nonlinear:
    """The program inside Ipopt, set up once for all costs, right-hand sides and starts of the same matrices."""

    def __init__(self, form: StandardForm, tight: Ints, tolerance: float = TOLERANCE, barrier: float = 0.1) -> None:
        self.form, self.tight = form, tight
        self.loose = loose_cones(form, tight)
        self._equal, self._less = (rows_of(form, kind) for kind in ("zero", "nonnegative"))
        self._solver, self._lower, self._upper = self._compiled(tolerance, barrier)

    def fits(self, form: StandardForm, tight: Ints) -> bool:
        """Whether another program differs in q and b alone."""
        own = self.form
        return (
            own.cones == form.cones
            and np.array_equal(self.tight, tight)
            and _same(own.A, form.A)
            and _same(own.P, form.P)
        )

    def solve(self, form: StandardForm, x0: Floats) -> Local:
        """The local optimum that Ipopt reaches from ``x0``."""
        parameters = np.concatenate([form.q, form.b])
        started = perf_counter()
        found = self._solver(x0=x0, p=parameters, lbg=self._lower, ubg=self._upper)
        stats = self._solver.stats()
        x = np.asarray(found["x"]).ravel()
        s = form.b - form.A @ x
        z, gradient = self._multipliers(s, np.asarray(found["lam_g"]).ravel())
        seconds = perf_counter() - started
        word = str(stats["return_status"])
        status = "solved" if stats["success"] else "infeasible" if word in INFEASIBLE else "stopped"
        residual = kkt_residual(form, self.tight, x, z)
        return Local(status, word, x, s, z, gradient, form.cost(x), residual, int(stats["iter_count"]), seconds)

    def _compiled(self, tolerance: float, barrier: float) -> tuple[Any, Floats, Floats]:
        import casadi as ca

        height, width = self.form.A.shape
        x, q, b = ca.SX.sym("x", width), ca.SX.sym("q", width), ca.SX.sym("b", height)
        A, P = _casadi(self.form.A), _casadi(self.form.P)
        s = b - A @ x
        less = [*self._loose_rows(s), -s[self._less.tolist()]]
        same = [_product(self.form, self.tight, x, b), -s[self._equal.tolist()]]
        g = ca.vertcat(*same, *less)
        equalities = sum(part.numel() for part in same)
        options: dict[str, Any] = {
            "print_time": False,
            "error_on_fail": False,
            "ipopt": {
                "print_level": 0, "sb": "yes", "tol": tolerance, "constr_viol_tol": tolerance, "max_iter": ITERATIONS,
                "bound_relax_factor": 0.0, "acceptable_iter": 0, "mu_init": barrier, "mu_strategy": "adaptive",
            },
        }  # fmt: skip
        problem = {"x": x, "p": ca.vertcat(q, b), "f": 0.5 * ca.dot(x, P @ x) + ca.dot(q, x), "g": g}
        lower = np.full(g.numel(), -np.inf)
        lower[:equalities] = 0.0
        return ca.nlpsol("local", "ipopt", problem, options), lower, np.zeros(g.numel())

    def _loose_rows(self, s: Any) -> list[Any]:
        """For each size of cone, (|s_rest|^2 - s0^2) / 2 <= 0 and -s0 <= 0."""
        found = []
        for rows in self.loose:
            parts = [s[row.tolist()] for row in rows]
            found += [sum((part * part for part in parts[1:]), -parts[0] * parts[0]) / 2.0, -parts[0]]
        return found

    def _multipliers(self, s: Floats, values: Floats) -> tuple[Floats, Floats]:
        """z of the standard form from the multipliers of g, and those of the tight equalities."""
        k = self.tight.shape[1]
        z = np.zeros(s.size)
        gradient, at = values[:k], k + self._equal.size
        z[self.tight] = gradient_multipliers(s[self.tight], gradient)
        z[self._equal] = values[k:at]
        for rows in self.loose:
            slope, sign = values[at : at + rows.shape[1]], values[at + rows.shape[1] : at + 2 * rows.shape[1]]
            z[rows[0]], z[rows[1:]] = slope * s[rows[0]] + sign, -slope * s[rows[1:]]
            at += 2 * rows.shape[1]
        z[self._less] = values[at:]
        return z, gradient


def local_optimum(form: StandardForm, tight: Ints, x0: Floats | None = None, tolerance: float = TOLERANCE) -> Local:
    """A local optimum of ``form`` with the cones of the rows ``tight`` (shape (size, k)) tight, block by block.

    Starts at ``x0``; if None, at optima of the relaxation with the prices ``PRICES`` on l, and the best one counts.
    Raises ``InfeasibleError`` where even the relaxation has no feasible point; whether the local search succeeded is in
    ``status``.
    """
    return multistart(form, tight, len(PRICES) if x0 is None else 1, 0, x0, tolerance).best


def multistart(
    form: StandardForm,
    tight: Ints,
    starts: int = 10,
    seed: int = 0,
    x0: Floats | None = None,
    tolerance: float = TOLERANCE,
) -> MultiStart:
    """The best of ``starts`` local searches in every block, from ``start_points``."""
    random = np.random.default_rng(seed)
    ready: Nonlinear | None = None
    found: list[tuple[Block, list[Local]]] = []
    for block in blocks(form):
        own = inside(block, tight)
        ready = ready if ready is not None and ready.fits(block.form, own) else Nonlinear(block.form, own, tolerance)
        points = start_points(block.form, own, starts, random, None if x0 is None else x0[block.columns])
        found.append((block, [ready.solve(block.form, point) for point in points]))
    best = [(block, min(locals_, key=_rank)) for block, locals_ in found]
    solved = [sum(local.status == "solved" for local in locals_) for _, locals_ in found]
    agreed = [
        sum(_agrees(local, winner) for local in locals_) for (_, locals_), (_, winner) in zip(found, best, strict=True)
    ]
    return MultiStart(_together(form, tight, best), starts, min(solved), min(agreed))


def start_points(
    form: StandardForm, tight: Ints, count: int, random: np.random.Generator, x0: Floats | None = None
) -> list[Floats]:
    """``count`` points: ``x0`` or optima of the relaxation with ``PRICES`` on l, then with random prices and costs.

    A price is relative to the largest cost. None at all is best where losses pay, some where they are invented.
    """
    l = np.asarray(-(form.A[tight[0]] - form.A[tight[1]]).sum(axis=0)).ravel() / 2.0
    scale = np.abs(form.q).max(initial=1e-3) / np.abs(l).max(initial=1e-9)
    priced = [replace(form, q=form.q + price * scale * l) for price in PRICES[:count]] if x0 is None else []
    points = [clarabel_point(each)[1] for each in priced] if x0 is None else [x0]
    while len(points) < count:
        price = scale * 10.0 ** random.uniform(-3.0, 0.5)
        noise = random.normal(0.0, 0.3, form.q.size) * np.abs(form.q)
        points.append(_relaxed(replace(form, q=form.q + noise + price * l), points[0]))
    return points


def _together(form: StandardForm, tight: Ints, best: Sequence[tuple[Block, Local]]) -> Local:
    """The blocks' points as one point of the whole."""
    x = joined([(block, local.x) for block, local in best], "columns")
    s, z = (joined([(block, getattr(local, name)) for block, local in best], "rows") for name in "sz")
    worst = max((local for _, local in best), key=lambda local: ("solved", "stopped", "infeasible").index(local.status))
    iterations, seconds = max(local.iterations for _, local in best), sum(local.seconds for _, local in best)
    residual = kkt_residual(form, tight, x, z)
    mu = slopes(s[tight], z[tight])
    return Local(worst.status, worst.word, x, s, z, mu, form.cost(x), residual, iterations, seconds)


def _relaxed(form: StandardForm, otherwise: Floats) -> Floats:
    """A point of the relaxation; where the solver gives up on the changed costs, the given start."""
    try:
        return clarabel_point(form)[1]
    except NotConverged:
        return otherwise


def _rank(local: Local) -> tuple[int, float]:
    return ("solved", "stopped", "infeasible").index(local.status), local.cost


def _agrees(local: Local, best: Local) -> bool:
    return local.status == "solved" and abs(local.cost - best.cost) <= AGREE * max(1.0, abs(best.cost))


def _product(form: StandardForm, tight: Ints, x: Any, b: Any) -> Any:
    """u l - |s_rest|^2 / 4 of the tight cones."""
    first, second = (b[row.tolist()] for row in tight[:2])
    one, two = (form.A[row] for row in tight[:2])
    u = (first + second) / 2.0 - _casadi((one + two) / 2.0) @ x
    l = (first - second) / 2.0 - _casadi((one - two) / 2.0) @ x
    rest = [(b[row.tolist()] - _casadi(form.A[row]) @ x) / 2.0 for row in tight[2:]]
    return sum((-part * part for part in rest), u * l)


def _same(one: sp.csc_array, other: sp.csc_array) -> bool:
    parts = ("indptr", "indices", "data")
    return one is other or all(np.array_equal(getattr(one, part), getattr(other, part)) for part in parts)


def _casadi(matrix: sp.csc_array) -> Any:
    import casadi as ca

    plain = sp.csc_array(matrix, copy=True)  # what follows works in place
    plain.sum_duplicates()
    plain.eliminate_zeros()
    height, width = plain.shape
    pattern = ca.Sparsity(height, width, plain.indptr.tolist(), plain.indices.tolist())
    return ca.DM(pattern, plain.data)
