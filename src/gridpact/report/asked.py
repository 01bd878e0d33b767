"""What was asked: the question, the case, its horizon and the settings."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from gridpact.case.case import Case
from gridpact.report.text import moment, number, safe, significant, table, tag
from gridpact.results.record import Record

MARKET, BOTH_MARKETS = "the electricity market", "the markets of electricity and heat"
QUESTIONS = {
    "clear": "Clearing of the electricity market",
    "clear_days": "Clearing of the electricity market, {window} by {window}",
    "reliability": "Reliability of supply: interruptions, hours and energy of a mean year",
    "stackelberg": "The district leads, the transmission market follows",
    "trade": "Microgrids trade with each other and with the network",
    "plan": "Plan of the distribution network at least cost",
    "plan_together": "Owners plan their investments together and share the gain",
}


def heading(record: Record) -> str:
    """Title and subtitle of the page."""
    return tag("h1", safe(record.case.name)) + tag(
        "p", f"{safe(question(record))} · {horizon(record.case)}", "subtitle"
    )


def question(record: Record) -> str:
    """What was asked, in words."""
    words = QUESTIONS.get(record.question, record.question).replace("{window}", record.case.window)
    if "leaders" in record.tables:
        words = words.replace("The district leads", "Several districts lead")
    return words.replace(MARKET, BOTH_MARKETS) if "heat_prices" in record.tables else words


def section(record: Record) -> str:
    """The size of the case, the settings of the study, and what it was computed with."""
    method = record.summary.get("heat_flow_method")
    water = {} if method is None else {"heat_flow_method": method}
    networks = {"network": size(record.case)}
    if record.transmission is not None:
        networks["transmission network"] = f"{record.transmission.name}: {size(record.transmission)}"
    rows = networks | dict(record.settings) | water | dict(record.provenance)
    body = [[_term(name), safe(_flat(value))] for name, value in rows.items() if value is not None]
    return tag("h2", "What was asked, and with what") + table(["", ""], body, "terms")


def _term(name: str) -> str:
    """A setting in words, its unit at the end: solver_seconds is solver, seconds."""
    stem = name.removesuffix("_seconds")
    return safe(stem.replace("_", " ") + (", seconds" if stem != name else ""))


def _flat(value: object) -> str:
    """Settings and versions as a reader writes them: numbers of three digits."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_flat(item)}" for key, item in value.items())
    return significant(value) if isinstance(value, float) else str(value)


def horizon(case: Case) -> str:
    """First to last moment in local time, with the number and the length of the steps."""
    end = case.snapshots[-1] + pd.Timedelta(minutes=case.step_minutes)
    steps = f"{case.steps} step{'s' if case.steps > 1 else ''} of {number(case.step_minutes, 0)} min"
    return f"{moment(case.snapshots[0])} to {moment(end)}, {safe(case.timezone)} · {steps}"


def size(case: Case) -> str:
    """How many components of each kind the case has."""
    counts = {name: len(rows) for name, rows in case.tables.items()}
    return ", ".join(f"{name} {count}" for name, count in counts.items() if count)
