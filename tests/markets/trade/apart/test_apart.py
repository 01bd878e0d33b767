"""Parties that are asked by messages alone settle as those whose sides are put together in one process."""

from __future__ import annotations

import json
from collections.abc import Callable
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
from gridpact.markets.trade.apart.outcome import (
    Disagreement,
    encoded,
    no_deal,
    outcome,
    plain,
    read_outcome,
    require_end,
    require_sound,
)
from gridpact.markets.trade.apart.pay import Paid, paid, told_without
from gridpact.markets.trade.apart.public import PublicMarket, from_terms
from gridpact.markets.trade.apart.publish import public_market
from gridpact.markets.trade.deal import How, Trade, traded
from gridpact.markets.trade.market import TradeMarket, trade_market
from tests.districts import interface
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


@pytest.mark.parametrize("name", ["homes", "network"])
def test_both_sides_must_know_the_same_of_a_microgrid(name: str) -> None:
    """A tariff of 60 with one, and of 85 with the other, would leave the network with what nobody has paid."""
    apart = three()
    shares = [*microgrid_shares(apart.market.case, apart.market.transmission_price), operator_share(apart.market.case)]
    share = shares[apart.public.names.index(name)]
    table = share.tables["microgrids"]
    column = "tariff_buy_per_mwh"
    changed = share.with_table("microgrids", table.assign(**{column: table[column].to_numpy() - 25.0}))
    with pytest.raises(InputError, match="is not what the roster stands for"):
        party_of(name, changed, apart.public, SealingKey(bytes(32)), {})


LIES: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "payments": (lambda known: known["cents"].__setitem__(0, known["cents"][0] + 1), "sum to 1 cents"),
    "sheet": (lambda known: known["sheet"][0].__setitem__(0, 0), "do not sum to the payments"),
    "fraction": (lambda known: known["cents"].__setitem__(0, 0.5), "not whole cents"),
    "trade": (lambda known: known["p_mw"].__setitem__(0, (5.0).hex()), "do not add up"),
    "nothing": (lambda known: known.pop("slope"), "missing"),
    "infinite": (lambda known: known["slope"].__setitem__(0, "inf"), "not finite"),
    "one price": (lambda known: _priced(known, 0.0), "more could be gained"),
    "a price nobody was asked at": (lambda known: known["slope"].__setitem__(0, (0.0).hex()), "not those at which"),
    "another exchange to read": (lambda known: _sold_more(known), "not the one that was settled"),
    "prices to read": (lambda known: known["nodal_price_per_mwh"].__setitem__(1, (1.0).hex()), "not those at which"),
    "fees": (lambda known: known["fees"].__setitem__(0, (1e3).hex()), "not those of its trades"),
    "all by the operator": (lambda known: _by_operator(known), "less fees"),
    "there and back": (lambda known: _trade_too(known, (0, 1), (1, 0)), "do not add up"),
    "with itself": (lambda known: _trade_too(known, (3, 3)), "do not add up"),
    "energy for a lump sum": (lambda known: _sheet_moved(known), "its sheet"),
    "regret": (lambda known: known["regrets"].__setitem__(0, (1e3).hex()), "more could be gained, and"),
    "regrets of many": (lambda known: known["regrets"].append((0.0).hex()), "has 5 numbers, not 4"),
    "a seller in words": (lambda known: known["seller"].__setitem__(0, "homes"), "not that of each trade"),
    "a seller from behind": (lambda known: known["seller"].__setitem__(0, -1), "not that of each trade"),
    "a note": (lambda known: known.update(note="all owe the operator"), "too much in it"),
    "currency": (lambda known: known.update(currency="gold"), "not those of the terms"),
    "sizes": (lambda known: known["sizes"].append(0), "not those of the terms"),
    "rounds": (lambda known: known.update(rounds="many"), "rounds are not counted"),
    "a number otherwise": (lambda known: known.update(surplus="0x1p3"), "not in its one form"),
    "no deal that pays": (lambda known: _nothing_but(known, deal=True, received_cents={"homes": -1}), "too much in it"),
    "no deal for no reason": (lambda known: _nothing_but(known, why="\x1b[2J"), "in words"),
    "exchange": (lambda known: _moved(known), "not the one that was settled"),
    "one pays another": (lambda known: _paid_over(known), "worse off"),
    "another share": (lambda known: _shared_otherwise(known), "of the surplus in it"),
    "another market": (lambda known: known["microgrids"].reverse(), "not one of this market"),
}


