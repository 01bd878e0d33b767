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
Ints = NDArray[np.int64]


def has_cones(form: StandardForm) -> bool:
    """Whether the form relaxes the branch flow."""
    return "cone" in form.rows and bool((form.rows["cone"] >= 0).any())


def exact_flow(form: StandardForm, network: Network, relaxed: Solved, scale: float, thorough: bool = False) -> Exact:
    """The service of ``programs.exactness`` for the cones of a branch flow; ``scale`` in currency."""
    return made_exact(
        form, form.rows["cone"], relaxed, *steps_and_losses(form, network), thorough=thorough, scale=scale
    )


def steps_and_losses(form: StandardForm, network: Network) -> tuple[Ints, Floats]:
    """The step every cone belongs to, and its losses per unit of l; shape (branches, steps) each."""
    shape = form.rows["cone"].shape[1:]
    return np.broadcast_to(np.arange(shape[1]), shape), np.broadcast_to(network.branches.r[:, None], shape)


def gaps(form: StandardForm, solution: Solved) -> Floats:
    """l - (P^2 + Q^2) / u of every branch and step, per unit, shape (branches, steps)."""
    return np.asarray(gap(solution.s[form.rows["cone"]]))
