"""How far a rotated second-order cone is from tight.

    ||(u - l, 2 w)|| <= u + l      is      |w|^2 <= u l,  u >= 0,  l >= 0

    gap            l - |w|^2 / u           zero if and only if the cone is tight; negative outside of it
    relative gap   gap / l

A slack ``s`` has the cone's rows along its first axis, s = (u + l, u - l, 2 w); the other axes are free (branches,
steps). In branch flow w = (P, Q): the gap is the squared current that carries no power (Farivar and Low, IEEE Trans.
Power Systems 28(3), 2013).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# A product of less than this, per unit, has no relative gap worth telling.
LEAST = 1e-9


def factors(s: Floats) -> tuple[Floats, Floats, Floats]:
    """u, l and w of a slack, shapes (...), (...) and (k - 2, ...)."""
    return (s[0] + s[1]) / 2.0, (s[0] - s[1]) / 2.0, s[2:] / 2.0


def gap(s: Floats) -> Floats:
    """l - |w|^2 / u; l itself where u is zero."""
    u, l, w = factors(s)
    square = np.sum(w**2, axis=0)
    quotient = np.divide(square, u, out=np.where(square > 0.0, np.inf, 0.0), where=u > 0.0)
    return np.asarray(l - quotient)


def relative_gap(s: Floats) -> Floats:
    """The gap as a share of l; zero where l is negligible."""
    _, l, _ = factors(s)
    return np.divide(gap(s), l, out=np.zeros_like(l), where=np.abs(l) > LEAST)
