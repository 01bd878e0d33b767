"""All days and the master as one continuous program: the first bound, and the middle of what is worth building.

minimise    c'(n, y) + sum over d of w_d (1/2 x'Px + q'x)
subject to  A_d x_d + s_d = b_d + U_d n,   l <= M (n, y) <= u
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import scipy.sparse as sp

from gridpact.case.case import Floats, Ints
from gridpact.planning.investment.day_program import DayProgram
from gridpact.programs.benders import Master
from gridpact.programs.conic import Compiled
from gridpact.programs.linear import Linear
from gridpact.programs.standard_form import Cone, StandardForm, in_order

TOLERANCE = 1e-5
MOST_DAYS = 24  # in one program: its time grows faster than they do


def whole_form(master: Master, programs: Sequence[DayProgram]) -> StandardForm:
    """The plan as one program: the columns of the master, then those of every day; ``integers`` are the units."""
    top, b, cones = _inequalities(master.program)
    width = master.program.cost.size
    units = [sp.hstack([-p.units, sp.csc_array((p.form.b.size, width - master.integers))]) for p in programs]
    links = sp.vstack([top, *units])
    own = sp.block_diag([program.form.A for program in programs])
    A = sp.hstack([links, sp.vstack([sp.csc_array((top.shape[0], own.shape[1])), own])])
    weights = master.weights
    form = StandardForm(
        P=sp.csc_array(
            sp.block_diag(
                [sp.csc_array((width, width)), *(w * p.form.P for w, p in zip(weights, programs, strict=True))]
            )
        ),
        q=np.concatenate([master.program.cost, *(w * p.form.q for w, p in zip(weights, programs, strict=True))]),
        A=sp.csc_array(A),
        b=np.concatenate([b, *(program.form.b for program in programs)]),
        constant=master.constant + float(sum(w * p.form.constant for w, p in zip(weights, programs, strict=True))),
        cones=(*cones, *(cone for program in programs for cone in program.form.cones)),
        rows={},
        columns={},
        integers=np.flatnonzero(master.program.whole),
    )
    return replace(in_order(form)[0], integers=form.integers)


def _inequalities(program: Linear) -> tuple[sp.csc_array, Floats, tuple[Cone, ...]]:
    """The rows and bounds of a master: A x + s = b, s >= 0, equalities as s = 0."""
    every = sp.vstack([program.matrix, sp.eye_array(program.cost.size)], format="csr")
    lower, upper = (np.concatenate([program.rows[k], program.bounds[k]]) for k in range(2))
    same = lower == upper
    below, above = np.isfinite(lower) & ~same, np.isfinite(upper) & ~same
    A = sp.vstack([every[same], every[above], -every[below]])
    b = np.concatenate([upper[same], upper[above], -lower[below]])
    return sp.csc_array(A), b, (("zero", int(same.sum())), ("nonnegative", int(above.sum() + below.sum())))


def relaxed_units(master: Master, programs: Sequence[DayProgram]) -> Floats:
    """About what would be built if units could be broken, (integers,).

    This is where the search begins, and any point would do: a cut is valid wherever it is taken. So it does not matter
    how far the solver came, and of very many days the heaviest stand for all.
    """
    few = np.sort(np.argsort(-master.weights, kind="stable")[:MOST_DAYS])
    weights = master.weights[few] * (master.weights.sum() / master.weights[few].sum())
    form = whole_form(replace(master, weights=weights), [programs[day] for day in few])
    x = Compiled(form, tolerance=TOLERANCE).first(form).x[: master.integers]
    lower, upper = (bound[: master.integers] for bound in master.program.bounds)
    return np.clip(np.where(np.isfinite(x), x, 0.5 * (lower + upper)), lower, upper)


def core_point(units: Floats, most: Ints, rivals: Ints) -> Floats:
    """A point near ``units`` in the interior of what may be built; ``rivals`` (c,) of one place share it."""
    middle = 0.5 * most / rivals
    return 0.9 * units + 0.1 * middle
