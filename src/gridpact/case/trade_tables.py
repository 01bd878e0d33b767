"""Who trades: the microgrids of a network, the operator that charges them fees, and fees between zones."""

from __future__ import annotations

from typing import Final

from gridpact.case.table import BLANK, Column, Table, own_id, reference

DISAGREEMENTS: Final = ("islanded", "tariff", "given")
ROLES: Final = ("fee_only", "party")
FEE_RULES: Final = ("flat", "distance", "zone", "network")
FEE_KINDS: Final = ("transfer", "cost")

_WEIGHT = Column(
    "weight", "weight in the bargaining: gains are to each other as weights are", default=1.0, positive=True
)


def _tariff(name: str, description: str) -> Column:
    what = f"{description} where it does not trade; with disagreement tariff alone"
    return Column(name, what, unit="currency/MWh", default=BLANK, profile=True)


def _fee(name: str, description: str, unit: str = "currency/MWh") -> Column:
    return Column(name, description, unit=unit, default=0.0, minimum=0.0)


_MICROGRIDS = Table(
    "microgrids",
    "Microgrids that trade with each other and with the network. A microgrid owns what stands at its bus and what may "
    "be built there, except interfaces, capacitors, shunts, lines and what is built in lines, and the heat network "
    "that its devices heat. Limits are those of its net exchange at the bus. Counts where trade is asked for; "
    "otherwise all is dispatched by one hand.",
    (
        own_id("microgrid", "name of the microgrid"),
        reference("bus", "buses", "bus it is connected to, and no other microgrid"),
        Column("max_buy_mw", "most it takes from the network; blank: any", "number", "MW", BLANK, 0.0, profile=True),
        Column("max_sell_mw", "most it gives to the network; blank: any", "number", "MW", BLANK, 0.0, profile=True),
        _WEIGHT,
        Column("zone", "zone it belongs to, for fees between zones", kind="text", default=""),
        Column(
            "disagreement",
            "what it falls back on without a deal: islanded (it exchanges nothing), tariff (it buys and sells at "
            "posted tariffs), given (it has disagreement_cost)",
            kind="text",
            default="islanded",
            choices=DISAGREEMENTS,
        ),
        _tariff("tariff_buy_per_mwh", "price at which it buys"),
        _tariff("tariff_sell_per_mwh", "price at which it sells"),
        Column(
            "disagreement_cost",
            "its cost without a deal, over the horizon, of a year in a joint plan; with disagreement given alone",
            unit="currency",
            default=BLANK,
        ),
    ),
)

_OPERATOR = Table(
    "network_operator",
    "The operator of the network between microgrids, which charges fees: at most one row; none: one with all defaults. "
    "Fees are per MWh traded; what is sold to and bought from the network itself pays grid_fee_per_mwh.",
    (
        own_id("operator", "name of the operator"),
        Column(
            "role",
            "fee_only: it earns the fees and does not bargain; party: it bargains as the microgrids do",
            kind="text",
            default="fee_only",
            choices=ROLES,
        ),
        Column("weight", "its weight in the bargaining; with role party alone", default=1.0, positive=True),
        Column(
            "fee_rule",
            "what energy traded between microgrids pays: flat (pair_fee_per_mwh), distance (that and fee_per_mwh_km "
            "times the length of line between them), zone (by zone_fees, else pair_fee_per_mwh), network (the "
            "difference of the nodal prices, which are losses and congestion)",
            kind="text",
            default="flat",
            choices=FEE_RULES,
        ),
        Column(
            "fee_kind",
            "transfer: fees are paid to the operator and cost nobody else anything; cost: they are what the trade "
            "costs the operator",
            kind="text",
            default="transfer",
            choices=FEE_KINDS,
        ),
        _fee("grid_fee_per_mwh", "fee of energy traded with the network, either way"),
        _fee("pair_fee_per_mwh", "fee of energy traded between microgrids; with distance, its fixed part"),
        _fee(
            "fee_per_mwh_km",
            "fee per length of line between the two buses, or to the nearest interface; with fee_rule distance alone",
            "currency/(MWh km)",
        ),
        Column(
            "buyer_share", "share of the fee between two that the buyer pays", default=0.5, minimum=0.0, maximum=1.0
        ),
        Column(
            "disagreement_cost",
            "its cost without a deal, over the horizon, of a year in a joint plan; with role party; blank: computed",
            unit="currency",
            default=BLANK,
        ),
    ),
)

_ZONE_FEES = Table(
    "zone_fees",
    "Fees between two zones of microgrids, in either direction, or within one; with fee_rule zone alone.",
    (
        own_id("zone_fee", "name of the fee"),
        Column("from_zone", "one of the zones", kind="text"),
        Column("to_zone", "the other one, or the same", kind="text"),
        Column("fee_per_mwh", "fee of energy traded between them", unit="currency/MWh", minimum=0.0),
    ),
)

TRADE: Final = (_MICROGRIDS, _OPERATOR, _ZONE_FEES)
