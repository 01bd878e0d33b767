"""What a follower answers to given linking quantities, and which of its multipliers are prices there.

    y = argmin 1/2 y'Py + q'y   subject to   A y + B z + s = b,   s in K

    multipliers   P y + q + A'u = 0,   u >= 0 on inequalities,   u = 0 where s > 0
    prices        {B'u : u such}

At an edge of a price step several multipliers are right; which of them counts is a rule: the one with the least
``direction``'B'u. With direction z that is the choice of an optimistic leader, who pays B'u z; with -z that of a
pessimistic one; with ones and any further order the prices at which several leaders settle.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.errors import InfeasibleError, NotConverged
from gridpact.programs.blocks import blocks
from gridpact.programs.follower.bilevel import Follower
from gridpact.programs.solve import Solution, solve
from gridpact.programs.standard_form import NO_STATES, StandardForm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# Slack of a row, relative to the largest right-hand side, up to which it counts as binding.
BINDING = 1e-7
FEASIBLE = 1e-9
# How near multipliers come to the prices that are asked of them, relative.
PRICED = 1e-8
NO_END = (
    "Where the leader ends, the follower has nothing left to give: its price has no end there. Let the demand of the "
    "transmission network go unserved at a price (table unserved), or limit the interface a little below what is left."
)


class NoEnd(NotConverged):
    """A price that has no end in the direction that was asked for."""


@dataclass(frozen=True, eq=False)
class Response:
    """The follower's answer to ``z``: all its columns (z among them), slacks, some multipliers, and the prices B'u."""

    z: Floats
    x: Floats
    s: Floats
    u: Floats
    price: Floats
    cost: float


def response(follower: Follower, z: Floats) -> Response:
    """The follower's answer. Raises ``InfeasibleError`` where it has none."""
    held, moved = without_linking(follower, z)
    try:
        solved = solve(held)
    except InfeasibleError as error:
        if error.unbounded:
            raise
        raise InfeasibleError("The follower has no answer to what the leader chose.") from None
    return _restored(follower, z, solved, moved)


def _restored(follower: Follower, z: Floats, solved: Solution, moved: sp.csc_array) -> Response:
    x = np.zeros(follower.form.q.size)
    others = np.ones(x.size, dtype=np.bool_)
    others[follower.linking] = False
    x[others], x[follower.linking] = solved.x, z
    return Response(z, x, solved.s, solved.z, moved.T @ solved.z, solved.cost)


def without_linking(follower: Follower, z: Floats) -> tuple[StandardForm, sp.csc_array]:
    """The follower's program with z held, and the columns B."""
    form = follower.form
    others = np.ones(form.q.size, dtype=np.bool_)
    others[follower.linking] = False
    B = sp.csc_array(form.A[:, follower.linking])
    held = replace(
        form,
        P=sp.csc_array(form.P[others][:, others]),
        q=form.q[others],
        A=sp.csc_array(form.A[:, others]),
        b=form.b - B @ z,
        rows={},
        columns={},
        states=NO_STATES,
    )
    return held, B


def with_multipliers(follower: Follower, answer: Response, direction: Floats) -> Response:
    """The same answer with the optimal multipliers whose ``direction``'B'u is least."""
    u = _on_face(follower, answer, direction)
    B = follower.form.A[:, follower.linking]
    return replace(answer, u=u, price=B.T @ u)


def with_prices(follower: Follower, answer: Response, price: Floats) -> Response:
    """The same answer with optimal multipliers that give these prices; ``NotConverged`` where none do."""
    u = _on_face(follower, answer, np.zeros(price.size), price)
    return replace(answer, u=u, price=follower.form.A[:, follower.linking].T @ u)


def price_range(follower: Follower, answer: Response) -> tuple[Floats, Floats]:
    """Least and greatest price of every linking quantity over all optimal multipliers, each by itself.

    Infinite where there is no end: the follower has nothing left to give, or cannot take less.
    """
    low, high = (sign * _least(follower, answer, sign) for sign in (1.0, -1.0))
    return low, high


