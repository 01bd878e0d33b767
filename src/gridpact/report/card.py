"""A run and its certificate as a card in a notebook.

All styles stand inline, for a notebook strips the rest; the card brings its own ground and ink, so that it can be read
in light and dark notebooks alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gridpact.report.asked import horizon, question
from gridpact.report.days import standings
from gridpact.report.distance import from_ac
from gridpact.report.game.facts import is_game
from gridpact.report.game.numbers import game_facts
from gridpact.report.numbers import Fact, facts
from gridpact.report.once import read_once
from gridpact.report.planning.facts import is_plan
from gridpact.report.planning.numbers import plan_facts
from gridpact.report.reliability.facts import is_reliability
from gridpact.report.reliability.numbers import reliability_facts
from gridpact.report.standing import HEADLINES, Check, Standing
from gridpact.report.text import safe, significant
from gridpact.report.together.facts import is_together
from gridpact.report.together.numbers import together_facts
from gridpact.report.trade.facts import is_trade
from gridpact.report.trade.numbers import trade_facts, whole_facts
from gridpact.report.verdict import SIGNS
from gridpact.results.record import Record

INK, SOFT, LINE = "#1d2329", "#4f5861", "#dfe3e7"
GROUNDS = {"certified": "#eaf6f2", "approximate": "#fdf5e4", "failed": "#fcede4"}
EDGES = {"certified": "#009e73", "approximate": "#e69f00", "failed": "#d55e00"}


def run_card(record: Record) -> str:
    """Verdict, key figures with their units, and the names of the tables."""
    record = read_once(record)
    standing, shown_as = standings(record)
    distance = from_ac(record) if standing.verdict == "approximate" else ""
    head = _block("b", "font-size:16px", safe(record.case.name)) + _block(
        "div", f"color:{SOFT}", f"{safe(question(record))} · {horizon(record.case)}"
    )
    shown = "".join(map(_fact, _facts(record, shown_as)))
    grid = "display:grid;grid-template-columns:repeat(auto-fill,minmax(190px,1fr));gap:8px;margin:8px 0"
    tables = f"Tables, for run.table(name): {', '.join(map(safe, record.tables))}"
    parts = [
        head,
        _banner(standing.verdict, f"{safe(standing.reason)} {distance}".strip()),
        _block("div", grid, shown),
        _block("div", f"color:{SOFT}", tables),
    ]
    return _paper("".join(parts))


def _facts(record: Record, standing: Standing) -> list[Fact]:
    """The key figures of the question that was asked."""
    if is_plan(record):
        return plan_facts(record, standing)
    if is_reliability(record):
        return reliability_facts(record, standing)
    if is_together(record):
        return together_facts(record, standing)
    if is_trade(record):
        return [*trade_facts(record, standing), *whole_facts(record, standing)]
    game = game_facts(record, standing) if is_game(record) else []
    return [*game, *facts(record, standing)]


def certificate_card(verdict: str, checks: tuple[Mapping[str, Any], ...]) -> str:
    """Verdict and checks: failed ones in the open, all of them folded away."""
    known = verdict if verdict in HEADLINES else "failed"
    required = [check for check in checks if check["required"]]
    failed = [check for check in required if not check["passed"]]
    passed = f"{len(required) - len(failed)} of {len(required)} required checks passed"
    title = _block("summary", f"cursor:pointer;color:{SOFT}", f"All {len(checks)} checks")
    folded = _block("details", "margin-top:6px", title + _checks(checks)) if checks else ""
    return _paper(_banner(known, passed) + (_checks(failed) if failed else "") + folded)


def _banner(verdict: Any, reason: str) -> str:
    style = f"background:{GROUNDS[verdict]};border-left:6px solid {EDGES[verdict]};padding:8px 12px;margin:8px 0"
    return _block("div", style, f"<b>{SIGNS[verdict]} {HEADLINES[verdict]}</b><br>{reason}")


def _fact(fact: Fact) -> str:
    title = _block("div", f"color:{SOFT};font-size:12px", fact.title)
    value = _block("div", "font-size:18px;white-space:nowrap", f"<b>{fact.value}</b> {_soft(fact.unit)}")
    note = _block("div", f"color:{SOFT};font-size:12px", fact.note) if fact.note else ""
    return _block("div", f"border:1px solid {LINE};border-radius:6px;padding:6px 10px", title + value + note)


def _checks(checks: list[Check] | tuple[Check, ...]) -> str:
    cell = "text-align:left;padding:2px 12px 2px 0;vertical-align:top"
    rows = [["Check", "Result", "Value", "Tolerance", "Worst at"], *map(_row, checks)]
    lines = ["".join(_block("td", cell, text) for text in row) for row in rows]
    plain = f"border-collapse:collapse;background:none;color:{INK};font-size:12px"
    return _block("table", plain, "".join(_block("tr", "background:none", line) for line in lines))


def _row(check: Check) -> list[str]:
    result = "passed" if check["passed"] else "<b>FAILED</b>" if check["required"] else "shown only"
    name = safe(str(check["name"]).replace("_", " "))
    return [name, result, significant(check["value"]), significant(check["tolerance"]), safe(check["where"])]


def _soft(text: str) -> str:
    return _block("span", f"color:{SOFT};font-size:12px", text)


def _paper(content: str) -> str:
    style = (
        f"background:#fff;color:{INK};border:1px solid {LINE};border-radius:8px;padding:12px 16px;max-width:860px;"
        "font:14px/1.45 system-ui,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"
    )
    return _block("div", style, content)


def _block(name: str, style: str, content: str) -> str:
    """An element with its style; ``content`` must be HTML already."""
    return f'<{name} style="{style}">{content}</{name}>'
