"""A real year of load, wind and sun: RTS-GMLC, day-ahead series of 2020, per unit."""

from pathlib import Path

import pandas as pd
import pytest

from gridpact.planning.scenarios.days import points_of
from gridpact.planning.scenarios.reading import read_days


@pytest.fixture(scope="session")
def leap_year(project: Path) -> pd.DataFrame:
    """8784 hours of 366 days, with local times."""
    table = pd.read_csv(project / "tests/cases/rts-gmlc-2020/year.csv", index_col="time")
    table.index = pd.to_datetime(table.index, format="%Y-%m-%d %H").tz_localize("America/Phoenix")
    return table


@pytest.fixture(scope="session")
def year(leap_year: pd.DataFrame) -> pd.DataFrame:
    """The first 365 of its days."""
    return leap_year.iloc[:8760]


@pytest.fixture(scope="session")
def points(year: pd.DataFrame):
    return points_of(read_days(year))
