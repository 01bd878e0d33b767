"""Units that run between two powers: limits, ramps, and whether they run.

u     1 while the unit runs, else 0; always 1 for units that are not committable
s, d  starts and stops: s[t] - d[t] = u[t] - u[t-1], none in the first step of a window

    u min <= p <= u max
    p[t] - p[t-1] <= h up u[t-1] + max(h up, min) (1 - u[t-1])           likewise downwards
    sum of s over the last min_up steps <= u,   sum of d over the last min_down steps <= 1 - u

The last row is the tight formulation of minimum times (Rajan and Takriti, IBM Research Report RC23628, 2005).
A unit that runs in the first step of a window has run before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.physics.devices.device import before
from gridpact.programs.affine import Affine, Variable, constant
from gridpact.programs.program import Named, at_most, box, equal

Floats = NDArray[np.float64]
Held = Mapping[str, Floats]


@dataclass(frozen=True)
class Running:
    """u and the starts of all units of a table, with what they add to a program."""

    on: Affine
    starts: Affine
    variables: Mapping[str, Variable]
    constraints: Named
    integers: tuple[str, ...]


def running(case: Case, table: str, name: str, held: Held) -> Running:
    """Constants where no unit is committable or ``held[name]`` holds u; else the integers ``name``."""
    optional = case.flags(table, "committable")
    if name in held or not optional.any():
        on = held.get(name, np.ones((optional.size, case.steps)))
        starts = np.maximum(np.diff(on, axis=1, prepend=on[:, :1]), 0.0)
        return Running(constant(on), constant(np.where(case.begins, 0.0, starts)), {}, {}, ())
    return _chosen(case, table, name, optional)


def _chosen(case: Case, table: str, name: str, optional: NDArray[np.bool_]) -> Running:
    shape = (optional.size, case.steps)
    on, start, stop = Variable(shape), Variable(shape), Variable(shape)
    always = np.broadcast_to(np.where(optional, 0.0, 1.0)[:, None], shape)
    change = on - on @ before(case)
    constraints = box(on, always, np.ones(shape), (f"{table}/off", f"{table}/on", f"{table}/runs"))
    for side, variable in (("start", start), ("stop", stop)):
        first = np.repeat(np.where(case.begins, 0.0, 1.0)[None], optional.size, axis=0)
        names = (f"{table}/no_{side}", f"{table}/{side}", f"{table}/first_{side}")
        constraints |= box(variable, np.zeros(shape), first, names)
    if not case.begins.all():
        constraints[f"{table}/change"] = equal((start - stop - change)[:, ~case.begins])
        constraints |= _least_time(case, table, "min_up_h", start, on)
        constraints |= _least_time(case, table, "min_down_h", stop, 1.0 - on)
    return Running(on, start, {name: on, f"{name}_start": start, f"{name}_stop": stop}, constraints, (name,))


def _least_time(case: Case, table: str, column: str, event: Variable, state: Affine) -> Named:
    """Every start (or stop) of the last steps is still in force."""
    steps = np.ceil(case.column(table, column) / case.hours - 1e-9).astype(int)
    return {
        f"{table}/{column}/{unit}": at_most(
            event[unit : unit + 1] @ _last_steps(case, int(steps[unit])) - state[unit : unit + 1]
        )
        for unit in np.flatnonzero(steps > 1)
    }


def _last_steps(case: Case, length: int) -> sp.csr_array:
    """Matrix that sums the last ``length`` entries up to each step, as far as its window reaches back."""
    back, shape = np.arange(min(length, case.steps)), (case.steps, case.steps)
    within = sp.coo_array(sp.dia_array((np.ones((back.size, case.steps)), back), shape=shape))
    window = np.cumsum(case.begins)
    same = window[within.row] == window[within.col]
    return sp.csr_array((within.data[same], (within.row[same], within.col[same])), shape=shape)


def between(case: Case, base: float, table: str, unit: str, power: Affine, state: Running) -> Named:
    """u min <= power <= u max."""
    lower, upper = (case.series(table, f"{side}_{unit}") / base for side in ("min", "max"))
    if not state.integers:
        names = (f"{table}/min_{unit}", f"{table}/max_{unit}", f"{table}/{unit}")
        return box(power, lower * state.on.constant, upper * state.on.constant, names)
    return {
        f"{table}/min_{unit}": at_most(lower * state.on - power),
        f"{table}/max_{unit}": at_most(power - upper * state.on),
    }


def ramps(case: Case, base: float, table: str, power: Affine, state: Running) -> Named:
    """Change between consecutive steps, free enough to start at, and stop from, the lowest power."""
    later = np.flatnonzero(~case.begins)
    if not later.size:
        return {}
    least = case.series(table, "min_p_mw") / base
    rise, earlier, after = power[:, later] - power[:, later - 1], state.on[:, later - 1], state.on[:, later]
    up = _ramp(case, base, table, "ramp_up_mw_per_h", rise, earlier, least[:, later])
    return up | _ramp(case, base, table, "ramp_down_mw_per_h", -rise, after, least[:, later - 1])


def _ramp(case: Case, base: float, table: str, column: str, change: Affine, on: Affine, least: Floats) -> Named:
    fastest = np.broadcast_to(case.hours / base * case.column(table, column)[:, None], change.shape)
    limited = np.isfinite(fastest)
    if not limited.any():
        return {}
    fastest = np.where(limited, fastest, 0.0)
    free = np.maximum(fastest, least)
    bound = np.where(limited, free, np.inf)
    names = ("", f"{table}/{column}", "")
    return box(change - (fastest - free) * on, np.full(change.shape, -np.inf), bound, names)
