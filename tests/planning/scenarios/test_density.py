"""Density peaks against their definition, point by point."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from gridpact.planning.scenarios import distances
from gridpact.planning.scenarios.density import cut_off, density_peaks


def by_definition(points, weights, radius):
    apart = cdist(points, points)
    rho = (weights * np.exp(-((apart / radius) ** 2))).sum(axis=1)
    delta, denser = np.empty(len(points)), np.empty(len(points), dtype=int)
    for i in range(len(points)):
        above = [j for j in range(len(points)) if rho[j] > rho[i]]
        denser[i] = min(above, key=lambda j: apart[i, j]) if above else i
        delta[i] = apart[i, denser[i]] if above else apart[i].max()
    return rho, delta, denser


@pytest.mark.parametrize("block", [distances.BLOCK, 170])
def test_every_point_by_definition(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole, and in blocks of two rows."""
    monkeypatch.setattr(distances, "BLOCK", block)
    random = np.random.default_rng(3)
    points, weights = random.normal(size=(80, 5)), random.uniform(0.5, 2.0, 80)
    found = density_peaks(points, weights, share=0.1)
    rho, delta, denser = by_definition(points, weights, found.radius)
    assert np.allclose(found.rho, rho, rtol=1e-10)
    assert np.allclose(found.delta, delta, rtol=1e-7)
    assert np.array_equal(found.denser, denser)


def test_cut_off_is_a_quantile_of_the_distances() -> None:
    """Points 0, 1, 3 on a line: distances 1, 2, 3."""
    points = np.array([[0.0], [1.0], [3.0]])
    assert [cut_off(points, share) for share in (0.0, 0.5, 1.0)] == pytest.approx([1.0, np.sqrt(4.0), 3.0])


def test_two_heaps_have_two_peaks() -> None:
    """Two heaps far apart: their middles have by far the largest rho times delta, and the graph says so first."""
    random = np.random.default_rng(1)
    heap = random.normal(scale=0.3, size=(50, 2))
    points = np.vstack([heap, heap + 10.0])
    found = density_peaks(points)
    graph = found.decision_graph()
    assert list(graph.columns) == ["point", "rho", "delta", "gamma"] and len(graph) == 100
    assert sorted(graph["point"][:2] // 50) == [0, 1]
    assert graph["gamma"][1] > 5.0 * graph["gamma"][2]
    assert found.peaks(2).tolist() == graph["point"][:2].tolist()


def test_equal_points_have_a_ranking() -> None:
    found = density_peaks(np.zeros((5, 3)))
    assert found.radius == 1.0 and found.rho.tolist() == [5.0] * 5 and found.delta.tolist() == [0.0] * 5
    assert found.denser[0] == 0 and (found.denser[1:] < np.arange(1, 5)).all()


def test_real_years_have_no_elbow(points) -> None:
    """Why the graph cannot choose k: after the first few, one gamma is hardly smaller than the one before."""
    gamma = density_peaks(points).decision_graph()["gamma"].to_numpy()
    assert (gamma[4:30] / gamma[3:29]).min() > 0.8
