"""What keeps a case from being traded that is no mistake in a case: names that clash, and what is not convex."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridpact.case.case import Case
from gridpact.case.owners import owner_of
from gridpact.case.schema import SCHEMA
from gridpact.errors import Issue

COORDINATOR = "coordinator"
# Stands between the names of a coalition.
TOGETHER = " + "
# Money that is known to a millionth and can still be summed under masks by many.
LARGEST = 1e11
FILE = "microgrids.csv"


def trade_issues(case: Case) -> list[Issue]:
    """Everything that keeps a case from being traded."""
    if not case.count("microgrids"):
        fix = "Add rows to the table microgrids: a name and the bus that each is connected to."
        return [Issue("there is nobody to trade: the case has no microgrids", fix, FILE)]
    return [*_names(case), *_tariffs(case), *_costs(case), *_switched(case)]


def _names(case: Case) -> Iterator[Issue]:
    fix = "Give it another name."
    kept = {name for name, owner in zip(case.ids("loads"), owner_of(case, "loads").tolist(), strict=True) if owner < 0}
    for row, name in enumerate(case.ids("microgrids")):
        if name == COORDINATOR:
            yield Issue("the name stands for whoever coordinates the parties", fix, FILE, row + 2, "microgrid", name)
        elif TOGETHER in name:
            message = f"{TOGETHER!r} stands between the names of a coalition"
            yield Issue(message, fix, FILE, row + 2, "microgrid", name)
        elif name in kept:
            message = (
                "a load of the operator has the same name, by which the network knows what the microgrid exchanges"
            )
            yield Issue(message, fix, FILE, row + 2, "microgrid", name)
    if COORDINATOR in case.ids("network_operator"):
        message = "the name stands for whoever coordinates the parties"
        yield Issue(message, fix, "network_operator.csv", 2, "operator", COORDINATOR)


def _tariffs(case: Case) -> Iterator[Issue]:
    """The selling price of an interface is a multiple of its buying price, which says nothing of zero."""
    tariff = (case.tables["microgrids"]["disagreement"] == "tariff").to_numpy()[:, None]
    buy, sell = (case.series("microgrids", f"tariff_{way}_per_mwh") for way in ("buy", "sell"))
    for row in np.flatnonzero((tariff & (buy == 0.0) & (sell != 0.0)).any(axis=1)).tolist():
        message = "a tariff for buying of zero stands beside another one for selling"
        yield Issue(message, "Give the buying price a value beside zero.", FILE, row + 2, "tariff_buy_per_mwh")


def _costs(case: Case) -> Iterator[Issue]:
    for table in ("microgrids", "network_operator"):
        cost = np.abs(case.column(table, "disagreement_cost"))
        for row in np.flatnonzero(cost > LARGEST).tolist():
            fix = f"Give at most {LARGEST:g}, in the currency of the case."
            yield Issue("disagreement cost is too large", fix, f"{table}.csv", row + 2, "disagreement_cost")


def _switched(case: Case) -> Iterator[Issue]:
    """Units in whole steps: there are no prices at which everybody would do what is best for all."""
    fix = "Trade with it always on, or between limits: set committable to false, or steps to 0."
    switched = {
        name: case.flags(name, "committable")
        for name, table in SCHEMA.items()
        if any(column.name == "committable" for column in table.columns) and case.count(name)
    }
    switched |= {"capacitors": case.column("capacitors", "steps") > 0.0} if case.count("capacitors") else {}
    for table, rows in switched.items():
        column = "steps" if table == "capacitors" else "committable"
        for row in np.flatnonzero(rows).tolist():
            message = f"{case.ids(table)[row]!r} is switched in whole steps, and trade needs convex parties"
            yield Issue(message, fix, f"{table}.csv", row + 2, column)
