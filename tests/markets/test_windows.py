"""Windows: a long horizon cleared day by day is its days, each cleared as a market of its own."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

import gridpact as gp
from gridpact.certificates.judge import certify
from gridpact.errors import InputError
from tests.districts import bus, district, interface, line

STEPS = 71  # three days, the second of which has 23 hours


def _district(**header: object) -> gp.Case:
    """Storage, a ramped unit that may be off, shiftable demand and a controllable load over three days."""
    hour = np.arange(STEPS)
    price = 50.0 + 25.0 * np.sin(hour / 4.0) + 5.0 * (hour // 24)
    unit = {"min_p_mw": 0.2, "max_p_mw": 0.8, "min_q_mvar": -0.5, "max_q_mvar": 0.5, "cost_per_mwh": 52.0}
    unit |= {"committable": True, "min_up_h": 5, "min_down_h": 4, "start_cost": 8.0, "ramp_up_mw_per_h": 0.25}
    return district(
        profiles={"interfaces/grid/price_per_mwh": price.tolist()},
        start="2026-03-28T00:00:00+01:00",
        timezone="Europe/Berlin",
        steps=STEPS,
        buses=[bus("1"), bus("2")],
        lines=[line("1-2", "1", "2")],
        interfaces=[interface(sell_ratio=0.8)],
        loads=[{"load": "town", "bus": "2", "p_mw": 1.2, "q_mvar": 0.3}],
        generators=[{"generator": "unit", "bus": "2", **unit}],
        storages=[{"storage": "cell", "bus": "2", "energy_mwh": 2.0, "charge_mw": 0.6, "discharge_mw": 0.6,
                   "efficiency_charge": 0.95, "efficiency_discharge": 0.95, "initial_mwh": 0.7,
                   "wear_cost_per_mwh": 1.0}],
        shiftable=[{"load": "town", "min_p_mw": 0.0, "max_p_mw": 0.3, "energy_mwh": 1.5}],
        **header,
    )  # fmt: skip


@pytest.fixture(scope="module")
def by_day() -> gp.Run:
    return gp.clear(_district(window="day"), price_probes=2)


def test_days_are_local_days() -> None:
    """The clock goes forward on 29 March 2026 in Berlin: that day has 23 hours."""
    case = _district(window="day")
    assert np.flatnonzero(case.begins).tolist() == [0, 24, 47]
    assert np.flatnonzero(case.ends).tolist() == [23, 46, 70]
    assert np.flatnonzero(_district(window="week").begins).tolist() == [0, 47]  # Saturday, then Monday
    assert np.flatnonzero(_district().begins).tolist() == [0]


def test_days_side_by_side_cost_what_they_cost_alone(by_day: gp.Run) -> None:
    case = by_day.record.case
    first = [*np.flatnonzero(case.begins).tolist(), case.steps]
    alone = [gp.clear(case.steps_between(a, b), price_probes=0) for a, b in pairwise(first)]
    assert by_day.certificate.verdict == "certified", by_day.certificate.failures()
    assert by_day.summary["objective"] == pytest.approx(sum(run.summary["objective"] for run in alone), rel=2e-4)
    prices = pd.concat([run.table("electricity_prices") for run in alone], ignore_index=True)
    apart = (prices["price_per_mwh"] - by_day.table("electricity_prices")["price_per_mwh"]).abs()
    # Alike wherever both chose the same commitment; a mixed-integer optimum is only settled to its gap.
    assert (apart < 1e-3).mean() > 0.8


def test_the_whole_horizon_at_once_is_never_dearer(by_day: gp.Run) -> None:
    """Every plan of the days is one of the horizon, as the storage ends where it began."""
    whole = gp.clear(_district(), price_probes=0)
    assert whole.summary["objective"] <= by_day.summary["objective"] * (1 + 2e-4)


def test_storage_begins_every_day_anew(by_day: gp.Run) -> None:
    stored = by_day.table("storages")["energy_mwh"].to_numpy()
    assert (stored[by_day.record.case.ends] >= 0.7 - 1e-6).all()
    wash = by_day.table("demand")["shifted_mw"].to_numpy()
    days = np.cumsum(by_day.record.case.begins) - 1
    assert np.bincount(days, wash) == pytest.approx([1.5, 1.5, 1.5], abs=1e-6)


def test_a_plan_across_midnight_is_no_plan_of_days() -> None:
    """The judge of windows: the dispatch of the whole horizon, presented as one of days, fails."""
    whole = gp.clear(_district(), price_probes=0)
    assert whole.certificate.verdict == "certified"
    claimed = replace(whole.record, case=replace(whole.record.case, window="day"))
    failed = {check["name"] for check in certify(claimed)["checks"] if check["required"] and not check["passed"]}
    assert "storages" in failed


def test_an_unknown_window_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="window"):
        _district(window="fortnight")
    with pytest.raises(InputError, match="window"):
        gp.clear(_district().with_window("fortnight"))