def _least(follower: Follower, answer: Response, sign: float) -> Floats:
    """Least ``sign`` x price. Quantities of different blocks do not disturb each other; those of one go one by one."""
    found = np.full(follower.linking.size, -np.inf)
    for members in _apart(follower):
        for group in (members, *members[:, None]):
            missing = group[np.isinf(found[group])]
            if missing.size:
                found[missing] = _least_of(follower, answer, missing, sign)
    return found


def _least_of(follower: Follower, answer: Response, members: Ints, sign: float) -> Floats:
    """The same for some quantities together, -inf where one of them has no end."""
    direction = np.zeros(follower.linking.size)
    direction[members] = sign
    try:
        u = _on_face(follower, answer, direction)
    except NoEnd:
        return np.full(members.size, -np.inf)
    least: Floats = sign * (follower.form.A[:, follower.linking].T @ u)[members]
    return least


def _apart(follower: Follower) -> list[Ints]:
    """Groups of linking quantities of which no two are in one block."""
    order = np.zeros(follower.linking.size, dtype=np.int64)
    for block in blocks(follower.form):
        members = np.flatnonzero(np.isin(follower.linking, block.columns))
        order[members] = np.arange(members.size)
    return [np.flatnonzero(order == turn) for turn in range(int(order.max(initial=-1)) + 1)]


def _on_face(follower: Follower, answer: Response, direction: Floats, price: Floats | None = None) -> Floats:
    """Multipliers with the least direction'B'u among all that are optimal at the answer, with these prices if given.

    Raises ``NoEnd`` where that has no bound: the follower answers with its last reserve.
    """
    import highspy

    form = follower.form
    others = np.ones(form.q.size, dtype=np.bool_)
    others[follower.linking] = False
    equal = np.repeat([kind == "zero" for kind, _ in form.cones], [size for _, size in form.cones])
    binding = equal | (answer.s <= BINDING * (1.0 + np.abs(form.b)))
    rows = np.flatnonzero(binding)
    A = sp.csr_array(form.A)[rows]
    lp = highspy.HighsLp()
    matrix = sp.csc_array(A[:, np.flatnonzero(others)].T)
    # Where the cost is curved its gradient is known as well as the answer is: that of the answer's multipliers fits.
    known = np.where(equal, answer.u, np.maximum(answer.u, 0.0))[rows]
    gradient = -(matrix @ known) if form.P.nnz else form.q[others]
    low = high = -gradient
    if price is not None:
        room = PRICED * (1.0 + np.abs(price))
        matrix = sp.csc_array(sp.vstack([matrix, A[:, follower.linking].T]))
        low, high = np.append(low, price - room), np.append(high, price + room)
    lp.num_row_, lp.num_col_ = matrix.shape
    lp.col_cost_ = A[:, follower.linking] @ direction
    lp.col_lower_ = np.where(equal[rows], -np.inf, 0.0)
    lp.col_upper_ = np.full(rows.size, np.inf)
    lp.row_lower_, lp.row_upper_ = low, high
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    u = np.zeros(form.b.size)
    u[rows] = _solution(lp)
    return u


def _solution(lp: Any) -> Floats:
    import highspy

    highs = highspy.Highs()
    highs.silent()
    highs.setOptionValue("threads", 1)
    highs.setOptionValue("presolve", "off")  # which does not tell infeasible from unbounded
    for option in ("primal_feasibility_tolerance", "dual_feasibility_tolerance"):
        highs.setOptionValue(option, FEASIBLE)
    highs.passModel(lp)
    highs.run()
    if highs.getModelStatus() in (highspy.HighsModelStatus.kUnbounded, highspy.HighsModelStatus.kUnboundedOrInfeasible):
        raise NoEnd(NO_END)
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        status = highs.modelStatusToString(highs.getModelStatus())
        raise NotConverged(f"No multipliers of the follower were found at its answer ({status}).")
    return np.asarray(highs.getSolution().col_value)
