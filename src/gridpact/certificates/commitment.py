"""Which units run, the ranges that are left to them, whether they keep their minimum times, how good the choice is.

Units are generators, controllable loads, plants and boilers for heat, and heat pumps. Those that are not committable
always run; which of the others do stands in the ``commitment`` table. Prices come from the program in which that is
held, so limits and best choices are those of the units as they run. That no other choice is much cheaper rests on the
bound that the search over the choices has proven; it is taken as stated in the summary.

A start at a step means running there and not at the step before; a unit that runs at the first step of a window has run
before.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.evidence import Evidence

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
GAP_TOLERANCE = 1e-4
MODES = ("storage_modes", "heat_storage_modes")

# table of units -> their kind in the commitment table
UNITS = {
    "generators": "generator",
    "controllable": "controllable",
    "chps": "chp",
    "electric_boilers": "electric_boiler",
    "heat_pumps": "heat_pump",
    "gas_boilers": "gas_boiler",
}


def committable(case: Case) -> bool:
    """Whether any unit may be off."""
    return any(bool(case.flags(table, "committable").any()) for table in UNITS)


def has_integers(case: Case) -> bool:
    """Whether the market chooses among whole numbers: units that may be off, capacitors in steps."""
    return committable(case) or bool((case.column("capacitors", "steps") > 0.0).any())


def has_modes(evidence: Evidence) -> bool:
    """Whether storages or tanks were held one way."""
    return any(name in evidence.record.tables for name in MODES)


def running(evidence: Evidence, table: str) -> Bools:
    """Whether each unit runs at each step, (units, steps)."""
    on = np.ones((evidence.case.count(table), evidence.case.steps), dtype=np.bool_)
    return evidence.commitment(UNITS[table]) if evidence.case.flags(table, "committable").any() else on


def starts(on: Bools, begins: Bools) -> Bools:
    """Steps at which a unit runs and did not run before, in the same window."""
    begun: Bools = on & ~(begins | np.roll(on, 1, axis=1))
    return begun


def unit_range(evidence: Evidence, table: str, column: str) -> tuple[Floats, Floats]:
    """Lowest and highest ``column`` ("p_mw", "q_mvar") of the units; zero for those that are off."""
    on = running(evidence, table)
    low, high = (evidence.case.series(table, f"{side}_{column}") for side in ("min", "max"))
    return np.where(on, low, 0.0), np.where(on, high, 0.0)


def commitment_checks(evidence: Evidence) -> list[Check]:
    """Minimum times and proven gap; none where nothing is chosen."""
    case = evidence.case
    text = "Steps at which a unit is off that always runs, or that has not kept its minimum time up or down."
    measures = [measure for table in UNITS if case.count(table) for measure in _broken(evidence, table)]
    kept = [worst("commitment", text, 0.0, measures, evidence.instants)] if committable(case) else []
    return [*kept, _gap_check(evidence)] if has_integers(case) or has_modes(evidence) else []


def _broken(evidence: Evidence, table: str) -> list[Measure]:
    """Ones where a rule is broken."""
    case, on = evidence.case, running(evidence, table)
    broken = {
        "committable": ~on & ~case.flags(table, "committable")[:, None],
        "min_up_h": ~on & _recent(case, starts(on, case.begins), case.column(table, "min_up_h")),
        "min_down_h": on & _recent(case, starts(~on, case.begins), case.column(table, "min_down_h")),
    }
    return [Measure(f"{table}/{rule}", case.ids(table), where.astype(np.float64)) for rule, where in broken.items()]


def _recent(case: Case, event: Bools, least: Floats) -> Bools:
    """Whether the last event of the window is less than ``least`` hours ago; (units, steps)."""
    step = np.arange(case.steps, dtype=np.float64)
    begun = np.maximum.accumulate(np.where(case.begins, step, -np.inf))
    last = np.maximum.accumulate(np.where(event, step, -np.inf), axis=1)
    recent: Bools = (last >= begun) & ((step - last) * case.hours < least[:, None] - 1e-9 * case.hours)
    return recent


def _gap_check(evidence: Evidence) -> Check:
    """Objective against the proven bound ``objective_bound`` of the summary; NaN without one."""
    summary = evidence.record.summary
    # The bound is one of the relaxation: where that was repaired, its own cost is what the bound speaks of.
    objective = float(summary["relaxed_objective" if "relaxed_objective" in summary else "objective"])
    bound = float(summary.get("objective_bound", np.nan))
    gap = abs(objective - bound) / max(1.0, abs(objective))
    text = "Objective against the proven bound over all choices of running units and capacitor steps, relative."
    return Check("integer_gap", True, gap, GAP_TOLERANCE, "", text)
