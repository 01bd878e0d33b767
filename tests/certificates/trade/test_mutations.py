"""Numbers of a trade changed one at a time, at places that a seed chooses: the certificate fails, or the number is
known to say nothing that could be judged from the files.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from gridpact.certificates.trade.complete import TABLES
from gridpact.certificates.trade.judge import certify_trade
from gridpact.results.record import Record
from tests.certificates.spoil import with_table
from tests.certificates.trade.variants import variant

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
    ("reference", "seconds"): "a clock",
    ("reference", "iterations"): "of the central solution: a solver's count",
}


def columns(record: Record) -> list[tuple[str, str]]:
    """All number columns of the trade's own tables."""
    return [(name, column) for name in TABLES for column in record.tables[name] if _is_number(record, name, column)]


def _is_number(record: Record, name: str, column: str) -> bool:
    values = record.tables[name][column]
    return len(values) > 0 and values.dtype.kind in "fi"


def changed(record: Record, name: str, column: str, random: np.random.Generator) -> tuple[Record, str]:
    """One number of a column changed, and which one."""
    table = record.tables[name].reset_index(drop=True)
    values = table[column].to_numpy().copy()
    row = int(random.integers(values.size))
    by = 1 if values.dtype.kind == "i" else max(RELATIVE * abs(values[row]), LEAST)
    values[row] += by * random.choice([-1, 1])
    told = table[column].iloc[row]
    return with_table(
        record, name, table.assign(**{column: values})
    ), f"{name}/{column} in row {row}: {told:g} by {by:g}"


def unseen(record: Record, seed: int, share: float) -> Iterator[str]:
    """Changes of a share of the columns that no check notices."""
    random = np.random.default_rng(seed)
    for name, column in columns(record):
        if (name, column) not in INFORMATIONAL and random.random() < share:
            forged, place = changed(record, name, column, random)
            if certify_trade(forged)["verdict"] == "certified":
                yield place


def test_numbers_are_judged() -> None:
    assert list(unseen(variant("distance"), seed=1, share=0.15)) == []


@pytest.mark.campaign
@pytest.mark.parametrize("name", ["party", "tariff", "cost", "limit", "no deal"])
@pytest.mark.parametrize("seed", range(2, 5))
def test_all_numbers_are_judged(name: str, seed: int) -> None:
    assert list(unseen(variant(name), seed, share=1.0)) == []


def test_what_informs_is_a_column() -> None:
    """No reason outlives its column."""
    assert set(INFORMATIONAL) <= set(columns(variant("flat")))
