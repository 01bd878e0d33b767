"""Every design of a valid case is a valid case, written and read as any other."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gridpact as gp
from gridpact.case.case import Case
from gridpact.case.planned import planned_case
from gridpact.case.planning_rules import AS_BUILT
from gridpact.io.folder import read_case, validate, write_case
from tests.case.made_planning import designs, planning_cases
from tests.io.made import assert_same_case

BAD = Path(__file__).resolve().parents[1] / "cases" / "bad"


@st.composite
def planned_cases(draw: st.DrawFn) -> Case:
    case = draw(planning_cases())
    return planned_case(case, draw(designs(case)))


@settings(max_examples=30, deadline=None)
@given(planned_cases())
def test_any_design_of_a_valid_case_is_a_valid_case(planned: Case) -> None:
    assert planned.validated and validate(planned) == []
    assert sum(planned.count(table) for table in AS_BUILT) == 0


@pytest.mark.campaign
@settings(max_examples=1000, deadline=None)
@given(planned_cases())
def test_any_design_of_a_valid_case_is_a_valid_case_at_length(planned: Case) -> None:
    assert validate(planned) == []


@settings(max_examples=5, deadline=None)
@given(planned_cases())
def test_a_planned_case_survives_writing(planned: Case) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_case(planned, folder)
        assert_same_case(read_case(folder), planned)


def test_everything_that_can_be_built_at_once() -> None:
    """Sizes times units, and one type of every line and one device at every end."""
    case = read_case(BAD / "planning")
    chosen = {"mill": 4, "field": 8, "cells": 6, "engine": 3, "bridge": 1, "shortcut": 1}
    planned = planned_case(case, {**chosen, "L1 240 mm2": 1, "L2 cable": 1, "L2 remote": 1, "L3 fuse": 1})
    assert validate(planned) == []
    assert planned.ids("renewables") == ["roof", "mill", "field"]
    np.testing.assert_allclose(planned.series("renewables", "p_mw")[1], 4 * np.array([0.4, 0.1, 0.0, 0.3]))
    assert planned.column("storages", "energy_mwh").tolist() == [0.1, 3.0]
    assert planned.column("lines", "r_ohm_per_km")[:2].tolist() == [0.12, 0.16]
    assert planned.lines_in_service().tolist() == [*case.lines_in_service().tolist(), False, False]
    assert planned.ids("protection") == ["head", "L2 remote", "L3 fuse"]


def test_a_market_knows_nothing_of_candidates() -> None:
    """A case clears as it does with nothing built."""
    case = read_case(gp.examples.path("papavasiliou15") / "case")
    plant = {"candidate": ["mill"], "bus": case.ids("buses")[-1:], "kind": ["wind"], "p_mw": [0.5]}
    planning = case.with_rows("renewable_candidates", {**plant, "investment": [1e5], "lifetime_years": [20.0]})
    costs = [gp.clear(each, price_probes=0).summary["objective"] for each in (planning, case)]
    assert costs[0] == costs[1]
    built = gp.clear(planned_case(planning, {"mill": 1}), price_probes=0).summary["objective"]
    assert built < costs[0]
