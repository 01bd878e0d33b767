"""Plan an active distribution network: the study of what to build, as a function of its case and settings."""

from __future__ import annotations

import math
from inspect import signature
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from gridpact.case.case import Case
from gridpact.errors import InputError, Issue
from gridpact.plans.progress import Found
from gridpact.plans.record import plan_record
from gridpact.plans.rounds import complete, planned_in_rounds, problem_of_case, searched
from gridpact.plans.settings import EFFORT, SETTINGS, is_absent, setting_issues
from gridpact.run import Run, judged

if TYPE_CHECKING:
    from gridpact.planning.investment.problem import Problem


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

    The tables ``renewable_candidates``, ``storage_candidates``, ``generator_candidates``, ``chp_candidates``,
    ``electric_boiler_candidates``, ``heat_pump_candidates``, ``gas_boiler_candidates``, ``heat_storage_candidates``,
    ``line_candidates``, ``tie_candidates`` and ``protection_candidates`` say what may be built. What a year costs is
    the annuity of the investments at the ``discount_rate``, maintenance, and the operation on ``typical_days`` weighted
    days, found among the days of the case (``representation`` as in ``gp.typical_days``); with ``extreme_days`` also
    those of most load, of most and least load without renewables, and of least wind and sun. A case of fewer days is
    planned with all of them, one that is shorter than a day as if its hours were the year.

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
    settings = {name: named[name] for name in SETTINGS if not is_absent(name, named[name])}
    issues = setting_issues(settings)
    if not isinstance(out, str | Path | None):
        issues.append(Issue(f"out = {out!r} is not possible", "Give the path of a new folder."))
    if issues:
        raise InputError(issues)
    valid = require_valid(case) if isinstance(case, Case) else read_case(case)
    problem = problem_of_case(valid, settings)
    if out is None:
        return Run(judged(plan_record(valid, *planned_in_rounds(problem, settings, None, progress), settings, started)))
    growing = resumable(Path(out))
    with locked(growing):
        begin(growing, valid, {name: value for name, value in settings.items() if name not in EFFORT})
        record = judged(plan_record(valid, *planned_in_rounds(problem, settings, growing, progress), settings, started))
        complete(growing, record)
        finish(growing, Path(out))
    return Run(record)


def search_of(case: Case, **settings: Any) -> tuple[Problem, Found]:
    """The search for a plan alone, with the ``settings`` of ``plan``: no year, no operation, no certificate."""
    defaults = {name: parameter.default for name, parameter in signature(plan).parameters.items() if name in SETTINGS}
    asked = {name: value for name, value in (defaults | settings).items() if not is_absent(name, value)}
    issues = setting_issues(asked)
    if issues:
        raise InputError(issues)
    problem = problem_of_case(case, asked)
    return problem, searched(problem, None, asked, None, progress=False)
