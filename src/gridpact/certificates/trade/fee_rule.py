r"""What a trade pays the operator, from the case's rule by the judges' own algebra.

    flat       between microgrids the pair fee, with the operator the grid fee
    distance   the same and a fee per kilometre of the shortest way: to each other, to the nearest interface
    zone       between microgrids the fee of their two zones, else the pair fee; with the operator the grid fee
    network    the buyer's nodal price less the seller's; the operator's is that at the reference bus of the network

Between microgrids that no line joins the fee is infinite: they cannot trade with each other.

The shortest ways are those of Bellman and Ford: every branch shortens the way to one of its ends by that to the other
until none does. A transformer has no length.
"""

from __future__ import annotations

import numpy as np

from gridpact.case.case import Case
from gridpact.certificates.trade.view import Floats, TradeView


def own_fees(view: TradeView) -> Floats:
    """Fee per MWh of what each party sells to each other, the operator last; (n + 1, n + 1, steps)."""
    fees = _differences(view) if str(view.rule["fee_rule"]) == "network" else _rates(view)
    return np.where(view.joined[:, :, None], fees, np.inf)


def highest(fees: Floats) -> float:
    """The highest of all fees that can be paid, in size."""
    return float(np.abs(fees[np.isfinite(fees)]).max(initial=0.0))


def _rates(view: TradeView) -> Floats:
    """Fees that no price has a say in."""
    rule, n = str(view.rule["fee_rule"]), view.count
    between = _by_zone(view) if rule == "zone" else np.full((n, n), view.fee("pair_fee_per_mwh"))
    operator = np.full(n, view.fee("grid_fee_per_mwh"))
    if rule == "distance":
        pair, nearest = ways(view.case)
        between, operator = (
            fixed + view.fee("fee_per_mwh_km") * km for fixed, km in ((between, pair), (operator, nearest))
        )
    fees = np.zeros((n + 1, n + 1))
    fees[:n, :n], fees[:n, n], fees[n, :n] = between, operator, operator
    np.fill_diagonal(fees, 0.0)
    return np.repeat(fees[:, :, None], view.case.steps, axis=2)


def _differences(view: TradeView) -> Floats:
    """The operator's price is that of the network which its partner hangs on."""
    n, price, root = view.count, view.nodal, view.root_price
    fees = np.zeros((n + 1, n + 1, view.case.steps))
    fees[:n, :n] = price[None] - price[:, None]
    fees[:n, n], fees[n, :n] = root - price, price - root
    return fees


def _by_zone(view: TradeView) -> Floats:
    zone = [str(name) for name in view.case.tables["microgrids"]["zone"]]
    known = {}
    for row in view.case.tables["zone_fees"].itertuples():
        for ends in ((row.from_zone, row.to_zone), (row.to_zone, row.from_zone)):
            known[tuple(map(str, ends))] = float(str(row.fee_per_mwh))
    other = view.fee("pair_fee_per_mwh")
    return np.array([[known.get((one, two), other) for two in zone] for one in zone])


def ways(case: Case) -> tuple[Floats, Floats]:
    """Kilometres between microgrids, (n, n), and from each to the nearest interface, (n,); infinite without a way."""
    buses, interfaces = case.positions("microgrids", "bus"), case.positions("interfaces", "bus")
    away = np.full((buses.size, case.count("buses")), np.inf)
    away[np.arange(buses.size), buses] = 0.0
    ends, km = _branches(case)
    while True:
        nearer = away.copy()
        for start, end in (ends, ends[::-1]):
            np.minimum.at(nearer.T, end, away.T[start] + km[:, None])
        if (nearer == away).all():
            return away[:, buses], away[:, interfaces].min(axis=1, initial=np.inf)
        away = nearer


def _branches(case: Case) -> tuple[Floats, Floats]:
    """Ends (2, branches) and kilometres of the branches that carry current."""
    tables = ("lines", "transformers")
    ends = [np.concatenate([case.positions(table, side) for table in tables]) for side in ("from_bus", "to_bus")]
    km = np.append(case.column("lines", "length_km"), np.zeros(case.count("transformers")))
    carrying = case.branches_in_service()
    return np.array(ends)[:, carrying], km[carrying]
