"""Rules about temperatures: of nodes against each other and the ground, of consumers and of heat pumps."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridpact.case.case import Floats
from gridpact.case.draft import Draft
from gridpact.errors import Issue


def crossed_sides(draft: Draft) -> Iterator[Issue]:
    """Nodes whose return water is to be as warm as their supply water may be, so that no heat can be taken."""
    low = draft.case.column("heat_nodes", "return_min_degc")
    high = draft.case.column("heat_nodes", "supply_max_degc")
    message = "return_min_degc is not below supply_max_degc, so that no heat can be taken"
    fix = "Correct return_min_degc or supply_max_degc."
    yield from draft.rows("heat_nodes", low >= high, "return_min_degc", message, fix)


def below_ambient(draft: Draft) -> Iterator[Issue]:
    """Nodes whose supply water may not be warmer than what is around the pipes."""
    wrong = draft.case.column("heat_nodes", "supply_max_degc")[:, None] <= node_ambient(draft)
    message = "supply_max_degc is not above ambient_degc of the network"
    fix = "Correct supply_max_degc, or ambient_degc of the network."
    yield from draft.steps("heat_nodes", wrong, ("supply_max_degc",), message, fix)


def held_return(draft: Draft) -> Iterator[Issue]:
    """Return temperatures of consumers outside of the limits of their node, or not below its supply water."""
    held = draft.case.series("heat_loads", "return_degc")
    limits = ("return_min_degc", "return_max_degc", "supply_max_degc")
    low, high, supply = (
        draft.referred("heat_loads", "node", draft.case.column("heat_nodes", name))[:, None] for name in limits
    )
    message, fix = "return_degc is outside of the return temperatures of its node", "Correct it, or the node's limits."
    yield from draft.steps("heat_loads", (held < low) | (held > high), ("return_degc",), message, fix)
    message = "return_degc is not below supply_max_degc of its node, so that no heat can be taken"
    yield from draft.steps("heat_loads", held >= supply, ("return_degc",), message, "Correct one of the two.")


def lifted_heat(draft: Draft) -> Iterator[Issue]:
    """Heat pumps that would give heat at no higher temperature than they take it from."""
    message = "sink_degc is not above the temperature that heat is taken from"
    fix = "Correct sink_degc or source_degc; a blank source_degc is ambient_degc of the network."
    around = np.vstack([node_ambient(draft), np.full((1, draft.case.steps), np.nan)])
    for table in ("heat_pumps", "heat_pump_candidates"):
        blank = ~draft.given(table, "source_degc")[:, None]
        ambient = around[draft.case.positions(table, "node")]
        source = np.where(blank, ambient, draft.case.series(table, "source_degc"))
        wrong = draft.case.series(table, "sink_degc") <= source
        yield from draft.steps(table, wrong, ("sink_degc", "source_degc"), message, fix)


def node_ambient(draft: Draft) -> Floats:
    """Temperature around the pipes of each node's network, NaN where it is not known; shape (heat_nodes, steps)."""
    ambient = draft.case.series("heat_networks", "ambient_degc")
    unknown = np.full((1, draft.case.steps), np.nan)
    return np.vstack([ambient, unknown])[draft.case.positions("heat_nodes", "heat_network")]


def begun_once(draft: Draft) -> Iterator[Issue]:
    """Pipes that would be filled with water of a given temperature at the beginning of every window."""
    if draft.case.begins.sum() <= 1:
        return
    for side in ("supply", "return"):
        column = f"initial_{side}_degc"
        given = ~np.isnan(draft.case.column("pipes", column))
        message = "every window would begin with this water anew, and make heat out of nothing"
        fix = "Leave it blank (a window begins as it ends), or clear one window only."
        yield from draft.rows("pipes", given, column, message, fix)
