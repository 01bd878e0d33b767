"""The methods agree on small games; ramps and shared hours go to kkt, whose answer is the best of a grid."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest

import gridpact as gp
import gridpact.markets.game.equilibrium as equilibrium_module
from gridpact.case.case import Case
from gridpact.errors import InputError, NotConverged
from gridpact.markets.game.equilibrium import Asked, Equilibrium, _beginning, _paid, all_steps, equilibrium
from gridpact.markets.game.leader import Game
from gridpact.programs.follower.response import response, with_multipliers
from gridpact.programs.follower.single_solution import SingleSolution, solve_single_level
from gridpact.results.record import Record
from tests.districts import bus, district, interface, load
from tests.markets.game.small import cost_of, gas, hub, one_bus, played, random_game

GAP = 1e-5
WAYS = {
    "price_steps": Asked("price_steps", GAP),
    "kkt": Asked("kkt", GAP),
    "big_m": Asked("kkt", GAP, complementarity="big_m"),
    "primal_dual": Asked("primal_dual", GAP, segments=8),
}


@cache
def solved(seed: int, steps: int, way: str) -> Equilibrium:
    case, transmission, _, _ = random_game(seed, steps)
    return equilibrium(played(case, transmission), WAYS[way])


def check_agreement(seed: int, steps: int) -> None:
    """Certified intervals have a point in common, and everyone's best is the same."""
    found = {way: solved(seed, steps, way) for way in ("price_steps", "kkt", "big_m")}
    best = found["price_steps"].cost
    scale = max(1.0, abs(best))
    assert max(one.bound for one in found.values()) <= min(one.cost for one in found.values()) + 1e-6 * scale
    for way, one in found.items():
        assert one.cost == pytest.approx(best, abs=1e-4 * scale), way
    assert max(found["big_m"].shares) < 0.999


def check_primal_dual(seed: int, steps: int) -> None:
    """Equal objectives with pieces of products: within its stated error."""
    best, found = solved(seed, steps, "price_steps"), solved(seed, steps, "primal_dual")
    scale = max(1.0, abs(best.cost))
    assert found.bound <= best.cost + 1e-5 * scale
    assert abs(found.cost - best.cost) <= found.error + 1e-4 * scale


def check_fixed_step(seed: int, steps: int) -> None:
    """After the step that was found is fixed and solved again it is the others' cost."""
    case, transmission, _, _ = random_game(seed, steps)
    costs = [
        gp.stackelberg(case, transmission, method=way, designs=False, price_probes=0).record.summary["leader_cost"]
        for way in ("price_steps", "primal_dual")
    ]
    assert costs[1] == pytest.approx(costs[0], abs=1e-4 * max(1.0, abs(costs[0])))


@pytest.mark.parametrize(("seed", "steps"), [(500, 1), (501, 1), (502, 2)])
def test_certified_intervals_overlap(seed: int, steps: int) -> None:
    check_agreement(seed, steps)


@pytest.mark.parametrize(("seed", "steps"), [(500, 1), (501, 1), (502, 2)])
def test_primal_dual_within_its_error(seed: int, steps: int) -> None:
    check_primal_dual(seed, steps)


@pytest.mark.parametrize("seed", [500, 501])
def test_primal_dual_after_its_step_is_fixed(seed: int) -> None:
    check_fixed_step(seed, 1)


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(520, 540))
def test_many_agreements(seed: int) -> None:
    check_agreement(seed, 1 + seed % 2)
    check_primal_dual(seed, 1 + seed % 2)
    check_fixed_step(seed, 1 + seed % 2)


def over_grid(play: Game, grid: np.ndarray) -> tuple[float, np.ndarray]:
    """Least cost of one feeder over a grid of all imports in MW, at the market's prices that are best for it."""
    follower, count = play.transmission.follower(), play.imports.size
    best, where = np.inf, np.zeros(count)
    for imports in product(grid, repeat=count):
        z = np.array(imports) * np.tile(play.feeders, play.case.steps) / play.transmission.base_mva
        price = with_multipliers(follower, response(follower, z), z).price / play.transmission.money
        cost = cost_of(play, imports, price.tolist())
        best, where = (cost, np.array(imports)) if cost < best else (best, where)
    return best, where


