"""The single level as text."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from gridpact.programs.follower.bilevel import Bilevel
from gridpact.programs.follower.kkt import kkt_single_level
from gridpact.programs.follower.multiplier_bounds import proven_bounds
from gridpact.programs.follower.printed import print_single_level
from gridpact.programs.follower.segments import equal_boxes
from gridpact.programs.follower.strong_duality import primal_dual_single_level
from tests.programs.follower.posing import form_of, ints, price_bid, random_payment
from tests.programs.follower.test_kkt import HIGH, LOW, buyer

IN_FULL = """\
minimise  30 leader.own[0] + 10 follower.g[0] + 50 follower.g[1] + 3 u.most[0] + 9 u.most[1]

subject to
  leader.need:
    leader.import[0] + leader.own[0] = 4
  leader.limits:
    leader.import[0] <= 5
    -leader.import[0] <= -1
    -leader.own[0] <= 0
  link:
    -leader.import[0] + follower.z[0] = 0
  follower.balance:
    -follower.g[0] - follower.g[1] + follower.z[0] = 0
  follower.most:
    follower.g[0] + s.most[0] = 3
    follower.g[1] + s.most[1] = 9
  follower.least:
    -follower.g[0] + s.least[0] = 0
    -follower.g[1] + s.least[1] = 0
  stationarity.g:
    -u.balance[0] + u.most[0] - u.least[0] = -10
    -u.balance[0] + u.most[1] - u.least[1] = -50
  complementarity:
    s.most[0] = 0 or u.most[0] = 0
    s.most[1] = 0 or u.most[1] = 0
    s.least[0] = 0 or u.least[0] = 0
    s.least[1] = 0 or u.least[1] = 0

with
    0 <= u.most[0]
    0 <= u.most[1]
    0 <= u.least[0]
    0 <= u.least[1]
    0 <= s.most[0]
    0 <= s.most[1]
    0 <= s.least[0]
    0 <= s.least[1]
"""


def named_buyer() -> Bilevel:
    bilevel = buyer()
    columns = {"import": ints(0), "own": ints(1)}
    rows = {"need": ints(0), "limits": np.arange(1, 4)}
    return replace(bilevel, leader=replace(bilevel.leader, columns=columns, rows=rows))


def test_a_small_program_in_full() -> None:
    assert print_single_level(kkt_single_level(named_buyer())) == IN_FULL


def test_big_m_with_its_binaries() -> None:
    """1.1 x 9, the proven slack of the second supplier's limit, and 1.1 x 40, what the first one earns."""
    bounds = proven_bounds(named_buyer(), LOW, HIGH, [np.array([3.0])])
    text = print_single_level(kkt_single_level(named_buyer(), "big_m", bounds))
    assert "  complementarity of s:\n    s.most[0] + 3.3 d.most[0] <= 3.3\n    s.least[1] + 5.5 d.least[1]" in text
    assert "  complementarity of u:\n    u.most[0] - 44 d.most[0] <= 0\n" in text
    assert "    0 <= u.most[0] <= 44\n    0 <= u.most[1] <= 0\n" in text
    assert text.endswith("    d.most[0] d.least[1] 0 or 1\n")


def test_pieces_and_equal_objectives() -> None:
    ends = np.array([10.0]), np.array([50.0])
    text = print_single_level(primal_dual_single_level(named_buyer(), equal_boxes(LOW, HIGH, *ends, 2)))
    row = "10 follower.g[0] + 50 follower.g[1] + 3 u.most[0] + 9 u.most[1] - product[0] = 0"
    assert text.startswith("minimise  30 leader.own[0] + product[0]\n")
    assert f"  equal objectives:\n    {row}\n" in text
    assert "  one piece:\n    d[0] + d[1] = 1\n" in text


def test_large_programs_are_cut_short_with_a_count() -> None:
    text = print_single_level(kkt_single_level(random_payment(1, hours=3)), most=3)
    assert "  stationarity:\n" in text
    assert "    ... and 9 more\n  complementarity:\n" in text
    assert text.splitlines()[0].endswith(" + ... 24 more")
    assert max(map(len, text.splitlines()[1:])) < 200
    assert len(text.splitlines()) < 40
    few = primal_dual_single_level(named_buyer(), equal_boxes(LOW, HIGH, np.array([10.0]), np.array([50.0]), 9))
    assert "d[0] d[1] d[2] and 6 more 0 or 1" in print_single_level(few, most=3)


def test_products_squares_constants_and_cones() -> None:
    assert "10 leader[1] + leader[2] - leader[1] leader[2]\n" in print_single_level(kkt_single_level(price_bid()))
    ball = [([0.0, 0.0], 2.0), ([0.0, 1.0], 0.0), ([1.0, 0.0], -1.0)]
    leader = replace(form_of([0.0, 1.0], cones=[ball], P=[[2.0, 1.0], [1.0, 4.0]]), constant=7.0)
    text = print_single_level(kkt_single_level(replace(buyer(weight=0.0), leader=leader)))
    assert "minimise  leader[1] + leader[0]^2 + leader[0] leader[1] + 2 leader[1]^2 + 7\n" in text
    assert "    |(leader[1], leader[0] - 1)| <= 2\n" in text
