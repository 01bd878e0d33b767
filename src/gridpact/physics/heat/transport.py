"""Water on its way through pipes: how the temperature at the outlet, and the heat inside, follow from the inlet.

Water moves as a plug and cools towards its surroundings. With psi any solution of psi' = -a (psi - Ta),

    T_out(t) - psi(t) = (T_in(t - tau) - psi(t - tau)) exp(-a tau)

Flows, inlet temperatures and Ta are constant within a step. Water that leaves in step k and entered in step j lies
between two cumulated masses x; tau is linear there, so that all means have closed forms:

    mean over step k of T_out = sum over j of W_kj T_in,j + g_k        (Benonysson's node method with exact integrals)
    integral of T over the water inside at the end of step k = sum over j of V_kj T_in,j + f_k

A window is periodic, unless the temperature of the water inside at its start is given. Water that stays for whole
windows keeps its phase: only its warmth fades further.
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
# Shares of the water of a pipe, or of a window, below this are rounding.
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
    """A window after a copy of itself.

    ``cumulated`` (m, 2 count + 1) is the water that has entered by each instant, ``psi`` (m, 2 count + 1) water at
    rest in the ground, periodic as the window. ``rounds`` is how many whole windows water stays inside, ``short`` the
    water that is left without what those bring; water of a given beginning makes no rounds.
    """

    water: Water
    seconds: float
    cumulated: Floats
    psi: Floats
    count: int
    rounds: Floats
    short: Floats

    @property
    def passed(self) -> Floats:
        """Water that passes in a window, (m,)."""
        return self.cumulated[:, self.count]

    @property
    def fade(self) -> Floats:
        """What is left of a difference to the ground after a window, (m,)."""
        return np.asarray(np.exp(-self.water.rate * self.seconds * self.count))

    @property
    def given(self) -> NDArray[np.bool_]:
        return ~np.isnan(self.water.initial)


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
    count = water.flow.shape[1]
    flow, ambient = (np.tile(values, (1, 2)) for values in (water.flow, water.ambient))
    cumulated = np.pad(np.cumsum(flow * seconds, axis=1), ((0, 0), (1, 0)))
    passed, given = cumulated[:, count], ~np.isnan(water.initial)
    rounds = np.where(given, 0.0, np.floor(water.mass / passed))
    short = np.where(given, np.minimum(water.mass, passed), water.mass - rounds * passed)
    psi = np.tile(_at_rest(water.ambient, water.rate, seconds)[:, :-1], (1, 2))
    every = Water(water.mass, flow, water.rate, ambient, water.initial)
    return _Line(every, seconds, cumulated, np.hstack([psi, psi[:, :1]]), count, rounds, short)


def _at_rest(ambient: Floats, rate: Floats, seconds: float) -> Floats:
    """psi at every instant of a window that repeats itself, (m, count + 1)."""
    kept, psi = np.exp(-rate * seconds), np.zeros((ambient.shape[0], ambient.shape[1] + 1))
    for step in range(ambient.shape[1]):
        psi[:, step + 1] = ambient[:, step] + (psi[:, step] - ambient[:, step]) * kept
    lost = -np.expm1(-rate * seconds * ambient.shape[1])
    # Without losses any constant does.
    first = np.divide(psi[:, -1], lost, out=ambient.mean(axis=1), where=lost > 1e-9)
    return np.asarray(psi + first[:, None] * np.exp(-rate[:, None] * seconds * np.arange(ambient.shape[1] + 1)))


def _outlet(line: _Line) -> Triplets:
    """Rows, columns and values of W, and g (m, count)."""
    instants = line.count + np.arange(line.count + 1)
    left = line.cumulated[:, instants] - line.short[:, None]
    parts = _parts(line, left[:, :-1], left[:, 1:])
    k, flow = line.count + parts.step, line.water.flow
    share = (parts.high - parts.low) / (flow[parts.pipe, k] * line.seconds)
    # Seconds since the step of the outlet began at which the two ends of the part leave.
    since = [(x - left[parts.pipe, parts.step]) / flow[parts.pipe, k] for x in (parts.low, parts.high)]
    faded = share * (line.fade**line.rounds)[parts.pipe]
    matrix, constant = _entered_water(line, parts, k, since, faded)
    np.add.at(constant, (parts.pipe, parts.step), share * _ground(line, parts.pipe, k, since))
    return *matrix, constant


def _content(line: _Line) -> Triplets:
    """Rows, columns and values of V, and f (m, count)."""
    inside = line.cumulated[:, line.count + 1 + np.arange(line.count)]
    ends = line.psi[:, 1 + np.arange(line.count)]
    constant = line.water.mass[:, None] * ends
    triplets = []
    for mass, weight in _layers(line):
        parts = _parts(line, inside - mass[:, None], inside)
        whole = np.full(parts.pipe.size, line.seconds)
        size = (parts.high - parts.low) * weight[parts.pipe]
        matrix, more = _entered_water(line, parts, line.count + parts.step, [whole, whole], size)
        triplets.append(matrix)
        constant = constant + more
    rows, columns, values = (np.concatenate(part) for part in zip(*triplets, strict=True))
    return rows, columns, values, constant + _rest_of_the_beginning(line)


def _layers(line: _Line) -> list[tuple[Floats, Floats]]:
    """Water inside as whole windows, older and older ones, and what is left, with what remains of their warmth."""
    lost = -np.expm1(-line.water.rate * line.seconds * line.count)
    older = np.divide(1.0 - line.fade**line.rounds, lost, out=line.rounds.copy(), where=lost > 1e-9)
    older = np.where(line.given, 0.0, older)
    return [(np.where(older > 0.0, line.passed, 0.0), older), (line.short, line.fade**line.rounds)]


def _rest_of_the_beginning(line: _Line) -> Floats:
    """Warmth beyond the ground of water of a given beginning that no window's flow would push out; (m, count)."""
    beyond = np.where(line.given, line.water.mass - line.short, 0.0)
    warmth = np.where(line.given, line.water.initial - line.psi[:, 0], 0.0)
    age = line.seconds * (1.0 + np.arange(line.count))
    return np.asarray((beyond * warmth)[:, None] * np.exp(-line.water.rate[:, None] * age))


