"""One honest game for the tests of its judges, played once."""

import pytest

import gridpact as gp
from gridpact.results.record import Record
from tests.game_cases import feeder, pjm


@pytest.fixture(scope="session")
def game() -> Record:
    """The leader stands on edges of steps in three of four hours, and gains by it; with a scan of three points."""
    return gp.stackelberg(feeder(), pjm(), scan=3).record
