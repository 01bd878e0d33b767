"""The methods agree on small games; ramps and shared hours go to kkt, whose answer is the best of a grid."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest

import gridpact as gp
from gridpact.case.case import Case
from gridpact.errors import InputError
from gridpact.markets.game.equilibrium import Asked, Equilibrium, equilibrium
from gridpact.markets.game.leader import Game
from gridpact.programs.follower.response import response, with_multipliers
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
