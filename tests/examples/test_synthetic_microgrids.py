"""Synthetic microgrids: what their documentation promises, from one to three hundred of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import gridpact as gp
from gridpact.case.case import Case
from gridpact.case.network import island_labels
from gridpact.case.owners import microgrid_parts, owner_of
from gridpact.errors import InputError

DEVICES = ("generators", "renewables", "storages", "loads")


@pytest.mark.parametrize("count", [1, 3, 32, 33, 100])
def test_valid_radial_and_reproducible(count: int) -> None:
    case = gp.synthetic_microgrids(count, seed=5)
    assert gp.validate(case) == []
    assert case.count("microgrids") == count
    assert case.count("buses") == 33 + max(count - 32, 0) == case.count("lines") + 1
    assert (island_labels(case) == 0).all()
    again = gp.synthetic_microgrids(count, seed=5)
    for name, table in case.tables.items():
        pd.testing.assert_frame_equal(table, again.tables[name])
    pd.testing.assert_frame_equal(case.profiles, again.profiles)


@pytest.mark.parametrize("count", [3, 30, 100])
def test_all_of_them_together_are_as_large_whatever_their_number(count: int) -> None:
    """Highest loads of 3 MW; every microgrid has one device of each kind, at a bus of its own, in proportion."""
    case = gp.synthetic_microgrids(count, seed=2)
    highest = case.series("loads", "p_mw").max(axis=1)
    assert highest.sum() == pytest.approx(3.0, abs=1e-5 * count)
    np.testing.assert_allclose(highest, case.column("loads", "p_mw"), rtol=1e-12)
    assert case.tables["microgrids"]["bus"].is_unique
    for name in DEVICES:
        owner = owner_of(case, name)
        assert owner[owner >= 0].tolist() == list(range(count))
    own = highest[owner_of(case, "loads") >= 0]
    assert (case.column("generators", "max_p_mw") > own).all()
    assert (case.series("loads", "q_mvar")[owner_of(case, "loads") >= 0] == 0.0).all()


def test_seeds_and_days() -> None:
    """Another seed has other devices; another day has the same under another load, weather and price."""
    case, other = gp.synthetic_microgrids(10, seed=1), gp.synthetic_microgrids(10, seed=2)
    assert not case.tables["generators"].equals(other.tables["generators"])
    day = gp.synthetic_microgrids(10, seed=1, day=1)
    for name, table in case.tables.items():
        pd.testing.assert_frame_equal(table, day.tables[name])
    assert day.start - case.start == pd.Timedelta(days=1)
    assert list(day.profiles.columns) == list(case.profiles.columns)
    assert (np.abs(day.profiles.to_numpy() - case.profiles.to_numpy()).max(axis=0) > 0.0).all()


def test_steps_of_a_quarter_of_an_hour() -> None:
    case = gp.synthetic_microgrids(3, steps=96, step_minutes=15.0)
    assert gp.validate(case) == [] and case.steps * case.hours == 24.0


def test_there_is_no_sun_at_night() -> None:
    """Also where the day ends before dawn."""
    case = gp.synthetic_microgrids(6, steps=4)
    pv = (case.tables["renewables"]["kind"] == "pv").to_numpy()
    assert pv.any() and (case.series("renewables", "p_mw")[pv] == 0.0).all()


def test_no_two_prices_are_alike() -> None:
    price = gp.synthetic_microgrids(3, seed=4).series("interfaces", "price_per_mwh")[0]
    assert np.diff(np.sort(price)).min() > 1e-3


def test_without_a_deal_islands_or_tariffs() -> None:
    islands, posted = gp.synthetic_microgrids(4), gp.synthetic_microgrids(4, tariff=True)
    assert set(islands.tables["microgrids"]["disagreement"]) == {"islanded"}
    assert set(posted.tables["microgrids"]["disagreement"]) == {"tariff"}
    assert gp.validate(posted) == []


@pytest.mark.parametrize("count", [0, 2001])
def test_sizes_out_of_range_are_refused(count: int) -> None:
    with pytest.raises(InputError, match="1 to 2000"):
        gp.synthetic_microgrids(count)


def test_an_island_clears() -> None:
    """Every microgrid can carry its load alone."""
    case = gp.synthetic_microgrids(3, seed=1)
    for part in microgrid_parts(case):
        alone = part.with_table("microgrids", part.tables["microgrids"].iloc[:0])
        assert gp.clear(alone, price_probes=0).summary["verdict"] == "certified"


def exchange(case: Case, run: gp.Run) -> np.typing.NDArray[np.float64]:
    """Net injection of every microgrid in MW; shape (microgrids, steps)."""
    owner = {key: one for name in DEVICES for key, one in zip(case.ids(name), owner_of(case, name), strict=True)}
    dispatch = run.table("dispatch")
    owners = dispatch["device"].map(owner).fillna(-1)
    own = dispatch[owners >= 0].groupby(["snapshot", owners[owners >= 0]])["p_mw"].sum().unstack()
    return np.asarray(own.to_numpy(dtype=np.float64).T)


def judge(count: int, seed: int) -> None:
    """Certified, with tight cones, one way in every battery, no limit of a network or an exchange that binds, trade."""
    case = gp.synthetic_microgrids(count, seed)
    run = gp.clear(case, price_probes=0)
    assert run.summary["verdict"] == "certified"
    assert run.table("exactness").empty
    storages = run.table("storages")
    assert (storages["charge_mw"] * storages["discharge_mw"]).max() < 1e-9
    limits = set(run.table("limits")["constraint"])
    assert not {"buses/vm_min_pu", "buses/vm_max_pu", "lines/max_i_ka"} & limits
    e = exchange(case, run)
    assert (e < case.column("microgrids", "max_sell_mw")[:, None] + 1e-9).all()
    assert (-e < case.column("microgrids", "max_buy_mw")[:, None] + 1e-9).all()
    between = np.minimum(np.maximum(e, 0.0).sum(axis=0), np.maximum(-e, 0.0).sum(axis=0))
    assert between.sum() * case.hours > 0.4


@pytest.mark.parametrize("count", [3, 10, 30])
def test_cleared_together(count: int) -> None:
    judge(count, 0)


@pytest.mark.campaign
@pytest.mark.parametrize(("count", "seed"), [(n, seed) for n in (3, 10, 30) for seed in (1, 2, 3, 4)] + [(100, 0)])
def test_cleared_together_at_length(count: int, seed: int) -> None:
    judge(count, seed)
