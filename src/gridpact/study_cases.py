"""The cases of a study: read together, so that the mistakes of all come out at once, and compared with each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from inspect import signature
from pathlib import Path
from typing import Any

from gridpact.case.case import Case
from gridpact.errors import InputError, Issue
from gridpact.results.planning import QUESTION as PLAN
from gridpact.results.reliability import QUESTION as RELIABILITY
from gridpact.results.together import LIMITS
from gridpact.results.together import QUESTION as TOGETHER
from gridpact.results.trading import QUESTION as TRADE
from gridpact.study_file import Document, cases_of


def read_cases(folder: Path, document: Document, keys: Sequence[str]) -> dict[str, Case]:
    """The cases that a study in ``folder`` names, by key. Raises ``InputError`` with the mistakes of all of them."""
    from gridpact.io.folder import read_case

    read, issues = {}, []
    for key in keys:
        try:
            read[key] = read_case(folder / document[key])
        except InputError as error:
            issues += error.issues if len(keys) == 1 else within(document[key], error.issues)
    if issues:
        raise InputError(issues)
    return read


def within(path: str, issues: Sequence[Issue]) -> list[Issue]:
    """The issues of one of several cases, their files named with its path; those of a workbook name it already."""
    named = Path(path).name
    return [
        issue if Path(issue.file).name.startswith(named) else replace(issue, file=f"{path}/{issue.file}".rstrip("/"))
        for issue in issues
    ]


def case_issues(folder: Path, document: Document, function: Callable[..., Any]) -> list[Issue]:
    """Everything that is wrong with the cases of a study, with their networks, and between them."""
    try:
        cases = read_cases(folder, document, cases_of(function))
    except InputError as error:
        return error.issues
    if document["question"] == RELIABILITY:
        return _reliability_issues(cases["case"])
    if document["question"] == PLAN:
        return _plan_issues(cases["case"], document.get("settings", {}))
    if document["question"] == TRADE:
        return _trade_issues(cases["case"])
    if document["question"] == TOGETHER:
        return _together_issues(cases["case"], document.get("settings", {}))
    issues = _network_issues(cases["case"], _formulation(function, document.get("settings", {})))
    return issues + (_pairing(cases, document) if "transmission" in cases else [])


def _reliability_issues(case: Case) -> list[Issue]:
    """What keeps faults from being followed, and indices from being averages over customers."""
    from gridpact.planning.reliability.indices import require_customers
    from gridpact.planning.reliability.network import radial_network

    issues: list[Issue] = []
    for require in (require_customers, radial_network):
        try:
            require(case)
        except InputError as error:
            issues += error.issues
    return issues


def _trade_issues(case: Case) -> list[Issue]:
    """What keeps a case from being traded, and loops."""
    from gridpact.markets.trade.admission import trade_issues

    return trade_issues(case) + _network_issues(case, "soc")


def _together_issues(case: Case, settings: Mapping[str, Any]) -> list[Issue]:
    """What keeps a case from being traded and planned by its owners together, and loops."""
    from gridpact.planning.together.admission import owner_issues

    return _trade_issues(case) + owner_issues(case, any(name in settings for name in LIMITS))


def _plan_issues(case: Case, settings: Mapping[str, Any]) -> list[Issue]:
    """Nothing to plan, what no plan of one owner builds, and loops that the plan is not asked to open."""
    from gridpact.case.planned import candidate_names, exchange_issues

    if settings.get("reconfigure", False):
        return exchange_issues(case)
    fix = "Add rows to renewable_candidates, storage_candidates, line_candidates or their like."
    nothing = [] if candidate_names(case) else [Issue("there is nothing to plan: the case has no candidates", fix)]
    opened = "Open a switch in each loop, or plan with reconfigure = true and switches in lines that may be opened."
    loops = _network_issues(case, "soc")
    told = [replace(issue, fix=opened) if "loop" in issue.message else issue for issue in loops]
    return nothing + exchange_issues(case) + told


def _pairing(cases: Mapping[str, Case], document: Document) -> list[Issue]:
    """What keeps the first case from leading, and both from being cleared together."""
    from gridpact.case.pairing import leading_issues, pairing_issues

    case, transmission = cases["case"], cases["transmission"]
    alone = within(document["case"], leading_issues(case))
    return alone + within(document["transmission"], pairing_issues(case, transmission))


def _formulation(function: Callable[..., Any], settings: Mapping[str, Any]) -> str:
    default = signature(function).parameters.get("formulation")
    return str(settings.get("formulation", "soc" if default is None else default.default))


def _network_issues(case: Case, formulation: str) -> list[Issue]:
    """Loops that the formulation cannot carry."""
    from gridpact.markets.market_program import formulation_named, market_network

    try:
        market_network(case, formulation_named(formulation))
    except InputError as error:
        return error.issues
    return []
