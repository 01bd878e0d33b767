"""Is the money that changes hands whole, complete and in nobody's disfavour? In exact arithmetic.

sheet       total = energy + fee + lump sum, paid, in cents and in money; every column sums to nothing
receipts    total cents = - receipt cents; gain told = benefit + receipt cents / 100
nearest     no cent that could move from one to another would bring both nearer to the exact receipts, if nobody
            falls below its disagreement point; an operator that does not bargain has the cents nearest to its own
rational    benefit + receipt cents / 100 >= 0 for everybody
no deal     only where the surplus is nothing (no more than 1e-9 of all benefits, or than the rounding of their sum), or
            the least receipts that leave nobody worse off, ceil(-100 b_k) cents, sum to more than nothing; then nothing
            is paid
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.trade.bargain import ROUNDING, kept, money_scale, rounded_by, surplus_of
from gridpact.certificates.trade.view import CENTS, TradeView

COLUMNS = ("energy", "fee", "lump", "total")
MONEY = ("energy_payment", "fee_payment", "lump_sum_payment", "total_payment")
SUMS = 1e-9
# Share of all benefits that is nothing but rounding.
KNOWN = 1e-9


def cent_checks(view: TradeView) -> Iterator[Check]:
    """Sheet and receipts."""
    yield _payments(view)
    yield _rounded(view)
    yield from whole_checks(view)


def whole_checks(view: TradeView) -> Iterator[Check]:
    """Those of whole cents."""
    yield _columns(view)
    yield _rows(view)
    yield _receipts(view)
    yield _nearest(view)
    yield _rational(view)
    yield _no_deal(view)


def _columns(view: TradeView) -> Check:
    sums = [abs(sum(view.whole("sheet", f"{name}_cents"))) for name in COLUMNS]
    sums.append(abs(sum(view.whole("bargaining", "receipt_cents"))))
    text = "Sums of all cents, of every item of the sheet and of the receipts."
    names = [*COLUMNS, "receipt"]
    return worst("trade cents sum to zero", text, 0.0, [Measure("cents", names, np.array(sums, dtype=np.float64))])


def _rows(view: TradeView) -> Check:
    energy, fee, lump, whole = (view.whole("sheet", f"{name}_cents") for name in COLUMNS)
    off = [abs(e + f + s - t) for e, f, s, t in zip(energy, fee, lump, whole, strict=True)]
    text = "Cents by which energy, fee and lump sum of a party miss its total."
    return worst("trade cents add up", text, 0.0, [Measure("party", view.parties, np.array(off, dtype=np.float64))])


def _payments(view: TradeView) -> Check:
    """The sheet in money: energy at the prices, sums, and the receipts that it comes to."""
    told = {name: view.of_parties("sheet", name) for name in MONEY}
    deal, scale = float(bool(view.record.summary["deal"])), money_scale(view)
    worth = -view.hours * (view.nodal * view.exchange("p_mw")).sum(axis=1) * deal
    sold = view.hours * view.exchange("p_mw").sum(axis=1) * deal
    energy = np.append(sold, -sold.sum())
    own = told["energy_payment"] + told["fee_payment"] + told["lump_sum_payment"]
    measures = [
        Measure("energy_mwh", view.parties, np.abs(view.of_parties("sheet", "energy_mwh") - energy)),
        Measure("energy_payment", view.names, np.abs(told["energy_payment"][:-1] - worth) / scale),
        Measure("total_payment", view.parties, np.abs(told["total_payment"] - own) / scale),
        Measure(
            "receipt", view.parties, np.abs(told["total_payment"] + view.of_parties("bargaining", "receipt")) / scale
        ),
        Measure("sum", list(MONEY), np.array([abs(values.sum()) for values in told.values()]) / scale),
    ]
    text = (
        "Payments of the sheet against prices x energy, their sums and the receipts, over all costs; energies in MWh."
    )
    return worst("trade payments", text, SUMS, measures)


def _rounded(view: TradeView) -> Check:
    """Energy and fee are within a cent of the exact money; the lump sum is the rest."""
    pairs = (("energy", "energy_payment"), ("fee", "fee_payment"))
    measures = []
    for cents, money in pairs:
        off = CENTS * view.of_parties("sheet", money) - np.array(view.whole("sheet", f"{cents}_cents"))
        measures.append(Measure(cents, view.parties, np.abs(off)))
    frame = view.record.tables["fees"].set_index("payer")["amount_cents"].reindex(view.names)
    off = frame.to_numpy(dtype=np.float64) - np.array(view.whole("sheet", "fee_cents"), dtype=np.float64)[:-1]
    measures.append(Measure("fees", view.names, np.where(off == 0.0, 0.0, np.inf)))
    text = "Cents between the payments for energy and fees and the exact money, and between both tables of fees."
    return worst("trade cents round payments", text, 1.0, measures)


def _receipts(view: TradeView) -> Check:
    receipt, total = view.whole("bargaining", "receipt_cents"), view.whole("sheet", "total_cents")
    cents = np.array([abs(one + other) for one, other in zip(receipt, total, strict=True)], dtype=np.float64)
    gain = view.of_parties("bargaining", "benefit") + np.array(receipt, dtype=np.float64) / CENTS
    gain = gain if view.record.summary["deal"] else np.zeros(gain.size)
    off = np.abs(view.of_parties("bargaining", "gain_exact") - gain) / money_scale(view)
    text = "Receipts in cents against the sheet, and gains in whole cents against benefit and receipt, over all costs."
    measures = [Measure("receipt_cents", view.parties, cents), Measure("gain_exact", view.parties, off)]
    return worst("trade receipts", text, ROUNDING, measures)


def exact(values: object) -> list[Fraction]:
    """The doubles of an array as what they are."""
    return [Fraction(float(value)) for value in np.asarray(values, dtype=np.float64)]


def least_cents(view: TradeView) -> list[int]:
    """First whole cent of every party with which it is not worse off."""
    return [math.ceil(-100 * benefit) for benefit in exact(view.of_parties("bargaining", "benefit"))]


def _nearest(view: TradeView) -> Check:
    """Cents that could be moved so that the receipts come nearer to the exact ones, and the operator's distance."""
    cents, least = view.whole("bargaining", "receipt_cents"), least_cents(view)
    target = [100 * value for value in exact(view.of_parties("bargaining", "receipt"))]
    value = Fraction(0)
    if view.record.summary["deal"]:
        who = np.flatnonzero(view.bargains).tolist()
        off = [cents[k] - target[k] for k in range(len(cents))]
        giving = [off[k] for k in who if cents[k] > least[k]]
        value = max(giving) - min(off[k] for k in who) - 1 if giving else value
        if not view.bargains[-1]:
            wanted = math.floor(target[-1] + Fraction(1, 2))
            own = min(max(wanted, least[-1]), least[-1] - sum(least))
            value = max(value, Fraction(abs(cents[-1] - own)))
    text = "Cents by which moving one from a party to another would bring receipts nearer to the exact ones."
    return Check("trade cents nearest", True, float(max(value, Fraction(0))), 0.0, "", text)


