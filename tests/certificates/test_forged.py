"""What a forger who also mends the hashes could try: each is noticed by the judges."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gridpact as gp
from gridpact.certificates.judge import certify
from gridpact.io.archive import write_run
from gridpact.results.record import Record
from tests.certificates.spoil import check, with_table


@pytest.fixture(scope="module")
def record() -> Record:
    return gp.run_study(gp.examples.path("papavasiliou15") / "study.toml").record


def with_row(record: Record, **changed: object) -> Record:
    """The settlement with one more row, made of its first."""
    rows = record.tables["settlement"]
    return with_table(record, "settlement", pd.concat([rows, rows.iloc[:1].assign(**changed)], ignore_index=True))


@pytest.mark.parametrize(
    "row",
    [
        {"kind": "operator", "participant": "somebody", "payment": 0.0, "payment_cents": 0},
        {"kind": "load", "participant": "nobody", "payment": 0.0, "payment_cents": 0},
        {"carrier": "gift", "payment": 0.0, "payment_cents": 0},
        {"payment": 0.0, "payment_cents": 0, "energy_mwh": 0.0},
    ],
    ids=["a second operator", "an unknown participant", "an unknown carrier", "a second row of nothing"],
)
def test_rows_that_nobody_owes(record: Record, row: dict[str, object]) -> None:
    assert check(certify(record), "settlement")["passed"]
    assert not check(certify(with_row(record, **row)), "settlement")["passed"]


def test_operator_of_another_carrier(record: Record) -> None:
    rows = record.tables["settlement"]
    operator = rows[rows["kind"] == "operator"].iloc[:1].assign(carrier="gift", payment=0.0, payment_cents=0)
    forged = with_table(record, "settlement", pd.concat([rows, operator], ignore_index=True))
    assert not check(certify(forged), "settlement")["passed"]


def test_probes_taken_away(record: Record) -> None:
    forged = with_table(record, "price_probes", record.tables["price_probes"].iloc[:0])
    found = check(certify(forged), "price_probes")
    assert found["required"]
    assert not found["passed"]


def test_probes_without_answers(record: Record) -> None:
    silent = record.tables["price_probes"].assign(cost_minus=np.nan, cost_plus=np.nan)
    assert not check(certify(with_table(record, "price_probes", silent)), "price_probes")["passed"]


def test_verify_shows_no_price_of_a_spoiled_run(record: Record, tmp_path: Path) -> None:
    """All hashes right, prices trebled: the run that verify returns says failed wherever it is looked at."""
    prices = record.tables["electricity_prices"]
    forged = with_table(record, "electricity_prices", prices.assign(price_per_mwh=3.0 * prices["price_per_mwh"]))
    write_run(forged, tmp_path / "run")
    run = gp.verify(tmp_path / "run")
    assert run.certificate.verdict == "failed"
    assert run.summary["verdict"] == "failed"
    assert run.summary["price_mean_per_mwh"] is None
    assert not run.table("electricity_prices")["certified"].any()
    assert "CERTIFIED" not in str(run).replace("NOT CERTIFIED", "")


def test_archived_verdict_is_compared(record: Record, tmp_path: Path) -> None:
    """A failed run whose certificate was exchanged for a good one."""
    claimed = {**record.certificate, "verdict": "approximate"}
    write_run(dataclasses.replace(record, certificate=claimed), tmp_path / "run")
    failures = [entry["name"] for entry in gp.verify(tmp_path / "run").certificate.failures()]
    assert "archived verdict" in failures


@pytest.mark.parametrize("factor", [0.01, 7.5, 400.0])
def test_verdict_does_not_depend_on_the_currency(factor: float) -> None:
    """The same market in another money: every price and cost times a factor."""
    case = gp.read_case(gp.examples.path("papavasiliou15") / "case")
    for table in ("interfaces", "generators", "offers", "renewables", "bids"):
        money = [name for name in case.tables[table] if name.endswith(("per_mwh", "per_mw2h", "cost_per_h"))]
        case = case.with_table(table, case.tables[table].assign(**{m: factor * case.tables[table][m] for m in money}))
    assert gp.clear(case, price_probes=10).certificate.verdict == "certified"
