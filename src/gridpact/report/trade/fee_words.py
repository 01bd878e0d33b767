"""The network fees in words: how they are charged, what they are, whether they leave room for trade between peers."""

from __future__ import annotations

import math
from typing import Any

from gridpact.case.schema import SCHEMA
from gridpact.report.text import number, safe, tag
from gridpact.report.trade import facts
from gridpact.results.record import Record


def _rule(record: Record) -> dict[str, Any]:
    """The row of the operator, with its defaults."""
    row: dict[str, Any] = {column.name: column.default for column in SCHEMA["network_operator"].columns}
    table = record.case.tables["network_operator"]
    return row | ({str(name): value for name, value in table.iloc[0].items()} if len(table) else {})


def rates(record: Record) -> str:
    """How energy is charged."""
    row, unit = _rule(record), f"{safe(record.case.currency)}/MWh"
    pair, grid, per_km = (float(row[name]) for name in ("pair_fee_per_mwh", "grid_fee_per_mwh", "fee_per_mwh_km"))
    way = f"and {number(per_km)} more for each km of line"
    words = {
        "flat": f"energy sold between microgrids pays {number(pair)} {unit}, energy traded with the network "
        f"{number(grid)} {unit}",
        "distance": f"energy sold between microgrids pays {number(pair)} {unit} {way} between them, energy traded with "
        f"the network {number(grid)} {unit} {way} to the nearest interface",
        "zone": f"energy sold between microgrids pays the fee of their two zones ({number(pair)} {unit} where there is "
        f"none), energy traded with the network {number(grid)} {unit}",
        "network": "energy pays the difference of the nodal prices between its two ends, for losses and congestion; it "
        "is paid where it relieves the network",
    }
    rule = str(record.summary.get("fee_rule", row["fee_rule"]))
    return f"Fees go by the rule {safe(rule)}: {words.get(rule, 'see the case')}."


def kind(record: Record) -> str:
    """Transfer or true cost."""
    if record.summary.get("fee_kind") == "cost":
        return (
            "They are a true cost: a MWh traded costs the operator as much, which counts in the cost of all and keeps "
            "trades that are not worth it from being made."
        )
    return (
        "They are a transfer: what one pays another receives, so that they change nobody's exchange and cancel in "
        "the cost of all; they decide who trades with whom, and who pays whom."
    )


def peers(record: Record) -> str:
    """Whether it pays to trade with each other rather than with the network."""
    share = facts.figure(record, "fee_share_peer")
    if math.isnan(share):
        return ""
    if share <= 0.0:
        return (
            "No pair pays less fee by trading with each other than by trading with the network: there is no market "
            "between peers."
        )
    if share >= 1.0:
        return (
            "Every pair pays less fee by trading with each other than by trading with the network: there is a market "
            "between peers at all times."
        )
    return (
        f"In {number(100.0 * share, 1)} % of the hours of all pairs the fee of trading with each other is less than "
        "that of both trading with the network: there is a market between peers in these."
    )


def paragraph(record: Record) -> str:
    """All of it, and who bears the fee of a pair."""
    share = 100.0 * float(_rule(record)["buyer_share"])
    borne = (
        f"Of the fee of a pair the buyer bears {number(share, 0)} % and the seller the rest; the fee of trade with the "
        "network is the microgrid's."
    )
    return tag("p", f"{rates(record)} {kind(record)} {borne} {peers(record)}", "lead")
