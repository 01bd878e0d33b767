"""Parties that are asked by messages alone settle as those whose sides are put together in one process."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import numpy as np
import pytest

import gridpact as gp
from gridpact.case.case import Case
from gridpact.case.trade_shares import microgrid_shares, operator_share
from gridpact.coordination.derived_masks import SealingKey
from gridpact.coordination.transport import InProcess
from gridpact.errors import InputError
from gridpact.markets.trade.apart.conduct import Agreed, Floor, agreed
from gridpact.markets.trade.apart.desks import party_of
from gridpact.markets.trade.apart.outcome import Disagreement, encoded, outcome, read_outcome, require_sound
from gridpact.markets.trade.apart.pay import Paid, paid, told_without
from gridpact.markets.trade.apart.public import PublicMarket, from_terms
from gridpact.markets.trade.apart.publish import public_market
from gridpact.markets.trade.deal import How, Trade, traded
from gridpact.markets.trade.market import TradeMarket, trade_market
from tests.markets.trade.small import two_makers

FEES = {"grid_fee_per_mwh": 4.0, "pair_fee_per_mwh": 2.0}


class Apart:
    """A market played by parties that have their own shares only."""

    def __init__(self, case: Case, **settings: Any) -> None:
        self.market: TradeMarket = trade_market(case)
        self.public: PublicMarket = public_market(self.market, **settings)
        key = {name: SealingKey(name.encode().rjust(32)) for name in self.public.names}
        keys = {name: one.public for name, one in key.items()}
        shares = [*microgrid_shares(case, self.market.transmission_price), operator_share(case)]
        self.parties = [
            party_of(name, share, self.public, key[name], keys)
            for name, share in zip(self.public.names, shares, strict=True)
        ]
        self.transport = InProcess(self.parties)
        floor = Floor(self.public, self.transport)
        told_without(floor)
        self.agreed: Agreed = agreed(floor)
        self.paid: Paid = paid(floor, self.agreed)
        self.outcome = outcome(floor, self.agreed, self.paid)


@cache
def three() -> Apart:
    return Apart(gp.read_case(gp.examples.path("three-microgrids") / "case"))


@cache
def together() -> Trade:
    return traded(three().market, How())


CASES: dict[str, dict[str, Any]] = {
    "flat": FEES,
    "party": FEES | {"role": "party", "weight": 2.0},
    "network": {"fee_rule": "network"},
    "cost": FEES | {"fee_kind": "cost"},
}


@pytest.mark.parametrize("name", CASES)
def test_the_same_as_in_one_process(name: str) -> None:
    """Exchanges to 1e-6 per unit, prices to 1e-5, payments to the cent: the two settle their sides apart."""
    case = two_makers(network_operator=[{"operator": "grid"} | CASES[name]])
    apart, one = Apart(case), traded(trade_market(case), How())
    assert np.abs(apart.agreed.vector - one.settled.vector).max() <= 1e-6
    assert apart.agreed.slope == pytest.approx(one.settled.slope, rel=1e-5)
    assert apart.agreed.rounds == one.one.iterations
    assert apart.paid.cents.tolist() == pytest.approx(one.two.cents.tolist(), abs=1)
    assert apart.paid.fees == pytest.approx(one.paid_fees, abs=1e-4)
    assert apart.paid.surplus == pytest.approx(one.two.surplus, abs=1e-4)
    for party in apart.parties:
        party.check(apart.outcome)


def test_a_day_of_three_microgrids_is_paid_to_the_cent_as_in_one_process() -> None:
    apart, one = three(), together()
    assert np.abs(apart.agreed.vector - one.settled.vector).max() <= 1e-6
    assert apart.paid.cents.tolist() == one.two.cents.tolist()
    assert apart.paid.sheet.tolist() == one.two.sheet.tolist()
    assert apart.agreed.regrets.sum() <= 1e-6 * np.abs(apart.agreed.slope * apart.agreed.vector).sum()


def test_nothing_leaves_a_party_but_what_it_declares() -> None:
    apart = three()
    declared = {party.name: party.disclosures for party in apart.parties}
    for entry in apart.transport.ledger.entries:
        if entry.sender in declared and entry.quantity:
            said = (entry.kind, entry.quantity, entry.unit, entry.count)
            assert said in {(one.kind, one.quantity, one.unit, one.size) for one in declared[entry.sender]}


def test_no_number_of_a_microgrids_devices_and_demand_crosses() -> None:
    """Every cost, load and limit of the devices, in its bits, but round numbers that mean nothing by themselves."""
    apart, found = three(), []
    for part in apart.market.parts:
        for name in ("generators", "loads", "renewables", "storages", "bids", "chps", "heat_loads"):
            numbers = part.tables[name].select_dtypes("number").to_numpy().ravel()
            found += [value for value in numbers.tolist() if np.isfinite(value) and value != round(value, 1)]
        found += part.profiles.filter(regex="^(loads|renewables|heat_loads)/").to_numpy().ravel().tolist()
    secrets = {value for value in found if value not in (0.0, 1.0)}
    assert len(secrets) > 50
    assert not [value for value in secrets if apart.transport.ledger.contains(value)]


def test_public_terms_are_plain_json() -> None:
    public = three().public
    assert from_terms(json.loads(json.dumps(public.as_terms()))) == public
    with pytest.raises(InputError, match="terms"):
        from_terms({"price": []})


def test_a_share_of_another_party_is_refused() -> None:
    apart = three()
    shares = microgrid_shares(apart.market.case, apart.market.transmission_price)
    with pytest.raises(InputError, match="not the share of 'homes'"):
        party_of("homes", shares[1], apart.public, SealingKey(bytes(32)), {})


LIES = {
    "payments": (lambda known: known["cents"].__setitem__(0, known["cents"][0] + 1), "sum to 1 cents"),
    "sheet": (lambda known: known["sheet"][0].__setitem__(0, 0), "do not sum to the payments"),
    "fraction": (lambda known: known["cents"].__setitem__(0, 0.5), "not whole cents"),
    "trade": (lambda known: known["p_mw"].__setitem__(0, (5.0).hex()), "do not add up"),
    "nothing": (lambda known: known.pop("slope"), "missing"),
    "infinite": (lambda known: known["slope"].__setitem__(0, "inf"), "not finite"),
    "one price": (lambda known: known["slope"].__setitem__(0, (0.0).hex()), "more could be gained"),
    "exchange": (lambda known: _moved(known), "not the one that was settled"),
    "one pays another": (lambda known: _paid_over(known), "worse off"),
    "another share": (lambda known: _shared_otherwise(known), "of the surplus in it"),
    "another market": (lambda known: known["microgrids"].reverse(), "not one of this market"),
}


def _moved(known: dict[str, Any]) -> None:
    """Half a MW more, told in all that hangs together."""
    known["vector"][0] = (float.fromhex(known["vector"][0]) + 0.5).hex()


def _shared_otherwise(known: dict[str, Any]) -> None:
    """The first gets 1 of the second's gain, all sums in order: nobody is worse off than without a deal."""
    for row in (known["cents"], known["sheet"][2]):
        row[0], row[1] = row[0] + 100, row[1] - 100


