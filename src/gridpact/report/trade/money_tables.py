"""Tables of the money of a trade: what each party gains, and the settlement sheet, exact to the cent."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from gridpact.report.figures.trade.coalitions import CENT, called, ranked
from gridpact.report.numbers import struck
from gridpact.report.standing import Standing
from gridpact.report.text import number, safe, tag
from gridpact.report.trade import facts
from gridpact.report.trade.tables import cells, long, money, transposed
from gridpact.results.record import Record

SHEET = {
    "energy": "Energy at nodal prices",
    "fee": "Fees",
    "lump": "Lump sum",
    "total": "Pays in all",
}
PARTS = (
    "What is above zero is paid, what is below is received. A party pays for energy and fees what the nodal prices "
    "and the rates say, and pays or receives a lump sum that makes its gain right: a party with hardly any energy "
    "would otherwise have to trade it at an absurd price. Every column adds up to zero, exactly to the cent."
)


def bargaining(record: Record, standing: Standing) -> str:
    """One row per party: costs, benefit, payment, gain; then what the coalitions say."""
    found = facts.table(record, "bargaining")
    if found is None:
        return ""
    unit, deal = safe(record.case.currency), facts.deal(record)
    stance = [safe(name) for name in found["disagreement"]]
    columns = [[safe(name) for name in found["participant"]], stance, _weights(found)]
    columns += [money(_floats(found, name), standing) for name in ("disagreement_cost", "cost", "benefit")]
    receipt = found["receipt_cents"].to_numpy(dtype=np.float64) / 100.0
    columns += [money(receipt, standing), money(_floats(found, "gain_exact") if deal else 0.0 * receipt, standing)]
    header = ["Party", "Without a deal", "Weight", *(f"{title}, {unit}" for title in (
        "Cost without a deal", "Own cost with it", "Benefit", "Receives", "Gain"))]  # fmt: skip
    sums = [_floats(found, name).sum() for name in ("disagreement_cost", "cost", "benefit")]
    sums += [receipt.sum(), (_floats(found, "gain_exact").sum() if deal else 0.0)]
    last = [tag("b", "all"), "", "", *(tag("b", text) for text in money(np.array(sums), standing))]
    note = (
        "Benefit: cost without a deal less own cost with it, before any payment. Gain: benefit and what it "
        "receives, in whole cents."
    )
    return long(header, transposed(*columns), "trade three", [last]) + tag("p", note, "remark") + core(record, standing)


def _weights(found: pd.DataFrame) -> list[str]:
    values = np.where(found["bargains"], found["weight"], math.nan)
    return [text if text != "–" else "does not bargain" for text in cells(np.asarray(values, dtype=np.float64), 3)]


def _floats(found: pd.DataFrame, name: str) -> np.typing.NDArray[np.float64]:
    return found[name].to_numpy(dtype=np.float64)


def core(record: Record, standing: Standing) -> str:
    """Whether any coalition would rather leave, in a sentence, or why that is not known."""
    found = facts.table(record, "coalitions")
    if not facts.deal(record):
        return ""
    if found is None:
        why = safe(str(record.summary.get("coalitions_why") or "it was not computed"))
        return tag("p", f"Whether a coalition would do better without the others is not known: {why}.", "lead")
    whole = facts.bargaining(record)
    proper = ranked(found, len(whole))
    if proper.empty:
        return ""
    first = proper.iloc[0]
    name, excess = safe(called(str(first["coalition"]), whole)), float(first["excess"])
    value = f"{struck(number(abs(excess)), standing)} {safe(record.case.currency)}"
    words = (
        f"Nobody would do better without the others: of {len(proper)} coalitions {name} has most reason to leave, and "
        f"would lose {value} by it. The gains are in the core."
    )
    if excess > CENT:
        words = (
            f"{int((proper['excess'] > CENT).sum())} of {len(proper)} coalitions would do better without the others: "
            f"most of all {name}, which alone would gain {value} more. The gains are not in the core; bargaining of "
            "all with all does not ask for that."
        )
    return tag("p", words, "lead")


def shares(record: Record, standing: Standing) -> str:
    """What the rules are, and how well the Shapley value is known."""
    found = facts.table(record, "shares")
    if found is None:
        return ""
    error = float(found["error_bound"].max())
    known = (
        f"Its values come from orders drawn at random and are off by at most {struck(number(error), standing)} "
        f"{safe(record.case.currency)} each."
        if error > 0.0
        else "Its values are exact."
    )
    words = (
        "Payments are made by Nash bargaining; the other rules are for comparison. An equal split gives everyone "
        "who bargains the same, a proportional one by what each contributes, and the Shapley value what each adds "
        "to those before it, on average over all orders in which they may come. "
        f"{known if 'shapley' in set(found['rule']) else ''}"
    )
    return tag("p", f"{words.strip()} {_worse(found)}".strip(), "lead")


def _worse(shares: pd.DataFrame) -> str:
    """Rules by which some would rather have no deal."""
    losing = shares[shares["gain"] + shares["error_bound"] < -CENT]
    told = [
        f"By the rule {safe(facts.RULES.get(str(rule), str(rule)))} {len(own)} would be worse off than without a deal."
        for rule, own in losing.groupby("rule", sort=False)
    ]
    return " ".join(told)


def sheet(record: Record, standing: Standing) -> str:
    """The settlement sheet in money of two decimals, which are whole cents."""
    found = facts.table(record, "sheet")
    if found is None:
        return ""
    if not facts.deal(record):
        return tag("p", "There is no deal, hence nothing to be settled: nobody pays anybody anything.", "lead")
    unit = safe(record.case.currency)
    header = ["Party", "Sells net, MWh", *(f"{title}, {unit}" for title in SHEET.values())]
    cents = [found[f"{name}_cents"].to_numpy(dtype=np.int64) for name in SHEET]
    columns = [[safe(name) for name in found["participant"]], cells(_floats(found, "energy_mwh"), 3)]
    columns += [[struck(exact(int(value)), standing) for value in one] for one in cents]
    sums = [tag("b", struck(exact(int(one.sum())), standing)) for one in cents]
    last = [tag("b", "all"), tag("b", number(float(found["energy_mwh"].sum()), 3)), *sums]
    return long(header, transposed(*columns), "trade", [last]) + tag("p", PARTS, "remark")


def exact(cents: int) -> str:
    """Whole cents as money, without a way through floats."""
    whole, rest = divmod(abs(cents), 100)
    return f"{'−' if cents < 0 else ''}{whole:,}.{rest:02d}".replace(",", "\u2009")
