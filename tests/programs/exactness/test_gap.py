"""The gap of a cone, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from gridpact.programs.exactness.gap import factors, gap, relative_gap

# u = 2, l = 5, w = (1, 3): |w|^2 / u = 5 is tight; w = (1, 1) leaves 5 - 1 = 4, four fifths of l.
TIGHT, OPEN = np.array([7.0, -3.0, 2.0, 6.0]), np.array([7.0, -3.0, 2.0, 2.0])


def test_factors_of_a_slack() -> None:
    u, l, w = factors(TIGHT)
    assert (u, l, w.tolist()) == (2.0, 5.0, [1.0, 3.0])


def test_gap_by_hand() -> None:
    both = np.stack([TIGHT, OPEN], axis=1)[:, :, None]
    assert gap(both).ravel() == pytest.approx([0.0, 4.0])
    assert gap(both).shape == (2, 1)
    assert relative_gap(both).ravel() == pytest.approx([0.0, 0.8])


def test_gap_where_nothing_flows() -> None:
    """u = 0 leaves l itself; without l there is no relative gap to tell."""
    assert gap(np.array([3.0, -3.0, 0.0, 0.0])) == 3.0
    assert relative_gap(np.array([1.0, 1.0, 0.0, 0.0])) == 0.0


def test_gap_outside_of_the_cone_is_negative() -> None:
    assert gap(np.array([7.0, -3.0, 2.0, 8.0])) == pytest.approx(5.0 - 17.0 / 2.0)
