"""The range of a leader's quantities brackets what they can be, and is no wider than single steps need."""

from __future__ import annotations

import numpy as np
import pytest

from gridpact.errors import InfeasibleError
from gridpact.programs.follower.reach import reach
from gridpact.programs.solve import solve
from gridpact.programs.standard_form import StandardForm
from tests.programs.follower.posing import form_of, ints


def leader(seed: int, hours: int = 3, tied: bool = True) -> StandardForm:
    """Import z[t] = need[t] - g[t] - d[t], a cone |(g, d)| <= most[t], a store of energy over all hours."""
    random = np.random.default_rng(seed)
    z, g, d = (np.arange(hours) + k * hours for k in range(3))
    unit = np.eye(3 * hours)
    need, most = random.uniform(1.0, 5.0, hours), random.uniform(0.5, 2.0, hours)
    equal = [(unit[z[t]] + unit[g[t]] + unit[d[t]], float(need[t])) for t in range(hours)]
    equal += [(unit[d].sum(axis=0), 0.0)] if tied else []
    at_most = [(-unit[g[t]], 0.0) for t in range(hours)]
    cones = [[(np.zeros(3 * hours), float(most[t])), (unit[g[t]], 0.0), (unit[d[t]], 0.0)] for t in range(hours)]
    return form_of(random.normal(size=3 * hours).tolist(), equal, at_most, cones, columns={"z": z, "g": g, "d": d})


def extremes(form: StandardForm, column: int) -> tuple[float, float]:
    """Least and greatest of a column over the whole program."""
    unit = np.eye(form.q.size)[column]
    return solve(form.with_q(unit)).cost - form.constant, -(solve(form.with_q(-unit)).cost - form.constant)


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_never_narrower_than_the_truth(seed: int, tied: bool) -> None:
    form = leader(seed, tied=tied)
    low, high = reach(form, np.arange(3)[None])
    for step in range(3):
        least, most = extremes(form, step)
        assert low[0, step] <= least + 1e-7
        assert high[0, step] >= most - 1e-7
        if not tied:
            assert (low[0, step], high[0, step]) == pytest.approx((least, most), abs=1e-6)


def test_by_hand() -> None:
    """g from 0 to 2 and d from -2 to 2 within a circle: z goes from 5 - 2 sqrt(2) to 5 + 2."""
    z, g, d = np.eye(3)
    form = form_of(
        [1.0, 1.0, 1.0],
        [(z + g + d, 5.0)],
        [(-g, 0.0)],
        [[(np.zeros(3), 2.0), (g, 0.0), (d, 0.0)]],
        columns={"z": ints(0), "g": ints(1), "d": ints(2)},
    )
    low, high = reach(form, np.array([[0]]))
    assert low[0, 0] == pytest.approx(5.0 - 2.0 * np.sqrt(2.0), abs=1e-6)
    assert high[0, 0] == pytest.approx(7.0, abs=1e-6)


def test_nothing_bounds_it() -> None:
    z, g = np.eye(2)
    form = form_of([0.0, 1.0], [(z - g, 1.0)], [(-g, 0.0)], columns={"z": ints(0), "g": ints(1)})
    low, high = reach(form, np.array([[0]]))
    assert low[0, 0] == pytest.approx(1.0, abs=1e-6)
    assert high[0, 0] == np.inf


def test_step_without_a_point() -> None:
    z = np.eye(1)
    form = form_of([0.0], at_most=[(z[0], 1.0), (-z[0], -2.0)], columns={"z": ints(0)})
    with pytest.raises(InfeasibleError, match="some step"):
        reach(form, np.array([[0]]))
