"""Words that the results of a plan of several owners are written in."""

from __future__ import annotations

from typing import Final

QUESTION: Final = "plan_together"
SCHEMES: Final = ("in_turn", "benders", "alternating")
WEIGHTS: Final = ("given", "equal", "stand_alone")
UPPERS: Final = ("one_hand", "atc", "cf_admm")
IN_TURN, BENDERS, ALTERNATING = SCHEMES
ALL_TOGETHER: Final = "all together"
BASELINE: Final = "alternating (baseline)"
REFERENCE: Final = "one program (reference)"
NO_REFERENCE: Final = "none"
LIMITS: Final = ("saidi_limit_h", "saifi_limit", "eens_limit_mwh")
"""Settings that limit how unreliable supply may be."""
BEGINS: Final = "begins"
"""What a search is made of, and why its first plan is looked at."""
MEASURES: Final = (
    "Jain's index of gains",
    "Jain's index of gains over weights",
    "least gain over largest",
    "least relative saving over largest",
)
"""Measures of how evenly the gain is shared."""
