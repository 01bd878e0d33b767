"""A check: value against tolerance, NaN never passes, the worst place has a name."""

import numpy as np
import pandas as pd
import pytest

from gridpact.certificates.check import Check, Measure, worst

TIMES = pd.date_range("2024-01-01", periods=2, freq="h", tz="UTC")


@pytest.mark.parametrize(
    ("value", "passed"), [(0.0, True), (1e-6, True), (1.1e-6, False), (np.nan, False), (np.inf, False)]
)
def test_a_value_passes_up_to_its_tolerance(value: float, passed: bool) -> None:
    assert Check("name", True, value, 1e-6, "", "").passed is passed


def test_the_largest_value_of_all_measures_counts() -> None:
    small, large = np.array([[0.0, 1.0], [2.0, 0.5]]), np.array([[0.1, 3.0]])
    check = worst("name", "text", 5.0, [Measure("buses", ["a", "b"], small), Measure("lines", ["l"], large)], TIMES)
    assert (check.value, check.where) == (3.0, "lines l, 2024-01-01T01:00:00+00:00")


def test_a_number_that_is_none_outweighs_every_other() -> None:
    values = np.array([[1e9, np.nan]])
    check = worst(
        "name", "text", 1e12, [Measure("buses", ["a"], np.array([[1e15]])), Measure("lines", ["l"], values)], TIMES
    )
    assert np.isnan(check.value)
    assert not check.passed
    assert check.where == "lines l, 2024-01-01T01:00:00+00:00"


def test_without_components_there_is_no_violation() -> None:
    check = worst("name", "text", 0.0, [Measure("lines", [], np.zeros((0, 2)))], TIMES)
    assert (check.value, check.where, check.passed) == (0.0, "", True)
