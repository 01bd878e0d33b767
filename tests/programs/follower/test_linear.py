"""One polyhedron, many costs."""

from __future__ import annotations

import numpy as np
import pytest

from gridpact.errors import NotConverged
from gridpact.programs.follower.linear import Polyhedron
from tests.programs.follower.posing import form_of


def wedge() -> Polyhedron:
    """x >= 0, y >= 0, x + 2 y >= 2, x >= y: open to the right."""
    rows = [([-1.0, 0.0], 0.0), ([0.0, -1.0], 0.0), ([-1.0, -2.0], -2.0), ([-1.0, 1.0], 0.0)]
    return Polyhedron.of(form_of([1.0, 1.0], at_most=rows))


def test_costs_one_after_another() -> None:
    """The corners are (2/3, 2/3) and (2, 0); to the right there is no end, in the order of the questions or not."""
    points = wedge()
    for _ in range(2):
        status, cost, x = points.minimise(np.array([1.0, 1.0]))
        assert (status, cost) == ("solved", pytest.approx(4.0 / 3.0))
        assert x == pytest.approx([2.0 / 3.0, 2.0 / 3.0])
        assert points.minimise(np.array([1.0, 3.0]))[1] == pytest.approx(2.0)
        assert points.minimise(np.array([-1.0, 0.0]))[0] == "unbounded"
        assert points.maximum(np.array([1.0, 0.0])) == np.inf


def test_its_own_cost_and_other_bounds_of_a_row() -> None:
    points = wedge()
    assert points.minimise()[1] == pytest.approx(4.0 / 3.0)
    points.hold_row(2, -np.inf, -6.0)
    assert points.minimise()[1] == pytest.approx(4.0)
    points.hold_row(0, -np.inf, -9.0)
    assert points.minimise()[1] == pytest.approx(9.0)


def test_no_point() -> None:
    empty = Polyhedron.of(form_of([1.0], at_most=[([1.0], 0.0), ([-1.0], -1.0)]))
    assert empty.minimise()[0] == "infeasible"
    assert empty.maximum(np.ones(1)) == -np.inf


def test_a_solver_that_stops_is_said_to() -> None:
    points = wedge()
    points._highs.setOptionValue("presolve", "off")
    points._highs.setOptionValue("simplex_iteration_limit", 0)
    with pytest.raises(NotConverged, match="linear program stopped"):
        points.minimise(np.array([1.0, 1.0]))
