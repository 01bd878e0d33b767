"""Programs with coupling quantities: another weight is other numbers in the same program."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from gridpact.coordination.agent import ProgramAgent
from gridpact.coordination.closed_form import ClosedFormAgent
from gridpact.programs.conic import residual
from gridpact.programs.coupled import coupled
from tests.coordination.test_closed_form import programs, proposals
from tests.programs.test_quadratic import two_units


def test_a_weight_stands_on_the_diagonal_and_is_taken_back() -> None:
    """x^2 + 2 y^2 is 1/2 x'Px with P = (2, 4); a weight of 6 on y makes (2, 10), one of 0 leaves it as it is."""
    program = coupled(two_units(), np.array([1]))
    assert program.weighed(np.array([6.0])).P.toarray().tolist() == [[2.0, 0.0], [0.0, 10.0]]
    assert program.weighed(np.array([0.0])).P.toarray().tolist() == [[2.0, 0.0], [0.0, 4.0]]


def test_an_entry_that_is_not_there_is_made() -> None:
    flat = replace(two_units(), P=sp.csc_array((2, 2)))
    program = coupled(flat, np.array([1, 0]))
    assert program.weighed(np.array([6.0, 3.0])).P.toarray().tolist() == [[3.0, 0.0], [0.0, 6.0]]


def test_a_state_cannot_be_drawn() -> None:
    _, _, below = programs("three-microgrids")
    one = next(one for one in below if one.form.states[1].size)
    with pytest.raises(ValueError, match="is a state"):
        coupled(one.form, one.form.states[1][:1])


@pytest.mark.parametrize("kind", [ProgramAgent, ClosedFormAgent])
@pytest.mark.parametrize("side", ["operator", "microgrid"])
def test_an_agent_asked_before_answers_as_a_new_one(kind: type, side: str) -> None:
    """The point is the optimum of the program as it was asked last, whatever the weights before."""
    market, operator, below = programs("three-microgrids")
    one, sign = (operator, 1.0) if side == "operator" else (below[0], -1.0)
    asked = proposals(market, one.columns.size, sign, 3)
    used = kind(one.form, one.columns)
    for (price, target, weight), factor in zip(asked, (1.0, 20.0, 0.2), strict=True):
        heavy = factor * weight
        answer = used.respond(price, target, heavy)
        form = one.form.with_squares(one.columns, heavy).with_price(one.columns, price - heavy * target)
        assert residual(form, *used.solved) <= 1e-8
        assert np.array_equal(used.solved[0][one.columns], answer)
        assert kind(one.form, one.columns).respond(price, target, heavy) == pytest.approx(answer, abs=1e-5)
