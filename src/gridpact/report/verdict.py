"""The verdict of the certificate, before anything else, and the checks it rests on."""

from __future__ import annotations

from gridpact.report.standing import Check, Standing, checks_of
from gridpact.report.text import safe, significant, table, tag
from gridpact.results.record import Record

SIGNS = {"certified": "✓", "approximate": "≈", "failed": "✗"}


def section(record: Record, standing: Standing) -> str:
    """Banner and checks."""
    sign = f'<span class="sign" aria-hidden="true">{SIGNS[standing.verdict]}</span>'
    words = tag("div", tag("strong", standing.headline) + tag("p", safe(standing.reason)))
    banner = f'<div class="banner {standing.verdict}" role="status">{sign}{words}</div>'
    return banner + checks(record)


def checks(record: Record) -> str:
    """All checks as a table: failed first."""
    header = ["Check", "Result", "Value", "Tolerance", "Worst at"]
    rows = [_row(check) for check in checks_of(record)]
    return table(header, rows, "checks") if rows else ""


def _row(check: Check) -> list[str]:
    name = tag("b", safe(check["name"])) + tag("small", safe(check["description"]))
    value, tolerance = (significant(check[key]) for key in ("value", "tolerance"))
    return [name, _result(check), value, tolerance, safe(check["where"])]


def _result(check: Check) -> str:
    """In words, not in colour alone."""
    if check["passed"]:
        return tag("span", "✓ passed", "passed")
    return tag("span", "✗ failed", "failed") if check["required"] else tag("span", "✗ not required", "shown")
