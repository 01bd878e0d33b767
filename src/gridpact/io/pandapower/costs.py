"""Costs of pandapower's elements, from its tables poly_cost and pwl_cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gridpact.errors import InputError, Issue
from gridpact.io.imports.columns import numbers, texts, whole
from gridpact.io.imports.costs import Cost, pieces, polynomial
from gridpact.io.imports.findings import Findings, listed
from gridpact.io.pandapower.net import Net

Costs = dict[tuple[str, int], Cost]
Named = tuple[str, int, Cost]

WITH_COST = ("ext_grid", "gen", "sgen", "load")


def read_costs(net: Net, found: Findings) -> Costs:
    """Cost of each element that has one, by table and index; for loads, of the power they take.

    Raises InputError for two costs of one element and for costs that are not convex.
    """
    costs: Costs = {}
    for kind, element, cost in [*_polynomials(net, found), *_pieces(net, found)]:
        name = f"{kind} {element}"
        if (kind, element) in costs:
            raise InputError([Issue(f"{name} has two costs", "Delete one in poly_cost or pwl_cost.", net.file)])
        if kind not in WITH_COST:
            found.refuse(f"cost of {name} is not supported", "Skipped, it costs nothing.", net.file)
        elif kind != "load" and not cost.convex():
            fix = "A market needs marginal costs that do not fall; replace the cost by a convex one."
            raise InputError([Issue(f"cost of {name} is not convex", fix, net.file)])
        costs[kind, element] = cost
    return costs


def cost_of(costs: Costs, kind: str, element: int) -> Cost:
    """The cost of an element, nothing where it has none."""
    return costs.get((kind, element), polynomial(0.0, 0.0, 0.0))


def _polynomials(net: Net, found: Findings) -> Iterator[Named]:
    frame = net["poly_cost"]
    kinds, elements = texts(frame, "et"), whole(frame, "element").tolist()
    reactive = (numbers(frame, "cq1_eur_per_mvar", 0.0) != 0.0) | (numbers(frame, "cq2_eur_per_mvar2", 0.0) != 0.0)
    names = [f"{kind} {element}" for kind, element in zip(kinds, elements, strict=True)]
    _refuse_reactive(net, [name for name, is_reactive in zip(names, reactive, strict=True) if is_reactive], found)
    columns = [numbers(frame, name, 0.0).tolist() for name in ("cp0_eur", "cp1_eur_per_mw", "cp2_eur_per_mw2")]
    for kind, element, constant, linear, quadratic in zip(kinds, elements, *columns, strict=True):
        yield kind, element, polynomial(constant, linear, quadratic)


def _pieces(net: Net, found: Findings) -> Iterator[Named]:
    frame = net["pwl_cost"]
    powers = texts(frame, "power_type")
    rows = list(zip(texts(frame, "et"), whole(frame, "element").tolist(), frame["points"], powers, strict=True))
    _refuse_reactive(net, [f"{kind} {element}" for kind, element, _, power in rows if power == "q"], found)
    for kind, element, points, power in rows:
        if power != "q":
            yield kind, element, _straight(net.file, f"{kind} {element}", points)


def _refuse_reactive(net: Net, names: list[str], found: Findings) -> None:
    if names:
        fix = "Skipped, reactive power costs nothing."
        found.refuse("costs of reactive power are not supported", fix, net.file, value=listed(names))


def _straight(file: str, name: str, points: Any) -> Cost:
    """Straight pieces from areas [from, to, slope], of which the first runs through the origin."""
    try:
        areas = np.array(points, dtype=np.float64).reshape(-1, 3)
    except (ValueError, TypeError):
        areas = np.zeros((0, 3))
    low, high, slope = areas.T
    if not len(areas) or not np.isfinite(slope).all() or not (low < high).all() or (low[1:] != high[:-1]).any():
        fix = "Give consecutive areas [from, to, slope]."
        raise InputError([Issue(f"points of the cost of {name} are no areas", fix, file, value=str(points)[:80])])
    return pieces(0.0, low[1:], slope)