def ramped() -> tuple[Case, Case]:
    """The cheap unit may rise by 2 MW an hour only, and stood at nothing: what is drawn early lets it rise later."""
    units = [
        {"generator": "slow", "bus": "hub", "max_p_mw": 8.0, "cost_per_mwh": 10.0, "slack": True},
        {"generator": "fast", "bus": "hub", "max_p_mw": 20.0, "cost_per_mwh": 50.0},
    ]
    units[0] |= {"ramp_up_mw_per_h": 2.0, "ramp_down_mw_per_h": 2.0}
    case = one_bus(3.0, generators=gas(30.0, 2.0), steps=2)
    return case, hub((), [2.0, 4.0], generators=units)


def shared() -> tuple[Case, Case]:
    """One leader with two networks of one bus each, both hanging on the hub."""
    parts: dict[str, Any] = {
        "buses": [bus("1"), bus("2")],
        "interfaces": [interface(), {**interface(), "interface": "other", "bus": "2"}],
        "loads": [load("1", 3.0), load("2", 3.0)],
        "generators": [*gas(30.0, 2.0), {**gas(35.0, 2.0)[0], "generator": "gas2", "bus": "2"}],
    }
    connections = [
        {"connection": name, "bus": "hub", "interface": at, "feeders": 1.0, "district": "d"}
        for name, at in (("c", "grid"), ("e", "other"))
    ]
    return district(**parts), hub(((5.0, 10.0), (10.0, 50.0)), [1.0], connections=connections)


@pytest.mark.parametrize(("cases", "grid"), [(ramped, np.linspace(1.0, 3.0, 9)), (shared, np.linspace(1.0, 3.0, 9))])
def test_tied_powers_go_to_kkt(cases: Any, grid: np.ndarray) -> None:
    case, transmission = cases()
    play = played(case, transmission)
    found = equilibrium(play, Asked(gap=1e-6, time_limit=60.0))
    assert found.method == "kkt"
    assert found.steps is None
    assert "ramps or several connections" in found.why
    best, _ = over_grid(play, grid)
    assert found.cost == pytest.approx(best, rel=1e-4)
    assert found.bound <= best + 1e-4 * abs(best)


@pytest.mark.parametrize("cases", [ramped, shared])
def test_tied_powers_as_a_study(cases: Any) -> None:
    record: Record = gp.stackelberg(*cases(), price_probes=0).record
    failed = [(one["name"], one["value"]) for one in record.certificate["checks"] if not one["passed"]]
    assert record.certificate["verdict"] == "certified", failed


@pytest.mark.parametrize("cases", [ramped, shared])
@pytest.mark.parametrize("method", ["price_steps", "primal_dual"])
def test_tied_powers_are_refused_by_the_others(cases: Any, method: str) -> None:
    with pytest.raises(InputError, match=r"does not serve this case.*Choose"):
        equilibrium(played(*cases()), replace(Asked(), method=method))


def three_ways(case: Case, transmission: Case) -> list[Record]:
    return [
        gp.stackelberg(case, transmission, method=method, designs=False, price_probes=0).record
        for method in ("price_steps", "kkt", "primal_dual")
    ]


def test_an_edge_next_to_nothing_is_none() -> None:
    """Offers below zero and no demand: the market begins at an import of 0, where the steps begin a hair later.

    The district needs 2 MW and has 2 of its own at 20. It takes 1.5 MW at -50, which leaves 0.5 of its own: -75 + 10.
    As a coefficient, that hair once made a row say something else, and -20 was taken as proven.
    """
    for record in three_ways(one_bus(2.0, generators=gas(20.0, 2.0)), hub([(1.5, -50.0), (9.0, -10.0)])):
        assert record.certificate["verdict"] == "certified"
        assert record.summary["leader_cost"] == pytest.approx(-65.0, abs=1e-4)
        assert record.summary["leader_lower_bound"] == pytest.approx(-65.0, abs=1e-2)


