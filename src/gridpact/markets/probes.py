"""Price probes: clear again with the demand at one bus and step a little lower and a little higher.

The optimal cost is convex in the demand, so a true price lies between the two one-sided difference quotients
whatever the step is. Where the market was repaired, both clearings begin at the repaired point and end at an exact one.
The table is evidence; the certificate draws the conclusion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.errors import InfeasibleError, NotConverged
from gridpact.markets.cleared import Cleared
from gridpact.programs.blocks import Block, blocks
from gridpact.programs.exactness.sequential import sequential
from gridpact.programs.exactness.tight import tight_cones
from gridpact.programs.nonlinear import inside, tight_rows
from gridpact.programs.solve import solve
from gridpact.programs.standard_form import StandardForm

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Track = Callable[[list[tuple[int, int, str]]], Iterable[tuple[int, int, str]]]

# Step relative to the power base: large against the solver's error in the cost, small against the loads.
STEP = 1e-2
PLACES = {"electricity": "buses", "reactive": "buses", "heat": "heat_nodes"}
EXACT = 1e-6  # gap of the cones where they must be tight
CARRIERS = {"electricity": "active_balance", "reactive": "reactive_balance", "heat": "return_balance"}


def price_probes(
    cleared: Cleared, tables: Mapping[str, pd.DataFrame], count: int, solver: str, track: Track = iter
) -> pd.DataFrame:
    """Costs around ``count`` bus-hours for active and reactive power, and as many hours of nodes for heat.

    NaN where the market then has none, or none was found. ``bus`` is the node of the heat network where heat is drawn.
    """
    tasks = _tasks(cleared, tables, count)
    parts = blocks((cleared.relaxed or cleared).form) if tasks else []
    rows = [_probe(cleared, parts, bus, step, carrier, solver) for bus, step, carrier in track(tasks)]
    return pd.DataFrame(
        {
            "snapshot": cleared.case.snapshots[[step for _, step, _ in tasks]],
            "bus": [cleared.case.ids(PLACES[carrier])[place] for place, _, carrier in tasks],
            "carrier": [carrier for _, _, carrier in tasks],
            "step_mw": STEP * cleared.network.base_mva,
            "cost_minus": [minus for minus, _ in rows],
            "cost": cleared.solution.cost,
            "cost_plus": [plus for _, plus in rows],
        }
    )


def _tasks(cleared: Cleared, tables: Mapping[str, pd.DataFrame], count: int) -> list[tuple[int, int, str]]:
    """Place, step and carrier of every probe."""
    places = _chosen(tables["electricity_prices"], cleared.case.count("buses"), count)
    carriers = [name for name in ("electricity", "reactive") if CARRIERS[name] in cleared.form.rows]
    tasks = [(bus, step, carrier) for bus, step in places for carrier in carriers]
    if cleared.heat is not None:
        nodes = _chosen(tables["heat_prices"], cleared.case.count("heat_nodes"), count)
        tasks += [(node, step, "heat") for node, step in nodes]
    return tasks


def _chosen(prices: pd.DataFrame, places: int, count: int) -> list[tuple[int, int]]:
    """Where each column of a price table is largest in magnitude, then evenly spread over all places and hours."""
    numbers = prices.select_dtypes(include="float").abs()
    extremes = [int(at) for at in numbers[numbers.columns[numbers.max() > 1e-3]].idxmax()]
    spread = np.linspace(0, len(prices) - 1, count, dtype=int).tolist()
    chosen = list(dict.fromkeys(extremes + spread))[:count]
    return [(at % places, at // places) for at in chosen]


def _probe(cleared: Cleared, parts: list[Block], bus: int, step: int, carrier: str, solver: str) -> tuple[float, float]:
    """Optimal costs with a little less and a little more demand, which only one block of the program feels."""
    row = int((cleared.relaxed or cleared).form.rows[CARRIERS[carrier]][bus, step])
    block = next(part for part in parts if row in part.rows)
    before = block.form.cost(cleared.solution.x[block.columns])
    place = int(np.flatnonzero(block.rows == row)[0])
    if cleared.relaxed is None:
        minus, plus = (_cost(block.form, place, sign * STEP, solver) for sign in (-1.0, 1.0))
    else:
        tight = inside(block, tight_rows(cleared.relaxed.form, ("cone",)))
        near = cleared.solution.x[block.columns]
        minus, plus = (_exact_cost(block.form, tight, near, place, sign * STEP) for sign in (-1.0, 1.0))
    rest = cleared.solution.cost - before
    return rest + minus, rest + plus


def _exact_cost(form: StandardForm, rows: Ints, near: Floats, row: int, demand: float) -> float:
    """Cost of the KKT point with tight cones nearest to a known one, after the same change of demand."""
    b = form.b.copy()
    b[row] -= demand
    tight = tight_cones(form.with_b(b), rows)
    found = sequential(tight, tight.ratios(near))
    return found.cost if found.gap <= EXACT else float("nan")


def _cost(form: StandardForm, row: int, demand: float, solver: str) -> float:
    """Optimal cost with ``demand`` (per unit) added to the balance ``demand - supply = 0`` of a row."""
    b = form.b.copy()
    b[row] -= demand
    try:
        return solve(form.with_b(b), solver).cost
    except (InfeasibleError, NotConverged):
        return float("nan")
