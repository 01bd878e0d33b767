"""The one form of an outcome: which entries it has, of which kinds and sizes. Everything else is none, and unsigned.

What is signed is shown to people as it stands; an entry that nobody checks could say anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gridpact.markets.trade.apart.public import PublicMarket

MOST_WORDS = 200
HEADER = {"kind", "microgrids", "operator", "why"}
NUMBERS = {"exchanged_mw", "vector", "slope", "nodal_price_per_mwh", "regrets", "p_mw", "fees"}
PLACES = {"seller", "buyer", "step"}
OTHERS = {"currency", "sizes", "rounds", "polishing", "surplus", "cents", "sheet"}
ENTRIES = {"no_deal": HEADER, "trade": HEADER | NUMBERS | PLACES | OTHERS}


def misshapen(public: PublicMarket, known: dict[str, Any]) -> Iterator[str]:
    """What is wrong with the form of an outcome, of a kind that there is."""
    kind, why = known["kind"], known["why"]
    for name in sorted(set(known) ^ ENTRIES[kind]):
        yield f"{name!r} is {'too much' if name in known else 'missing'} in it"
    if not (isinstance(why, str) and len(why) <= MOST_WORDS and why.isprintable() and (why or kind == "trade")):
        yield "it does not say in words why there is no deal"
    if kind == "trade":
        yield from _wrong_numbers(public, known)


def _wrong_numbers(public: PublicMarket, known: dict[str, Any]) -> Iterator[str]:
    if known["currency"] != public.currency or known["sizes"] != list(public.sizes):
        yield "its currency or sizes are not those of the terms"
    if not all(type(known[name]) is int and known[name] >= 0 for name in ("rounds", "polishing")):
        yield "rounds are not counted in it"
    trades = len(known["p_mw"])
    for name, size in _counts(public).items():
        if len(known[name]) != size:
            yield f"{name!r} has {len(known[name])} numbers, not {size}"
    for name, below in _ranges(public).items():
        told = known[name]
        if len(told) != trades or not all(type(one) is int and 0 <= one < below for one in told):
            yield f"{name!r} is not that of each trade"
    hexed = [value for name in NUMBERS for value in known[name]] + [known["surplus"]]
    if not all(float.fromhex(value).hex() == value for value in hexed):
        yield "a number is not in its one form"


def _counts(public: PublicMarket) -> dict[str, int]:
    """How many numbers each quantity has."""
    rows, agreed = len(public.microgrids) * public.steps, sum(public.sizes)
    return {
        **dict.fromkeys(("exchanged_mw", "nodal_price_per_mwh"), rows),
        **dict.fromkeys(("vector", "slope"), agreed),
        **dict.fromkeys(("regrets", "cents"), len(public.names)),
        "fees": len(public.microgrids),
    }


def _ranges(public: PublicMarket) -> dict[str, int]:
    """How many places there are of each kind."""
    return {"seller": len(public.names), "buyer": len(public.names), "step": public.steps}
