"""Rules between values: what lies just inside of a bound passes, what lies just outside does not."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.errors import InputError
from tests.districts import bus, district, interface, line, load

TRANSFORMER = {"transformer": "T", "from_bus": "1", "to_bus": "2", "r_ohm": 0.1, "x_ohm": 0.5}


def complaints(profiles: dict[str, Sequence[float]] | None = None, **parts: Any) -> list[str]:
    """Messages about a district of two buses that hang together through a line."""
    tables: dict[str, Any] = {
        "buses": [bus("1"), bus("2")],
        "lines": [line("a", "1", "2")],
        "interfaces": [interface()],
        "loads": [load("2", 1.0)],
    }
    present = {name: part for name, part in (tables | parts).items() if part != []}
    try:
        district(profiles, **present)
    except InputError as error:
        return [issue.message for issue in error.issues]
    return []


@pytest.mark.parametrize(("ratio", "fine"), [(0.5, True), (2.0, True), (0.499, False), (2.001, False), (1.0, True)])
def test_ratio_is_off_nominal(ratio: float, fine: bool) -> None:
    assert (complaints(transformers=[TRANSFORMER | {"ratio": ratio}]) == []) == fine


def test_transformer_alone_connects_its_buses() -> None:
    assert complaints(lines=[], transformers=[TRANSFORMER]) == []
    assert "cut off" in complaints(lines=[], transformers=[TRANSFORMER | {"in_service": False}])[0]
    assert complaints(lines=[], buses=[bus("1", vn_kv=110.0), bus("2", vn_kv=0.4)], transformers=[TRANSFORMER]) == []


def test_blank_names_are_reported_as_blank_only() -> None:
    found = complaints(lines=[line("", "1", "2")], transformers=[TRANSFORMER | {"transformer": ""}])
    assert found == ["required value is missing"] * 2


def test_times_and_costs_of_a_unit_that_always_runs_are_harmless() -> None:
    unit = {"generator": "g", "bus": "2", "max_p_mw": 1.0, "min_up_h": 99.0, "min_down_h": 99.0, "start_cost": 5.0}
    assert complaints(generators=[unit], steps=2) == []


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)).map(sorted), min_size=2, max_size=2),
    st.integers(0, 12),
    st.integers(0, 12),
    st.sampled_from([30, 60]),
    st.booleans(),
)
def test_ramp_is_refused_just_where_no_pair_of_powers_keeps_it(
    limits: list[list[int]], up: int, down: int, minutes: int, committable: bool
) -> None:
    """Two steps and whole numbers (in tenths): all pairs of powers are tried."""
    hours = minutes / 60.0
    pairs = [
        (p, q)
        for p in range(2 * limits[0][0], 2 * limits[0][1] + 1)
        for q in range(2 * limits[1][0], 2 * limits[1][1] + 1)
    ]
    possible = any(-down * hours <= (q - p) / 2 <= up * hours for p, q in pairs)
    unit = {"load": "load-2", "max_p_mw": 9.0, "benefit_per_mwh": 1.0, "committable": committable}
    ramps = {"ramp_up_mw_per_h": up / 10, "ramp_down_mw_per_h": down / 10}
    profiles = {
        f"controllable/load-2/{column}": [limits[0][place] / 10, limits[1][place] / 10]
        for place, column in enumerate(("min_p_mw", "max_p_mw"))
    }
    found = complaints(profiles, controllable=[unit | ramps], steps=2, step_minutes=minutes)
    assert (found == []) == (possible or committable)


@pytest.mark.parametrize(
    ("steps", "fine"), [(0, True), (1, True), (100, True), (0.5, False), (101, False), (-1, False)]
)
def test_banks_have_whole_parts(steps: float, fine: bool) -> None:
    assert (complaints(capacitors=[{"capacitor": "c", "bus": "2", "q_mvar": 0.1, "steps": steps}]) == []) == fine


def test_demand_of_zero_may_be_cut_but_production_not() -> None:
    cut = [{"load": "load-2", "price_per_mwh": 1000.0}]
    assert complaints({"loads/load-2/p_mw": [0.0, 1.0]}, unserved=cut, steps=2) == []
    assert "feeds in" in complaints({"loads/load-2/p_mw": [1.0, -0.1]}, unserved=cut, steps=2)[0]
    assert "feeds in" in complaints(loads=[load("2", -1.0)], unserved=cut)[0]
