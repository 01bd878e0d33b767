"""The whole way from a year to a few weighted days."""

from dataclasses import FrozenInstanceError

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gridpact.errors import InputError
from gridpact.planning.scenarios.comparison import compare_clusterings, quality_by_k
from gridpact.planning.scenarios.days import Days
from gridpact.planning.scenarios.extremes import Extreme, standard_extremes
from gridpact.planning.scenarios.typical import TypicalDays, typical_days

EXTREMES = standard_extremes({"load_R1": 4.0}, {"wind_309_WIND_1": 1.5, "pv_all": 1.5})


@pytest.fixture(scope="module")
def eight(year: pd.DataFrame) -> TypicalDays:
    return typical_days(year, 8, extremes=EXTREMES)


def test_weights_count_the_days(eight: TypicalDays) -> None:
    assert eight.weights.sum() == 365.0
    assert np.array_equal(eight.weights, np.bincount(eight.labels))
    assert eight.weights[8:].tolist() == [1.0] * 4 and len(eight.weights) == 12


def test_energy_of_the_year_is_kept_in_every_series(eight: TypicalDays, year: pd.DataFrame) -> None:
    energy = np.einsum("k,ksh->s", eight.weights, eight.profiles)
    assert energy == pytest.approx(year.sum().to_numpy(), rel=1e-12)
    assert np.abs(eight.quality["energy_error_percent"]).max() < 1e-9


def test_profiles_stay_within_what_the_series_does(eight: TypicalDays, year: pd.DataFrame) -> None:
    assert (eight.profiles >= 0.0).all()
    assert (eight.profiles.max(axis=(0, 2)) <= year.max().to_numpy()).all()
    dark = year["pv_all"].to_numpy().reshape(365, 24).max(axis=0) == 0.0
    assert dark.sum() >= 6 and (eight.profiles[:, 2][:, dark] == 0.0).all()


def test_kept_days_are_what_they_were_and_on_no_other_day(eight: TypicalDays, year: pd.DataFrame) -> None:
    values = year.to_numpy().reshape(365, 24, 3).transpose(0, 2, 1)
    assert eight.kinds == ("typical",) * 8 + tuple(extreme.name for extreme in EXTREMES)
    assert np.array_equal(eight.profiles[8:], values[eight.source[8:]])
    assert [np.flatnonzero(eight.labels == r).tolist() for r in range(8, 12)] == [[day] for day in eight.source[8:]]
    assert eight.profiles[:, 0].max() == year["load_R1"].max()


def test_a_source_day_belongs_to_its_cluster(eight: TypicalDays) -> None:
    assert eight.labels[eight.source].tolist() == list(range(12))
    assert eight.dates == tuple(eight.days.dates[day] for day in eight.source)


def test_tables(eight: TypicalDays) -> None:
    table = eight.scenarios()
    assert list(table.columns) == ["scenario", "weight_days", "source_day", "kind"] and len(table) == 12
    assert table["weight_days"].sum() == 365.0 and table["source_day"][8] == eight.dates[8]
    profiles = eight.profile_table()
    assert list(profiles.columns) == ["scenario", "hour", *eight.names] and len(profiles) == 12 * 24
    assert profiles["load_R1"].to_numpy().reshape(12, 24).tolist() == eight.profiles[:, 0].tolist()
    assert len(eight.duration_curves()) == 3 * 8760
    assert len(eight.density_peaks().decision_graph()) == 365


def test_figures_of_the_clustering(eight: TypicalDays) -> None:
    clustered = eight.labels < 8
    points, labels = eight.points[clustered], eight.labels[clustered]
    inside = sum(((points[labels == a] - points[labels == a].mean(axis=0)) ** 2).sum() for a in range(8))
    assert eight.inertia == pytest.approx(inside, rel=1e-12)
    assert eight.explained == pytest.approx(1.0 - inside / ((points - points.mean(axis=0)) ** 2).sum(), rel=1e-12)
    assert 0.0 < eight.silhouette < 1.0


def test_means_have_no_source(year: pd.DataFrame) -> None:
    found = typical_days(year, 4, representation="centroid")
    assert found.source.tolist() == [-1] * 4 and found.dates == ("",) * 4
    assert found.weights @ found.profiles.sum(axis=2) == pytest.approx(year.sum().to_numpy(), rel=1e-12)


def test_means_flatten_the_wind(year: pd.DataFrame) -> None:
    """Why the default is a real day: the mean loses half of the swing of wind within a day, a real one a third."""
    swing = {
        how: float(np.ptp(found.profiles[:, 1], axis=1) @ found.weights)
        for how in ("centroid", "energy_medoid")
        for found in [typical_days(year, 8, representation=how)]
    }
    real = np.ptp(year["wind_309_WIND_1"].to_numpy().reshape(365, 24), axis=1).sum()
    assert swing["centroid"] < 0.55 * real < 0.65 * real < swing["energy_medoid"] < real


def test_an_average_year_from_several(leap_year: pd.DataFrame) -> None:
    found = typical_days(leap_year, 5, extremes=EXTREMES, total_days=365.0)
    assert found.weights.sum() == pytest.approx(365.0, rel=1e-14)
    assert found.weights[-1] == pytest.approx(365.0 / 366.0)
    assert found.weights @ found.profiles.sum(axis=2) == pytest.approx(
        leap_year.sum().to_numpy() * 365 / 366, rel=1e-12
    )


