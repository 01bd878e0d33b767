"""The certificate of a reliability study: every check fails where what it looks at is changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from gridpact.case.case import Case
from gridpact.certificates.planning.reliability_judge import certify_reliability
from gridpact.reliability_study import assess_reliability
from gridpact.results.record import Record
from tests.radial import chain, device, failing, point, radial, random_radial, tie

YEARS = 400


def tied() -> Case:
    """Three sections, a breaker, two sectionalisers and a tie: faults of all classes."""
    devices = [device("a", "from", "breaker"), *(device(line, "from", "sectionaliser", 1.0) for line in ("b", "c"))]
    return chain(protection=devices, switches=[tie("back", 2.0)], more_lines=[failing("back", "4", "1", 0.0)])


@pytest.fixture(scope="module")
def record() -> Record:
    return assess_reliability(tied(), monte_carlo_years=YEARS, seed=3).record


def failed(record: Record) -> list[str]:
    """Names of the checks that did not pass; the verdict follows those that are required."""
    document = certify_reliability(record)
    required = [check for check in document["checks"] if check["required"] and not check["passed"]]
    assert document["verdict"] == ("failed" if required else "certified")
    return [check["name"] for check in document["checks"] if not check["passed"]]


def with_table(record: Record, name: str, column: str, change: Callable[[pd.Series], object]) -> Record:
    table = record.tables[name]
    return replace(record, tables={**record.tables, name: table.assign(**{column: change(table[column])})})


def more(values: pd.Series) -> pd.Series:
    """A millionth more of the first value alone."""
    changed = values.astype(np.float64)
    changed.iloc[0] *= 1.0 + 1e-6
    return changed


def test_what_is_as_it_was_told_passes(record: Record) -> None:
    assert failed(record) == []
    names = [check["name"] for check in certify_reliability(record)["checks"]]
    assert len(names) == len(set(names)) == 10
    without = assess_reliability(tied()).record
    assert "reliability_monte_carlo" not in without.tables
    assert len(certify_reliability(without)["checks"]) == 8


@pytest.mark.parametrize("seed", range(0, 40, 5))
def test_random_networks_are_certified(seed: int) -> None:
    assert assess_reliability(random_radial(seed)).certificate.verdict == "certified"


@pytest.mark.campaign
def test_all_random_networks_are_certified() -> None:
    verdicts = [assess_reliability(random_radial(seed)).certificate.verdict for seed in range(200)]
    assert set(verdicts) == {"certified"}


LIES = [
    ("reliability_loads", "customers", "load points"),
    ("reliability_loads", "mean_mw", "load points"),
    ("reliability_loads", "hours_per_failure", "load points"),
    *(("reliability_loads", name, "reliability_loads") for name in ("failures_per_year", "hours_per_year", "eens_mwh")),
    *(
        (table, name, table)
        for table in ("reliability_feeders", "reliability_system")
        for name in ("customers", "saifi", "saidi_h", "caidi_h", "asai", "eens_mwh", "aens_kwh")
    ),
    *(
        ("reliability_faults", name, "reliability_faults")
        for name in ("failures_per_year", "customers", "mean_mw", "saifi", "saidi_h", "eens_mwh")
    ),
    ("reliability", "value", "indices"),
    *(("reliability_monte_carlo", name, "random years again") for name in ("mean", "low", "high")),
]


@pytest.mark.parametrize(("table", "column", "check"), LIES)
def test_a_millionth_more_is_found_by_the_check_of_that_table(
    record: Record, table: str, column: str, check: str
) -> None:
    assert failed(with_table(record, table, column, more)) == [check]


@pytest.mark.parametrize(
    "name", ["saifi", "saidi_h", "caidi_h", "asai", "eens_mwh", "aens_kwh", "customers", "feeders"]
)
def test_a_lie_of_the_summary_is_found(record: Record, name: str) -> None:
    told = replace(record, summary=record.summary | {name: record.summary[name] * (1.0 + 1e-6)})
    assert failed(told) == ["indices"]


def test_another_class_or_duration_is_found(record: Record) -> None:
    classes, hours = (record.solution[name].copy() for name in ("classes", "hours"))
    classes[0, 0] = (classes[0, 0] + 1) % 3
    hours[1, 2] *= 1.0 + 1e-6
    assert failed(replace(record, solution={**record.solution, "classes": classes})) == ["incidence"]
    assert failed(replace(record, solution={**record.solution, "hours": hours})) == ["incidence"]


def test_another_feeder_is_found(record: Record) -> None:
    assert failed(with_table(record, "reliability_loads", "feeder", lambda _: "z")) == ["load points"]
    assert failed(with_table(record, "reliability_feeders", "feeder", lambda _: "z")) == ["reliability_feeders"]


def test_indices_a_tenth_off_lie_outside_of_the_random_years(record: Record) -> None:
    """The interval is shown only: it alone fails nothing. Here the figure is wrong, and other checks say so."""
    off = with_table(record, "reliability_system", "saidi_h", lambda values: 1.5 * values)
    assert failed(off) == ["reliability_system", "reliability_monte_carlo"]


MISSING = ("reliability_loads", "reliability_feeders", "reliability_system", "reliability_faults", "reliability")


@pytest.mark.parametrize("name", [*MISSING, "reliability_monte_carlo"])
def test_a_missing_table_column_or_row_fails_at_once(record: Record, name: str) -> None:
    without = {key: table for key, table in record.tables.items() if key != name}
    table = record.tables[name]
    narrow = {**record.tables, name: table.drop(columns=table.columns[-1])}
    texts = {**record.tables, name: table.assign(**{str(table.columns[-1]): "x"})}
    infinite = {**record.tables, name: table.assign(**{str(table.columns[-1]): np.inf})}
    for tables in (without, narrow, texts, infinite):
        assert failed(replace(record, tables=tables)) == ["reliability complete"]
    if name not in ("reliability_feeders", "reliability_monte_carlo"):
        short = {**record.tables, name: table.iloc[1:]}
        assert failed(replace(record, tables=short)) == ["reliability complete"]


def test_fewer_feeders_or_other_indices_are_found(record: Record) -> None:
    none = {**record.tables, "reliability_feeders": record.tables["reliability_feeders"].iloc[:0]}
    assert failed(replace(record, tables=none)) == ["reliability_feeders"]
    other = with_table(record, "reliability_monte_carlo", "index", lambda names: names[::-1].to_numpy())
    assert failed(other) == ["random years again"]


@pytest.mark.parametrize("change", [{"classes": None}, {"hours": None}, {"hours": 0}, {"classes": 0.5}])
def test_missing_arrays_settings_and_figures_fail_at_once(record: Record, change: dict[str, float | None]) -> None:
    (name, value) = next(iter(change.items()))
    array = record.solution[name]
    kept = {key: one for key, one in record.solution.items() if key != name}
    lacking = kept if value is None else {**kept, name: array[:1] if value == 0 else array * value}
    assert failed(replace(record, solution=lacking)) == ["reliability complete"]
    assert failed(replace(record, settings={"monte_carlo_years": YEARS})) == ["reliability complete"]
    assert failed(replace(record, summary={**record.summary, "saidi_h": "much"})) == ["reliability complete"]


def test_a_meshed_case_cannot_be_judged(record: Record) -> None:
    closed = record.case.with_table("switches", record.case.tables["switches"].assign(closed=True))
    assert failed(replace(record, case=closed)) == ["reliability complete"]


def test_where_nothing_fails_blank_means_are_right() -> None:
    """No failures: CAIDI and the mean duration have nothing to divide by; as read from files they are None."""
    run = assess_reliability(radial([point("2", 1.0, 0.2)], [failing("a", "1", "2", 0.0)]))
    assert run.certificate.verdict == "certified"
    assert run.summary["saidi_h"] == 0.0 and np.isnan(run.summary["caidi_h"])
    assert failed(replace(run.record, summary=run.summary | {"caidi_h": None})) == []
    assert failed(replace(run.record, summary=run.summary | {"saidi_h": None, "asai": None})) == ["indices"]
