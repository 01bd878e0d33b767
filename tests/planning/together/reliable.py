"""Joint plans of a feeder whose lines fail: reclosers, a sectionaliser and a tie may be built by the operator."""

from __future__ import annotations

from gridpact.case.case import Case
from gridpact.case.validate import require_valid
from tests.planning.together.conftest import small_case

PAID = {"lifetime_years": 20.0, "maintenance_per_year": 50.0}


def failing_case(days: int = 1) -> Case:
    """The small case, with ten customers at every load, lines that fail, and four candidates against it."""
    case = small_case(days=days)
    lines = case.tables["lines"].assign(length_km=1.0, failures_per_km_year=0.1, repair_h=4.0)
    per_km = {
        name: case.tables["lines"][name] * case.tables["lines"]["length_km"]
        for name in ("r_ohm_per_km", "x_ohm_per_km")
    }
    case = case.with_table("lines", lines.assign(**per_km))
    case = case.with_table("loads", case.tables["loads"].assign(customers=10.0))
    devices = {
        "candidate": ["recloser-6-7", "recloser-6-26", "sectionaliser-12-13"],
        "line": ["6-7", "6-26", "12-13"],
        "end": ["from", "from", "from"],
        "kind": ["recloser", "recloser", "sectionaliser"],
        "switching_h": [0.0, 0.0, 0.5],
        "investment": [9000.0, 8000.0, 2000.0],
        **PAID,
    }
    tie = {
        "candidate": ["tie-18-33"],
        "from_bus": ["18"],
        "to_bus": ["33"],
        "length_km": [1.0],
        "r_ohm_per_km": [0.5],
        "x_ohm_per_km": [0.5],
        "max_i_ka": [0.4],
        "switching_h": [0.5],
        "transfer_mw": [2.0],
        "investment": [15000.0],
        **PAID,
    }
    return require_valid(case.with_rows("protection_candidates", devices).with_rows("tie_candidates", tie))
