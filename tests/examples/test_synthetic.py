"""Synthetic feeders: what their documentation promises, at several sizes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import gridpact as gp
from gridpact.examples.synthetic import CABLES, LOWEST, TAN_PHI


@pytest.mark.parametrize("buses", [2, 3, 37, 250])
def test_valid_radial_and_reproducible(buses: int) -> None:
    case = gp.synthetic_feeder(buses, seed=5)
    assert gp.validate(case) == []
    assert case.count("lines") == buses - 1
    again = gp.synthetic_feeder(buses, seed=5)
    for name, table in case.tables.items():
        pd.testing.assert_frame_equal(table, again.tables[name])
    pd.testing.assert_frame_equal(case.profiles, again.profiles)


def test_another_seed_is_another_feeder() -> None:
    lengths = [gp.synthetic_feeder(50, seed).tables["lines"]["length_km"].sum() for seed in (0, 1)]
    assert lengths[0] != lengths[1]


def test_peak_voltage_of_the_linear_power_flow() -> None:
    """At its peak loads, without PV and batteries, the lowest linearised voltage is 0.96 p.u. within rounding."""
    case = gp.synthetic_feeder(200, seed=3, steps=1)
    none = case.tables["renewables"].iloc[:0]
    peak = {f"loads/{name}/p_mw": [p] for name, p in zip(case.ids("loads"), case.column("loads", "p_mw"), strict=True)}
    peak |= {name.replace("/p_mw", "/q_mvar"): [TAN_PHI * p[0]] for name, p in peak.items()}
    loaded = case.with_table("renewables", none).with_table("storages", case.tables["storages"].iloc[:0])
    without_pv = [name for name in case.profiles.columns if not name.startswith("renewables")]
    loaded = gp.Case(**{**_fields(loaded), "profiles": case.profiles[without_pv]}).with_profiles(peak)
    # Charging raises the voltage a little: the sizing leaves it out.
    loaded = loaded.with_table("lines", loaded.tables["lines"].assign(c_nf_per_km=0.0))
    run = gp.clear(loaded, formulation="lindistflow", price_probes=0)
    assert run.summary["lowest_vm_pu"] == pytest.approx(LOWEST, abs=2e-4)
    assert run.summary["highest_loading_percent"] <= 100.0


def _fields(case: gp.Case) -> dict[str, object]:
    names = ("name", "currency", "timezone", "start", "step_minutes", "steps", "tables", "frequency_hz")
    return {name: getattr(case, name) for name in names}


def test_cables_are_common_ones() -> None:
    lines = gp.synthetic_feeder(300, seed=2).tables["lines"]
    assert set(lines["r_ohm_per_km"]) <= set(CABLES[:, 0])
    assert 0.05 < lines["length_km"].mean() < 0.5
    assert np.isclose(lines["x_ohm_per_km"], 0.1, atol=0.05).all()


def test_a_day_is_certified() -> None:
    run = gp.clear(gp.synthetic_feeder(120, seed=7), price_probes=2)
    assert run.certificate.verdict == "certified"


@pytest.mark.parametrize("buses", [1, -3, 10**6])
def test_size_out_of_range(buses: int) -> None:
    with pytest.raises(gp.InputError, match="buses"):
        gp.synthetic_feeder(buses)


@pytest.mark.campaign
def test_ten_thousand_buses_are_certified() -> None:
    run = gp.clear(gp.synthetic_feeder(10_000, steps=1), price_probes=1)
    assert run.certificate.verdict == "certified"
