"""Plan an active distribution network: the study of what to build, as a function of its case and settings.

days that stand for the year -> search -> operation -> tables -> certificate
"""

from __future__ import annotations

import math
import shutil
import sys
from collections.abc import Mapping
from dataclasses import replace
from inspect import signature
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from gridpact.case.case import Case
from gridpact.errors import InputError, Issue, NotConverged
from gridpact.plans.progress import FILE as PROGRESS
from gridpact.plans.progress import Found, keep, kept
from gridpact.plans.record import plan_record
from gridpact.plans.year import FOLDER, Year, checked_year
from gridpact.results.record import Record
from gridpact.run import Run, judged

if TYPE_CHECKING:
    from gridpact.planning.investment.problem import Problem
    from gridpact.programs.benders import Progress

BENDERS = "benders"
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
    "year_tolerance": (0.0, False, "Give a share of the cost of a year, 0.01 for 1 %."),
    "gap": (0.0, True, "Give a share of the cost, 0.001 for 0.1 %."),
    "time_limit_s": (0.0, False, "Give seconds."),
}
FLAGS = ("extreme_days", "reconfigure")
WHOLE = {"typical_days": (1, 366), "workers": (1, 1000), "year_rounds": (0, 20)}
NEAR = 0.02


def plan(
    case: Case | str | Path,
    *,
    typical_days: int = 8,
    representation: str = "energy_medoid",
    extreme_days: bool = True,
    discount_rate: float = 0.08,
    budget: float = math.inf,
    max_penetration: float = math.inf,
    saidi_limit_h: float = math.inf,
    saifi_limit: float = math.inf,
    eens_limit_mwh: float = math.inf,
    interruption_cost_per_mwh: float = 0.0,
    carbon_price_per_t: float = 0.0,
    reconfigure: bool = False,
    gap: float = 1e-3,
    time_limit_s: float = 600.0,
    method: str = "benders",
    year_rounds: int = 3,
    year_tolerance: float = 0.01,
    workers: int = 2,
    cluster: str = "",
    out: str | Path | None = None,
    progress: bool = False,
) -> Run:
    """Plan what to build: whole units of the candidates of a case, so that a year costs least and all limits hold.

    The tables ``renewable_candidates``, ``storage_candidates``, ``generator_candidates``, ``line_candidates``,
    ``tie_candidates`` and ``protection_candidates`` say what may be built. What a year costs is the annuity of the
    investments at the ``discount_rate``, maintenance, and the operation on ``typical_days`` weighted days, found among
    the days of the case (``representation`` as in ``gp.typical_days``); with ``extreme_days`` also those of most load,
    of most and least load without renewables, and of least wind and sun. A case of fewer days is planned with all of
    them, one that is shorter than a day as if its hours were the year.

    Limits: ``budget`` (currency, all investments), ``max_penetration`` (available renewable energy over demand),
    ``saidi_limit_h``, ``saifi_limit``, ``eens_limit_mwh`` (per year; by a linear form that never understates them, see
    the page on reliability). ``interruption_cost_per_mwh`` adds the energy not served to the cost,
    ``carbon_price_per_t`` the emissions of imports and generators.

    With ``reconfigure`` the plan also decides, once for all hours, which lines with a row in ``switches`` and which of
    the ties that it builds are closed (they need ``max_i_ka``), so that every bus is fed from one interface along one
    way. Limits and costs of reliability then need clearing devices at both ends of every line that can fail, and count
    every interruption until the repair.

    The mixed-integer second-order cone program is solved by Benders' decomposition to the relative ``gap``, or as far
    as it gets in ``time_limit_s``: ``summary["objective_lower_bound"]`` holds either way. ``method`` "scip", or the
    name of a licensed solver that CVXPY finds, solves the same program in one piece.

    Then every day of the case is cleared with the plan built. Where a day cannot be served, or where the days cost more
    or less than those that stand for them by ``year_tolerance`` of what a year costs in all, the worst day joins these
    and the plan is made again, until it stands or is not changed by that, in at most ``year_rounds`` rounds (0: no
    check). ``workers`` processes share the work; ``cluster`` is the address (tls://...) of a Dask cluster.

    With ``out`` the run grows in the folder ``out`` + ".unfinished", its days in ``out/year``; after an interruption
    the same call goes on with all bounds.

    Tables: ``investments``, ``annual_costs``, ``scenarios``, ``convergence``, ``reliability``, ``year`` and more, and
    those of ``clear`` for the operation on the representative days, whose prices are those of the plan held fixed.

    Source: Geoffrion, Journal of Optimization Theory and Applications 10, 1972 (decomposition); Farivar and Low, IEEE
    Trans. Power Systems 28(3), 2013 (branch flow).

    Raises ``InputError`` for wrong arguments, mistakes in the case, no candidates and loops; ``InfeasibleError`` where
    limits cannot be met (which, and what it would take), or demand cannot be served whatever is built;
    ``NotConverged`` where no plan was found in time.
    """
    from gridpact.case.validate import require_valid
    from gridpact.io.aside import finish, locked, resumable
    from gridpact.io.folder import read_case
    from gridpact.io.request import begin

    started = perf_counter()
    named = locals()
    settings = {name: named[name] for name in SETTINGS if not _absent(name, named[name])}
    issues = setting_issues(settings)
    if issues:
        raise InputError(issues)
    valid = require_valid(case) if isinstance(case, Case) else read_case(case)
    problem = _problem(valid, settings)
    if out is None:
        return Run(judged(plan_record(valid, *_planned(problem, settings, None, progress), settings, started)))
    growing = resumable(Path(out))
    with locked(growing):
        begin(growing, valid, settings)
        record = judged(plan_record(valid, *_planned(problem, settings, growing, progress), settings, started))
        _complete(growing, record)
        finish(growing, Path(out))
    return Run(record)


