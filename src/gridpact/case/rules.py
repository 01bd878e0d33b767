"""Rules that compare the values of a case with each other: one function each, from a draft to issues.

A rule stays silent about values that are missing or wrong in themselves; the checks of single cells name those.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case, Floats
from gridpact.case.draft import Draft
from gridpact.case.network import island_labels
from gridpact.errors import Issue

Rule = Callable[[Draft], Iterator[Issue]]

# Relative room for sums of decimal numbers that are equal on paper.
ROUNDING = 1e-9

ORDERED = (
    ("buses", "vm_min_pu", "vm_max_pu"),
    ("interfaces", "min_q_mvar", "max_q_mvar"),
    ("generators", "min_p_mw", "max_p_mw"),
    ("generators", "min_q_mvar", "max_q_mvar"),
    ("storages", "min_mwh", "energy_mwh"),
    ("storages", "initial_mwh", "energy_mwh"),
    ("storages", "final_mwh", "energy_mwh"),
    ("storages", "min_mwh", "initial_mwh"),
    ("storages", "min_mwh", "final_mwh"),
    ("shiftable", "min_p_mw", "max_p_mw"),
)

IMPLAUSIBLE = (
    ("buses", "vn_kv", 1500.0, "no network has such a voltage", "The column is in kV; is the value in V?"),
    (
        "lines",
        "r_ohm_per_km",
        1000.0,
        "no line has such a resistance",
        "The column is in ohm/km; is the value in milliohm?",
    ),
    (
        "lines",
        "x_ohm_per_km",
        1000.0,
        "no line has such a reactance",
        "The column is in ohm/km; is the value in milliohm?",
    ),
    ("lines", "c_nf_per_km", 1e5, "no line has such a capacitance", "The column is in nF/km; is the value in pF?"),
    ("lines", "length_km", 5000.0, "no line is that long", "The column is in km; is the value in m?"),
    (
        "lines",
        "max_i_ka",
        200.0,
        "no line carries such a current",
        "The column is in kA; is the value in A? Leave the cell blank for no limit.",
    ),
)


def ordered(draft: Draft) -> Iterator[Issue]:
    """Lower limits above upper limits, in every step."""
    for table, low, high in ORDERED:
        wrong = draft.case.series(table, low) > draft.case.series(table, high)
        message = f"{low} is greater than {high} of the same row"
        yield from draft.steps(table, wrong, (low, high), message, f"Correct {low} or {high}.")


def shiftable_energy(draft: Draft) -> Iterator[Issue]:
    """Energy that its window of power cannot hold, or that its lowest power already exceeds."""
    case = draft.case
    energy = case.column("shiftable", "energy_mwh")
    most = case.series("shiftable", "max_p_mw").sum(axis=1) * case.hours
    least = case.series("shiftable", "min_p_mw").sum(axis=1) * case.hours
    message = "energy is more than max_p_mw can take over the horizon"
    fix = "Lower energy_mwh, or raise max_p_mw or widen its window."
    yield from draft.rows("shiftable", energy > most * (1 + ROUNDING), "energy_mwh", message, fix)
    message = "energy is less than min_p_mw takes over the horizon"
    yield from draft.rows(
        "shiftable", energy * (1 + ROUNDING) < least, "energy_mwh", message, "Raise it or lower min_p_mw."
    )


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
    case = draft.case
    forced = ~case.flags("renewables", "curtailable")[:, None]
    wrong = forced & (case.series("renewables", "p_mw") > case.column("renewables", "sn_mva")[:, None])
    message = "power that must be taken (curtailable is false) is above sn_mva"
    yield from draft.steps(
        "renewables", wrong, ("p_mw",), message, "Raise sn_mva, lower p_mw, or set curtailable to true."
    )


def line_impedance(draft: Draft) -> Iterator[Issue]:
    """Lines without any impedance."""
    zero = (draft.case.column("lines", "r_ohm_per_km") == 0.0) & (draft.case.column("lines", "x_ohm_per_km") == 0.0)
    message = "line has neither resistance nor reactance"
    yield from draft.rows("lines", zero, "r_ohm_per_km", message, "Give its impedance, or merge its two buses.")


def line_ends(draft: Draft) -> Iterator[Issue]:
    """Lines from a bus to itself, or between different nominal voltages."""
    case = draft.case
    start, end = case.positions("lines", "from_bus"), case.positions("lines", "to_bus")
    loop = (start == end) & (start >= 0)
    yield from draft.rows("lines", loop, "to_bus", "line ends where it begins", "Correct from_bus or to_bus.")
    vn = case.column("buses", "vn_kv")
    step = np.abs(draft.referred("lines", "from_bus", vn) - draft.referred("lines", "to_bus", vn))
    message = "line joins buses with different vn_kv, and a line cannot change voltage"
    yield from draft.rows(
        "lines", step > ROUNDING * vn.max(initial=0.0), "to_bus", message, "Correct vn_kv or the line's ends."
    )


def interface_voltage(draft: Draft) -> Iterator[Issue]:
    """Held voltages outside the limits of their bus, or two different ones at one bus."""
    case = draft.case
    held = case.column("interfaces", "vm_pu")
    low = draft.referred("interfaces", "bus", case.column("buses", "vm_min_pu"))
    high = draft.referred("interfaces", "bus", case.column("buses", "vm_max_pu"))
    message = "vm_pu is outside the voltage limits of its bus"
    yield from draft.rows("interfaces", (held < low) | (held > high), "vm_pu", message, "Correct vm_pu or the limits.")
    frame = case.tables["interfaces"]
    differs = (frame["vm_pu"] != frame.groupby("bus")["vm_pu"].transform("first")) & frame["vm_pu"].notna()
    message = "another interface holds the same bus at another vm_pu"
    yield from draft.rows("interfaces", differs, "vm_pu", message, "Give both the same vm_pu.")


def connected(draft: Draft) -> Iterator[Issue]:
    """Buses that no interface and no generator reaches through lines that carry current."""
    ends = (
        ("lines", "from_bus"),
        ("lines", "to_bus"),
        ("switches", "line"),
        ("interfaces", "bus"),
        ("generators", "bus"),
    )
    judged = all(draft.all_known(table, column) for table, column in ends) and draft.own_names("buses")
    if not judged or draft.case.count("buses") == 0:
        return
    case = draft.case
    sources = np.concatenate([case.positions("interfaces", "bus"), case.positions("generators", "bus")])
    if not len(sources):
        yield Issue("case has neither an interface nor a generator", "Add one; something must supply the buses.")
        return
    labels = island_labels(case)
    cut_off = ~np.isin(labels, labels[sources])
    # Labels are the number of the island's first bus, which stands for the island.
    first = cut_off & (labels == np.arange(len(labels)))
    message = "bus and those connected with it are cut off from every interface and generator"
    yield from draft.rows(
        "buses", first, "bus", message, "Connect them with lines in service whose switches are closed."
    )


def implausible(draft: Draft) -> Iterator[Issue]:
    """Numbers that only make sense in a unit a thousand times smaller."""
    for table, column, most, message, fix in IMPLAUSIBLE:
        yield from draft.rows(table, draft.case.column(table, column) > most, column, message, fix)


def implausible_load(draft: Draft) -> Iterator[Issue]:
    """Loads of a thousand times all that interfaces, generators and plants can supply together."""
    supply = _peak_supply(draft.case)
    wrong: NDArray[np.bool_] = (np.abs(draft.case.series("loads", "p_mw")) > 1000.0 * supply) & (supply > 0.0)
    message = f"load is more than 1000 times all that can be supplied ({supply:g} MW)"
    yield from draft.steps("loads", wrong, ("p_mw",), message, "The column is in MW; is the value in kW?")


def _peak_supply(case: Case) -> float:
    """Sum of the highest power of everything that supplies, in MW; infinite without import limit."""
    limits = case.series("interfaces", "max_import_mw")
    parts = [np.where(np.isnan(limits), np.inf, limits)]
    parts += [case.series("generators", "max_p_mw"), case.series("renewables", "p_mw")]
    return float(sum(np.nan_to_num(part.max(axis=1), nan=0.0, posinf=np.inf).sum() for part in parts))


RULES: tuple[Rule, ...] = (
    ordered,
    shiftable_energy,
    offers,
    must_take,
    line_impedance,
    line_ends,
    interface_voltage,
    connected,
    implausible,
    implausible_load,
)
