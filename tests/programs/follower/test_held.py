"""Programs with states (rows that determine columns) keep their meaning when columns are held or taken out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gridpact.programs.follower.bilevel import Follower
from gridpact.programs.follower.optimality_gap import held_at
from gridpact.programs.follower.response import response
from gridpact.programs.solve import solve
from gridpact.programs.standard_form import StandardForm
from tests.programs.follower.posing import form_of, ints


def with_state() -> StandardForm:
    """Minimise x + y + z, the state y = 2 z + 1, x >= 0, z >= -3, x + z >= 5."""
    x, y, z = np.eye(3)
    at_most = [(-x, 0.0), (-z, 3.0), (-x - z, -5.0)]
    form = form_of([1.0, 0.0, 1.0], equal=[(y - 2.0 * z, 1.0)], at_most=at_most)
    return replace(form, states=(ints(0), ints(1)))


def test_held() -> None:
    found = solve(held_at(with_state(), ints(2), np.array([4.0])))
    assert found.x == pytest.approx([1.0, 9.0, 4.0], abs=1e-6)
    assert found.cost == pytest.approx(5.0, abs=1e-6)


def test_taken_out() -> None:
    answer = response(Follower(with_state(), ints(2)), np.array([4.0]))
    assert answer.x == pytest.approx([1.0, 9.0, 4.0], abs=1e-6)
