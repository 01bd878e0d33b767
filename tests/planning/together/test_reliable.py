"""Limits of reliability in a joint plan: against the simulator for every design of the operator, and by brute force."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from gridpact.errors import InfeasibleError
from gridpact.planning.investment.limits import Limits
from gridpact.planning.investment.representative import representatives
from gridpact.planning.reliability.indices import reliability
from gridpact.planning.together.alone import alone
from gridpact.planning.together.deviations import deviations
from gridpact.planning.together.joint import Joint, joint_of
from gridpact.planning.together.search import searched
from gridpact.programs.batch import InProcess
from tests.planning.together.conftest import RATE, alone_of, game_of
from tests.planning.together.reliable import failing_case

Floats = NDArray[np.float64]
# Neither everything nor nothing: hours without supply, of 12.8 as the feeder is and 6.6 with all that may be built.
MOST = 9.0
DEVICES = ["tie-18-33", "recloser-6-7", "recloser-6-26", "sectionaliser-12-13"]


def limited(limits: Limits) -> Joint:
    case = failing_case()
    return joint_of(representatives(case, 1, "energy_medoid"), RATE, limits, case)


@pytest.fixture(scope="module")
def joint() -> Joint:
    return limited(Limits(saidi_h=MOST))


def hours(joint: Joint, units: Floats) -> float:
    """SAIDI of the case with a design, every fault followed."""
    case = joint.problem.plan(units).built(failing_case())
    return float(reliability(case)["reliability_system"]["saidi_h"].iloc[0])


def designs(joint: Joint, names: list[str]) -> Iterator[Floats]:
    """All designs of some candidates, none of the others."""
    of = [joint.problem.candidates.names.index(name) for name in names]
    for built in product((0.0, 1.0), repeat=len(of)):
        units = np.zeros(joint.problem.candidates.count)
        units[of] = built
        yield units


@pytest.fixture(scope="module")
def devices(joint: Joint) -> dict[bytes, bool]:
    """Whether each design of the operator keeps the limit."""
    return {units.tobytes(): hours(joint, units) <= MOST for units in designs(joint, DEVICES)}


def test_a_plan_is_one_where_every_fault_followed_keeps_the_limit(joint: Joint, devices: dict[bytes, bool]) -> None:
    game = game_of(joint)
    assert 0 < sum(devices.values()) < len(devices)
    for design, keeps in devices.items():
        assert (game.point(np.frombuffer(design)) is not None) == keeps


def test_every_scheme_finds_the_best_of_the_plans_that_keep_the_limit(joint: Joint, devices: dict[bytes, bool]) -> None:
    """Devices change no operation: the best of all other designs, with the cheapest of those that keep the limit."""
    own, free = alone_of(joint), game_of(limited(Limits()))
    others = [name for name in joint.problem.candidates.names if name not in DEVICES]
    annual = joint.problem.candidates.annual
    least = min(float(annual @ np.frombuffer(design)) for design, keeps in devices.items() if keeps)
    best = least + min(free.cost(units) for units in designs(joint, others))
    start = joint.problem.point(own.plan)
    for scheme in ("in_turn", "alternating", "benders"):
        game = game_of(joint)
        found = searched(game, start, scheme, 1e-6, 600.0, lambda _: None)
        assert found.cost == pytest.approx(best, rel=1e-6)
        assert found.lower <= best * (1.0 + 1e-9)
        assert devices[np.where(np.isin(joint.problem.candidates.names, DEVICES), found.units, 0.0).tobytes()]
        assert (deviations(game, found.units).surplus <= 1e-6 * found.cost).all()


def test_the_operator_alone_keeps_the_limit_with_what_microgrids_build(joint: Joint) -> None:
    own = alone_of(joint)
    assert hours(joint, joint.problem.point(own.plan)) <= MOST
    free = alone_of(limited(Limits()))
    assert own.costs[-1] > free.costs[-1]
    assert own.costs[:-1] == pytest.approx(free.costs[:-1], rel=1e-9)


def test_a_start_that_keeps_no_limit_is_left(joint: Joint, devices: dict[bytes, bool]) -> None:
    """Where the operator's cost alone is given, nothing is built at first; the search finds a plan all the same."""
    start = np.zeros(joint.problem.candidates.count)
    for scheme in ("in_turn", "benders"):
        game = game_of(joint)
        found = searched(game, start, scheme, 1e-6, 600.0, lambda _: None)
        assert found.moves[0].cost == np.inf
        assert np.isfinite(found.cost) and hours(joint, found.units) <= MOST
        assert len(game.progress(found.lower).designs) < len(game.known)


def test_a_limit_that_nobody_can_keep_is_named() -> None:
    with pytest.raises(InfeasibleError, match=r"the operator has no plan.*saidi_limit_h = 5 cannot be met"):
        alone(limited(Limits(saidi_h=5.0)).problem, InProcess(), 1e-6, RATE)
