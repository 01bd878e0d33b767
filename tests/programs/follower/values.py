"""Random followers with one linking quantity, their value and price found without the code under test."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from gridpact.errors import InfeasibleError
from gridpact.programs.blocks import blocks
from gridpact.programs.follower.price_steps import PriceSteps, price_steps
from gridpact.programs.follower.relaxation import Priced
from gridpact.programs.follower.value import Value
from gridpact.programs.solve import solve
from gridpact.programs.standard_form import StandardForm
from tests.programs.follower.posing import form_of, market, random_payment

Floats = NDArray[np.float64]


def supply(
    costs: Sequence[float], caps: Sequence[float], squares: Sequence[float] | None = None, demand: float = 0.0
) -> Value:
    """Units that serve a demand and what the leader draws."""
    return Value(market(costs, caps, squares, demand), len(costs))


def random_value(seed: int, squares: bool, whole: bool) -> Value:
    """A follower that has an answer to some z; ``whole`` numbers everywhere, so that much happens at once."""
    random = np.random.default_rng(seed)
    count, rows = int(random.integers(1, 6)), int(random.integers(0, 3))
    unit = np.eye(count + 1)
    A = random.integers(-1, 2, (rows, count)) if whole else random.normal(size=(rows, count))
    B = random.integers(-1, 2, rows) if whole else random.normal(size=rows)
    y, z = random.integers(0, 3, count), int(random.integers(-2, 3))
    most = y + (random.integers(0, 4, count) if whole else random.uniform(0.0, 4.0, count))
    room = random.integers(0, 3, rows) if whole else random.uniform(0.0, 3.0, rows)
    limits = [(np.append(A[k], B[k]), float(A[k] @ y + B[k] * z + room[k])) for k in range(rows)]
    limits += [(unit[k], float(most[k])) for k in range(count)] + [(-unit[k], 0.0) for k in range(count)]
    balance = [(np.append(-np.ones(count), 1.0), float(z - y.sum()))]
    costs = random.integers(-2, 8, count) * 10.0 if whole else random.uniform(-20.0, 80.0, count)
    rising = random.integers(0, 2, count) * (1.0 if whole else random.uniform(0.5, 4.0, count))
    P = np.diag(np.append(rising, 0.0)) if squares else None
    return Value(form_of([*costs, 0.0], equal=balance, at_most=limits, P=P), count)


def phi(form: StandardForm, linking: int, z: float) -> float:
    """Value of a linear follower at z, by another solver call than the one under test; inf where there is none."""
    equal = np.repeat([kind == "zero" for kind, _ in form.cones], [size for _, size in form.cones])
    A, bounds = form.A.toarray(), [(None, None)] * form.q.size
    bounds[linking] = (z, z)  # type: ignore[call-overload]
    found = linprog(form.q, A[~equal], form.b[~equal], A[equal], form.b[equal], bounds, method="highs-ipm")
    return float(found.fun) if found.status == 0 else np.inf


def rise(value: Value, z: float, by: float) -> float:
    """Slope of phi at z by central differences."""
    return (value.at(z + by).value - value.at(z - by).value) / (2.0 * by)


def random_steps(seed: int, count: int, rising: bool) -> PriceSteps:
    """Prices that never fall over pieces on both sides of zero."""
    random = np.random.default_rng(seed)
    edges = np.cumsum(np.append(random.uniform(-8.0, 2.0), random.uniform(0.2, 3.0, count)))
    jumps = np.cumsum(random.uniform(0.0, 10.0, 2 * count)) - 5.0
    first, last = jumps[::2], (jumps[1::2] if rising else jumps[::2])
    return PriceSteps(edges, first, last)


def random_leader(seed: int, hours: int, squares: bool = False) -> Priced:
    """A buyer of several hours with one store of energy, who may sell; weights differ, one of them may be zero."""
    bilevel = random_payment(seed, hours, squares)
    random = np.random.default_rng(seed + 1000)
    weights = bilevel.weights * random.choice([0.0, 0.5, 1.0, 2.0], hours)
    values = [
        Value(part.form, int(np.flatnonzero(np.isin(part.columns, bilevel.follower.linking))[0]))
        for part in blocks(bilevel.follower.form)
    ]
    ends = [(-3.0 * scale, 9.0 * scale) for scale in bilevel.scale]
    steps = [price_steps(value, *end) for value, end in zip(values, ends, strict=True)]
    return Priced(bilevel.leader, bilevel.columns, bilevel.scale, weights, steps)


def cheapest(priced: Priced) -> float:
    """The least cost over all choices of one piece for each quantity, a convex program each; inf where none has one."""
    costs = [_cost_on(priced, pieces) for pieces in product(*(range(steps.count) for steps in priced.steps))]
    return float(min(costs))


def _cost_on(priced: Priced, pieces: tuple[int, ...]) -> float:
    form = priced.form
    q, P = form.q.copy(), form.P.toarray()
    rows, ends = [form.A.toarray()], [form.b]
    for steps, k, column, scale, weight in zip(
        priced.steps, pieces, priced.columns, priced.scale, priced.weights, strict=True
    ):
        rise = steps.slope()[k]
        q[column] += weight * scale * (steps.first[k] - rise * steps.edges[k])
        P[column, column] += 2.0 * weight * rise * scale**2
        unit = np.zeros(q.size)
        unit[column] = scale
        rows.append(np.vstack([unit, -unit]))
        ends.append(np.array([steps.edges[k + 1], -steps.edges[k]]))
    at_most = list(zip(np.vstack(rows), np.concatenate(ends), strict=True))
    try:
        return solve(form_of(q.tolist(), at_most=at_most, P=P)).cost
    except InfeasibleError:
        return np.inf


def cost_at(priced: Priced, z: Floats, payments: bool) -> float:
    """The leader's cost with its quantities held, with or without what it pays for them; inf where it cannot."""
    form, unit = priced.form, np.eye(priced.form.q.size)
    held = [(unit[column] * scale, value) for column, scale, value in zip(priced.columns, priced.scale, z, strict=True)]
    at_most = list(zip(form.A.toarray(), form.b, strict=True))
    try:
        own = solve(form_of(form.q.tolist(), equal=held, at_most=at_most, P=form.P.toarray())).cost
    except InfeasibleError:
        return np.inf
    paid = sum(w * steps.paid(v)[1] for w, steps, v in zip(priced.weights, priced.steps, z, strict=True))
    return own + (paid if payments else 0.0)
