"""Plans side by side: what a year costs item by item, and how many units of what are built."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from gridpact.report.comparison.measures import NONE, Entry
from gridpact.report.text import number, safe, table, tag
from gridpact.results.planning import QUESTION
from gridpact.results.together import QUESTION as TOGETHER

MOST = 60  # candidates


def plans(runs: list[Entry]) -> list[str]:
    """Costs by item and units by candidate; nothing where no run is a plan."""
    chosen = [run for run in runs if run.record.question in (QUESTION, TOGETHER)]
    return [part for part in (_costs(chosen), _built(chosen)) if part]


def _costs(runs: list[Entry]) -> str:
    """Only of runs whose money their certificate vouches for."""
    columns = {
        run.number: run.record.tables["annual_costs"].set_index("item")["after"]
        for run in runs
        if run.standing.valid and "annual_costs" in run.record.tables
    }
    if not columns:
        return ""
    frame = pd.DataFrame(columns)
    kept = frame[(frame.abs() >= 0.005).any(axis=1)]
    currencies = [safe(run.record.case.currency) for run in runs if run.number in columns]
    named = zip(columns, currencies, strict=True)
    header = ["", *(f"Run {place}, {currency} per year" for place, currency in named)]
    body = [[safe(item), *map(_whole, row)] for item, row in zip(kept.index, kept.to_numpy().tolist(), strict=True)]
    return tag("h2", "What a year costs with the plans") + _wide(table(header, body, "months"))


def _built(runs: list[Entry]) -> str:
    columns = {
        run.number: run.record.tables["investments"].set_index("asset")["units"]
        for run in runs
        if "investments" in run.record.tables
    }
    if not columns:
        return ""
    frame = pd.DataFrame(columns)
    kept = frame[(frame.to_numpy(dtype=np.float64) > 0.0).any(axis=1)]
    if kept.empty:
        return ""
    header = ["", *(f"Run {place}" for place in frame.columns)]
    rows = zip(kept.index[:MOST], kept.head(MOST).to_numpy(dtype=np.float64).tolist(), strict=True)
    body = [[safe(asset), *map(_whole, row)] for asset, row in rows]
    more = f" {len(kept) - MOST} more are in the tables investments." if len(kept) > MOST else ""
    note = tag("p", f"Units that are built; a dash where a run has no such candidate.{more}", "remark")
    return tag("h2", "What the plans build") + _wide(table(header, body, "months")) + note


def _whole(value: float) -> str:
    return number(value, 0) if math.isfinite(value) else NONE


def _wide(content: str) -> str:
    return tag("div", content, "wide")
