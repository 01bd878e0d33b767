"""Plans of the small case for the tests of their judges, and ways to tell a lie about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gridpact.certificates.planning.plan_judge import certify_plan
from gridpact.plans.study import plan
from gridpact.results.record import Record

SMALL = Path("tests/cases/planning-small/case")


@cache
def given() -> Record:
    """Four days as they are, nothing limited: what pays is built."""
    return plan(SMALL, workers=1).record


@cache
def reduced() -> Record:
    """One typical day and one that joined after the year was checked; money, energy and reliability limited."""
    return plan(
        SMALL,
        typical_days=1,
        extreme_days=False,
        year_rounds=2,
        year_tolerance=1e-6,
        budget=1.6e6,
        max_penetration=0.4,
        carbon_price_per_t=30.0,
        interruption_cost_per_mwh=500.0,
        saidi_limit_h=3.0,
        workers=1,
    ).record


def failed(record: Record) -> list[str]:
    """Names of the checks that are required and did not pass, without those of the operation."""
    document = certify_plan(record)
    names = [check["name"] for check in document["checks"] if check["required"] and not check["passed"]]
    assert (document["verdict"] == "failed") == bool(names)
    return [name for name in names if not name.startswith("operation: ")]


def with_column(record: Record, name: str, column: str, values: Any) -> Record:
    return replace(record, tables={**record.tables, name: record.tables[name].assign(**{column: values})})


def with_more(record: Record, name: str, column: str, row: int, more: float) -> Record:
    """The record with one number of one table so much larger."""
    table = record.tables[name]
    values = table[column].to_numpy(copy=True)
    values[row] += more
    return with_column(record, name, column, values)


def with_word(record: Record, name: str, column: str, row: int, word: Any) -> Record:
    values = record.tables[name][column].tolist()
    values[row] = word
    return with_column(record, name, column, pd.Series(values, dtype=record.tables[name][column].dtype))


def with_summary(record: Record, **figures: Any) -> Record:
    return replace(record, summary={**record.summary, **figures})


def with_setting(record: Record, **settings: Any) -> Record:
    return replace(record, settings={**record.settings, **settings})


def with_array(record: Record, name: str, change: Callable[[np.ndarray], Any]) -> Record:
    return replace(record, solution={**record.solution, name: change(np.array(record.solution[name]))})


def row_of(record: Record, name: str, key: str, value: str) -> int:
    return [str(word) for word in record.tables[name][key]].index(value)


def checks_of(record: Record) -> Mapping[str, Mapping[str, Any]]:
    return {check["name"]: check for check in certify_plan(record)["checks"]}
