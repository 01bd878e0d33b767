"""Upper bounds of slacks and multipliers, one of each for every inequality of the follower."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Bounds:
    """Shapes (inequalities,), in the order of the polyhedral follower.

    A slack of at most zero makes the inequality an equality, whose multiplier needs no bound; a multiplier of at most
    zero says that the inequality never matters.
    """

    slack: Floats
    multiplier: Floats

    @classmethod
    def none(cls, count: int) -> Bounds:
        """No bound at all."""
        return cls(np.full(count, np.inf), np.full(count, np.inf))

    @property
    def needs_choice(self) -> Ints:
        """The inequalities whose slack and multiplier could both be above zero."""
        return np.flatnonzero((self.slack > 0.0) & (self.multiplier > 0.0))
