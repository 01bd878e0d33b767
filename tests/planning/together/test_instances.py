"""How near schemes come to the joint optimum on random instances of three owners, four candidates each."""

from __future__ import annotations

import pytest

from gridpact.bench_together import compared

INSTANCES = 30


def check(rows: dict[str, dict[str, float]]) -> None:
    turned, together = rows["in turn"], rows["benders"]
    assert turned["worst"] <= 0.3 and turned["mean"] <= 0.05 and turned["surplus"] >= 95.0
    assert together["worst"] <= 0.01 and together["most"] <= 50
    assert turned["circles"] == together["circles"] == 0


def test_two_instances() -> None:
    check(compared(2, lambda _: None, days=1))


@pytest.mark.campaign
def test_thirty_instances() -> None:
    check(compared(INSTANCES, lambda _: None))
