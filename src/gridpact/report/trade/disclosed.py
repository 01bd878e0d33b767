"""What each party disclosed, from the ledger of messages, and what can be inferred from it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridpact.report.standing import Standing
from gridpact.report.text import number, safe, table, tag
from gridpact.report.trade import facts
from gridpact.report.trade.tables import transposed
from gridpact.results.record import Record

ALL, MOST = 6, 400  # microgrids that are told one by one, rows
KEYS = ["kind", "quantity", "unit"]


def disclosed(record: Record, standing: Standing) -> str:
    """The ledger, whoever is alike in one row, and what it gives away."""
    found = facts.table(record, "disclosures")
    if found is None:
        return ""
    masked = MASKED if found["kind"].astype(str).str.contains("mask").any() else ""
    return tag("p", INFERRED + masked + _central(record), "lead") + ledger(record, found)


INFERRED = (
    "This is all that any party told another, summed over all messages; data and devices never left their owner. It "
    "is not all that can be known. The operator knows every microgrid's exchange anyway, for it flows through the "
    "network, and answers to different prices tell something about the costs behind them. The receipt of a party "
    "gives away its benefit to whoever knows the gain of all and the weights, for a receipt is weight times gain "
    "less benefit."
)
MASKED = " Numbers under masks show their sum and nothing of one party, unless all others put theirs together."


def _central(record: Record) -> str:
    if record.summary.get("method") != "central":
        return ""
    return " The central program of this run was given all data of everybody: nothing was kept private from it."


def ledger(record: Record, found: pd.DataFrame) -> str:
    """Party by party where they are few, else one row for all microgrids that told as much."""
    told, few = found[found["numbers"] > 0], len(facts.microgrids(record)) <= ALL
    rows = told.head(MOST) if few else alike(record, told)
    header = ["From", "To", "What", "Unit", "Messages", "Numbers", "Bytes"]
    what = [_what(kind, quantity) for kind, quantity in zip(rows["kind"], rows["quantity"], strict=True)]
    counts = [[number(float(value), 0) for value in rows[name]] for name in ("messages", "numbers", "bytes")]
    sides = [[safe(name) for name in rows[side]] for side in ("sender", "recipient")]
    body = transposed(*sides, what, [safe(unit) or "–" for unit in rows["unit"]], *counts)
    total = [tag("b", number(float(found[name].sum()), 0)) for name in ("numbers", "bytes")]
    whole = [tag("b", "all"), "", "", "", "", *total]
    return tag("div", table(header, [*body, whole], "trade four"), "wide") + _note(found, told, rows, few)


def _note(found: pd.DataFrame, told: pd.DataFrame, rows: pd.DataFrame, few: bool) -> str:
    """What the rows do not say."""
    more, empty = len(told) - len(rows), int(found.loc[found["numbers"] == 0, "messages"].sum())
    words = [] if few else ["Counts are of all of them together."]
    words += [f"{more} more rows are in the table disclosures."] if few and more > 0 else []
    words += [f"{empty} more messages only asked or confirmed, and held no number."] if empty else []
    return tag("p", " ".join(words), "remark") if words else ""


def _what(kind: object, quantity: object) -> str:
    return safe(quantity) + (f" <small>({safe(kind)})</small>" if kind != quantity else "") if quantity else safe(kind)


def alike(record: Record, found: pd.DataFrame) -> pd.DataFrame:
    """Microgrids as one party: rows of one kind, quantity and unit added up, with how many told it to whom."""
    names = set(facts.microgrids(record))
    sides = {side: found[side].where(~found[side].isin(names), "microgrids") for side in ("sender", "recipient")}
    groups = found.assign(**sides, who=found["sender"], whom=found["recipient"]).groupby(
        ["sender", "recipient", *KEYS], sort=False
    )
    summed = groups.agg(messages=("messages", "sum"), numbers=("numbers", "sum"), bytes=("bytes", "sum"),
                        who=("who", "nunique"), whom=("whom", "nunique")).reset_index()  # fmt: skip
    for side, count in (("sender", "who"), ("recipient", "whom")):
        many = np.array([f"{number} microgrids" for number in summed[count]], dtype=object)
        summed[side] = summed[side].where(summed[side] != "microgrids", many)
    return summed
