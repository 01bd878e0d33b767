"""Rules about combined heat and power plants: where they may operate, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Ints
from gridpact.case.draft import Draft
from gridpact.case.polygon import shape_of
from gridpact.errors import Issue

Bools = NDArray[np.bool_]
# Relative room for products of decimal numbers that are equal on paper.
ROUNDING = 1e-9
SHAPES = {
    "point": ("all corners of the plant are the same", "Give corners that differ."),
    "not in order": (
        "corners of the plant are not in order around its polygon, which crosses itself",
        "List them one after the other around the polygon, in either direction.",
    ),
    "not convex": (
        "polygon of the plant is not convex, because of this corner",
        "Delete the corner, or split the plant into several.",
    ),
}


def plant_regions(draft: Draft) -> Iterator[Issue]:
    """Plants with neither a ratio nor corners, with both, or with limits that belong to the other."""
    if not draft.all_known("chp_points", "chp") or not draft.own_names("chps"):
        return
    case = draft.case
    cornered = np.isin(np.arange(case.count("chps")), case.positions("chp_points", "chp"))
    ratio, highest = draft.given("chps", "heat_per_power"), draft.given("chps", "max_p_mw")
    message = "plant has neither heat_per_power nor corners in chp_points"
    yield from draft.rows("chps", ~ratio & ~cornered, "heat_per_power", message, "Give one of the two.")
    message = "plant has both heat_per_power and corners in chp_points"
    fix = "Leave heat_per_power blank, or delete its corners."
    yield from draft.rows("chps", ratio & cornered, "heat_per_power", message, fix)
    message = "plant with heat_per_power has no max_p_mw"
    yield from draft.rows("chps", ratio & ~cornered & ~highest, "max_p_mw", message, "Give its highest power.")
    fix = "Leave it blank; the corners say how much power it gives."
    limited = (("max_p_mw", highest), ("min_p_mw", case.column("chps", "min_p_mw") > 0.0))
    for column, given in limited:
        message = f"plant with corners in chp_points also has {column}"
        yield from draft.rows("chps", given & cornered & ~ratio, column, message, fix)


def single_power(draft: Draft) -> Iterator[Issue]:
    """Plants with a fixed ratio and a single power."""
    message = "plant can run at one power only, which leaves it nothing to choose"
    fix = "Lower min_p_mw a little, or make it a generator and lower the heat demand by its heat."
    for table in ("chps", "chp_candidates"):
        stuck = draft.case.column(table, "min_p_mw") == draft.case.column(table, "max_p_mw")
        yield from draft.rows(table, stuck & draft.given(table, "heat_per_power"), "max_p_mw", message, fix)


def polygons(draft: Draft) -> Iterator[Issue]:
    """Plants of one corner, corners that stand there twice, and polygons that are not convex."""
    plants = draft.case.positions("chp_points", "chp")
    for plant in np.unique(plants[plants >= 0]):
        rows = np.flatnonzero(plants == plant)
        if not draft.text.tables["chp_points"].ragged[rows].any():
            yield from _polygon(draft, rows)


def _polygon(draft: Draft, rows: Ints) -> Iterator[Issue]:
    corners = draft.case.tables["chp_points"][["p_mw", "heat_mw"]].iloc[rows]
    if corners.isna().to_numpy().any():
        return
    if len(rows) == 1:
        message, fix = "plant has a single corner", "Give two for a line, three or more for a polygon."
        yield from draft.rows("chp_points", _only(draft, rows), "chp", message, fix)
        return
    shape, blamed = shape_of(corners.to_numpy(dtype=np.float64))
    doubled = corners.duplicated().to_numpy()
    if shape in SHAPES and (shape == "point" or not doubled.any()):
        yield from draft.rows("chp_points", _only(draft, rows[[blamed]]), "p_mw", *SHAPES[shape])
    elif doubled.any():
        message = "corner of the plant stands there twice"
        yield from draft.rows("chp_points", _only(draft, rows[doubled]), "p_mw", message, "Delete one of the two.")


def _only(draft: Draft, rows: Ints) -> Bools:
    return np.isin(np.arange(draft.case.count("chp_points")), rows)


def plant_costs(draft: Draft) -> Iterator[Issue]:
    """Quadratic costs that are not convex."""
    power, heat, cross = (
        draft.case.column("chps", name) for name in ("cost_per_mw2h", "heat_cost_per_mw2h", "cross_cost_per_mw2h")
    )
    wrong = cross**2 > 4.0 * power * heat * (1.0 + ROUNDING)
    message = "cost of the plant is not convex: cross_cost_per_mw2h^2 > 4 cost_per_mw2h heat_cost_per_mw2h"
    fix = "Lower cross_cost_per_mw2h, or raise the other two."
    yield from draft.rows("chps", wrong, "cross_cost_per_mw2h", message, fix)
