"""A small game played once for all tests of a session: four steps, five buses on either side."""

from __future__ import annotations

from functools import cache

import gridpact as gp
from tests.game_cases import feeder, pjm


@cache
def small_game() -> gp.Run:
    """With designs and a scan of five imports."""
    return gp.stackelberg(feeder(), pjm(), scan=5, price_probes=0)
