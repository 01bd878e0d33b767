"""Tangents, linearised forms and multipliers of tight cones."""

from __future__ import annotations

import numpy as np
import pytest

from gridpact.errors import InputError
from gridpact.programs.exactness.gap import factors
from gridpact.programs.exactness.point import kkt_residual, original_multipliers, own_linearisation
from gridpact.programs.exactness.tight import linearised, multipliers_of, tight_cones
from tests.districts import random_feeder
from tests.programs.exactness.posing import posed


@pytest.mark.parametrize("seed", range(3))
def test_a_tangent_exceeds_the_gap_by_an_exact_square(seed: int) -> None:
    """l - 2 a'w + |a|^2 u = g + |w - a u|^2 / u, for any ratios and any point."""
    random = np.random.default_rng(seed)
    tight = posed(random_feeder(seed)).tight
    a, x = random.normal(size=(2, tight.size)), random.normal(size=tight.form.q.size)
    u, _, w = factors(tight.slack(x))
    positive = u > 0.0
    G, h = tight.tangent(a)
    square = ((w - a * u) ** 2).sum(axis=0)[positive] / u[positive]
    assert (h - G @ x)[positive] == pytest.approx(tight.gap(x)[positive] + square, rel=1e-9)
    D = tight.deviations(a)
    constant = (w - a * u).ravel() - D @ x
    y = random.normal(size=x.size)
    other, _, w_other = factors(tight.slack(y))
    assert D @ y + constant == pytest.approx((w_other - a * other).ravel())


def test_tangents_at_a_point_are_gradients_of_the_gap() -> None:
    """Central differences of g along random directions."""
    case = posed(random_feeder(1))
    tight, x = case.tight, case.relaxed.x
    G, _ = tight.tangent(tight.ratios(x))
    for direction in np.random.default_rng(0).normal(size=(3, x.size)):
        step = 1e-6 * direction
        assert -G @ direction == pytest.approx((tight.gap(x + step) - tight.gap(x - step)) / 2e-6, rel=1e-5, abs=1e-6)


def test_a_linearised_form_keeps_names_and_order() -> None:
    case = posed(random_feeder(2))
    tight, x = case.tight, case.relaxed.x
    form = linearised(tight, tight.ratios(x))
    assert (form.rows["cone"] == -1).all()
    assert sum(size for _, size in form.cones) == form.b.size == form.A.shape[0]
    for name in ("active_balance", "flow_law", "renewables/sn_mva"):
        here, there = form.rows[name].ravel(), case.form.rows[name].ravel()
        assert (form.b[here] - form.A[here] @ x) == pytest.approx(case.form.b[there] - case.form.A[there] @ x)
    left = form.b - form.A @ x
    assert np.abs(left[form.rows["tight"]]).max() < 1e-6, "the relaxation of this feeder is exact"


def test_an_exact_relaxed_point_is_a_kkt_point_of_the_tight_program() -> None:
    """Multipliers of tight cones go to tangents and back."""
    case = posed(random_feeder(0))
    tight, solved = case.tight, case.relaxed
    z = np.append(solved.z[tight.rest], multipliers_of(tight, solved.x, solved.z))
    form, s = own_linearisation(tight, solved.x)
    assert kkt_residual(form, solved.x, s, z) < 1e-6
    assert original_multipliers(tight, solved.x, z) == pytest.approx(solved.z, abs=1e-4)


@pytest.mark.parametrize("spoilt", ["x", "s", "z", "sign", "nan"])
def test_the_kkt_residual_sees_a_spoilt_point(spoilt: str) -> None:
    case = posed(random_feeder(0))
    solved = case.relaxed
    x, s, z = solved.x.copy(), solved.s.copy(), solved.z.copy()
    assert kkt_residual(case.form, x, s, z) < 1e-6
    if spoilt == "sign":
        z = -z
    else:
        {"x": x, "s": s, "z": z, "nan": x}[spoilt][3] += np.nan if spoilt == "nan" else 0.01
    assert not kkt_residual(case.form, x, s, z) < 1e-6


def test_rows_that_are_no_cones_are_refused() -> None:
    case = posed(random_feeder(0))
    for wrong in (case.rows[:3], case.rows[::-1], case.rows - 1):
        with pytest.raises(InputError, match="second-order cones"):
            tight_cones(case.form, wrong)
