"""A program by steps in closed form alone: one factorisation for many of them, nearest points of ranges and cones.

    minimise 1/2 x'Px + q'x   subject to   A x + s = b,   s in K      (K: ranges and second-order cones)

    s <- the point of K nearest to w,   z = s - w its multiplier
    x <- argmin 1/2 x'Px + q'x + 1/2 |A x - t|^2 + sigma/2 |x - x before|^2,   t = b - 2 s + w,   nu = A x - t
    w <- w + a (b - A x - s) = w + a (z - nu)

all in a ``metric``. It is the alternating direction method of multipliers as Douglas and Rachford's iteration in w,
with over-relaxation a (Stellato, Banjac, Goulart, Bemporad and Boyd, OSQP, Mathematical Programming Computation 12,
2020; O'Donoghue, Chu, Parikh and Boyd, SCS, Journal of Optimization Theory and Applications 169, 2016; Garstka, Cannon
and Goulart, COSMO, ibid. 190, 2021), accelerated after Anderson. Three things are not as there:

- The metric follows s and z, and cones are stretched along the ray on which they bind. With one penalty per kind of
  row, a day of branch flows was still 2e-3 per unit away after 5000 steps; with this metric it takes some 150.
- Where rows weigh much, A x - t loses the digits of nu. nu is therefore carried beside x, and both are refined once so
  that P x + q + A'nu = 0 holds to rounding; otherwise directions that little holds are moved by noise.
- sigma only keeps the matrix regular; its centre being the last x, it does not move the optimum.

s'z = 0 holds by the projection, so that small residuals of A x + s = b and P x + q + A'z = 0 prove the optimum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import SuperLU, splu

from gridpact.errors import InfeasibleError, NotConverged
from gridpact.programs.anderson import Anderson
from gridpact.programs.boxed import Boxed, boxed
from gridpact.programs.metric import Metric, metric
from gridpact.programs.standard_form import StandardForm

Floats = NDArray[np.float64]

RELAXATION = 1.6
SIGMA = 1e-7
MEMORY = 5
# Steps between two looks at the residuals, and between two metrics: so many at first, one more each time.
CHECK = 5
EVERY = 10
# Most that one metric changes the penalty by, its range, and the least error that a metric supposes.
STEP = 2.0
PENALTIES = (1e-4, 1e4)
LEAST = 1e-9
# A multiplier z with A'z = 0 up to this share of -b'z proves that there is no feasible point.
RAY = 1e-6


@dataclass(frozen=True, eq=False)
class _Ready:
    """A metric, P + sigma in it, and the factorisation of P + sigma + A'A."""

    metric: Metric
    stiff: sp.csc_array
    factors: SuperLU

    def least(self, slope: Floats, target: Floats) -> tuple[Floats, Floats]:
        """x with P x + sigma x + slope + A'nu = 0, and nu = A x - target, both refined once."""
        A, transposed = self.metric.A, self.metric.transposed
        x = self.factors.solve(transposed @ target - slope)
        nu = A @ x - target
        more = self.factors.solve(-slope - self.stiff @ x - transposed @ nu)
        return x + more, nu + A @ more


@dataclass(frozen=True, eq=False)
class _Seen:
    """A slack and a multiplier outside the metric, their residuals, and the largest terms of these."""

    s: Floats
    z: Floats
    primal: Floats
    dual: Floats
    terms: tuple[float, float]


