"""Is the stored solution optimal for the stored program? Answered from the matrices alone.

    minimise 1/2 x'Px + q'x + constant   subject to   A x + s = b,  s in K;   dual: P x + q + A'z = 0,  z in K*

A feasible primal-dual pair proves by itself how far its objective can be from the optimum: the gap
x'Px + q'x + b'z. Residuals are measured in per unit (primal) and relative to the largest cost coefficient
(dual), the gap relative to the objective.

Tolerances: 1e-6. The solvers stop at 1e-8, their reduced accuracy is 1e-4 to 1e-5, so 1e-6 tells an answer from a
nearly-answer; and 1e-6 of the objective is what two different solvers are asked to agree to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.certificates.check import Check
from gridpact.results.record import Record

Floats = NDArray[np.float64]
TOLERANCE = 1e-6
CONES = ("zero", "nonnegative", "second_order")


@dataclass(frozen=True, eq=False)
class StoredProgram:
    """Matrices, cones and solution out of a run's ``solution.npz``."""

    P: sp.csc_array
    A: sp.csc_array
    q: Floats
    b: Floats
    constant: float
    kinds: NDArray[np.str_]
    sizes: NDArray[np.int64]
    x: Floats
    z: Floats
    s: Floats


def program_checks(record: Record) -> list[Check]:
    """Residuals, cone membership, gap and reported objective of the solved program."""
    program = stored_program(record)
    return [
        _primal_residual(program),
        _dual_residual(program),
        _membership("primal_cone", program, program.s, dual=False),
        _membership("dual_cone", program, program.z, dual=True),
        _gap(program),
        _objective(program, float(record.summary["objective"])),
    ]


def stored_program(record: Record) -> StoredProgram:
    """Rebuild the matrices."""
    stored = record.solution
    rows, columns = stored["b"].size, stored["q"].size
    P = sp.csc_array((stored["P_data"], stored["P_indices"], stored["P_indptr"]), shape=(columns, columns))
    A = sp.csc_array((stored["A_data"], stored["A_indices"], stored["A_indptr"]), shape=(rows, columns))
    kinds = np.asarray(stored["cone_kinds"], dtype=np.str_)
    vectors = {name: stored[name] for name in ("q", "b", "x", "z", "s")}
    return StoredProgram(
        P=P, A=A, constant=float(stored["constant"]), kinds=kinds, sizes=stored["cone_sizes"], **vectors
    )


def cost(program: StoredProgram) -> float:
    """1/2 x'Px + q'x + constant."""
    return float(0.5 * program.x @ (program.P @ program.x) + program.q @ program.x + program.constant)


def _primal_residual(program: StoredProgram) -> Check:
    residual = np.abs(program.A @ program.x + program.s - program.b)
    return _vector("primal_residual", "Largest violation of A x + s = b, in per unit.", residual, "row")


def _dual_residual(program: StoredProgram) -> Check:
    residual = np.abs(program.P @ program.x + program.q + program.A.T @ program.z)
    scaled = residual / max(1.0, float(np.abs(program.q).max(initial=0.0)))
    return _vector("dual_residual", "Largest violation of P x + q + A'z = 0 over the largest cost.", scaled, "column")


def _membership(name: str, program: StoredProgram, point: Floats, dual: bool) -> Check:
    """Distance of s from its cone, or of z from the dual cone (free for equalities), z over its largest entry."""
    scale = max(1.0, float(np.abs(point).max(initial=0.0))) if dual else 1.0
    text = "Largest distance of the multipliers z from the dual cone, over the largest one."
    text = text if dual else "Largest distance of the slacks s from their cone, in per unit."
    return _vector(name, text, _outside(program, point, dual) / scale, "cone")


def _outside(program: StoredProgram, point: Floats, dual: bool) -> Floats:
    """Largest violation of each cone; NaN for a cone of unknown kind. Shape (cones,)."""
    zero, nonnegative, second = (program.kinds == kind for kind in CONES)
    positive, bent = np.repeat(nonnegative, program.sizes), np.repeat(second, program.sizes)
    linear = np.where(positive, -point, np.abs(point) * (not dual))[~bent]
    outside = np.zeros(program.sizes.size)
    np.maximum.at(outside, np.repeat(np.arange(program.sizes.size), program.sizes)[~bent], linear)
    outside[second] = _outside_second_order(point[bent], program.sizes[second])
    outside[~(zero | nonnegative | second)] = np.nan
    return outside


def _outside_second_order(point: Floats, sizes: NDArray[np.int64]) -> Floats:
    """max(0, ||tail|| - head) for every second-order cone, all at once."""
    if not sizes.size:
        return np.zeros(0)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    squares = point**2
    squares[starts] = 0.0
    violation: Floats = np.maximum(np.sqrt(np.add.reduceat(squares, starts)) - point[starts], 0.0)
    return violation


def _gap(program: StoredProgram) -> Check:
    value = program.x @ (program.P @ program.x) + program.q @ program.x + program.b @ program.z
    relative = abs(float(value)) / max(1.0, abs(cost(program)))
    text = "Duality gap x'Px + q'x + b'z over the objective: the objective is this close to the optimum."
    return Check("duality_gap", True, relative, TOLERANCE, "", text)


def _objective(program: StoredProgram, reported: float) -> Check:
    difference = abs(cost(program) - reported) / max(1.0, abs(reported))
    text = "Reported objective against 1/2 x'Px + q'x + constant, relative."
    return Check("objective", True, difference, TOLERANCE, "", text)


def _vector(name: str, description: str, values: Floats, what: str) -> Check:
    if not values.size:
        return Check(name, True, 0.0, TOLERANCE, "", description)
    place = int(np.argmax(values))
    return Check(name, True, float(values[place]), TOLERANCE, f"{what} {place}", description)
