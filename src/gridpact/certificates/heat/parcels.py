"""Parcels of water on their way through one pipe.

Each step pushes a parcel into the pipe, and as much water leaves at the other end: the oldest parcels, whole or in
part. A parcel knows the step in which it entered and which part of that step's water it is; so it is known when its
first and its last drop entered, and when they leave. A drop that entered at T_in in a step with surroundings of T_a
has at the age u the temperature

    floor + (T_in - T_a) e^(-a u)

where its floor is T_a until the step ends and then follows the surroundings, each step, as floor <- T_k + (floor - T_k)
e^(-a dt). Means over a parcel are those of exponentials whose exponents rise evenly along it. A window either repeats
itself, so that the pipe begins with the last water that entered before its end, or begins with water of one given
temperature.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


# Windows that water may stay inside and be followed through all of them.
MOST_TURNS = 20


@dataclass(frozen=True, eq=False)
class Passage:
    """What a pipe makes of the temperatures that enter it, all steps of the horizon.

    Mean temperature of what leaves in each step: ``out @ entering + out_rest``. Temperature times mass of what is
    inside at the end of each step: ``held @ entering + held_rest``.
    """

    out: sp.csr_array
    out_rest: Floats
    held: sp.csr_array
    held_rest: Floats


@dataclass(frozen=True, eq=False)
class Trace:
    """Parcels seen leaving in a step, or inside at its end.

    ``entered`` is the step in which a parcel entered, counted from the start of the window and negative before;
    ``first`` and ``last`` are its place in the water of that step, ``place`` that in the outflow, kg.
    """

    step: Ints
    entered: Ints
    first: Floats
    last: Floats
    place: Floats


def passage(
    mass: float, flow: Floats, seconds: float, rate: float, around: Floats, edges: Ints, initial: float
) -> Passage:
    """Follow the water through a pipe.

    ``mass``: kg in the pipe; ``flow`` > 0: kg/s, (steps,); ``seconds``: length of a step; ``rate``: at which water
    cools, 1/s; ``around``: surroundings, (steps,); ``edges``: first step of each window, and the number of steps;
    ``initial``: temperature of the pipe at the start of a window, NaN where windows repeat themselves.
    """
    parts = []
    for begin, end in pairwise(edges.tolist()):
        pushed = seconds * flow[begin:end]
        parts.append(_window(mass, pushed, seconds, rate, around[begin:end], initial))
    if len(parts) == 1:
        return Passage(*parts[0])
    out, held = (sp.csr_array(sp.block_diag([part[k] for part in parts])) for k in (0, 2))
    out_rest, held_rest = (np.concatenate([part[k] for part in parts]) for k in (1, 3))
    return Passage(out, out_rest, held, held_rest)


def steady_passage(flow: Floats, transfer_over_capacity: float, around: Floats) -> Passage:
    """Water that passes within its step, cooling by exp(-transfer / (c m)); a pipe holds nothing.

    Water that stands still is as warm as its surroundings.
    """
    long = np.divide(transfer_over_capacity, flow, out=np.full_like(flow, np.inf), where=flow > 0.0)
    kept = np.exp(-long)
    none = sp.csr_array((flow.size, flow.size))
    return Passage(sp.csr_array(sp.diags_array(kept)), around * (1.0 - kept), none, np.zeros(flow.size))


Part = tuple[sp.csr_array, Floats, sp.csr_array, Floats]


def _window(mass: float, pushed: Floats, seconds: float, rate: float, around: Floats, initial: float) -> Part:
    """One window; water that stays for many of them is followed without its whole turns, which only fade it."""
    total = float(pushed.sum())
    turns = np.floor(mass / total) if np.isnan(initial) else 0.0
    if turns <= MOST_TURNS:
        return _followed(mass, pushed, seconds, rate, around, initial)
    short = max(mass - turns * total, 1e-12 * total)
    part, whole = (_followed(water, pushed, seconds, rate, around, initial) for water in (short, total))
    turn = rate * seconds * pushed.size
    fade, rest = float(np.exp(-turn * turns)), _still(rate * seconds, around)
    layers = turns if turn * turns < 1e-9 else (1.0 - fade) / -np.expm1(-turn)
    still = (turns - layers) * total + (1.0 - fade) * short
    mean = around + (rest[:-1] - around) * _mean_decay(np.zeros(around.size), np.full(around.size, rate * seconds))
    return (
        sp.csr_array(fade * part[0]),
        fade * part[1] + (1.0 - fade) * mean,
        sp.csr_array(layers * whole[2] + fade * part[2]),
        layers * whole[3] + fade * part[3] + still * rest[1:],
    )


def _still(per_step: float, around: Floats) -> Floats:
    """Water at rest in the ground at the edges of the steps of a window that repeats itself, (steps + 1,)."""
    rest = [0.0]
    for outside in around.tolist():
        rest.append(outside + (rest[-1] - outside) * np.exp(-per_step))
    lost = -np.expm1(-per_step * around.size)
    first = rest[-1] / lost if lost > 1e-9 else float(around.mean())
    fading: Floats = np.exp(-per_step * np.arange(around.size + 1))
    return np.array(rest) + first * fading


def _followed(mass: float, pushed: Floats, seconds: float, rate: float, around: Floats, initial: float) -> Part:
    leaving, inside = _follow(mass, pushed.tolist(), not np.isnan(initial))
    oldest = int(min(inside.entered.min(), leaving.entered.min()))
    floor = _Floor(rate * seconds, around, oldest, initial)
    return *_leaving(leaving, pushed, rate * seconds, floor), *_inside(inside, pushed, rate * seconds, floor)


def _follow(mass: float, pushed: list[float], begins_anew: bool) -> tuple[Trace, Trace]:
    """The parcels of a window, pushed through one after the other: what leaves, and what is inside."""
    before = [(-1, 0.0, mass)] if begins_anew else _content_before(mass, pushed)
    queue = _Queue(before + [(step, 0.0, water) for step, water in enumerate(pushed)])
    inside = []
    for step, water in enumerate(pushed):
        queue.let_out(step, water)
        inside.append(queue.content(step, len(before) + step + 1))
    leaving = [np.array(column) for column in zip(*queue.gone, strict=True)]
    kept = [np.concatenate(column) for column in zip(*inside, strict=True)]
    filled = kept[3] > kept[2]
    held = [column[filled] for column in kept] + [np.zeros(np.count_nonzero(filled))]
    return Trace(*leaving), Trace(*held)


def _content_before(mass: float, pushed: list[float]) -> list[tuple[int, float, float]]:
    """What is in a pipe when a window begins that repeats itself: the last water of the windows before."""
    found, step, left = [], -1, mass
    while left > 0.0:
        water = pushed[step % len(pushed)]
        taken = min(water, left)
        found.append((step, water - taken, water))
        step, left = step - 1, left - taken
    return found[::-1]


class _Queue:
    """Parcels in the order in which they enter: those from ``head`` on have not left."""

    def __init__(self, parcels: list[tuple[int, float, float]]) -> None:
        entered, first, last = zip(*parcels, strict=True)
        self.entered, self.last = np.array(entered, dtype=np.int64), np.array(last)
        self.first, self.head = np.array(first), 0
        self.gone: list[tuple[int, int, float, float, float]] = []

    def let_out(self, step: int, water: float) -> None:
        """Take ``water`` out of the old end."""
        out = 0.0
        while out < water and self.head < self.entered.size:
            first, rest = float(self.first[self.head]), float(self.last[self.head] - self.first[self.head])
            taken = min(rest, water - out)
            if taken > 0.0:
                self.gone.append((step, int(self.entered[self.head]), first, first + taken, out))
            self.first[self.head] = first + taken
            self.head += taken == rest
            out += taken

    def content(self, step: int, end: int) -> tuple[Ints, Ints, Floats, Floats]:
        """What is inside when the parcels up to ``end`` have entered."""
        inside = slice(self.head, end)
        return np.full(end - self.head, step), self.entered[inside], self.first[inside].copy(), self.last[inside]


class _Floor:
    """Floors of the parcels at the start of every step.

    Water at rest in the ground is followed from before the oldest parcel entered; every floor approaches it at the
    same rate, beginning with the surroundings of its own step, or with the temperature that a window begins with.
    """

    def __init__(self, per_step: float, around: Floats, oldest: int, initial: float) -> None:
        self.per_step, self.around, self.initial = per_step, around, initial
        self.start, self.steps = min(oldest, 0), around.size
        kept = np.exp(-per_step)
        rest = [float(around[self.start % self.steps])]
        for step in range(self.start, self.steps):
            outside = float(around[step % self.steps])
            rest.append(outside + (rest[-1] - outside) * kept)
        self.rest = np.array(rest)

    def surroundings(self, step: Ints) -> Floats:
        """Around the pipe in a step; 0 for the water that a window begins with, which has its floor alone."""
        around: Floats = np.where(self.before(step), 0.0, self.around[step % self.steps])
        return around

    def before(self, step: Ints) -> Bools:
        """Whether water is that which a window begins with."""
        return (step < 0) & (not np.isnan(self.initial))

    def at(self, entered: Ints, step: Ints) -> Floats:
        """Floor at the start of ``step`` of water that ``entered`` in an earlier one."""
        before = self.before(entered)
        since = np.where(before, 0, entered + 1)
        begun = np.where(before, self.initial, self.surroundings(entered))
        apart = begun - self.rest[since - self.start]
        floor: Floats = self.rest[step - self.start] + apart * np.exp(-self.per_step * (step - since))
        return floor


def _leaving(trace: Trace, pushed: Floats, per_step: float, floor: _Floor) -> tuple[sp.csr_array, Floats]:
    """Mean of what leaves; times are counted in steps."""
    step, entered, width = trace.step, trace.entered, trace.last - trace.first
    out, own, around = pushed[step], floor.before(entered), floor.around[step]
    until = (trace.place / out, (trace.place + width) / out)
    ages = [step + time - since for time, since in zip(until, _entrance(trace, pushed, own), strict=True)]
    decay = np.where(own, 0.0, _mean_decay(per_step * ages[0], per_step * ages[1]))
    # Water that leaves in the step in which it entered still has the surroundings as its floor.
    apart = np.where(entered < step, floor.at(entered, np.maximum(step, entered + 1)) - around, 0.0)
    level = around + apart * _mean_decay(per_step * until[0], per_step * until[1])
    return _summed(trace, width / out, decay, level - floor.surroundings(entered) * decay, own, pushed.size)


def _inside(trace: Trace, pushed: Floats, per_step: float, floor: _Floor) -> tuple[sp.csr_array, Floats]:
    """Temperature times mass inside at the end of each step."""
    step, entered, own = trace.step, trace.entered, floor.before(trace.entered)
    ages = [step + 1 - since for since in _entrance(trace, pushed, own)]
    decay = np.where(own, 0.0, _mean_decay(per_step * ages[0], per_step * ages[1]))
    rest = floor.at(entered, step + 1) - floor.surroundings(entered) * decay
    return _summed(trace, trace.last - trace.first, decay, rest, own, pushed.size)


def _entrance(trace: Trace, pushed: Floats, own: Bools) -> tuple[Floats, Floats]:
    """When the first and the last drop of each parcel entered; of no meaning for those that a window begins with."""
    into = np.where(own, 1.0, pushed[trace.entered % pushed.size])
    return trace.entered + trace.first / into, trace.entered + trace.last / into


def _summed(
    trace: Trace, part: Floats, decay: Floats, rest: Floats, own: Bools, steps: int
) -> tuple[sp.csr_array, Floats]:
    """Parcels of the same step added up; those that a window begins with depend on no temperature that enters."""
    known, step = ~own, trace.step
    entries = (part[known] * decay[known], (step[known], trace.entered[known] % steps))
    return sp.csr_array(entries, shape=(steps, steps)), np.bincount(step, part * rest, steps).astype(np.float64)


def _mean_decay(low: Floats, high: Floats) -> Floats:
    """Mean of e^-u for u that rises (or falls) evenly from ``low`` to ``high``."""
    width = high - low
    safe = np.where(width == 0.0, 1.0, width)
    mean: Floats = np.exp(-low) * np.where(width == 0.0, 1.0, -np.expm1(-safe) / safe)
    return mean
