r"""What does a year cost everybody, what does each gain, and who pays whom? From dispatch, case and weights of days.

    alone      D_k = building alone + operation at its tariff, as an island, or with tariff exchanges (the operator)
    together   C_k = operation of the own devices before any payment; the operator buys energy and bears true fees
    benefit    b_k = D_k - capex_k - maintenance_k - C_k,   S = sum of all b_k
    gain       w_k S, with the weights of the rule that was asked for
    receipt    gain_k - b_k: energy at nodal prices and fees, day by day as often as it comes in a year, and a lump sum

Cents are whole and sum to nothing in every row: energy of a day, fees of a day, lump sums. Shares and whole cents are
judged as those of a trade are. Tolerance 1e-6 of all costs: days alone were cleared one by one where they were planned,
and all at once where they are judged, by a solver that stops at 1e-8.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.together.view import JointView
from gridpact.certificates.trade.bargain import share_checks
from gridpact.certificates.trade.cents import SUMS, whole_checks
from gridpact.certificates.trade.party_costs import agreed_costs, costs_before
from gridpact.certificates.trade.split import payments_by_step
from gridpact.certificates.trade.view import CENTS, Floats

# Of all costs: operation against its dispatch, days alone cleared in two ways, sums of figures that are told.
OPERATION, ALONE, ROUNDING = 1e-8, 1e-6, 1e-12


def money_checks(view: JointView) -> Iterator[Check]:
    """Costs, benefits, shares, payments and cents."""
    yield _costs(view)
    yield _alone(view)
    yield _benefits(view)
    yield from share_checks(view.trade)
    yield _payments(view)
    yield _sums(view)
    yield _rows(view)
    yield _rounded(view)
    yield _nothing(view)
    yield from whole_checks(view.trade)


def money_scale(view: JointView) -> float:
    """Sum of all costs told, at least one unit of money."""
    told = [view.of_owners(name) for name in ("alone_cost", "alone_building_cost", "operation_cost", "capex_per_year")]
    return max(1.0, float(np.abs(np.concatenate(told)).sum()))


def _costs(view: JointView) -> Check:
    off = np.abs(view.of_owners("operation_cost") - agreed_costs(view.trade)) / money_scale(view)
    text = "What operation costs every owner in a year against its dispatch, over all costs."
    return worst("joint plan operation costs", text, OPERATION, [Measure("owner", view.owners, off)])


def _alone(view: JointView) -> Check:
    told = view.of_owners("alone_cost")
    own = costs_before(view.trade) + view.of_owners("alone_building_cost")
    scale = money_scale(view)
    measures = [
        Measure("cost", view.owners, np.abs(told - own) / scale),
        Measure(
            "bound above the cost", view.owners, np.maximum(view.of_owners("alone_lower_bound") - told, 0.0) / scale
        ),
    ]
    text = "What a year costs every owner that plans alone against its dispatch and what it builds, over all costs."
    return worst("joint plan alone costs", text, ALONE, measures)


def _benefits(view: JointView) -> Check:
    """Benefits, and the summary's costs and surplus as sums of the table."""
    summary, scale = view.record.summary, money_scale(view)
    before = view.of_owners("alone_cost")
    bound = float(summary["objective_alone"]) - float(summary["objective_lower_bound"])
    off = {
        "objective": float(summary["objective"]) - float(view.cost.sum()),
        "objective_alone": float(summary["objective_alone"]) - float(before.sum()),
        "surplus_upper_bound": float(summary["surplus_upper_bound"]) - bound,
    }
    measures = [
        Measure("benefit", view.owners, np.abs(view.of_owners("benefit") - (before - view.cost)) / scale),
        Measure("summary", list(off), np.abs(np.array([*off.values()])) / scale),
    ]
    text = "Benefits of all owners against their costs, and costs of the summary against their sums, over all costs."
    return worst("joint plan benefits", text, ROUNDING, measures)


def _payments(view: JointView) -> Check:
    """Energy and fees of every day in money; nothing without a deal."""
    energy, fees = own_receipts(view)
    deal, scale = float(bool(view.record.summary["deal"])), money_scale(view)
    measures = []
    for name, own in (("energy_receipt", energy), ("fee_receipt", fees)):
        off = np.abs(view.payments(name).to_numpy(dtype=np.float64) - deal * own).T / scale
        measures += [
            Measure(f"{name} on day {day}", view.owners, off[:, k]) for k, day in enumerate(view.plan.scenarios)
        ]
    text = "What every owner receives for energy and in fees on every day against prices and the rule, over all costs."
    return worst("joint plan payments", text, SUMS, measures)


def own_receipts(view: JointView) -> tuple[Floats, Floats]:
    """What every owner receives by day as often as it comes in a year, (days, owners): for energy, and in fees."""
    trade, edges = view.trade, view.plan.days.window_edges[:-1]
    sold = trade.step_hours * trade.nodal * trade.exchange("p_mw")
    energy, fees = (np.add.reduceat(values, edges, axis=1).T for values in (sold, -payments_by_step(trade)))
    return _of_all(energy), _of_all(fees)


def _of_all(received: Floats) -> Floats:
    """With the operator's, which pays what microgrids receive."""
    return np.hstack([received, -received.sum(axis=1, keepdims=True)])


def _sums(view: JointView) -> Check:
    """The money of the owners' table as sums over the days."""
    measures = []
    for name in ("energy_receipt", "fee_receipt"):
        own = view.payments(name).sum().to_numpy(dtype=np.float64)
        measures.append(Measure(name, view.owners, np.abs(view.of_owners(name) - own) / money_scale(view)))
    text = "Energy and fees of every owner against the sum of its days, over all costs."
    return worst("joint plan payment sums", text, ROUNDING, measures)


def _rows(view: JointView) -> Check:
    """Cents of every day's energy and fees, by row."""
    days = view.plan.scenarios
    measures = [Measure(name, days, np.array(_added(view, name), dtype=np.float64)) for name in _CENTS]
    text = "Cents by which the payments of a day, for energy or in fees, do not sum to nothing."
    return worst("joint plan cents by day", text, 0.0, measures)


_CENTS = ("energy_cents", "fee_cents")


def _added(view: JointView, name: str) -> list[int]:
    return [abs(sum(map(int, row))) for row in view.payments(name).to_numpy(dtype=object)]


def _rounded(view: JointView) -> Check:
    measures = []
    for name in ("energy", "fee"):
        money, cents = (view.payments(f"{name}_{kind}").to_numpy(dtype=np.float64) for kind in ("receipt", "cents"))
        off = np.abs(CENTS * money - cents)
        measures += [Measure(f"{name} on day {day}", view.owners, off[k]) for k, day in enumerate(view.plan.scenarios)]
    text = "Cents between what is paid for energy and in fees on a day and the exact money."
    return worst("joint plan cents round payments", text, 1.0, measures)


def _nothing(view: JointView) -> Check:
    """Without a deal no number of the payments is other than zero."""
    value = 0.0
    if not view.record.summary["deal"]:
        columns = [view.payments(name) for name in (*_CENTS, "energy_receipt", "fee_receipt")]
        owners = [view.of_owners(name) for name in ("receipt", "gain", "gain_exact", "receipt_cents", "lump_cents")]
        parts = [*(float(np.abs(one.to_numpy(dtype=np.float64)).sum()) for one in columns)]
        value = sum(parts) + sum(float(np.abs(one).sum()) for one in owners)
    text = "What is paid, or gained, though there is no deal."
    return Check("joint plan without a deal", True, value, 0.0, "", text)
