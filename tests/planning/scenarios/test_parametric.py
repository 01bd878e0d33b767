"""Scenarios from distributions: expected values by integration, correlations, probabilities; what is refused."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import beta, norm, weibull_min

from gridpact.errors import InputError
from gridpact.planning.scenarios.distributions import Demand, Sun, Wind
from gridpact.planning.scenarios.parametric import grid_scenarios, sample_scenarios

MODELS = {"wind": Wind(2.0, 8.0), "sun": Sun(2.0, 3.0), "load": Demand(0.6, 0.1)}


def expected_wind() -> float:
    """Expected power of the cubic curve under Weibull(2, 8), by numerical integration over the speed."""
    density = weibull_min(2.0, scale=8.0)
    rising, _ = quad(lambda v: (v**3 - 27.0) / (12.0**3 - 27.0) * density.pdf(v), 3.0, 12.0)
    return float(rising + density.cdf(25.0) - density.cdf(12.0))


def test_quantiles_are_those_of_the_distributions() -> None:
    u = np.array([0.01, 0.3, 0.5, 0.9, 0.999])
    assert Sun(2.0, 3.0, 0.5).power(u) == pytest.approx(0.5 * beta(2.0, 3.0).ppf(u), rel=1e-9)
    assert Demand(0.6, 0.1).power(u) == pytest.approx(norm(0.6, 0.1).ppf(u), rel=1e-9)
    speed = weibull_min(2.0, scale=8.0).ppf(u)
    cubic = np.clip((speed**3 - 27.0) / (12.0**3 - 27.0), 0.0, 1.0)
    assert Wind(2.0, 8.0).power(u) == pytest.approx(cubic, rel=1e-9)


def test_power_curve_by_hand() -> None:
    """With shape 1, speed = -scale ln(1 - u): 2, 3, 12, 24.9 and 25 m/s."""
    speed = np.array([2.0, 3.0, 12.0, 24.9, 25.1])
    quantile = -np.expm1(-speed / 8.0)
    assert Wind(1.0, 8.0).power(quantile) == pytest.approx([0.0, 0.0, 1.0, 1.0, 0.0], abs=1e-12)


def test_load_is_never_negative() -> None:
    assert Demand(0.1, 1.0).power(np.array([0.01, 0.9])).tolist() == [0.0, pytest.approx(0.1 + norm.ppf(0.9))]


def test_expected_values_of_the_grid() -> None:
    """Beta(2, 3) has the mean 2/5, the load 0.6; 8^3 scenarios of equal probability."""
    grid = grid_scenarios(MODELS, 8, hours=1)
    assert grid.values.shape == (512, 3, 1) and grid.probability.sum() == pytest.approx(1.0, rel=1e-14)
    assert grid.mean.ravel() == pytest.approx([expected_wind(), 0.4, 0.6], abs=3e-4)
    assert len(np.unique(grid.values[:, 0])) <= 8 and len(np.unique(grid.values.reshape(512, 3), axis=0)) >= 448


def test_expected_values_of_samples() -> None:
    """20,000 samples: within five standard errors."""
    samples = sample_scenarios(MODELS, 20_000, seed=1, hours=1)
    error = samples.values.std(axis=0).ravel() / np.sqrt(20_000)
    assert (np.abs(samples.mean.ravel() - [expected_wind(), 0.4, 0.6]) < 5.0 * error).all()
    assert samples.probability.sum() == pytest.approx(1.0, rel=1e-12)


def test_samples_follow_the_seed_and_the_correlations() -> None:
    """Loads are linear in z, so that their correlations are those given: 0.5 between series, 0.8^h over h hours."""
    models = {"a": Demand(5.0, 0.1), "b": Demand(5.0, 0.1)}
    matrix = [[1.0, 0.5], [0.5, 1.0]]
    one, two = (sample_scenarios(models, 20_000, seed=3, persistence=0.8, correlation=matrix) for _ in range(2))
    assert np.array_equal(one.values, two.values)
    a, b = one.values[:, 0], one.values[:, 1]
    for hour in (0, 23):
        assert np.corrcoef(a[:, hour], b[:, hour])[0, 1] == pytest.approx(0.5, abs=0.03)
        assert a[:, hour].std() == pytest.approx(0.1, rel=0.03)
    assert np.corrcoef(a[:, 10], a[:, 13])[0, 1] == pytest.approx(0.8**3, abs=0.03)


def test_hours_of_their_own() -> None:
    sun = Sun(2.0, 3.0, np.sin(np.pi * np.arange(24) / 23.0).round(12))
    for scenarios in (sample_scenarios({"sun": sun}, 50, seed=0), grid_scenarios({"sun": sun}, 5)):
        assert scenarios.values.shape[1:] == (1, 24)
        assert (scenarios.values[:, 0, [0, 23]] == 0.0).all() and (scenarios.values[:, 0, 12] > 0.0).all()


BAD = [
    ({"models": {}}, "no models"),
    ({"models": {"w": Wind(0.0, 8.0)}}, "not possible"),
    ({"models": {"w": Wind(2.0, np.nan)}}, "not possible"),
    ({"models": {"w": Wind(2.0, 8.0, 12.0, 3.0)}}, "not possible"),
    ({"models": {"s": Sun(2.0, -1.0)}}, "not possible"),
    ({"models": {"s": Sun(2.0, 1.0, -0.1)}}, "not possible"),
    ({"models": {"l": Demand(0.5, -0.1)}}, "not possible"),
    ({"models": {"l": Demand(np.ones(23), 0.1)}}, "another length"),
    ({"count": 0}, "number of them"),
    ({"hours": 2.5}, "number of them"),
    ({"persistence": 1.0}, "persistence"),
    ({"correlation": np.eye(2)}, "no correlation"),
    ({"correlation": 2.0 * np.eye(3)}, "no correlation"),
    ({"correlation": [[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]]}, "no correlation"),
    ({"correlation": [[1, 0.2, 0], [0, 1, 0], [0, 0, 1]]}, "no correlation"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_bad_parameters_are_refused(change: dict, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        sample_scenarios(**{"models": MODELS, "count": 5, "seed": 0, **change})
    assert all(issue.fix for issue in caught.value.issues)
