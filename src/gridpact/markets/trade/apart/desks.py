"""The parties of a market from their own shares of its case, each with a sealing key of its own."""

from __future__ import annotations

from collections.abc import Mapping

from gridpact.case.case import Case
from gridpact.case.owners import microgrid_parts, network_part
from gridpact.coordination.derived_masks import SealingKey
from gridpact.errors import InputError, Issue
from gridpact.markets.trade.apart.bargainer import Sealing
from gridpact.markets.trade.apart.microgrid import MicrogridParty
from gridpact.markets.trade.apart.operator import OperatorParty
from gridpact.markets.trade.apart.public import PublicMarket
from gridpact.markets.trade.apart.publish import shared_digest


def party_of(
    name: str, share: Case, public: PublicMarket, key: SealingKey, keys: Mapping[str, str], market: str = ""
) -> MicrogridParty | OperatorParty:
    """The party ``name`` with its share of a case (``case.trade_shares``); ``keys`` are the public ones of all.

    No two markets of the same keys may have the same name ``market``, such as the digest of the roster. Raises
    ``InputError`` where the share is that of another market or party.
    """
    _require_share(name, share, public)
    sealing = Sealing(key, keys, market)
    if name == public.operator:
        return OperatorParty(network_part(share), public, sealing)
    return MicrogridParty(name, microgrid_parts(share)[0], public, sealing)


def _require_share(name: str, share: Case, public: PublicMarket) -> None:
    expected = list(public.microgrids) if name == public.operator else [name]
    wrong = []
    if share.ids("microgrids") != expected:
        wrong.append(f"its microgrids are {', '.join(share.ids('microgrids')) or 'none'}, not {', '.join(expected)}")
    if (share.steps, share.hours) != (public.steps, public.hours):
        wrong.append(f"it has {share.steps} steps of {share.hours:g} h, not {public.steps} of {public.hours:g} h")
    if share.currency != public.currency:
        wrong.append(f"its currency is {share.currency}, not {public.currency}")
    if not wrong:
        wrong = [
            f"what it says of {own!r} (bus, limits, tariffs, weight) is not what the roster stands for"
            for place, own in enumerate(expected)
            if shared_digest(share, place) != public.shared[public.microgrids.index(own)]
        ]
    if wrong:
        fix = "Take the share of this market that `gridpact market init` made for this party."
        raise InputError([Issue(f"the case is not the share of {name!r}: {one}", fix) for one in wrong])
