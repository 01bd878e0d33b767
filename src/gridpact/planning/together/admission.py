"""What keeps the owners of a case from planning together, asked of the case alone."""

from __future__ import annotations

from collections.abc import Iterator

from gridpact.case.case import Case
from gridpact.case.planned import candidate_names
from gridpact.errors import InputError, Issue
from gridpact.planning.reliability.indices import require_customers
from gridpact.planning.reliability.tree import tree_of

# Candidates that do nothing where no line fails and none is switched.
OF_RELIABILITY = ("tie_candidates", "protection_candidates")


def owner_issues(case: Case, limited: bool) -> list[Issue]:
    """Nothing to build, or no value in it; where reliability is ``limited``, faults that nobody can follow."""
    return [*_candidate_issues(case, limited), *(_fault_issues(case) if limited else [])]


def _candidate_issues(case: Case, limited: bool) -> Iterator[Issue]:
    if not candidate_names(case):
        fix = "Add rows to renewable_candidates, storage_candidates, line_candidates or their like."
        yield Issue("there is nothing to plan: the case has no candidates", fix)
    for table in OF_RELIABILITY:
        if case.count(table) and not limited:
            fix = "Give saidi_limit_h, saifi_limit or eens_limit_mwh, or take these rows out."
            yield Issue("only limits of reliability give this a value, and there are none", fix, table)


def _fault_issues(case: Case) -> list[Issue]:
    try:
        require_customers(case)
        tree_of(case)
    except InputError as error:
        return error.issues
    return []
