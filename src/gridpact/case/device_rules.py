"""Rules about devices: energy that does not fit, offers, ramps, banks and demand that cannot be cut."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case, Floats
from gridpact.case.draft import Draft
from gridpact.errors import Issue

Bools = NDArray[np.bool_]
# Relative room for sums of decimal numbers that are equal on paper.
ROUNDING = 1e-9
RAMPED = ("generators", "controllable")


def shiftable_energy(draft: Draft) -> Iterator[Issue]:
    """Energy that its window of power cannot hold, or that its lowest power already exceeds."""
    too_much, too_little = (where.any(axis=1) for where in shiftable_misfits(draft.case))
    message = "energy is more than max_p_mw can take over the horizon"
    fix = "Lower energy_mwh, or raise max_p_mw or widen its window."
    yield from draft.rows("shiftable", too_much, "energy_mwh", message, fix)
    message = "energy is less than min_p_mw takes over the horizon"
    yield from draft.rows("shiftable", too_little, "energy_mwh", message, "Raise it or lower min_p_mw.")


def shiftable_misfits(case: Case) -> tuple[Bools, Bools]:
    """Where shiftable energy is too much for a window of the market, and where too little; (shiftable, windows)."""
    energy, first = case.column("shiftable", "energy_mwh")[:, None], np.flatnonzero(case.begins)
    most = np.add.reduceat(case.series("shiftable", "max_p_mw"), first, axis=1) * case.hours
    least = np.add.reduceat(case.series("shiftable", "min_p_mw"), first, axis=1) * case.hours
    return energy > most * (1 + ROUNDING), energy * (1 + ROUNDING) < least


def offers(draft: Draft) -> Iterator[Issue]:
    """A generator with offers has no cost of its own, no negative power, and blocks up to its highest power."""
    if not draft.all_known("offers", "generator"):
        return
    case = draft.case
    offering = np.isin(np.arange(case.count("generators")), case.positions("offers", "generator"))[:, None]
    for column in ("cost_per_mwh", "cost_per_mw2h"):
        wrong = offering & (case.series("generators", column) != 0.0) & ~np.isnan(case.series("generators", column))
        message = "generator has both a cost and offers"
        yield from draft.steps("generators", wrong, (column,), message, f"Set {column} to 0 or delete its offers.")
    negative = offering & (case.series("generators", "min_p_mw") < 0.0)
    message = "generator with offers has a negative lowest power"
    yield from draft.steps(
        "generators", negative, ("min_p_mw",), message, "Blocks are stacked from zero; set it to 0 or more."
    )
    short = offering & (_offered(case) * (1 + ROUNDING) < case.series("generators", "max_p_mw"))
    message = "offers of the generator do not add up to max_p_mw"
    yield from draft.steps("generators", short, ("max_p_mw",), message, "Add or widen blocks, or lower max_p_mw.")


def _offered(case: Case) -> Floats:
    """Sum of each generator's blocks; shape (generators, steps)."""
    total = np.zeros((case.count("generators"), case.steps))
    np.add.at(total, case.positions("offers", "generator"), case.series("offers", "p_mw"))
    return total


def must_take(draft: Draft) -> Iterator[Issue]:
    """Available power that must be taken although it exceeds the inverter."""
    case, fix = draft.case, "Raise sn_mva, lower p_mw, or set curtailable to true."
    message = "power that must be taken (curtailable is false) is above sn_mva"
    for table in ("renewables", "renewable_candidates"):
        forced = ~case.flags(table, "curtailable")[:, None]
        wrong = forced & (case.series(table, "p_mw") > case.column(table, "sn_mva")[:, None])
        yield from draft.steps(table, wrong, ("p_mw",), message, fix)


def ramps(draft: Draft) -> Iterator[Issue]:
    """Limits that move faster than the ramp of a unit that always runs, so that no dispatch follows them."""
    case = draft.case
    for table in RAMPED:
        low, high = case.series(table, "min_p_mw"), case.series(table, "max_p_mw")
        stuck = ~case.flags(table, "committable")[:, None]
        rise = stuck & _outruns(low[:, 1:] - high[:, :-1], case.column(table, "ramp_up_mw_per_h") * case.hours)
        message = "min_p_mw rises faster than ramp_up_mw_per_h can follow"
        fix = "Raise ramp_up_mw_per_h, or smooth the profiles of min_p_mw and max_p_mw."
        yield from draft.steps(table, _from_second(rise), ("min_p_mw", "max_p_mw"), message, fix)
        fall = stuck & _outruns(low[:, :-1] - high[:, 1:], case.column(table, "ramp_down_mw_per_h") * case.hours)
        message = "max_p_mw falls faster than ramp_down_mw_per_h can follow"
        fix = "Raise ramp_down_mw_per_h, or smooth the profiles of min_p_mw and max_p_mw."
        yield from draft.steps(table, _from_second(fall), ("max_p_mw", "min_p_mw"), message, fix)


def _outruns(change: Floats, most: Floats) -> NDArray[np.bool_]:
    """Whether a change, shape (n, steps - 1), exceeds the most that is possible in a step, shape (n,)."""
    wrong: NDArray[np.bool_] = change > most[:, None] + ROUNDING * (np.abs(change) + most[:, None])
    return wrong


def _from_second(wrong: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Marks of the changes between steps as marks of the later step; shape (n, steps)."""
    return np.pad(wrong, ((0, 0), (1, 0)))


def whole_steps(draft: Draft) -> Iterator[Issue]:
    """Banks that are switched in a broken number of parts."""
    steps = draft.case.column("capacitors", "steps")
    broken = (steps != np.floor(steps)) & ~np.isnan(steps)
    fix = "Write a whole number; 0 for any value in between."
    yield from draft.rows("capacitors", broken, "steps", "number of steps is not whole", fix)


def cut_of_production(draft: Draft) -> Iterator[Issue]:
    """Loads that may stay unserved although they feed in, where there is nothing to be cut."""
    case = draft.case
    least = case.series("loads", "p_mw").min(axis=1)
    wrong = draft.referred("unserved", "load", least) < 0.0
    message = "load feeds in (its p_mw is negative in some step), so there is no demand to be cut"
    fix = "Delete the row, or put what feeds in under renewables or generators."
    yield from draft.rows("unserved", wrong, "load", message, fix)
