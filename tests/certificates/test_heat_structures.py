"""The judges of market structures: joint, heat first, separate."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gridpact.certificates.judge import certify
from gridpact.clearing import clear
from gridpact.results.record import Record
from tests.certificates.heat_cases import heat_district
from tests.certificates.spoil import check, failed, with_cells, with_table

Spoil = Callable[[Record], Record]
OTHERS = ("sequential", "separate")


@pytest.fixture(scope="module")
def town() -> Record:
    return clear(heat_district(), price_probes=0, structures=True).record


def told(column: str, change: Callable[[Any], Any], structure: str) -> Spoil:
    return lambda record: with_cells(record, "structures", column, change, structure=structure)


def given_up(record: Record) -> Record:
    """Separate networks that found no agreement."""
    table = record.tables["structures"].copy()
    table.loc[table["structure"] == "separate", "status"] = "No agreement."
    numbers = [name for name in table if table[name].dtype.kind == "f"]
    table.loc[table["structure"] == "separate", numbers] = np.nan
    return with_table(record, "structures", table)


def split_otherwise(record: Record) -> Record:
    """The joint cost told as that of the wrong network."""
    for column, change in (("electricity_cost", 5.0), ("heat_cost", -5.0)):
        record = with_cells(record, "structures", column, lambda v, d=change: v + d, structure="joint")
    return record


def cheap(record: Record) -> Record:
    """A structure that is cheaper than the joint clearing, consistently told."""
    for column, change in (("cost", -0.1), ("heat_cost", -0.1)):
        record = with_cells(record, "structures", column, lambda v, d=change: v + d, structure="separate")
    scale = record.summary["objective"]
    gap = record.tables["structures"].query("structure == 'separate'")["cost"].iloc[0] - scale
    return with_cells(
        record, "structures", "above_joint_percent", lambda v: 0.0 * v + 100.0 * gap / scale, structure="separate"
    )


SPOILS: list[tuple[str, str, Spoil]] = [
    ("complete", "no structures", lambda r: with_table(r, "structures", r.tables["structures"].drop(columns="cost"))),
    ("structures_cost", "a cheaper one", cheap),
    ("structures_cost", "a missing one", lambda r: with_table(r, "structures", r.tables["structures"].iloc[:2])),
    ("structures_agree", "a dear one", told("cost", lambda v: v * 1.001, "separate")),
    ("structures_agree", "no cost", told("cost", lambda v: v * np.nan, "separate")),
    ("structures_payments", "a payment", told("payments_sum", lambda v: v + 0.01, "sequential")),
    ("structures_told", "a part of the cost", told("heat_cost", lambda v: v + 0.01, "sequential")),
    ("structures_told", "a split of the joint cost", split_otherwise),
    ("structures_told", "a distance", told("above_joint_percent", lambda v: v + 0.01, "sequential")),
    ("structures_told", "a number less", told("residual_mw", lambda v: v * np.nan, "separate")),
    *(
        ("structures_told", column, told(column, lambda v: v + 0.01, "joint"))
        for column in (
            "cost",
            "coupler_profit",
            "electricity_surplus",
            "heat_surplus",
            "price_mean_per_mwh",
            "heat_price_mean_per_mwh",
        )
    ),
]


@pytest.mark.parametrize(("name", "spoil"), [pytest.param(n, s, id=f"{n}: {what}") for n, what, s in SPOILS])
def test_a_spoiled_table_is_refused(town: Record, name: str, spoil: Spoil) -> None:
    assert name in failed(certify(spoil(town)))


def test_the_joint_clearing_is_the_cheapest(town: Record) -> None:
    assert failed(town.certificate) == set()
    cost = town.tables["structures"].set_index("structure")["cost"]
    assert all(cost[name] >= cost["joint"] * (1.0 - 1e-6) for name in OTHERS)


def test_networks_that_do_not_agree_are_no_fault_of_the_clearing(town: Record) -> None:
    """Their status says so; nothing is asked of their numbers."""
    certificate = certify(given_up(town))
    assert failed(certificate) == set()
    assert not check(certificate, "structures_agree")["required"]
