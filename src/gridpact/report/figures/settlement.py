"""Who pays and who receives."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from gridpact.report.figures import canvas
from gridpact.results.record import Record

MOST = 20
PAYS, RECEIVES = canvas.ORANGE, canvas.BLUE


def draw(record: Record) -> Figure | None:
    settlement = record.tables.get("settlement")
    if settlement is None or settlement.empty:
        return None
    payments = totals(settlement)
    figure = canvas.sheet("Who pays and who receives", 1.3 + 0.27 * len(payments))
    values = payments.to_numpy(dtype=np.float64)
    colours = [PAYS if value > 0 else RECEIVES for value in values]
    names = [str(name) for name in payments.index]
    axes = canvas.bars(figure, names, values, colours, record.case.currency, legend_rows=1)
    axes.legend(handles=[Patch(color=PAYS, label="pays"), Patch(color=RECEIVES, label="receives")], loc="lower left",
                bbox_to_anchor=(0.0, 1.0), ncols=2, borderaxespad=0.3)  # fmt: skip
    return figure


def totals(settlement: pd.DataFrame) -> pd.Series:
    """Payment of every participant over all carriers: largest payer to largest receiver, the operator last."""
    sums = settlement.groupby(["kind", "participant"], sort=False)["payment"].sum().reset_index()
    names = sums["participant"]
    sums["name"] = names.where(~names.duplicated(keep=False), names + " (" + sums["kind"] + ")")
    operator = sums["kind"] == "operator"
    payments = sums[~operator].set_index("name")["payment"].sort_values(ascending=False)
    rest = pd.Series({"network operator": sums.loc[operator, "payment"].sum()})
    whole: pd.Series = pd.concat([_without_crowd(payments), rest])
    return whole


def _without_crowd(payments: pd.Series) -> pd.Series:
    """The largest payments one by one; the many small ones as two sums, of those who pay and those who receive."""
    if len(payments) <= MOST:
        return payments
    shown = payments.abs().rank(method="first", ascending=False) <= MOST
    paying, receiving = payments[~shown & (payments > 0)], payments[~shown & (payments <= 0)]
    crowd = {f"{len(paying)} others who pay": paying.sum(), f"{len(receiving)} others who receive": receiving.sum()}
    parts = [payments[shown & (payments > 0)], pd.Series(crowd), payments[shown & (payments <= 0)]]
    few: pd.Series = pd.concat(parts)
    return few
