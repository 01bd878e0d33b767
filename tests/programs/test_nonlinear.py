"""Local optima with tight cones: against brute force, own algebra and finite differences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gridpact.markets.market_program import market_network
from gridpact.physics.electric import distflow_soc
from gridpact.programs.affine import Variable
from gridpact.programs.conic import clarabel_point
from gridpact.programs.nonlinear import Nonlinear, local_optimum, multistart, tight_rows
from gridpact.programs.nonlinear_kkt import kkt_residual
from gridpact.programs.program import Program, cone, equal
from gridpact.programs.solve import solve
from gridpact.programs.standard_form import StandardForm, compile_program
from tests.hard import Setting, hard_case, settings
from tests.hard_reference import pose, power_flow_error
from tests.programs.brute import cheapest, sunny

SAMPLE = [setting for setting in settings() if setting.steps == 1 and setting.kind in ("cap", "negative")][:8]


def named(name: str) -> Setting:
    return next(setting for setting in settings() if setting.name == name)


@pytest.mark.parametrize("price", [60.0, -30.0, 0.5])
def test_two_buses_like_brute_force(price: float) -> None:
    """PV against the cap; where losses pay, the relaxation claims more than there is."""
    case = sunny(price, max_import_mw=2.0)
    posed = pose(case)
    found = multistart(posed.form, posed.tight, 6, seed=1)
    assert found.best.status == "solved"
    assert found.best.cost == pytest.approx(cheapest(case), abs=2e-4)
    if price < 0.0:
        assert solve(posed.form).cost < found.best.cost - 1.0


@pytest.mark.parametrize("setting", SAMPLE, ids=lambda setting: setting.name)
def test_gradient_of_the_lagrangian_by_own_algebra(setting: Setting) -> None:
    """q + P x + A'z over the linear rows, and mu times the gradient of u l - P^2 - Q^2 from the physics."""
    case = hard_case(setting)
    posed = pose(case)
    form, local = posed.form, local_optimum(posed.form, posed.tight)
    assert local.status == "solved"
    network = market_network(case, distflow_soc)
    at = {name: local.x[columns] for name, columns in form.columns.items()}
    slope = distflow_soc.cone_gradient(network, at)
    mu = local.gradient[:, None]
    others = local.z.copy()
    others[posed.tight] = 0.0
    gradient = form.q + form.P @ local.x + form.A.T @ others
    for name in ("flow_p", "flow_q", "current"):
        gradient[form.columns[name]] += mu * slope[name]
    np.add.at(gradient, form.columns["voltage"][network.branches.from_bus], mu * slope["voltage"])
    assert np.abs(gradient).max() <= 1e-6
    assert local.residual.worst <= 1e-9
    assert power_flow_error(posed, local.x) <= 1e-8


def test_residual_sees_a_spoiled_point() -> None:
    posed = pose(hard_case(SAMPLE[0]))
    local = local_optimum(posed.form, posed.tight)
    row = int(posed.tight[1, 3])
    moved = local.z.copy()
    moved[row] += 1e-3 * (1.0 + np.abs(posed.form.q).max())
    assert kkt_residual(posed.form, posed.tight, local.x, moved).sign > 1e-4
    assert kkt_residual(posed.form, posed.tight, local.x, moved).dual > 1e-4
    relaxed = solve(posed.form)
    assert kkt_residual(posed.form, posed.tight, relaxed.x, relaxed.z).primal > 1e-3
    assert np.isnan(kkt_residual(posed.form, posed.tight, local.x * np.nan, local.z).worst)


@pytest.mark.parametrize("name", ["ieee33-00-cap", "nodes15-01-negative"])
def test_multipliers_are_finite_differences(name: str) -> None:
    """z of a balance is +d(cost)/d(demand): b less the demand's step, solved again from the same point."""
    posed = pose(hard_case(named(name)))
    form, tight = posed.form, posed.tight
    local = local_optimum(form, tight)
    program = Nonlinear(form, tight)
    step = 1e-5
    for balance in ("active_balance", "reactive_balance"):
        for row in form.rows[balance][::5, 0]:
            moved = [form.b.copy() for _ in range(2)]
            moved[0][row] -= step
            moved[1][row] += step
            more, less = (program.solve(replace(form, b=b), local.x) for b in moved)
            assert local.z[row] == pytest.approx((more.cost - less.cost) / (2.0 * step), rel=1e-3, abs=1e-2)


def test_day_by_blocks_is_the_day_at_once() -> None:
    """A day without storage: 24 searches side by side, or one over all hours."""
    posed = pose(hard_case(replace(named("nodes15-07-export"), storage=False)))
    apart = local_optimum(posed.form, posed.tight)
    relaxed = solve(posed.form)
    at_once = Nonlinear(posed.form, posed.tight).solve(posed.form, relaxed.x)
    assert apart.status == at_once.status == "solved"
    assert apart.cost == pytest.approx(at_once.cost, rel=1e-6)
    assert apart.residual.worst <= 1e-9


def test_same_starts_for_the_same_seed() -> None:
    posed = pose(hard_case(named("ieee33-01-negative")))
    first, second = (multistart(posed.form, posed.tight, 4, seed=3) for _ in range(2))
    assert first.best.cost == second.best.cost
    assert (first.starts, first.solved, first.agreed) == (second.starts, second.solved, second.agreed)


def test_must_take_that_no_start_can_place() -> None:
    """Ipopt's word is local: it says infeasible, which proves nothing."""
    posed = pose(hard_case(named("ieee33-04-must")))
    found = multistart(posed.form, posed.tight, 3)
    assert found.solved == 0
    assert found.best.status in ("infeasible", "stopped")


def circle() -> StandardForm:
    """Minimise x + 2 y + z^2 with |(x, y)| <= t, t = 1, z + x = 3."""
    x, y, z, t = (Variable((1, 1)) for _ in range(4))
    rows = {"cone": cone(t, [x, y]), "radius": equal(t, 1.0), "sum": equal(z + x, 3.0)}
    return compile_program(Program(x + 2.0 * y, {"x": x, "y": y, "z": z, "t": t}, rows, {"z": np.ones((1, 1))}))


def test_loose_cones_and_quadratic_costs_like_clarabel() -> None:
    """Without any tight cone the program is convex: Clarabel finds the same point and the same multipliers."""
    form = circle()
    none = np.zeros((3, 0), dtype=np.int64)
    local = local_optimum(form, none, np.array([0.1, 0.1, 2.9, 1.0]))
    _, x, _, z = clarabel_point(form)
    assert local.status == "solved"
    assert local.x == pytest.approx(x, abs=1e-5)
    assert local.z == pytest.approx(z, abs=1e-4)


def test_tight_cone_of_three_rows_by_hand() -> None:
    """u l = w^2 with u = 2, w = l: tight only at l = 0 and l = 2; from either side the nearer one is found."""
    w, u = Variable((1, 1)), Variable((1, 1))
    rows = {"tight": cone(u + w, [u - w, 2.0 * w]), "u": equal(u, 2.0)}
    form = compile_program(Program(-1.0 * w.total(), {"w": w, "u": u}, rows))
    tight = tight_rows(form, ["tight"])
    start = np.array([1.9, 2.0])
    local = local_optimum(form, tight, start)
    assert local.x == pytest.approx([2.0, 2.0], abs=1e-7)
    # -1 + mu d(u l - w^2)/dw = 0 with w = l: d/dw (2 w - w^2) = 2 - 4 = -2, so that mu = -1/2
    assert local.gradient == pytest.approx([-0.5], abs=1e-6)
