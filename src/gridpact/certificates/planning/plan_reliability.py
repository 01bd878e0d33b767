"""Does the supply hold? The indices before and after, every fault followed, and the limits kept by what is found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice

import numpy as np

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.planning.load_points import load_points
from gridpact.certificates.planning.plan_design import words_check
from gridpact.certificates.planning.plan_form import form_check, form_of
from gridpact.certificates.planning.plan_view import Floats, PlanView
from gridpact.certificates.planning.reliability_check import (
    TOLERANCE,
    indices_of,
    of_loads,
    off_by,
)
from gridpact.certificates.planning.reliability_complete import row_faults
from gridpact.certificates.planning.reliability_judge import table_checks
from gridpact.errors import InputError
from gridpact.results.record import Record
from gridpact.results.reliability import INDICES

LIMITED = {"saidi_h": "saidi_limit_h", "saifi": "saifi_limit", "eens_mwh": "eens_limit_mwh"}
# The linear form keeps its limits to the 1e-6 of a mixed-integer solver's rows.
ROWS = 1e-6


def reliability_plan_checks(plan: PlanView) -> Iterator[Check]:
    """Loads and system with the plan, the table of both years, and the limits."""
    if plan.has_customers:
        for check in table_checks(_with_plan(plan), plan.followed[1]):
            yield replace(check, name=f"plan {check.name}")
        yield from _before(plan)
        yield _indices(plan)
        yield _told_limits(plan)
        yield _limits(plan)
        form = form_of(plan)
        if form is not None:
            yield form_check(form, plan, simulated(plan, 1))


def network_check(plan: PlanView) -> Check:
    """Whether faults can be followed, and the tables have their rows, where somebody is to be supplied."""
    text = "The network is radial, so that a fault can be followed; tables of reliability have all their rows."
    if not plan.has_customers:
        return words_check("plan network", text, [])
    try:
        return words_check("plan network", text, list(row_faults(_with_plan(plan), plan.followed[1])))
    except InputError as error:
        return Check("plan network", True, float("nan"), 0.0, str(error).splitlines()[0], text)


def _with_plan(plan: PlanView) -> Record:
    """The record of the network with the plan, in which reliability is looked at alone."""
    return replace(plan.record, case=plan.network)


def simulated(plan: PlanView, of: int) -> dict[str, float]:
    """The indices of the system: 0 as the network is, 1 with the plan."""
    case = (plan.record.case, plan.network)[of]
    return indices_of(load_points(case).customers, of_loads(case, plan.followed[of]))


def _before(plan: PlanView) -> Iterator[Check]:
    """The loads as they are supplied without the plan, by the judges of a study of reliability."""
    tables = {**plan.record.tables, "reliability_loads": plan.record.tables["reliability_loads_before"]}
    for check in islice(table_checks(replace(plan.record, tables=tables), plan.followed[0]), 2):
        yield replace(check, name=f"plan {check.name} before")


def _indices(plan: PlanView) -> Check:
    """The table of indices and the summary, before and after."""
    before, after = (_of_all(simulated(plan, of)) for of in (0, 1))
    summary = plan.record.summary
    told = np.array([_number(summary.get(name)) for name in LIMITED])
    once = np.array([_number(summary.get(f"{name}_before")) for name in LIMITED])
    at = [INDICES.index(name) for name in LIMITED]
    measures = [
        Measure("before", INDICES, off_by(plan.column("reliability", "before"), before)),
        Measure("value", INDICES, off_by(plan.column("reliability", "value"), after)),
        Measure("summary", list(LIMITED), _strictly(told, after[at])),
        Measure("summary before", list(LIMITED), _strictly(once, before[at])),
    ]
    text = "Indices before and after, of table and summary, from the exact simulator, relative."
    return worst("plan reliability", text, TOLERANCE, measures)


def _of_all(found: dict[str, float]) -> Floats:
    return np.array([found[name] for name in INDICES])


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else float("nan")


def _strictly(told: Floats, own: Floats) -> Floats:
    """The same where a missing figure fails."""
    return np.asarray(np.where(np.isnan(told), np.nan, off_by(told, own)), dtype=np.float64)


def _told_limits(plan: PlanView) -> Check:
    """The table says the limits that were asked for."""
    told = plan.column("reliability", "limit")
    asked = np.array([plan.number(LIMITED[name], np.nan) if name in LIMITED else np.nan for name in INDICES])
    off = np.where(np.isnan(told) & np.isnan(asked), 0.0, np.abs(told - asked))
    text = "Limits of reliability that are not those that were asked for."
    return worst("plan limits told", text, 0.0, [Measure("index", INDICES, off)])


def _limits(plan: PlanView) -> Check:
    """What the simulator finds above what was allowed, relative."""
    text = "Indices of reliability with the plan above their limits, relative, as the exact simulator finds them."
    return limits_kept(plan, simulated(plan, 1), "plan reliability limits", text)


def limits_kept(plan: PlanView, own: Mapping[str, float], name: str, text: str) -> Check:
    """Indices against the limits that were asked for."""
    most = {index: plan.number(setting) for index, setting in LIMITED.items()}
    over = [
        (own[index] - limit) / max(TOLERANCE, limit) if np.isfinite(limit) else 0.0 for index, limit in most.items()
    ]
    return worst(name, text, ROWS, [Measure("index", list(most), np.array(over))])
