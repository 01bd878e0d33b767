"""Tables of who trades what: energies, partners and mean prices of each microgrid; its limits; the fees."""

from __future__ import annotations

import math

import numpy as np

from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.trade.limits import at_limit
from gridpact.report.numbers import struck
from gridpact.report.standing import Standing
from gridpact.report.text import number, safe, table, tag
from gridpact.report.trade import facts
from gridpact.report.trade.fee_words import paragraph
from gridpact.results.record import Record

OPEN = 12  # rows in the open; the others are folded away


def cells(values: Floats, decimals: int = 2) -> list[str]:
    """Numbers as texts; a dash for those that are none."""
    return [number(float(value), decimals) if np.isfinite(value) else "–" for value in values]


def money(values: Floats, standing: Standing, decimals: int = 2) -> list[str]:
    return [text if text == "–" else struck(text, standing) for text in cells(values, decimals)]


def transposed(*columns: list[str]) -> list[list[str]]:
    return [list(row) for row in zip(*columns, strict=True)]


def long(header: list[str], rows: list[list[str]], css: str, last: list[list[str]] | None = None) -> str:
    """The first rows in the open with the last ones, the others folded away."""
    shown = tag("div", table(header, [*rows[:OPEN], *(last or [])], css), "wide")
    if len(rows) <= OPEN:
        return shown
    more = tag("summary", f"{len(rows) - OPEN} more")
    return shown + tag("details", more + tag("div", table(header, rows[OPEN:], css), "wide"))


def who(record: Record, standing: Standing) -> str:
    """One row per microgrid, whoever trades most first."""
    if facts.table(record, "trades") is None:
        return ""
    energy, names, unit = facts.energy(record), facts.microgrids(record), f"{safe(record.case.currency)}/MWh"
    n, operator = len(names), safe(facts.operator(record))
    order = np.argsort(-facts.moved(energy)[:n], kind="stable")
    sums = [energy[:n, :n].sum(axis=1), energy[:n, n], energy[:n, :n].sum(axis=0), energy[n, :n]]
    prices = [facts.mean_price(record, side)[:n] for side in ("seller", "buyer")]
    bus = record.case.tables["microgrids"]["bus"].astype(str).to_numpy()
    columns = [[safe(names[place]) for place in order], [safe(name) for name in bus[order]]]
    columns += [cells(one[order]) for one in sums]
    columns += [money(one[order], standing) for one in prices] + [_partner(record, energy, order)]
    header = [
        "Microgrid",
        "Bus",
        *(f"{title}, MWh" for title in ("Sold to peers", f"to {operator}", "Bought from peers", f"from {operator}")),
    ]
    header += [f"Sells at, {unit}", f"Buys at, {unit}", "Main partner"]
    whole = [
        tag("b", f"all {n}"),
        "",
        *(tag("b", text) for text in cells(np.array([one.sum() for one in sums]))),
        "",
        "",
        "",
    ]
    note = tag("p", "Mean prices at its own bus, weighted by energy; fees are not in them.", "remark")
    return tag("h3", "Who trades what") + long(header, transposed(*columns), "trade two", [whole]) + note


def _partner(record: Record, energy: Floats, order: np.typing.NDArray[np.int64]) -> list[str]:
    """With whom each trades most."""
    both, names = energy + energy.T, facts.parties(record)
    return [safe(names[int(both[place].argmax())]) if both[place].any() else "–" for place in order]


def limits(record: Record, standing: Standing) -> str:
    """Whose exchange is at its limit, for how long."""
    if facts.table(record, "exchanges") is None:
        return ""
    hours, names = at_limit(record), facts.microgrids(record)
    sell, buy = facts.limits(record)
    if not (np.isfinite(sell).any() or np.isfinite(buy).any()):
        return tag("p", "No exchange has a limit.", "lead")
    bound = np.flatnonzero(hours > 0.0)
    if not bound.size:
        return tag("p", "No exchange is at its limit in any step: all could trade more and do not want to.", "lead")
    order = bound[np.argsort(-hours[bound], kind="stable")]
    told = ", ".join(f"{safe(names[place])} ({number(float(hours[place]), 1)} h)" for place in order[:OPEN])
    more = f" and {order.size - OPEN} more" if order.size > OPEN else ""
    return tag(
        "p", f"At the limit of its exchange: {told}{more}. There the price inside parts from that at its bus.", "lead"
    )


def fee_words(record: Record, standing: Standing) -> str:
    """How fees are charged, and what they are."""
    return "" if math.isnan(facts.figure(record, "fee_revenue")) else paragraph(record)


def fees(record: Record, standing: Standing) -> str:
    """What each pays, in cents; nothing without a deal."""
    found = facts.table(record, "fees")
    if found is None or not facts.deal(record):
        return ""
    paid = found.sort_values("amount_cents", ascending=False, kind="stable")
    amounts = money(paid["amount_cents"].to_numpy(dtype=np.float64) / 100.0, standing)
    rows = transposed([safe(name) for name in paid["payer"]], [safe(name) for name in paid["payee"]], amounts)
    total = struck(number(int(paid["amount_cents"].sum()) / 100.0), standing)
    header = ["Pays", "To", f"Fees, {safe(record.case.currency)}"]
    return long(header, rows, "trade two", [[tag("b", "all"), "", tag("b", total)]])
