"""Branch flow that is physics: which cones must be tight, in which step each of them is, and what its gap would lose.

P^2 + Q^2 = u l,      a gap g = l - (P^2 + Q^2) / u loses r g that no flow explains
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.physics.electric.network import Network
from gridpact.programs.exactness.gap import gap
from gridpact.programs.exactness.service import Exact, made_exact
from gridpact.programs.standard_form import Solved, StandardForm

Floats = NDArray[np.float64]


def has_cones(form: StandardForm) -> bool:
    """Whether the form relaxes the branch flow."""
    return "cone" in form.rows and bool((form.rows["cone"] >= 0).any())


def exact_flow(form: StandardForm, network: Network, relaxed: Solved, scale: float, thorough: bool = False) -> Exact:
    """The service of ``programs.exactness`` for the cones of a branch flow; ``scale`` in currency."""
    rows = form.rows["cone"]
    steps = np.broadcast_to(np.arange(rows.shape[2]), rows.shape[1:])
    losses = np.broadcast_to(network.branches.r[:, None], rows.shape[1:])
    return made_exact(form, rows, relaxed, steps, losses, thorough=thorough, scale=scale)


def gaps(form: StandardForm, solution: Solved) -> Floats:
    """l - (P^2 + Q^2) / u of every branch and step, per unit, shape (branches, steps)."""
    return np.asarray(gap(solution.s[form.rows["cone"]]))
