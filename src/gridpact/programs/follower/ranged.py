"""An independent part of the follower, and the box in which its linking quantities are."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.errors import InputError, Issue
from gridpact.programs.standard_form import StandardForm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Ranged:
    """``linking`` are columns of the part, ``places`` which of all linking quantities they are.

    ``watched`` says whether the leader looks at its multipliers; ``names`` are those of the rows.
    """

    form: StandardForm
    linking: Ints
    places: Ints
    low: Floats
    high: Floats
    watched: bool
    names: tuple[str, ...]

    @property
    def equal(self) -> NDArray[np.bool_]:
        """Which rows are equalities."""
        return np.repeat([kind == "zero" for kind, _ in self.form.cones], [size for _, size in self.form.cones])

    @property
    def inequalities(self) -> Ints:
        return np.flatnonzero(~self.equal)

    @property
    def own(self) -> Ints:
        """The columns that the follower chooses."""
        return np.setdiff1d(np.arange(self.form.q.size), self.linking)

    def boxed(self) -> StandardForm:
        """The part with its linking quantities free within the box."""
        pick = sp.csr_array(sp.eye_array(self.form.q.size, format="csr")[self.linking])
        return replace(
            self.form,
            A=sp.csc_array(sp.vstack([self.form.A, pick, -pick])),
            b=np.concatenate([self.form.b, self.high, -self.low]),
            cones=(*self.form.cones, ("nonnegative", 2 * self.linking.size)),
        )

    def unbounded(self, row: int, what: str) -> InputError:
        """What to tell about a row whose slack or multiplier has no proven bound."""
        text = f"no proven bound of the {what} of the follower's {self.names[row]}"
        fix = "Use complementarity sos1, or keep the linking quantities away from where the follower has no answer."
        return InputError([Issue(text, fix)])
