"""Whether the terms of a roster are those of a trade: each entry of its kind, and as many as there are parties.

A roster may come from anywhere; what is not as it should be is named before anything is made of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

LARGEST = 1e300
MOST_STEPS = 10**6
Check = Callable[[Any], bool]


def wrong_terms(terms: Mapping[str, Any], needed: Sequence[str], known: Sequence[str]) -> Iterator[str]:
    """What is wrong with the kinds of entries; ``needed`` are those that must be there, of those that are ``known``."""
    missing, strange = [one for one in needed if one not in terms], [one for one in terms if one not in known]
    if missing or strange:
        yield f"the terms are not those of a trade: {', '.join(map(repr, [*missing, *strange]))} missing or too much"
        return
    for name, value in terms.items():
        check, words = KINDS[name]
        if not check(value):
            yield f"{name!r} in the terms is not {words}"


def misfits(terms: Mapping[str, Any]) -> Iterator[str]:
    """What contradicts what; entries are of their kinds."""
    names = [*terms["microgrids"], terms["operator"]]
    parties, microgrids, steps = len(names), len(names) - 1, terms["steps"]
    fees, shared, times = terms.get("fees", ()), terms.get("shared", ()), terms.get("snapshots", ())
    if len(set(names)) < parties or not microgrids:
        yield "there are no microgrids in the terms, or two parties of one name"
    if [len(row) for row in terms["price"]] != [steps] * microgrids:
        yield "prices in the terms are not one for each microgrid and step"
    if len(terms["weights"]) != parties or len(terms["free"]) != microgrids:
        yield "weights in the terms are not one for each party, or 'free' not for each microgrid"
    if fees and [len(row) for row in fees] != [parties] * parties:
        yield "fees in the terms are not one from each party to each"
    if len(shared) != microgrids or len(times) not in (0, steps):
        yield "'shared' in the terms is not one for each microgrid, or 'snapshots' not one for each step"


def _text(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable() and 0 < len(value) <= 1000


def _whole(value: Any) -> bool:
    return type(value) is int and 1 <= value <= MOST_STEPS


def _number(value: Any) -> bool:
    return type(value) in (int, float) and -LARGEST <= value <= LARGEST


def _positive(value: Any) -> bool:
    return _number(value) and value > 0


def _share(value: Any) -> bool:
    return _number(value) and 0 <= value <= 1


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _fee(value: Any) -> bool:
    return value is None or _number(value)


def _time(value: Any) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        return False


def _rows(check: Check) -> Check:
    return lambda value: isinstance(value, list | tuple) and all(map(check, value))


def _one_of(*names: str) -> Check:
    return lambda value: isinstance(value, str) and value in names


KINDS: dict[str, tuple[Check, str]] = {
    "microgrids": (_rows(_text), "a list of names"),
    "operator": (_text, "a name"),
    "currency": (_text, "a text"),
    "steps": (_whole, "a whole number of steps"),
    "hours": (_positive, "a positive number"),
    "base_mva": (_positive, "a positive number"),
    "price": (_rows(_rows(_number)), "rows of numbers"),
    "weights": (_rows(_share), "a list of shares from 0 to 1"),
    "free": (_rows(_flag), "a list of true and false"),
    "fees": (_rows(_rows(_fee)), "rows of numbers, or null where two cannot trade"),
    "fees_are_costs": (_flag, "true or false"),
    "buyer_share": (_share, "a share from 0 to 1"),
    "shared": (_rows(_text), "a list of digests"),
    "snapshots": (_rows(_time), "a list of times with their offset from UTC"),
    "dynamics": (_one_of("quasi_dynamic", "steady"), "quasi_dynamic or steady"),
    "method": (_one_of("atc", "cf_admm"), "atc or cf_admm"),
    "closed_form": (_flag, "true or false"),
    "tolerance": (_share, "a share from 0 to 1"),
    "rounds": (_whole, "a whole number of rounds"),
    "exactness": (_one_of("off", "repair", "certify"), "off, repair or certify"),
}
