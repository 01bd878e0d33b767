"""What each microgrid pays in fees, and what the operator earns."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from gridpact.report.figures import canvas
from gridpact.report.figures.trade import look
from gridpact.report.text import number
from gridpact.report.trade import facts
from gridpact.results.record import Record


def draw(record: Record) -> Figure | None:
    """The largest payments, and the mean of the many small ones; nothing without a deal."""
    found = facts.table(record, "fees")
    if found is None or not found["amount"].abs().sum() > 0.005:
        return None
    paid = found.groupby("payer", sort=False)["amount"].sum().reindex(facts.microgrids(record)).fillna(0.0)
    amounts = paid.to_numpy(dtype=np.float64)
    shown = look.crowd(record, amounts)
    total = f"{number(float(amounts.sum()))} {record.case.currency}"
    names = shown.each[:-1]
    figure = canvas.sheet(f"Network fees: the operator earns {total}, paid by", 1.0 + 0.29 * len(names))
    values = shown.averaged(np.append(amounts, 0.0))[:-1]
    canvas.bars(figure, names, values, [canvas.ORANGE] * len(names), record.case.currency)
    return figure