def search_of(case: Case, **settings: Any) -> tuple[Problem, Found]:
    """The search for a plan alone, with the ``settings`` of ``plan``: no year, no operation, no certificate."""
    defaults = {name: parameter.default for name, parameter in signature(plan).parameters.items() if name in SETTINGS}
    asked = {name: value for name, value in (defaults | settings).items() if not _absent(name, value)}
    issues = setting_issues(asked)
    if issues:
        raise InputError(issues)
    problem = _problem(case, asked)
    return problem, _searched(problem, None, asked, None, progress=False)


SETTINGS = (*NUMBERS, *WHOLE, "representation", "extreme_days", "reconfigure", "cluster", "method")


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
    issues += [
        _not_possible(name, settings, "Give true or false.")
        for name in FLAGS
        if not isinstance(settings.get(name, True), bool)
    ]
    issues += _method_issues(settings.get("method", BENDERS))
    return issues


def _method_issues(method: Any) -> list[Issue]:
    """What is wrong with the name of a method; solvers are looked for only where one is named."""
    if method == BENDERS:
        return []
    from gridpact.programs.whole import solver_issues

    return [
        replace(issue, message=f"method = {method!r} is not possible") for issue in solver_issues(method, (BENDERS,))
    ]


def _absent(name: str, value: Any) -> bool:
    """Whether a setting says that there is no limit, no cluster, or that lines stay as they are."""
    if name == "reconfigure":
        return value is False
    return value == ("" if name == "cluster" else math.inf) and name in (*LIMITS.values(), "cluster")


def _not_possible(name: str, settings: Mapping[str, Any], fix: str) -> Issue:
    return Issue(f"{name} = {settings[name]!r} is not possible", fix)


def _in_range(value: Any, low: float, allowed: bool) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and np.isfinite(value) and (value > low or (allowed and value == low))


def _problem(case: Case, settings: Mapping[str, Any]) -> Problem:
    """Days and limits of a case with candidates."""
    from gridpact.case.carbon import with_carbon_price
    from gridpact.case.planned import candidate_names, planned_case
    from gridpact.markets.market_program import market_network
    from gridpact.physics.electric import distflow_soc
    from gridpact.planning.investment.limits import Limits
    from gridpact.planning.investment.problem import problem_of
    from gridpact.planning.investment.representative import representatives

    reconfigure = settings.get("reconfigure", False)
    if not candidate_names(case) and not reconfigure:
        fix = "Add rows to renewable_candidates, storage_candidates, line_candidates or their like."
        raise InputError([Issue("there is nothing to plan: the case has no candidates", fix)])
    if not reconfigure:
        market_network(planned_case(case.steps_between(0, 1), {}), distflow_soc)
    priced = with_carbon_price(case, settings["carbon_price_per_t"])
    days = representatives(priced, settings["typical_days"], settings["representation"], settings["extreme_days"])
    given = {name: float(settings[key]) for name, key in LIMITS.items() if key in settings}
    limits = Limits(**given, interruption_cost_per_mwh=settings["interruption_cost_per_mwh"])
    return problem_of(priced, days, limits, settings["discount_rate"], reconfigure)


def _planned(
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
            found = _searched(problem, begun, settings, growing, progress)
        except NotConverged:
            if known is None:
                raise
            return known
        before, year = year, _year(problem, found, settings, growing, progress, year)
        if year is None or _stands(year, before, found, settings):
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


def _stands(year: Year, before: Year | None, found: Found, settings: Mapping[str, Any]) -> bool:
    """Whether every day was cleared, and the days cost what those that stand for them say, or the worst day has not
    changed the plan."""
    if before is not None and before.plan == year.plan:
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
    return replace(found, last=state, added=(*found.added, day), near=None)


def _searched(
    problem: Problem, begun: Found | None, settings: Mapping[str, Any], growing: Path | None, progress: bool
) -> Found:
    """The search to its end, every state of it kept where the run grows.

    Raises ``NotConverged`` where time was up before any plan was found.
    """
    from gridpact.planning.investment.pricing import Days, Pricer
    from gridpact.planning.investment.search import search
    from gridpact.programs.batch import open_pool

    found = begun
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
        near = Days(Pricer(problem.programs()), pool)((1.0 - NEAR) * units + NEAR * problem.core(units))
    return replace(found, near=near)


def _complete(growing: Path, record: Record) -> None:
    """Write the record where it grew; of the years that were checked, the last one stays."""
    from gridpact.io.archive import fill
    from gridpact.report.html import render

    name = record.summary.get("year_folder", "")
    for path in growing.iterdir():
        if path.name == name:
            path.rename(growing / FOLDER)
        elif path.name.startswith(f"{FOLDER}-"):
            shutil.rmtree(path)
    (growing / PROGRESS).unlink(missing_ok=True)
    fill(growing, record, {"report.html": render(record)})


def _tell(state: Progress, progress: bool) -> None:
    bounds = f"cost between {state.lower:.10g} and {state.upper:.10g} a year, gap {100 * state.gap:.3g} %"
    _say(f"plan: iteration {state.iteration}, {bounds}, {state.seconds:.0f} s", progress)


def _say(text: str, progress: bool) -> None:
    if progress:
        print(text, file=sys.stderr)
