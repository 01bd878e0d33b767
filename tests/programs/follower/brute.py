"""The optimum of small bilevel programs by other ways: all active sets, all price steps, a fine scan."""

from __future__ import annotations

from contextlib import suppress
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from gridpact.errors import InfeasibleError
from gridpact.programs.follower.bilevel import Bilevel
from gridpact.programs.follower.optimality_gap import held_at
from gridpact.programs.solve import solve
from gridpact.programs.standard_form import StandardForm
from tests.programs.follower.posing import form_of

Floats = NDArray[np.float64]
Step = tuple[float, float, float]


def by_active_sets(bilevel: Bilevel) -> float:
    """The least leader's cost over all choices of rows that bind: a linear program for each.

    For followers of inequalities only, payments of no weight, answers of all of y.
    """
    leader, form = bilevel.leader, bilevel.follower.form
    A, G = form.A.toarray(), leader.A.toarray()
    m = bilevel.answers.size
    width, rows = leader.q.size, form.b.size
    # Columns: the leader's own (x and its copy of y), then u.
    own = np.zeros((rows, width))
    own[:, bilevel.theirs] = A[:, bilevel.answers]
    own[:, bilevel.columns] += A[:, bilevel.follower.linking] * bilevel.scale
    best = np.inf
    for binding in product([False, True], repeat=rows):
        held = np.array(binding)
        equal = np.vstack(
            [
                np.hstack([own[held], np.zeros((held.sum(), rows))]),
                np.hstack([np.zeros((m, width)), A[:, bilevel.answers].T]),
            ]
        )
        found = linprog(
            np.concatenate([leader.q, np.zeros(rows)]),
            A_ub=np.hstack([np.vstack([own, G]), np.zeros((rows + leader.b.size, rows))]),
            b_ub=np.concatenate([form.b, leader.b]),
            A_eq=equal,
            b_eq=np.concatenate([form.b[held], -form.q[bilevel.answers]]),
            bounds=[(None, None)] * width + [(0.0, None if active else 0.0) for active in binding],
        )
        best = min(best, found.fun) if found.status == 0 else best
    return float(best)


def steps_of(form: StandardForm, linking: int, low: float, high: float) -> list[Step]:
    """Pieces (from, to, price) of a linear follower with one linking quantity, by meeting tangents."""

    def value(z: float) -> tuple[float, float]:
        equal = np.repeat([kind == "zero" for kind, _ in form.cones], [size for _, size in form.cones])
        A = form.A.toarray()
        bounds = [(None, None)] * form.q.size
        bounds[linking] = (z, z)
        found = linprog(form.q, A_ub=A[~equal], b_ub=form.b[~equal], A_eq=A[equal], b_eq=form.b[equal], bounds=bounds)
        return float(found.fun), float(found.lower.marginals[linking] + found.upper.marginals[linking])

    def between(a: float, fa: float, ga: float, c: float, fc: float, gc: float) -> list[Step]:
        if gc - ga < 1e-7:
            return [(a, c, ga)]
        z = (fa - fc + gc * c - ga * a) / (gc - ga)
        f, g = value(z)
        if f - (fa + ga * (z - a)) < 1e-7:
            return [(a, z, ga), (z, c, gc)]
        return between(a, fa, ga, z, f, g) + between(z, f, g, c, fc, gc)

    return between(low, *value(low), high, *value(high))


def all_steps(bilevel: Bilevel, low: float, high: float) -> list[list[Step]]:
    """The price steps of every linking quantity of a linear follower, the others held at zero."""
    form, linking = bilevel.follower.form, bilevel.follower.linking
    return [steps_of(_others_held(form, linking, k), int(column), low, high) for k, column in enumerate(linking)]


def _others_held(form: StandardForm, linking: NDArray[np.int64], k: int) -> StandardForm:
    others = np.delete(linking, k)
    return held_at(form, others, np.zeros(others.size))


def by_steps(bilevel: Bilevel, steps: list[list[Step]]) -> float:
    """The least leader's cost over all choices of one price step for each linking quantity: a convex program each."""
    best = np.inf
    for chosen in product(*steps):
        with suppress(InfeasibleError):
            best = min(best, solve(_on_steps(bilevel, chosen)).cost)
    return float(best)


def _on_steps(bilevel: Bilevel, chosen: tuple[Step, ...]) -> StandardForm:
    """The leader with its linking quantities on given steps, paying their prices."""
    leader = bilevel.leader
    q, rows, b = leader.q.copy(), [leader.A.toarray()], [leader.b]
    for (low, high, price), column, scale, weight in zip(
        chosen, bilevel.columns, bilevel.scale, bilevel.weights, strict=True
    ):
        q[column] += weight * price * scale
        unit = np.zeros(leader.q.size)
        unit[column] = scale
        rows.append(np.vstack([unit, -unit]))
        b.append(np.array([high, -low]))
    lines = list(zip(np.vstack(rows), np.concatenate(b), strict=True))
    return form_of(q.tolist(), at_most=lines, P=leader.P.toarray())


def by_scan(bilevel: Bilevel, low: float, high: float, points: int = 121, rounds: int = 5) -> float:
    """The least leader's cost over a fine scan of its only linking quantity; price by the follower's own multipliers.

    Further scans around the best of the one before make it finer still.
    """
    best = np.inf
    for turn in range(rounds):
        grid = np.linspace(low, high, points if turn == 0 else 13)
        costs = [_cost_at(bilevel, z) for z in grid]
        place = int(np.argmin(costs))
        best = min(best, costs[place])
        low, high = grid[max(place - 1, 0)], grid[min(place + 1, grid.size - 1)]
    return float(best)


def _cost_at(bilevel: Bilevel, z: float) -> float:
    """The leader's cost at z, infinite where its own limits do not allow it."""
    answer = solve(held_at(bilevel.follower.form, bilevel.follower.linking, np.array([z])))
    price = -float(answer.z[0])
    try:
        own = solve(held_at(bilevel.leader, bilevel.columns, np.array([z / bilevel.scale[0]]))).cost
    except InfeasibleError:
        return np.inf
    return own + float(bilevel.weights[0]) * price * z
