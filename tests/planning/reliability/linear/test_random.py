"""The linear form on random networks and designs: never below the simulator, and equal where it should be."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.case.case import Case
from tests.linear_form import form_of, gaps, with_heads, without, without_islands
from tests.radial import random_radial
from tests.radial_candidates import random_candidates, random_design

BUSES = 14
FEW, MANY = range(4), range(300)
ROUNDING = 1e-7


def network(seed: int) -> Case:
    return random_candidates(random_radial(seed, BUSES), seed)


def all_gaps(case: Case, seed: int) -> list[float]:
    return list(gaps(case, form_of(case), random_design(case, seed)).values())


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10_000))
def test_no_index_is_ever_understated(seed: int) -> None:
    assert min(all_gaps(network(seed), seed)) > -ROUNDING


@pytest.mark.campaign
def test_no_index_is_understated_in_many_networks_and_designs() -> None:
    low = []
    for seed in MANY:
        case = network(seed)
        form = form_of(case)
        designs = [random_design(case, 10 * seed + k) for k in range(3)]
        low += [seed for design in designs if min(gaps(case, form, design).values()) < -ROUNDING]
    assert low == []


def apart(seeds: range) -> list[int]:
    """Seeds of networks without islands and with breakers at their sources for which the form is not exact."""
    cases = {seed: without(without_islands(with_heads(network(seed))), "line_candidates") for seed in seeds}
    return [seed for seed, case in cases.items() if max(map(abs, all_gaps(case, seed))) > ROUNDING]


def test_isolation_and_ties_with_and_without_limits_are_exact() -> None:
    """Transfer in one step by ties none of which is in the way of another."""
    assert apart(FEW) == []


@pytest.mark.campaign
def test_isolation_and_ties_are_exact_in_nearly_all_networks() -> None:
    """Where they are not, supply goes on from tie to tie, or one tie with a limit is in the way of another."""
    assert len(apart(MANY)) <= 0.03 * len(MANY)


def test_interruptions_are_exact_whatever_restores() -> None:
    """SAIFI asks only which device clears."""
    for seed in FEW:
        case = without(network(seed), "line_candidates")
        assert abs(gaps(case, form_of(case), random_design(case, seed))["saifi"]) < ROUNDING


def test_without_candidates_the_form_has_no_columns() -> None:
    for seed in FEW:
        case = random_radial(seed, BUSES)
        form = form_of(case)
        assert (form.extra, form.matrix.shape[0]) == (0, 0)
        assert min(gaps(case, form, {}).values()) > -ROUNDING
