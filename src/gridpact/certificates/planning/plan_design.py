"""Is what is built possible, and does it cost what the table says? Every figure from the candidates of the case."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.planning.plan_view import Floats, PlanView

# The same products of the same numbers: only rounding is between them. A cent is seen in sums of a hundred million.
ROUNDING = 1e-10
# A tenth of a cent. Units are whole, so that what they cost has no tolerance of a solver in it.
MILL = 1e-3
# Energies are sums over a year; the master's rows are kept to 1e-6 MWh.
ENERGY = 1e-7


def design_checks(plan: PlanView) -> Iterator[Check]:
    """Whether the design is one that may be built, and its place in the tables."""
    yield _candidates(plan)
    yield _units(plan)
    yield _exclusive(plan)
    yield _investments(plan)
    yield _budget(plan)
    yield _marginal(plan)


def is_possible(plan: PlanView) -> bool:
    """Whether a case with the design can be made at all."""
    return _units(plan).passed and _exclusive(plan).passed


def _candidates(plan: PlanView) -> Check:
    own, rows = plan.offered, zip(plan.texts("investments", "kind"), plan.texts("investments", "place"), strict=True)
    wrong = [told != known for told, known in zip(rows, zip(own.kind, own.place, strict=True), strict=True)]
    most = plan.column("investments", "max_units") != own.most
    off = (np.array(wrong, dtype=np.bool_) | most).astype(np.float64)
    text = "Candidates whose kind, place or most units are not those of the case."
    return worst("plan candidates", text, 0.0, [Measure("asset", own.names, off)])


def _units(plan: PlanView) -> Check:
    n = plan.units
    off = np.maximum.reduce([np.abs(n - np.rint(n)), -n, n - plan.offered.most])
    text = "Units that are not whole, below zero, or more than may be built."
    return worst("plan units", text, 0.0, [Measure("asset", plan.offered.names, off)])


def _exclusive(plan: PlanView) -> Check:
    """One type per line, one device per end of a line."""
    measures = []
    for table, columns in (("line_candidates", ["line"]), ("protection_candidates", ["line", "end"])):
        of = plan.offered.table == table
        frame = plan.record.case.tables[table][columns].assign(units=plan.units[of])
        sums = frame.groupby(columns, sort=False)["units"].sum()
        measures.append(Measure(table, [str(place) for place in sums.index], sums.to_numpy(dtype=np.float64) - 1.0))
    text = "Units above one of what excludes each other: types of a line, devices at an end of a line."
    return worst("plan exclusive", text, 0.0, measures)


def _investments(plan: PlanView) -> Check:
    own, n = plan.offered, plan.units
    known = {
        "investment": n * own.investment,
        "capex_per_year": n * own.capex(plan.number("discount_rate")),
        "maintenance_per_year": n * own.maintenance,
    }
    measures = [
        Measure(name, own.names, relative(plan.column("investments", name), value)) for name, value in known.items()
    ]
    for name, size in (("p_mw", own.power), ("energy_mwh", own.energy)):
        told = plan.column("investments", name)
        off = np.where(np.isnan(size) & np.isnan(told), 0.0, relative(told, n * size))
        measures.append(Measure(name, own.names, off))
    text = "Investment, capital recovery, maintenance and size of every candidate against the case, relative."
    return worst("plan investments", text, ROUNDING, measures)


def relative(told: Floats, own: Floats) -> Floats:
    """Difference over the own number, at least one unit of the currency."""
    return np.asarray(np.abs(told - own) / np.maximum(1.0, np.abs(own)), dtype=np.float64)


def _budget(plan: PlanView) -> Check:
    over = float(plan.units @ plan.offered.investment) - plan.number("budget")
    text = "What is invested above the budget, in currency."
    return Check("plan budget", True, max(over, 0.0) if over == over else over, MILL, "", text)


def _marginal(plan: PlanView) -> Check:
    """Blank where no unit is left, and for what does nothing before a fault; a number for all else."""
    own, told = plan.offered, plan.column("investments", "marginal_value_per_year")
    blank = (plan.units >= own.most) | np.isin(own.table, ["tie_candidates", "protection_candidates"])
    off = (np.isfinite(told) == blank) | (np.isnan(told) != blank)
    text = "Marginal values that are blank where a unit is left to build, or told where none is."
    return worst("plan marginal values", text, 0.0, [Measure("asset", own.names, off.astype(np.float64))])


def penetration_check(plan: PlanView) -> Check:
    """Available renewable energy of the year with the design, over the demand."""
    case, hours = plan.planned, plan.yearly_hours
    available = float((case.series("renewables", "p_mw") @ hours).sum())
    demand = float((np.clip(case.series("loads", "p_mw"), 0.0, None) @ hours).sum())
    most = plan.number("max_penetration")
    over = (available - most * demand) / max(1.0, demand) if np.isfinite(most) else 0.0
    text = "Available renewable energy of a year above the share of the demand that it may be, over the demand."
    return Check("plan penetration", True, over, ENERGY, "", text)


def words_check(name: str, text: str, wrong: Sequence[Any]) -> Check:
    """A check that counts what is wrong."""
    return Check(name, True, float(len(wrong)), 0.0, str(wrong[0]) if wrong else "", text)
