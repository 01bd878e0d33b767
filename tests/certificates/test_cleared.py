"""The judges on what the project itself clears: the hand-made feeder once more, and the approximations."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.case.case import Case
from gridpact.certificates.judge import certify
from gridpact.clearing import clear
from gridpact.results.record import Record
from tests.certificates.cases import line_columns, made_case
from tests.certificates.feeder import feeder_case
from tests.certificates.spoil import check, failed, with_cells
from tests.districts import random_feeder


def cleared(case: Case, formulation: str) -> Record:
    return clear(case, formulation=formulation, exactness="check", price_probes=2).record


def triangle_case() -> Case:
    """Demand at b, a cheap generator at a and a dear one at c, and a full line a-b.

    2 MW at b: with p from a, the line a-b carries 2/3 p + 1/3 (2 - p) = 1, so p = 1 and c gives 1 MW. Prices 20 at a
    and 40 at c; a unit at b needs one unit less of a and two more of c: 60. The shadow price of the line is 60 per MW.
    """
    return made_case(
        step_minutes=30.0,
        buses={"bus": ["a", "b", "c"], "vn_kv": [10.0] * 3, "vm_min_pu": [0.9] * 3, "vm_max_pu": [1.1] * 3},
        lines=line_columns(
            [("a", "b"), ("c", "b"), ("a", "c")],
            [0.1] * 3,
            [1.0] * 3,
            0.0,
            [1.0 / (np.sqrt(3.0) * 10.0), np.nan, np.nan],
        ),
        generators={
            "generator": ["cheap", "dear"],
            "bus": ["a", "c"],
            "max_p_mw": [5.0, 5.0],
            "cost_per_mwh": [20.0, 40.0],
        },
        loads={"load": ["town"], "bus": ["b"], "p_mw": [2.0]},
    )


@pytest.fixture(scope="module")
def triangle() -> Record:
    return cleared(triangle_case(), "dc")


@pytest.fixture(scope="module")
def linear() -> Record:
    return cleared(feeder_case(), "lindistflow")


def test_the_feeder_cleared_by_the_project_has_the_prices_made_by_hand(feeder: Record) -> None:
    """Two ways from the same data to every number of the price table."""
    record = cleared(feeder_case(), "soc")
    assert failed(certify(record)) == set()
    assert record.summary["objective"] == pytest.approx(feeder.summary["objective"], rel=1e-7)
    columns = [name for name in feeder.tables["electricity_prices"] if name.endswith(("mwh", "mvarh"))]
    ours, hand = (r.tables["electricity_prices"][columns].to_numpy() for r in (record, feeder))
    np.testing.assert_allclose(ours, hand, atol=2e-3)


def test_the_triangle_has_its_prices_and_is_approximate(triangle: Record) -> None:
    prices = triangle.tables["electricity_prices"]["price_per_mwh"]
    np.testing.assert_allclose(prices, [20.0, 60.0, 40.0], atol=1e-5)
    certificate = certify(triangle)
    assert failed(certificate) == set()
    assert certificate["verdict"] == "approximate"


@pytest.mark.parametrize("formulation", ["dc", "lindistflow"])
def test_what_an_approximation_leaves_out_is_shown_and_does_not_decide(
    formulation: str, triangle: Record, linear: Record
) -> None:
    certificate = certify(triangle if formulation == "dc" else linear)
    losses = check(certificate, "ac_losses")
    assert not losses["passed"]
    assert not losses["required"]
    assert "approximates" in losses["description"]
    assert certificate["verdict"] == "approximate"


def test_the_rent_of_the_full_line_is_the_surplus(triangle: Record) -> None:
    """2 MW pay 60, 1 MW gets 20, 1 MW gets 40, in half an hour: 30 are left, the line's 60 per MW for half an hour."""
    settlement = triangle.tables["settlement"]
    operator = settlement[(settlement["kind"] == "operator") & (settlement["carrier"] == "electricity")]
    assert operator["payment"].iloc[0] == pytest.approx(-30.0, abs=1e-4)
    surplus = check(certify(triangle), "merchandising_surplus")
    assert surplus["passed"]
    assert surplus["value"] == pytest.approx(-30.0 / (60.0 + 10.0 + 20.0), abs=1e-6)


