"""Plan an active distribution network: the study of what to build, as a function of its case and settings.

days that stand for the year -> search -> operation -> tables -> certificate
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from gridpact.case.case import Case
from gridpact.errors import InputError, Issue, NotConverged
from gridpact.plan_record import Found, plan_record
from gridpact.run import Run, judged

if TYPE_CHECKING:
    from gridpact.planning.investment.problem import Problem
    from gridpact.programs.benders import Progress

REPRESENTATIONS = ("energy_medoid", "medoid", "centroid")
# Fields of the limits, and the settings that give them.
LIMITS = {
    "budget": "budget",
    "max_penetration": "max_penetration",
    "saidi_h": "saidi_limit_h",
    "saifi": "saifi_limit",
    "eens_mwh": "eens_limit_mwh",
}
# Settings that are numbers: the least, whether it may be that, and what to do.
NUMBERS = {
    "discount_rate": (0.0, True, "Give a share, 0.08 for 8 % in a year."),
    "budget": (0.0, True, "Give the most that may be invested in all, in currency."),
    "max_penetration": (0.0, True, "Give the most renewable energy over demand, 0.5 for half."),
    "saidi_limit_h": (0.0, False, "Give the most hours without supply of a customer in a year."),
    "saifi_limit": (0.0, False, "Give the most interruptions of a customer in a year."),
    "eens_limit_mwh": (0.0, False, "Give the most energy not served in a year, in MWh."),
    "interruption_cost_per_mwh": (0.0, True, "Give a price of energy not served."),
    "carbon_price_per_t": (0.0, True, "Give a price of a tonne of CO2."),
    "gap": (0.0, True, "Give a share of the cost, 0.001 for 0.1 %."),
    "time_limit_s": (0.0, False, "Give seconds."),
}
WHOLE = {"typical_days": (1, 366), "workers": (1, 1000)}
NEAR = 0.02


def plan(
    case: Case | str | Path,
    *,
    typical_days: int = 8,
    representation: str = "energy_medoid",
    extreme_days: bool = True,
    discount_rate: float = 0.08,
    budget: float | None = None,
    max_penetration: float | None = None,
    saidi_limit_h: float | None = None,
    saifi_limit: float | None = None,
    eens_limit_mwh: float | None = None,
    interruption_cost_per_mwh: float = 0.0,
    carbon_price_per_t: float = 0.0,
    gap: float = 1e-3,
    time_limit_s: float = 600.0,
    workers: int = 2,
    progress: bool = False,
) -> Run:
    """Plan what to build: whole units of the candidates of a case, so that a year costs least and all limits hold."""
    from gridpact.case.validate import require_valid
    from gridpact.io.folder import read_case

    started = perf_counter()
    named = locals()
    settings = {name: named[name] for name in SETTINGS if named[name] is not None}
    issues = setting_issues(settings)
    if issues:
        raise InputError(issues)
    valid = require_valid(case) if isinstance(case, Case) else read_case(case)
    problem = _problem(valid, settings)
    found = _searched(problem, settings, progress)
    return Run(judged(plan_record(valid, problem, found, settings, None, started)))


SETTINGS = (*NUMBERS, *WHOLE, "representation", "extreme_days")


def setting_issues(settings: Mapping[str, Any]) -> list[Issue]:
    """What is wrong with the types and ranges of the settings that are there, whatever the caller passed."""
    issues = [
        _not_possible(name, settings, fix)
        for name, (low, allowed, fix) in NUMBERS.items()
        if name in settings and not _in_range(settings[name], low, allowed)
    ]
    issues += [
        _not_possible(name, settings, f"Give a whole number from {low} to {high}.")
        for name, (low, high) in WHOLE.items()
        if name in settings and not (type(settings[name]) is int and low <= settings[name] <= high)
    ]
    if settings.get("representation", REPRESENTATIONS[0]) not in REPRESENTATIONS:
        issues.append(_not_possible("representation", settings, f"Choose one of: {', '.join(REPRESENTATIONS)}."))
    if not isinstance(settings.get("extreme_days", True), bool):
        issues.append(_not_possible("extreme_days", settings, "Give true or false."))
    return issues


def _not_possible(name: str, settings: Mapping[str, Any], fix: str) -> Issue:
    return Issue(f"{name} = {settings[name]!r} is not possible", fix)


def _in_range(value: Any, low: float, allowed: bool) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and np.isfinite(value) and (value > low or (allowed and value == low))


def _problem(case: Case, settings: Mapping[str, Any]) -> Problem:
    """Days and limits of a case with candidates."""
    from gridpact.case.carbon import with_carbon_price
    from gridpact.case.planned import candidate_names
    from gridpact.planning.investment.limits import Limits
    from gridpact.planning.investment.problem import problem_of
    from gridpact.planning.investment.representative import representatives

    if not candidate_names(case):
        fix = "Add rows to renewable_candidates, storage_candidates, line_candidates or their like."
        raise InputError([Issue("there is nothing to plan: the case has no candidates", fix)])
    priced = with_carbon_price(case, settings["carbon_price_per_t"])
    days = representatives(priced, settings["typical_days"], settings["representation"], settings["extreme_days"])
    given = {name: float(settings[key]) for name, key in LIMITS.items() if key in settings}
    limits = Limits(**given, interruption_cost_per_mwh=settings["interruption_cost_per_mwh"])
    return problem_of(priced, days, limits, settings["discount_rate"])


def _searched(problem: Problem, settings: Mapping[str, Any], progress: bool) -> Found:
    """All states of the search, and the days priced near the best design.

    Raises ``NotConverged`` where time was up before any plan was found.
    """
    from gridpact.planning.investment.pricing import Days, Pricer
    from gridpact.planning.investment.search import search
    from gridpact.programs.batch import open_pool

    states: list[Progress] = []
    with open_pool(workers=min(settings["workers"], problem.days.weights.size)) as pool:
        for state in search(problem, pool, settings["gap"], settings["time_limit_s"], None):
            states.append(state)
            _tell(state, progress)
        if not states or states[-1].best < 0:
            raise NotConverged(f"No plan was found within {settings['time_limit_s']:g} s: allow more time.")
        units = states[-1].designs[states[-1].best][: problem.candidates.count]
        near = Days(Pricer(problem.programs()), pool)((1.0 - NEAR) * units + NEAR * problem.core(units))
    return Found(states, near)


def _tell(state: Progress, progress: bool) -> None:
    if progress:
        bounds = f"cost between {state.lower:.10g} and {state.upper:.10g} a year, gap {100 * state.gap:.3g} %"
        print(f"plan: iteration {state.iteration}, {bounds}, {state.seconds:.0f} s", file=sys.stderr)
