"""A program drawn to values of some of its variables: there, at the price that holds them, or as near as it can."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from gridpact.errors import InfeasibleError
from gridpact.programs.affine import Variable
from gridpact.programs.drawn import NEAR, Drawn
from gridpact.programs.program import Program, at_most, equal
from gridpact.programs.standard_form import StandardForm, compile_program

Floats = NDArray[np.float64]


def maker(most: float = 3.0) -> StandardForm:
    """What is made, p up to ``most`` at 20 + 20 p for the next, less a load of 1 goes out as e."""
    p, e = Variable((1, 1)), Variable((1, 1))
    rows = {
        "balance": equal(e - p + np.ones((1, 1))),
        "most": at_most(p - np.full((1, 1), most)),
        "least": at_most(-1.0 * p),
    }
    return compile_program(Program(20.0 * p, {"p": p, "e": e}, rows, squares={"p": np.full((1, 1), 10.0)}))


@pytest.mark.parametrize("guess", [0.0, -46.0, 900.0])
def test_it_is_where_it_is_told_at_the_price_that_holds_it(guess: float) -> None:
    """Giving 0.3 means making 1.3, whose marginal cost is 46, whatever the first guess of the price."""
    form = maker()
    columns = form.columns["e"].ravel()
    drawn, found = Drawn(form, columns, 50.0).to(np.array([guess]), np.array([0.3]))
    assert found.x[columns] == pytest.approx([0.3], abs=NEAR)
    weight = (drawn.P - form.P).diagonal()[columns]
    price = (drawn.q - form.q)[columns] + weight * found.x[columns]
    assert price == pytest.approx([-46.0], abs=1e-5)
    assert found.cost == pytest.approx(drawn.cost(found.x), abs=1e-9)


def test_at_a_limit_the_price_is_bounded() -> None:
    """At the very 2 that it can give any price from -80 on holds it; it does not run away."""
    form = maker()
    columns = form.columns["e"].ravel()
    drawn, found = Drawn(form, columns, 50.0).to(np.array([-100.0]), np.array([2.0]))
    assert found.x[columns] == pytest.approx([2.0], abs=1e-7)
    assert np.abs(drawn.A.T @ found.z)[columns].max() < 1e3


def test_out_of_reach_it_stays_away() -> None:
    """Asked for 2.5 it gives the 2 that it has."""
    form = maker()
    columns = form.columns["e"].ravel()
    _, found = Drawn(form, columns, 50.0).to(np.zeros(1), np.array([2.5]))
    assert found.x[columns] == pytest.approx([2.0], abs=1e-7)


def test_who_is_out_of_reach_does_not_keep_others_from_theirs() -> None:
    """Two makers; one is asked for the 2.5 that it has not, the other for 0.3."""
    p, e = Variable((2, 1)), Variable((2, 1))
    rows = {
        "balance": equal(e - p + np.ones((2, 1))),
        "most": at_most(p - np.full((2, 1), 3.0)),
        "least": at_most(-1.0 * p),
    }
    cost = np.full((1, 2), 20.0) @ p
    form = compile_program(Program(cost, {"p": p, "e": e}, rows, squares={"p": np.full((2, 1), 10.0)}))
    columns = form.columns["e"].ravel()
    drawn, found = Drawn(form, columns, 5.0).to(np.zeros(2), np.array([2.5, 0.3]))
    assert found.x[columns] == pytest.approx([2.0, 0.3], abs=1e-7)
    price = (drawn.q - form.q)[columns] + (drawn.P - form.P).diagonal()[columns] * found.x[columns]
    assert price[1] == pytest.approx(-46.0, abs=1e-4)


def test_one_after_another_does_not_depend_on_the_last() -> None:
    form = maker()
    columns = form.columns["e"].ravel()
    many = Drawn(form, columns, 50.0)
    for target in (0.3, -0.7, 1.9):
        _, found = many.to(np.zeros(1), np.array([target]))
        _, alone = Drawn(form, columns, 50.0).to(np.zeros(1), np.array([target]))
        assert found.x == pytest.approx(alone.x, abs=1e-9)
        assert found.z == pytest.approx(alone.z, abs=1e-5)


def test_what_has_no_point_is_said() -> None:
    form = maker(most=-1.0)
    with pytest.raises(InfeasibleError):
        Drawn(form, form.columns["e"].ravel(), 50.0).to(np.zeros(1), np.zeros(1))
