"""Search and check of the year in turns, until the plan stands: each round kept as it grows.

days that stand for the year -> search -> every day of the year -> worst day joins -> search ...
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gridpact.case.case import Case
from gridpact.errors import InputError, Issue, NotConverged
from gridpact.plans.limits import limits_of, require_followed
from gridpact.plans.progress import FILE as PROGRESS
from gridpact.plans.progress import Found, keep, kept
from gridpact.plans.year import FOLDER, Year, checked_year
from gridpact.results.record import Record

if TYPE_CHECKING:
    from gridpact.planning.investment.problem import Problem
    from gridpact.programs.benders import Progress

# How far from a design towards the core point its marginal values are taken.
NEAR = 0.02


def problem_of_case(case: Case, settings: Mapping[str, Any]) -> Problem:
    """Days and limits of a case with candidates."""
    from gridpact.case.carbon import with_carbon_price
    from gridpact.case.planned import candidate_names, exchange_issues, planned_case
    from gridpact.markets.market_program import market_network
    from gridpact.physics.electric import distflow_soc
    from gridpact.planning.investment.problem import problem_of
    from gridpact.planning.investment.representative import representatives

    reconfigure = settings.get("reconfigure", False)
    if not candidate_names(case) and not reconfigure:
        fix = "Add rows to renewable_candidates, storage_candidates, line_candidates or their like."
        raise InputError([Issue("there is nothing to plan: the case has no candidates", fix)])
    if exchange_issues(case):
        raise InputError(exchange_issues(case))
    if not reconfigure:
        market_network(planned_case(case.steps_between(0, 1), {}), distflow_soc)
    priced = with_carbon_price(case, settings["carbon_price_per_t"])
    days = representatives(priced, settings["typical_days"], settings["representation"], settings["extreme_days"])
    limits = limits_of(settings)
    require_followed(case, limits)
    return problem_of(priced, days, limits, settings["discount_rate"], reconfigure)


def planned_in_rounds(
    problem: Problem, settings: Mapping[str, Any], growing: Path | None, progress: bool
) -> tuple[Problem, Found, Year | None]:
    """Search and check the year in turns, a day joining every time, until the plan stands or the rounds are over.

    Where time is up before a later round has a plan, that of the round before is the answer.
    """
    known: tuple[Problem, Found, Year | None] | None = None
    begun, year = kept(growing) if growing is not None else None, None
    for day in begun.added if begun is not None else ():
        problem = problem.with_day(day, settings["representation"])
    while True:
        try:
            found = searched(problem, begun, settings, growing, progress)
        except NotConverged:
            if known is None:
                raise
            return known
        year = _year(problem, found, settings, growing, progress, year)
        if year is None or _stands(problem, year, found, settings):
            return problem, found, year
        if len(found.added) + 1 >= settings["year_rounds"] or not problem.days.can_take(year.worst):
            return problem, found, year
        known, day = (problem, found, year), year.worst
        _say(f"plan: day {year.table['snapshot'][day]:%Y-%m-%d} joins the days that are planned with", progress)
        changed, problem = _of(problem, day), problem.with_day(day, settings["representation"])
        begun = _with_new_day(problem, found, day, changed)


def _year(
    problem: Problem,
    found: Found,
    settings: Mapping[str, Any],
    growing: Path | None,
    progress: bool,
    before: Year | None,
) -> Year | None:
    """The year with the best design; None where it is not asked for, or where the days are all that there are.

    A design that the round before has checked already is only compared with the days that stand for it now.
    """
    if not settings["year_rounds"] or problem.days.typical is None:
        return None
    best, last = found.last.best, found.last
    plan = problem.plan(last.designs[best])
    if before is not None and before.plan == plan:
        return before.beside(problem, last.costs[best])
    return checked_year(problem, plan, last.costs[best], settings, growing, progress)


def _stands(problem: Problem, year: Year, found: Found, settings: Mapping[str, Any]) -> bool:
    """Whether every day was cleared, and the days cost what those that stand for them say, or the worst day has not
    changed the plan."""
    if found.checked is not None and problem.plan(found.checked) == year.plan:
        return year.cleared
    return year.cleared and year.off(found.last.upper) <= settings["year_tolerance"]


def _of(problem: Problem, day: int) -> int:
    """Which of the days stands for a day of the year."""
    assert problem.days.typical is not None
    return int(problem.days.typical.labels[day])


def _with_new_day(problem: Problem, found: Found, day: int, changed: int) -> Found:
    """Where the next round begins: with the cuts of all days but the one that ``changed``, and without a design, for
    none has its new day priced."""
    from gridpact.programs.benders import Cuts, beginning

    cuts = found.last.cuts
    valid = cuts.of != changed
    state = replace(
        beginning(problem.master, Cuts(cuts.of[valid], cuts.constant[valid], cuts.slope[valid]), -np.inf),
        iteration=found.last.iteration,
        seconds=found.last.seconds,
        core=found.last.core,
    )
    return replace(found, last=state, added=(*found.added, day), near=None, checked=found.last.designs[found.last.best])


def searched(
    problem: Problem, begun: Found | None, settings: Mapping[str, Any], growing: Path | None, progress: bool
) -> Found:
    """The search to its end, every state of it kept where the run grows.

    Raises ``NotConverged`` where time was up before any plan was found.
    """
    from gridpact.planning.investment.pricing import Days, Pricer
    from gridpact.planning.investment.search import search
    from gridpact.programs.batch import open_pool

    found = begun
    sizes = f"{problem.candidates.count} candidates, {problem.days.weights.size} days"
    _say(f"plan: {sizes}; first all days together with broken units", progress)
    with open_pool(
        workers=min(settings["workers"], problem.days.weights.size), address=settings.get("cluster") or None
    ) as pool:
        before = begun.last if begun is not None else None
        for state in search(problem, pool, settings["gap"], settings["time_limit_s"], before, settings["method"]):
            if found is None or state is not found.last:
                found = (found or Found(state)).after(state)
            if growing is not None:
                keep(growing, found)
            _tell(state, progress)
        if found is None or found.last.best < 0:
            raise NotConverged(f"No plan was found within {settings['time_limit_s']:g} s: allow more time.")
        units = found.last.designs[found.last.best][: problem.integers]
        near = Days(Pricer(problem.programs), pool)((1.0 - NEAR) * units + NEAR * problem.core(units))
    return replace(found, near=near)


def complete(growing: Path, record: Record) -> None:
    """Write the record where it grew; of the years that were checked, the last one stays.

    What the search has found goes last: until then the same call goes on with it.
    """
    from gridpact.io.archive import fill
    from gridpact.report.html import render

    report, name = render(record), record.summary.get("year_folder", "")
    shutil.rmtree(growing / FOLDER, ignore_errors=True)  # of a call that did not live to rename the folder
    for path in list(growing.iterdir()):
        if path.name == name:
            path.rename(growing / FOLDER)
        elif path.name.startswith(f"{FOLDER}-"):
            shutil.rmtree(path)
    fill(growing, record, {"report.html": report}, unnamed=frozenset({PROGRESS}))
    (growing / PROGRESS).unlink(missing_ok=True)


def _tell(state: Progress, progress: bool) -> None:
    cost = f"cost of a year at least {state.lower:.10g}"
    if state.best >= 0:
        cost = f"cost of a year between {state.lower:.10g} and {state.upper:.10g}, gap {100 * state.gap:.3g} %"
    else:
        cost += ", no plan yet that serves all demand"
    _say(f"plan: iteration {state.iteration}, {cost}, {state.seconds:.0f} s", progress)


def _say(text: str, progress: bool) -> None:
    if progress:
        print(text, file=sys.stderr)
