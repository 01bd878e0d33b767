r"""What each party's own devices cost, with a deal and without, item by item from the dispatch tables.

    microgrid   cost of its devices; at a tariff also what it buys less what it sells there
    operator    purchases at the interfaces, its devices, and fees where they are a true cost; of tariffs it has the
                other side

All of this is before any payment between the parties.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from gridpact.case.owners import owner_of
from gridpact.certificates.costs import cost_terms
from gridpact.certificates.evidence import HEAT_KINDS, Evidence
from gridpact.certificates.trade.fee_margin import charges_cost
from gridpact.certificates.trade.split import own_payments
from gridpact.certificates.trade.view import Floats, TradeView, total

# Term of the cost -> table of the case whose rows it has, where it is not named like the table; interfaces have none.
TABLES: Final = {"running": "generators", "starts": "generators", "wear": "storages"}
EXCHANGED: Final = ("bought", "sold")
WAYS: Final = ("buy", "sell")


def agreed_costs(view: TradeView) -> Floats:
    """Costs with a deal of all parties, the operator last; (n + 1,)."""
    fees = float(own_payments(view).sum()) if charges_cost(view) else 0.0
    operator = device_cost(view.network, view.step_hours) + fees
    return np.append(costs_by_owner(view.microgrids, view.step_hours), operator)


def costs_before(view: TradeView) -> Floats:
    """Costs without a deal, given numbers where they are given; (n + 1,)."""
    n, given = view.count, view.is_given
    found, tariff = np.append(view.case.column("microgrids", "disagreement_cost"), view.fee("disagreement_cost")), 0.0
    if not given.all():
        side = view.clearings.evidence("before_microgrids")
        paid = tariff_payments(view)
        found[:n][~given], tariff = costs_by_owner(side, view.step_hours) + paid, float(paid.sum())
    if np.isnan(found[n]):
        found[n] = device_cost(view.clearings.evidence("before_network"), view.step_hours) - tariff
    return found


def tariff_payments(view: TradeView) -> Floats:
    """What microgrids whose cost is not given pay at tariffs without a deal, less what they earn there."""
    side, case, own = view.clearings.evidence("before_microgrids"), view.case, ~view.is_given
    at_tariff = (case.tables["microgrids"]["disagreement"] == "tariff").to_numpy()[own, None]
    buy, sell = (np.where(at_tariff, case.series("microgrids", f"tariff_{way}_per_mwh")[own], 0.0) for way in WAYS)
    bought, sold = (side.table("interface", f"{way}_mw") for way in WAYS)
    return np.asarray((buy * bought - sell * sold) @ view.step_hours, dtype=np.float64)


def device_cost(evidence: Evidence, hours: Floats) -> float:
    """Everything that a clearing costs, interfaces as well, where its steps count for ``hours``; currency."""
    return sum(float((term @ hours).sum()) for term in cost_terms(evidence).values())


def costs_by_owner(evidence: Evidence, hours: Floats) -> Floats:
    """Cost of the own devices of each microgrid of a clearing, without what it exchanges, as in ``device_cost``."""
    count = evidence.case.count("microgrids")
    found = np.zeros(count)
    for name, term in cost_terms(evidence).items():
        if name not in EXCHANGED:
            table = TABLES.get(name, HEAT_KINDS.get(name, name))
            found = found + total(term @ hours, owner_of(evidence.case, table), count)
    return found
