"""The leader's program over ranges of price steps: every payment replaced by its lower convex envelope.

    minimise    f(x) + sum over k of w_k payment_k
    subject to  x in X,   z = scale x,   slopes_kj z_k + offsets_kj <= payment_k,   low_k <= z_k <= high_k

Lines of an envelope far from z say nothing but cost accuracy, their slopes being many times the usual price: the
program begins with those near a first guess and takes in those that its own solution violates. With fewer lines it is
a relaxation all the same.

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

from gridpact.errors import InfeasibleError
from gridpact.programs.elimination import lean
from gridpact.programs.follower.envelope import Envelope
from gridpact.programs.follower.price_steps import PriceSteps
from gridpact.programs.solve import Solution, solve
from gridpact.programs.standard_form import StandardForm, in_order

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
# Lines on either side of the first guess; rounds of taking in others; violation that counts, of the payment.
NEIGHBOURS = 2
ROUNDS = 8
VIOLATED = 1e-7


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

    def without_states(self) -> Priced:
        """The same leader in fewer columns."""
        short = lean(self.form)
        place = np.full(self.form.q.size, -1, dtype=np.int64)
        place[short.kept_columns] = np.arange(short.kept_columns.size)
        return replace(self, form=short.form, columns=place[self.columns])


@dataclass(frozen=True, eq=False)
class Relaxed:
    """The solution of a relaxation: a proven ``bound`` of the cost, its quantities, what the lines say they cost.

    ``push`` is mu, in currency per unit of z.
    """

    bound: float
    z: Floats
    payment: Floats
    push: Floats


@dataclass(frozen=True, eq=False)
class Lines:
    """The lines of all envelopes one below the other: ``of`` which quantity, slope and offset."""

    of: Ints
    slopes: Floats
    offsets: Floats

    def at(self, z: Floats) -> Floats:
        values: Floats = self.slopes * z[self.of] + self.offsets
        return values


def relaxed(priced: Priced, parts: Sequence[Envelope], guess: Floats) -> Relaxed | None:
    """The bound over these envelopes, None where the leader has no feasible point in their ranges."""
    lines = Lines(
        np.repeat(np.arange(len(parts)), [part.slopes.size for part in parts]),
        np.concatenate([part.slopes for part in parts]),
        np.concatenate([part.offsets for part in parts]),
    )
    used = _near(lines, parts, guess)
    for _ in range(ROUNDS):
        form = _form(priced, parts, _some(lines, used))
        try:
            solved = _ordered(form)
        except InfeasibleError as error:
            if error.unbounded and not used.all():
                used[:] = True
                continue
            if error.unbounded:
                raise
            return None
        z = priced.quantities(solved.x)
        missed = _violated(lines, used, z)
        if not missed.any():
            break
        used |= missed
    return _read(priced, parts, _some(lines, used), form, solved)


def _ordered(form: StandardForm) -> Solution:
    """The optimum, its multipliers in the order in which the rows were put together."""
    ordered, order = in_order(form)
    solved = solve(ordered)
    z = np.empty(order.size)
    z[order] = solved.z
    return replace(solved, z=z)


def _some(lines: Lines, used: Mask) -> Lines:
    return Lines(lines.of[used], lines.slopes[used], lines.offsets[used])


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


def _form(priced: Priced, parts: Sequence[Envelope], lines: Lines) -> StandardForm:
    """The leader's program with a column more for every payment of several lines; a single line is a plain cost."""
    form, own, count = priced.form, priced.columns, len(parts)
    single = np.bincount(lines.of, minlength=count) == 1
    width, number = form.q.size, form.q.size + np.cumsum(~single) - 1
    extra = int((~single).sum())
    q, squares = np.append(form.q, np.zeros(extra)), np.zeros(width + extra)
    q[number[~single]] = priced.weights[~single]
    alone = single[lines.of]
    np.add.at(q, own[single], (priced.weights * priced.scale)[single] * lines.slopes[alone])
    np.add.at(squares, own, 2.0 * priced.weights * priced.scale**2 * [part.square for part in parts])
    cuts, limits = _cuts(priced, lines, ~alone, number, width + extra), _limits(priced, width + extra)
    return replace(
        form,
        P=sp.csc_array(sp.block_diag([form.P, sp.csr_array((extra, extra))]) + sp.diags_array(squares)),
        q=q,
        A=sp.csc_array(sp.vstack([sp.hstack([form.A, sp.csr_array((form.b.size, extra))]), cuts, limits, -limits])),
        b=np.concatenate([form.b, -lines.offsets[~alone], *_ends(parts)]),
        constant=form.constant + float(priced.weights[single] @ lines.offsets[alone]),
        cones=(*form.cones, ("nonnegative", int((~alone).sum()) + 2 * count)),
        rows={},
        columns={},
    )


def _ends(parts: Sequence[Envelope]) -> tuple[Floats, Floats]:
    """Upper limits and lower ones with their sign changed."""
    return np.array([part.high for part in parts]), -np.array([part.low for part in parts])


def _cuts(priced: Priced, lines: Lines, where: Mask, number: Ints, width: int) -> sp.csr_array:
    """slopes x scale x - payment, for the lines of quantities that have several."""
    of = lines.of[where]
    rows = np.arange(of.size)
    values = np.concatenate([lines.slopes[where] * priced.scale[of], np.full(of.size, -1.0)])
    places = np.concatenate([rows, rows]), np.concatenate([priced.columns[of], number[of]])
    return sp.csr_array((values, places), shape=(of.size, width))


def _limits(priced: Priced, width: int) -> sp.csr_array:
    """z, (quantities, columns)."""
    own = priced.columns
    return sp.csr_array((priced.scale, (np.arange(own.size), own)), shape=(own.size, width))


def _read(priced: Priced, parts: Sequence[Envelope], lines: Lines, form: StandardForm, solved: Solution) -> Relaxed:
    """Bound (the dual value), quantities, payments and mu of a solved relaxation."""
    count = len(parts)
    z = priced.quantities(solved.x)
    single = np.bincount(lines.of, minlength=count) == 1
    alone = single[lines.of]
    multipliers = np.where(alone, priced.weights[lines.of], 0.0)
    start = priced.form.b.size
    multipliers[~alone] = solved.z[start : start + int((~alone).sum())]
    push: Floats = np.bincount(lines.of, multipliers * lines.slopes, minlength=count).astype(np.float64)
    square = np.array([part.square for part in parts])
    push += 2.0 * priced.weights * square * z
    push += solved.z[-2 * count : -count] - solved.z[-count:]
    payment = np.full(count, -np.inf)
    np.maximum.at(payment, lines.of, lines.at(z))
    bound = float(-0.5 * solved.x @ (form.P @ solved.x) - form.b @ solved.z + form.constant)
    return Relaxed(bound, z, payment + square * z**2, push)
