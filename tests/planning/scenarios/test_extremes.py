"""Extreme days: which they are, by hand and in a real year; what is refused."""

import numpy as np
import pandas as pd
import pytest

from gridpact.errors import InputError
from gridpact.planning.scenarios.days import Days
from gridpact.planning.scenarios.extremes import MEASURES, Extreme, extreme_days, ordinary, standard_extremes
from gridpact.planning.scenarios.reading import read_days


def four_days() -> Days:
    """Load 2 throughout, wind 1 but for: a peak of load, a calm, and a storm of one hour."""
    values = np.ones((4, 2, 24))
    values[:, 0] = 2.0
    values[1, 0, 18], values[2, 1], values[3, 1, 5] = 5.0, 0.0, 9.0
    return Days(values, ("load", "wind"), ("a", "b", "c", "d"))


def test_the_standard_four_by_hand() -> None:
    """With 10 MW of wind per unit the calm day (residual 2) is above the peak of load (5 - 10)."""
    few = extreme_days(four_days(), standard_extremes({"load": 1.0}, {"wind": 1.0}))
    assert few == {
        1: "highest load, highest residual load",
        2: "lowest renewable energy",
        3: "lowest residual load",
    }
    much = extreme_days(four_days(), standard_extremes({"load": 1.0}, {"wind": 10.0}))
    assert much[2] == "highest residual load, lowest renewable energy"
    assert ordinary(four_days(), few).tolist() == [0]


@pytest.mark.parametrize(("measure", "day"), list(zip(MEASURES, (3, 2, 3, 2), strict=True)))
def test_measures(measure: str, day: int) -> None:
    assert extreme_days(four_days(), [Extreme("wind", {"wind": 1.0}, measure)]) == {day: "wind"}


def test_in_a_real_year(year: pd.DataFrame) -> None:
    """Found again with pandas, from the hours."""
    days = read_days(year)
    found = {name: days.dates[day] for day, name in extreme_days(days, standard_extremes(LOAD, SUN_AND_WIND)).items()}
    residual = 4.0 * year["load_R1"] - 1.5 * year["wind_309_WIND_1"] - 1.5 * year["pv_all"]
    energy = (year["wind_309_WIND_1"] + year["pv_all"]).groupby(year.index.date).sum()
    assert found["highest load"] == str(year["load_R1"].idxmax().date())
    assert found["highest residual load"] == str(residual.idxmax().date())
    assert found["lowest residual load"] == str(residual.idxmin().date())
    assert found["lowest renewable energy"] == str(energy.idxmin())


LOAD = {"load_R1": 4.0}
SUN_AND_WIND = {"wind_309_WIND_1": 1.5, "pv_all": 1.5}


@pytest.mark.parametrize(
    ("extreme", "message"),
    [
        (Extreme("x", {"sun": 1.0}), "unknown series"),
        (Extreme("x", {"load": 1.0}, "median"), "unknown measure"),
        (Extreme("x", {}), "no finite coefficients"),
        (Extreme("x", {"load": np.inf}), "no finite coefficients"),
        (Extreme("x", {"load": "all"}), "no finite coefficients"),  # type: ignore[dict-item]
    ],
)
def test_bad_extremes_are_refused(extreme: Extreme, message: str) -> None:
    with pytest.raises(InputError, match=message):
        extreme_days(four_days(), [extreme])