class Splitting:
    """A program with the metric, the factorisation and the point that its last optimum was found with.

    ``steps`` and ``factorisations`` count those of the last call.
    """

    def __init__(self, form: StandardForm, tolerance: float = 1e-8, most_steps: int = 5000) -> None:
        """``tolerance`` is of both residuals, relative to 1 + |b| of every row and to 1 + the largest |q|.

        Raises ``InfeasibleError`` where the limits of a variable exclude each other.
        """
        self.tolerance, self.most_steps = tolerance, most_steps
        self.steps = self.factorisations = 0
        self._program: Boxed = boxed(form)
        self._transposed = sp.csr_array(self._program.A.T)
        self._P, self._q, self._x, self._w = form.P, form.q, np.zeros(form.q.size), np.zeros(self._program.b.size)
        self._unit = self._penalty = 1.0
        self._ready: _Ready | None = None

    def reweighed(self, P: sp.csc_array) -> None:
        """Another quadratic cost from now on; point and metric stay."""
        self._P = P
        if self._ready is not None:
            self._ready = self._set_up(self._ready.metric)

    def point(self, q: Floats) -> tuple[Floats, Floats, Floats]:
        """x, s and z of the optimum with the linear cost ``q``, s and z in their cones.

        Raises ``InfeasibleError`` with a proof, ``NotConverged`` after ``most_steps`` steps and for what is no number.
        """
        try:
            found = self._found(q)
        except (InfeasibleError, NotConverged):
            self._ready = None
            raise
        return self._program.restored(self._x, found.s, self._unit * found.z)

    def _found(self, q: Floats) -> _Seen:
        ready, before, changed = self._begun(q), None, 0
        wait, faster = EVERY, Anderson(np.ones(self._w.size), MEMORY)
        for done in range(self.most_steps):
            self.steps = done
            s = ready.metric.nearest(self._w)
            z = s - self._w
            self._x, nu = ready.least(self._q - SIGMA * self._x, ready.metric.b - 2.0 * s + self._w)
            if done % CHECK == 0:
                seen = self._seen(ready.metric, s, z)
                if self._is_optimal(seen):
                    return seen
                if done >= changed + wait:
                    self._raise_if_infeasible(seen, before)
                    ready, before, changed, wait = self._changed(seen), seen, done, wait + 1
                    faster.forget()
                    continue
            self._w = faster.step(self._w, RELAXATION * (z - nu))
        raise NotConverged(self._told(seen))

    def _begun(self, q: Floats) -> _Ready:
        """What the last call ended with; at first x = 0 and a metric that knows nothing of the rows."""
        self.factorisations = 0
        if not np.isfinite(q).all():
            raise NotConverged("The closed-form steps were not begun: a cost is not a number.")
        if self._ready is None:
            self._unit, self._penalty = float(np.abs(q).max(initial=0.0)) or 1.0, 1.0
            nothing = np.zeros(self._w.size)
            self._ready = self._set_up(metric(self._program, nothing, nothing, 1.0, 1.0))
            self._x, self._w = np.zeros(q.size), self._ready.metric.b
        self._q = q / self._unit
        return self._ready

    def _set_up(self, here: Metric) -> _Ready:
        """The matrix is positive definite: its factorisation needs an order of symmetric elimination and no pivots."""
        stiff = sp.csc_array(self._P / self._unit + SIGMA * sp.eye_array(self._x.size))
        matrix = sp.csc_array(stiff + here.transposed @ here.A)
        self.factorisations += 1
        options = {"SymmetricMode": True}
        try:
            factors = splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=options)
        except RuntimeError as error:  # numbers have run out of range
            raise NotConverged(f"The closed-form steps were broken off: {error}.") from error
        return _Ready(here, stiff, factors)

    def _seen(self, here: Metric, s: Floats, z: Floats) -> _Seen:
        """What s and z are outside the metric; where nothing binds, the slack is what x leaves, so that s'z = 0."""
        multiplier, b, room = here.forth @ z, self._program.b, self._program.b - self._program.A @ self._x
        slack = np.where(self._program.at_rest(z), self._program.nearest(room), here.back @ s)
        Ax, Px, Atz = self._program.A @ self._x, self._P @ self._x / self._unit, self._transposed @ multiplier
        terms = _largest(Ax, slack - b), _largest(Px, Atz, self._q)
        return _Seen(slack, multiplier, Ax + slack - b, Px + self._q + Atz, terms)

    def _is_optimal(self, seen: _Seen) -> bool:
        """Whether both residuals are small enough; raises ``NotConverged`` where they are no numbers."""
        dual = self._unit * _largest(seen.dual)
        if not np.isfinite(dual):
            raise NotConverged("The closed-form steps were broken off: a point is not a number.")
        allowed = self.tolerance * (self._program.scale + np.abs(self._program.b))
        cost = 1.0 + self._unit * _largest(self._q)
        return bool(np.all(np.abs(seen.primal) <= allowed) and dual <= self.tolerance * cost)

    def _changed(self, seen: _Seen) -> _Ready:
        """The metric of what has been seen; its penalty balances the residuals, each relative to its terms."""
        primal, dual = _largest(seen.primal), _largest(seen.dual)
        shares = [residual / max(most, LEAST) for residual, most in zip((primal, dual), seen.terms, strict=True)]
        factor = np.clip(np.sqrt(shares[0] / max(shares[1], LEAST**2)), 1.0 / STEP, STEP)
        self._penalty = float(np.clip(self._penalty * factor, *PENALTIES))
        error = min(max(primal, LEAST), max(dual, LEAST) / self._penalty)
        here = metric(self._program, seen.s, seen.z, error, self._penalty * error)
        self._w = here.forth @ seen.s - here.back @ seen.z
        self._ready = self._set_up(here)
        return self._ready

    def _raise_if_infeasible(self, seen: _Seen, before: _Seen | None) -> None:
        """The multipliers of a program without a feasible point grow along a ray z that proves it.

        A'z = 0 and b'z < the least s'z of ranges and cones: A x + s = b fails for every x of up to 1 / RAY (Banjac,
        Goulart, Stellato and Boyd, Journal of Optimization Theory and Applications 183, 2019).
        """
        if before is None:
            return
        ray, program = self._program.in_dual_cone(seen.z - before.z), self._program
        ends = np.where(np.isfinite(program.width), program.width, 0.0)
        gain = float(np.minimum(ray[: ends.size], 0.0) @ ends) - float(program.b @ ray)
        if gain > 0.0 and _largest(self._transposed @ ray) <= RAY * gain:
            raise InfeasibleError("No point satisfies all limits: the closed-form steps proved it.")

    def _told(self, seen: _Seen) -> str:
        primal, dual = _largest(seen.primal / self._program.scale), self._unit * _largest(seen.dual)
        return (
            f"The closed-form steps did not converge within {self.most_steps}: limits are still missed by {primal:.3g} "
            f"and marginal costs by {dual:.3g} (asked {self.tolerance:.3g}, relative)."
        )


def _largest(*vectors: Floats) -> float:
    return max(float(np.abs(vector).max(initial=0.0)) for vector in vectors)
