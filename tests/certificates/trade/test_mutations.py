"""Numbers of a trade changed one at a time, at places that a seed chooses: the certificate fails, or the number is
known to say nothing that could be judged from the files.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gridpact.certificates.trade.complete import TABLES
from gridpact.certificates.trade.judge import certify_trade
from gridpact.results.record import Record
from tests.certificates import mutations
from tests.certificates.mutations import columns
from tests.certificates.trade.variants import variant

# Numbers that only inform, and why nothing else in the files depends on them.
INFORMATIONAL = {
    ("convergence", "primal_residual"): "the course of the agreement; the last one is compared with the tolerance",
    ("convergence", "dual_residual"): "the course of the agreement; the last one is compared with the tolerance",
    ("convergence", "penalty"): "the course of the agreement",
    ("convergence", "seconds"): "a clock",
    ("bargaining_convergence", "primal_residual"): "the course of the agreement; the last one is judged",
    ("bargaining_convergence", "dual_residual"): "the course of the agreement; the last one is judged",
    ("reference", "seconds"): "a clock",
    ("reference", "iterations"): "of the central solution: a solver's count",
}


def unseen(record: Record, seed: int, share: float) -> Iterator[str]:
    return mutations.unseen(record, certify_trade, columns(record, TABLES), INFORMATIONAL, seed, share)


def test_numbers_are_judged() -> None:
    assert list(unseen(variant("distance"), seed=1, share=0.15)) == []


@pytest.mark.campaign
@pytest.mark.parametrize("name", ["party", "tariff", "cost", "limit", "no deal"])
@pytest.mark.parametrize("seed", range(2, 5))
def test_all_numbers_are_judged(name: str, seed: int) -> None:
    assert list(unseen(variant(name), seed, share=1.0)) == []


def test_what_informs_is_a_column() -> None:
    """No reason outlives its column."""
    assert set(INFORMATIONAL) <= set(columns(variant("flat"), TABLES))
