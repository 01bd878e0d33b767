"""Why no plan keeps all limits: for each of them, the best that the others leave, and the best without the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from gridpact.case.case import Floats
from gridpact.errors import InfeasibleError
from gridpact.planning.investment.limits import Row, whole_rows
from gridpact.planning.investment.problem import Problem
from gridpact.programs.linear import Linear, solve_integer

UNITS = {"saidi_h_limit": "h/a", "saifi_limit": "1/a", "eens_mwh_limit": "MWh/a", "budget": "currency"}
SETTING = {"saidi_h_limit": "saidi_limit_h", "eens_mwh_limit": "eens_limit_mwh"}
SECONDS = 30.0


@dataclass(frozen=True)
class Reach:
    """How far a limit would have to give way: with all others kept, and alone; infinite where that is not enough."""

    name: str
    given: float
    kept: float
    alone: float
    unit: str


def require_possible(problem: Problem) -> None:
    """Raise ``InfeasibleError`` where no whole units keep all limits, whatever the days cost."""
    program = problem.master.program
    if solve_integer(replace(program, cost=np.zeros(program.cost.size)), 1.0, SECONDS) is None:
        raise explained(problem)


def explained(problem: Problem) -> InfeasibleError:
    """The error that says which limit cannot be met, and what it would take."""
    found = [reach for reach in _reaches(problem) if reach.kept > reach.given]
    text = "No plan keeps all limits. " + " ".join(_sentence(reach) for reach in found)
    return InfeasibleError(text.strip(), [_record(reach) for reach in found])


def _reaches(problem: Problem) -> Iterator[Reach]:
    rows = whole_rows(problem.case, problem.candidates, problem.days, problem.limits, problem.reliability)
    program = problem.master.program
    limits = [number for number, row in enumerate(rows) if row.name]
    for number in limits:
        row = rows[number]
        kept, alone = (_least(program, row, free) for free in ([number], limits))
        shift = _constant(problem, row)
        name = SETTING.get(row.name, row.name)
        unit = UNITS.get(row.name, "")
        yield Reach(name, row.most + shift, kept + shift, alone + shift, unit)


def _constant(problem: Problem, row: Row) -> float:
    """What an index is before any column adds to it: limits are told as they were given."""
    if not row.name.endswith("_limit"):
        return 0.0
    return float(getattr(problem.reliability, row.name.removesuffix("_limit")).constant)


def _least(program: Linear, row: Row, free: list[int]) -> float:
    """The least of a row's left-hand side where some rows have no limit; infinite where there is no point."""
    upper: Floats = program.rows[1].copy()
    upper[free] = np.inf
    found = solve_integer(replace(program, cost=row.weights, rows=(program.rows[0], upper)), 1e-4, SECONDS)
    return np.inf if found is None else found.cost


def _sentence(reach: Reach) -> str:
    unit = f" {reach.unit}" if reach.unit else ""
    missed = f"{reach.name} = {reach.given:.6g} cannot be met"
    if np.isfinite(reach.kept):
        alone = f", without them {reach.alone:.6g}{unit}" if reach.alone > reach.given else ""
        return f"{missed}: beside the other limits it takes {reach.kept:.6g}{unit}{alone}."
    if reach.alone > reach.given:
        return f"{missed} even alone: it takes {reach.alone:.6g}{unit}."
    return f"{reach.name} = {reach.given:.6g} can be met only without the others."


def _record(reach: Reach) -> dict[str, object]:
    relax = reach.kept - reach.given
    return {
        "snapshot": "",
        "constraint": reach.name,
        "component": "plan",
        "end": "",
        "relax_by": relax if np.isfinite(relax) else None,
        "unit": reach.unit,
    }
