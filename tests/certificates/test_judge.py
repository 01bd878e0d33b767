"""The certificate of the hand-made feeder, whole and spoiled: every check must fail when its subject is spoiled."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from gridpact.certificates.judge import certify
from gridpact.results.record import Record
from tests.certificates.spoil import (
    check,
    failed,
    with_array,
    with_case_column,
    with_cells,
    with_table,
    with_variable,
)

Spoil = Callable[[Record], Record]
PRICES = "electricity_prices"


def nudged(index: int, by: float) -> Callable[[np.ndarray], np.ndarray]:
    def change(array: np.ndarray) -> np.ndarray:
        array[index] += by
        return array

    return change


def without_row(record: Record, name: str) -> Record:
    return with_table(record, name, record.tables[name].iloc[1:].reset_index(drop=True))


def repeated_row(record: Record) -> Record:
    table = record.tables["buses"]
    return with_table(record, "buses", pd.concat([table.iloc[:1], table.iloc[:-1]], ignore_index=True))


def idle_multiplier(record: Record) -> Record:
    """A multiplier on the upper voltage limit of a bus that is far from it."""
    row = {"constraint": "buses/vm_max_pu", "component": "b", "end": "", "multiplier": 5.0, "unit": "EUR/h"}
    limits = record.tables["limits"]
    row["snapshot"] = limits["snapshot"].iloc[0]
    return with_table(record, "limits", pd.concat([limits, pd.DataFrame([row])], ignore_index=True))


def flattered_operator(record: Record) -> Record:
    return with_cells(record, "settlement", "payment", lambda v: v + 1.0, kind="operator", carrier="reactive")


def both_payments(record: Record) -> Record:
    """One customer pays for another: the sum stays."""
    one = with_cells(record, "settlement", "payment", lambda v: v + 1.0, participant="load-a", carrier="electricity")
    return with_cells(one, "settlement", "payment", lambda v: v - 1.0, participant="load-b", carrier="electricity")


def two_ways(record: Record) -> Record:
    """Charging and discharging by the same power: the net stays, the losses were invented."""
    more = with_cells(record, "storages", "charge_mw", lambda v: v + 0.01)
    return with_cells(more, "storages", "discharge_mw", lambda v: v + 0.01)


def buying_and_selling(record: Record) -> Record:
    more = with_cells(record, "interface", "buy_mw", lambda v: v + 0.01)
    return with_cells(more, "interface", "sell_mw", lambda v: v + 0.01)


def dear_hour(record: Record) -> Record:
    """The step into which most energy was shifted becomes the dearest."""
    time = record.case.snapshots[1]
    return with_cells(record, PRICES, "price_per_mwh", lambda v: v + 200.0, bus="b", snapshot=time)


def must_take(record: Record) -> Record:
    """The plant may not be curtailed, and has more than it gives."""
    return with_case_column(with_case_column(record, "renewables", "curtailable", False), "renewables", "p_mw", 0.55)


def shifted_probe(record: Record) -> Record:
    return with_cells(record, "price_probes", "cost", lambda v: v + 0.05)


def archived(record: Record, verdict: str, marked: bool) -> Record:
    """As read from an archive with that verdict."""
    told = replace(record, certificate={"verdict": verdict}, summary={**record.summary, "verdict": verdict})
    return with_cells(told, PRICES, "certified", lambda v: v | marked)


SPOILS: list[tuple[str, str, Spoil]] = [
    ("complete", "a missing row", lambda r: without_row(r, "buses")),
    ("complete", "a missing device", lambda r: without_row(r, "dispatch")),
    ("complete", "a bus twice", repeated_row),
    ("complete", "a missing table", lambda r: replace(r, tables={k: t for k, t in r.tables.items() if k != "limits"})),
    ("complete", "a missing column", lambda r: with_table(r, "branches", r.tables["branches"].drop(columns="loss_mw"))),
    ("complete", "text for numbers", lambda r: with_table(r, "buses", r.tables["buses"].astype({"vm_pu": object}))),
    ("complete", "another day", lambda r: with_cells(r, PRICES, "snapshot", lambda v: v + pd.Timedelta(days=1))),
    ("complete", "a short vector", lambda r: with_array(r, "z", lambda z: z[:-1])),
    (
        "complete",
        "a missing variable",
        lambda r: replace(r, solution={k: a for k, a in r.solution.items() if k != "column/energy"}),
    ),
    ("complete", "a column out of range", lambda r: with_array(r, "column/buy", lambda c: c + 10_000)),
    ("complete", "a missing vector", lambda r: replace(r, solution={k: a for k, a in r.solution.items() if k != "s"})),
    ("complete", "an unknown formulation", lambda r: replace(r, settings={**r.settings, "formulation": "ac"})),
    ("complete", "marks as numbers", lambda r: with_table(r, PRICES, r.tables[PRICES].astype({"certified": float}))),
    ("complete", "no objective", lambda r: replace(r, summary={})),
    ("complete", "a loop", lambda r: with_case_column(r, "lines", "from_bus", ["s", "b", "b"])),
    (
        "finite",
        "a price that is no number",
        lambda r: with_cells(r, PRICES, "price_per_mwh", lambda v: v * np.nan, bus="b"),
    ),
    (
        "finite",
        "an infinite payment",
        lambda r: with_cells(r, "settlement", "payment", lambda v: v + np.inf, participant="gen"),
    ),
    ("finite", "no stored energy", lambda r: with_cells(r, "dispatch", "energy_mwh", lambda v: v * np.nan)),
    (
        "finite",
        "no loading",
        lambda r: with_cells(r, "branches", "loading_percent", lambda v: v * np.nan, branch="s-a"),
    ),
    ("finite", "no multiplier", lambda r: with_array(r, "z", nudged(3, np.nan))),
    ("finite", "no objective", lambda r: replace(r, summary={"objective": np.nan})),
    ("primal_residual", "the solution", lambda r: with_array(r, "x", nudged(0, 1e-4))),
    ("primal_residual", "the right-hand side", lambda r: with_array(r, "b", nudged(0, 1e-4))),
    ("dual_residual", "a multiplier", lambda r: with_array(r, "z", nudged(0, 1.0))),
    ("dual_residual", "a cost", lambda r: with_array(r, "q", nudged(0, 1.0))),
    ("primal_cone", "a slack", lambda r: with_array(r, "s", nudged(-1, 1.0))),
    ("primal_cone", "an equality", lambda r: with_array(r, "s", nudged(0, 1e-4))),
    ("dual_cone", "a sign", lambda r: with_array(r, "z", lambda z: np.where(z > 1.0, -z, z))),
    ("duality_gap", "the constant of the dual", lambda r: with_array(r, "b", lambda b: b * 1.001)),
    ("objective", "the objective", lambda r: replace(r, summary={"objective": r.summary["objective"] * 1.0001})),
    ("tables_match_solution", "a flow", lambda r: with_cells(r, "branches", "p_mw", lambda v: v + 0.001, branch="a-b")),
    (
        "tables_match_solution",
        "a dispatch",
        lambda r: with_cells(r, "dispatch", "p_mw", lambda v: v + 0.001, device="gen"),
    ),
    ("tables_match_solution", "a voltage", lambda r: with_variable(r, "voltage", lambda v: v + 1e-4)),
    ("tables_match_solution", "stored energy", lambda r: with_cells(r, "storages", "energy_mwh", lambda v: v + 0.001)),
    ("tables_match_solution", "a bid", lambda r: with_cells(r, "demand", "bid_mw", lambda v: v + 0.001, load="load-a")),
    ("tables_agree", "an import", lambda r: with_cells(r, "interface", "import_mw", lambda v: v + 0.001)),
    ("tables_agree", "a wholesale price", lambda r: with_cells(r, "interface", "lmp_per_mwh", lambda v: v + 0.001)),
    ("tables_agree", "a loss", lambda r: with_cells(r, "branches", "loss_mw", lambda v: v + 0.001, branch="a-b")),
    ("tables_agree", "a current", lambda r: with_cells(r, "branches", "i_ka", lambda v: v * 1.01, branch="s-a")),
    (
        "tables_agree",
        "a loading",
        lambda r: with_cells(r, "branches", "loading_percent", lambda v: v - 1.0, branch="s-a"),
    ),
    (
        "cost_of_dispatch",
        "a wholesale price of the case",
        lambda r: with_case_column(r, "interfaces", "price_per_mwh", 49.0),
    ),
    ("cost_of_dispatch", "a bid's benefit", lambda r: with_case_column(r, "bids", "benefit_per_mwh", 70.0)),
    ("active_balance", "a load", lambda r: with_cells(r, "dispatch", "p_mw", lambda v: v * 0.999, device="load-b")),
    ("reactive_balance", "a load", lambda r: with_cells(r, "dispatch", "q_mvar", lambda v: v * 0.999, device="load-b")),
    ("voltage_limits", "a lower limit", lambda r: with_case_column(r, "buses", "vm_min_pu", 0.951)),
    ("voltage_limits", "the held voltage", lambda r: with_case_column(r, "interfaces", "vm_pu", 1.021)),
    ("current_limits", "a limit", lambda r: with_case_column(r, "lines", "max_i_ka", [0.199, np.nan, np.nan])),
    ("interface_limits", "an import limit", lambda r: with_case_column(r, "interfaces", "max_import_mw", 2.6)),
    ("interface_limits", "a reactive limit", lambda r: with_case_column(r, "interfaces", "max_q_mvar", 0.05)),
    ("interface_limits", "buying while selling", buying_and_selling),
    ("generators", "a limit", lambda r: with_case_column(r, "generators", "max_p_mw", 1.5)),
    ("generators", "a reactive limit", lambda r: with_case_column(r, "generators", "max_q_mvar", 0.2)),
    ("renewables", "the sun", lambda r: with_case_column(r, "renewables", "p_mw", 0.19)),
    ("renewables", "the inverter", lambda r: with_case_column(r, "renewables", "sn_mva", 0.5)),
    ("renewables", "power that must be taken", must_take),
    ("storages", "the efficiency", lambda r: with_case_column(r, "storages", "efficiency_charge", 0.94)),
    ("storages", "the capacity", lambda r: with_case_column(r, "storages", "energy_mwh", 0.38)),
    ("storages", "the final energy", lambda r: with_case_column(r, "storages", "final_mwh", 0.42)),
    ("storages", "both ways at once", two_ways),
    ("loads", "the demand", lambda r: with_case_column(r, "loads", "p_mw", [0.8, 3.9])),
    ("loads", "a bid's width", lambda r: with_case_column(r, "bids", "p_mw", 0.2)),
    ("loads", "the energy to be shifted", lambda r: with_case_column(r, "shiftable", "energy_mwh", 0.26)),
    ("loads", "the reactive demand", lambda r: with_case_column(r, "loads", "q_mvar", [0.3, 1.1])),
    ("shunts", "the capacitor", lambda r: with_case_column(r, "shunts", "q_mvar", -0.51)),
    ("cone_gap", "a current", lambda r: with_variable(r, "current", lambda v: v + 1e-4)),
    ("reported_cone_gap", "the gap's column", lambda r: with_cells(r, "branches", "cone_gap", lambda v: v + 1e-4)),
    ("ac_voltages", "an impedance", lambda r: with_case_column(r, "lines", "x_ohm_per_km", [0.4, 0.81, 0.2])),
    ("ac_losses", "a loss", lambda r: with_cells(r, "branches", "loss_mw", lambda v: v + 0.001, branch="a-c")),
    ("ac_flows", "a flow", lambda r: with_cells(r, "branches", "q_mvar", lambda v: v + 0.001, branch="a-c")),
    ("ac_root_import", "an import", lambda r: with_cells(r, "dispatch", "p_mw", lambda v: v + 0.001, device="sub")),
    (
        "prices_are_multipliers",
        "a price",
        lambda r: with_cells(r, PRICES, "price_per_mwh", lambda v: v + 0.01, bus="b"),
    ),
    ("prices_are_multipliers", "all signs", lambda r: with_cells(r, PRICES, "price_per_mwh", lambda v: -v)),
    (
        "prices_are_multipliers",
        "a reactive price",
        lambda r: with_cells(r, PRICES, "reactive_price_per_mvarh", lambda v: v + 0.01, bus="c"),
    ),
    ("limit_multipliers", "a limit that is not reached", idle_multiplier),
    (
        "limit_multipliers",
        "a sign",
        lambda r: with_cells(r, "limits", "multiplier", lambda v: -v, constraint="buses/vm_min_pu"),
    ),
    (
        "limit_multipliers",
        "an unknown limit",
        lambda r: with_cells(r, "limits", "constraint", lambda v: "buses/vn_kv", component="b"),
    ),
    (
        "limit_multipliers",
        "an unknown component",
        lambda r: with_cells(r, "limits", "component", lambda v: "d", component="b"),
    ),
    (
        "device_multipliers",
        "an import limit",
        lambda r: with_cells(r, "limits", "multiplier", lambda v: v * 1.01, component="sub"),
    ),
    (
        "device_multipliers",
        "a reactive limit",
        lambda r: with_cells(r, "limits", "multiplier", lambda v: v * 1.01, component="gen"),
    ),
    (
        "device_multipliers",
        "a plant",
        lambda r: with_cells(r, "limits", "multiplier", lambda v: v * 1.01, component="pv"),
    ),
    (
        "device_multipliers",
        "a bid",
        lambda r: with_cells(r, "limits", "multiplier", lambda v: v * 1.1, component="bid-a"),
    ),
    ("parts_add_up", "a part", lambda r: with_cells(r, PRICES, "loss_per_mwh", lambda v: v + 0.1, bus="b")),
    *(
        ("price_parts", part, lambda r, part=part: with_cells(r, PRICES, part, lambda v: v + 1.0, bus="b"))
        for part in (
            "energy_per_mwh",
            "loss_per_mwh",
            "reactive_loss_per_mwh",
            "voltage_per_mwh",
            "congestion_per_mwh",
            "interface_per_mwh",
            "reactive_price_per_mvarh",
        )
    ),
    (
        "price_parts",
        "a voltage multiplier",
        lambda r: with_cells(r, "limits", "multiplier", lambda v: v * 1.1, component="b"),
    ),
    (
        "price_parts",
        "a current multiplier",
        lambda r: with_cells(r, "limits", "multiplier", lambda v: v * 1.5, component="s-a"),
    ),
    ("price_parts", "a missing multiplier", lambda r: without_row(r, "limits")),
    ("regret_generators", "the cost", lambda r: with_case_column(r, "generators", "cost_per_mwh", 54.0)),
    ("regret_renewables", "the cost", lambda r: with_case_column(r, "renewables", "cost_per_mwh", 300.0)),
    ("regret_storages", "the wear", lambda r: with_case_column(r, "storages", "wear_cost_per_mwh", 9.0)),
    ("regret_loads", "the benefit", lambda r: with_case_column(r, "bids", "benefit_per_mwh", 80.0)),
    ("regret_loads", "the hours", dear_hour),
    ("regret_interfaces", "the buying price", lambda r: with_case_column(r, "interfaces", "price_per_mwh", 45.0)),
    ("settlement", "a payment", both_payments),
    ("settlement", "a missing customer", lambda r: without_row(r, "settlement")),
    (
        "settlement",
        "a stranger",
        lambda r: with_cells(r, "settlement", "participant", lambda v: "nobody", participant="gen"),
    ),
    (
        "settlement",
        "an energy",
        lambda r: with_cells(r, "settlement", "energy_mwh", lambda v: v + 1.0, participant="sub"),
    ),
    ("payments_sum_to_zero", "the operator's share", flattered_operator),
    (
        "cents_round_payments",
        "a cent",
        lambda r: with_cells(r, "settlement", "payment_cents", lambda v: v + 1, participant="gen"),
    ),
    (
        "cents_sum_to_zero",
        "a cent",
        lambda r: with_cells(
            r, "settlement", "payment_cents", lambda v: v + 1, participant="network", carrier="reactive"
        ),
    ),
    ("summary", "an energy", lambda r: replace(r, summary={**r.summary, "loss_mwh": r.summary["loss_mwh"] * 1.001})),
    ("summary", "a price", lambda r: replace(r, summary={**r.summary, "price_max_per_mwh": 1e3})),
    ("summary", "a lost figure", lambda r: replace(r, summary={k: v for k, v in r.summary.items() if k != "load_mwh"})),
    ("summary", "the currency", lambda r: replace(r, summary={**r.summary, "currency": "USD"})),
    ("summary", "prices of a failed run", lambda r: replace(r, certificate={"verdict": "failed"})),
    ("certified_marks", "marks before any verdict", lambda r: with_cells(r, PRICES, "certified", lambda v: ~v)),
    ("certified_marks", "marks of an approximation", lambda r: archived(r, "approximate", True)),
    ("certified_marks", "one mark", lambda r: with_cells(r, PRICES, "certified", lambda v: ~v, bus="b")),
    ("certified_marks", "no marks", lambda r: archived(r, "certified", False)),
    (
        "price_probes",
        "a cost",
        lambda r: with_cells(r, "price_probes", "cost_plus", lambda v: v - 0.05, carrier="reactive"),
    ),
    ("price_probes", "a bus", lambda r: with_cells(r, "price_probes", "bus", lambda v: "s", carrier="reactive")),
    ("price_probes", "a step", lambda r: with_cells(r, "price_probes", "step_mw", lambda v: v * 0.0)),
    ("probes_start_at_objective", "the cost", shifted_probe),
]


def test_the_hand_made_feeder_is_certified(feeder: Record) -> None:
    certificate = certify(feeder)
    assert failed(certificate) == set()
    assert certificate["verdict"] == "certified"


def test_an_archived_run_is_judged_as_it_was(feeder: Record) -> None:
    """Marked exactly where the verdict was "certified"; a failed one shows no prices in its summary."""
    assert certify(archived(feeder, "certified", True))["verdict"] == "certified"
    blank = {name: None if name.startswith("price_") else value for name, value in feeder.summary.items()}
    failing = archived(replace(feeder, summary=blank), "failed", False)
    assert certify(failing)["verdict"] == "certified"


def test_every_check_is_spoiled_by_something(feeder: Record) -> None:
    assert {entry["name"] for entry in certify(feeder)["checks"]} == {name for name, _, _ in SPOILS}


@pytest.mark.parametrize(("name", "spoil"), [pytest.param(n, s, id=f"{n}: {what}") for n, what, s in SPOILS])
def test_a_check_fails_when_its_subject_is_spoiled(feeder: Record, name: str, spoil: Spoil) -> None:
    spoiled = certify(spoil(feeder))
    assert name in failed(spoiled)
    assert spoiled["verdict"] == "failed"


def test_a_flipped_bit_of_any_stored_vector_is_seen(feeder: Record) -> None:
    """The highest bit of the exponent of one entry of x, of z and of s, in turn."""
    for name in ("x", "z", "s"):
        largest = int(np.argmax(np.abs(feeder.solution[name])))

        def flip(array: np.ndarray, place: int = largest) -> np.ndarray:
            array.view(np.uint64)[place] ^= np.uint64(1 << 62)
            return array

        assert certify(with_array(feeder, name, flip))["verdict"] == "failed"


def test_checks_are_plain_values(feeder: Record) -> None:
    """Ready for JSON: text, float and bool, whatever the arrays were."""
    types = {
        "name": str,
        "required": bool,
        "value": float,
        "tolerance": float,
        "where": str,
        "description": str,
        "passed": bool,
    }
    for entry in certify(feeder)["checks"]:
        assert {key: type(value) for key, value in entry.items()} == types


def test_the_worst_place_is_named(feeder: Record) -> None:
    """The lower voltage limit is raised for all: b in the first step is the lowest by far."""
    entry = check(certify(with_case_column(feeder, "buses", "vm_min_pu", 0.96)), "voltage_limits")
    assert entry["where"] == f"bus b, {feeder.case.snapshots[0].isoformat()}"
    assert entry["value"] == pytest.approx(0.01, abs=1e-6)


def test_nothing_more_is_asked_of_an_incomplete_record(feeder: Record) -> None:
    certificate = certify(without_row(feeder, "buses"))
    assert [entry["name"] for entry in certificate["checks"]] == ["complete"]
    assert certificate["verdict"] == "failed"


def test_probes_are_asked_for_only_where_there_are_some(feeder: Record) -> None:
    certificate = certify(with_table(feeder, "price_probes", feeder.tables["price_probes"].iloc[:0]))
    assert not check(certificate, "price_probes")["required"]
    assert certificate["verdict"] == "certified"
    assert check(certify(feeder), "price_probes")["description"].endswith("4 probes.")


def test_a_probe_without_answer_bounds_nothing(feeder: Record) -> None:
    """Where more demand is infeasible only the left difference can object."""
    blank = with_cells(feeder, "price_probes", "cost_plus", lambda v: v * np.nan)
    assert check(certify(blank), "price_probes")["passed"]
    lower = with_cells(blank, "price_probes", "cost_minus", lambda v: v - 0.05)
    assert not check(certify(lower), "price_probes")["passed"]
