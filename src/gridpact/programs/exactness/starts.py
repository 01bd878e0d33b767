"""Where the sequential remedy starts from: ratios a = w / u of the tight cones.

The non-linear program has several local optima: reactive power that flows one way or the other, power that comes from
here or from there. In order of their worth on feeders at a voltage limit:

    flat        a = 0: the first step is the program without losses, the second the one with losses at its flows
    relaxed     the ratios of the relaxed optimum
    uniform     one ratio everywhere, as large as the largest at the first optimum, along the first entry of w
    amplified   the relaxed ratios, three times as strong
    random      seeded normal ratios, as strong as the largest at a point
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gridpact.programs.exactness.point import Point
from gridpact.programs.exactness.sequential import sequential
from gridpact.programs.exactness.tight import Tight

Floats = NDArray[np.float64]
AMPLIFIED = 3.0
SEED = 0


def local_optima(tight: Tight, relaxed: Floats, gap_tolerance: float, known: Floats | None = None) -> Iterator[Point]:
    """KKT points from all starts, one after the other; ``relaxed`` is a relaxed optimum x.

    With a ``known`` exact point x in place of the flat start's, that start is left out, and uniform ratios come first:
    they are the likeliest to lead elsewhere.
    """
    ratios = tight.ratios(relaxed)
    if known is None:
        flat = sequential(tight, np.zeros_like(ratios), gap_tolerance)
        yield flat
        starts = [ratios, _uniform(tight.ratios(flat.x if flat.status == "exact" else relaxed))]
    else:
        starts = [_uniform(tight.ratios(known)), ratios]
    yield from (sequential(tight, start, gap_tolerance) for start in (*starts, AMPLIFIED * ratios))


def random_optima(tight: Tight, near: Floats, count: int, gap_tolerance: float) -> Iterator[Point]:
    """KKT points from seeded random ratios, as strong as the largest at x = ``near``."""
    random = np.random.default_rng(SEED)
    ratios = tight.ratios(near)
    strength = np.abs(ratios).max(initial=0.0)
    for _ in range(count):
        yield sequential(tight, strength * random.normal(size=ratios.shape), gap_tolerance)


def _uniform(ratios: Floats) -> Floats:
    same = np.zeros_like(ratios)
    same[0] = np.abs(ratios).max(initial=0.0)
    return same
