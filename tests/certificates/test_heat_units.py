"""Units of heat that may be off, and districts that are cleared day by day."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import gridpact as gp
from gridpact.certificates.judge import certify
from gridpact.clearing import clear
from gridpact.results.record import Record
from tests.certificates.heat_cases import heat_district
from tests.certificates.spoil import check, failed, with_case_column, with_table

Spoil = Callable[[Record], Record]
SWITCHED = {
    "gas_boilers": {"committable": True, "min_heat_mw": 0.2, "start_cost": 5.0, "min_up_h": 2.0},
    "chps": {"committable": True, "start_cost": 10.0, "cost_per_h": 5.0, "fuel_mw": 0.1},
    "electric_boilers": {"committable": True, "min_heat_mw": 0.1},
    "heat_pumps": {"committable": True, "min_heat_mw": 0.05},
}


@pytest.fixture(scope="module")
def units() -> Record:
    case = heat_district()
    for table, columns in SWITCHED.items():
        case = case.with_table(table, case.tables[table].assign(**columns))
    return clear(case, price_probes=2).record


def switched(device: str, step: int) -> Spoil:
    """The other state in one step."""

    def spoil(record: Record) -> Record:
        table = record.tables["commitment"].copy()
        place = table.index[table["device"] == device][step]
        table.loc[place, "on"] = not table.loc[place, "on"]
        return with_table(record, "commitment", table)

    return spoil


def without_kind(record: Record) -> Record:
    table = record.tables["commitment"]
    return with_table(record, "commitment", table[table["kind"] != "heat_pump"])


def far_bound(record: Record) -> Record:
    return replace(record, summary={**record.summary, "objective_bound": 0.99 * record.summary["objective"]})


SPOILS: list[tuple[str, str, Spoil]] = [
    ("complete", "no heat pump", without_kind),
    ("chps", "a plant that gives heat while it is off", switched("plant", 2)),
    ("gas_boilers", "a boiler that gives heat while it is off", switched("flame", 2)),
    ("electric_boilers", "a boiler below its least heat", switched("kettle", 2)),
    ("cost_of_dispatch", "a start", lambda r: with_case_column(r, "electric_boilers", "start_cost", 1.0)),
    ("cost_of_dispatch", "an hour of running", lambda r: with_case_column(r, "chps", "cost_per_h", 6.0)),
    ("commitment", "a least time", lambda r: with_case_column(r, "electric_boilers", "min_down_h", 3.0)),
    ("integer_gap", "a bound far away", far_bound),
]


def test_units_are_switched_and_certified(units: Record) -> None:
    assert failed(units.certificate) == set()
    rows = units.tables["commitment"].groupby(["kind", "device"])["on"].agg(list)
    assert rows["gas_boiler", "flame"] != [True] * 6
    assert rows["electric_boiler", "kettle"] != [True] * 6
    assert check(units.certificate, "integer_gap")["value"] <= 1e-4


@pytest.mark.parametrize(("name", "spoil"), [pytest.param(n, s, id=f"{n}: {what}") for n, what, s in SPOILS])
def test_spoiled_units_are_refused(units: Record, name: str, spoil: Spoil) -> None:
    assert name in failed(certify(spoil(units)))


def test_days_of_heat_are_judged(tmp_path: Path) -> None:
    """Two days, each periodic; consumers are designed for their highest heat of both."""
    case = heat_district(start="2030-01-01T21:00:00+00:00")
    run = gp.clear_days(case, out=tmp_path / "run", window="day")
    assert run.certificate.verdict == "certified"
    assert gp.verify(tmp_path / "run").certificate.verdict == "certified"
    whole = clear(case.with_window("day"), price_probes=0).record
    columns = ["supply_degc", "return_degc"]
    np.testing.assert_allclose(run.table("heat_nodes")[columns], whole.tables["heat_nodes"][columns], atol=1e-4)
