"""A program with some of its variables fixed at a solution: the others, and their multipliers, stay optimal.

With x_F fixed, b becomes b - A_F x_F. Rows that no other variable enters are gone too, but for those of cones, which
are not taken apart; what the fixed variables cost is not counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.programs.solve import Solution
from gridpact.programs.standard_form import Cone, StandardForm

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


def substituted(form: StandardForm, solution: Solution, names: tuple[str, ...]) -> tuple[StandardForm, Solution]:
    """The program without the named variables, and its solution."""
    fixed = np.concatenate([form.columns[name].ravel() for name in names if name in form.columns])
    kept = np.ones(form.q.size, dtype=np.bool_)
    kept[fixed] = False
    A = sp.csr_array(form.A)
    alone = (np.diff(sp.csr_array(A[:, kept]).indptr) == 0) & (np.diff(sp.csr_array(A[:, ~kept]).indptr) > 0)
    alone &= np.repeat([kind != "second_order" for kind, _ in form.cones], [size for _, size in form.cones])
    rows, columns = ~alone, _numbers(kept)
    P = sp.csc_array(form.P)[kept][:, kept]
    short = replace(
        form,
        P=sp.csc_array(P),
        q=form.q[kept],
        A=sp.csc_array(A[rows][:, kept]),
        b=(form.b - A[:, ~kept] @ solution.x[~kept])[rows],
        cones=_cones(form.cones, rows),
        rows=_renumbered(form.rows, rows),
        columns={name: columns[at] for name, at in form.columns.items() if name not in names},
        integers=columns[form.integers[kept[form.integers]]],
        states=_states(form, rows, kept),
    )
    x = solution.x[kept]
    return short, replace(solution, x=x, s=solution.s[rows], z=solution.z[rows], cost=short.cost(x))


def _numbers(kept: Mask) -> Ints:
    """New number of everything that is kept, -1 for the rest."""
    return np.where(kept, np.cumsum(kept) - 1, -1)


def _states(form: StandardForm, rows: Mask, kept: Mask) -> tuple[Ints, Ints]:
    """The states that are left: those whose row and column both are."""
    law, determined = form.states
    both = rows[law] & kept[determined]
    return _numbers(rows)[law[both]], _numbers(kept)[determined[both]]


def _renumbered(rows: Mapping[str, Ints], kept: Mask) -> dict[str, Ints]:
    """New numbers by name; without the names all of whose rows are gone, but with those that had none before."""
    numbers = _numbers(kept)
    named = {name: np.where(at >= 0, numbers[at], -1) for name, at in rows.items()}
    return {name: at for name, at in named.items() if (at >= 0).any() or not (rows[name] >= 0).any()}


def _cones(cones: tuple[Cone, ...], kept: Mask) -> tuple[Cone, ...]:
    sizes = np.array([size for _, size in cones], dtype=np.int64)
    left = np.add.reduceat(kept.astype(np.int64), np.cumsum(sizes) - sizes)
    return tuple((kind, int(size)) for (kind, _), size in zip(cones, left.tolist(), strict=True) if size)
