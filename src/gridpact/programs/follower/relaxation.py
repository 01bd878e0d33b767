"""The leader's program over ranges of price steps: every payment replaced by its lower convex envelope.

    minimise    f(x) + sum over k of w_k payment_k
    subject to  x in X,   z = scale x,   slopes_kj z_k + offsets_kj <= payment_k,   low_k <= z_k <= high_k

Lines of an envelope far from z say nothing but cost accuracy, their slopes being many times the usual price: the
program begins with those near a first guess and takes in those that its own solution violates. With fewer lines it is
a relaxation all the same. Every quantity has ``LINES`` rows for them, so that all relaxations have their entries in
the same places and share one compiled program.

At its solution z* with multipliers y of the lines and n of the limits, mu_k = sum over j of y_kj slopes_kj + n_k gives

    f(z) >= f(z*) - sum over k of mu_k (z_k - z*_k)

for every z open to the leader, so that standing on a step of k costs at least the bound + (w_k payment(z_k) -
w_k payment_k* - mu_k (z_k - z*_k)): what steps are out of the question is known without trying them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.programs.conic import Answer, Compiled, raise_unless_solved
from gridpact.programs.elimination import Lean, lean
from gridpact.programs.follower.envelope import Envelope
from gridpact.programs.follower.price_steps import PriceSteps
from gridpact.programs.standard_form import StandardForm, in_order

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
# Lines on either side of the first guess; rounds of taking in others; violation that counts, of the payment.
NEIGHBOURS = 2
LINES = 6
ROUNDS = 8
VIOLATED = 1e-7
# Tolerance of the relaxations: their dual values are bounds of a gap that is thousands of times larger.
BOUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Priced:
    """A leader who pays ``weights x price(z) z`` for quantities z = ``scale`` x its ``columns``, with price steps."""

    form: StandardForm
    columns: Ints
    scale: Floats
    weights: Floats
    steps: Sequence[PriceSteps]

    def quantities(self, x: Floats) -> Floats:
        """z at a point of the leader."""
        z: Floats = self.scale * x[self.columns]
        return z

    def without_states(self, short: Lean) -> Priced:
        """The same leader in fewer columns."""
        place = np.full(self.form.q.size, -1, dtype=np.int64)
        place[short.kept_columns] = np.arange(short.kept_columns.size)
        return replace(self, form=short.form, columns=place[self.columns])


@dataclass(frozen=True, eq=False)
class Relaxed:
    """The solution of a relaxation: a proven ``bound`` of the cost, its quantities, what the lines say they cost.

    ``push`` is mu, in currency per unit of z; ``x`` and ``y`` are the leader's own point and multipliers, states and
    all.
    """

    bound: float
    z: Floats
    payment: Floats
    push: Floats
    x: Floats
    y: Floats


@dataclass(frozen=True, eq=False)
class Lines:
    """The lines of all envelopes one below the other: ``of`` which quantity, slope and offset."""

    of: Ints
    slopes: Floats
    offsets: Floats

    def at(self, z: Floats) -> Floats:
        values: Floats = self.slopes * z[self.of] + self.offsets
        return values


class Relaxation:
    """The relaxations of one leader, compiled once."""

    def __init__(self, priced: Priced) -> None:
        self.whole, self.short = priced, lean(priced.form)
        self.priced = priced.without_states(self.short)
        self._compiled: Compiled | None = None

    def solve(self, parts: Sequence[Envelope], guess: Floats) -> Relaxed | None:
        """The bound over these envelopes, None where the leader has no feasible point in their ranges."""
        lines = _all_lines(parts)
        used = _near(lines, parts, guess)
        for _ in range(ROUNDS):
            form = _form(self.priced, parts, lines, used)
            answer = self._answer(form)
            if answer.status == "infeasible":
                return None
            raise_unless_solved(answer)
            missed = _violated(lines, used, self.priced.quantities(answer.x))
            if not missed.any():
                break
            used = _with(lines, used, missed, self.priced.quantities(answer.x))
        return self._read(parts, _padded(lines, used), form, answer)

    def _answer(self, form: StandardForm) -> Answer:
        """The optimum, its multipliers in the order in which the rows were put together."""
        ordered, order = in_order(form)
        if self._compiled is None or not self._compiled.resembles(ordered):
            self._compiled = Compiled(ordered, tolerance=BOUNDING)
        answer = self._compiled.answer(ordered)
        z = np.empty(order.size)
        z[order] = answer.z
        return replace(answer, z=z)

    def _read(self, parts: Sequence[Envelope], lines: Lines, form: StandardForm, answer: Answer) -> Relaxed:
        """Bound (the dual value), quantities, payments, mu and the leader's own point of a solved relaxation."""
        priced, count = self.priced, len(parts)
        start = priced.form.b.size
        z = priced.quantities(answer.x)
        multipliers = answer.z[start : start + lines.of.size]
        push: Floats = np.bincount(lines.of, multipliers * lines.slopes, minlength=count).astype(np.float64)
        square = np.array([part.square for part in parts])
        push += 2.0 * priced.weights * square * z
        push += answer.z[-2 * count : -count] - answer.z[-count:]
        payment = np.full(count, -np.inf)
        np.maximum.at(payment, lines.of, lines.at(z))
        bound = float(-0.5 * answer.x @ (form.P @ answer.x) - form.b @ answer.z + form.constant)
        q = self.whole.form.q.copy()
        np.add.at(q, self.whole.columns, self.whole.scale * push)
        own = answer.x[: priced.form.q.size]
        x, _, y = self.short.restored(own, np.zeros(start), answer.z[:start], q)
        return Relaxed(bound, z, payment + square * z**2, push, x, y)


