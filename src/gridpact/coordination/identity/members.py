"""The public roster of a market: who takes part, by which keys, on which terms. All sign the digest of it.

digest   SHA-256 of the roster's bytes: JSON with sorted keys, without spaces
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from gridpact.coordination.message import MOST_TEXT
from gridpact.errors import InputError, Issue

COORDINATOR, OPERATOR, MICROGRID = "coordinator", "operator", "microgrid"
ROLES = (COORDINATOR, OPERATOR, MICROGRID)
MOST_SECONDS, LARGEST = 1e7, 1e300
HEX = re.compile("[0-9a-f]{64}")
FIX = "Take the roster that `gridpact market init` wrote."


@dataclass(frozen=True)
class Member:
    """A party: its ``role``, public ``key`` (Ed25519) and ``fingerprint`` of its certificate (SHA-256), both hex.

    ``sealing`` is its public key for masks (X25519), hex; the coordinator needs none.
    """

    name: str
    role: str
    key: str
    fingerprint: str
    sealing: str = ""


@dataclass(frozen=True)
class Terms:
    """What all agree on beforehand.

    A batch is to be answered within ``deadline_s``; after ``strikes`` refused messages of one party the run ends.
    ``fallback`` is what happens where there is no agreement: "abort", or "no_deal", which all sign. ``bounds`` are the
    largest absolute values by name of a quantity, ``rates`` the largest changes from one message to the next.
    ``market`` is what the mechanism needs to know (method, tolerance, prices that are public...), plain JSON.
    """

    deadline_s: float = 30.0
    strikes: int = 3
    fallback: str = "abort"
    bounds: Mapping[str, float] = field(default_factory=dict)
    rates: Mapping[str, float] = field(default_factory=dict)
    market: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Members:
    """The roster: the coordinator, the operator, then microgrids, in the order in which everything is summed."""

    run: str
    members: tuple[Member, ...]
    terms: Terms = Terms()

    @cached_property
    def coordinator(self) -> Member:
        return next(one for one in self.members if one.role == COORDINATOR)

    @cached_property
    def parties(self) -> tuple[Member, ...]:
        """All but the coordinator."""
        return tuple(one for one in self.members if one.role != COORDINATOR)

    @cached_property
    def digest(self) -> bytes:
        return hashlib.sha256(self.encode()).digest()

    def member(self, name: str) -> Member | None:
        """The member of that name, None where there is none."""
        return next((one for one in self.members if one.name == name), None)

    def encode(self) -> bytes:
        """The one form of its bytes."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def read_members(data: bytes, where: str = "roster.json") -> Members:
    """The roster of its bytes; raises ``InputError`` for what is malformed or contradicts itself."""
    try:
        known = json.loads(data)
        members = tuple(Member(**one) for one in known["members"])
        found = Members(known["run"], members, Terms(**known["terms"]))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise InputError([Issue(f"this is not a roster: {type(error).__name__}", FIX, where)]) from None
    issues = [Issue(message, FIX, where) for message in _mistakes(found)]
    if not issues and _encoded(found) != data.strip():
        issues = [Issue("the roster is not in its one form", FIX, where)]
    if issues:
        raise InputError(issues)
    return found


def _encoded(found: Members) -> bytes:
    """Nothing for what has no one form: numbers that are none, or what is nested too deep."""
    try:
        return found.encode()
    except (ValueError, RecursionError):
        return b""


def _mistakes(found: Members) -> list[str]:
    texts = [found.run, *(value for one in found.members for value in (one.name, one.role, one.key, one.fingerprint))]
    if not all(isinstance(text, str) and text.isprintable() and 0 < len(text) <= MOST_TEXT for text in texts):
        return [f"names must be 1 to {MOST_TEXT} printable characters"]
    names, roles = [one.name for one in found.members], [one.role for one in found.members]
    mistakes = [f"{name!r} is in it twice" for name in sorted({name for name in names if names.count(name) > 1})]
    mistakes += [f"the role {role!r} is none of: {', '.join(ROLES)}" for role in roles if role not in ROLES]
    mistakes += [f"there must be one {role}, not {roles.count(role)}" for role in ROLES[:2] if roles.count(role) != 1]
    mistakes += [
        f"the {what} of {one.name!r} is not 64 hexadecimal digits"
        for one in found.members
        for what in ("key", "fingerprint")
        if not HEX.fullmatch(getattr(one, what))
    ]
    mistakes += [
        f"the sealing key of {one.name!r} is not 64 hexadecimal digits"
        for one in found.members
        if one.sealing != "" and not (isinstance(one.sealing, str) and HEX.fullmatch(one.sealing))
    ]
    keys = [one.key for one in found.members] + [one.fingerprint for one in found.members]
    mistakes += ["two members have the same key or certificate"] * (len(set(keys)) < len(keys))
    return mistakes + _wrong_terms(found.terms)


def _wrong_terms(terms: Terms) -> list[str]:
    if not all(isinstance(known, Mapping) for known in (terms.bounds, terms.rates, terms.market)):
        return ["bounds, rates and market must be tables"]
    numbers = [*terms.bounds.values(), *terms.rates.values(), terms.deadline_s]
    mistakes = []
    if not all(type(value) in (int, float) and 0.0 < value <= LARGEST for value in numbers):
        mistakes.append("deadline, bounds and rates must be positive numbers")
    elif terms.deadline_s > MOST_SECONDS:
        mistakes.append(f"the deadline must be at most {MOST_SECONDS:g} seconds")
    if type(terms.strikes) is not int or not 1 <= terms.strikes <= 100:
        mistakes.append(f"strikes must be a whole number from 1 to 100, not {terms.strikes!r}")
    if terms.fallback not in ("abort", "no_deal"):
        mistakes.append(f"the fallback must be abort or no_deal, not {terms.fallback!r}")
    return mistakes
