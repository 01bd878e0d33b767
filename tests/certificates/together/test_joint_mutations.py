"""Numbers of a joint plan changed one at a time, at places that a seed chooses: the certificate fails, or the number is
known to say nothing that could be judged from the files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from gridpact.certificates.together.complete import PLANNED, TABLES, TRADED
from gridpact.certificates.together.judge import certify_together
from gridpact.results.record import Record
from tests.certificates import mutations
from tests.certificates.mutations import columns
from tests.certificates.together.made import joint, no_deal

OWN = (*TABLES, *PLANNED, *TRADED, "plan_disclosures")
# Numbers that only inform, and why nothing else in the files depends on them.
INFORMATIONAL = {
    ("convergence", "primal_residual"): "the course of the agreement; the last one is compared with the tolerance",
    ("convergence", "dual_residual"): "the course of the agreement; the last one is compared with the tolerance",
    ("convergence", "penalty"): "the course of the agreement",
    ("convergence", "seconds"): "a clock",
    ("bargaining_convergence", "primal_residual"): "the course of the agreement; the last one is judged",
    ("bargaining_convergence", "dual_residual"): "the course of the agreement; the last one is judged",
    ("schemes", "seconds"): "a clock",
    ("schemes", "upper_solves"): "a count of what the files do not hold one by one",
    ("owners", "alone_lower_bound"): "of searches whose cuts are not in the files; not above the cost",
    ("deviations", "held_gain"): "of the search's own programs; not above what the common surplus could grow",
    ("cuts", "constant"): "a cut that is lower proves less: what is proven is judged",
    ("cut_slopes", "slope"): "a cut that is lower proves less: what is proven is judged",
    ("design_costs", "cost_per_day"): "of designs that were left: the dearer, the less they refute",
    ("designs", "units"): "of designs that were left, to which cuts are held",
}


def unseen(record: Record, seed: int, share: float) -> Iterator[str]:
    return mutations.unseen(record, certify_together, columns(record, OWN), INFORMATIONAL, seed, share)


def test_numbers_are_judged() -> None:
    assert list(unseen(joint(), seed=1, share=0.2)) == []


@pytest.mark.campaign
@pytest.mark.parametrize("made", [joint, no_deal])
@pytest.mark.parametrize("seed", range(2, 5))
def test_all_numbers_are_judged(made: Callable[[], Record], seed: int) -> None:
    assert list(unseen(made(), seed, share=1.0)) == []


def test_what_informs_is_a_column() -> None:
    """No reason outlives its column."""
    assert set(INFORMATIONAL) <= set(columns(joint(), OWN))
