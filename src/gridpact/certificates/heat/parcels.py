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

from collections import deque
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


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


@dataclass(eq=False)
class Trace:
    """Parcels seen leaving (step, first and last of that step's outflow) and inside (at the end of a step).

    ``entered`` is the step in which a parcel entered, counted from the start of the window and negative before;
    ``first`` and ``last`` are its place in the water of that step, kg.
    """

    step: list[int] = field(default_factory=list)
    entered: list[int] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    last: list[float] = field(default_factory=list)
    place: list[float] = field(default_factory=list)

    def add(self, step: int, entered: int, first: float, last: float, place: float = 0.0) -> None:
        self.step.append(step)
        self.entered.append(entered)
        self.first.append(first)
        self.last.append(last)
        self.place.append(place)


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
    leaving, inside = _follow(mass, pushed.tolist(), not np.isnan(initial))
    oldest = min(inside.entered + leaving.entered)
    floor = _Floor(rate * seconds, around, oldest, initial)
    return *_leaving(leaving, pushed, rate * seconds, floor), *_inside(inside, pushed, rate * seconds, floor)


def _follow(mass: float, pushed: list[float], begins_anew: bool) -> tuple[Trace, Trace]:
    """The parcels of a window, pushed through one after the other."""
    queue = deque([(-1, 0.0, mass)]) if begins_anew else _content_before(mass, pushed)
    leaving, inside = Trace(), Trace()
    for step, water in enumerate(pushed):
        if water > 0.0:
            queue.append((step, 0.0, water))
        _let_out(queue, step, water, leaving)
        for parcel in queue:
            inside.add(step, *parcel)
    return leaving, inside


def _content_before(mass: float, pushed: list[float]) -> deque[tuple[int, float, float]]:
    """What is in a pipe when a window begins that repeats itself: the last water of the windows before."""
    queue: deque[tuple[int, float, float]] = deque()
    step, left = -1, mass
    while left > 0.0:
        water = pushed[step % len(pushed)]
        taken = min(water, left)
        queue.appendleft((step, water - taken, water))
        step, left = step - 1, left - taken
    return queue


def _let_out(queue: deque[tuple[int, float, float]], step: int, water: float, leaving: Trace) -> None:
    """Take ``water`` out of the old end."""
    gone = 0.0
    while gone < water and queue:
        entered, first, last = queue.popleft()
        taken = min(last - first, water - gone)
        leaving.add(step, entered, first, first + taken, gone)
        gone += taken
        if first + taken < last:
            queue.appendleft((entered, first + taken, last))


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

    def before(self, step: Ints) -> NDArray[np.bool_]:
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


def _columns(trace: Trace) -> tuple[Ints, Ints, Floats, Floats, Floats]:
    whole = (np.array(numbers, dtype=np.int64) for numbers in (trace.step, trace.entered))
    parts = (np.array(numbers, dtype=np.float64) for numbers in (trace.first, trace.last, trace.place))
    step, entered = whole
    first, last, place = parts
    return step, entered, first, last, place


def _leaving(trace: Trace, pushed: Floats, per_step: float, floor: _Floor) -> tuple[sp.csr_array, Floats]:
    """Mean of what leaves; times are counted in steps."""
    step, entered, first, last, place = _columns(trace)
    width, out, steps = last - first, pushed[step], pushed.size
    into = pushed[entered % steps]
    until = (place / out, (place + width) / out)
    ages = [step + time - entered - spot / into for time, spot in zip(until, (first, last), strict=True)]
    own = floor.before(entered)
    decay = np.where(own, 0.0, _mean_decay(per_step * ages[0], per_step * ages[1]))
    around = floor.around[step]
    # Water that leaves in the step in which it entered still has the surroundings as its floor.
    apart = np.where(entered < step, floor.at(entered, np.maximum(step, entered + 1)) - around, 0.0)
    level = around + apart * _mean_decay(per_step * until[0], per_step * until[1])
    return _summed(step, entered, width / out, decay, level - floor.surroundings(entered) * decay, own, steps)


def _inside(trace: Trace, pushed: Floats, per_step: float, floor: _Floor) -> tuple[sp.csr_array, Floats]:
    """Temperature times mass inside at the end of each step."""
    step, entered, first, last, _ = _columns(trace)
    into, steps = pushed[entered % pushed.size], pushed.size
    ages = [step + 1 - entered - spot / into for spot in (first, last)]
    own = floor.before(entered)
    decay = np.where(own, 0.0, _mean_decay(per_step * ages[0], per_step * ages[1]))
    level = floor.at(entered, step + 1)
    return _summed(step, entered, last - first, decay, level - floor.surroundings(entered) * decay, own, steps)


def _summed(
    step: Ints, entered: Ints, part: Floats, decay: Floats, rest: Floats, own: NDArray[np.bool_], steps: int
) -> tuple[sp.csr_array, Floats]:
    """Parcels of the same step added up; those that a window begins with depend on no temperature that enters."""
    known = ~own
    entries = (part[known] * decay[known], (step[known], entered[known] % steps))
    return sp.csr_array(entries, shape=(steps, steps)), np.bincount(step, part * rest, steps).astype(np.float64)


def _mean_decay(low: Floats, high: Floats) -> Floats:
    """Mean of e^-u for u that rises (or falls) evenly from ``low`` to ``high``."""
    width = high - low
    safe = np.where(width == 0.0, 1.0, width)
    mean: Floats = np.exp(-low) * np.where(width == 0.0, 1.0, -np.expm1(-safe) / safe)
    return mean