def test_equal_series_equal_days_and_units_do_not_matter(year: pd.DataFrame) -> None:
    """Load in units four times as small (a power of two: no rounding) changes its profile, not the days."""
    one, two = typical_days(year, 8), typical_days(year.copy(), 8)
    other = typical_days(year.assign(load_R1=4.0 * year["load_R1"]), 8)
    assert np.array_equal(one.labels, two.labels) and np.array_equal(one.profiles, two.profiles)
    assert np.array_equal(one.labels, other.labels)
    assert other.profiles[:, 0] == pytest.approx(4.0 * one.profiles[:, 0])


def test_what_has_all_importance_is_clustered_best(year: pd.DataFrame) -> None:
    alone = typical_days(year[["load_R1"]], 6)
    weighted = typical_days(year, 6, importance={"wind_309_WIND_1": 0.0, "pv_all": 0.0})
    assert np.array_equal(alone.labels, weighted.labels)


def test_negative_prices_keep_their_mean(year: pd.DataFrame) -> None:
    price = 80.0 * year["load_R1"] - 60.0 * year["wind_309_WIND_1"]
    found = typical_days({"price": price, "load": year["load_R1"]}, 6)
    assert price.min() < 0.0
    assert found.weights @ found.profiles[:, 0].sum(axis=1) == pytest.approx(price.sum(), rel=1e-10)
    assert price.min() <= found.profiles[:, 0].min() and found.profiles[:, 0].max() <= price.max()


@given(st.integers(0, 10_000), st.integers(1, 5), st.sampled_from(["energy_medoid", "medoid", "centroid"]))
def test_laws_for_any_days(seed: int, k: int, representation: str) -> None:
    random = np.random.default_rng(seed)
    values = random.uniform(0.0, 1.0, (12, 2, 24)) * random.uniform(0.0, 1.0, (12, 2, 1))
    days = Days(values, ("a", "b"), tuple("abcdefghijkl"))
    found = typical_days(days, k, representation=representation, extremes=[Extreme("most", {"a": 1.0})])
    assert found.weights.sum() == 12.0 and found.labels.max() == k and (found.weights > 0).all()
    assert (found.profiles >= 0.0).all()
    assert (found.profiles <= values.max(axis=(0, 2))[:, None] + 1e-12).all()
    if representation != "medoid":
        assert found.weights @ found.profiles.sum(axis=2) == pytest.approx(values.sum(axis=(0, 2)), rel=1e-9)


def test_more_days_show_more(year: pd.DataFrame) -> None:
    table = quality_by_k(year, [2, 4, 8, 16, 32], extremes=EXTREMES, columns=["load_R1", "wind_309_WIND_1", "pv_all"])
    by_k = table.drop_duplicates("k")
    assert table.shape[0] == 15 and by_k["representatives"].tolist() == [6, 8, 12, 20, 36]
    assert (np.diff(by_k["inertia"]) < 0).all() and (np.diff(by_k["explained"]) > 0).all()
    error = table.groupby("k")["duration_error_percent"].mean()
    assert error[32] < 0.5 * error[2]


def test_methods_side_by_side(points) -> None:
    table = compare_clusterings(points, [4, 8], runs=5).set_index(["k", "method"])["ratio"]
    assert (table[:, "k-means++"] == 1.0).all()
    assert (table[:, "density and swaps"] <= 1.005).all()
    assert table[8, "density peaks"] > 1.0


def test_frozen(eight: TypicalDays) -> None:
    with pytest.raises(FrozenInstanceError):
        eight.weights = np.ones(12)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"k": 0}, "number of clusters"),
        ({"k": 366}, "only 365 days differ"),
        ({"k": 365, "extremes": EXTREMES}, "only 361 days differ"),
        ({"total_days": 0.0}, "sum to this"),
        ({"total_days": np.nan}, "sum to this"),
        ({"total_days": "year"}, "sum to this"),
        ({"effort": -1}, "no effort"),
        ({"representation": "mode"}, "representation"),
        ({"normalise": "area"}, "normalisation"),
        ({"columns": ["heat"]}, "no series has this name"),
        ({"columns": []}, "there are no series"),
        ({"columns": "load_R1"}, "no list of series"),
        ({"columns": 5}, "no list of series"),
        ({"importance": ["load_R1"]}, "no importance"),
        ({"extremes": "load"}, "no extremes"),
        ({"total_days": True}, "sum to this"),
        ({"extremes": [Extreme("x", {"heat": 1.0})]}, "unknown series"),
        ({"importance": {"heat": 1.0}}, "no series has this name"),
    ],
)
def test_bad_arguments_are_refused(year: pd.DataFrame, settings: dict, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        typical_days(year, **{"k": 4, **settings})
    assert all(issue.fix for issue in caught.value.issues)


def test_everything_kept_leaves_nothing_to_cluster() -> None:
    days = Days(np.ones((1, 1, 24)), ("a",), ("1",))
    with pytest.raises(InputError, match="only 0 days differ"):
        typical_days(days, 1, extremes=[Extreme("x", {"a": 1.0})])


def test_numbers_of_any_kind_and_size() -> None:
    """Texts of numbers, numpy integers; a series of no size counts nothing, a trace of light cannot be stretched."""
    random = np.random.default_rng(0)
    light = np.tile(np.sin(np.linspace(0.0, np.pi, 24)).clip(1e-310), (6, 1)) * random.uniform(0.2, 1.0, (6, 1))
    series = {
        "light": light.ravel(),
        "dust": 1e-320 * random.uniform(size=144),
        "text": [str(h % 5) for h in range(144)],
    }
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        found = typical_days(series, np.int64(2), total_days=np.int64(365))  # type: ignore[arg-type]
    assert found.weights.sum() == pytest.approx(365.0)
    assert found.weights @ found.profiles[:, 0].sum(axis=1) == pytest.approx(light.sum() * 365.0 / 6.0, rel=1e-9)
