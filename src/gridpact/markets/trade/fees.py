"""What energy traded pays to the network operator, and who pays it.

    flat       pair fee between microgrids, grid fee for trade with the operator
    distance   the same, and so much per kilometre: to each other, to the nearest interface
    zone       between microgrids the fee of their zones, else the pair fee; grid fee with the operator
    network    f_ij = pi_j - pi_i,   sale to the operator pi_0 - pi_i,   purchase pi_j - pi_0

with pi the nodal prices at the microgrids' buses and pi_0 that at the reference bus of their network. Network fees are
losses and congestion; they are negative where a trade relieves the network. Along any way they add up to the
difference of its ends, so that all splits of an exchange pay the same.

Microgrids that no line joins cannot trade with each other: their fee is infinite under every rule.

The buyer pays ``buyer_share`` of the fee between two and the seller the rest; the fee of trade with the operator is
the microgrid's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.case.schema import SCHEMA
from gridpact.errors import InputError, Issue
from gridpact.markets.trade.distances import Distances, distances, require_ways
from gridpact.markets.trade.pairs import TIE, highest
from gridpact.markets.trade.rates import FeeRates

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Tariff:
    """How the operator charges, as in the table ``network_operator``; fees per MWh, and per MWh and kilometre."""

    fee_rule: str
    fee_kind: str
    grid_fee_per_mwh: float
    pair_fee_per_mwh: float
    fee_per_mwh_km: float
    buyer_share: float


def tariff(case: Case) -> Tariff:
    """The first row of the table, or its defaults."""
    table, columns = case.tables["network_operator"], SCHEMA["network_operator"].columns
    row: dict[str, Any] = {column.name: column.default for column in columns}
    row |= {str(name): value for name, value in table.iloc[0].items()} if len(table) else {}
    return Tariff(**{name: row[name] for name in Tariff.__dataclass_fields__})


def fee_rates(case: Case, prices: Floats | None = None, root_prices: Floats | None = None) -> FeeRates:
    """The fees of every trade in every step.

    ``prices`` are nodal prices at the microgrids' buses and ``root_prices`` those at the reference bus of the network
    of each, both (n, steps); the rule network alone needs them. Raises ``InputError`` where they are missing, where
    a fee per kilometre has no way to go to an interface, and where trade at true cost would rather go by a third
    microgrid.
    """
    rule, km = tariff(case), distances(case)
    if rule.fee_rule == "network":
        return _network(rule, km, prices, root_prices)
    between, operator = _by_zone(case, rule) if rule.fee_rule == "zone" else _by_distance(case, rule, km)
    between = np.where(np.isinf(km.pair), np.inf, between)
    np.fill_diagonal(between, 0.0)
    n, steps = operator.size, case.steps
    grid = np.repeat(operator[:, None], steps, axis=1)
    rates = FeeRates(np.broadcast_to(between[:, :, None], (n, n, steps)), grid, grid, rule.buyer_share)
    if rule.fee_kind == "cost":
        _require_no_detour(case, rates.table[:, :, 0])
    return rates


def _network(rule: Tariff, km: Distances, prices: Floats | None, root_prices: Floats | None) -> FeeRates:
    if prices is None or root_prices is None:
        fix = 'Clear the market first, or choose another fee_rule, "flat" for example.'
        raise InputError([Issue("network fees are differences of nodal prices, and there are none", fix)])
    between = np.where(np.isinf(km.pair)[:, :, None], np.inf, prices[None] - prices[:, None])
    return FeeRates(between, root_prices - prices, prices - root_prices, rule.buyer_share)


def _by_distance(case: Case, rule: Tariff, km: Distances) -> tuple[Floats, Floats]:
    """Fees between microgrids (n, n), and with the operator (n,); none per kilometre if the rule is flat."""
    if rule.fee_rule == "flat" or not rule.fee_per_mwh_km:
        return np.full(km.pair.shape, rule.pair_fee_per_mwh), np.full(km.operator.shape, rule.grid_fee_per_mwh)
    require_ways(case, km)
    fixed, per_km = (rule.pair_fee_per_mwh, rule.grid_fee_per_mwh), rule.fee_per_mwh_km
    return fixed[0] + per_km * km.pair, fixed[1] + per_km * km.operator


def _by_zone(case: Case, rule: Tariff) -> tuple[Floats, Floats]:
    table, zone = case.tables["zone_fees"], case.tables["microgrids"]["zone"].to_numpy(dtype=str)
    ends = [table[column].to_numpy(dtype=str) for column in ("from_zone", "to_zone")]
    zones, number = np.unique(np.concatenate([zone, *ends]), return_inverse=True)
    of, start, end = np.split(number, np.cumsum([zone.size, ends[0].size]))
    fee = np.full((zones.size, zones.size), rule.pair_fee_per_mwh)
    fee[start, end] = fee[end, start] = case.column("zone_fees", "fee_per_mwh")
    return fee[np.ix_(of, of)], np.full(zone.size, rule.grid_fee_per_mwh)


def _require_no_detour(case: Case, fee: Floats) -> None:
    """Raise ``InputError`` where i sells to j for less by way of k: then the cost of exchanges is not convex.

    Only resold energy would reach it, and no split of the exchanges resells.
    """
    n = fee.shape[0] - 1
    least = np.minimum(fee, fee[:, n, None] + fee[n])  # whoever trades may as well do so through the operator
    by = least[:, :, None] + least[None]  # i, k, j
    shortest = by.min(axis=1)
    found = np.argwhere(shortest < least - TIE * highest(fee))
    if not found.size:
        return
    (i, j), names = found[0], [*case.ids("microgrids"), "the operator"]
    k = int(by[i, :, j].argmin())
    fees = f"{shortest[i, j]:g} instead of {least[i, j]:g} per MWh"
    fix = 'Let no fee exceed the fees of a way through others, or take fee_kind "transfer".'
    message = f"energy from {names[i]} to {names[j]} costs less by way of {names[k]}: {fees}"
    raise InputError([Issue(message, fix, "zone_fees.csv")])


def peer_savings(rates: FeeRates) -> Floats:
    """What i and j save per MWh by trading with each other and not with the operator (n, n, steps)."""
    savings: Floats = rates.sell[:, None] + rates.buy[None] - rates.pair
    return savings * (1.0 - np.eye(len(rates.sell)))[:, :, None]


def peer_share(rates: FeeRates) -> float:
    """Share of the hours of all ordered pairs in which trading with each other pays less: none, no peer market."""
    n, steps = rates.sell.shape
    saves = peer_savings(rates) > TIE * highest(rates.table)
    return float(saves.sum() / max(n * (n - 1) * steps, 1))
