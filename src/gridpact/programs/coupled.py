"""A program with coupling quantities that are priced and drawn: what is the same whoever solves it.

    minimise  cost + price'x + sum of weight/2 (x - target)^2  =  cost + (price - weight target)'x + x' weight/2 x + ...

over its program without states (``elimination``), of which a new price or target changes the linear cost alone and a
new weight the diagonal of the quadratic one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.programs.elimination import Lean, lean
from gridpact.programs.standard_form import StandardForm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Coupled:
    """The program ``short`` without states; ``columns`` are its coupling quantities in the whole, ``places`` here.

    ``entries`` are those of the quadratic cost that weights are added to: its diagonal at the coupling quantities.
    """

    short: Lean
    columns: Ints
    places: Ints
    entries: Ints

    def weighed(self, weight: Floats) -> StandardForm:
        """The program without states, with weight/2 x^2 more to pay."""
        P = self.short.form.P.copy()
        P.data[self.entries] += weight
        return replace(self.short.form, P=P)

    def cost(self, price: Floats) -> Floats:
        """The linear cost of the whole program with price'x more to pay."""
        return self.short.whole.with_price(self.columns, price).q

    def short_cost(self, q: Floats) -> Floats:
        """The linear cost without states of one of the whole program."""
        return self.short.with_q(q).q


def coupled(form: StandardForm, columns: Ints) -> Coupled:
    """Raises ``ValueError`` where a coupling quantity is a state, which nothing can draw."""
    short = lean(form)
    places = np.searchsorted(short.kept_columns, columns)
    if not np.isin(columns, short.kept_columns).all():
        raise ValueError("a coupling quantity is a state of the program")
    P, entries = _with_entries(short.form.P, places)
    return Coupled(replace(short, form=replace(short.form, P=P)), columns, places, entries)


def _with_entries(P: sp.csc_array, places: Ints) -> tuple[sp.csc_array, Ints]:
    """The matrix with an entry, if only of zero, on the diagonal at some places, and the numbers of these entries."""
    diagonal = np.zeros(P.shape[0])
    diagonal[places] = 1.0
    whole = sp.csc_array(P + sp.diags_array(diagonal))
    column = np.repeat(np.arange(diagonal.size), np.diff(whole.indptr))
    found = np.full(diagonal.size, -1)
    found[column[whole.indices == column]] = np.flatnonzero(whole.indices == column)
    whole.data[found[places]] = P.diagonal()[places]
    return whole, found[places]
