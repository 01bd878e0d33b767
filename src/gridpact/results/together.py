"""Words that the results of a plan of several owners are written in."""

from __future__ import annotations

from typing import Final

QUESTION: Final = "plan_together"
SCHEMES: Final = ("in_turn", "benders", "alternating")
WEIGHTS: Final = ("given", "equal", "stand_alone")
HELD: Final = "held"
REBARGAINED: Final = "re-bargained"
