"""Small bilevel programs: by hand, from the public collections, and at random."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from gridpact.programs.follower.bilevel import Bilevel, Follower
from gridpact.programs.standard_form import Cone, StandardForm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
DATA = Path(__file__).parent / "data"


def form_of(
    q: Sequence[float],
    equal: Sequence[tuple[Sequence[float], float]] = (),
    at_most: Sequence[tuple[Sequence[float], float]] = (),
    cones: Sequence[Sequence[tuple[Sequence[float], float]]] = (),
    P: Any = None,
    integers: Sequence[int] = (),
    columns: Mapping[str, Ints] | None = None,
    rows: Mapping[str, Ints] | None = None,
) -> StandardForm:
    """Rows a x = b, rows a x <= b, and cones of rows a x + b: the first is at least the length of the others."""
    lines = [*equal, *at_most, *((-np.asarray(a), b) for cone in cones for a, b in cone)]
    sizes: list[Cone] = [("zero", len(equal)), ("nonnegative", len(at_most))]
    sizes += [("second_order", len(cone)) for cone in cones]
    A = np.array([a for a, _ in lines], dtype=float).reshape(len(lines), len(q))
    return StandardForm(
        P=sp.csc_array(np.zeros((len(q), len(q))) if P is None else np.asarray(P, dtype=float)),
        q=np.asarray(q, dtype=float),
        A=sp.csc_array(A),
        b=np.array([b for _, b in lines], dtype=float),
        constant=0.0,
        cones=tuple(cone for cone in sizes if cone[1]),
        rows=rows or {},
        columns=columns or {},
        integers=np.array(integers, dtype=np.int64),
    )


def ints(*values: int) -> Ints:
    return np.array(values, dtype=np.int64)


def collection(name: str) -> list[dict[str, Any]]:
    problems: list[dict[str, Any]] = json.loads((DATA / name).read_text(encoding="utf-8"))["problems"]
    return problems


def linear_problem(problem: Mapping[str, Any]) -> Bilevel:
    """A problem of linear_bilevel.json: the follower sees all of x; the leader has a copy of y."""
    n, m = problem["n_upper"], problem["n_lower"]
    F, f = problem["upper_objective"], problem["lower_objective"]
    leader = form_of([*F["x"], *F["y"]], at_most=_at_most(problem["upper_constraints_ge0"], "x", "y"))
    follower = form_of([*f["y"], *[0.0] * n], at_most=_at_most(problem["lower_constraints_ge0"], "y", "x"))
    return Bilevel(
        leader,
        Follower(follower, np.arange(m, m + n)),
        columns=np.arange(n),
        scale=np.ones(n),
        weights=np.zeros(n),
        theirs=np.arange(n, n + m),
        answers=np.arange(m),
    )


def _at_most(given: Mapping[str, Any] | None, first: str, second: str) -> list[tuple[list[float], float]]:
    """const + x.coef + y.coef >= 0 as rows a v <= b."""
    if given is None:
        return []
    lines = zip(given["const"], given[first], given[second], strict=True)
    return [([-v for v in [*one, *two]], const) for const, one, two in lines]


def price_bid() -> Bilevel:
    """Leader (u, lambda, g1): minimise -lambda g1 + g1 + 10 lambda - 10; follower (g1, g2, g3, deficit)."""
    caps = (10.0, 15.0, 12.0)
    unit = np.eye(4)
    leader = form_of([0.0, 10.0, 1.0], at_most=[([-1.0, 0.0, 0.0], 0.0)])
    # A demand written as demand - supply = 0 has the price as its multiplier.
    limits = [(unit[k], caps[k]) for k in range(3)] + [(-unit[k], 0.0) for k in range(4)]
    follower = form_of([0.0, 2.0, 1.5, 100.0], equal=[([-1.0] * 4, -26.0)], at_most=limits)
    return Bilevel(
        leader,
        Follower(follower, ints()),
        columns=ints(),
        scale=np.zeros(0),
        weights=np.zeros(0),
        theirs=ints(2),
        answers=ints(0),
        bids=(ints(0), ints(0)),
        multipliers=(ints(1), ints(0)),
        products=(ints(1), ints(2), np.array([-1.0])),
    )


def conic_problem() -> Bilevel:
    """Chi et al. 2014, example 3.1: the cone y1 >= |y2| has two rows."""
    leader = form_of([1.0, 3.0, -3.0], at_most=[([1.0, 0.0, 0.0], 6.0), ([-1.0, 0.0, 0.0], -2.0)])
    rows = [([1.0, -1.0, 1.0], 8.0), ([-4.0, 4.0, -1.0], -8.0), ([2.0, -2.0, 1.0], 12.0)]
    rows += [([-1.0, 0.0, 0.0], 0.0), ([0.0, -1.0, 0.0], 0.0)]
    cone = [([1.0, 0.0, 0.0], 0.0), ([0.0, 1.0, 0.0], 0.0)]
    follower = form_of([-1.0, 1.0, 0.0], at_most=rows, cones=[cone])
    return Bilevel(
        leader, Follower(follower, ints(2)), ints(0), np.ones(1), np.zeros(1), theirs=ints(1, 2), answers=ints(0, 1)
    )


def market(
    costs: Sequence[float], caps: Sequence[float], squares: Sequence[float] | None = None, demand: float = 0.0
) -> StandardForm:
    """Supply (g..., z): minimise costs g + 1/2 squares g^2 subject to z + demand - sum g = 0, 0 <= g <= caps."""
    count = len(costs)
    unit = np.eye(count + 1)
    limits = [(unit[k], cap) for k, cap in enumerate(caps)] + [(-unit[k], 0.0) for k in range(count)]
    P = np.diag([*(squares or [0.0] * count), 0.0])
    balance = [([-1.0] * count + [1.0], -demand)]
    rows = {"balance": ints(0), "most": np.arange(1, count + 1), "least": np.arange(count + 1, 2 * count + 1)}
    columns = {"g": np.arange(count), "z": ints(count)}
    return form_of([*costs, 0.0], equal=balance, at_most=limits, P=P, rows=rows, columns=columns)


def side_by_side(forms: Sequence[StandardForm]) -> tuple[StandardForm, list[int]]:
    """Several programs as one, equalities first, and the first column of each."""
    kinds = np.concatenate([np.repeat([kind for kind, _ in f.cones], [size for _, size in f.cones]) for f in forms])
    order = np.argsort(kinds != "zero", kind="stable")
    A = sp.csr_array(sp.block_diag([form.A for form in forms], format="csr"))[order]
    joint = form_of(np.concatenate([form.q for form in forms]))
    cones = (("zero", int((kinds == "zero").sum())), ("nonnegative", int((kinds != "zero").sum())))
    whole = StandardForm(
        P=sp.csc_array(sp.block_diag([form.P for form in forms], format="csc")),
        q=joint.q,
        A=sp.csc_array(A),
        b=np.concatenate([form.b for form in forms])[order],
        constant=0.0,
        cones=cones,
        rows={},
        columns={},
        integers=joint.integers,
    )
    return whole, np.cumsum([0, *(form.q.size for form in forms)])[:-1].tolist()


def random_payment(seed: int, hours: int, quadratic: bool = False) -> Bilevel:
    """Buyers of several hours: import z, shedding at a price, one store of energy tying the hours together."""
    rng = np.random.default_rng(seed)
    forms = [_random_market(rng, quadratic) for _ in range(hours)]
    follower, starts = side_by_side(forms)
    linking = np.array([start + form.q.size - 1 for start, form in zip(starts, forms, strict=True)])
    need = rng.uniform(-2.0, 8.0, hours)
    unit = np.eye(2 * hours)
    shed_price = rng.uniform(20.0, 60.0, hours)
    # Import z[t] and own supply g[t] at a rising cost; together they give the hours' needs and in all no less.
    rows = [(-unit[t] - unit[hours + t], -(need[t] - 2.0)) for t in range(hours)]
    rows += [(-unit.sum(axis=0), -need.sum())]
    rows += [(unit[t], 9.0) for t in range(hours)] + [(-unit[t], 3.0) for t in range(hours)]
    rows += [(-unit[hours + t], 0.0) for t in range(hours)] + [(unit[hours + t], 9.0) for t in range(hours)]
    squares = np.diag([*[0.0] * hours, *rng.uniform(0.0, 4.0, hours)])
    leader = form_of([*rng.uniform(-1.0, 1.0, hours), *shed_price], at_most=rows, P=squares)
    scale = np.full(hours, float(rng.choice([0.5, 1.0, 2.0])))
    weight = float(rng.choice([0.7, 1.0])) / scale[0]
    return Bilevel(leader, Follower(follower, linking), np.arange(hours), scale, np.full(hours, weight))


def _random_market(rng: np.random.Generator, quadratic: bool) -> StandardForm:
    """Enough supply for z from -6 to 18, with a must-run demand that takes what flows back."""
    count = int(rng.integers(3, 6))
    costs = np.round(rng.uniform(0.0, 80.0, count), 1)
    caps = rng.uniform(2.0, 8.0, count)
    caps[-1] += 20.0
    squares = rng.uniform(0.5, 4.0, count).tolist() if quadratic else None
    return market(costs.tolist(), caps.tolist(), squares, demand=7.0)


def random_linear(seed: int) -> Bilevel:
    """Leader's x in a box sees y; the follower's polytope always holds y = 0. Costs of y on both sides at random."""
    rng = np.random.default_rng(seed)
    n, m, rows = int(rng.integers(1, 3)), int(rng.integers(1, 3)), int(rng.integers(2, 4))
    A, B = rng.normal(size=(rows, m)), rng.normal(size=(rows, n))
    unit = np.eye(m + n)
    limits = [(np.concatenate([A[k], B[k]]), float(np.abs(B[k]).sum() + rng.uniform(0.1, 2.0))) for k in range(rows)]
    limits += [(-unit[k], 0.0) for k in range(m)] + [(np.concatenate([np.ones(m), np.zeros(n)]), 3.0)]
    follower = form_of([*rng.normal(size=m), *[0.0] * n], at_most=limits)
    own = np.eye(n + m)
    box = [(own[k], 1.0) for k in range(n)] + [(-own[k], 1.0) for k in range(n)]
    leader = form_of(rng.normal(size=n + m).tolist(), at_most=box)
    return Bilevel(
        leader,
        Follower(follower, np.arange(m, m + n)),
        np.arange(n),
        np.ones(n),
        np.zeros(n),
        theirs=np.arange(n, n + m),
        answers=np.arange(m),
    )