def _priced(known: dict[str, Any], price: float) -> None:
    """One price in all that tells of it, and the energy that it pays for."""
    exchanged, before = (float.fromhex(known[name][0]) for name in ("exchanged_mw", "nodal_price_per_mwh"))
    cents = round(100.0 * three().public.hours * (price - before) * exchanged)
    for row, more in ((0, cents), (2, -cents)):
        known["sheet"][row][0] += more
        known["sheet"][row][3] -= more
    for name in ("slope", "nodal_price_per_mwh"):
        known[name][0] = price.hex()


def _sold_more(known: dict[str, Any]) -> None:
    """The first sells 0.5 MW more to the operator, in all that is read; what was settled stands as it was."""
    known["exchanged_mw"][0] = (float.fromhex(known["exchanged_mw"][0]) + 0.5).hex()
    _trade_too(known, (0, 3), p_mw=0.5)


def _trade_too(known: dict[str, Any], *pairs: tuple[int, int], p_mw: float = 100.0) -> None:
    """More trades in the first step."""
    for seller, buyer in pairs:
        for name, value in (("seller", seller), ("buyer", buyer), ("step", 0), ("p_mw", p_mw.hex())):
            known[name].append(value)


def _by_operator(known: dict[str, Any]) -> None:
    """Nobody trades with another microgrid, and all pay for it."""
    public, trades = three().public, ("seller", "buyer", "step", "p_mw")
    exchanged = np.array([float.fromhex(value) for value in known["exchanged_mw"]]).reshape(3, public.steps)
    known.update({name: [] for name in trades})
    for k, step in np.argwhere(exchanged).tolist():
        e = float(exchanged[k, step])
        ends = (k, 3) if e > 0.0 else (3, k)
        for name, value in zip(trades, (*ends, step, abs(e).hex()), strict=True):
            known[name].append(value)
    fees = public.hours * np.abs(exchanged).sum(axis=1) * public.fee_table[:3, 3]
    known["fees"] = [fee.hex() for fee in fees.tolist()]


def _sheet_moved(known: dict[str, Any]) -> None:
    """10 of the first's energy are told as a lump sum, all sums in order."""
    for row, cents in ((0, -1000), (2, 1000)):
        known["sheet"][row][0] += cents
        known["sheet"][row][1] -= cents


def _nothing_but(known: dict[str, Any], **entries: Any) -> None:
    """An end without a deal, with entries that it does not have."""
    header = {"kind": "no_deal", "why": "no", "microgrids": known["microgrids"], "operator": known["operator"]}
    known.clear()
    known.update(header | entries)


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


def test_an_end_that_the_terms_do_not_know_is_none() -> None:
    public = three().public
    require_sound(read_outcome(public, no_deal(public, "no")))
    require_end(public, no_deal(public, "no"), True)
    require_end(public, three().outcome, False)
    for document, fallback in ((no_deal(public, "no"), False), (three().outcome, True)):
        with pytest.raises(Disagreement, match="another end than it tells of"):
            require_end(public, document, fallback)


def test_without_a_deal_there_is_the_same_to_read() -> None:
    """The same entries, of the same parts; what nobody was told is none."""
    public = three().public
    deal, nothing = plain(public, three().outcome), plain(public, no_deal(public, "no"))
    assert list(deal) == list(nothing)
    assert (deal["agreed"], nothing["agreed"], nothing["why"]) == (True, False, "no")
    assert set(nothing["received_cents"].values()) == {0} and nothing["trades"] == []
    for name in ("received_cents", "sheet_received_cents", "exchanged_mw", "price_per_mwh", "regrets"):
        assert list(deal[name]) == list(nothing[name])
    assert deal["snapshots"] == [time.isoformat() for time in three().market.case.snapshots] == nothing["snapshots"]
    assert all(one["snapshot"] == deal["snapshots"][one["step"]] and one["agreed"] for one in deal["trades"])


def test_where_the_relaxation_invents_losses_all_agree_nevertheless() -> None:
    """At a price below zero losses are worth having; what no flow explains is nothing that the operator could gain."""
    rows = [interface(max_import_mw=9.0, max_export_mw=9.0, sell_ratio=1.0, price_per_mwh=-30.0)]
    case = two_makers(interfaces=rows, network_operator=[{"operator": "grid"} | FEES])
    apart, one = Apart(case), traded(trade_market(case), How())
    assert apart.agreed.regrets[-1] > 1.0
    assert apart.paid.cents.tolist() == pytest.approx(one.two.cents.tolist(), abs=1)
    for party in apart.parties:
        party.check(apart.outcome)


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
