r"""Indices of reliability by fault incidence: sums over what each fault does to each load.

With $\lambda_i$ failures per year of fault $i$ and $d_{ij}$ hours of interruption of load $j$ by it, $N_j$ customers
and $P_j$ mean power of the load, and $\lambda^t_j$, $r^t_j$ of its own transformer:

$$
\lambda_j = \lambda^t_j + \sum_{i: j \text{ dark}} \lambda_i, \qquad U_j = \lambda^t_j r^t_j + \sum_i \lambda_i d_{ij},
$$
$$
\text{SAIFI} = \frac{\sum_j N_j \lambda_j}{\sum_j N_j}, \quad \text{SAIDI} = \frac{\sum_j N_j U_j}{\sum_j N_j}, \quad
\text{CAIDI} = \frac{\text{SAIDI}}{\text{SAIFI}}, \quad \text{ASAI} = 1 - \frac{\text{SAIDI}}{8760}, \quad
\text{EENS} = \sum_j P_j U_j, \quad \text{AENS} = \frac{\text{EENS}}{\sum_j N_j}.
$$

Source: Billinton and Allan, Reliability Evaluation of Power Systems, 2nd ed., 1996, chapters 7 and 8; IEEE Std 1366.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.case.case import Case, Floats
from gridpact.errors import InputError, Issue
from gridpact.planning.reliability.network import LoadPoints, RadialNetwork, radial_network
from gridpact.planning.reliability.restoration import interruption_hours
from gridpact.results.record import words
from gridpact.results.reliability import REPAIRED, SWITCHED, UNDISTURBED

HOURS: Final = 8760.0
CLASSES: Final = ("undisturbed", "switching", "repair")


@dataclass(frozen=True, eq=False)
class Incidence:
    """What each fault does to each load: its class (0 undisturbed, 1 restored by switching, 2 by the repair) and the
    hours of interruption; shape (faults, loads) each."""

    classes: NDArray[np.int8]
    hours: Floats


def incidence(network: RadialNetwork) -> Incidence:
    """The class and the hours of every load after every fault. Equal faults of a zone are looked at once."""
    faults, zone = network.faults, network.loads.zone
    kinds, of = np.unique(np.stack([faults.zone, faults.repair_h], axis=1), axis=0, return_inverse=True)
    dark, hours = interruption_hours(network, kinds[:, 0].astype(np.int64), kinds[:, 1])
    classes = np.where(dark, np.where(hours < kinds[:, 1:], SWITCHED, REPAIRED), UNDISTURBED).astype(np.int8)
    at = np.ix_(of.ravel(), zone)
    return Incidence(classes[at], hours[at])


def reliability(case: Case) -> dict[str, pd.DataFrame]:
    """Indices of reliability of a radial network, as tables:

    - ``reliability_loads``: failures per year, hours per year and per failure, EENS of every load;
    - ``reliability_feeders`` and ``reliability_system``: customers, SAIFI (1/a), SAIDI (h/a), CAIDI (h), ASAI, EENS
      (MWh/a) and AENS (kWh/a) of every feeder and of all;
    - ``reliability_faults``: failures per year of everything that fails, the customers and the mean MW that one failure
      interrupts, what it adds to SAIFI and SAIDI of all, and to EENS.

    Energy not served is from the mean load over the case's horizon. An index per customer is NaN where there is none.
    Raises ``InputError`` where the network is not radial, or where no load has customers.
    """
    require_customers(case)
    network = radial_network(case)
    return tables_of(case, network, incidence(network))


def require_customers(case: Case) -> None:
    """Raise ``InputError`` where no load has customers."""
    if not (case.column("loads", "customers") > 0.0).any():
        fix = "Give the column customers: the indices are averages over customers."
        raise InputError([Issue("no load has customers", fix, "loads", column="customers")])


def tables_of(case: Case, network: RadialNetwork, effect: Incidence) -> dict[str, pd.DataFrame]:
    """The tables of ``reliability``, given what each fault does."""
    loads = load_table(network, effect)
    return {
        "reliability_loads": loads,
        "reliability_feeders": index_table(loads, "feeder"),
        "reliability_system": index_table(loads.assign(system=case.name), "system"),
        "reliability_faults": fault_table(network, effect),
    }


def interruptions(case: Case) -> pd.DataFrame:
    """Every interruption that a single fault can cause: fault, load, class and hours. Raises as ``reliability``."""
    network = radial_network(case)
    effect = incidence(network)
    fault, load = np.nonzero(effect.classes)
    names = {"fault": np.array(network.faults.names)[fault], "load": np.array(network.loads.names)[load]}
    hours = effect.hours[fault, load]
    return pd.DataFrame({**names, "class": np.array(CLASSES)[effect.classes[fault, load]], "hours": hours})


def load_table(network: RadialNetwork, effect: Incidence) -> pd.DataFrame:
    """Failures, hours and energy of every load point."""
    loads, rate = network.loads, network.faults.rate
    failures = loads.rate + rate @ (effect.classes > UNDISTURBED)
    hours = loads.rate * loads.repair_h + rate @ effect.hours
    return pd.DataFrame(
        {
            "load": loads.names,
            "feeder": loads.feeder,
            "customers": loads.customers,
            "mean_mw": loads.mean_mw,
            "failures_per_year": failures,
            "hours_per_year": hours,
            "hours_per_failure": _ratio(hours, failures),
            "eens_mwh": loads.mean_mw * hours,
        }
    )


def index_table(loads: pd.DataFrame, by: str) -> pd.DataFrame:
    """The indices of groups of load points, in the order in which the groups first appear."""
    parts = loads.assign(
        interrupted=loads["customers"] * loads["failures_per_year"], dark=loads["customers"] * loads["hours_per_year"]
    )
    sums = parts.groupby(by, sort=False)[["customers", "interrupted", "dark", "eens_mwh"]].sum()
    customers, interrupted, dark, eens = (sums[name].to_numpy(dtype=np.float64) for name in sums)
    saidi = _ratio(dark, customers)
    return pd.DataFrame(
        {
            by: sums.index.to_numpy(),
            "customers": customers,
            "saifi": _ratio(interrupted, customers),
            "saidi_h": saidi,
            "caidi_h": _ratio(dark, interrupted),
            "asai": 1.0 - saidi / HOURS,
            "eens_mwh": eens,
            "aens_kwh": 1000.0 * _ratio(eens, customers),
        }
    )


def fault_table(network: RadialNetwork, effect: Incidence) -> pd.DataFrame:
    """What each fault of the network, then each load's own transformer, interrupts and adds to the indices."""
    faults, loads = network.faults, network.loads
    own = np.flatnonzero(loads.rate > 0.0)
    names = [*faults.names, *(f"transformer of {loads.names[load]}" for load in own)]
    rate, hit, hours = _with_own(network, effect, own)
    every = max(float(loads.customers.sum()), 1.0)
    return pd.DataFrame(
        {
            "fault": words(names),
            "failures_per_year": rate,
            "customers": hit @ loads.customers,
            "mean_mw": hit @ loads.mean_mw,
            "saifi": rate * (hit @ loads.customers) / every,
            "saidi_h": rate * (hours @ loads.customers) / every,
            "eens_mwh": rate * (hours @ loads.mean_mw),
        }
    )


def _with_own(network: RadialNetwork, effect: Incidence, own: NDArray[np.intp]) -> tuple[Floats, Floats, Floats]:
    """Rates, hits and hours of all faults, those of the loads' own transformers last."""
    loads: LoadPoints = network.loads
    single = np.eye(len(loads.names))[own]
    rate = np.concatenate([network.faults.rate, loads.rate[own]])
    hit = np.concatenate([(effect.classes > UNDISTURBED).astype(np.float64), single])
    return rate, hit, np.concatenate([effect.hours, single * loads.repair_h])


def _ratio(part: Floats, whole: Floats) -> Floats:
    """The quotient, NaN where there is nothing to divide by."""
    known = whole > 0.0
    return np.where(known, part / np.where(known, whole, 1.0), np.nan)
