"""Programs without their states: the same optimum, the same multipliers, and states in a circle refused."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from gridpact.programs.elimination import lean
from gridpact.programs.redundant import implied
from gridpact.programs.solve import solve
from gridpact.programs.standard_form import NO_STATES, StandardForm


def form(
    A: list[list[float]], b: list[float], q: list[float], equalities: int, states: tuple[list[int], list[int]]
) -> StandardForm:
    cones = (("zero", equalities), ("nonnegative", len(b) - equalities))
    rows, columns = (np.array(part, dtype=np.int64) for part in states)
    return StandardForm(
        P=sp.csc_array((len(q), len(q))),
        q=np.array(q),
        A=sp.csc_array(np.array(A)),
        b=np.array(b),
        constant=1.0,
        cones=tuple(cone for cone in cones if cone[1]),
        rows={},
        columns={},
        integers=NO_STATES[0],
        states=(rows, columns),
    )


def chain() -> StandardForm:
    """u in [0, 4]; y1 = u / 2, y2 = y1 + 1 <= 2.5; maximise u: y1 = 1.5, u = 3, and a higher limit is worth 2."""
    A = [[-1.0, 2.0, 0.0], [0.0, -1.0, 1.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]]
    return form(A, [0.0, 1.0, 2.5, 4.0, 0.0], [-1.0, 0.0, 0.0], 2, ([0, 1], [1, 2]))


def test_a_chain_by_hand() -> None:
    """The limit on y2 in terms of u: u / 2 <= 1.5. The law of y1 has the multiplier -1, that of y2 the limit's, -2."""
    whole = chain()
    short = lean(whole)
    assert short.form.A.toarray()[:, 0] == pytest.approx([0.5, 1.0, -1.0])
    assert short.form.b == pytest.approx([1.5, 4.0, 0.0])
    found = solve(whole)
    assert found.x == pytest.approx([3.0, 1.5, 2.5])
    assert found.z == pytest.approx([-1.0, -2.0, 2.0, 0.0, 0.0], abs=1e-6)
    assert found.cost == pytest.approx(-2.0)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 100_000))
def test_the_optimum_is_that_of_the_whole(seed: int) -> None:
    """Random chains of states with costs and limits on them: same cost, a primal-dual pair of the whole program."""
    random = np.random.default_rng(seed)
    free, bound = int(random.integers(1, 4)), int(random.integers(1, 8))
    lower = np.tril(random.normal(size=(bound, bound)), -1) * (random.random((bound, bound)) < 0.5)
    own = random.choice([-1.0, 1.0], bound) * random.uniform(0.5, 2.0, bound)
    law = np.hstack([random.normal(size=(bound, free)), lower + np.diag(own)])
    order = random.permutation(bound)
    cut = random.normal(size=(3, free + bound)) * (random.random((3, free + bound)) < 0.6)
    box = np.hstack([np.vstack([np.eye(free), -np.eye(free)]), np.zeros((2 * free, bound))])
    inside = np.concatenate([random.uniform(0.1, 0.9, free), np.zeros(bound)])
    shift = random.normal(size=bound)
    inside[free:] = np.linalg.solve(law[:, free:], shift - law[:, :free] @ inside[:free])
    A = np.vstack([law[order], cut, box])
    b = np.concatenate([shift[order], cut @ inside + random.uniform(0.0, 1.0, 3), np.ones(free), np.zeros(free)])
    q = random.normal(size=free + bound)
    whole = form(A.tolist(), b.tolist(), q.tolist(), bound, (list(range(bound)), (free + order).tolist()))
    found, plain = solve(whole), solve(replace(whole, states=NO_STATES))
    scale = 1.0 + abs(plain.cost)
    assert abs(found.cost - plain.cost) <= 1e-6 * scale
    assert np.abs(whole.A @ found.x + found.s - whole.b).max() <= 1e-6
    assert np.abs(whole.q + whole.A.T @ found.z).max() <= 1e-6 * max(1.0, np.abs(found.z).max())
    assert found.s[bound:].min() >= -1e-6
    assert found.z[bound:].min() >= -1e-6
    assert abs(whole.q @ found.x + whole.b @ found.z) <= 1e-6 * scale * max(1.0, np.abs(found.z).max())


def test_states_in_a_circle_are_refused() -> None:
    A = [[1.0, -0.5], [-0.5, 1.0], [1.0, 0.0]]
    with pytest.raises(ValueError, match="depends on itself"):
        lean(form(A, [0.0, 0.0, 1.0], [1.0, 1.0], 2, ([0, 1], [0, 1])))


def test_a_state_needs_a_row_of_its_own() -> None:
    A = [[0.0, 1.0], [1.0, 1.0]]
    with pytest.raises(ValueError, match="no coefficient"):
        lean(form(A, [1.0, 2.0], [1.0, 1.0], 2, ([0], [0])))


def test_implied_rows_by_hand() -> None:
    """0 <= x, y <= 1: x + y <= 2 and x - y <= 1 are implied, x + y <= 1.9 is not, and bounds never are."""
    A = [[1.0, 1.0], [1.0, -1.0], [1.0, 1.0], [1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]]
    program = form(A, [2.0, 1.0, 1.9, 1.0, 1.0, 0.0, 0.0], [1.0, 1.0], 0, ([], []))
    assert implied(program).tolist() == [True, True, False, False, False, False, False]


def test_without_a_bound_nothing_is_implied() -> None:
    program = form([[1.0, 1.0], [1.0, 0.0]], [5.0, 1.0], [-1.0, 1.0], 0, ([], []))
    assert not implied(program).any()
