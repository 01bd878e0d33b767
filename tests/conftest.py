"""What all tests share: where the project stands, and how hypothesis runs."""

from pathlib import Path

import pytest
from hypothesis import settings

# The same examples on every machine, and no failure because a machine is slow.
settings.register_profile("reproducible", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("reproducible")


@pytest.fixture(scope="session")
def project() -> Path:
    """The root folder of the project."""
    return Path(__file__).resolve().parents[1]