def test_a_deficit_of_the_operator_is_seen(triangle: Record) -> None:
    spoiled = with_cells(triangle, "electricity_prices", "price_per_mwh", lambda v: v - 45.0, bus="b")
    assert "merchandising_surplus" in failed(certify(spoiled))


def test_no_surplus_is_promised_where_lines_must_be_charged(feeder: Record) -> None:
    """The feeder has a charged line and a capacitor: it cannot carry nothing."""
    assert "merchandising_surplus" not in {entry["name"] for entry in certify(feeder)["checks"]}


@pytest.mark.parametrize(("table", "column"), [("branches", "p_mw"), ("branches", "q_mvar"), ("buses", "vm_pu")])
def test_the_linear_power_flow_sees_a_spoiled_table(linear: Record, table: str, column: str) -> None:
    assert failed(certify(linear)) == set()
    spoiled = with_cells(linear, table, column, lambda v: v + 1e-4)
    assert "linear_power_flow" in failed(certify(spoiled))


def test_the_dc_power_flow_sees_a_loop_flow(triangle: Record) -> None:
    """0.01 MW around the triangle keeps every balance and breaks the voltage law."""
    spoiled = triangle
    for branch, sign in (("a-b", 1.0), ("c-b", -1.0), ("a-c", -1.0)):
        change = 0.01 * sign
        spoiled = with_cells(spoiled, "branches", "p_mw", lambda v, d=change: v + d, branch=branch)
    certificate = certify(spoiled)
    assert check(certificate, "active_balance")["passed"]
    assert "linear_power_flow" in failed(certificate)


@pytest.mark.parametrize("formulation", ["dc", "lindistflow"])
@pytest.mark.parametrize("part", ["energy_per_mwh", "loss_per_mwh", "voltage_per_mwh", "congestion_per_mwh"])
def test_price_parts_of_the_approximations_are_judged(
    formulation: str, part: str, triangle: Record, linear: Record
) -> None:
    record = triangle if formulation == "dc" else linear
    assert "price_parts" in failed(certify(with_cells(record, "electricity_prices", part, lambda v: v + 1.0, bus="b")))


@pytest.fixture(scope="module")
def committed() -> Record:
    """A generator of 2 to 3 MW that costs 20 an hour more than its energy is worth, and one that is worth running."""
    case = made_case(
        buses={"bus": ["a", "b"], "vn_kv": [10.0] * 2, "vm_min_pu": [0.9] * 2, "vm_max_pu": [1.1] * 2},
        lines=line_columns([("a", "b")], [0.1], [0.1]),
        interfaces={"interface": ["sub"], "bus": ["a"], "vm_pu": [1.0], "price_per_mwh": [60.0]},
        generators={
            "generator": ["idle", "busy"],
            "bus": ["b", "b"],
            "min_p_mw": [2.0, 1.0],
            "max_p_mw": [3.0, 2.0],
            "cost_per_mwh": [59.0, 40.0],
            "cost_per_h": [20.0, 10.0],
            "committable": [True, True],
        },
        loads={"load": ["town"], "bus": ["b"], "p_mw": [4.0]},
    )
    return cleared(case, "soc")


def test_a_generator_that_is_off_is_held_to_it(committed: Record) -> None:
    """2 MW at 40 and 10 for running are worth it at a price of about 60; 3 MW at 59 and 20 for running are not."""
    power = committed.tables["dispatch"].query("kind == 'generator'")["p_mw"]
    np.testing.assert_allclose(power, [0.0, 2.0], atol=1e-6)
    proven = replace(committed, summary={**committed.summary, "objective_bound": committed.summary["objective"]})
    assert failed(certify(proven)) == set()


