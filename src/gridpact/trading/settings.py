"""The settings of a trade: their names, their types and ranges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gridpact.errors import Issue
from gridpact.setting_checks import choice_issues, flag_issues, not_possible, whole_issues

METHODS = ("atc", "cf_admm", "central")
SUBPROBLEMS = ("solver", "closed_form")
EXACTNESS = ("off", "repair", "certify")
DYNAMICS = ("quasi_dynamic", "steady")
COALITIONS = ("auto", "all", "none")
CHOICES = {
    "method": METHODS,
    "subproblem": SUBPROBLEMS,
    "exactness": EXACTNESS,
    "heat_dynamics": DYNAMICS,
    "coalitions": COALITIONS,
}
WHOLE = {"rounds": (1, 10_000), "seed": (0, 2**31 - 1)}
LEAST_TOLERANCE, MOST_TOLERANCE = 1e-8, 1e-2


def setting_issues(settings: Mapping[str, Any]) -> list[Issue]:
    """What is wrong with the types and ranges of the settings that are there, whatever the caller passed."""
    issues = choice_issues(settings, CHOICES) + whole_issues(settings, WHOLE)
    tolerance = settings.get("tolerance", LEAST_TOLERANCE)
    number = isinstance(tolerance, int | float) and not isinstance(tolerance, bool)
    if not (number and LEAST_TOLERANCE <= tolerance <= MOST_TOLERANCE):
        fix = f"Give a share from {LEAST_TOLERANCE:g} to {MOST_TOLERANCE:g}."
        issues.append(not_possible("tolerance", tolerance, fix))
    issues += flag_issues(settings, ("reference",))
    if not isinstance(settings.get("warm_start", ""), str):
        issues.append(not_possible("warm_start", settings["warm_start"], "Give the path of a kept run of a trade."))
    return issues
