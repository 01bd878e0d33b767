"""Rules about the operator of the network, its fees, and what nobody would pay or use."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.case.draft import SPARE, Draft
from gridpact.case.network import island_labels
from gridpact.case.trade_tables import FEE_RULES
from gridpact.errors import Issue

Bools = NDArray[np.bool_]
DEFAULT_NAME = "network"
# The fees of the operator, and the rules that use each.
USED_BY = {
    "grid_fee_per_mwh": ("flat", "distance", "zone"),
    "pair_fee_per_mwh": ("flat", "distance", "zone"),
    "fee_per_mwh_km": ("distance",),
}
MOST_WEIGHT, MOST_FEE = 1e6, 1e6
TOO_DEAR = "nothing costs so much"
UNEQUAL = ("nobody weighs so much", "Only the ratio of weights counts: make all of them smaller.")
IMPLAUSIBLE = (
    ("microgrids", "weight", MOST_WEIGHT, *UNEQUAL),
    ("network_operator", "weight", MOST_WEIGHT, *UNEQUAL),
    *(("network_operator", fee, MOST_FEE, TOO_DEAR, "The column is per MWh; is it per GWh?") for fee in USED_BY),
    ("zone_fees", "fee_per_mwh", MOST_FEE, TOO_DEAR, "The column is per MWh; is it per GWh?"),
)


def operators_name(case: Case) -> str:
    """The name of the operator of the network, which without a row is "network"."""
    return (case.ids("network_operator") or [DEFAULT_NAME])[0]


def fee_rule(case: Case) -> str:
    """The rule by which trade between microgrids pays."""
    return str((case.tables["network_operator"]["fee_rule"].tolist() or ["flat"])[0])


def _texts(draft: Draft, column: str) -> NDArray[np.str_]:
    return draft.case.tables["network_operator"][column].to_numpy(dtype=str)


def one_operator(draft: Draft) -> Iterator[Issue]:
    """A second operator, a microgrid of the operator's name, and fees where nobody trades."""
    case = draft.case
    second = np.arange(case.count("network_operator")) > 0
    message = "there is another operator of the network"
    yield from draft.rows("network_operator", second, "operator", message, "Delete one of the two.")
    same = np.array(case.ids("microgrids"), dtype=object) == operators_name(case)
    message = "the operator of the network has the same name, and results name all parties in one table"
    fix = "Rename one of the two; an operator without a row in network_operator is called 'network'."
    yield from draft.rows("microgrids", same, "microgrid", message, fix)
    nobody = not case.count("microgrids")
    for table, column in (("network_operator", "operator"), ("zone_fees", "zone_fee")):
        alone = np.full(case.count(table), nobody)
        message = "nobody pays fees: there are no microgrids"
        yield from draft.rows(table, alone, column, message, "Add microgrids, or delete the table.")


def unused_by_role(draft: Draft) -> Iterator[Issue]:
    """What an operator that does not bargain has for bargaining."""
    quiet = _texts(draft, "role") == "fee_only"
    weight, cost = (draft.case.column("network_operator", name) for name in ("weight", "disagreement_cost"))
    fix = "Delete it, or set role to party."
    for column, given in (("weight", (weight != 1.0) & ~np.isnan(weight)), ("disagreement_cost", ~np.isnan(cost))):
        message = f"{column} is given, and is not used where role is fee_only"
        yield from draft.rows("network_operator", quiet & given, column, message, fix)


def unused_fees(draft: Draft) -> Iterator[Issue]:
    """Fees that the rule does not use, and rules without the fee they are named for."""
    case, rules = draft.case, _texts(draft, "fee_rule")
    for column, users in USED_BY.items():
        unused = np.isin(rules, FEE_RULES) & ~np.isin(rules, users) & (case.column("network_operator", column) > 0.0)
        message = f"{column} is given, and fee_rule does not use it"
        fix = f"Delete it, or set fee_rule to {' or '.join(users)}."
        yield from draft.rows("network_operator", unused, column, message, fix)
    free = (rules == "distance") & (case.column("network_operator", "fee_per_mwh_km") == 0.0)
    message = "fee_rule is distance, and distance costs nothing (fee_per_mwh_km is 0)"
    yield from draft.rows("network_operator", free, "fee_per_mwh_km", message, "Give it, or set fee_rule to flat.")
    paid = (rules == "network") & (_texts(draft, "fee_kind") == "cost")
    message = "fee_rule is network, and its fees are no cost: losses are in the cost of the network already"
    yield from draft.rows("network_operator", paid, "fee_kind", message, "Set fee_kind to transfer.")


def zones(draft: Draft) -> Iterator[Issue]:
    """Fees by zone without zones or without fees, fees of zones that do not exist, and two fees for one pair."""
    case, rule = draft.case, fee_rule(draft.case)
    if rule not in FEE_RULES:
        return
    by_zone, fees = rule == "zone", case.tables["zone_fees"]
    missing = by_zone & (case.tables["microgrids"]["zone"] == "").to_numpy(dtype=np.bool_)
    message = "microgrid has no zone, and fees go by zone"
    yield from draft.rows("microgrids", missing, "zone", message, "Give its zone, or choose another fee_rule.")
    feeless = np.full(case.count("network_operator"), by_zone and not len(fees))
    message = "fee_rule is zone, and there are no zone_fees"
    fix = "Add fees between zones in zone_fees, or set fee_rule to flat."
    yield from draft.rows("network_operator", feeless, "fee_rule", message, fix)
    unused = np.full(len(fees), not by_zone and case.count("microgrids") > 0)
    message = "fee between zones is not used: fee_rule is not zone"
    yield from draft.rows("zone_fees", unused, "zone_fee", message, "Set fee_rule to zone, or delete zone_fees.")
    yield from _pairs_of_zones(draft)


def _pairs_of_zones(draft: Draft) -> Iterator[Issue]:
    case = draft.case
    fees, known = case.tables["zone_fees"], set(case.tables["microgrids"]["zone"])
    for column in ("from_zone", "to_zone"):
        unknown = ~fees[column].isin(known | {""}).to_numpy() & bool(case.count("microgrids"))
        message = "no microgrid is in this zone"
        fix = f"The zones are {', '.join(sorted(known - {''}))}; correct it, or zone of the microgrids."
        yield from draft.rows("zone_fees", unknown, column, message, fix)
    ends = pd.DataFrame(np.sort(fees[["from_zone", "to_zone"]].to_numpy(dtype=str), axis=1))
    doubled = (ends.duplicated() & (ends != "").all(axis=1)).to_numpy(dtype=np.bool_)
    message = "another fee is for the same two zones (a fee holds in either direction)"
    yield from draft.rows("zone_fees", doubled, "to_zone", message, "Delete one of the two.")


def paths(draft: Draft) -> Iterator[Issue]:
    """Microgrids between which no line leads, where fees go by distance."""
    case = draft.case
    ends = (("lines", "from_bus"), ("lines", "to_bus"), ("transformers", "from_bus"), ("transformers", "to_bus"))
    known = all(draft.all_known(*end) for end in (*ends, ("switches", "line"), ("microgrids", "bus")))
    if fee_rule(case) != "distance" or not known or any(name.startswith(SPARE) for name in case.ids("buses")):
        return
    island = island_labels(case)[case.positions("microgrids", "bus")]
    message = "no line leads to the first microgrid, and fees go by the length of line between microgrids"
    fix = "Connect the two, or choose another fee_rule."
    yield from draft.rows("microgrids", island != island[:1], "bus", message, fix)


RULES_OF_FEES = (one_operator, unused_by_role, unused_fees, zones, paths)
