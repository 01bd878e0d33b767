"""A judge of joint plans never raises: what is missing, of another kind or no number fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gridpact.certificates.planning.plan_complete import TABLES as PLAN
from gridpact.certificates.together.complete import (
    AMOUNTS,
    CHOICES,
    FIGURES,
    FLAGS,
    PLANNED,
    TABLES,
    TRADED,
    WHOLE,
    WORDS,
)
from tests.certificates.spoil import with_table
from tests.certificates.together.made import failed, joint, with_setting, with_summary

OWN = (*TABLES, *PLANNED, *TRADED, "scenario_days", "plan_disclosures")
SHAPES: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "empty": lambda table: table.iloc[:0],
    "first row missing": lambda table: table.iloc[1:],
    "first row twice": lambda table: pd.concat([table.iloc[:1], table]),
    "backwards": lambda table: table.iloc[::-1],
    "no columns": lambda table: table[[]],
    "column twice": lambda table: pd.concat([table, table.iloc[:, :1]], axis=1),
}
# So many columns of a table are looked at: profiles are all alike.
MOST = 24
# Words, clocks and rounds that nothing else depends on; a cut or a bound that says less is none too much.
FREE = {
    "owners": {"alone_lower_bound"},
    "schemes": {"ended", "seconds"},
    "moves": {"why"},
    "convergence": {"primal_residual", "dual_residual", "penalty", "seconds"},
    "bargaining_convergence": {"primal_residual", "dual_residual"},
    "cuts": {"constant"},
    "cut_slopes": {"slope"},
}
# Tables whose rows have no order, are counted by themselves, or may be none.
ANY_ORDER = ("fee_rates", "regrets", "trades", "disclosures", "designs", "cut_slopes", "alone_investments")


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", OWN)
def test_a_table_of_another_shape_is_seen(name: str, shape: str) -> None:
    table = joint().tables[name]
    forged = SHAPES[shape](table)
    names = failed(with_table(joint(), name, forged))
    if forged.equals(table) or (shape == "backwards" and name in ANY_ORDER):
        return
    if (name, shape) == ("cut_slopes", "first row missing"):  # a cut that says less, and may be none too much
        return
    assert names


@pytest.mark.parametrize("name", OWN)
def test_a_table_that_is_missing_is_seen(name: str) -> None:
    tables = {key: table for key, table in joint().tables.items() if key != name}
    assert failed(replace(joint(), tables=tables)) == ["joint plan complete"]


def unnoticed(name: str, value: Any) -> Iterator[str]:
    """Columns of a table in which a value in the middle is not noticed."""
    table = joint().tables[name]
    for column in map(str, table.columns[:MOST]):
        values, middle = table[column].astype(object).tolist(), len(table) // 2
        same = values[middle] == value or (values[middle] != values[middle] and value != value)
        values[middle] = value
        is_number = table[column].dtype.kind in "if" and isinstance(value, float)
        forged = pd.Series(values, index=table.index, dtype=np.float64 if is_number else object)
        if not same and not failed(with_table(joint(), name, table.assign(**{column: forged}))):
            yield column


@pytest.mark.parametrize("value", [np.nan, "word"])
@pytest.mark.parametrize("name", OWN)
def test_values_without_sense_are_seen(name: str, value: Any) -> None:
    assert set(unnoticed(name, value)) <= FREE.get(name, set())


@pytest.mark.campaign
@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e300, -1e300, None])
@pytest.mark.parametrize("name", OWN)
def test_endless_values_are_seen(name: str, value: Any) -> None:
    assert set(unnoticed(name, value)) <= FREE.get(name, set())


@pytest.mark.parametrize("value", [None, np.nan, "word", [1], -1.0])
@pytest.mark.parametrize("name", [*FIGURES, *WORDS, *FLAGS])
def test_figures_without_sense_are_seen(name: str, value: Any) -> None:
    if (name, value) != ("deal_why", "word"):
        assert failed(with_summary(joint(), **{name: value}))


@pytest.mark.parametrize("value", [None, np.nan, "word", [1], -1.0])
@pytest.mark.parametrize("name", [*AMOUNTS, *CHOICES, *WHOLE, "compare"])
def test_settings_without_sense_are_seen(name: str, value: Any) -> None:
    assert failed(with_setting(joint(), **{name: value})) == ["joint plan complete"]


def test_what_is_no_table_and_no_array_is_seen() -> None:
    record = joint()
    assert failed(replace(record, tables={**record.tables, "owners": [1, 2]}))  # type: ignore[dict-item]
    assert failed(replace(record, solution={**record.solution, "x": "word"}))  # type: ignore[dict-item]
    assert failed(replace(record, solution={}))
    assert failed(replace(record, tables={}))
    assert failed(replace(record, summary={}))
    assert failed(replace(record, settings={}))


def test_all_tables_of_a_plan_are_looked_at() -> None:
    assert set(PLANNED) <= set(PLAN)
