"""The roster: one form, one digest, and every contradiction named."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from typing import Any

import pytest

from gridpact.coordination.identity.members import Members, Terms, read_members
from gridpact.errors import InputError
from tests.coordination.made_market import made

MEMBERS = made(3).members


def test_a_roster_is_read_as_it_was_written() -> None:
    data = MEMBERS.encode()
    assert read_members(data) == MEMBERS
    assert MEMBERS.digest == hashlib.sha256(data).digest()
    assert [member.name for member in MEMBERS.parties] == ["operator", "mg1", "mg2"]
    assert MEMBERS.coordinator.name == "coordinator"
    assert MEMBERS.member("mg2") == MEMBERS.parties[2] and MEMBERS.member("mg3") is None


def test_the_digest_is_of_everything() -> None:
    digests = {
        MEMBERS.digest,
        replace(MEMBERS, run="night").digest,
        replace(MEMBERS, members=MEMBERS.members[:-1]).digest,
        replace(MEMBERS, members=MEMBERS.members[::-1]).digest,
        replace(MEMBERS, terms=replace(MEMBERS.terms, deadline_s=31.0)).digest,
        replace(MEMBERS, terms=replace(MEMBERS.terms, market={"method": "atc"})).digest,
    }
    assert len(digests) == 6


def changed(**changes: Any) -> bytes:
    return json.dumps({**asdict(MEMBERS), **changes}, sort_keys=True, separators=(",", ":")).encode()


def with_member(place: int, **changes: Any) -> bytes:
    members = [asdict(member) for member in MEMBERS.members]
    members[place] = {**members[place], **changes}
    return changed(members=members)


def with_terms(**changes: Any) -> bytes:
    return changed(terms={**asdict(MEMBERS.terms), **changes})


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "this is not a roster"),
        (b"[]", "this is not a roster"),
        (b"{}", "this is not a roster: KeyError"),
        (b"[" * 10**5, "this is not a roster"),
        (b"\xff", "this is not a roster"),
        (MEMBERS.encode().replace(b",", b", ", 1), "not in its one form"),
        (changed(run=""), "names must be 1 to 128 printable characters"),
        (changed(run=7), "names must be 1 to 128 printable characters"),
        (with_member(2, name="mg\n"), "names must be 1 to 128 printable characters"),
        (with_member(2, name="mg2"), "'mg2' is in it twice"),
        (with_member(2, role="spy"), "the role 'spy' is none of: coordinator, operator, microgrid"),
        (with_member(2, role="operator"), "there must be one operator, not 2"),
        (with_member(0, role="microgrid"), "there must be one coordinator, not 0"),
        (with_member(2, key="0" * 63), "the key of 'mg1' is not 64 hexadecimal digits"),
        (with_member(2, fingerprint="g" * 64), "the fingerprint of 'mg1' is not 64 hexadecimal digits"),
        (with_member(2, key=MEMBERS.members[1].key), "two members have the same key or certificate"),
        (with_member(2, more=1), "this is not a roster: TypeError"),
        (with_terms(deadline_s=0.0), "deadline, bounds and rates must be positive numbers"),
        (with_terms(bounds={"exchange": -1.0}), "deadline, bounds and rates must be positive numbers"),
        (with_terms(rates={"exchange": "1"}), "deadline, bounds and rates must be positive numbers"),
        (with_terms(bounds=[1.0]), "bounds, rates and market must be tables"),
        (with_terms(market="atc"), "bounds, rates and market must be tables"),
        (with_terms(strikes=0), "strikes must be a whole number from 1 to 100, not 0"),
        (with_terms(fallback="flip a coin"), "the fallback must be abort or no_deal, not 'flip a coin'"),
        (with_terms(more=1), "this is not a roster: TypeError"),
    ],
)
def test_a_roster_that_will_not_do_is_bad_input(data: bytes, why: str) -> None:
    with pytest.raises(InputError, match=why) as caught:
        read_members(data)
    assert all(issue.fix and issue.file == "roster.json" for issue in caught.value.issues)


def test_terms_have_defaults_that_are_in_order() -> None:
    assert read_members(Members("day", MEMBERS.members, Terms()).encode()).terms == Terms()