def _all_lines(parts: Sequence[Envelope]) -> Lines:
    return Lines(
        np.repeat(np.arange(len(parts)), [part.slopes.size for part in parts]),
        np.concatenate([part.slopes for part in parts]),
        np.concatenate([part.offsets for part in parts]),
    )


def _near(lines: Lines, parts: Sequence[Envelope], guess: Floats) -> Mask:
    """The lines that count at the guess, and their neighbours on either side."""
    used = np.zeros(lines.of.size, dtype=np.bool_)
    begin = 0
    for part, z in zip(parts, guess.tolist(), strict=True):
        active = int(np.argmax(part.slopes * z + part.offsets))
        used[begin + max(0, active - NEIGHBOURS) : begin + min(part.slopes.size, active + NEIGHBOURS + 1)] = True
        begin += part.slopes.size
    return used


def _violated(lines: Lines, used: Mask, z: Floats) -> Mask:
    """The line that exceeds those in use most, and its neighbours, for every quantity where one does."""
    values = lines.at(z)
    count = z.size
    known, full = np.full(count, -np.inf), np.full(count, -np.inf)
    np.maximum.at(known, lines.of[used], values[used])
    np.maximum.at(full, lines.of, values)
    short = full - known > VIOLATED * (1.0 + np.abs(full))
    missed: Mask = short[lines.of] & (values >= full[lines.of] - VIOLATED)
    missed[1:] |= missed[:-1] & (lines.of[1:] == lines.of[:-1])
    return missed & ~used


def _with(lines: Lines, used: Mask, missed: Mask, z: Floats) -> Mask:
    """Lines in use with those that were missed; of a quantity with too many the lowest at z go."""
    wanted = used | missed
    order = np.lexsort((-(lines.at(z) + np.where(missed, np.inf, 0.0)), ~wanted, lines.of))
    rank = np.empty(order.size, dtype=np.int64)
    first = np.searchsorted(lines.of[order], np.arange(int(lines.of[-1]) + 1))
    rank[order] = np.arange(order.size) - first[lines.of[order]]
    return wanted & (rank < LINES)


def _padded(lines: Lines, used: Mask) -> Lines:
    """``LINES`` lines for every quantity: those in use, then the last of them put lower, which says nothing more."""
    of = lines.of[used]
    count = int(of[-1]) + 1
    have = np.bincount(of, minlength=count)
    ends = np.cumsum(have)
    place = np.minimum(np.arange(LINES)[None, :], have[:, None] - 1) + (ends - have)[:, None]
    extra = np.arange(LINES)[None, :] >= have[:, None]
    slopes, offsets = lines.slopes[used][place], lines.offsets[used][place]
    lower = offsets - np.where(extra, 1.0 + np.abs(offsets) + np.abs(slopes), 0.0)
    return Lines(np.repeat(np.arange(count), LINES), slopes.ravel(), lower.ravel())


def _form(priced: Priced, parts: Sequence[Envelope], lines: Lines, used: Mask) -> StandardForm:
    """The leader's program with a column more for every payment, rows for its lines and for the ends of its range."""
    form, own, count = priced.form, priced.columns, len(parts)
    width, chosen = form.q.size, _padded(lines, used)
    squares = np.zeros(width + count)
    np.add.at(squares, own, 2.0 * priced.weights * priced.scale**2 * [part.square for part in parts])
    cuts, limits = _cuts(priced, chosen, width), _limits(priced, width + count)
    P = sp.block_diag([form.P, sp.csr_array((count, count))])
    return replace(
        form,
        P=sp.csc_array(P + sp.diags_array(squares) if squares.any() else P),
        q=np.append(form.q, priced.weights),
        A=sp.csc_array(sp.vstack([sp.hstack([form.A, sp.csr_array((form.b.size, count))]), cuts, limits, -limits])),
        b=np.concatenate([form.b, -chosen.offsets, *_ends(parts)]),
        cones=(*form.cones, ("nonnegative", chosen.of.size + 2 * count)),
        rows={},
        columns={},
    )


def _ends(parts: Sequence[Envelope]) -> tuple[Floats, Floats]:
    """Upper limits and lower ones with their sign changed."""
    return np.array([part.high for part in parts]), -np.array([part.low for part in parts])


def _cuts(priced: Priced, lines: Lines, width: int) -> sp.csr_array:
    """slopes x scale x - payment; entries of slope zero keep their place."""
    of = lines.of
    values = np.column_stack([lines.slopes * priced.scale[of], np.full(of.size, -1.0)]).ravel()
    places = np.column_stack([priced.columns[of], width + of]).ravel()
    pointers = 2 * np.arange(of.size + 1)
    return sp.csr_array((values, places, pointers), shape=(of.size, width + int(of[-1]) + 1))


def _limits(priced: Priced, width: int) -> sp.csr_array:
    """z, (quantities, columns)."""
    own = priced.columns
    return sp.csr_array((priced.scale, (np.arange(own.size), own)), shape=(own.size, width))
