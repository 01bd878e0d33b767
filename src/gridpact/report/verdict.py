"""The verdict of the certificate, before anything else, and the checks it rests on."""

from __future__ import annotations

from collections.abc import Sequence

from gridpact.case.case import Case
from gridpact.report.distance import from_ac, short_times
from gridpact.report.standing import Check, Standing, checks_of
from gridpact.report.text import safe, significant, table, tag
from gridpact.results.record import Record

SIGNS = {"certified": "✓", "approximate": "≈", "failed": "✗"}
HEADER = ["Check", "Result", "Value", "Tolerance", "Worst at"]


def section(record: Record, standing: Standing) -> str:
    """Banner and what failed in full; the checks are folded away where every required one passed."""
    checks, case = checks_of(record), record.case
    failed = [check for check in checks if check["required"] and not check["passed"]]
    return banner(record, standing) + _in_full(failed, case) + _fold(checks, case, unfolded=bool(failed))


def banner(record: Record, standing: Standing) -> str:
    sign = f'<span class="sign" aria-hidden="true">{SIGNS[standing.verdict]}</span>'
    reason = f"{safe(standing.reason)} {from_ac(record) if standing.verdict == 'approximate' else ''}"
    words = tag("div", tag("strong", standing.headline) + tag("p", reason.strip()))
    return f'<div class="banner {standing.verdict}" role="status">{sign}{words}</div>'


def _fold(checks: Sequence[Check], case: Case, unfolded: bool) -> str:
    """All checks at a glance, and in full inside."""
    if not checks:
        return ""
    results = [_result(check) for check in checks]
    counts = [f"{results.count(kind)} {kind}" for kind in ("passed", "failed", "shown only") if kind in results]
    title = tag("summary", f"The {len(checks)} checks of the certificate: {', '.join(counts)}")
    opened = "<details open>" if unfolded else "<details>"
    inside = tag("details", tag("summary", "Values, tolerances and worst places") + _in_full(checks, case))
    return f"{opened}{title}{_glance(checks)}{inside}</details>"


def _glance(checks: Sequence[Check]) -> str:
    return tag("ul", "".join(tag("li", f"{_sign(check)} {_name(check)}", _css(check)) for check in checks), "glance")


def _in_full(checks: Sequence[Check], case: Case) -> str:
    return table(HEADER, [_row(check, case) for check in checks], "checks") if checks else ""


def _row(check: Check, case: Case) -> list[str]:
    name = tag("b", _name(check)) + tag("small", safe(check["description"]))
    result = tag("span", f"{_sign(check)} {_result(check)}", _css(check))
    where = safe(short_times(str(check["where"]), case))
    return [name, result, significant(check["value"]), significant(check["tolerance"]), where]


def _name(check: Check) -> str:
    return safe(str(check["name"]).replace("_", " "))


def _sign(check: Check) -> str:
    return "✓" if check["passed"] else "✗" if check["required"] else "·"


def _result(check: Check) -> str:
    """In words, not in colour alone."""
    if check["passed"]:
        return "passed"
    return "failed" if check["required"] else "shown only"


def _css(check: Check) -> str:
    return _result(check).replace("shown only", "shown")
