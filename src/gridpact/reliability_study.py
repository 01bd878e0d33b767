"""The reliability of a network as a study: indices of the case as it is, judged fault by fault and, if asked, by years
drawn at random."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from gridpact.case.case import Case
from gridpact.errors import InputError, Issue
from gridpact.results.record import Record
from gridpact.results.reliability import INDICES, QUESTION
from gridpact.results.summary import horizon_words
from gridpact.run import Run, judged, provenance
from gridpact.setting_checks import whole_issues

MOST_YEARS, MOST_SEED = 1_000_000, 2**63 - 1


def assess_reliability(
    case: Case | str | Path, *, monte_carlo_years: int = 0, seed: int = 0, progress: bool = False
) -> Run:
    """Indices of reliability of a radial network, with a certificate: who is how often and how long without supply.

    Tables: those of ``gp.reliability`` (loads, feeders, system, faults) and ``reliability`` (index, value), the indices
    of the system: SAIFI (1/a), SAIDI (h/a), CAIDI (h), ASAI, EENS (MWh/a), AENS (kWh/a). The summary has the same
    indices; there is no money in them, and hence no objective. Energy not served is from the mean load over the case's
    horizon.

    The certificate follows every fault through the network by code of its own, and adds up anew. With
    ``monte_carlo_years`` (0 or 2 to 1,000,000) it also draws so many years at random, from ``seed``: the table
    ``reliability_monte_carlo`` has their means with 99 % intervals, in which the indices should lie.

    ``case`` may also be a path. A case changed in memory is validated first. ``progress`` shows nothing: it takes no
    time that is worth showing.

    Raises ``InputError`` for wrong arguments, for mistakes in the case, where the network is not radial and where no
    load has customers.
    """
    from gridpact.case.validate import require_valid
    from gridpact.io.folder import read_case

    settings = {"monte_carlo_years": monte_carlo_years, "seed": seed}
    issues = setting_issues(settings)
    if issues:
        raise InputError(issues)
    valid = require_valid(case) if isinstance(case, Case) else read_case(case)
    return Run(judged(_record(valid, settings, perf_counter())))


def setting_issues(settings: Mapping[str, Any]) -> list[Issue]:
    """What is wrong with the types and ranges of the settings that are there, whatever the caller passed."""
    ranges = {"monte_carlo_years": (0, MOST_YEARS), "seed": (0, MOST_SEED)}
    issues = whole_issues(settings, ranges)
    if not issues and settings.get("monte_carlo_years") == 1:
        fix = "Give 0 for none, or 2 and more: one year has no spread."
        issues.append(Issue("monte_carlo_years = 1 is not possible", fix))
    return issues


def _record(case: Case, settings: Mapping[str, Any], started: float) -> Record:
    """The indices with what they rest on: class and hours of every load after every fault."""
    from gridpact.planning.reliability.indices import incidence, require_customers, tables_of
    from gridpact.planning.reliability.network import radial_network

    require_customers(case)
    network = radial_network(case)
    effect = incidence(network)
    tables = tables_of(case, network, effect)
    system = tables["reliability_system"].iloc[0]
    found = {name: float(system[name]) for name in INDICES}
    tables["reliability"] = pd.DataFrame({"index": list(found), "value": list(found.values())})
    if settings["monte_carlo_years"]:
        from gridpact.certificates.planning.monte_carlo import monte_carlo

        tables["reliability_monte_carlo"] = monte_carlo(case, settings["monte_carlo_years"], settings["seed"])
    counted = {"customers": float(system["customers"]), "feeders": len(tables["reliability_feeders"])}
    return Record(
        question=QUESTION,
        settings=settings,
        case=case,
        summary=horizon_words(case) | counted | found,
        tables=tables,
        solution={"classes": effect.classes, "hours": np.asarray(effect.hours, dtype=np.float64)},
        provenance=provenance(
            None, perf_counter() - started, settings["seed"] if settings["monte_carlo_years"] else None
        ),
    )
