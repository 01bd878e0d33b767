"""Lower bounds with tight cones: never above a feasible cost, close to brute force, proofs of infeasibility."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from gridpact.programs.affine import Variable
from gridpact.programs.blocks import blocks
from gridpact.programs.dual_bound import dual_bound
from gridpact.programs.nonlinear import local_optimum, multistart, tight_rows
from gridpact.programs.parts import split, steps_of_columns
from gridpact.programs.program import Program, at_most, box, cone, equal
from gridpact.programs.reverse_bound import lower_bound
from gridpact.programs.reverse_cuts import Box, Factors, box_rows, factors, propagated, reverse_cuts
from gridpact.programs.solve import solve
from gridpact.programs.standard_form import StandardForm, compile_program
from tests.hard import Setting, hard_case, settings
from tests.hard_reference import Posed, expected, pose, purchases
from tests.programs.brute import cheapest, sunny

EVERY = {setting.name: setting for setting in settings()}
SAMPLE = [
    "ieee33-00-cap",
    "ieee33-01-negative",
    "ieee33-11-negative",
    "nodes15-00-cap",
    "nodes15-01-negative",
    "synthetic60-01-negative",
    "oberrhein70-00-cap",
]


def posed(name: str) -> Posed:
    return pose(hard_case(EVERY[name]))


def direct(cones: int) -> Factors:
    """Factors that are the variables themselves: y = x."""
    return Factors(sp.csr_array(-sp.eye_array(4 * cones)), np.zeros(4 * cones), 4, cones)


@given(st.integers(0, 10_000))
def test_every_tight_point_of_a_box_satisfies_cuts_and_propagation(seed: int) -> None:
    random = np.random.default_rng(seed)
    u, w = random.uniform(0.5, 1.5, 5), random.normal(0.0, 1.0, (2, 5))
    y = np.vstack([u, (w**2).sum(axis=0) / u, w])
    box = Box(y - random.uniform(0.0, 0.4, y.shape), y + random.uniform(0.0, 0.4, y.shape))
    for each in (box, propagated(box)):
        assert (each.low <= y + 1e-12).all() and (y <= each.high + 1e-12).all()
        G, h = reverse_cuts(direct(5), each)
        assert (G @ y.ravel() <= h + 1e-12).all()
        G, h = box_rows(direct(5), each)
        assert (G @ y.ravel() <= h + 1e-12).all()


def test_cuts_over_a_point_are_the_equality() -> None:
    """Where the box is one tight point, u l can exceed |w|^2 by nothing."""
    y = np.array([[1.0], [0.25], [0.3], [0.4]])
    G, h = reverse_cuts(direct(1), Box(y, y))
    assert G @ y.ravel() == pytest.approx(h, abs=1e-15)
    loose = y + np.array([[0.0], [0.1], [0.0], [0.0]])
    assert (G @ loose.ravel() > h + 0.09).all()


@pytest.mark.parametrize(("price", "limit"), [(60.0, None), (60.0, 1.0), (-30.0, None), (0.5, None)])
def test_two_buses_like_brute_force(price: float, limit: float | None) -> None:
    case = sunny(price, max_import_mw=2.0, **({} if limit is None else {"max_export_mw": limit}))
    problem = pose(case)
    incumbent = multistart(problem.form, problem.tight, 6).best
    bound = lower_bound(problem.form, problem.tight, incumbent.x, target=1e-4)
    best = cheapest(case)
    assert bound.lower <= best + 1e-6  # the grid is never below the optimum
    assert bound.lower == pytest.approx(best, rel=2e-4)


def test_must_take_on_two_buses() -> None:
    """2.5 MW raise the voltage to 1.027: fine. 4 MW are too much for 1.03, whatever the relaxation burns."""
    assert cheapest(sunny(60.0, pv=2.5, curtailable=False)) < np.inf
    assert cheapest(sunny(60.0, pv=4.0, curtailable=False)) == np.inf
    fits, over = (pose(sunny(60.0, pv=pv, curtailable=False)) for pv in (2.5, 4.0))
    assert not lower_bound(fits.form, fits.tight).infeasible
    assert solve(over.form).cost < 0.0  # the relaxation has a point
    bound = lower_bound(over.form, over.tight)
    assert bound.infeasible
    assert bound.lower == np.inf


@pytest.mark.parametrize("name", SAMPLE)
def test_hard_hours_are_closed(name: str) -> None:
    problem, recorded = posed(name), expected()[name]
    best = local_optimum(problem.form, problem.tight)
    starts = multistart(problem.form, problem.tight, 8).best
    incumbent = min(best, starts, key=lambda local: local.cost)
    bound = lower_bound(problem.form, problem.tight, incumbent.x, scale=purchases(problem, incumbent.x))
    assert bound.lower <= recorded["best_cost"] + 1e-6 * (1.0 + abs(recorded["best_cost"]))
    assert bound.upper == pytest.approx(incumbent.cost)
    assert bound.lower > recorded["relaxed_cost"]
    assert not bound.infeasible
    # An incumbent that is not the best leaves its own distance open.
    late = (incumbent.cost - recorded["best_cost"]) / max(abs(incumbent.cost), purchases(problem, incumbent.x))
    assert bound.gap <= 1.05e-3 + max(late, 0.0)


@pytest.mark.parametrize("name", ["ieee33-04-must", "ieee33-09-must", "nodes15-04-must"])
def test_must_take_proven_infeasible(name: str) -> None:
    problem = posed(name)
    assert np.isfinite(solve(problem.form).cost)
    assert lower_bound(problem.form, problem.tight).infeasible


def test_a_poor_incumbent_does_not_raise_the_bound() -> None:
    """With half of the PV thrown away the incumbent is far off; the bound still holds for the best point."""
    problem, recorded = posed("ieee33-00-cap"), expected()["ieee33-00-cap"]
    cost = problem.form.q.copy()
    cost[problem.form.columns["renewable_p"]] += 1e4
    poor = local_optimum(replace(problem.form, q=cost), problem.tight)
    assert problem.form.cost(poor.x) > recorded["best_cost"] + 10.0
    assert lower_bound(problem.form, problem.tight, poor.x).lower <= recorded["best_cost"] + 1e-6


def stored() -> Setting:
    return replace(EVERY["nodes15-07-export"], kind="negative", price=-20.0, cap=1.03, sn_ratio=np.nan)


def test_coupled_hours_fall_into_parts_and_bound_the_day() -> None:
    problem = pose(hard_case(stored()))
    (block,) = blocks(problem.form)
    pieces = split(block.form, problem.tight, steps_of_columns(problem.form)[block.columns])
    assert len(pieces.parts) == 24
    assert sorted(np.concatenate([part.cones for part in pieces.parts])) == list(range(problem.tight.shape[1]))
    # The state of charge couples: one row per hour but the first, whose level before is given.
    assert np.flatnonzero(pieces.of_row < 0).tolist() == problem.form.rows["storages/state"][0, 1:].tolist()
    relaxed = solve(problem.form)
    alone = dual_bound(problem.form, problem.form, pieces, relaxed.x, relaxed.z, 0)
    assert alone.lower == pytest.approx(relaxed.cost - problem.form.constant, rel=1e-5)
    local = local_optimum(problem.form, problem.tight)
    bound = lower_bound(problem.form, problem.tight, local.x, 5e-3, purchases(problem, local.x), branches=2)
    assert relaxed.cost < bound.lower <= local.cost
    assert bound.gap <= 0.1 * (local.cost - relaxed.cost) / purchases(problem, local.x)


def test_whatever_the_multiplier_its_bound_holds() -> None:
    """Noise on the multipliers makes the bound worse, never wrong."""
    problem, random = posed("nodes15-01-negative"), np.random.default_rng(0)
    relaxed = solve(problem.form)
    (block,) = blocks(problem.form)
    pieces = split(block.form, problem.tight, steps_of_columns(problem.form))
    for size in (1e-8, 1e-4, 1.0):
        z = relaxed.z + random.normal(0.0, size * np.abs(relaxed.z).max(), relaxed.z.size)
        x = relaxed.x + random.normal(0.0, size, relaxed.x.size)
        assert dual_bound(problem.form, problem.form, pieces, x, z, 0).lower <= relaxed.cost + 1e-9


def apart() -> StandardForm:
    """Two programs side by side: maximise w on u l = w^2, u = 2, w = 1.5 l, and minimise y on |y| <= 1."""
    w, u, y, t = (Variable((1, 1)) for _ in range(4))
    rows = {
        "tight": cone(u + w * (1.0 / 1.5), [u - w * (1.0 / 1.5), 2.0 * w]),
        "u": equal(u, 2.0),
        "loose": cone(t, [y]),
        "t": equal(t, 1.0),
    }
    return compile_program(Program(y - w, {"w": w, "u": u, "y": y, "t": t}, rows))


def test_a_block_without_tight_cones() -> None:
    """By hand: w = 0 or 2 w * (1.0 / 1.5) = w^2, so that w = 4/3; y = -1 beside it, and the cost is -7/3."""
    form = apart()
    tight = tight_rows(form, ["tight"])
    assert len(blocks(form)) == 2
    local = local_optimum(form, tight)
    assert local.cost == pytest.approx(-7.0 / 3.0, abs=1e-6)
    assert lower_bound(form, tight, local.x).lower == pytest.approx(-7.0 / 3.0, abs=1e-3)


def test_minimum_where_the_relaxation_has_a_lens() -> None:
    """Minimise w / 2 - l with w^2 <= 2 l, l <= 2, w >= -1. Relaxed: l = 2, w = -1, -2.5.

    Tight, l = w^2 / 2: -1 at both ends of -1 <= w <= 2, where the secant w^2 <= w + 2 is exact; one round is enough.
    """
    w, u, l = (Variable((1, 1)) for _ in range(3))
    rows = {
        "tight": cone(u + l, [u - l, 2.0 * w]),
        "u": equal(u, 2.0),
        **box(l, np.zeros((1, 1)), np.full((1, 1), 2.0), ("a", "b", "c")),
        "half": at_most(-1.0 * w, 1.0),
    }
    form = compile_program(Program(0.5 * w - l, {"w": w, "u": u, "l": l}, rows))
    tight = tight_rows(form, ["tight"])
    assert solve(form).cost == pytest.approx(-2.5, abs=1e-6)
    incumbent = np.zeros(form.q.size)
    incumbent[[form.columns[name][0, 0] for name in ("w", "u", "l")]] = 2.0, 2.0, 2.0
    bound = lower_bound(form, tight, incumbent, target=1e-4)
    assert bound.upper == pytest.approx(-1.0)
    assert -1.0 - 1.1e-4 <= bound.lower <= -1.0
    assert (bound.rounds, bound.branches) == (1, 0)


def test_branching_closes_what_rounds_leave_open() -> None:
    """Losses pay and inverters can make them: many local optima."""
    problem = posed("ieee33-06-negative")
    local = local_optimum(problem.form, problem.tight)
    best = expected()["ieee33-06-negative"]["best_cost"]
    without, having = (lower_bound(problem.form, problem.tight, local.x, branches=n) for n in (0, 40))
    assert without.branches == 0 < having.branches
    assert without.gap > 0.02
    assert having.gap <= 1.05e-3 + max(0.0, local.cost - best) / abs(local.cost)
    assert having.lower <= best + 1e-6


def test_tight_relaxations_need_no_work() -> None:
    problem = posed("ieee33-14-must")
    local = local_optimum(problem.form, problem.tight)
    bound = lower_bound(problem.form, problem.tight, local.x)
    assert (bound.rounds, bound.programs) == (0, 0)
    assert bound.gap == pytest.approx(0.0, abs=1e-7)
    assert factors(problem.form, problem.tight).gap(local.x) == pytest.approx(0.0, abs=1e-9)
