"""Rules about failures, protection and ties."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridpact.case.cells import FLAGS
from gridpact.case.draft import Draft
from gridpact.errors import Issue

# What fails, and how long its repair takes.
FAILING = (
    ("lines", "failures_per_km_year", "repair_h", "line"),
    ("transformers", "failures_per_year", "repair_h", "transformer"),
    ("loads", "transformer_failures_per_year", "transformer_repair_h", "the load's own transformer"),
)
# A number of failures or hours above which the unit must be another one.
TOO_OFTEN = tuple(
    (table, column, most, "nothing fails that often", "The column counts failures in a year; is it a time?")
    for table, column, most in (
        ("lines", "failures_per_km_year", 100.0),
        ("transformers", "failures_per_year", 100.0),
        ("loads", "transformer_failures_per_year", 100.0),
    )
)
TOO_MANY = (("loads", "customers", 1e8, "nobody serves so many", "The column counts customers, not their power."),)
TOO_LONG = tuple(
    (table, column, most, "no repair or switching takes that long", "The column is in h; is the value in minutes?")
    for table, column, most in (
        ("lines", "repair_h", 8760.0),
        ("transformers", "repair_h", 8760.0),
        ("loads", "transformer_repair_h", 8760.0),
        ("protection", "switching_h", 24.0),
        ("switches", "switching_h", 24.0),
    )
)


def repaired(draft: Draft) -> Iterator[Issue]:
    """What fails but takes no time to repair."""
    for table, failures, repair, what in FAILING:
        at_once = (draft.case.column(table, failures) > 0.0) & (draft.case.column(table, repair) == 0.0)
        message = f"{what} fails, but {repair} is 0"
        yield from draft.rows(table, at_once, failures, message, f"Give {repair}, or set {failures} to 0.")


def one_device_each(draft: Draft) -> Iterator[Issue]:
    """Second devices at one end of a line."""
    frame = draft.case.tables["protection"]
    again = frame.duplicated(["line", "end"]) & (frame["line"] != "") & (frame["end"] != "")
    fix = "Keep one of them; what clears a fault isolates it as well."
    yield from draft.rows("protection", again, "device", "another device stands at the same end of the line", fix)


def hand_switched(draft: Draft) -> Iterator[Issue]:
    """Sectionalisers that open in no time."""
    message = "sectionaliser has no switching_h, and it opens only after it has been switched"
    fix = "Give the hours until it is opened; an automatic device is a breaker or a recloser."
    for table, key in (("protection", "device"), ("protection_candidates", "candidate")):
        at_once = draft.case.column(table, "switching_h") == 0.0
        wrong = at_once & (draft.case.tables[table]["kind"] == "sectionaliser")
        yield from draft.rows(table, wrong, key, message, fix)


def limited_ties(draft: Draft) -> Iterator[Issue]:
    """Limits of transfer of switches that are closed."""
    if "switches" not in draft.text.tables:
        return
    closed = [FLAGS.get(cell.lower(), not cell) for cell in draft.text.tables["switches"].stripped("closed")]
    wrong = np.array(closed, dtype=np.bool_) & ~np.isnan(draft.case.column("switches", "transfer_mw"))
    message = "switch is closed, and transfer_mw limits what an open switch restores"
    yield from draft.rows("switches", wrong, "transfer_mw", message, "Leave the cell blank, or open the switch.")


def whole_customers(draft: Draft) -> Iterator[Issue]:
    """Broken numbers of customers."""
    customers = draft.case.column("loads", "customers")
    broken = (customers != np.floor(customers)) & ~np.isnan(customers)
    yield from draft.rows("loads", broken, "customers", "number of customers is not whole", "Write a whole number.")
