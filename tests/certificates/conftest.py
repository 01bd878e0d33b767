"""The hand-made record, cleared once."""

import pytest

from gridpact.results.record import Record
from tests.certificates.feeder import feeder_record


@pytest.fixture(scope="session")
def feeder() -> Record:
    return feeder_record()
