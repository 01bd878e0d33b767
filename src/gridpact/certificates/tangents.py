"""Are the multipliers those of the alternating-current network? The stored program against the physics' own slopes.

Where the relaxation was not exact, the stored program holds no cone but, for every branch and step, the tangent

    l - 2 (P a + Q c) + (a^2 + c^2) u = 0,     a = P / u,  c = Q / u  at the solution,  u = v / ratio^2

of P^2 + Q^2 = u l. A point that is optimal for its own tangents satisfies the Karush-Kuhn-Tucker conditions of the
non-linear program, and the multipliers of the stored program are its multipliers. So the tangents are made anew here,
from the case and the solution, and compared row by row.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.evidence import Evidence
from gridpact.certificates.grid import Grid, behind_ratio
from gridpact.certificates.program import stored_program

Floats = NDArray[np.float64]
TOLERANCE = 1e-6
CONE = 3  # rows of the cone of a branch, at least: its bound and what stands under the norm


def is_linearised(evidence: Evidence) -> bool:
    """Whether the stored program is the linearisation of the network at its solution."""
    return "row/tight" in evidence.record.solution


def has_no_law(evidence: Evidence, grid: Grid) -> bool:
    """Whether the stored program has neither the cones of the branches nor their tangents."""
    if evidence.formulation != "soc" or not grid.branches.size or is_linearised(evidence):
        return False
    kinds, sizes = (evidence.record.solution[f"cone_{name}"] for name in ("kinds", "sizes"))
    cones = int(((kinds == "second_order") & (sizes >= CONE)).sum())
    return cones < grid.branches.size * evidence.case.steps


def tangent_check(evidence: Evidence, grid: Grid) -> Check:
    """Every tangent of the stored program against the slope of the network at the solution."""
    text = "Rows of the linearised program against the slopes of P^2 + Q^2 = v l at the solution, in per unit."
    rows = evidence.record.solution.get("row/tight", np.zeros(0))
    if rows.dtype.kind != "i" or rows.ndim != 1:
        return Check("tangents", True, float("nan"), TOLERANCE, "rows of the tangents", text)
    program, own = stored_program(evidence.record), _tangents(evidence, grid)
    if (
        rows.size != own.shape[0]
        or not np.isin(rows, np.arange(program.b.size)).all()
        or np.unique(rows).size != rows.size
    ):
        return Check("tangents", True, float("nan"), TOLERANCE, "number of tangents", text)
    off = np.abs(sp.csr_array(program.A)[rows] + own).max(axis=1).toarray().ravel()
    off = np.maximum(off, np.abs(program.b[rows]))
    free = np.array(program.kinds)[np.repeat(np.arange(program.sizes.size), program.sizes)][rows] != "zero"
    off[free] = np.nan
    by_step = off.reshape(grid.branches.size, evidence.case.steps)
    return worst("tangents", text, TOLERANCE, [Measure("branch", grid.names, by_step)], evidence.instants)


def _tangents(evidence: Evidence, grid: Grid) -> sp.csr_array:
    """Coefficients of the tangents by the columns of the program, steps of a branch together, branch by branch."""
    names = ("flow_p", "flow_q", "current", "voltage")
    columns = {name: evidence.record.solution[f"column/{name}"] for name in names}
    at = {name: evidence.variable(name) for name in names}
    u = behind_ratio(grid, at["voltage"])
    a, c = at["flow_p"] / u, at["flow_q"] / u
    slopes = {
        "flow_p": -2.0 * a,
        "flow_q": -2.0 * c,
        "current": np.ones_like(a),
        "voltage": (a**2 + c**2) / grid.ratio[:, None] ** 2,
    }
    columns["voltage"] = columns["voltage"][grid.from_bus]
    row = np.arange(a.size)
    width = evidence.record.solution["q"].size
    parts = [
        sp.coo_array((slope.ravel(), (row, columns[name].ravel())), shape=(a.size, width))
        for name, slope in slopes.items()
    ]
    return sp.csr_array(sum(parts[1:], parts[0]))
