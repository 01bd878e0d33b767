"""Are the reported indices of reliability those of the exact simulator, and do they lie in the Monte Carlo interval?"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.planning.fault_simulator import Simulated, simulate
from gridpact.certificates.planning.load_points import load_points
from gridpact.certificates.planning.monte_carlo import INDICES, monte_carlo

Floats = NDArray[np.float64]
TOLERANCE = 1e-9
YEAR_H = 8760.0


def reliability_checks(
    case: Case, tables: Mapping[str, pd.DataFrame], simulated: Simulated | None = None
) -> list[Check]:
    """Failures, hours and energy of every load, and the indices of the system, against the simulator; relative.

    ``tables`` are those of ``reliability``; ``simulated`` what the simulator found, where that is known already.
    """
    own, reported = of_loads(case, simulated or simulate(case)), tables["reliability_loads"]
    names = load_points(case).names
    if [str(name) for name in reported["load"]] != names:
        return [Check("reliability_loads", True, float("nan"), TOLERANCE, "load", "The loads are those of the case.")]
    measures = [Measure(column, names, off_by(reported[column], own[column])) for column in own]
    text = "Relative difference of failures, hours and energy of every load from the exact simulator."
    system, indices = tables["reliability_system"].iloc[0], indices_of(load_points(case).customers, own)
    off = [Measure(name, [""], off_by(np.array([system[name]]), np.array([value]))) for name, value in indices.items()]
    whole = "Relative difference of the indices of the system from the exact simulator."
    return [
        worst("reliability_loads", text, TOLERANCE, measures),
        worst("reliability_system", whole, TOLERANCE, off),
    ]


def monte_carlo_check(case: Case, tables: Mapping[str, pd.DataFrame], years: int, seed: int) -> Check:
    """Distance of the reported indices from the mean of random years, over half of the 99 % interval.

    Not required: one run in a hundred lies outside although all is right.
    """
    drawn, system = monte_carlo(case, years, seed), tables["reliability_system"].iloc[0]
    reported = np.array([float(system[name]) for name in INDICES])
    mean, high = drawn["mean"].to_numpy(dtype=np.float64), drawn["high"].to_numpy(dtype=np.float64)
    off = np.abs(reported - mean) / np.maximum(high - mean, TOLERANCE)
    text = f"Distance of the indices from the mean of {years} random years over half of the 99 % interval."
    return worst("reliability_monte_carlo", text, 1.0, [Measure("index", INDICES, off)], required=False)


def of_loads(case: Case, simulated: Simulated) -> dict[str, Floats]:
    """Failures and hours per year and energy not served of every load, as the simulator has them."""
    loads = load_points(case)
    rate = np.array([fault.rate for fault in simulated.faults])
    failures = loads.rate + rate @ simulated.dark
    hours = loads.rate * loads.repair_h + rate @ simulated.hours
    return {"failures_per_year": failures, "hours_per_year": hours, "eens_mwh": loads.mean_mw * hours}


def indices_of(customers: Floats, own: Mapping[str, Floats]) -> dict[str, float]:
    """The indices of loads with so many customers; NaN per customer where there is none."""
    everyone = float(customers.sum()) or float("nan")
    interrupted, dark = float(customers @ own["failures_per_year"]), float(customers @ own["hours_per_year"])
    energy = float(own["eens_mwh"].sum())
    return {
        "customers": float(customers.sum()),
        "saifi": interrupted / everyone,
        "saidi_h": dark / everyone,
        "caidi_h": dark / interrupted if interrupted > 0.0 else 0.0,
        "asai": 1.0 - dark / everyone / YEAR_H,
        "eens_mwh": energy,
        "aens_kwh": 1000.0 * energy / everyone,
    }


def off_by(reported: object, own: Floats) -> Floats:
    """Relative difference; NaN, reported or own, counts as zero, as where nothing ever fails."""
    values, known = (np.nan_to_num(np.asarray(one, dtype=np.float64), nan=0.0) for one in (reported, own))
    with np.errstate(over="ignore"):  # whatever was written there; infinitely far off is off
        return np.asarray(np.abs(values - known) / np.maximum(np.abs(known), TOLERANCE), dtype=np.float64)
