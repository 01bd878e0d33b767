"""Units that make heat: electric boilers, heat pumps, boilers with fuel.

u   1 while the unit runs (see ``unit``)

    u min <= h <= u max,   power taken = h / yield,   cost  (own cost + fuel price / yield) h + start cost

The yield is the efficiency, or the coefficient of performance  min(highest, share (sink + 273.15) / (sink - source)).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.physics.devices.device import Device, total, zeros
from gridpact.physics.devices.unit import Held, between, running
from gridpact.programs.affine import Affine, Variable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
ZERO_CELSIUS = 273.15


def performance(case: Case) -> Floats:
    """Coefficient of performance of every heat pump, (heat_pumps, steps)."""
    source, sink = case.series("heat_pumps", "source_degc"), case.series("heat_pumps", "sink_degc")
    network = case.positions("heat_nodes", "heat_network")[case.positions("heat_pumps", "node")]
    source = np.where(np.isnan(source), case.series("heat_networks", "ambient_degc")[network], source)
    ideal = (sink + ZERO_CELSIUS) / (sink - source)
    highest, share = (case.column("heat_pumps", name)[:, None] for name in ("max_cop", "carnot_share"))
    return np.minimum(highest, share * ideal)


def electric_boilers(case: Case, base: float, held: Held) -> Device:
    """They take active, and by ``q_mvar_per_mw`` reactive, power from their bus."""
    return _electric(case, base, "electric_boiler", _efficiency(case, "electric_boilers"), held)


def heat_pumps(case: Case, base: float, held: Held) -> Device:
    """They take active, and by ``q_mvar_per_mw`` reactive, power from their bus."""
    return _electric(case, base, "heat_pump", performance(case), held)


def gas_boilers(case: Case, base: float, held: Held) -> Device:
    """They have no bus."""
    nothing = zeros((0, case.steps))
    fuel = case.series("gas_boilers", "fuel_price_per_mwh") / _efficiency(case, "gas_boilers")
    return _unit(case, base, "gas_boiler", fuel, held, np.zeros(0, dtype=np.int64), lambda heat: (nothing, nothing))


def _efficiency(case: Case, table: str) -> Floats:
    return np.repeat(case.column(table, "efficiency")[:, None], case.steps, axis=1)


def _electric(case: Case, base: float, kind: str, gained: Floats, held: Held) -> Device:
    table, ratio = f"{kind}s", case.column(f"{kind}s", "q_mvar_per_mw")[:, None]

    def taken(heat: Variable) -> tuple[Affine, Affine]:
        return -(1.0 / gained) * heat, -(ratio / gained) * heat

    return _unit(case, base, kind, np.zeros_like(gained), held, case.positions(table, "bus"), taken)


def _unit(
    case: Case,
    base: float,
    kind: str,
    fuel: Floats,
    held: Held,
    buses: Ints,
    injected: Callable[[Variable], tuple[Affine, Affine]],
) -> Device:
    table = f"{kind}s"
    heat = Variable((case.count(table), case.steps))
    state = running(case, table, f"{kind}_on", held)
    p, q = injected(heat)
    start = np.repeat(case.column(table, "start_cost")[:, None] / case.hours, case.steps, axis=1)
    cost = base * total(case.series(table, "cost_per_mwh") + fuel, heat) + total(start, state.starts)
    return Device(
        kind,
        buses,
        {f"{kind}_heat": heat, **state.variables},
        between(case, base, table, "heat_mw", heat, state) | state.constraints,
        p=p,
        q=q,
        cost=cost,
        integers=state.integers,
        nodes=case.positions(table, "node"),
        heat=heat,
    )
