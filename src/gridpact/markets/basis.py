"""What the prices of a cleared market rest on, for its summary."""

from __future__ import annotations

from typing import Any

from gridpact.markets.cleared import Cleared
from gridpact.markets.exactness import purchases
from gridpact.physics.devices.modes import MODES


def price_basis(cleared: Cleared) -> dict[str, Any]:
    """``price_basis`` in words; with integers their proven bound; after a repair what it changed and how good it is.

    ``relaxed_objective`` is what the relaxation claimed; where it was asked for, ``objective_lower_bound`` is what is
    proven, and ``optimality_gap`` the distance to it over the larger of the cost and the gross value of purchases.
    """
    held = f" with {_what(cleared)} held" if cleared.held else ""
    if cleared.relaxed is None:
        basis: dict[str, Any] = {"price_basis": f"multipliers{held}"}
    else:
        basis = {"price_basis": f"multipliers of an AC-feasible local optimum{held}"} | _repair(cleared)
    warm = {"heat_flow_method": cleared.heat.method} if cleared.heat else {}
    return basis | _integers(cleared) | warm


def _what(cleared: Cleared) -> str:
    """The integers in words."""
    names = {"capacitor_on": "capacitor steps"} | {mode: "the ways of storages" for mode, _, _ in MODES.values()}
    return " and ".join(dict.fromkeys(names.get(name, "the commitment") for name in cleared.held or {}))


def _integers(cleared: Cleared) -> dict[str, Any]:
    """The bound is one of the relaxation, whose cost it is compared with."""
    if cleared.bound is None:
        return {}
    cost = (cleared.relaxed or cleared).solution.cost
    return {"objective_bound": cleared.bound, "integer_gap": max(0.0, cost - cleared.bound) / max(1.0, abs(cost))}


def _repair(cleared: Cleared) -> dict[str, Any]:
    relaxed, exact = cleared.relaxed, cleared.exact
    assert relaxed is not None and exact is not None and exact.repaired is not None
    told = {
        "relaxed_objective": relaxed.solution.cost,
        "remedies": ", ".join(sorted(set(exact.repaired.remedies) - {"none"})),
    }
    if exact.bound is None:
        return told
    cost, scale = cleared.solution.cost, max(abs(cleared.solution.cost), purchases(cleared), 1e-9)
    lower = max(exact.bound.lower, relaxed.solution.cost)
    return told | {"objective_lower_bound": lower, "optimality_gap": max(0.0, cost - lower) / scale}
