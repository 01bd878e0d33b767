"""Water on its way through pipes: how the temperature at the outlet, and the heat inside, follow from the inlet.

Water moves as a plug and cools towards its surroundings. With psi any solution of psi' = -a (psi - Ta),

    T_out(t) - psi(t) = (T_in(t - tau) - psi(t - tau)) exp(-a tau)

Flows, inlet temperatures and Ta are constant within a step. Water that leaves in step k and entered in step j lies
between two cumulated masses x; tau is linear there, so that all means have closed forms:

    mean over step k of T_out = sum over j of W_kj T_in,j + g_k        (Benonysson's node method with exact integrals)
    integral of T over the water inside at the end of step k = sum over j of V_kj T_in,j + f_k

A window is periodic, unless the temperature of the water inside at its start is given.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# Rows, columns and values of a matrix, and constants.
Triplets = tuple[Ints, Ints, Floats, Floats]
# Shares of a pipe's water below this are rounding.
SLIVER = 1e-12
# Seconds after which water is as old as it gets: a year.
LONG = 3.2e7


@dataclass(frozen=True, eq=False)
class Linear:
    """``matrix`` @ inlet temperatures + ``constant``; entries pipe after pipe, step after step (column-major)."""

    matrix: sp.csr_array
    constant: Floats

    def __call__(self, inlet: Floats) -> Floats:
        """Values (pipes, steps) for inlet temperatures (pipes, steps)."""
        flat = self.matrix @ inlet.ravel(order="F")
        return np.asarray(flat.reshape(self.constant.shape, order="F") + self.constant)


@dataclass(frozen=True, eq=False)
class Water:
    """Pipes (m) and what flows through them: kg, kg/s (m, steps), 1/s, degC around them (m, steps), degC at the start.

    ``initial`` is NaN where a pipe is at the start as it is at the end.
    """

    mass: Floats
    flow: Floats
    rate: Floats
    ambient: Floats
    initial: Floats


@dataclass(frozen=True, eq=False)
class _Line:
    """A window with as many copies of itself before it as the slowest water needs.

    ``cumulated`` (m, steps + 1) is the water that has entered by each instant, ``psi`` (m, steps + 1) water at rest in
    the ground; ``first`` is the first step of the window itself, ``count`` their number.
    """

    water: Water
    seconds: float
    cumulated: Floats
    psi: Floats
    first: int
    count: int


@dataclass(frozen=True, eq=False)
class _Parts:
    """Water from mass ``low`` to ``high`` that entered ``pipe`` in step ``entered`` and counts for ``step``."""

    pipe: Ints
    step: Ints
    entered: Ints
    low: Floats
    high: Floats


def steady(water: Water) -> Linear:
    """T_out = Ta + (T_in - Ta) exp(-a mass / flow): water passes within its step, or rests in the ground."""
    resting = np.full_like(water.flow, np.inf)
    seconds = np.divide(water.mass[:, None], water.flow, out=resting, where=water.flow > 0.0)
    kept = np.where(np.isinf(seconds), 0.0, np.exp(-water.rate[:, None] * np.minimum(seconds, LONG)))
    return Linear(sp.csr_array(sp.diags_array(kept.ravel(order="F"))), (1.0 - kept) * water.ambient)


def outlets(water: Water, seconds: float, edges: Ints) -> Linear:
    """Mean outlet temperatures of every step; windows of the market begin at ``edges`` (the last is the end)."""
    return _by_window(water, seconds, edges, _outlet)


def contents(water: Water, seconds: float, edges: Ints) -> Linear:
    """Integral of the temperature over the water in each pipe at the end of every step, kg degC."""
    return _by_window(water, seconds, edges, _content)


def _by_window(water: Water, seconds: float, edges: Ints, rule: Callable[[_Line], Triplets]) -> Linear:
    pipes, steps = water.flow.shape
    matrix, constant = sp.csr_array((pipes * steps, pipes * steps)), np.zeros((pipes, steps))
    for begin, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        line = _line(_between(water, begin, end), seconds)
        rows, columns, values, constant[:, begin:end] = rule(line)
        shift = begin * pipes
        matrix = matrix + sp.csr_array((values, (rows + shift, columns + shift)), shape=matrix.shape)
    return Linear(sp.csr_array(matrix), constant)


def _between(water: Water, begin: int, end: int) -> Water:
    return Water(water.mass, water.flow[:, begin:end], water.rate, water.ambient[:, begin:end], water.initial)


def _line(water: Water, seconds: float) -> _Line:
    passed = water.flow.sum(axis=1) * seconds
    copies = int(np.ceil((water.mass / passed).max(initial=0.0)))
    count = water.flow.shape[1]
    flow, ambient = (np.tile(values, (1, copies + 1)) for values in (water.flow, water.ambient))
    cumulated = np.pad(np.cumsum(flow * seconds, axis=1), ((0, 0), (1, 0)))
    every = Water(water.mass, flow, water.rate, ambient, water.initial)
    return _Line(every, seconds, cumulated, _at_rest(ambient, water.rate, seconds), copies * count, count)


def _at_rest(ambient: Floats, rate: Floats, seconds: float) -> Floats:
    """psi at every instant, from the ground's temperature at the first."""
    psi = np.empty((ambient.shape[0], ambient.shape[1] + 1))
    psi[:, 0] = ambient[:, 0] if ambient.size else 0.0
    kept = np.exp(-rate * seconds)
    for step in range(ambient.shape[1]):
        psi[:, step + 1] = ambient[:, step] + (psi[:, step] - ambient[:, step]) * kept
    return psi


