"""Numbers of a joint plan changed one at a time, at places that a seed chooses: the certificate fails, or the number is
known to say nothing that could be judged from the files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from gridpact.certificates.together.complete import PLANNED, TABLES, TRADED
from gridpact.certificates.together.judge import certify_together
from gridpact.results.record import Record
from tests.certificates.spoil import with_table
from tests.certificates.together.made import joint, no_deal

OWN = (*TABLES, *PLANNED, *TRADED, "plan_disclosures")
# What is changed: a thousandth of the number, and at least a cent, a thousandth of a MW or of a price; whole numbers by
# one.
RELATIVE, LEAST = 1e-3, 0.01
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


def columns(record: Record) -> list[tuple[str, str]]:
    """All number columns of the plan's own tables."""
    return [(name, str(column)) for name in OWN for column in record.tables[name] if _is_number(record, name, column)]


def _is_number(record: Record, name: str, column: str) -> bool:
    values = record.tables[name][column]
    return len(values) > 0 and values.dtype.kind in "fi" and bool(np.isfinite(values).any())


def changed(record: Record, name: str, column: str, random: np.random.Generator) -> tuple[Record, str]:
    """One number of a column changed, and which one."""
    table = record.tables[name].reset_index(drop=True)
    values = table[column].to_numpy().copy()
    row = int(random.choice(np.flatnonzero(np.isfinite(values))))
    by = 1 if values.dtype.kind == "i" else max(RELATIVE * abs(values[row]), LEAST)
    values[row] += by * random.choice([-1, 1])
    told = table[column].iloc[row]
    forged = with_table(record, name, table.assign(**{column: values}))
    return forged, f"{name}/{column} in row {row}: {told:g} by {by:g}"


def unseen(record: Record, seed: int, share: float) -> Iterator[str]:
    """Changes of a share of the columns that no check notices."""
    random = np.random.default_rng(seed)
    for name, column in columns(record):
        if (name, column) not in INFORMATIONAL and random.random() < share:
            forged, place = changed(record, name, column, random)
            if certify_together(forged)["verdict"] == "certified":
                yield place


def test_numbers_are_judged() -> None:
    assert list(unseen(joint(), seed=1, share=0.2)) == []


@pytest.mark.campaign
@pytest.mark.parametrize("made", [joint, no_deal])
@pytest.mark.parametrize("seed", range(2, 5))
def test_all_numbers_are_judged(made: Callable[[], Record], seed: int) -> None:
    assert list(unseen(made(), seed, share=1.0)) == []


def test_what_informs_is_a_column() -> None:
    """No reason outlives its column."""
    assert set(INFORMATIONAL) <= set(columns(joint()))
