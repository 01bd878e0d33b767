"""Lines that a plan opens and closes, in words."""

from __future__ import annotations

import pandas as pd

from gridpact.report.planning import facts, tables
from gridpact.report.standing import Standing
from gridpact.report.text import safe, tag
from gridpact.results.record import Record

MOST = 30


def switched(record: Record) -> str:
    """Which lines change, one sentence; nothing where the plan leaves them as they are without being asked."""
    found = facts.table(record, "switching")
    if found is None:
        return ""
    opened, closed = (
        found[found["closed_before"] & ~found["closed"]],
        found[~found["closed_before"] & found["closed"]],
    )
    parts = [f"{word}: {_names(some)}" for word, some in (("opened", opened), ("closed", closed)) if len(some)]
    return f"lines {', '.join(parts)}" if parts else "lines stay open and closed as they are"


def _names(some: pd.DataFrame) -> str:
    more = f" and {len(some) - MOST} more" if len(some) > MOST else ""
    return " ".join(some["line"].astype(str).head(MOST)) + more


def built_and_switched(record: Record, standing: Standing) -> str:
    """What is built, and below it the lines that change."""
    words = switched(record)
    text = tag("p", safe(words[0].upper() + words[1:] + "."), "remark") if words else ""
    return tables.investments(record, standing) + text
