"""The game of leader and follower for many values of one parameter, by any number of workers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gridpact.case.case import Case
from gridpact.case.scaled import IN_DISTRICT, IN_TRANSMISSION, scaled
from gridpact.errors import InfeasibleError, InputError, Issue, NotConverged, WorkerLost

PARAMETERS = (*IN_DISTRICT, *IN_TRANSMISSION)
KEPT = ("verdict", "method", "leader_gap", "search_seconds", "tie_cost")
GAINS = ("gain_to_leader", "gain_to_producers", "gain_to_loads", "gain_to_congestion_rent", "gain_to_all")


@dataclass(frozen=True)
class Task:
    """One game of a sweep."""

    case: Case
    transmission: Case
    settings: Mapping[str, Any] = field(default_factory=dict)


def sweep_stackelberg(
    case: Case | str | Path,
    transmission: Case | str | Path,
    parameter: str,
    factors: Iterable[float],
    *,
    workers: int = 1,
    cluster: str = "",
    progress: bool = False,
    **settings: Any,
) -> pd.DataFrame:
    """The game for every factor of a parameter: who gains what, and which claims about leading hold.

    ``parameter`` says what is multiplied by the ``factors``: "dg_capacity" (generators, wind and PV of the district),
    "chp_capacity", "interface_limit", "fuel_price" (of CHP plants and gas boilers) or "district_size" (the number of
    feeders behind each connection, and the forecast). ``settings`` are those of ``gp.stackelberg``; ``workers`` and
    ``cluster`` those of ``gp.clear_days``.

    One row per factor: ``factor``, ``status`` ("certified", "approximate", "failed", or why there is no result), the
    figures of every design ("stackelberg/leader_cost", "competitive/lmp_mean_per_mwh", ...), gains against the
    competitive design, and the claims ("leading lowers the mean LMP, than competitive": yes, no, equal).

    Raises ``InputError`` for wrong arguments and what is wrong with the cases themselves.
    """
    from gridpact.game import _read
    from gridpact.programs.batch import run_batch
    from gridpact.progress import counted

    values = list(factors)
    _check(parameter, values, workers)
    district, network = _read(case, transmission)
    _require_present(district if parameter in IN_DISTRICT else network, parameter)
    tasks = [_task(district, network, parameter, factor, settings) for factor in values]
    tell = counted("games", len(tasks), progress)
    rows: dict[int, dict[str, Any]] = {}
    for outcome in run_batch(played, tasks, workers=workers, address=cluster or None):
        if outcome.error is not None and not isinstance(outcome.error, InfeasibleError | NotConverged | WorkerLost):
            raise outcome.error
        told = outcome.value or {"status": str(outcome.error).splitlines()[0]}
        rows[outcome.task] = {"factor": values[outcome.task], **told}
        tell(1)
    return pd.DataFrame([rows[number] for number in range(len(tasks))])


def _check(parameter: Any, factors: Sequence[Any], workers: Any) -> None:
    issues = []
    if parameter not in PARAMETERS:
        issues.append(Issue(f"parameter = {parameter!r} is not possible", f"Choose one of: {', '.join(PARAMETERS)}."))
    for factor in factors:
        number = isinstance(factor, int | float) and not isinstance(factor, bool) and np.isfinite(factor)
        if not number or not factor > 0.0:
            issues.append(Issue(f"the factor {factor!r} is not possible", "Give numbers above zero."))
    if not factors:
        issues.append(Issue("there are no factors", "Give a list of numbers, such as [0.5, 1.0, 2.0]."))
    if type(workers) is not int or not 1 <= workers <= 1000:
        issues.append(Issue(f"workers = {workers!r} is not possible", "Give a whole number from 1 to 1000."))
    if issues:
        raise InputError(issues)


def _require_present(case: Case, parameter: str) -> None:
    """``InputError`` where the case has none of the numbers that the parameter multiplies."""
    columns = {**IN_DISTRICT, **IN_TRANSMISSION}[parameter]
    if not any((np.nan_to_num(case.series(table, column)) != 0.0).any() for table, column in columns):
        tables = ", ".join(sorted({table for table, _ in columns}))
        raise InputError([Issue(f"the case has nothing that {parameter} could vary", f"Fill one of: {tables}.")])


def _task(case: Case, network: Case, parameter: str, factor: float, settings: Mapping[str, Any]) -> Task:
    if parameter in IN_DISTRICT:
        return Task(scaled(case, IN_DISTRICT[parameter], factor), network, settings)
    return Task(case, scaled(network, IN_TRANSMISSION[parameter], factor), settings)


def played(task: Task) -> dict[str, Any]:
    """The figures of one game, flat."""
    from gridpact.game import stackelberg

    run = stackelberg(task.case, task.transmission, **task.settings)
    told: dict[str, Any] = {"status": run.certificate.verdict}
    told |= {name: run.summary[name] for name in (*KEPT, *GAINS) if name in run.summary}
    if "designs" in run.tables:
        designs = run.table("designs").set_index("design")
        for name, row in designs.iterrows():
            told |= {f"{name}/{figure}": value for figure, value in row.items()}
        claims = run.table("claims")
        told |= {
            f"{c}, than {than}": holds
            for c, than, holds in zip(claims["claim"], claims["than"], claims["holds"], strict=True)
        }
    return told
