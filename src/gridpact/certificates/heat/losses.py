"""Heat lost and held by the pipes, by the judges' own simulation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.certificates.heat.simulator import SIDES
from gridpact.certificates.heat.view import HeatView
from gridpact.certificates.heat.water import JOULES_PER_MWH

Floats = NDArray[np.float64]


def simulated_losses(view: HeatView) -> tuple[Floats, Floats]:
    """Heat lost by both pipes, MW, and held by both at the end of each step, MWh; (m, steps)."""
    plant, state = view.plant, view.state
    sides = ((state.supply, state.supply_out), (state.back, state.back_out))
    loss, stored = np.zeros_like(plant.flow), np.zeros_like(plant.flow)
    for side, (nodes, leaves) in enumerate(sides):
        enters = plant.leaving(nodes[:, :, 0], side)
        held = _held(view, side, enters)
        fall = np.where(view.moving[:, None], enters - leaves[:, :, 0], 0.0)
        loss += view.carried() * fall - (held - view.before(held, _begun(view, side))) / view.case.hours
        stored += held
    return loss, stored


def _per_mass(view: HeatView) -> Floats:
    """MWh per kg and degree, (m, 1)."""
    return (view.grid.capacity[view.grid.from_node] / JOULES_PER_MWH)[:, None]


def _held(view: HeatView, side: int, entering: Floats) -> Floats:
    """Heat in the pipes of one side at the end of each step, MWh; water that stands still counts as nothing."""
    ways = zip(view.plant.passages[side], entering, strict=True)
    inside = [np.zeros(view.case.steps) if way is None else way.held @ own + way.held_rest for way, own in ways]
    return np.asarray(_per_mass(view) * np.array(inside).reshape(entering.shape))


def _begun(view: HeatView, side: int) -> Floats:
    """Heat in the pipes of one side when a window begins, MWh; NaN where it is that at its end."""
    if view.is_steady:
        return np.full(view.grid.pipes.size, np.nan)
    first = view.case.column("pipes", f"initial_{SIDES[side]}_degc")[view.grid.pipes]
    return np.where(view.moving, _per_mass(view)[:, 0] * view.grid.water * first, np.nan)
