"""Tables of how a trade was found: the run beside the central program, and what anyone could still gain."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gridpact.report.numbers import struck
from gridpact.report.standing import Standing
from gridpact.report.text import number, safe, significant, table, tag
from gridpact.report.trade import facts
from gridpact.report.trade.numbers import METHODS
from gridpact.report.trade.tables import money, transposed
from gridpact.results.record import Record


def found(record: Record, standing: Standing) -> str:
    return reference(record, standing) + regrets(record, standing)


def reference(record: Record, standing: Standing) -> str:
    """Method by method: cost, bound, time, iterations."""
    rows = facts.table(record, "reference")
    if rows is None:
        return ""
    unit = safe(record.case.currency)
    header = [
        "Method",
        f"Cost, {unit}",
        f"Cannot cost less than, {unit}",
        "Gap, % of the cost",
        "Iterations",
        "Seconds",
    ]
    names = [safe(METHODS.get(str(name), str(name))) for name in rows["method"]]
    amounts = [money(rows[name].to_numpy(dtype=np.float64), standing, 4) for name in ("cost", "lower_bound")]
    gaps = [_or_dash(100.0 * float(value), significant) for value in rows["gap"]]
    rounds = [_or_dash(float(value), lambda one: number(one, 0)) for value in rows["iterations"]]
    seconds = [_or_dash(float(value), lambda one: number(one, 2)) for value in rows["seconds"]]
    return table(header, transposed(names, *amounts, gaps, rounds, seconds), "trade")


def _or_dash(value: float, written: Callable[[float], str]) -> str:
    return written(value) if np.isfinite(value) else "–"


def regrets(record: Record, standing: Standing) -> str:
    """The largest of what anyone could still gain at the final prices."""
    rows = facts.table(record, "regrets")
    if rows is None:
        return ""
    first = rows.iloc[int(rows["regret"].to_numpy(dtype=np.float64).argmax())]
    regret, share = float(first["regret"]), float(first["share"])
    value = "nothing" if regret <= 0.0 else f"{struck(significant(regret), standing)} {safe(record.case.currency)}"
    who = (
        ""
        if regret <= 0.0
        else f" ({safe(first['participant'])}, {significant(100.0 * share)} % of what it turns over)"
    )
    words = f"At the final prices nobody could gain more than {value}{who} by another dispatch."
    return tag("p", words.replace("more than nothing", "anything"), "lead")
