"""Combined heat and power: power and heat within a convex polygon, or at a fixed ratio.

u       1 while the plant runs (see ``unit``)           n   unit normal of an edge, in the plane of (p, h)

    n . (p, h) <= b u                                   for every edge of the polygon
    n . (p, h)  = b u,  least <= along <= most          where it is a line
    cost   fuel price (f0 u + fp p + fh h) + c0 u + c1 p + c2 p^2 + b1 h + b2 h^2 + x p h + start cost

A product of power and heat in the cost becomes squares:  c2 (p + x/(2 c2) h)^2 + (b2 - x^2/(4 c2)) h^2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.physics.devices.device import Device, total
from gridpact.physics.devices.polygon import Edges, operating_edges
from gridpact.physics.devices.unit import Held, Running, between, running
from gridpact.programs.affine import Affine, Variable
from gridpact.programs.program import Named, at_most, equal

Floats = NDArray[np.float64]


def chps(case: Case, base: float, held: Held) -> Device:
    shape = (case.count("chps"), case.steps)
    p, q, heat = Variable(shape), Variable(shape), Variable(shape)
    state = running(case, "chps", "chp_on", held)
    squares, mix, law = _squares(case, base, p, heat)
    constraints = _range(case, base, p, heat, state.on) | between(case, base, "chps", "q_mvar", q, state)
    return Device(
        "chp",
        case.positions("chps", "bus"),
        {"chp_p": p, "chp_q": q, "chp_heat": heat, **mix, **state.variables},
        constraints | law | state.constraints,
        p=p,
        q=q,
        cost=_cost(case, base, p, heat, state),
        squares=squares,
        integers=state.integers,
        nodes=case.positions("chps", "node"),
        heat=heat,
    )


def _range(case: Case, base: float, p: Variable, heat: Variable, on: Affine) -> Named:
    named: Named = {}
    edges = operating_edges(case)
    for name, which in (("edge", edges.is_limit), ("ratio", ~edges.is_limit)):
        if which.any():
            reach = _reach(edges, which, p, heat) - edges.bound[which, None] / base * on[edges.owner[which]]
            named[f"chps/{name}"] = at_most(reach) if name == "edge" else equal(reach)
    return named


def _reach(edges: Edges, which: NDArray[np.bool_], p: Variable, heat: Variable) -> Affine:
    owner = edges.owner[which]
    return edges.power[which, None] * p[owner] + edges.heat[which, None] * heat[owner]


def _cost(case: Case, base: float, p: Variable, heat: Variable, state: Running) -> Affine:
    fuel = case.series("chps", "fuel_price_per_mwh")
    of_power = case.series("chps", "cost_per_mwh") + fuel * case.column("chps", "fuel_per_p")[:, None]
    of_heat = case.series("chps", "heat_cost_per_mwh") + fuel * case.column("chps", "fuel_per_heat")[:, None]
    running_cost = case.series("chps", "cost_per_h") + fuel * case.column("chps", "fuel_mw")[:, None]
    start = np.repeat(case.column("chps", "start_cost")[:, None] / case.hours, case.steps, axis=1)
    cost = base * (total(of_power, p) + total(of_heat, heat))
    return cost + total(running_cost, state.on) + total(start, state.starts)


def _squares(
    case: Case, base: float, p: Variable, heat: Variable
) -> tuple[dict[str, Floats], dict[str, Variable], Named]:
    """Quadratic costs by variable; with a product of power and heat, a variable more for what is squared."""
    of_power, of_heat, cross = (
        np.repeat(case.column("chps", name)[:, None], case.steps, axis=1)
        for name in ("cost_per_mw2h", "heat_cost_per_mw2h", "cross_cost_per_mw2h")
    )
    if not cross.any():
        return {"chp_p": base**2 * of_power, "chp_heat": base**2 * of_heat}, {}, {}
    lean = np.divide(cross, 2.0 * of_power, out=np.zeros_like(cross), where=of_power > 0.0)
    mix = Variable(p.shape)
    squares = {"chp_mix": base**2 * of_power, "chp_heat": base**2 * (of_heat - lean**2 * of_power)}
    return squares, {"chp_mix": mix}, {"chps/mix": equal(mix - p - lean * heat)}
