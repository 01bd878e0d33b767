"""The settings of a plan: their names, their types and ranges."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gridpact.errors import Issue
from gridpact.setting_checks import choice_issues, flag_issues, not_possible, whole_issues

BENDERS = "benders"
REPRESENTATIONS = ("energy_medoid", "medoid", "centroid")
# Fields of the limits, and the settings that give them.
LIMITS = {
    "budget": "budget",
    "max_penetration": "max_penetration",
    "saidi_h": "saidi_limit_h",
    "saifi": "saifi_limit",
    "eens_mwh": "eens_limit_mwh",
}
# Settings that are numbers: the least, whether it may be that, and what to do.
NUMBERS = {
    "discount_rate": (0.0, True, "Give a share, 0.08 for 8 % in a year."),
    "budget": (0.0, True, "Give the most that may be invested in all, in currency."),
    "max_penetration": (0.0, True, "Give the most renewable energy over demand, 0.5 for half."),
    "saidi_limit_h": (0.0, False, "Give the most hours without supply of a customer in a year."),
    "saifi_limit": (0.0, False, "Give the most interruptions of a customer in a year."),
    "eens_limit_mwh": (0.0, False, "Give the most energy not served in a year, in MWh."),
    "interruption_cost_per_mwh": (0.0, True, "Give a price of energy not served."),
    "carbon_price_per_t": (0.0, True, "Give a price of a tonne of CO2."),
    "year_tolerance": (0.0, False, "Give a share of the cost of a year, 0.01 for 1 %."),
    "gap": (0.0, True, "Give a share of the cost, 0.001 for 0.1 %."),
    "time_limit_s": (0.0, False, "Give seconds."),
}
MOST = 1e15  # of any number: beyond it nothing that is meant can be told from rounding
SHARES = ("discount_rate", "gap", "year_tolerance")
FLAGS = ("extreme_days", "reconfigure")
WHOLE = {"typical_days": (1, 366), "workers": (1, 1000), "year_rounds": (0, 20)}
# Settings that a search that goes on may have other values of: they say how hard it is tried, not what is asked.
EFFORT = ("workers", "cluster", "time_limit_s")
SETTINGS = (*NUMBERS, *WHOLE, "representation", "extreme_days", "reconfigure", "cluster", "method")


def setting_issues(settings: Mapping[str, Any]) -> list[Issue]:
    """What is wrong with the types and ranges of the settings that are there, whatever the caller passed."""
    issues = [
        not_possible(name, settings[name], fix)
        for name, (low, allowed, fix) in NUMBERS.items()
        if name in settings and not (_in_range(settings[name], low, allowed) and _is_share(name, settings[name]))
    ]
    issues += whole_issues(settings, WHOLE)
    issues += choice_issues(settings, {"representation": REPRESENTATIONS})
    issues += flag_issues(settings, FLAGS)
    if not isinstance(settings.get("cluster", ""), str):
        issues.append(not_possible("cluster", settings["cluster"], "Give the address of a scheduler, tls://host:port."))
    issues += _method_issues(settings.get("method", BENDERS))
    return issues


def _method_issues(method: Any) -> list[Issue]:
    """What is wrong with the name of a method; solvers are looked for only where one is named."""
    if isinstance(method, str) and method == BENDERS:
        return []
    from gridpact.programs.whole import solver_issues

    return [
        replace(issue, message=f"method = {method!r} is not possible") for issue in solver_issues(method, (BENDERS,))
    ]


def is_absent(name: str, value: Any) -> bool:
    """Whether a setting says that there is no limit, no cluster, or that lines stay as they are."""
    if name == "reconfigure":
        return value is False
    if name == "cluster":
        return isinstance(value, str) and value == ""
    return name in LIMITS.values() and isinstance(value, float) and value == math.inf


def _is_share(name: str, value: float) -> bool:
    """Whether a share is below 1: 8 for 8 % is a mistake that nothing else would show."""
    return name not in SHARES or value <= 1.0


def _in_range(value: Any, low: float, allowed: bool) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and value < MOST and (value > low or (allowed and value == low))
