"""How much the length of a step matters: the same day of barry-island in steps of an hour, a quarter, five minutes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gridpact as gp
from gridpact.markets.cleared import Cleared
from gridpact.markets.pool import clear_pool
from gridpact.physics.heat.network import DEGREES
from tests.validation.finer_steps import finer, followed


@pytest.fixture(scope="module")
def case() -> gp.Case:
    return gp.read_case(gp.examples.path("barry-island") / "case")


@pytest.fixture(scope="module")
def hourly(case: gp.Case) -> Cleared:
    return clear_pool(case)


def test_cleared_in_quarters_of_an_hour_the_day_costs_the_same(case: gp.Case) -> None:
    runs: list[Any] = [gp.clear(each, price_probes=0) for each in (case, finer(case, 4))]
    assert [run.certificate.verdict for run in runs] == ["certified", "certified"]
    hour, quarter = (run.summary for run in runs)
    assert quarter["objective"] == pytest.approx(hour["objective"], rel=1e-3)
    assert quarter["heat_loss_mwh"] == pytest.approx(hour["heat_loss_mwh"], rel=0.015)
    assert quarter["heat_price_mean_per_mwh"] == pytest.approx(hour["heat_price_mean_per_mwh"], rel=0.015)


def test_followed_in_steps_of_an_hour_the_dispatch_has_its_own_temperatures(hourly: Cleared) -> None:
    found, supply = followed(hourly, 1), DEGREES * hourly.values()["supply_temperature"]
    np.testing.assert_allclose(found.supply[:, :, 0], supply, atol=1e-6)
    np.testing.assert_allclose(found.more, 0.0, atol=1e-8)


def test_followed_in_quarters_the_day_needs_the_same_heat_and_hours_differ_by_degrees(hourly: Cleared) -> None:
    """Within an hour steps of the supply temperature arrive as steps; the hourly model spreads them over the hour."""
    found, supply = followed(hourly, 4), DEGREES * hourly.values()["supply_temperature"]
    apart = found.supply.mean(axis=2) - supply
    assert np.sqrt((apart**2).mean()) == pytest.approx(1.6, abs=0.2)
    assert np.abs(apart).max() == pytest.approx(6.2, abs=0.6)
    assert abs(found.more.sum()) / 4.0 < 1e-6
    assert np.abs(found.more.reshape(-1, 4).mean(axis=1)).max() < 0.06


@pytest.mark.campaign
def test_five_minutes_are_as_good_as_two(hourly: Cleared) -> None:
    five, two = (followed(hourly, parts).supply.mean(axis=2) for parts in (12, 30))
    assert np.abs(five - two).max() < 0.5
