"""The best spanning tree equals a look at all of them; what opening an edge adds equals solving again without it."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from gridpact.programs.spanning_tree import Cost, Graph, best_tree

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]


def random_graph(seed: int, nodes: int = 6, more: int = 4) -> Graph:
    """A random tree with some edges more; every node draws something."""
    rng = np.random.default_rng(seed)
    tree = [(int(rng.integers(0, node)), node) for node in range(1, nodes)]
    others = [pair for pair in combinations(range(nodes), 2) if pair not in tree]
    edges = tree + [others[k] for k in rng.choice(len(others), more, replace=False)]
    first, last = np.array(edges).T
    return Graph(nodes, first, last, rng.uniform(0.5, 2.0, len(edges)), rng.uniform(0.1, 1.0, (nodes, 3)))


def all_trees(graph: Graph) -> Mask:
    """Every set of edges that reaches all nodes without a cycle: its incidence has a determinant of 1 or -1."""
    B, edges = graph.incidence(), range(graph.r.size)
    sets = [list(chosen) for chosen in combinations(edges, graph.nodes - 1)]
    trees = [chosen for chosen in sets if abs(np.linalg.det(B[:, chosen])) > 0.5]
    return np.array([np.isin(edges, chosen) for chosen in trees])


def heat(graph: Graph, trees: Mask) -> Floats:
    """Sum of r |i|^2 of trees, from their own incidence."""
    B = graph.incidence()
    found = []
    for tree in trees:
        current = np.linalg.solve(B[:, tree], graph.injections[1:])
        found.append(float((graph.r[tree, None] * current**2).sum()))
    return np.array(found)


def dearer(graph: Graph, seed: int) -> Cost:
    """A cost of at least the heat: up to a half more, by a hash of the tree."""
    share = np.random.default_rng(seed).uniform(0.0, 0.1, graph.r.size)
    return lambda trees: heat(graph, trees) * (1.0 + trees @ share)


@pytest.mark.parametrize("seed", range(10))
def test_equals_all_trees(seed: int) -> None:
    graph = random_graph(seed)
    trees = all_trees(graph)
    for cost in (lambda masks: heat(graph, masks), dearer(graph, seed)):
        found = best_tree(graph, cost)
        assert found.cost == pytest.approx(float(cost(trees).min()), rel=1e-12)
        assert found.bound == found.cost
        assert float(cost(found.edges[None, :])[0]) == found.cost


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(10, 210))
def test_equals_all_trees_of_many_graphs(seed: int) -> None:
    graph = random_graph(seed, nodes=5 + seed % 4, more=2 + seed % 5)
    cost = dearer(graph, seed)
    assert best_tree(graph, cost).cost == pytest.approx(float(cost(all_trees(graph)).min()), rel=1e-12)


def test_trees_that_are_not_allowed_are_left_out() -> None:
    graph = random_graph(3)
    trees = all_trees(graph)
    costs = heat(graph, trees)
    best = trees[int(costs.argmin())]

    def cost(masks: Mask) -> Floats:
        return np.where((masks == best).all(axis=1), np.inf, heat(graph, masks))

    found = best_tree(graph, cost)
    assert found.cost == pytest.approx(np.partition(costs, 1)[1], rel=1e-12)
    nothing = best_tree(graph, lambda masks: np.full(len(masks), np.inf))
    assert nothing.cost == nothing.bound == np.inf
    assert not nothing.edges.any()


def test_held_edges_stay() -> None:
    graph = random_graph(5)
    trees = all_trees(graph)
    costs = heat(graph, trees)
    left_out = int(np.flatnonzero(~trees[int(costs.argmin())])[0])
    held = np.arange(graph.r.size) == left_out
    found = best_tree(graph, lambda masks: heat(graph, masks), held)
    assert found.edges[left_out]
    assert found.cost == pytest.approx(float(costs[trees[:, left_out]].min()), rel=1e-12)


def test_a_cycle_of_held_edges_leaves_no_tree() -> None:
    triangle = Graph(3, np.array([0, 1, 0]), np.array([1, 2, 2]), np.ones(3), np.ones((3, 1)))
    found = best_tree(triangle, lambda masks: heat(triangle, masks), np.ones(3, dtype=np.bool_))
    assert found.cost == np.inf


def test_no_time_leaves_a_true_bound() -> None:
    graph = random_graph(7, nodes=8, more=6)
    found = best_tree(graph, dearer(graph, 7), time_limit=0.0)
    least = float(dearer(graph, 7)(all_trees(graph)).min())
    assert found.bound <= least <= found.cost


def test_parallel_edges_and_loops_at_a_node() -> None:
    """Of two parallel edges the better one stays, a loop is never needed: 1 drawn through a resistance of 2."""
    graph = Graph(2, np.array([0, 0, 1]), np.array([1, 1, 1]), np.array([3.0, 2.0, 1.0]), np.ones((2, 1)))
    found = best_tree(graph, lambda masks: heat(graph, masks))
    assert found.edges.tolist() == [False, True, False]
    assert found.cost == pytest.approx(2.0)
