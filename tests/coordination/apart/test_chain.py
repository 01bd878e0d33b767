"""The chain: paths lead to roots, heads commit to everything, and comparisons reach everybody."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridpact.coordination.apart.chain import (
    NOBODY,
    Chain,
    Link,
    Shown,
    Tree,
    bits,
    climbed,
    depth,
    next_head,
    partner,
    read_shown,
)
from gridpact.coordination.message import MessageError


def leaves(count: int) -> list[bytes]:
    return [hashlib.sha256(bytes([place])).digest() for place in range(count)]


def test_the_root_of_three_by_hand() -> None:
    a, b, c = leaves(3)

    def joined(left: bytes, right: bytes) -> bytes:
        return hashlib.sha256(left + right).digest()

    assert Tree([a, b, c]).root == joined(joined(a, b), joined(c, NOBODY))
    assert Tree([a]).root == a


@given(st.integers(1, 130), st.data())
def test_paths_lead_to_the_root_and_from_nowhere_else(count: int, data: st.DataObject) -> None:
    tree, place = Tree(leaves(count)), data.draw(st.integers(0, count - 1))
    path = tree.path(place)
    assert len(path) == 32 * depth(count)
    assert climbed(leaves(count)[place], place, path) == tree.root
    assert climbed(hashlib.sha256(b"another").digest(), place, path) != tree.root
    if count > 1:
        assert climbed(leaves(count)[place], place ^ 1, path) != tree.root


def link(seed: int, parties: int = 5) -> Link:
    return Link(bits([seed % parties], parties), bytes([seed]) * 32, bytes([seed + 1]) * 32)


def test_a_head_is_another_one_whatever_is_changed() -> None:
    """Number, order, who was asked, either root, or where the chain begins."""
    one, two = link(1), link(2)
    heads = {
        next_head(b"r" * 32, 0, one),
        next_head(b"r" * 32, 1, one),
        next_head(b"s" * 32, 0, one),
        next_head(b"r" * 32, 0, Link(bits([2], 5), one.requests, one.answers)),
        next_head(b"r" * 32, 0, Link(one.asked, one.answers, one.requests)),
        next_head(b"r" * 32, 0, two),
    }
    assert len(heads) == 6
    chains = [Chain(b"r" * 32) for _ in range(2)]
    for chain, order in zip(chains, ((one, two), (two, one)), strict=True):
        for each in order:
            chain.append(each)
    assert chains[0].head != chains[1].head and len(chains[0]) == 2


@given(st.sets(st.integers(0, 99)), st.integers(100, 140))
def test_who_is_asked(places: set[int], parties: int) -> None:
    asked = bits(places, parties)
    assert len(asked) == -(-parties // 8)
    found = Link(asked, NOBODY, NOBODY)
    assert found.places() == tuple(sorted(places))
    assert [found.asks(place) for place in range(parties)] == [place in places for place in range(parties)]


@pytest.mark.parametrize("parties", [2, 5, 8, 100])
def test_links_and_paths_are_read_as_they_were_written(parties: int) -> None:
    path = bytes(range(32)) * depth(parties)
    for count in (1, 3):
        shown = Shown(tuple(link(seed, parties) for seed in range(count)), path, path[::-1])
        data = shown.encode()
        assert read_shown(data, parties) == shown
        for wrong in (data[:-1], data + b"\0", b"\xff" * 4 + data[4:], bytes(4) + data[4:], b""):
            with pytest.raises(MessageError, match="cut off or too many"):
                read_shown(wrong, parties)


def test_a_link_that_asks_others_is_refused() -> None:
    shown = Shown((Link(b"\x20", NOBODY, NOBODY),), NOBODY * 3, NOBODY * 3)
    with pytest.raises(MessageError, match="not in the roster"):
        read_shown(shown.encode(), 5)


@pytest.mark.parametrize("count", [2, 3, 4, 5, 6, 8, 9, 10, 13, 16])
def test_comparisons_form_one_ring_in_every_batch_and_reach_every_pair(count: int) -> None:
    answered = list(range(0, 3 * count, 3))
    pairs = set()
    for number in range(4 * count):
        at, ring = answered[0], []
        while at not in ring:
            ring.append(at)
            after = partner(at, answered, number)
            assert after is not None
            pairs.add((at, after))
            at = after
        assert sorted(ring) == answered
    assert len(pairs) == count * (count - 1)


def test_who_did_not_answer_is_compared_with_each_who_did() -> None:
    assert {partner(7, [1, 2, 4], number) for number in range(3)} == {1, 2, 4}
    assert partner(7, [1], 5) == 1
    assert partner(1, [1], 5) is None
    assert partner(1, [], 5) is None