def test_a_choice_far_from_the_proven_bound_fails(committed: Record) -> None:
    objective = committed.summary["objective"]
    far = replace(committed, summary={**committed.summary, "objective_bound": objective * 0.99})
    assert check(certify(far), "integer_gap")["value"] == pytest.approx(0.01)
    assert failed(certify(far)) == {"integer_gap"}


def test_a_choice_without_any_bound_fails(committed: Record) -> None:
    unproven = {name: value for name, value in committed.summary.items() if name != "objective_bound"}
    assert failed(certify(replace(committed, summary=unproven))) == {"integer_gap"}


def test_an_inexact_relaxation_fails_and_says_where() -> None:
    """PV that must be taken at the end of a lossy line whose voltage may not rise by more than 1 %, at a price of -5.

    The relaxation burns on the line what it could not carry.
    """
    case = made_case(
        buses={"bus": ["a", "b"], "vn_kv": [10.0] * 2, "vm_min_pu": [0.9] * 2, "vm_max_pu": [1.05, 1.01]},
        lines=line_columns([("a", "b")], [5.0], [2.0]),
        interfaces={"interface": ["sub"], "bus": ["a"], "vm_pu": [1.0], "price_per_mwh": [-5.0]},
        renewables={"renewable": ["pv"], "bus": ["b"], "kind": ["pv"], "p_mw": [1.0], "curtailable": [False]},
    )
    certificate = certify(cleared(case, "soc"))
    assert certificate["verdict"] == "failed"
    assert {"cone_gap", "ac_voltages", "ac_losses"} <= failed(certificate)
    assert check(certificate, "cone_gap")["where"] == "branch a-b, 2024-01-01T00:00:00+01:00"


@pytest.mark.parametrize("formulation", ["soc", "lindistflow", "dc"])
@settings(max_examples=8)
@given(seed=st.integers(0, 2**32 - 1))
def test_random_feeders_fail_at_most_for_their_cone(formulation: str, seed: int) -> None:
    """Only a relaxation that is not tight may fail, and only "soc" is one."""
    wrong = failed(certify(cleared(random_feeder(seed), formulation)))
    assert not wrong or (formulation == "soc" and "cone_gap" in wrong)


def test_a_single_bus_needs_no_line() -> None:
    """Everything at one place: the price is the interface's, the load pays what the interface gets."""
    case = made_case(
        buses={"bus": ["a"], "vn_kv": [10.0], "vm_min_pu": [0.9], "vm_max_pu": [1.1]},
        interfaces={"interface": ["sub"], "bus": ["a"], "vm_pu": [1.0], "price_per_mwh": [42.0]},
        loads={"load": ["town"], "bus": ["a"], "p_mw": [2.0]},
    )
    for formulation, verdict in (("soc", "certified"), ("lindistflow", "approximate"), ("dc", "approximate")):
        record = cleared(case, formulation)
        assert certify(record)["verdict"] == verdict
        assert record.tables["electricity_prices"]["price_per_mwh"].iloc[0] == pytest.approx(42.0)


def test_judging_changes_nothing(feeder: Record) -> None:
    """Judges read: case, tables and solution are the same afterwards."""
    case = {name: table.copy(deep=True) for name, table in feeder.case.tables.items()}
    tables = {name: table.copy(deep=True) for name, table in feeder.tables.items()}
    arrays = {name: np.array(values) for name, values in feeder.solution.items()}
    certify(feeder)
    for name, table in case.items():
        pd.testing.assert_frame_equal(feeder.case.tables[name], table)
    for name, table in tables.items():
        pd.testing.assert_frame_equal(feeder.tables[name], table)
    for name, values in arrays.items():
        np.testing.assert_array_equal(feeder.solution[name], values)
