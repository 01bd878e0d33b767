"""Rules about the network: lines, transformers, held voltages, and whether it hangs together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gridpact.case.draft import SPARE, Draft
from gridpact.case.network import island_labels
from gridpact.errors import Issue

# Relative room for nominal voltages that are equal on paper.
ROUNDING = 1e-9
# Off-nominal ratios of real tap changers lie within 0.8 and 1.25.
RATIO = (0.5, 2.0)
# Branches that are there, and not only may be built.
AT_HAND = ("lines", "transformers")


def branch_impedance(draft: Draft) -> Iterator[Issue]:
    """Lines and transformers without any impedance."""
    for table, r, x, branch in (
        ("lines", "r_ohm_per_km", "x_ohm_per_km", "line"),
        ("transformers", "r_ohm", "x_ohm", "transformer"),
        ("line_candidates", "r_ohm_per_km", "x_ohm_per_km", "line type"),
        ("tie_candidates", "r_ohm_per_km", "x_ohm_per_km", "tie"),
    ):
        zero = (draft.case.column(table, r) == 0.0) & (draft.case.column(table, x) == 0.0)
        message = f"{branch} has neither resistance nor reactance"
        fix = "Give its impedance, or merge its two buses." if table in AT_HAND else "Give its impedance."
        yield from draft.rows(table, zero, r, message, fix)


def branch_ends(draft: Draft) -> Iterator[Issue]:
    """Lines, transformers and ties from a bus to itself."""
    for table, branch in (("lines", "line"), ("transformers", "transformer"), ("tie_candidates", "tie")):
        start, end = draft.case.positions(table, "from_bus"), draft.case.positions(table, "to_bus")
        loop: NDArray[np.bool_] = (start == end) & (start >= 0)
        message = f"{branch} ends where it begins"
        yield from draft.rows(table, loop, "to_bus", message, "Correct from_bus or to_bus.")


def line_voltages(draft: Draft) -> Iterator[Issue]:
    """Lines and ties between different nominal voltages."""
    vn = draft.case.column("buses", "vn_kv")
    for table, line, fix in (
        ("lines", "line", "Correct vn_kv or the line's ends, or make it a transformer."),
        ("tie_candidates", "tie", "Correct vn_kv or the tie's ends."),
    ):
        step = np.abs(draft.referred(table, "from_bus", vn) - draft.referred(table, "to_bus", vn))
        message = f"{line} joins buses with different vn_kv, and a line cannot change voltage"
        yield from draft.rows(table, step > ROUNDING * vn.max(initial=0.0), "to_bus", message, fix)


def transformer_names(draft: Draft) -> Iterator[Issue]:
    """Transformers that are called like a line, so that results could not tell them apart."""
    lines = set(draft.case.ids("lines"))
    wrong = [name in lines and not name.startswith(SPARE) for name in draft.case.ids("transformers")]
    message = "a line has the same name, and results name lines and transformers in one table"
    yield from draft.rows("transformers", wrong, "transformer", message, "Rename one of the two.")


def transformer_ratio(draft: Draft) -> Iterator[Issue]:
    """Ratios that are meant in kV over kV instead of relative to the buses' nominal voltages."""
    ratio = draft.case.column("transformers", "ratio")
    message = f"ratio is outside {RATIO[0]:g} to {RATIO[1]:g}, and it is relative to the buses' vn_kv"
    fix = "Write 1 at the nominal tap, 1.05 for 5 % more turns at the from end; vn_kv of the buses gives the rest."
    yield from draft.rows("transformers", (ratio < RATIO[0]) | (ratio > RATIO[1]), "ratio", message, fix)


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
    """Buses that no interface and no generator reaches through branches that carry current."""
    ends = (
        ("lines", "from_bus"),
        ("lines", "to_bus"),
        ("transformers", "from_bus"),
        ("transformers", "to_bus"),
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
    fix = "Connect them with lines or transformers in service whose switches are closed."
    yield from draft.rows("buses", first, "bus", message, fix)
