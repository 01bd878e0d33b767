"""What leaves a party is what it declared: planted secrets occur in no message, whatever the method and the roles."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from gridpact.coordination.party import Disclosure
from gridpact.markets.trade.deal import Trade
from gridpact.markets.trade.programs import microgrid_program
from tests.districts import bus, line, load
from tests.markets.trade.small import star, trade, two_makers, unit

# Numbers that come about in no other way. Loads are 1 MW more or less, costs 20 to 60.
SECRETS = {
    "load of a": 1.0123456789,
    "load of b": 1.1357913579,
    "cost of a": 20.1020304050,
    "square of a": 10.7181920212,
    "rating of a": 2.9192939495,
    "cost of b": 41.4243444546,
    "capacity": 0.6162636465,
    "efficiency": 0.9192837465,
    "first of the battery": 0.3141592653,
    "load of the network": 0.7372717069,
    "cost of the network": 58.5756555453,
    "resistance": 0.4748495051,
    "disagreement": 311.2131415161,
    "limit": 1.8485868788,
}
METHODS = ("atc", "cf_admm", "closed form")


@cache
def planted(method: str, role: str) -> Trade:
    own = SECRETS
    battery = {
        "storage": "s", "bus": "2", "energy_mwh": own["capacity"], "charge_mw": 0.5, "discharge_mw": 0.5,
        "efficiency_charge": own["efficiency"], "efficiency_discharge": 0.9, "initial_mwh": own["first of the battery"],
    }  # fmt: skip
    case = star(
        steps=2,
        profiles={"interfaces/grid/price_per_mwh": [45.0, 55.0]},
        buses=[bus(str(k)) for k in range(1, 5)],
        lines=[
            line("to-a", "1", "2", own["resistance"], 0.0),
            line("to-b", "1", "3", 0.6, 0.0),
            line("on", "1", "4", 0.2, 0.1),
        ],
        loads=[load("2", own["load of a"]), load("3", own["load of b"], 0.2), load("4", own["load of the network"])],
        generators=[
            unit("ga", "2", own["cost of a"], own["square of a"], max_p_mw=own["rating of a"]),
            unit("gb", "3", own["cost of b"], 20.0, min_q_mvar=-0.3, max_q_mvar=0.3),
            unit("own", "4", own["cost of the network"]),
        ],
        storages=[battery],
        microgrids=[
            {"max_sell_mw": own["limit"]},
            {"disagreement": "given", "disagreement_cost": own["disagreement"]},
        ],
        network_operator=[{"operator": "dso", "role": role, "grid_fee_per_mwh": 3.0, "pair_fee_per_mwh": 2.0}],
    )
    return trade(case, "atc" if method == "closed form" else method, closed_form=method == "closed form")


def ledger(found: Trade) -> Any:
    return found.parties.transport.ledger


@pytest.mark.parametrize("role", ["fee_only", "party"])
@pytest.mark.parametrize("method", METHODS)
def test_planted_secrets_cross_nowhere(method: str, role: str) -> None:
    """Not as they are, with the other sign, per unit, nor per unit with the other sign."""
    found = planted(method, role)
    base = found.market.base
    for name, value in SECRETS.items():
        for scaled in (value, -value, value / base, -value / base, value * base * found.market.case.hours):
            assert not ledger(found).contains(scaled), name


@pytest.mark.parametrize("role", ["fee_only", "party"])
def test_costs_and_benefits_cross_nowhere(role: str) -> None:
    """Neither what stage one costs a party, nor what it falls back on, nor its benefit; receipts do, as declared."""
    found = planted("atc", role)
    for values in (found.welfare.costs, found.start.costs, found.two.benefits, [found.welfare.operator]):
        for value in values:
            assert not ledger(found).contains(float(value)) and not ledger(found).contains(-float(value))
    bargaining = found.two.roles.bargains
    last = [entry for entry in ledger(found).entries if entry.quantity == "receipt"][-int(bargaining.sum()) :]
    receipts = np.array([entry.values.item() for entry in last])
    assert receipts == pytest.approx(found.two.receipts[bargaining], abs=1e-4)


def test_the_ledger_would_show_what_crosses() -> None:
    """Otherwise it proved nothing: exchanges are in it, bit for bit."""
    found = planted("atc", "party")
    answers = [entry for entry in ledger(found).entries if entry.kind == "answer" and entry.sender == "a"]
    assert answers and ledger(found).contains(answers[-1].values)
    assert ledger(found).contains(float(answers[0].values[1]))


@pytest.mark.parametrize("role", ["fee_only", "party"])
@pytest.mark.parametrize("method", METHODS)
def test_disclosures_are_those_declared(method: str, role: str) -> None:
    """Every party sends its exchange, and in stage two masks, a masked number and receipts: so many, and no more."""
    found = planted(method, role)
    names = found.two.roles.names
    bargaining = [name for name, does in zip(names, found.two.roles.bargains, strict=True) if does]
    sent = {(row["sender"], row["kind"], row["quantity"]) for row in ledger(found).rows() if row["numbers"]}
    sent = {one for one in sent if one[0] != "coordinator"}
    expected = {(name, "answer", "exchange") for name in names}
    expected |= {(name, kind, kind) for name in bargaining for kind in ("mask", "masked_benefit", "receipt")}
    assert sent == expected
    assert {row["recipient"] for row in ledger(found).rows() if row["sender"] in names} <= {"coordinator", *names}


def test_numbers_are_as_many_as_quantities_and_rounds() -> None:
    """a exchanges active power in 2 hours, b reactive power too; the operator all of it."""
    found = planted("atc", "fee_only")
    assert found.agreement is not None
    asked = 1 + len(found.agreement.rounds) + len(found.one.polishing)
    rows = {row["sender"]: row for row in ledger(found).rows() if row["kind"] == "answer"}
    assert [rows[name]["numbers"] for name in ("a", "b")] == [2 * asked, 4 * asked]
    assert rows["dso"]["numbers"] == 6 * (asked - 1)
    assert rows["a"]["bytes"] == 8 * rows["a"]["numbers"]


def test_a_party_declares_its_exchange_alone() -> None:
    found = planted("atc", "fee_only")
    own = microgrid_program(found.market.parts[1], found.market.base)
    doors = found.parties.transport._doors
    assert doors["b"].party.disclosures == (Disclosure("answer", "exchange", "p.u.", own.columns.size),)


def test_fixed_reactive_power_is_stated_once_in_a_message() -> None:
    """b's load takes 0.2 Mvar that nothing can change: it says so, declared, before the rounds begin."""
    found = trade(two_makers(loads=[load("2", 1.0), load("3", 1.0, 0.2)]))
    stated = [entry for entry in ledger(found).entries if entry.kind == "fixed" and entry.count]
    assert [(entry.sender, entry.recipient, entry.count) for entry in stated] == [("b", "coordinator", 1)]
    assert stated[0].values * found.market.base == pytest.approx([-0.2])
    assert [entry.kind for entry in ledger(found).entries].index("fixed") < 2, "before anything else but the question"
