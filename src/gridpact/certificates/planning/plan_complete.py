"""Is everything of a plan there? Its own tables with their rows and columns, settings, figures; all of it numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd

from gridpact.certificates.check import Check
from gridpact.certificates.planning.plan_form import form_faults
from gridpact.certificates.planning.plan_view import GIVEN, PlanView, in_whole_days, offered, switchable
from gridpact.certificates.planning.reliability_complete import TABLES as RELIABILITY
from gridpact.results.planning import ITEMS
from gridpact.results.record import Record

Columns = tuple[str, ...]
# table -> columns of texts, of finite numbers, of numbers that may be blank or without end
TABLES: Final[Mapping[str, tuple[Columns, Columns, Columns]]] = {
    "investments": (
        ("asset", "kind", "place"),
        ("units", "max_units", "investment", "capex_per_year", "maintenance_per_year"),
        ("p_mw", "energy_mwh", "marginal_value_per_year"),
    ),
    "annual_costs": (("item",), ("after",), ("before",)),
    "scenarios": (("scenario", "source_day", "kind"), ("weight_days",), ()),
    "scenario_profiles": (("scenario", "snapshot"), (), ()),
    "convergence": ((), ("round", "iteration", "lower_bound", "seconds"), ("upper_bound", "gap")),
    "designs": (("candidate",), ("design", "units"), ()),
    "design_costs": (("scenario", "serves_all"), ("design", "cost_per_day"), ()),
    "cuts": (("scenario",), ("cut", "constant"), ()),
    "cut_slopes": (("candidate",), ("cut", "slope"), ()),
}
# What is told of reliability.
INDEXED: Final[Mapping[str, tuple[Columns, Columns, Columns]]] = {
    **{name: (texts, (), numbers) for name, (texts, numbers) in RELIABILITY.items()},
    "reliability": (("index",), (), ("before", "value", "limit")),
    "reliability_loads_before": (RELIABILITY["reliability_loads"][0], (), RELIABILITY["reliability_loads"][1]),
}
SCENARIO_DAYS: Final[tuple[Columns, Columns, Columns]] = (("day", "scenario"), (), ())
SWITCHING: Final[tuple[Columns, Columns, Columns]] = (("line", "closed_before", "closed"), (), ())
YEAR: Final[tuple[Columns, Columns, Columns]] = (
    ("snapshot", "scenario", "status"),
    ("estimated_cost", "unserved_mwh"),
    ("cost",),
)
# Numbers of the settings: those without which nothing can be judged, and limits.
NUMBERS: Final = ("discount_rate", "gap", "interruption_cost_per_mwh", "carbon_price_per_t")
LIMITS: Final = ("budget", "max_penetration", "saidi_limit_h", "saifi_limit", "eens_limit_mwh", "year_tolerance")
REPRESENTATIONS: Final = ("energy_medoid", "medoid", "centroid")
FIGURES: Final = (
    "objective",
    "objective_lower_bound",
    "objective_by_form",
    "gap",
    "gap_asked",
    "investment",
    "capex_per_year",
    "scenarios",
    "candidates",
    "assets_built",
    "iterations",
)
YEAR_FIGURES: Final = ("year_days", "year_days_left", "year_estimated_cost")


def complete_plan(record: Record) -> Check:
    """Settings, tables, columns, rows and figures that are missing, double, of another kind or not finite."""
    faults = list(_faults(record)) or list(_row_faults(record))
    text = "Settings, tables, rows and figures of the plan that are missing, double, out of order or not finite."
    return Check("plan complete", True, float(len(faults)), 0.0, faults[0] if faults else "", text)


def _faults(record: Record) -> Iterator[str]:
    yield from _setting_faults(record.settings)
    yield from _figure_faults(record)
    yield from (f"tables/{name}" for name, table in record.tables.items() if not is_table(table))
    yield from (f"solution/{name}" for name, array in record.solution.items() if not isinstance(array, np.ndarray))
    arrays = {name: array for name, array in record.solution.items() if isinstance(array, np.ndarray)}
    yield from form_faults(arrays, len(offered(record.case).names))
    yield from near_faults(arrays, record.tables.get("scenarios"), len(PlanView(record).columns))
    for name, columns in _wanted(record).items():
        yield from table_faults(record.tables.get(name), name, *columns)


def near_faults(arrays: Mapping[str, Any], scenarios: Any, count: int) -> Iterator[str]:
    """The cuts that marginal values are read from: one of every scenario."""
    rows = len(scenarios) if is_table(scenarios) else 0
    for name, shape in (("marginal/constant", (rows,)), ("marginal/slope", (rows, count))):
        array = arrays.get(name, np.zeros(0))
        if array.shape != shape or array.dtype.kind != "f" or not np.isfinite(array).all():
            yield f"solution/{name}"


def is_table(table: Any) -> bool:
    return isinstance(table, pd.DataFrame) and bool(table.columns.is_unique)


def _setting_faults(settings: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"settings/{name}" for name in NUMBERS if not is_amount(settings.get(name)))
    yield from (f"settings/{name}" for name in LIMITS if not is_amount(settings.get(name, 0.0)))
    if not isinstance(settings.get("reconfigure", False), bool):
        yield "settings/reconfigure"
    if settings.get("representation") not in REPRESENTATIONS:
        yield "settings/representation"
    if type(settings.get("typical_days")) is not int or settings["typical_days"] < 1:
        yield "settings/typical_days"


def is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool) and bool(np.isfinite(value))


def is_amount(value: Any) -> bool:
    return is_number(value) and bool(value >= 0.0)


def _figure_faults(record: Record) -> Iterator[str]:
    summary = record.summary
    wanted = (*FIGURES, *(YEAR_FIGURES if "year" in record.tables else ()))
    yield from (f"summary/{name}" for name in wanted if not is_number(summary.get(name)))
    if not isinstance(summary.get("gap_closed"), bool | np.bool_):
        yield "summary/gap_closed"
    if not isinstance(summary.get("bound_basis"), str):
        yield "summary/bound_basis"
    operation = summary.get("operation")
    if not isinstance(operation, Mapping) or not is_number(operation.get("objective")):
        yield "summary/operation"


def _wanted(record: Record) -> dict[str, tuple[Columns, Columns, Columns]]:
    wanted = dict(TABLES)
    if has_typical(record):
        wanted["scenario_days"] = SCENARIO_DAYS
    if "year" in record.tables:
        wanted["year"] = YEAR
    if PlanView(record).reconfigures:
        wanted["switching"] = SWITCHING
    if PlanView(record).has_customers:
        wanted |= INDEXED
    return wanted


def has_typical(record: Record) -> bool:
    """Whether some day of the record stands for others."""
    table = record.tables.get("scenarios")
    return table is not None and is_table(table) and "kind" in table and bool((table["kind"] != GIVEN).any())


def table_faults(table: Any, name: str, texts: Columns, numbers: Columns, blanks: Columns) -> Iterator[str]:
    if not is_table(table):
        yield f"tables/{name}"
        return
    yield from (f"tables/{name}/{column}" for column in texts if column not in table or not _are_words(table[column]))
    for column in (*numbers, *blanks):
        if column not in table or table[column].dtype.kind not in "if":
            yield f"tables/{name}/{column}"
        elif column in numbers and not np.isfinite(table[column]).all():
            yield f"tables/{name}/{column} (finite)"


def _are_words(values: pd.Series) -> bool:
    """Texts, and nothing else among them; moments and flags, which are looked at where they are read."""
    return values.dtype.kind in "Mb" or (values.dtype.kind == "O" and {type(value) for value in values} <= {str})


def _row_faults(record: Record) -> Iterator[str]:
    """Rows that are missing, double or of nothing known, once all columns are there."""
    yield from named(record, "annual_costs", "item", ITEMS)
    if not len(record.tables["convergence"]):
        yield "tables/convergence (rows)"
    yield from search_faults(record)
    if "switching" in _wanted(record):
        yield from named(record, "switching", "line", switchable(record.case))
        kinds = record.tables["switching"].dtypes
        yield from (f"tables/switching/{name}" for name in ("closed_before", "closed") if kinds[name].kind != "b")
    if "reliability_loads_before" in _wanted(record):
        yield from named(record, "reliability_loads_before", "load", record.case.ids("loads"))


def search_faults(record: Record) -> Iterator[str]:
    """The same in the tables of what may be built, of the days and of the search."""
    names, columns = offered(record.case).names, PlanView(record).columns
    scenarios = [str(number + 1) for number in range(len(record.tables["scenarios"]))]
    yield from named(record, "investments", "asset", names)
    yield from named(record, "scenarios", "scenario", scenarios)
    if not scenarios:
        yield "tables/scenarios (rows)"
        return
    yield from _profile_faults(record, scenarios)
    yield from _design_faults(record, columns, scenarios)
    yield from _cut_faults(record, columns, scenarios)
    if "scenario_days" in record.tables and not _among(record.tables["scenario_days"]["scenario"], scenarios):
        yield "tables/scenario_days/scenario"


def named(record: Record, table: str, key: str, rows: Any) -> Iterator[str]:
    if [str(name) for name in record.tables[table][key]] != list(rows):
        yield f"tables/{table} (rows)"


def _among(names: Any, known: Any) -> bool:
    return {str(name) for name in names} <= set(known)


def _profile_faults(record: Record, scenarios: list[str]) -> Iterator[str]:
    """Profiles of all series of the case, as many steps as the scenarios have, at moments of time."""
    table = record.tables["scenario_profiles"]
    for column in record.case.profiles.columns:
        if column not in table or table[column].dtype.kind not in "if" or not np.isfinite(table[column]).all():
            yield f"tables/scenario_profiles/{column}"
    told = [str(name) for name in table["scenario"]]
    if list(dict.fromkeys(told)) != scenarios or told != sorted(told, key=int):
        yield "tables/scenario_profiles (rows)"
    elif not isinstance(table["snapshot"].dtype, pd.DatetimeTZDtype):
        yield "tables/scenario_profiles/snapshot"
    elif (record.tables["scenarios"]["kind"] == GIVEN).all():
        yield from _given_faults(record, told)
    elif told != [name for name in scenarios for _ in range(24)]:
        yield "tables/scenario_profiles (hours)"


def _given_faults(record: Record, told: list[str]) -> Iterator[str]:
    """Days that are given are windows of the case."""
    case = record.case.with_window("day") if in_whole_days(record.case) else record.case
    numbers = np.repeat(np.arange(1, case.window_edges.size), np.diff(case.window_edges)).astype(str).tolist()
    if told != numbers[: len(told)] or len(told) not in case.window_edges:
        yield "tables/scenario_profiles (days)"


def _design_faults(record: Record, names: list[str], scenarios: list[str]) -> Iterator[str]:
    costs, designs = record.tables["design_costs"], record.tables["designs"]
    count = len(costs) // len(scenarios)
    numbers, told = np.repeat(np.arange(count), len(scenarios)).tolist(), [str(name) for name in costs["scenario"]]
    if not count or costs["design"].tolist() != numbers or told != scenarios * count:
        yield "tables/design_costs (rows)"
    if costs["serves_all"].dtype.kind != "b":
        yield "tables/design_costs/serves_all"
    if not _among(designs["candidate"], names) or designs.duplicated(["design", "candidate"]).any():
        yield "tables/designs (rows)"
    if not designs["design"].isin(range(count)).all():
        yield "tables/designs/design"


def _cut_faults(record: Record, names: list[str], scenarios: list[str]) -> Iterator[str]:
    cuts, slopes = record.tables["cuts"], record.tables["cut_slopes"]
    if cuts["cut"].tolist() != list(range(len(cuts))) or not _among(cuts["scenario"], scenarios):
        yield "tables/cuts (rows)"
    if not _among(slopes["candidate"], names) or slopes.duplicated(["cut", "candidate"]).any():
        yield "tables/cut_slopes (rows)"
    if not slopes["cut"].isin(range(len(cuts))).all():
        yield "tables/cut_slopes/cut"
