"""The best plan of all storages over the horizon at given prices: one sparse linear program."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import linprog

from gridpact.case.case import Case
from gridpact.certificates.devices import final_energy
from gridpact.certificates.evidence import Evidence, carried

Floats = NDArray[np.float64]


def best_storage_plan(evidence: Evidence, pay: Floats, earn: Floats) -> tuple[Floats, Floats]:
    """Charge and discharge (storages, steps) that earn most; NaN where no plan is feasible.

    Variables: charge, discharge, energy, each storage by storage.
    """
    matrix, start = _energy_balance(evidence.case)
    cost = np.concatenate([pay.ravel(), -earn.ravel(), np.zeros(pay.size)])
    bounds = _plan_bounds(evidence)
    # scipy takes sparse matrices here, its type stubs do not know
    answer = linprog(cost, A_eq=matrix, b_eq=start, bounds=bounds, method="highs")  # type: ignore[call-overload]
    if answer.x is None:
        return np.full(pay.shape, np.nan), np.full(pay.shape, np.nan)
    plan = answer.x.reshape(3, *pay.shape)
    return plan[0], plan[1]


def _energy_balance(case: Case) -> tuple[sp.csr_array, Floats]:
    """Matrix and right-hand side of e[t] - kept e[t-1] - hours (gain c[t] - drain d[t]) = 0, or kept x initial."""
    steps = case.steps
    kept = (1.0 - case.column("storages", "loss_per_hour")) ** case.hours
    gain = case.hours * np.repeat(case.column("storages", "efficiency_charge"), steps)
    drain = case.hours / np.repeat(case.column("storages", "efficiency_discharge"), steps)
    change = sp.eye_array(gain.size) - sp.kron(sp.diags_array(kept), carried(case))
    start = np.where(case.begins, (kept * case.column("storages", "initial_mwh"))[:, None], 0.0)
    return sp.csr_array(sp.hstack([-sp.diags_array(gain), sp.diags_array(drain), change])), start.ravel()


def _plan_bounds(evidence: Evidence) -> Floats:
    """Lower and upper bound of every charge, discharge and energy, (3 x storages x steps, 2)."""
    case = evidence.case
    least = np.repeat(case.column("storages", "min_mwh")[:, None], case.steps, axis=1)
    least[:, case.ends] = np.maximum(least[:, case.ends], final_energy(evidence)[:, None])
    most = np.repeat(case.column("storages", "energy_mwh"), case.steps)
    powers = [
        np.where(evidence.shut(way), 0.0, case.series("storages", f"{way}_mw")).ravel()
        for way in ("charge", "discharge")
    ]
    lower = np.concatenate([np.zeros(2 * least.size), least.ravel()])
    return np.column_stack([lower, np.concatenate([*powers, most])])
