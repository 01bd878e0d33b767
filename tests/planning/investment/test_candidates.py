"""What a unit costs in a year: factors from the textbook, annuities by hand, rows for all kinds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridpact.planning.investment.candidates import candidates_of, capital_recovery
from tests.case.test_planned import case
from tests.planning.investment.made import made, yearly

# Factors A/P of compound interest tables (Blank and Tarquin, Engineering Economy, 8th ed.): rate, years, factor.
TABLE = [(0.05, 10, 0.12950), (0.08, 25, 0.09368), (0.10, 5, 0.26380), (0.12, 15, 0.14682), (0.06, 30, 0.07265)]


@pytest.mark.parametrize(("rate", "years", "factor"), TABLE)
def test_factors_of_the_table(rate: float, years: float, factor: float) -> None:
    assert capital_recovery(rate, np.array([years])) == pytest.approx(factor, abs=5e-6)


def test_the_factor_by_hand() -> None:
    # 1.08^25 = 6.848475; 0.08 x 6.848475 / 5.848475
    assert capital_recovery(0.08, np.array([25.0])) == pytest.approx(0.0936788, abs=5e-8)


def test_without_interest_every_year_pays_its_share() -> None:
    assert capital_recovery(0.0, np.array([25.0, 4.0])).tolist() == [0.04, 0.25]
    assert capital_recovery(1e-12, np.array([25.0])) == pytest.approx(0.04, rel=1e-9)


@given(st.floats(1e-4, 0.5), st.integers(1, 60))
def test_the_payments_are_worth_the_investment(rate: float, years: int) -> None:
    payment = capital_recovery(rate, np.array([float(years)]))[0]
    present = sum(payment / (1.0 + rate) ** year for year in range(1, years + 1))
    assert present == pytest.approx(1.0, rel=1e-9)


def test_rows_of_all_kinds() -> None:
    found = candidates_of(case(), 0.0)
    assert found.names == ("sun", "air", "cell", "gas", "a thick", "a thin", "t", "f")
    assert found.kind.tolist() == ["pv", "wind", "storage", "generator", "line", "line", "tie", "fuse"]
    assert found.place.tolist() == ["3", "2", "2", "3", "a", "a", "1 - 3", "b"]
    assert found.most.tolist() == [4, 2, 3, 2, 1, 1, 1, 1]
    assert found.annual == pytest.approx(np.full(8, 50.0))
    assert found.of("line_candidates").tolist() == [4, 5]
    assert found.design([0, 2.0, 0, 0, 1, 0, 0, 0]) == {"air": 2, "a thick": 1}


@pytest.mark.parametrize("seed", range(4))
def test_a_design_costs_what_the_textbook_says(seed: int) -> None:
    one = made(seed).case
    found = candidates_of(one, 0.08)
    assert float(found.annual @ found.most) == pytest.approx(yearly(one, found.design(found.most)))
