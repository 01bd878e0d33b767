"""The verdict of the certificate, before anything else, and the checks it rests on."""

from __future__ import annotations

from collections.abc import Sequence

from gridpact.report.standing import Check, Standing, checks_of
from gridpact.report.text import safe, significant, table, tag
from gridpact.results.record import Record

SIGNS = {"certified": "✓", "approximate": "≈", "failed": "✗"}
HEADER = ["Check", "Result", "Value", "Tolerance", "Worst at"]


def section(record: Record, standing: Standing) -> str:
    """Banner, what failed in full, all checks at a glance, and all in full for those who open them."""
    checks = checks_of(record)
    failed = [check for check in checks if not check["passed"]]
    return banner(standing) + _in_full(failed) + _glance(checks) + _unfold(checks)


def banner(standing: Standing) -> str:
    sign = f'<span class="sign" aria-hidden="true">{SIGNS[standing.verdict]}</span>'
    words = tag("div", tag("strong", standing.headline) + tag("p", safe(standing.reason)))
    return f'<div class="banner {standing.verdict}" role="status">{sign}{words}</div>'


def _glance(checks: Sequence[Check]) -> str:
    return tag("ul", "".join(tag("li", f"{_sign(check)} {_name(check)}", _css(check)) for check in checks), "glance")


def _unfold(checks: Sequence[Check]) -> str:
    title = tag("summary", "All checks with their values, tolerances and worst places")
    return tag("details", title + _in_full(checks)) if checks else ""


def _in_full(checks: Sequence[Check]) -> str:
    return table(HEADER, [_row(check) for check in checks], "checks") if checks else ""


def _row(check: Check) -> list[str]:
    name = tag("b", _name(check)) + tag("small", safe(check["description"]))
    result = tag("span", f"{_sign(check)} {_result(check)}", _css(check))
    return [name, result, significant(check["value"]), significant(check["tolerance"]), safe(check["where"])]


def _name(check: Check) -> str:
    return safe(str(check["name"]).replace("_", " "))


def _sign(check: Check) -> str:
    return "✓" if check["passed"] else "✗"


def _result(check: Check) -> str:
    """In words, not in colour alone."""
    if check["passed"]:
        return "passed"
    return "failed" if check["required"] else "not required"


def _css(check: Check) -> str:
    return _result(check).replace("not required", "shown")
