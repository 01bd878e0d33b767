"""What a follower must not be, and cones of two rows as half-spaces."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from gridpact.errors import InputError
from gridpact.programs.follower.bilevel import Bilevel, Follower
from gridpact.programs.follower.kkt import kkt_single_level
from gridpact.programs.follower.polyhedral import polyhedral
from gridpact.programs.follower.square_root import is_convex, square_root
from gridpact.programs.standard_form import StandardForm
from tests.programs.follower.posing import conic_problem, form_of, ints, market


def led(form: StandardForm, linking: int = 2) -> Bilevel:
    return Bilevel(form_of([0.0]), Follower(form, ints(linking)), ints(0), np.ones(1), np.ones(1))


def refusal(form: StandardForm) -> str:
    """The one issue with a message and a fix."""
    with pytest.raises(InputError) as caught:
        kkt_single_level(led(form))
    (issue,) = caught.value.issues
    assert issue.fix
    return issue.message


def test_integers_are_refused() -> None:
    assert "2 whole-number variables" in refusal(replace(market([1.0, 2.0], [3.0, 3.0]), integers=ints(0, 1)))


def test_larger_cones_are_refused() -> None:
    ball = [([0.0] * 3, 5.0), ([1.0, 0.0, 0.0], 0.0), ([0.0, 1.0, 0.0], 0.0)]
    form = form_of([1.0, 1.0, 0.0], equal=[([-1.0, -1.0, 1.0], 0.0)], cones=[ball])
    assert "second-order cone of 3 rows" in refusal(form)


def test_a_cost_that_is_not_convex_is_refused() -> None:
    assert "not convex" in refusal(market([1.0, 2.0], [3.0, 3.0], [1.0, -0.1]))


def test_a_hidden_negative_curvature_is_refused() -> None:
    """1, 2; 2, 1 has a positive diagonal and the eigenvalue -1."""
    form = market([1.0, 2.0], [3.0, 3.0])
    assert "not convex" in refusal(replace(form, P=sp.csc_array(np.array([[1.0, 2, 0], [2, 1, 0], [0, 0, 0]]))))


@pytest.mark.parametrize("q", [[1.0, 2.0, 0.5], [1.0, 2.0, 0.0]])
def test_costs_of_linking_columns_are_refused(q: list[float]) -> None:
    form = market([1.0, 2.0], [3.0, 3.0]).with_q(np.array(q))
    assert "linking column has a cost" in refusal(form if q[2] else form.with_squares(ints(2), np.ones(1)))


def test_a_follower_without_a_lower_bound_is_refused() -> None:
    """g earns money and has no limit."""
    form = form_of([-1.0, 0.0, 0.0], equal=[([0.0, -1.0, 1.0], 0.0)], at_most=[([-1.0, 0.0, 0.0], 0.0)])
    assert "without bound" in refusal(form)


def test_all_mistakes_are_named_at_once() -> None:
    form = replace(market([1.0, 2.0], [3.0, 3.0], [1.0, -0.1]), integers=ints(0))
    with pytest.raises(InputError) as caught:
        polyhedral(led(form))
    assert len(caught.value.issues) == 2


def test_cones_of_one_and_two_rows_are_half_spaces() -> None:
    """(y1, y2) in the cone: y1 - y2 >= 0 and y1 + y2 >= 0; a cone of one row says that it is not negative."""
    one, two = [([1.0, 0.0, 0.0], 2.0)], [([1.0, 0.0, 0.0], 0.0), ([0.0, 1.0, 0.0], 0.0)]
    form = form_of([1.0, 0.5, 0.0], equal=[([1.0, 0.0, 1.0], 3.0)], cones=[one, two])
    found = polyhedral(led(form))
    assert found.form.cones == (("zero", 1), ("nonnegative", 3))
    assert found.form.A.toarray().tolist() == [[1, 0, 1], [-1, 0, 0], [-1, 1, 0], [-1, -1, 0]]
    assert found.form.b.tolist() == [3.0, 2.0, 0.0, 0.0]
    assert (found.turn.T @ np.array([0.0, 0.0, 1.0, 3.0])).tolist() == [0.0, 0.0, 4.0, 2.0]


def test_equalities_come_first_whatever_the_order() -> None:
    """Equalities after inequalities, as where integers have been fixed: rows keep their names and multipliers."""
    form = market([1.0, 2.0], [3.0, 3.0])
    order = np.array([1, 2, 3, 4, 0])
    place = np.argsort(order)
    moved = replace(
        form,
        A=sp.csc_array(sp.csr_array(form.A)[order]),
        b=form.b[order],
        cones=(("nonnegative", 4), ("zero", 1)),
        rows={name: place[rows] for name, rows in form.rows.items()},
    )
    found = polyhedral(led(moved))
    assert found.equalities == 1
    assert np.array_equal(found.form.A.toarray(), form.A.toarray())
    assert found.form.rows["balance"].tolist() == [0]
    assert (found.turn.T @ np.arange(5.0)).tolist() == [1.0, 2.0, 3.0, 4.0, 0.0]


def test_rows_are_called_by_their_names() -> None:
    found = polyhedral(led(market([1.0, 2.0], [3.0, 3.0])))
    assert [found.row_name(row) for row in (0, 2, 3)] == ["balance[0]", "most[1]", "least[0]"]
    assert polyhedral(conic_problem()).row_name(1) == "row 1"


@pytest.mark.parametrize("seed", range(5))
def test_square_root_of_blocks(seed: int) -> None:
    """R'R = P, with P of blocks in a shuffled order and of less than full rank."""
    rng = np.random.default_rng(seed)
    half = np.zeros((6, 6))
    half[:2, :3], half[3:4, 3:5] = rng.normal(size=(2, 3)), rng.normal(size=(1, 2))
    half[5, 5] = 2.0
    shuffle = rng.permutation(6)
    P = sp.csc_array((half.T @ half)[shuffle][:, shuffle])
    root = square_root(P)
    assert (root.T @ root).toarray() == pytest.approx(P.toarray(), abs=1e-12)
    assert is_convex(P)
    assert not is_convex(sp.csc_array(P - 0.1 * sp.eye_array(6)))
