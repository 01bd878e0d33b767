"""The linear form of reliability in tests: the least index of a design, and the exact one by the simulator."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

from gridpact.case.case import Case
from gridpact.case.planned import candidate_names, most_units, planned_case
from gridpact.certificates.planning.fault_simulator import simulate
from gridpact.certificates.planning.load_points import load_points
from gridpact.planning.reliability.linear.build import linear_reliability
from gridpact.planning.reliability.linear.form import Index, LinearReliability

INDICES = ("saifi", "saidi_h", "eens_mwh")


def form_of(case: Case) -> LinearReliability:
    return linear_reliability(case, candidate_names(case))


def least(form: LinearReliability, name: str, design: Mapping[str, int]) -> float:
    """The least that the rows allow an index to be with a design."""
    units = np.array([float(design.get(name, 0)) for name in form.candidates])
    index: Index = getattr(form, name)
    return solved(form, index.slopes, units, units, [])[0] + index.constant


def cheapest(form: LinearReliability, case: Case, cost: NDArray[np.float64], name: str, limit: float) -> dict[str, int]:
    """The design of least cost that keeps an index at most at a limit, by the form."""
    index: Index = getattr(form, name)
    kept = LinearConstraint(index.slopes, -np.inf, limit - index.constant)
    most = np.array([float(most_units(case)[name]) for name in form.candidates])
    slopes = np.append(cost, np.zeros(form.extra))
    _, columns = solved(form, slopes, np.zeros(len(most)), most, [kept])
    return {name: round(value) for name, value in zip(form.candidates, columns, strict=False)}


def solved(
    form: LinearReliability,
    slopes: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    more: list[LinearConstraint],
) -> tuple[float, NDArray[np.float64]]:
    """Least value and columns, with the units of the candidates between bounds."""
    if not len(slopes):
        return 0.0, slopes
    bounds = Bounds(np.append(low, np.zeros(form.extra)), np.append(high, np.ones(form.extra)))
    rows = [LinearConstraint(form.matrix, form.lower, form.upper)] if form.matrix.shape[0] else []
    whole = np.append(np.ones(len(low)), form.whole)
    found = milp(slopes, integrality=whole, bounds=bounds, constraints=[*rows, *more], options={"mip_rel_gap": 0.0})
    assert found.x is not None, found.message
    return float(found.fun), np.asarray(found.x)


def simulated(case: Case, design: Mapping[str, int]) -> dict[str, float]:
    """The indices of a design, fault by fault."""
    built = planned_case(case, design)
    followed, loads = simulate(built), load_points(built)
    rate = np.array([fault.rate for fault in followed.faults])
    failures, hours = loads.rate + rate @ followed.dark, loads.rate * loads.repair_h + rate @ followed.hours
    share = loads.customers / loads.customers.sum()
    return {
        "saifi": float(share @ failures),
        "saidi_h": float(share @ hours),
        "eens_mwh": float(loads.mean_mw @ hours),
    }


def gaps(case: Case, form: LinearReliability, design: Mapping[str, int]) -> dict[str, float]:
    """What the form says more than the simulator, by index."""
    exact = simulated(case, design)
    return {name: least(form, name, design) - exact[name] for name in INDICES}


def without(case: Case, *tables: str) -> Case:
    for table in tables:
        case = case.with_table(table, case.tables[table].iloc[:0])
    return case


def without_islands(case: Case) -> Case:
    return without(case, "generators", "storages", "generator_candidates", "storage_candidates")


def with_heads(case: Case) -> Case:
    """A breaker at every end of a line at a source, so that the source itself never trips."""
    sources, devices = set(case.tables["interfaces"]["bus"]), case.tables["protection"]
    lines = case.tables["lines"]
    for end in ("from", "to"):
        at = [str(line) for line in lines["line"][lines[f"{end}_bus"].isin(sources)]]
        devices = devices[~(devices["line"].isin(at) & (devices["end"] == end))]
        table = case.tables["protection_candidates"]
        left = table[~(table["line"].isin(at) & (table["end"] == end))].reset_index(drop=True)
        case = case.with_table("protection_candidates", left)
        heads = [{"device": f"head {line} {end}", "line": line, "end": end, "kind": "breaker"} for line in at]
        devices = pd.concat([devices, pd.DataFrame(heads).assign(switching_h=0.0)] if heads else [devices])
    return case.with_table("protection", devices.reset_index(drop=True))
