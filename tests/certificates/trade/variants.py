"""Honest trades under other rules, roles and fall-backs, each made once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from gridpact.results.record import Record
from tests.certificates.trade.made import NAMES, good, operator, trade_record, trading_case

AT_BUSES = [{"microgrid": name, "bus": at} for name, at in zip(NAMES, "345", strict=True)]
ZONES = [{"zone_fee": "over", "from_zone": "hill", "to_zone": "dale", "fee_per_mwh": 4.0}]


def tariffs(buy: float, sell: float) -> list[dict[str, Any]]:
    told = {"disagreement": "tariff", "tariff_buy_per_mwh": buy, "tariff_sell_per_mwh": sell}
    return [{**one, **told} for one in AT_BUSES]


VARIANTS: dict[str, Callable[[], Record]] = {
    "flat": good,
    "party": lambda: trade_record(trading_case(network_operator=[operator(role="party", weight=2.0)])),
    "limit": lambda: trade_record(trading_case(microgrids=[*AT_BUSES[:2], {**AT_BUSES[2], "max_sell_mw": 0.7}])),
    "tariff": lambda: trade_record(trading_case(microgrids=tariffs(80.0, 30.0))),
    "distance": lambda: trade_record(
        trading_case(network_operator=[operator(fee_rule="distance", fee_per_mwh_km=1.0, buyer_share=0.2)])
    ),
    "network": lambda: trade_record(trading_case(network_operator=[{"operator": "company", "fee_rule": "network"}])),
    "zone": lambda: trade_record(
        trading_case(
            microgrids=[{**one, "zone": zone} for one, zone in zip(AT_BUSES, ("hill", "dale", "dale"), strict=True)],
            network_operator=[operator(fee_rule="zone")],
            zone_fees=ZONES,
        )
    ),
    "cost": lambda: trade_record(
        trading_case(network_operator=[operator(fee_kind="cost", grid_fee_per_mwh=2.0, pair_fee_per_mwh=4.0)])
    ),
    "no deal": lambda: trade_record(
        trading_case(
            microgrids=tariffs(60.0, 40.0),
            network_operator=[operator(grid_fee_per_mwh=20.0, pair_fee_per_mwh=20.0)],
        )
    ),
    "nobody named": lambda: trade_record(trading_case(network_operator=[])),
}


@cache
def variant(name: str) -> Record:
    return VARIANTS[name]()


@cache
def apart(factor: float) -> Record:
    """A trade that stopped too early: the prices of both sides differ by a factor."""
    return trade_record(trading_case(), factor)
