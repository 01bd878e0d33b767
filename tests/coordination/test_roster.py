"""One above and others below: everybody is asked for its own piece, in order."""

from __future__ import annotations

import numpy as np
import pytest

from gridpact.coordination.message import MessageError
from tests.coordination.told import Told, gathered


def test_everybody_gets_its_own_piece() -> None:
    above, first, second = (Told(lambda price, target, weight: target + price) for _ in range(3))
    roster, _ = gathered(above, first, second, sizes=(1, 2))
    price, target, weight = np.array([1.0, 2.0, 3.0]), np.array([10.0, 20.0, 30.0]), np.ones(3)
    assert roster.total == 3
    assert roster.ask_below(price, target, weight).tolist() == [11.0, 22.0, 33.0]
    assert [one.tolist() for one in first.asked[0]] == [[1.0], [10.0], [1.0]]
    assert [one.tolist() for one in second.asked[0]] == [[2.0, 3.0], [20.0, 30.0], [1.0, 1.0]]
    assert not above.asked
    assert roster.ask_above(price, target, weight).tolist() == [11.0, 22.0, 33.0]
    assert len(first.asked) == len(second.asked) == len(above.asked) == 1


def test_all_at_once_at_prices_of_their_own() -> None:
    above, below = (Told(lambda price, target, weight: price) for _ in range(2))
    roster, transport = gathered(above, below, sizes=(2,))
    x, y = roster.ask_all((np.array([1.0, 2.0]), np.array([-1.0, -2.0])), np.zeros(2), np.ones(2))
    assert x.tolist() == [1.0, 2.0] and y.tolist() == [-1.0, -2.0]
    assert [(row["sender"], row["quantity"]) for row in transport.ledger.rows() if row["kind"] == "answer"] == [
        ("above", "exchange"),
        ("below-0", "exchange"),
    ]


def test_an_answer_of_another_size_is_refused() -> None:
    above, below = (Told(lambda price, target, weight: np.ones(1)) for _ in range(2))
    roster, _ = gathered(above, below, sizes=(2,))
    with pytest.raises(MessageError, match="'below-0' has not declared to send 1 numbers 'exchange'"):
        roster.ask_below(np.ones(2), np.ones(2), np.ones(2))