def _outlet(line: _Line) -> Triplets:
    """Rows, columns and values of W, and g (m, count)."""
    instants = line.first + np.arange(line.count + 1)
    left = line.cumulated[:, instants] - line.water.mass[:, None]
    parts = _parts(line, left[:, :-1], left[:, 1:])
    k, flow = line.first + parts.step, line.water.flow
    share = (parts.high - parts.low) / (flow[parts.pipe, k] * line.seconds)
    # Seconds since the step of the outlet began at which the two ends of the part leave.
    since = [(x - left[parts.pipe, parts.step]) / flow[parts.pipe, k] for x in (parts.low, parts.high)]
    warm, cold = _cooled(line, parts, k, since)
    return _gathered(line, parts, share, warm, cold)


def _content(line: _Line) -> Triplets:
    """Rows, columns and values of V, and f (m, count)."""
    inside = line.cumulated[:, line.first + 1 + np.arange(line.count)]
    parts = _parts(line, inside - line.water.mass[:, None], inside)
    whole = np.full(parts.pipe.size, line.seconds)
    warm, cold = _cooled(line, parts, line.first + parts.step, [whole, whole])
    return _gathered(line, parts, parts.high - parts.low, warm, cold)


def _parts(line: _Line, low: Floats, high: Floats) -> _Parts:
    """The water between ``low`` and ``high`` (m, count), cut where the step of its entrance changes."""
    from_step, to_step = _entered(line, low), _entered(line, high)
    counts = (to_step - from_step + 1).ravel()
    pipe, step = (np.repeat(place.ravel(), counts) for place in np.indices(low.shape))
    offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    entered = np.minimum(np.repeat(from_step.ravel(), counts) + offset, line.water.flow.shape[1] - 1)
    begin = np.maximum(line.cumulated[pipe, entered], low[pipe, step])
    end = np.minimum(line.cumulated[pipe, entered + 1], high[pipe, step])
    kept = end - begin > SLIVER * line.water.mass[pipe]
    return _Parts(pipe[kept], step[kept], entered[kept], begin[kept], end[kept])


def _entered(line: _Line, masses: Floats) -> Ints:
    """Step in which the water at each cumulated mass entered; a search per pipe."""
    found = [np.searchsorted(c, x, side="right") - 1 for c, x in zip(line.cumulated, masses, strict=True)]
    last = line.water.flow.shape[1] - 1
    return np.clip(np.asarray(found, dtype=np.int64).reshape(masses.shape), 0, last)


def _cooled(line: _Line, parts: _Parts, k: Ints, since: list[Floats]) -> tuple[Floats, Floats]:
    """Share of the inlet temperature that is left, and what the ground adds: means over each part of the water.

    ``since`` are the seconds since the beginning of step ``k`` at which its two ends are looked at.
    """
    pipe, j = parts.pipe, parts.entered
    rate, ambient, seconds = line.water.rate[pipe], line.water.ambient, line.seconds
    entrance = [(x - line.cumulated[pipe, j]) / line.water.flow[pipe, j] for x in (parts.low, parts.high)]
    back = (k - j) * seconds
    left = _mean_decay(rate, *(back + out - into for out, into in zip(since, entrance, strict=True)))
    at_rest = _mean_decay(rate, *(back + out for out in since))
    ground, around = ambient[pipe, j], ambient[pipe, k]
    now = around + (line.psi[pipe, k] - around) * _mean_decay(rate, *since)
    cold = now - ground * left - (line.psi[pipe, j] - ground) * at_rest
    given = ~np.isnan(line.water.initial[pipe]) & (j < line.first)
    start = line.psi[pipe, np.full_like(j, line.first)]
    age = (k - line.first) * seconds
    kept = _mean_decay(rate, *(age + out for out in since))
    cold[given] = (now + (line.water.initial[pipe] - start) * kept)[given]
    return np.where(given, 0.0, left), cold


def _mean_decay(rate: Floats, first: Floats, last: Floats) -> Floats:
    """Mean of exp(-rate t) for t between ``first`` and ``last``."""
    half = 0.5 * rate * (last - first)
    small = np.abs(half) < 1e-4
    safe = np.where(small, 1.0, half)
    spread = np.where(small, 1.0 + half**2 / 6.0, np.sinh(safe) / safe)
    return np.asarray(np.exp(-0.5 * rate * (first + last)) * spread)


def _gathered(line: _Line, parts: _Parts, size: Floats, warm: Floats, cold: Floats) -> Triplets:
    """Triplets over the window's own steps, copies before it counting as the window itself; and constants."""
    pipes = line.water.mass.size
    constant = np.zeros((pipes, line.count))
    np.add.at(constant, (parts.pipe, parts.step), size * cold)
    rows, columns = parts.pipe + pipes * parts.step, parts.pipe + pipes * (parts.entered % line.count)
    used = warm != 0.0
    return rows[used], columns[used], (size * warm)[used], constant
