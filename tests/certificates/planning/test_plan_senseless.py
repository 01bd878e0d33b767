"""Records of plans that make no sense: a failed certificate, never a traceback; and lies drawn at random."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gridpact.certificates.planning.plan_complete import TABLES
from gridpact.certificates.planning.plan_judge import certify_plan
from gridpact.certificates.planning.plan_view import OWN
from gridpact.results.record import Record
from tests.certificates.planning.plans import failed, reduced, with_column, with_more, with_setting, with_summary

# Shown, and judged by nobody: how the days were found.
SHOWN = ("scenario_quality", "duration_curves", "decision_graph")
NEEDED = [*TABLES, "scenario_days", "year", "reliability", "reliability_loads", "reliability_faults"]
NEEDED += ["reliability_feeders", "reliability_system", "reliability_loads_before"]


def with_table(record: Record, name: str, table: Any) -> Record:
    return replace(record, tables={**record.tables, name: table})


def without_table(record: Record, name: str) -> Record:
    return replace(record, tables={key: table for key, table in record.tables.items() if key != name})


@pytest.mark.parametrize("name", [name for name in NEEDED if name != "year"])
def test_a_table_that_is_not_there_is_missed(name: str) -> None:
    assert certify_plan(without_table(reduced(), name))["verdict"] == "failed"


SPOILED: dict[str, Callable[[pd.DataFrame], Any]] = {
    "without rows": lambda table: table.iloc[:0],
    "without columns": lambda table: table.iloc[:, :0],
    "no table": lambda table: None,
    "a list": lambda table: [1.0, 2.0],
    "the first row twice": lambda table: pd.concat([table.iloc[:1], table], ignore_index=True),
    "without the last row": lambda table: table.iloc[:-1],
    "every column twice": lambda table: pd.concat([table, table], axis=1),
    "all texts": lambda table: table.astype(str),
    "all blank": lambda table: table.assign(**dict.fromkeys(table.columns, np.nan)),
    "all objects": lambda table: table.assign(**{name: [[1]] * len(table) for name in table.columns}),
}


SENSIBLE = {
    ("designs", "without rows"): "an empty design makes sense by itself",
    ("cut_slopes", "without rows"): "so do cuts that are flat",
    ("cut_slopes", "without the last row"): "and one that knows of fewer units",
    ("convergence", "the first row twice"): "a course may stand still",
    ("scenario_days", "all texts"): "its columns are texts",
}


@pytest.mark.parametrize("name", NEEDED)
@pytest.mark.parametrize("how", list(SPOILED))
def test_a_senseless_table_fails(name: str, how: str) -> None:
    if (name, how) in SENSIBLE:
        pytest.skip(SENSIBLE[name, how])
    assert certify_plan(with_table(reduced(), name, SPOILED[how](reduced().tables[name])))["verdict"] == "failed"


def judged_columns() -> Iterator[tuple[str, str]]:
    for name in NEEDED:
        yield from ((name, column) for column in reduced().tables[name].columns)


@pytest.mark.parametrize("value", [np.nan, np.inf, "x", None], ids=str)
def test_a_senseless_column_is_no_traceback(value: Any) -> None:
    """Columns that nobody reads may hold what they like; all others fail."""
    free = {"marginal_value_per_year", "highest_vm_pu", "lowest_vm_pu", "highest_loading_percent", "gap"}
    free |= {"hours_per_failure", "upper_bound", "before", "limit"}
    passed = []
    for name, column in judged_columns():
        document = certify_plan(with_column(reduced(), name, column, value))
        if document["verdict"] != "failed" and column not in free:
            passed.append((name, column))
    assert passed == []


@pytest.mark.parametrize("value", [None, "x", -1.0, np.nan, [1], True], ids=str)
def test_a_senseless_setting_fails(value: Any) -> None:
    needed = ("discount_rate", "gap", "interruption_cost_per_mwh", "carbon_price_per_t", "budget", "max_penetration")
    for name in (*needed, "saidi_limit_h", "representation", "typical_days"):
        if (name, value) == ("typical_days", True):
            continue
        assert certify_plan(with_setting(reduced(), **{name: value}))["verdict"] == "failed", name


@pytest.mark.parametrize("value", [None, "x", np.nan, [1], {}], ids=str)
def test_a_senseless_figure_fails(value: Any) -> None:
    for name in (*("objective", "objective_lower_bound", "gap", "gap_asked", "gap_closed", "bound_basis", "operation"),
                 *("investment", "capex_per_year", "scenarios", "candidates", "assets_built", "iterations"),
                 *("objective_before", "year_cost", "year_days", "year_off", "year_verdict", "saidi_h")):  # fmt: skip
        assert certify_plan(with_summary(reduced(), **{name: value}))["verdict"] == "failed", name


ARRAYS: dict[str, Callable[[np.ndarray], Any]] = {
    "none": lambda array: np.zeros(0),
    "longer": lambda array: np.append(array.ravel(), array.ravel()[:1]),
    "texts": lambda array: array.astype(str),
    "objects": lambda array: array.astype(object),
    "a list": lambda array: array.tolist(),
    "flags": lambda array: array.astype(np.bool_),
    "another shape": lambda array: array.reshape(1, *array.shape),
    "far off": lambda array: array + 10**6,
    "negative": lambda array: -array - 1,
    "blank": lambda array: np.full(array.shape, np.nan),
}


def spoiled_arrays() -> list[tuple[str, str]]:
    names = sorted(reduced().solution)
    return [(name, how) for name in names for how in ARRAYS]


def spoil(name: str, how: str) -> None:
    array = np.asarray(reduced().solution[name])
    if array.dtype.kind not in "fi" and how in ("far off", "negative"):
        return
    if not array.size and how in ("longer",):
        return
    record = replace(reduced(), solution={**reduced().solution, name: ARRAYS[how](array)})
    assert certify_plan(record)["verdict"] in ("failed", "certified", "approximate")


def test_senseless_arrays_are_no_traceback() -> None:
    chosen = np.random.default_rng(5).permutation(len(spoiled_arrays()))[:60]
    for number in chosen:
        spoil(*spoiled_arrays()[number])


@pytest.mark.campaign
def test_no_senseless_array_is_a_traceback() -> None:
    for name, how in spoiled_arrays():
        spoil(name, how)


# Numbers that every reader of a plan trusts: any change of one of them by a thousandth and more is found.
TRUSTED = {
    "investments": ("units", "max_units", "investment", "capex_per_year", "maintenance_per_year"),
    "annual_costs": ("after",),
    "scenarios": ("weight_days",),
    "design_costs": ("cost_per_day",),
    "reliability": ("value", "before"),
    "reliability_loads": ("customers", "mean_mw", "failures_per_year", "hours_per_year", "eens_mwh"),
    "reliability_faults": ("failures_per_year", "customers", "mean_mw", "saifi", "saidi_h", "eens_mwh"),
    "reliability_loads_before": ("failures_per_year", "hours_per_year", "eens_mwh"),
    "year": ("cost", "estimated_cost", "unserved_mwh"),
    "dispatch": ("p_mw",),
    "buses": ("vm_pu",),
    "interface": ("import_mw", "buy_mw"),
    "branches": ("p_mw", "loss_mw"),
}
FIGURES = ("objective", "investment", "capex_per_year", "gap", "saidi_h", "eens_mwh", "year_cost", "objective_before")


def lie(seed: int) -> Record:
    """A plan in which one number, drawn at random, is another one."""
    rng, record = np.random.default_rng(seed), reduced()
    if rng.random() < 0.15:
        name = str(rng.choice(FIGURES))
        return with_summary(record, **{name: record.summary[name] * (1.0 + rng.uniform(1e-3, 1.0)) + 1e-3})
    if rng.random() < 0.15:
        series = list(record.case.profiles.columns)
        column, row = series[rng.integers(len(series))], int(rng.integers(48))
        return with_more(record, "scenario_profiles", column, row, float(rng.uniform(1e-3, 1.0)))
    name = str(rng.choice(list(TRUSTED)))
    column = str(rng.choice(TRUSTED[name]))
    row = int(rng.integers(len(record.tables[name])))
    value = float(record.tables[name][column].iloc[row])
    more = 1 if record.tables[name][column].dtype.kind == "i" else abs(value) * rng.uniform(1e-3, 1.0) + 1e-3
    return with_more(record, name, column, row, more if rng.random() < 0.5 else -more)


def found(seed: int) -> bool:
    """Whether the lie is found; a day of another design may cost more than it does, which proves nothing wrong."""
    record = lie(seed)
    changed = [name for name in TRUSTED if record.tables[name] is not reduced().tables[name]]
    if changed == ["design_costs"]:
        return True
    return certify_plan(record)["verdict"] == "failed"


def test_lies_are_found() -> None:
    assert [seed for seed in range(25) if not found(seed)] == []


@pytest.mark.campaign
def test_hundreds_of_lies_are_found() -> None:
    assert [seed for seed in range(600) if not found(seed)] == []


def test_tables_that_are_only_shown_are_not_judged() -> None:
    record = replace(reduced(), tables={name: t for name, t in reduced().tables.items() if name not in SHOWN})
    assert failed(record) == []
    assert set(SHOWN) < set(OWN)
