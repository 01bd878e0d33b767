"""The settings of a joint plan: their names, their types and ranges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gridpact.errors import Issue
from gridpact.plans.settings import setting_issues as plan_setting_issues
from gridpact.results.together import LIMITS, NO_REFERENCE, SCHEMES, UPPERS, WEIGHTS
from gridpact.setting_checks import choice_issues, flag_issues, not_possible, whole_issues

TRADES = ("central", "atc", "cf_admm")
EXACTNESS = ("off", "repair", "certify")
CHOICES = {"scheme": SCHEMES, "upper": UPPERS, "weights": WEIGHTS, "trade": TRADES, "exactness": EXACTNESS}
WHOLE = {"years": (1, 100), "seed": (0, 2**31 - 1)}
# What a joint plan has in common with one of one owner.
PLANNED = (
    *("typical_days", "representation", "extreme_days", "discount_rate", "gap", "time_limit_s", "workers"),
    *LIMITS,
)


def setting_issues(settings: Mapping[str, Any]) -> list[Issue]:
    """What is wrong with the types and ranges of the settings that are there, whatever the caller passed."""
    common = {name: settings[name] for name in PLANNED if name in settings}
    issues = plan_setting_issues(common) + choice_issues(settings, CHOICES) + whole_issues(settings, WHOLE)
    if settings.get("scheme") == "alternating" and settings.get("upper", "one_hand") != "one_hand":
        fix = 'Take upper "one_hand", or another scheme.'
        issues.append(not_possible("upper", settings["upper"], fix))
    if settings.get("upper", "one_hand") != "one_hand" and any(name in settings for name in LIMITS):
        fix = 'Take upper "one_hand": how reliable the network is depends on what all owners build.'
        issues.append(not_possible("upper", settings["upper"], fix))
    if settings.get("reference", NO_REFERENCE) != NO_REFERENCE:
        from gridpact.programs.whole import solver_issues

        issues += [
            replace(issue, message=f"reference = {settings['reference']!r} is not possible")
            for issue in solver_issues(settings["reference"], (NO_REFERENCE,))
        ]
    return issues + flag_issues(settings, ("compare",))