def _parts(line: _Line, low: Floats, high: Floats) -> _Parts:
    """The water between ``low`` and ``high`` (m, count), cut where the step of its entrance changes."""
    from_step, to_step = _entered(line, low), _entered(line, high)
    counts = (to_step - from_step + 1).ravel()
    pipe, step = (np.repeat(place.ravel(), counts) for place in np.indices(low.shape))
    offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    entered = np.minimum(np.repeat(from_step.ravel(), counts) + offset, line.water.flow.shape[1] - 1)
    begin = np.maximum(line.cumulated[pipe, entered], low[pipe, step])
    end = np.minimum(line.cumulated[pipe, entered + 1], high[pipe, step])
    kept = end - begin > SLIVER * np.minimum(line.water.mass, line.passed)[pipe]
    return _Parts(pipe[kept], step[kept], entered[kept], begin[kept], end[kept])


def _entered(line: _Line, masses: Floats) -> Ints:
    """Step in which the water at each cumulated mass entered; a search per pipe."""
    found = [np.searchsorted(c, x, side="right") - 1 for c, x in zip(line.cumulated, masses, strict=True)]
    last = line.water.flow.shape[1] - 1
    return np.clip(np.asarray(found, dtype=np.int64).reshape(masses.shape), 0, last)


def _ground(line: _Line, pipe: Ints, k: Ints, since: list[Floats]) -> Floats:
    """Mean of psi between two moments of step ``k``, seconds since it began."""
    around = line.water.ambient[pipe, k]
    return around + (line.psi[pipe, k] - around) * _mean_decay(line.water.rate[pipe], *since)


def _entered_water(
    line: _Line, parts: _Parts, k: Ints, since: list[Floats], size: Floats
) -> tuple[tuple[Ints, Ints, Floats], Floats]:
    """What is left of the inlets' warmth beyond the ground: triplets over the window's steps, and constants.

    ``since`` are the seconds since the beginning of step ``k`` at which the two ends of a part are looked at.
    """
    pipe, j = parts.pipe, parts.entered
    rate, ground, back = line.water.rate[pipe], line.water.ambient[pipe, j], (k - j) * line.seconds
    entrance = [(x - line.cumulated[pipe, j]) / line.water.flow[pipe, j] for x in (parts.low, parts.high)]
    left = _mean_decay(rate, *(back + out - into for out, into in zip(since, entrance, strict=True)))
    at_rest = ground * left + (line.psi[pipe, j] - ground) * _mean_decay(rate, *(back + out for out in since))
    given = line.given[pipe] & (j < line.count)
    age = (k - line.count) * line.seconds
    begun = (line.water.initial[pipe] - line.psi[pipe, 0]) * _mean_decay(rate, *(age + out for out in since))
    constant = np.zeros((line.water.mass.size, line.count))
    np.add.at(constant, (pipe, parts.step), size * np.where(given, begun, -at_rest))
    warm = np.where(given, 0.0, size * left)
    used = warm != 0.0
    rows, columns = pipe + line.water.mass.size * parts.step, pipe + line.water.mass.size * (j % line.count)
    return (rows[used], columns[used], warm[used]), constant


def _mean_decay(rate: Floats, first: Floats, last: Floats) -> Floats:
    """Mean of exp(-rate t) for t between ``first`` and ``last``."""
    half = 0.5 * rate * (last - first)
    small = np.abs(half) < 1e-4
    safe = np.where(small, 1.0, half)
    spread = np.where(small, 1.0 + half**2 / 6.0, np.sinh(safe) / safe)
    return np.asarray(np.exp(-0.5 * rate * (first + last)) * spread)
