"""Candidates of a plan: what lies just inside of a bound passes, and every design of a valid case is a valid case."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.case.case import Case
from gridpact.case.part import part_of
from gridpact.case.planned import planned_case
from gridpact.case.planning_rules import AS_BUILT, inherited_order
from gridpact.case.schema import SCHEMA
from gridpact.errors import InputError
from gridpact.io.folder import read_case, validate, write_case
from tests.case.made_planning import designs, planning_cases
from tests.districts import bus, district, interface, line, load
from tests.io.made import assert_same_case

COSTS = {"investment": 1e5, "lifetime_years": 20.0}
PLANT = {"candidate": "mill", "bus": "2", "kind": "wind", "p_mw": 0.5, **COSTS}
ENGINE = {"candidate": "engine", "bus": "2", "max_p_mw": 0.5, **COSTS}
CELLS = {
    "candidate": "cells",
    "bus": "2",
    "energy_mwh": 1.0,
    "charge_mw": 0.5,
    "discharge_mw": 0.5,
    "efficiency_charge": 0.9,
    "efficiency_discharge": 0.9,
    "initial_mwh": 0.5,
    **COSTS,
}
TYPE = {"candidate": "cable", "line": "a", "r_ohm_per_km": 0.1, "x_ohm_per_km": 0.1, "max_i_ka": 0.5, **COSTS}
TIE = {"candidate": "tie", "from_bus": "2", "to_bus": "3", "length_km": 1.0, "r_ohm_per_km": 0.1, "x_ohm_per_km": 0.1}
DEVICE = {"candidate": "switch", "line": "a", "end": "to", "kind": "sectionaliser", "switching_h": 1.0, **COSTS}


def complaints(profiles: dict[str, list[float]] | None = None, **parts: Any) -> list[str]:
    """Messages about a network of three buses in which a load of 2 MW stands behind two lines."""
    tables: dict[str, Any] = {
        "buses": [bus("1"), bus("2"), bus("3")],
        "lines": [line("a", "1", "2", max_i_ka=0.3), line("b", "1", "3", max_i_ka=0.3)],
        "interfaces": [interface()],
        "loads": [load("2", 2.0)],
    }
    try:
        district(profiles, **(tables | parts))
    except InputError as error:
        return [issue.message for issue in error.issues]
    return []


def test_candidates_of_every_table_are_fine() -> None:
    found = complaints(
        renewable_candidates=[PLANT],
        generator_candidates=[ENGINE],
        storage_candidates=[CELLS],
        line_candidates=[TYPE],
        tie_candidates=[TIE | COSTS],
        protection_candidates=[DEVICE],
    )
    assert found == []


@pytest.mark.parametrize(
    ("column", "value", "fine"),
    [
        ("max_units", 1.0, True),
        ("max_units", 1000.0, True),
        ("max_units", 1001.0, False),
        ("max_units", 1.5, False),
        ("lifetime_years", 100.0, True),
        ("lifetime_years", 100.1, False),
        ("lifetime_years", 0.5, True),
        ("investment", 0.0, True),
        ("investment", 1e15, True),
        ("investment", 1.1e15, False),
        ("maintenance_per_year", 0.0, True),
        ("p_mw", 2000.0, True),  # a thousand times the load of 2 MW
        ("p_mw", 2001.0, False),
        ("p_mw", 0.0, False),
        ("sn_mva", 2001.0, False),
        ("cost_per_mwh", -20.0, True),  # paid by the energy
    ],
)
def test_numbers_of_a_plant(column: str, value: float, fine: bool) -> None:
    assert (complaints(renewable_candidates=[PLANT | {column: value}]) == []) == fine


@pytest.mark.parametrize(("load_mw", "most"), [(0.01, 100.0), (0.0, 1e5), (-1.0, 1e5), (1.0, 1000.0), (500.0, 1e5)])
def test_largest_unit_goes_with_the_demand_but_plants_of_a_collector_are_plausible(load_mw: float, most: float) -> None:
    for p, fine in ((most, True), (1.001 * most, False)):
        found = complaints(loads=[load("2", load_mw)], renewable_candidates=[PLANT | {"p_mw": p}])
        assert (found == []) == fine


def test_wind_may_stand_still_but_not_always() -> None:
    for series, fine in (([0.0, 0.1], True), ([0.0, 0.0], False)):
        found = complaints({"renewable_candidates/mill/p_mw": series}, steps=2, renewable_candidates=[PLANT])
        assert (found == []) == fine


def test_a_constant_under_a_profile_is_not_looked_at_for_power() -> None:
    plant = PLANT | {"p_mw": 0.0}
    assert complaints({"renewable_candidates/mill/p_mw": [0.0, 0.1]}, steps=2, renewable_candidates=[plant]) == []


def test_generator_without_active_power_may_give_reactive_power() -> None:
    assert complaints(generator_candidates=[ENGINE | {"max_p_mw": 0.0, "max_q_mvar": 1.0}]) == []
    assert "neither" in complaints(generator_candidates=[ENGINE | {"max_p_mw": 0.0}])[0]


def test_highest_power_below_the_lowest_in_one_step() -> None:
    profile = {"generator_candidates/engine/max_p_mw": [0.5, 0.1]}
    assert "at 2030-01-01T01" in complaints(profile, steps=2, generator_candidates=[ENGINE | {"min_p_mw": 0.2}])[0]


def test_one_way_storage_is_left_to_the_plan() -> None:
    assert complaints(storage_candidates=[CELLS | {"charge_mw": 0.0}]) == []
    assert complaints(storage_candidates=[CELLS | {"discharge_mw": 0.0}]) == []


def test_alternatives_at_one_end_differ_in_kind_or_time() -> None:
    """By hand or remote, or a recloser in their place; but not the same thing twice."""
    others = [{"switching_h": 0.1}, {"kind": "recloser"}, {"end": "from"}, {"line": "b"}]
    rows = [DEVICE] + [DEVICE | other | {"candidate": str(k)} for k, other in enumerate(others)]
    assert complaints(protection_candidates=rows) == []
    assert len(complaints(protection_candidates=[*rows, DEVICE | {"candidate": "again"}])) == 1


def test_a_device_keeps_its_own_end_only() -> None:
    there = [{"device": "d", "line": "a", "end": "from", "kind": "fuse"}]
    assert complaints(protection=there, protection_candidates=[DEVICE]) == []
    assert "a device stands" in complaints(protection=there, protection_candidates=[DEVICE | {"end": "from"}])[0]


def test_several_types_of_a_line_and_parallel_ties_are_alternatives() -> None:
    types = [TYPE, TYPE | {"candidate": "larger", "max_i_ka": 0.8}]
    ties = [TIE | COSTS, TIE | COSTS | {"candidate": "other", "max_i_ka": 0.2}]
    assert complaints(line_candidates=types, tie_candidates=ties) == []


def test_neither_a_type_nor_a_tie_is_called_like_a_line_but_a_plant_may_be() -> None:
    assert complaints(renewable_candidates=[PLANT | {"candidate": "a"}]) == []
    assert "a line has the same name" in complaints(line_candidates=[TYPE | {"candidate": "a"}])[0]
    assert "a line has the same name" in complaints(tie_candidates=[TIE | COSTS | {"candidate": "a"}])[0]


def test_only_a_type_that_fails_asks_for_the_repair_of_its_line() -> None:
    for failures, fine in ((float("nan"), True), (0.0, True), (0.1, False)):
        found = complaints(line_candidates=[TYPE | {"failures_per_km_year": failures}])
        assert (found == []) == fine


def test_each_fault_of_the_line_is_told() -> None:
    lines = [line("a", "1", "2", c_nf_per_km=200.0), line("b", "1", "3", max_i_ka=0.3)]
    assert [text.split(",")[0] for text in complaints(lines=lines, line_candidates=[TYPE])] == [
        "line has a capacitance",
        "line has no max_i_ka",
    ]


def test_unknown_lines_and_switches_are_reported_once() -> None:
    assert complaints(line_candidates=[TYPE | {"line": "z"}]) == ["there is no such id in lines"]
    switches = [{"switch": "s", "line": "z", "closed": False}]
    assert complaints(line_candidates=[TYPE | {"line": "b"}], switches=switches) == ["there is no such id in lines"]


def test_blank_names_are_reported_as_blank_only() -> None:
    rows = {"renewable_candidates": [PLANT], "generator_candidates": [ENGINE]}
    blank = {table: [row | {"candidate": ""} for row in found] for table, found in rows.items()}
    assert complaints(**blank) == ["required value is missing"] * 2


def test_units_that_are_switched_are_fine_without_candidates() -> None:
    unit = {"generator": "g", "bus": "2", "max_p_mw": 1.0, "committable": True}
    bank = {"capacitor": "c", "bus": "2", "q_mvar": 0.1, "steps": 2.0}
    assert complaints(generators=[unit], capacitors=[bank]) == []
    assert len(complaints(generators=[unit], capacitors=[bank], tie_candidates=[TIE | COSTS])) == 2


def test_order_is_inherited_where_the_columns_are() -> None:
    rows = (("storages", "min_mwh", "energy_mwh"), ("storages", "final_mwh", "energy_mwh"))
    assert inherited_order(rows) == (("storage_candidates", "min_mwh", "energy_mwh"),)


def test_every_table_of_candidates_is_known_to_the_rules() -> None:
    assert set(AS_BUILT) == {name for name in SCHEMA if name.endswith("_candidates")}


@settings(max_examples=15, deadline=None)
@given(planning_cases())
def test_any_plausible_candidates_are_fine_and_survive_writing(case: Case) -> None:
    assert validate(case) == []
    with tempfile.TemporaryDirectory() as folder:
        for name in ("case", "book.xlsx"):
            write_case(case, Path(folder) / name)
            assert_same_case(read_case(Path(folder) / name), case)


@pytest.mark.campaign
@settings(max_examples=1000, deadline=None)
@given(planning_cases())
def test_any_plausible_candidates_are_fine_at_length(case: Case) -> None:
    assert validate(case) == []


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_every_design_of_a_valid_case_is_a_valid_case(data: st.DataObject) -> None:
    case = data.draw(planning_cases())
    planned = planned_case(case, data.draw(designs(case)))
    assert planned.validated and validate(planned.with_table("buses", planned.tables["buses"])) == []


@settings(max_examples=10, deadline=None)
@given(planning_cases())
def test_a_part_of_the_network_keeps_its_candidates(case: Case) -> None:
    """All of it, since one interface supplies all; and nothing of it without an interface."""
    whole, nothing = part_of(case, case.ids("interfaces")), part_of(case, [])
    for table in AS_BUILT:
        pd.testing.assert_frame_equal(whole.tables[table], case.tables[table])
        assert nothing.count(table) == 0
    assert nothing.profiles.columns.empty
