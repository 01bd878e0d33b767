"""Joint plans small enough to try every design: two microgrids on a feeder short of current, one day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.case.validate import require_valid
from gridpact.examples.synthetic_owners import synthetic_owners
from gridpact.planning.investment.pricing import Days, Pricer
from gridpact.planning.investment.representative import representatives
from gridpact.planning.together.alone import Alone, alone
from gridpact.planning.together.game import Game
from gridpact.planning.together.joint import Joint, joint_of
from gridpact.planning.together.upper import OneHand
from gridpact.programs.batch import InProcess

RATE = 0.08
GAP = 1e-7
# Of the cost of batteries: so cheap that they pay together.
CHEAP = 0.4


def small_case(seed: int = 2, microgrids: int = 2, days: int = 1) -> Case:
    """Wind and a battery of one unit for each of the microgrids, and one type of the first line."""
    case = synthetic_owners(microgrids, seed, days, types=1)
    wind = case.tables["renewable_candidates"]
    case = case.with_table("renewable_candidates", wind[wind["kind"] == "wind"].assign(max_units=1.0))
    batteries = case.tables["storage_candidates"]
    cheap = batteries.assign(max_units=1.0, investment=CHEAP * batteries["investment"])
    case = case.with_table("storage_candidates", cheap)
    case = case.with_table("generator_candidates", case.tables["generator_candidates"].iloc[:0])
    there = {f"{table}/{name}/" for table in case.tables for name in case.ids(table)}
    kept = [path for path in case.profiles.columns if any(path.startswith(begin) for begin in there)]
    return require_valid(replace(case, profiles=case.profiles[kept]))


def joint_case(case: Case) -> Joint:
    days = case.steps // 24
    return joint_of(representatives(case, days, "energy_medoid"), RATE)


def game_of(joint: Joint) -> Game:
    pool = InProcess()
    upper = OneHand(Days(Pricer(joint.problem.programs, GAP), pool), joint.days)
    return Game(joint.problem.master, upper, joint.problem.core, joint, pool, GAP)


def alone_of(joint: Joint) -> Alone:
    return alone(joint.problem, InProcess(), 1e-7, RATE)


@pytest.fixture(scope="module")
def joint() -> Joint:
    return joint_case(small_case())


@pytest.fixture(scope="module")
def own(joint: Joint) -> Alone:
    return alone_of(joint)


@pytest.fixture(scope="module")
def start(joint: Joint, own: Alone) -> NDArray[np.float64]:
    return joint.problem.point(own.plan)


@pytest.fixture(scope="module")
def every(joint: Joint) -> dict[bytes, float]:
    """What a year costs with every design there is."""
    return tried(game_of(joint))


def tried(game: Game) -> dict[bytes, float]:
    count = game.joint.problem.candidates.count
    designs = ((np.arange(2**count)[:, None] >> np.arange(count)) & 1).astype(np.float64)
    return {design.tobytes(): game.cost(design) for design in designs}


Fresh = Callable[[], Game]


@pytest.fixture
def fresh(joint: Joint) -> Fresh:
    return lambda: game_of(joint)
