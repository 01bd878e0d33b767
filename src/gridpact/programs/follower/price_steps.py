"""The price of a linking quantity as a function of it, exactly: the slope of phi on every piece.

Of a linear follower phi is convex and piecewise linear. Between two points, the tangents at both meet at some z*: if
phi(z*) lies there, the two are all; else z* splits the interval (recursive tangent intersection: about two linear
programs per piece). Of a quadratic follower the slope itself is piecewise linear. In the midst of an interval the
active rows tell the slope's own slope and how far they stay active; what is left on either side is searched in the
same way.
Source: the former is the sandwich algorithm for convex functions (Burkard, Hamacher and Rote, 1991) made exact; the
latter is parametric programming (Best, "An algorithm for the solution of the parametric quadratic programming
problem", 1996).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.errors import InfeasibleError, NotConverged
from gridpact.programs.follower.value import Point, Value
from gridpact.programs.standard_form import StandardForm

Floats = NDArray[np.float64]
# Of the range of z: pieces shorter than this are none. Of phi: what counts as lying on a tangent.
SHORT = 1e-9
ON_TANGENT = 1e-9
# Of the range of z: how far beyond it pieces are looked for. At its very ends a follower may have no finite multiplier.
BEYOND = 1e-4
# Of a direction: up to this it leaves active rows active.
ON_EDGE = 1e-7
# Of a price: by how much it may miss a line and be one all the same.
STRAIGHT = 1e-6
MOST_PIECES = 10_000
# Pieces after which it is asked whether prices lie on a line where the rows do not tell.
PATIENCE = 100


@dataclass(frozen=True, eq=False)
class PriceSteps:
    """Pieces of the price: piece k holds from ``edges[k]`` to ``edges[k+1]``, from price ``first[k]`` to ``last[k]``.

    On a step both are equal; of a quadratic follower the price rises linearly between them.
    """

    edges: Floats
    first: Floats
    last: Floats

    @property
    def count(self) -> int:
        return self.first.size

    @property
    def middle(self) -> float:
        return 0.5 * float(self.edges[0] + self.edges[-1])

    def slope(self) -> Floats:
        """Rise of the price per unit of z on every piece, zero on steps; (pieces,)."""
        lengths = np.diff(self.edges)
        rise: Floats = np.where(lengths > 0.0, (self.last - self.first) / np.where(lengths > 0.0, lengths, 1.0), 0.0)
        return rise

    def price(self, piece: int, z: float) -> float:
        """The price at z if piece ``piece`` holds there."""
        return float(self.first[piece] + self.slope()[piece] * (z - self.edges[piece]))

    def at(self, z: float) -> tuple[int, int]:
        """The first and the last piece that holds at z, edges belonging to both sides."""
        near = SHORT * (1.0 + self.edges[-1] - self.edges[0])
        low = int(np.searchsorted(self.edges[1:], z - near, side="left"))
        high = int(np.searchsorted(self.edges[:-1], z + near, side="right")) - 1
        return min(low, self.count - 1), max(min(high, self.count - 1), min(low, self.count - 1))

    def paid(self, z: float) -> tuple[int, float]:
        """The piece whose price makes price x z least at z, and that product: the optimistic payment."""
        first, last = self.at(z)
        payments = [self.price(piece, z) * z for piece in range(first, last + 1)]
        best = int(np.argmin(payments))
        return first + best, payments[best]


def price_steps(value: Value, low: float, high: float) -> PriceSteps:
    """All pieces of the price between ``low`` and ``high`` and a little beyond, as far as the follower has an answer.

    A little beyond, since an edge at an end has both its prices, and since the end of a step is a limit of its own.
    Raises ``InfeasibleError`` where it has none in between, ``NotConverged`` where its pieces do not end.
    """
    first, last = value.domain()
    low, high = max(low, first), min(high, last)
    if not low <= high:
        raise InfeasibleError(f"The follower answers from {first:g} to {last:g} only.")
    if not np.isfinite([low, high]).all():
        raise InfeasibleError("Neither leader nor follower bounds the linking quantity: give it a limit.")
    room, inset = BEYOND * (1.0 + high - low), SHORT * (high - low)
    low, high = max(low - room, first + inset), min(high + room, last - inset)
    pieces = (_curved if value.form.P.nnz else _straight)(value, low, high)
    found = np.array(sorted(pieces))
    edges = np.append(found[:, 0], found[-1, 1])
    # The slope of a convex function never falls: where solved prices do, they do so by the solver's accuracy.
    prices = np.maximum.accumulate(found[:, 2:].ravel()).reshape(-1, 2)
    return _joined(PriceSteps(edges, prices[:, 0], prices[:, 1]))


def _straight(value: Value, low: float, high: float) -> Iterator[tuple[float, float, float, float]]:
    """Pieces (from, to, price, price) of a piecewise linear phi."""
    open_intervals, count, short = [(value.at(low), value.at(high))], 0, SHORT * (1.0 + high - low)
    while open_intervals:
        one, two = open_intervals.pop()
        count += 1
        if count > MOST_PIECES:
            raise NotConverged(f"The follower's price has more than {MOST_PIECES} steps.")
        middle = _meeting(one, two) if two.z - one.z > short else None
        if middle is None:
            yield one.z, two.z, two.slope, two.slope
            continue
        between = value.at(middle)
        tangent = one.value + one.slope * (middle - one.z)
        if between.value - tangent <= ON_TANGENT * (1.0 + abs(between.value)):
            yield one.z, middle, one.slope, one.slope
            yield middle, two.z, two.slope, two.slope
        else:
            open_intervals += [(one, between), (between, two)]


def _meeting(one: Point, two: Point) -> float | None:
    """Where the tangents at two points meet, None where they are one line or meet at an end."""
    if two.slope - one.slope <= ON_TANGENT * (1.0 + abs(one.slope) + abs(two.slope)):
        return None
    meeting = (one.value - two.value + two.slope * two.z - one.slope * one.z) / (two.slope - one.slope)
    return float(np.clip(meeting, one.z, two.z))


def _curved(value: Value, low: float, high: float) -> Iterator[tuple[float, float, float, float]]:
    """Pieces (from, to, price, price) of a phi whose slope is piecewise linear."""
    open_intervals, count, short = [(low, high)], 0, SHORT * (1.0 + high - low)
    while open_intervals:
        first, last = open_intervals.pop()
        count += 1
        if count > MOST_PIECES:
            raise NotConverged(f"The follower's price has more than {MOST_PIECES} pieces.")
        point = value.at(0.5 * (first + last))
        price, rise, left, right = _validity(value, point)
        if left == right and count > PATIENCE and (line := _line(value, first, point, last)):
            yield line
            continue
        left, right = max(first, left), min(last, right)
        yield left, right, price + rise * (left - point.z), price + rise * (right - point.z)
        open_intervals += [(a, b) for a, b in ((first, left), (right, last)) if b - a > short]


def _line(value: Value, first: float, middle: Point, last: float) -> tuple[float, float, float, float] | None:
    """The whole interval as one piece if five prices on it lie on a line: rows may be too steep to tell which bind."""
    low, high = value.at(first).slope, value.at(last).slope
    off = abs(middle.slope - 0.5 * (low + high))
    for share in (0.25, 0.75):
        off = max(off, abs(value.at(first + share * (last - first)).slope - (low + share * (high - low))))
    return (first, last, low, high) if off <= STRAIGHT * (1.0 + abs(low) + abs(high)) else None


def _validity(value: Value, point: Point) -> tuple[float, float, float, float]:
    """The price at a point, its slope, and the z between which the rows active there stay so.

    P dy + A_a' du_a = 0 and A_a dy = -B_a for dz = 1; then dlambda = B_a'du_a, and rows change where a slack or a
    multiplier reaches zero. The point itself is first moved to where its active rows hold exactly: solvers know
    slacks and multipliers that both go to zero at an edge no better than to the root of their tolerance.
    """
    form, held = value._moving
    equal = np.repeat([kind == "zero" for kind, _ in form.cones], [size for _, size in form.cones])
    active = equal | (point.u > point.s)
    y, u = np.delete(point.x, value.linking), np.where(active, point.u, 0.0)
    right = form.b - held * point.z
    open_ends = np.column_stack(
        [
            np.append(-(form.q + form.P @ y + form.A.T @ u), (right - form.A @ y)[active]),
            np.append(np.zeros(y.size), -held[active]),
        ]
    )
    moves = _moves(form, active, open_ends)
    if moves is None:
        return point.slope, 0.0, point.z, point.z
    du = np.zeros((u.size, 2))
    du[active] = moves[y.size :]
    y, u = y + moves[: y.size, 0], u + du[:, 0]
    ds = -(form.A @ moves[: y.size, 1] + held)
    level = np.where(active, u, right - form.A @ y)[~equal]
    if level.min(initial=0.0) < -ON_EDGE * (1.0 + np.abs(form.b).max(initial=0.0)):
        return point.slope, 0.0, point.z, point.z
    change = np.where(active, du[:, 1], ds)[~equal]
    return float(held @ u), float(held @ du[:, 1]), *_reach(point.z, np.maximum(level, 0.0), change)


def _moves(form: StandardForm, active: NDArray[np.bool_], right: Floats) -> Floats | None:
    """Changes of columns and active rows' multipliers for each right-hand side, None where there are none.

    There are none where the rows leave no way on: z is where the price jumps.
    """
    A = sp.csr_array(form.A)[active]
    system = sp.vstack([sp.hstack([form.P, A.T]), sp.hstack([A, sp.csr_array((A.shape[0], A.shape[0]))])])
    moves: Floats = np.linalg.lstsq(system.toarray(), right, rcond=None)[0]
    off = np.abs(system @ moves - right).max(axis=0, initial=0.0)
    return moves if (off <= ON_EDGE * (1.0 + np.abs(right).max(axis=0, initial=0.0))).all() else None


def _reach(z: float, level: Floats, change: Floats) -> tuple[float, float]:
    """Between which z all of ``level + change x (z - here)`` stay nonnegative."""
    moving = np.abs(change) > SHORT * (1.0 + np.abs(change).max(initial=0.0))
    steps = -level[moving] / change[moving]
    falling = change[moving] < 0.0
    return z + float(steps[~falling].max(initial=-np.inf)), z + float(steps[falling].min(initial=np.inf))


def _joined(steps: PriceSteps) -> PriceSteps:
    """Pieces of no length left out, neighbours that are one line joined."""
    lengths = np.diff(steps.edges)
    long = lengths > SHORT * (1.0 + steps.edges[-1] - steps.edges[0])
    long[np.argmax(lengths)] = True
    first, last, rise = steps.first[long], steps.last[long], steps.slope()[long]
    begins = steps.edges[:-1][long]
    same = np.abs(first[1:] - last[:-1]) + np.abs(rise[1:] - rise[:-1]) <= ON_TANGENT * (1.0 + np.abs(first[1:]))
    opens, closes = np.append(True, ~same), np.append(~same, True)
    edges = np.append(begins[opens], steps.edges[-1])
    edges[0] = steps.edges[0]
    return PriceSteps(edges, first[opens], last[closes])
