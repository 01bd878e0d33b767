"""Where buses stand in a drawing of the network."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.case.case import Case
from gridpact.report.figures.labels import Box, placed
from gridpact.report.figures.layout import layout
from tests.report.synthetic import make_case, rows


def grid(parents: list[int], chords: list[tuple[int, int]] = [], root: int = 0) -> Case:  # noqa: B006
    """Bus k + 1 hangs at bus parents[k]; the chords close loops; the interface is at the root."""
    case, names = make_case(len(parents) + 1, 1), [f"b{bus}" for bus in range(len(parents) + 1)]
    ends = [(parent, bus + 1) for bus, parent in enumerate(parents)] + chords
    ones = [1.0] * len(ends)
    lines = rows(
        "lines", line=[f"l{k}" for k in range(len(ends))], from_bus=[names[a] for a, _ in ends],
        to_bus=[names[b] for _, b in ends], length_km=ones, r_ohm_per_km=ones, x_ohm_per_km=ones,
    )  # fmt: skip
    interfaces = case.tables["interfaces"].assign(bus=names[root])
    return replace(case, tables={**case.tables, "lines": lines, "interfaces": interfaces})


trees = st.integers(2, 40).flatmap(lambda count: st.tuples(*(st.integers(0, bus) for bus in range(count))).map(list))


@given(trees)
@settings(max_examples=60, deadline=None)
def test_a_tree_has_one_place_for_each_bus_parents_at_the_left_and_a_row_for_each_leaf(parents: list[int]) -> None:
    plan = layout(grid(parents))
    assert plan.tree.all()
    assert len({*zip(plan.x, plan.y, strict=True)}) == len(plan.x)
    np.testing.assert_array_equal(plan.x[plan.ends[:, 1]] - plan.x[plan.ends[:, 0]], 1.0)
    leaves = set(range(len(plan.x))) - set(parents)
    np.testing.assert_array_equal(np.unique(plan.y), np.arange(1.0 - len(leaves), 1.0))
    assert len({plan.y[leaf] for leaf in leaves}) == len(leaves)


@given(trees)
@settings(max_examples=60, deadline=None)
def test_no_two_branches_of_a_tree_cross(parents: list[int]) -> None:
    """Brute force: branches between the same columns do not change their order; others share no column."""
    plan = layout(grid(parents))
    for (a, b), (c, d) in combinations(plan.ends.tolist(), 2):
        if plan.x[a] == plan.x[c]:
            assert (plan.y[a] - plan.y[c]) * (plan.y[b] - plan.y[d]) >= 0.0


def test_the_longest_way_stays_in_its_row() -> None:
    """0-1-2-3 with 4 and then 5 at bus 1, and 6 at bus 2: the later branch is the nearer one."""
    plan = layout(grid([0, 1, 2, 1, 4, 2]))
    np.testing.assert_array_equal(plan.x, [0, 1, 2, 3, 2, 3, 3])
    assert plan.y[[0, 1, 2]].tolist() == [0, 0, 0]
    assert sorted([plan.y[3], plan.y[6]]) == [-1.0, 0.0]
    assert plan.y[4] == plan.y[5] == -2.0


def test_the_interface_stands_at_the_left_wherever_it_is() -> None:
    plan = layout(grid([0, 1, 2], root=3))
    np.testing.assert_array_equal(plan.x, [3, 2, 1, 0])


def test_loops_are_closed_by_branches_beside_the_tree_and_islands_have_rows_of_their_own() -> None:
    case = grid([0, 1, 2, 0, 4], chords=[(3, 5)])
    np.testing.assert_array_equal(layout(case).tree, [True] * 5 + [False])
    lines = case.tables["lines"].assign(in_service=[True, False, True, True, True, False])
    plan = layout(case.with_table("lines", lines))
    assert not plan.carrying[1] and not plan.tree[1]
    assert len({*zip(plan.x, plan.y, strict=True)}) == 6
    assert set(plan.y[[2, 3]]).isdisjoint(plan.y[[0, 1, 4, 5]])


def test_coordinates_are_used_if_every_bus_has_them() -> None:
    case = grid([0, 0])
    buses = case.tables["buses"].assign(x=[1000.0, 1200.0, 1400.0], y=[7.0, 8.0, 9.0])
    plan = layout(case.with_table("buses", buses))
    assert plan.mapped
    np.testing.assert_array_equal(np.column_stack([plan.x, plan.y]), buses[["x", "y"]])
    some = buses.assign(x=[1000.0, np.nan, 1400.0])
    assert not layout(case.with_table("buses", some)).mapped


def test_degrees_of_longitude_are_as_long_as_on_the_ground() -> None:
    """At 60 degrees north a degree of longitude is half as long as one of latitude."""
    case = grid([0, 0])
    plan = layout(case.with_table("buses", case.tables["buses"].assign(x=[10.0, 10.2, 10.4], y=[60.0, 60.0, 60.0])))
    assert np.ptp(plan.x) == pytest.approx(0.2)


def test_ten_thousand_buses_in_a_row_need_no_recursion() -> None:
    """Deeper than Python's stack."""
    plan = layout(grid(list(range(9_999))))
    assert plan.x.max() == 9_999
    assert np.ptp(plan.y) == 0.0


@given(st.lists(st.tuples(st.floats(0, 9), st.floats(0, 5), st.floats(0.1, 2)), min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_names_cover_neither_each_other_nor_a_bus(points: list[tuple[float, float, float]]) -> None:
    frame = pd.DataFrame(points, columns=["x", "y", "width"])
    places = frame[["x", "y"]].to_numpy()
    boxes = [box for box in placed(places, frame["width"].to_numpy(), Box(0.0, 0.0, 9.0, 5.0), places) if box]
    for one, other in combinations(boxes, 2):
        assert min(one.right, other.right) <= max(one.left, other.left) or min(one.top, other.top) <= max(
            one.bottom, other.bottom
        )
    for box in boxes:
        inside = (places > [box.left, box.bottom]).all(axis=1) & (places < [box.right, box.top]).all(axis=1)
        assert not inside.any()
        assert box.left >= 0.0 and box.right <= 9.0 and box.bottom >= 0.0 and box.top <= 5.0
