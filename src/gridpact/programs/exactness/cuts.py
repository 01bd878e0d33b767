"""Increasingly tight linear cuts: an upper estimate of l around the last point, that closes on the cone.

    l <= 2 a'w - |a|^2 u + delta^2 u,     a = w / u at the last point,   delta smaller from step to step

The right-hand side exceeds |w|^2 / u by delta^2 u - |w - a u|^2 / u: the cut holds for every tight point with
|w - a u| <= delta u and leaves no gap above delta^2 u. Where a cut can no longer be met, the shrinking is slowed down.
The last point is exact; it is as good as the path that led to it.
After Abdelouadoud, Girard, Neirac and Guiot, Int. J. Electrical Power and Energy Systems 69, 2015; compare Kocuk, Dey
and Sun, Operations Research 64(6), 2016.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.programs.conic import Compiled
from gridpact.programs.exactness.point import Point, found, stopped
from gridpact.programs.exactness.tight import Tight
from gridpact.programs.standard_form import StandardForm

Floats = NDArray[np.float64]
NAME = "cuts"
GAP = 1e-6
# Share by which delta shrinks; after a cut that cannot be met, the square root of that share.
SHRINK, SLOWEST = 0.4, 0.9
ROUNDS = 40


def cuts(tight: Tight, ratios: Floats, gap_tolerance: float = GAP) -> Point:
    """An exact point from the ratios a = w / u, shape (k - 2, n), of a relaxed point; status as for other remedies."""
    width = float(np.sqrt((ratios**2).sum(axis=0)).max(initial=0.0)) or 1.0
    point, shrink = stopped(NAME, tight, 0), SHRINK
    a, solves = ratios, 0
    while solves < ROUNDS and shrink < SLOWEST and point.status != "exact":
        form = cut_form(tight, a, width)
        answer = Compiled(form).answer(form)
        solves += 1
        if answer.status == "solved":
            point, a = found(NAME, tight, answer.x, solves, gap_tolerance), tight.ratios(answer.x)
            width *= shrink
        else:
            width, shrink = width / shrink, np.sqrt(shrink)
            width *= shrink
    return replace(point, solves=solves)


def cut_form(tight: Tight, a: Floats, width: float) -> StandardForm:
    """The form with the cuts at ratios a, after all other rows."""
    G, h = tight.tangent(a)
    U, u = tight.factor_u()
    form = tight.form
    A = sp.vstack([form.A, width**2 * U - G])
    return replace(
        form,
        A=sp.csc_array(A),
        b=np.concatenate([form.b, width**2 * u - h]),
        cones=(*form.cones, ("nonnegative", tight.size)),
    )
