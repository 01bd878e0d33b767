"""A party that says it exchanges 0.5 MW more than it does: it has signed that it will, or there is no result."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gridpact.case.trade_cases import network_with
from gridpact.case.trade_shares import microgrid_shares, operator_share
from gridpact.coordination.derived_masks import SealingKey
from gridpact.coordination.message import Message
from gridpact.coordination.party import EXCHANGE
from gridpact.coordination.transport import InProcess
from gridpact.markets.pool import clear_pool
from gridpact.markets.trade.apart.desks import party_of
from gridpact.markets.trade.apart.outcome import Disagreement, read_outcome, require_sound
from gridpact.markets.trade.apart.publish import public_market
from gridpact.markets.trade.apart.whole import traded_apart
from gridpact.markets.trade.market import trade_market
from tests.markets.trade.small import two_makers

BOAST_MW = 0.5


class Boaster:
    """A party whose every exchange is told higher, by ``more`` per unit, than it is."""

    def __init__(self, party: Any, more: float) -> None:
        self.party, self.more = party, more
        self.name, self.disclosures = party.name, party.disclosures

    def receive(self, message: Message) -> Message:
        answer: Message = self.party.receive(message)
        told = [
            replace(one, values=one.values + self.more) if one.name == EXCHANGE else one for one in answer.quantities
        ]
        return replace(answer, quantities=tuple(told))


@pytest.fixture(scope="module")
def boasted() -> tuple[Any, list[Any], bytes]:
    case = two_makers(network_operator=[{"operator": "grid", "grid_fee_per_mwh": 4.0, "pair_fee_per_mwh": 2.0}])
    market = trade_market(case)
    public = public_market(market)
    key = {name: SealingKey(name.encode().rjust(32)) for name in public.names}
    keys = {name: one.public for name, one in key.items()}
    shares = [*microgrid_shares(case, market.transmission_price), operator_share(case)]
    honest = [party_of(name, share, public, key[name], keys) for name, share in zip(public.names, shares, strict=True)]
    transport = InProcess([Boaster(honest[0], BOAST_MW / public.base_mva), *honest[1:]])
    return market, list(honest), traded_apart(public, transport)


def test_the_schedule_in_the_outcome_is_the_one_it_told(boasted: tuple[Any, list[Any], bytes]) -> None:
    """All others agree to its lie: whoever signs owes that exchange, and trades and payments follow it."""
    _, honest, document = boasted
    told = read_outcome(honest[0].public, document)
    require_sound(told)
    does = honest[0].desk.settled * told.public.base_mva
    assert told.of_microgrids("exchanged_mw")[0] == pytest.approx(does + BOAST_MW, abs=1e-6)
    for party in honest[1:]:
        party.check(document)


def test_the_network_balances_with_what_was_told(boasted: tuple[Any, list[Any], bytes]) -> None:
    """Not on paper alone: cleared anew with the exchanges of the outcome, it costs what the operator has."""
    market, honest, document = boasted
    told = read_outcome(honest[0].public, document)
    exchanged = told.of_microgrids("exchanged_mw")
    anew = clear_pool(network_with(market.case, exchanged, np.zeros_like(exchanged)))
    operator = honest[-1]
    assert anew.solution.cost == pytest.approx(operator.desk.cost, rel=1e-6)


def test_with_its_own_check_it_does_not_sign(boasted: tuple[Any, list[Any], bytes]) -> None:
    _, honest, document = boasted
    with pytest.raises(Disagreement, match="not the one that was settled"):
        honest[0].check(document)