def _paid_over(known: dict[str, Any]) -> None:
    """The first pays 1,000 more to the second, all sums in order."""
    for row in (known["cents"], known["sheet"][2]):
        row[0], row[1] = row[0] - 100_000, row[1] + 100_000


@pytest.mark.parametrize("lie", LIES)
def test_somebody_disagrees_with_every_lie(lie: str) -> None:
    apart = three()
    known = json.loads(apart.outcome)
    change, why = LIES[lie]
    change(known)
    said = []
    for party in apart.parties:
        try:
            party.check(encoded(known))
        except Disagreement as error:
            said.append(str(error))
    assert any(why in text for text in said)


def test_an_outcome_not_in_its_one_form_is_none() -> None:
    apart = three()
    require_sound(read_outcome(apart.public, apart.outcome))
    for data in (apart.outcome + b" ", b"{}", b"[" * 5000, b"\xff"):
        with pytest.raises(Disagreement):
            read_outcome(apart.public, data)


def test_without_a_gain_nobody_pays() -> None:
    """Where both have the prices of the transmission network as a tariff and no fees, trade saves nothing."""
    same = {"disagreement": "tariff", "tariff_buy_per_mwh": 50.0, "tariff_sell_per_mwh": 50.0}
    case = two_makers(
        microgrids=[{"microgrid": name, "bus": bus, **same} for name, bus in (("a", "2"), ("b", "3"))],
        network_operator=[{"operator": "grid"}],
    )
    apart, one = Apart(case), traded(trade_market(case), How())
    assert bool(apart.paid.why) == bool(one.two.why)
    assert apart.paid.cents.tolist() == pytest.approx(one.two.cents.tolist(), abs=1)
