"""An owner that keeps houses warm: all designs counted out, days against the market with them built, and the judges."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from gridpact.errors import InfeasibleError, InputError
from gridpact.markets.trade.central import central
from gridpact.markets.trade.market import trade_market
from gridpact.planning.together.at_once import at_once
from gridpact.planning.together.joint import Joint
from gridpact.planning.together.search import searched
from gridpact.together.study import plan_together
from tests.certificates.spoil import with_cells
from tests.certificates.together.made import failed
from tests.planning.together.conftest import alone_of, game_of, joint_case
from tests.planning.together.warm_owner import warm_owner

# Of a unit, MW; the boiler that is there has 0.1.
MOST_HEAT = {"burner": 0.5, "engine": 0.375, "immersion": 0.25}


@pytest.fixture(scope="module")
def joint() -> Joint:
    return joint_case(warm_owner())


def test_every_scheme_finds_the_best_of_all_designs(joint: Joint) -> None:
    game, most = game_of(joint), joint.problem.candidates.most.astype(int)
    every = [np.array(units, dtype=np.float64) for units in product(*(range(count + 1) for count in most))]
    costs = np.array([game.cost(units) for units in every])
    assert len(every) == 48
    heat = 0.1 + np.array(
        [units @ [MOST_HEAT.get(name, 0.0) for name in joint.problem.candidates.names] for units in every]
    )
    assert (np.isinf(costs) == (heat < 0.4)).all()  # the houses take 0.4 MW at all hours: there is nothing for a tank
    start = joint.problem.point(alone_of(joint).plan)
    for scheme in ("in_turn", "alternating", "benders"):
        found = searched(game_of(joint), start, scheme, 1e-6, 600.0, lambda _: None)
        assert found.cost == pytest.approx(costs.min(), rel=1e-6)
        assert found.lower <= costs.min() * (1.0 + 1e-9)


def test_a_day_costs_what_the_market_costs_with_the_design_built(joint: Joint) -> None:
    game, random = game_of(joint), np.random.default_rng(5)
    for _ in range(6):
        units = random.integers(0, joint.problem.candidates.most + 1).astype(np.float64)
        built = joint.problem.plan(units).built(joint.problem.days.case)
        try:
            cost = central(trade_market(built)).cost
        except InfeasibleError:
            assert np.isinf(game.cost(units))
            continue
        whole = joint.problem.candidates.annual @ units + joint.problem.days.weights[0] * cost
        assert game.cost(units) == pytest.approx(whole, rel=1e-6)


def test_a_joint_plan_with_heat_is_certified() -> None:
    run = plan_together(warm_owner(), typical_days=1, weights="equal", trade="atc")
    assert run.certificate.verdict == "certified"
    built = run.table("investments").set_index("asset")["units"]
    assert built["tank"] == 1 and run.table("alone_investments")["asset"].tolist() == ["mill", "engine"]
    tank = run.table("microgrids_heat_storages")
    assert (np.minimum(tank["charge_mw"], tank["discharge_mw"]) < 1e-9).all()


def test_one_program_is_a_second_opinion() -> None:
    """A solver that knows nothing of owners comes to the same plan, and to the same bound."""
    run = plan_together(warm_owner(), typical_days=1, weights="equal", scheme="benders", reference="scip")
    assert run.certificate.verdict == "certified"
    found = run.table("schemes").set_index("scheme")
    cost, ended = found["cost"], str(found.loc["one program (reference)", "ended"])
    assert cost["one program (reference)"] == pytest.approx(cost["benders"], rel=1e-6)
    bound = float(ended.removeprefix("solved by scip as one program: no plan costs less than "))
    assert bound == pytest.approx(run.summary["objective_lower_bound"], rel=2e-4)
    below = with_cells(run.record, "schemes", "cost", lambda value: 0.99 * value, scheme="one program (reference)")
    assert "joint plan schemes" in failed(below)


def test_a_reference_that_finds_nothing_is_told(joint: Joint) -> None:
    leg = at_once(game_of(joint), joint.problem.point(alone_of(joint).plan), "scip", 1e-9, 0.0)
    assert leg.cost == np.inf
    assert leg.ended.startswith("scip: SCIP found no point in time")


def test_a_solver_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="reference = 'simplex' is not possible"):
        plan_together(warm_owner(), reference="simplex")
