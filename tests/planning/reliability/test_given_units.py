"""The linear form with some units given is the form itself with these columns filled in."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.planning.reliability.linear.build import linear_reliability
from tests.planning.together.reliable import failing_case

CASE = failing_case()
NAMES = ("tie-18-33", "recloser-6-7", "recloser-6-26", "sectionaliser-12-13", "microgrid-1-battery")


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), st.integers(0, 1)), st.integers(0, 2**32 - 1))
def test_columns_that_are_given_are_filled_in(units: dict[str, int], seed: int) -> None:
    form = linear_reliability(CASE, NAMES)
    less = form.given({name: float(number) for name, number in units.items()})
    random = np.random.default_rng(seed)
    whole = random.uniform(0.0, 1.0, len(NAMES) + form.extra)
    for name, number in units.items():
        whole[NAMES.index(name)] = number
    left = np.delete(whole, [NAMES.index(name) for name in units])
    assert less.candidates == tuple(name for name in NAMES if name not in units)
    np.testing.assert_allclose(less.matrix @ left - less.upper, form.matrix @ whole - form.upper, atol=1e-9)
    for name in ("saifi", "saidi_h", "eens_mwh"):
        np.testing.assert_allclose(getattr(less, name)(left), getattr(form, name)(whole), rtol=1e-12)
