r"""The linear form of reliability as it is archived: rows over units and columns of its own, and three indices.

$$
l \le M (n, y) \le u, \quad 0 \le y \le 1, \qquad f(n) = \min_y f_0 + f'(n, y)
$$

An index of a design is the least that the rows allow. It must not lie below what the simulator finds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.planning.plan_view import Floats, Ints, PlanView

FORM = "reliability_form/"
INDICES: Final = ("saidi_h", "saifi", "eens_mwh")
PARTS: Final = {"data": "f", "indices": "i", "indptr": "i", "lower": "f", "upper": "f", "whole": "i"}
# Rows of a mixed-integer program are kept to 1e-6.
ROWS = 1e-6
Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Form:
    """Rows (rows, columns), their bounds, and which columns besides the units are whole; indices by name."""

    matrix: sp.csr_array
    lower: Floats
    upper: Floats
    whole: Ints
    index: Mapping[str, tuple[float, Floats]]

    def least(self, name: str, point: Floats) -> float:
        """The least that an index of a plan can be, its first columns being given; NaN where the rows allow nothing."""
        constant, slopes = self.index[name]
        left = np.zeros(slopes.size - point.size)
        bounds = Bounds(np.append(point, left), np.append(point, left + 1.0))
        rows = [LinearConstraint(self.matrix, lb=self.lower, ub=self.upper)] if self.lower.size else []
        whole = np.append(np.zeros(slopes.size - self.whole.size, dtype=np.int64), self.whole)
        found = milp(slopes, integrality=whole, bounds=bounds, constraints=rows)
        return constant + float(found.fun) if found.x is not None else float("nan")


def form_faults(solution: Arrays, candidates: int) -> Iterator[str]:
    """What keeps the archived arrays from being a form over so many candidates; nothing where there are none."""
    here = {name[len(FORM) :]: array for name, array in solution.items() if name.startswith(FORM)}
    if not here:
        return
    kinds = {**PARTS, **dict.fromkeys(INDICES, "f")}
    wrong = [name for name, kind in kinds.items() if name not in here or here[name].dtype.kind not in kind]
    wrong += [name for name in kinds if name not in wrong and here[name].ndim != 1]
    yield from (f"solution/{FORM}{name}" for name in wrong or _misfits(here, candidates))


def _misfits(arrays: Arrays, candidates: int) -> Iterator[str]:
    width, rows = candidates + arrays["whole"].size, arrays["lower"].size
    ends, columns = arrays["indptr"], arrays["indices"]
    yield from (name for name in INDICES if arrays[name].size != width + 1 or not np.isfinite(arrays[name]).all())
    if arrays["upper"].size != rows or np.isnan(arrays["lower"]).any() or np.isnan(arrays["upper"]).any():
        yield "upper"
    if ends.size != rows + 1 or ends[0] != 0 or ends[-1] != columns.size or (np.diff(ends) < 0).any():
        yield "indptr"
    if arrays["data"].size != columns.size or not np.isfinite(arrays["data"]).all():
        yield "data"
    if ((columns < 0) | (columns >= width)).any():
        yield "indices"
    if not np.isin(arrays["whole"], [0, 1]).all():
        yield "whole"


def form_of(plan: PlanView) -> Form | None:
    """The archived form; None where there is none."""
    stored = {name[len(FORM) :]: array for name, array in plan.record.solution.items() if name.startswith(FORM)}
    if not stored:
        return None
    shape = (stored["lower"].size, len(plan.offered.names) + stored["whole"].size)
    return Form(
        sp.csr_array((stored["data"], stored["indices"], stored["indptr"]), shape=shape),
        stored["lower"],
        stored["upper"],
        stored["whole"].astype(np.int64),
        {name: (float(stored[name][0]), stored[name][1:]) for name in INDICES},
    )


def form_check(form: Form, plan: PlanView, simulated: Mapping[str, float]) -> Check:
    """An index that the form has lower than it is would let a plan break its limit."""
    below = [(simulated[name] - form.least(name, plan.point)) / max(1.0, abs(simulated[name])) for name in INDICES]
    text = "Indices of the plan above those that the linear form of reliability has for it, relative."
    return worst("plan linear form", text, ROWS, [Measure("index", list(INDICES), np.array(below))])
