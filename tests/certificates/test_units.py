"""Ramps, commitment, controllable and unserved demand, reactive devices: certified, and refused once spoiled."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gridpact.certificates.judge import certify
from gridpact.clearing import clear
from gridpact.results.record import Record
from tests.certificates.districts import random_district
from tests.certificates.spoil import check, failed, with_case_column, with_cells, with_table
from tests.certificates.units import STEPS, UNSERVED, units_case
from tests.districts import bus, district, interface, line, load

Spoil = Callable[[Record], Record]
PRICES = "electricity_prices"


@pytest.fixture(scope="module")
def units() -> Record:
    return clear(units_case(), price_probes=2).record


@pytest.mark.parametrize("formulation", ["soc", "lindistflow", "dc"])
@pytest.mark.parametrize("step_minutes", [60.0, 15.0])
def test_every_device_passes_in_every_formulation(formulation: str, step_minutes: float) -> None:
    certificate = clear(units_case(step_minutes), formulation=formulation, price_probes=0).record.certificate
    assert failed(certificate) == set()
    assert certificate["verdict"] == ("certified" if formulation == "soc" else "approximate")


@pytest.mark.parametrize("formulation", ["soc", "lindistflow", "dc"])
@pytest.mark.parametrize("seed", range(8))
def test_random_districts_pass(formulation: str, seed: int) -> None:
    """Transformers, ramps, commitment, reactive devices and demand with a choice, at random."""
    case = random_district(seed, iron=0.002)
    assert failed(clear(case, formulation=formulation, price_probes=1).record.certificate) == set()


def test_the_district_does_what_it_was_made_for(units: Record) -> None:
    """Every limit that the spoiled records rest on is at work."""
    rows = units.tables["commitment"].groupby(["kind", "device"])["on"].agg(list)
    assert rows["generator", "cold"] == [False, True, True, False]
    assert rows["controllable", "load-1"] == [True, False, False, True]
    limits = set(units.tables["limits"]["constraint"])
    assert {f"generators/ramp_{way}_mw_per_h" for way in ("up", "down")} <= limits
    assert {"controllable/ramp_down_mw_per_h", "offers/p_mw", "compensators/max_q_mvar"} <= limits
    unserved = units.tables["demand"].query("load == 'load-2'")["unserved_mw"].to_numpy()
    assert unserved[2] > 0.1
    prices = units.tables[PRICES].query("bus == '2'")["price_per_mwh"].to_numpy()
    assert prices[2] + 0.25 * units.tables[PRICES]["reactive_price_per_mvarh"].iloc[5] == pytest.approx(
        UNSERVED, rel=1e-6
    )


def told(table: str, column: str, change: Callable[[Any], Any], **where: object) -> Spoil:
    return lambda record: with_cells(record, table, column, change, **where)


def other(table: str, column: str, *values: float) -> Spoil:
    """Another column in the case."""
    return lambda record: with_case_column(record, table, column, list(values))


def generator(column: str, *values: float) -> Spoil:
    return other("generators", column, *values)


def switched(device: str, *states: bool) -> Spoil:
    """Another commitment."""

    def spoil(record: Record) -> Record:
        table = record.tables["commitment"].copy()
        table.loc[table["device"] == device, "on"] = list(states)
        return with_table(record, "commitment", table)

    return spoil


def without(name: str, column: str) -> Spoil:
    return lambda record: with_table(record, name, record.tables[name].drop(columns=column))


def without_table(record: Record) -> Record:
    return replace(record, tables={name: table for name, table in record.tables.items() if name != "commitment"})


def without_unit(record: Record) -> Record:
    return with_table(record, "commitment", record.tables["commitment"].query("device != 'cold'"))


def as_numbers(record: Record) -> Record:
    return with_table(record, "commitment", record.tables["commitment"].astype({"on": float}))


BLANK = np.nan
SPOILS: list[tuple[str, str, Spoil]] = [
    ("complete", "no controlled demand", without("demand", "controlled_mw")),
    ("complete", "no unserved demand", without("demand", "unserved_mw")),
    ("complete", "no commitment", without_table),
    ("complete", "a lost unit", without_unit),
    ("complete", "states as numbers", as_numbers),
    ("complete", "a lost capacitor", told("dispatch", "device", lambda v: "none", device="free")),
    ("finite", "controlled demand", told("demand", "controlled_mw", lambda v: v * np.nan, load="load-2")),
    ("tables_match_solution", "controlled demand", told("demand", "controlled_mw", lambda v: v + 1e-4, load="load-2")),
    ("tables_match_solution", "unserved demand", told("demand", "unserved_mw", lambda v: v + 1e-4, load="load-2")),
    ("tables_match_solution", "a compensator", told("dispatch", "q_mvar", lambda v: v - 1e-4, device="svc")),
    ("tables_match_solution", "a capacitor", told("dispatch", "q_mvar", lambda v: v - 1e-4, device="free")),
    ("cost_of_dispatch", "the start", generator("start_cost", 0.0, 6.0, 0.0)),
    ("cost_of_dispatch", "another start", switched("cold", False, True, False, True)),
    ("cost_of_dispatch", "running on", switched("cold", False, True, True, True)),
    ("cost_of_dispatch", "a benefit", other("controllable", "benefit_per_mwh", 51.0, 45.0)),
    ("cost_of_dispatch", "unserved demand", other("unserved", "price_per_mwh", 71.0)),
    ("commitment", "a unit that always runs", switched("slow", True, True, True, False)),
    ("commitment", "the time up", generator("min_up_h", 0.0, 3.0, 0.0)),
    ("commitment", "the time down", other("controllable", "min_down_h", 0.0, 3.0)),
    ("integer_gap", "the bound", lambda r: replace(r, summary={**r.summary, "objective_bound": 0.0})),
    ("generators", "off, and giving", switched("cold", False, True, False, False)),
    ("generators", "a ramp upwards", generator("ramp_up_mw_per_h", 0.49, BLANK, BLANK)),
    ("generators", "a ramp downwards", generator("ramp_down_mw_per_h", 0.4, BLANK, 0.24)),
    ("generators", "a start", generator("ramp_up_mw_per_h", 0.5, 0.5, BLANK)),
    ("loads", "controlled beyond", other("controllable", "max_p_mw", 0.9, 0.8)),
    ("loads", "controlled while off", switched("load-1", False, False, False, True)),
    ("loads", "a ramp", other("controllable", "ramp_down_mw_per_h", 0.29, BLANK)),
    ("loads", "the reactive share", other("controllable", "q_mvar_per_mw", 0.11, 0.0)),
    ("loads", "more cut than there is", other("loads", "p_mw", 0.3, 0.1)),
    ("compensators", "the upper limit", other("compensators", "max_q_mvar", 0.29)),
    ("compensators", "the lower limit", other("compensators", "min_q_mvar", 0.31)),
    ("compensators", "active power", told("dispatch", "p_mw", lambda v: v + 1e-4, device="svc")),
    ("capacitors", "the size", other("capacitors", "q_mvar", 0.29, 0.4)),
    ("capacitors", "between steps", other("capacitors", "q_mvar", 0.3, 0.41)),
    ("capacitors", "below zero", told("dispatch", "q_mvar", lambda v: -v, device="free")),
    ("capacitors", "active power", told("dispatch", "p_mw", lambda v: v + 1e-4, device="free")),
    ("limit_multipliers", "a faster ramp", generator("ramp_up_mw_per_h", 0.6, BLANK, BLANK)),
    ("limit_multipliers", "a faster descent", other("controllable", "ramp_down_mw_per_h", 0.4, BLANK)),
    ("limit_multipliers", "a larger compensator", other("compensators", "max_q_mvar", 0.4)),
    ("limit_multipliers", "more to control", other("controllable", "max_p_mw", 1.1, 0.8)),
    ("limit_multipliers", "off, with a limit", switched("cold", False, False, True, False)),
    *(
        ("device_multipliers", name, told("limits", "multiplier", lambda v: v * 1.001, constraint=name))
        for name in (
            "generators/ramp_up_mw_per_h",
            "generators/ramp_down_mw_per_h",
            "generators/max_p_mw",
            "controllable/ramp_down_mw_per_h",
            "controllable/max_p_mw",
            "offers/p_mw",
            "storages/charge_mw",
            "storages/discharge_mw",
            "storages/min_mwh",
            "shiftable/min_p_mw",
            "shiftable/max_p_mw",
        )
    ),
    (
        "device_multipliers",
        "compensators/max_q_mvar",
        told("limits", "multiplier", lambda v: v + 0.01, constraint="compensators/max_q_mvar"),
    ),
    ("regret_generators", "a faster ramp", generator("ramp_up_mw_per_h", 0.6, BLANK, BLANK)),
    ("regret_generators", "a dearer block", other("offers", "cost_per_mwh", 35.0, 90.0)),
    ("regret_loads", "a benefit", other("controllable", "benefit_per_mwh", 20.0, 45.0)),
    ("regret_loads", "a switched benefit", other("controllable", "benefit_per_mwh", 50.0, 9.0)),
    ("regret_loads", "a cheaper cut", other("unserved", "price_per_mwh", 50.0)),
    ("regret_compensators", "a larger range", other("compensators", "max_q_mvar", 3.0)),
    ("regret_capacitors", "a larger bank", other("capacitors", "q_mvar", 2.0, 0.4)),
]


@pytest.mark.parametrize(("name", "spoil"), [pytest.param(n, s, id=f"{n}: {what}") for n, what, s in SPOILS])
def test_a_spoiled_device_is_refused(units: Record, name: str, spoil: Spoil) -> None:
    assert name in failed(certify(spoil(units)))


def test_a_broken_minimum_time_is_placed(units: Record) -> None:
    """Started in the second hour, off in the fourth: two hours, not three."""
    entry = check(certify(generator("min_up_h", 0.0, 3.0, 0.0)(units)), "commitment")
    assert entry["where"] == f"generators/min_up_h cold, {units.case.snapshots[3].isoformat()}"


def test_a_minimum_time_that_begins_before_or_ends_after_the_horizon_is_not_broken(units: Record) -> None:
    """On in the first hour it may stop at once; started in the last it has no more hours to run."""
    assert "commitment" not in failed(certify(switched("cold", True, False, False, True)(units)))
    assert "commitment" in failed(certify(switched("cold", True, False, True, True)(units)))
    assert "commitment" in failed(certify(switched("cold", False, True, False, False)(units)))


def test_tables_without_the_parts_that_a_case_does_not_have_are_complete() -> None:
    """Results made before there was controllable and unserved demand."""
    case = district(
        buses=[bus("1"), bus("2")], lines=[line("a", "1", "2")], interfaces=[interface()], loads=[load("2", 1.0)]
    )
    record = clear(case, price_probes=0).record
    kept = [name for name in record.tables["demand"] if name not in ("controlled_mw", "unserved_mw")]
    older = with_table(record, "demand", record.tables["demand"][kept])
    assert certify(older)["verdict"] == "certified"


def capacitor_record(steps: int) -> Record:
    """Two megawatts behind a long line; the bank raises the voltage that limits what it gives.

    The voltage part of the price is what its other parts leave, whoever split it.
    """
    case = district(
        buses=[bus("1"), bus("2", low=0.8)],
        lines=[line("a", "1", "2", r=3.0, x=6.0)],
        interfaces=[interface()],
        loads=[load("2", 2.0, 1.5)],
        capacitors=[{"capacitor": "c", "bus": "2", "q_mvar": 0.9, "steps": steps}],
    )
    record = clear(case, price_probes=2).record
    prices = record.tables["electricity_prices"]
    others = prices[[f"{name}_per_mwh" for name in ("energy", "loss", "reactive_loss", "congestion", "interface")]]
    prices = prices.assign(voltage_per_mwh=prices["price_per_mwh"] - others.sum(axis=1), certified=False)
    found = {f"price_{name}_per_mwh": prices["price_per_mwh"].agg(name) for name in ("min", "mean", "max")}
    return replace(with_table(record, PRICES, prices), certificate={}, summary={**record.summary, **found})


@pytest.mark.parametrize("steps", [0, 3])
def test_what_a_capacitor_gains_from_voltage_is_part_of_the_price(steps: int) -> None:
    record = capacitor_record(steps)
    certificate = certify(record)
    assert certificate["verdict"] == "certified"
    assert check(certificate, "price_probes")["required"]
    held = with_cells(record, PRICES, "voltage_per_mwh", lambda v: v * 0.0, bus="2")
    assert "price_parts" in failed(certify(held))


@pytest.mark.parametrize("formulation", ["soc", "lindistflow"])
@pytest.mark.parametrize("held", [0.98, 1.02])
def test_a_voltage_without_freedom_has_its_worth(formulation: str, held: float) -> None:
    """Both limits the same: a multiplier on either side, in the table as the limit that is in the way."""
    case = district(
        buses=[bus("1"), bus("2", held, held)],
        lines=[line("a", "1", "2")],
        interfaces=[interface()],
        generators=[{"generator": "g", "bus": "2", "max_p_mw": 3.0, "min_q_mvar": -9.0, "max_q_mvar": 9.0}],
        loads=[load("2", 4.0, 1.0)],
    )
    record = clear(case, formulation=formulation, price_probes=2).record
    assert failed(record.certificate) == set()
    rows = record.tables["limits"].query("component == '2'")
    spoiled = with_table(record, "limits", record.tables["limits"].drop(index=rows.index))
    if formulation == "soc":
        assert len(rows) == 1
        assert "price_parts" in failed(certify(spoiled))


def test_no_surplus_is_promised_where_a_capacitor_stands(units: Record) -> None:
    """What the bank may give depends on the voltage, which is then no matter of the network alone."""
    assert "merchandising_surplus" not in {entry["name"] for entry in certify(units)["checks"]}


def test_ramps_do_not_reach_over_the_ends(units: Record) -> None:
    assert units.case.steps == STEPS
    first = units.tables["limits"].query("snapshot == @units.case.snapshots[0]")["constraint"]
    assert not first.str.contains("ramp").any()
