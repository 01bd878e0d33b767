"""What heat adds to the time of a clearing: districts of the benchmark, joint clearing against electricity alone."""

from __future__ import annotations

from dataclasses import replace
from statistics import median
from time import perf_counter

import numpy as np
import pandas as pd

from gridpact import examples
from gridpact.case.case import Case
from gridpact.examples.synthetic_heat import synthetic_district
from gridpact.io.folder import read_case
from gridpact.markets.cleared import Cleared
from gridpact.markets.exactness import made_exact
from gridpact.markets.market_program import market_network
from gridpact.markets.pool import clear_pool
from gridpact.markets.structures import power_as_it_is
from gridpact.programs.solve import solve
from gridpact.programs.standard_form import compile_program


def district_day() -> Case:
    return read_case(examples.path("ieee33-dhn32") / "case")


def large_district() -> Case:
    return synthetic_district(1_000)


def district_week() -> Case:
    """The day of barry-island seven times, in quarters of an hour."""
    day = read_case(examples.path("barry-island") / "case")
    long = replace(day, steps=672, step_minutes=15.0, profiles=day.profiles.iloc[:0])
    hour = (np.arange(672) // 4) % day.steps
    profiles = pd.DataFrame(day.profiles.to_numpy()[hour], index=long.snapshots, columns=day.profiles.columns)
    return replace(long, profiles=profiles).marked_validated()


def joint_over_electricity(repeat: int) -> dict[str, float]:
    """Joint clearing of the district's day over clearing its electricity alone, the couplers' power as it is."""
    case = district_day()
    runs = [_pair(case) for _ in range(repeat + 1)][1:]
    name = "33 buses, 32 heat nodes x 24 steps"
    return {
        f"joint clearing of {name}, s": median(joint for joint, _ in runs),
        "joint clearing over electricity alone": median(joint / alone for joint, alone in runs),
    }


def _pair(case: Case) -> tuple[float, float]:
    """Seconds of the joint clearing, and of the electricity market around what the couplers then do.

    Both from the case: its network is built in either of them.
    """
    start = perf_counter()
    joint = clear_pool(case)
    middle = perf_counter()
    alone = replace(joint, network=market_network(case, joint.formulation))
    form = compile_program(power_as_it_is(alone))
    made_exact(Cleared(case, alone.network, alone.formulation, form, solve(form), heat=alone.heat))
    return middle - start, perf_counter() - middle