def _rational(view: TradeView) -> Check:
    """In exact arithmetic: not the least part of a cent."""
    benefit, cents = exact(view.of_parties("bargaining", "benefit")), view.whole("bargaining", "receipt_cents")
    loss = [-(b + Fraction(c, 100)) for b, c in zip(benefit, cents, strict=True)]
    bound = bool(view.record.summary["deal"])
    off = np.array([float(max(one, Fraction(0))) if bound else 0.0 for one in loss])
    text = "What a party would lose by the deal as it is paid, in currency and in exact arithmetic."
    return worst("individually rational", text, 0.0, [Measure("party", view.parties, off)])


def _no_deal(view: TradeView) -> Check:
    """A deal where there is something to share, in whole cents, and none where there is not; then nobody pays."""
    deal, reason = bool(view.record.summary["deal"]), str(view.record.summary["deal_why"])
    benefit = np.abs(view.of_parties("bargaining", "benefit")).sum()
    nothing = max(KNOWN * (float(benefit) + kept(view)), rounded_by(view))
    fits = sum(least_cents(view)) <= 0
    wrong = float(not (fits and surplus_of(view) > 0.0) if deal else fits and surplus_of(view) > nothing)
    wrong += float(deal == bool(reason))
    if not deal:
        columns = [("sheet", f"{name}_cents") for name in COLUMNS] + [("bargaining", "receipt_cents")]
        wrong += sum(sum(map(abs, view.whole(*column))) for column in columns)
        wrong += sum(float(np.abs(view.of_parties("sheet", name)).sum()) for name in MONEY)
    text = "Whether there is a deal where whole cents can share a surplus; else a reason, and nothing that is paid."
    return Check("trade deal", True, wrong, 0.0, reason, text)
