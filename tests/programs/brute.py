"""A feeder of two buses with PV at the end: small enough to try every dispatch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from tests.districts import bus, district, interface, line, load

Floats = NDArray[np.float64]


def sunny(price: float, cap: float = 1.03, pv: float = 4.0, curtailable: bool = True, **grid: float) -> Case:
    """PV behind 1 + 0.8j ohm at 10 kV, beside a load of 0.5 MW and 0.1 Mvar; the far voltage is capped."""
    return district(
        buses=[bus("1"), bus("2", 0.9, cap)],
        lines=[line("a", "1", "2", 1.0, 0.8)],
        interfaces=[interface(price, **grid)],
        loads=[load("2", 0.5, 0.1)],
        renewables=[{"renewable": "pv", "bus": "2", "kind": "pv", "p_mw": pv, "curtailable": curtailable}],
    )


def cheapest(case: Case) -> float:
    """The least cost of ``sunny``: every PV power of a fine grid, both solutions of its power flow, limits checked.

    With d + j q the demand of bus 2 less the PV, per unit:

        (d + r l)^2 + (q + x l)^2 = l,    v = 1 - 2 (r P + x Q) + |z|^2 l
    """
    r, x = 1.0 / 100.0, 0.8 / 100.0  # on 1 MVA and 10 kV
    price = float(case.column("interfaces", "price_per_mwh")[0])
    most_out, most_in = (
        np.nan_to_num(case.column("interfaces", name)[0], nan=np.inf) for name in ("max_export_mw", "max_import_mw")
    )
    available, free = float(case.column("renewables", "p_mw")[0]), case.flags("renewables", "curtailable")[0]
    d, q = 0.5 - np.linspace(0.0 if free else available, available, 2_000_001), 0.1
    a, half, c = r**2 + x**2, (r * d + x * q) - 0.5, d**2 + q**2
    root = np.sqrt(np.maximum(half**2 - a * c, 0.0))
    found = np.inf
    for l in ((-half - root) / a, (-half + root) / a):
        P, Q = d + r * l, q + x * l
        v = 1.0 - 2.0 * (r * P + x * Q) + a * l
        fits = (half**2 >= a * c) & (v >= 0.9**2) & (v <= case.column("buses", "vm_max_pu")[1] ** 2)
        fits &= (most_out >= -P) & (most_in >= P)
        found = min(found, float((price * P)[fits].min(initial=np.inf)))
    return found
