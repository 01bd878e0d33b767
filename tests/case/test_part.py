"""A joined case taken apart gives back what was joined, and a part clears as it would alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gridpact as gp
from gridpact.case.part import part_of
from gridpact.case.schema import SCHEMA
from tests.districts import two_buses

BAD = Path(__file__).resolve().parents[1] / "cases" / "bad"
# Every table with rows, among them those that hang on others by reference alone; with and without heat.
NAMES = {"north": "base", "south": "heat", "west": "base"}


def cases() -> dict[str, gp.Case]:
    return {name: gp.read_case(BAD / folder) for name, folder in NAMES.items()}


def interfaces_of(name: str, case: gp.Case) -> list[str]:
    return [f"{name}.{one}" for one in case.ids("interfaces")]


def joinable() -> dict[str, gp.Case]:
    """Those with one clock."""
    found = cases()
    clock = [(case.start, case.steps, case.timezone, case.currency) for case in found.values()]
    return {name: case for (name, case), own in zip(found.items(), clock, strict=True) if own == clock[0]}


def same_up_to_prefix(part: gp.Case, alone: gp.Case, name: str) -> None:
    """Tables, ids and references of a part are those of its case with a name before them, and so are its profiles."""
    for table, schema in SCHEMA.items():
        expected = alone.tables[table].copy()
        for column in schema.columns:
            if column.kind == "id":
                own = expected[column.name]
                expected[column.name] = (f"{name}." + own).where(own != "", "")
        pd.testing.assert_frame_equal(part.tables[table], expected)
    assert sorted(part.profiles.columns) == sorted(_prefixed(path, name) for path in alone.profiles.columns)
    for path in alone.profiles.columns:
        np.testing.assert_array_equal(part.profiles[_prefixed(path, name)], alone.profiles[path])
    assert part.snapshots.equals(alone.snapshots)


def _prefixed(path: str, name: str) -> str:
    table, own, column = path.split("/")
    return f"{table}/{name}.{own}/{column}"


@pytest.mark.parametrize("folder", ["base", "heat", "reliability", "planning"])
def test_what_was_joined_comes_apart(folder: str) -> None:
    """Twice the same case, and between them one of two buses; each part is what it was."""
    one = gp.read_case(BAD / folder)
    given = {"north": one, "south": one}
    joined = gp.join_cases(given)
    for name, case in given.items():
        part = part_of(joined, interfaces_of(name, case))
        same_up_to_prefix(part, case, name)
        assert gp.validate(part) == []


def test_cases_of_different_kinds_come_apart() -> None:
    given = joinable()
    assert len(given) >= 2
    joined = gp.join_cases(given)
    for name, case in given.items():
        same_up_to_prefix(part_of(joined, interfaces_of(name, case)), case, name)


def test_districts_with_heat_networks_come_apart() -> None:
    """The 33-node feeder with its heat network beside the feeder alone, three hours."""
    warm = gp.read_case(gp.examples.path("ieee33-dhn32") / "case").steps_between(0, 3)
    cold = gp.read_case(gp.examples.path("ieee30-district") / "case")
    joined = gp.join_cases({"warm": warm, "twin": warm})
    part = part_of(joined, interfaces_of("twin", warm))
    same_up_to_prefix(part, warm, "twin")
    assert part.count("heat_networks") == warm.count("heat_networks") > 0
    assert part.count("pipes") == warm.count("pipes") > 0
    whole = part_of(cold, cold.ids("interfaces"))
    for table in SCHEMA:
        pd.testing.assert_frame_equal(whole.tables[table], cold.tables[table])
    assert list(whole.profiles.columns) == list(cold.profiles.columns)


def test_parts_of_two_and_of_none() -> None:
    one = two_buses()
    joined = gp.join_cases({"a": one, "b": one, "c": one})
    assert part_of(joined, ["a.grid", "c.grid"]).ids("buses") == ["a.1", "a.2", "c.1", "c.2"]
    assert part_of(joined, []).count("buses") == 0


def test_a_part_is_as_valid_as_the_whole() -> None:
    joined = gp.join_cases({"a": two_buses(), "b": two_buses()})
    assert not part_of(joined, ["a.grid"]).validated
    assert part_of(joined.marked_validated(), ["a.grid"]).validated


@pytest.mark.parametrize("name", ["north", "south"])
def test_a_part_costs_what_it_cost_alone(name: str) -> None:
    given = {
        "north": gp.read_case(gp.examples.path("papavasiliou15") / "case"),
        "south": gp.read_case(gp.examples.path("papavasiliou15-b") / "case"),
    }
    part = part_of(gp.join_cases(given), interfaces_of(name, given[name]))
    costs = [gp.clear(case, price_probes=0).summary["objective"] for case in (part, given[name])]
    assert costs[0] == pytest.approx(costs[1], rel=1e-8)


def test_steps_that_are_not_there_are_refused() -> None:
    case = gp.read_case(gp.examples.path("ieee33-day") / "case")
    for first, stop in ((5, 3), (3, 3), (-1, 2), (20, 25)):
        with pytest.raises(gp.InputError, match=f"no steps from {first} to before {stop}"):
            case.steps_between(first, stop)


def test_a_part_of_a_window_is_judged_anew() -> None:
    """A shiftable load cannot take its day's energy in one hour: valid in the whole, not in a part."""
    case = gp.read_case(gp.examples.path("ieee33-day") / "case")
    assert case.steps_between(0, 24).validated
    part = case.steps_between(0, 1)
    assert not part.validated
    assert any(issue.file == "shiftable" for issue in gp.validate(part))