def test_a_first_point_whose_price_has_no_end_is_no_obstacle() -> None:
    """In the second hour nobody else is there: exporting, the district would face a market that cannot take less.

    It needs 1 MW in both hours and has 3 of its own at 35; the other demand of 1 MW in the first pays 40. It sells
    that, at 40, and makes 2 MW: 70 - 40, and 35 in the second hour.
    """
    case = one_bus(1.0, generators=gas(35.0, 3.0), steps=2)
    for record in three_ways(case, hub([(10.0, 40.0)], [1.0, 0.0])):
        assert record.certificate["verdict"] == "certified"
        assert record.summary["leader_cost"] == pytest.approx(65.0, abs=1e-3)


def test_what_scip_begins_with_costs_what_it_says_where_prices_rise() -> None:
    """32 + 0.2 z against own power at 45, 60 MW needed: the price at the point is the follower's own answer there."""
    unit = {"generator": "a", "bus": "hub", "max_p_mw": 200.0, "cost_per_mwh": 20.0, "cost_per_mw2h": 0.1}
    rising = hub([(1.0, 1.0)], [60.0], generators=[{**unit, "slack": True}])
    game = played(one_bus(60.0, generators=gas(45.0, 60.0)), rising)
    bilevel = game.bilevel()
    begin = _beginning(game, bilevel, all_steps(game))
    answer = response(bilevel.follower, begin.z)
    assert begin.price == pytest.approx(answer.price, rel=1e-6)
    best = equilibrium(game, Asked("price_steps", 1e-6))
    assert _paid(bilevel, begin) >= best.cost - 1e-6 * abs(best.cost)


def test_a_bound_that_a_known_point_contradicts_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    case, transmission = one_bus(2.0, generators=gas(20.0, 2.0)), hub([(1.5, 5.0), (9.0, 30.0)])

    def too_high(*_: Any) -> SingleSolution:
        return replace(solve_single_level(*_), lower=1e3, upper=1e3)

    monkeypatch.setattr(equilibrium_module, "solve_single_level", too_high)
    with pytest.raises(NotConverged, match=r"nothing costs less than 1000, but .* is possible"):
        equilibrium(played(case, transmission), Asked("kkt"))


def test_no_time_for_a_bound_is_said() -> None:
    case, transmission, _, _ = random_game(500, 2)
    with pytest.raises(NotConverged, match="Raise time_limit"):
        equilibrium(played(case, transmission), Asked("kkt", time_limit=1e-6))


def test_a_district_without_any_choice() -> None:
    """1.5 MW of 2 at 10: probes of the price, 0.01 MW up and down, are answered as well."""
    run = gp.stackelberg(one_bus(1.5), hub([(2.0, 10.0), (3.0, 30.0)]))
    assert run.certificate.verdict == "certified"
    assert run.summary["leader_cost"] == pytest.approx(15.0, abs=1e-6)


def test_imported_networks_play() -> None:
    """The 33-node feeder behind the IEEE 30-bus market as pandapower has it, with quadratic costs.

    Near the end of what the lines carry the price is so steep that no rows can be told to bind: a line all the same.
    The LMP is what the market without a game says at that import.
    """
    networks = pytest.importorskip("pandapower.networks")
    case, network = gp.from_pandapower(networks.case33bw()), gp.from_pandapower(networks.case30())
    row = {"connection": ["c"], "bus": "7", "interface": case.ids("interfaces")[0], "feeders": 2.0}
    network = network.with_rows("connections", row)
    run = gp.stackelberg(case, network, price_probes=0, designs=False)
    assert run.certificate.verdict == "certified"
    taken = run.table("equilibrium").iloc[0]
    alone = network.with_rows("loads", {"load": ["districts"], "bus": "7", "p_mw": taken["boundary_mw"]})
    prices = gp.clear(alone, formulation="dc", price_probes=0).table("electricity_prices").set_index("bus")
    assert prices.loc["7", "price_per_mwh"] == pytest.approx(taken["lmp_per_mwh"], rel=1e-4)
