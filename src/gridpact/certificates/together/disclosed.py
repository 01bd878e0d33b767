"""Did anything cross between owners that was not declared, while they searched for the plan?

Where one hand knows everything there is nothing to disclose before the days are traded: both tables are the same. Else
an owner says whether it has something to try, what it exchanges and, where the master of all asks, what its capacity is
worth, and sums go under masks; at the end it reveals what stands. The table is the run's own record of its messages.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import numpy as np

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.planning.plan_design import words_check
from gridpact.certificates.together.view import JointView
from gridpact.certificates.trade.disclosed import COORDINATOR, DECLARED, NUMBER_BYTES

# Kind -> quantities and their units that the coordinator may send, and that an owner may.
ASKED: Final[Mapping[str, Mapping[str, str]]] = {
    "capacity": {"units": "1"},
    "suggest": {"": ""},
    "weigh": {"whole": "currency", "total": "currency"},
    "decide": {"flag": "1"},
    "hear": {"price": "currency/p.u."},
    "value": {"which": "1"},
    "duals": {"": ""},
    "reveal": {"": ""},
}
TOLD: Final[Mapping[str, Mapping[str, str]]] = {
    "flag": {"flag": "1"},
    "decide": {"": ""},
    "hear": {"": ""},
    "value": {"": ""},
    "duals": {"capacity_dual": "currency"},
    "reveal": {"units": "1"},
}


def plan_disclosure_checks(view: JointView) -> Iterator[Check]:
    """Undeclared messages of the search, and bytes."""
    if view.by_one_hand:
        same = view.record.tables["plan_disclosures"].equals(view.record.tables["disclosures"])
        text = "Messages of the search, which one hand has made, that are not those of the trade."
        yield words_check("plan disclosed as declared", text, [] if same else ["plan_disclosures"])
        return
    yield _declared(view)


def _declared(view: JointView) -> Check:
    table, known = view.record.tables["plan_disclosures"], {*view.owners, COORDINATOR}
    names = [f"{row.sender} to {row.recipient}: {row.kind}/{row.quantity}" for row in table.itertuples()]
    ends = list(zip(table["sender"].map(str), table["recipient"].map(str), strict=True))
    strange = [
        one == other or not {one, other} <= known or not _is_declared(row)
        for (one, other), row in zip(ends, table.itertuples(), strict=True)
    ]
    size = NUMBER_BYTES * table["numbers"].to_numpy(dtype=np.float64)
    measures = [
        Measure("message", names, np.array(strange, dtype=np.float64)),
        Measure("bytes", names, np.abs(table["bytes"].to_numpy(dtype=np.float64) - size)),
    ]
    text = "Messages of the search of kinds, quantities, units or owners that are not declared, and their bytes."
    return worst("plan disclosed as declared", text, 0.0, measures)


def _is_declared(row: object) -> bool:
    kind, quantity, unit, sender = (str(getattr(row, name, "")) for name in ("kind", "quantity", "unit", "sender"))
    own = (ASKED if sender == COORDINATOR else TOLD).get(kind, {})
    trade = DECLARED.get(kind)
    of_trade = (
        trade is not None and trade.quantities.get(quantity) == unit and (sender == COORDINATOR or not trade.asks)
    )
    return of_trade or own.get(quantity) == unit
