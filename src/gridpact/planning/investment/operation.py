"""How a plan is operated on the days that stand for the year, and what that costs in a year, item by item.

With the design held the days are an ordinary market: its prices are the multipliers of its balances, and those of the
plan (O'Neill et al., European Journal of Operational Research 164, 2005).
"""

from __future__ import annotations

import numpy as np

from gridpact.case.case import Case, Floats
from gridpact.markets.cleared import Cleared
from gridpact.markets.pool import clear_pool
from gridpact.planning.investment.representative import Representatives
from gridpact.programs.parts import steps_of_columns

# Items of the cost, and the variables that they are paid for.
PAID = {
    "generation": ("generator_p", "offer_p"),
    "renewables": ("renewable_p",),
    "storage wear": ("discharge",),
}


def operated(planned: Case) -> Cleared:
    """Clear a design, given as the case of the days in which it is built. Raises what ``clear_pool`` raises."""
    return clear_pool(planned)


def yearly_items(cleared: Cleared, days: Representatives, carbon_price: float) -> dict[str, float]:
    """What the operation costs in a year by item, in currency, without what no variable pays for."""
    weight = days.by_step
    x, columns = cleared.solution.x, cleared.form.columns
    every = x * (cleared.form.q + 0.5 * (cleared.form.P @ x)) * weight[steps_of_columns(cleared.form)]
    items = _traded(cleared, every)
    items |= {
        item: float(sum(every[columns[name].ravel()].sum() for name in names if name in columns))
        for item, names in PAID.items()
    }
    return _with_carbon(items, cleared, weight, carbon_price)


def _traded(cleared: Cleared, every: Floats) -> dict[str, float]:
    """Purchase and sales; where buying and selling have one price, one variable carries both."""
    buy = cleared.form.columns["buy"].ravel() if "buy" in cleared.form.columns else np.zeros(0, dtype=np.int64)
    sell = cleared.form.columns["sell"].ravel() if "sell" in cleared.form.columns else buy[:0]
    bought = every[buy]
    exported = cleared.solution.x[buy] < 0.0
    return {
        "purchase": float(bought[~exported].sum()),
        "sales": float(bought[exported].sum() + every[sell].sum()),
    }


def _with_carbon(items: dict[str, float], cleared: Cleared, weight: Floats, price: float) -> dict[str, float]:
    """The items with what emissions cost taken out of purchase and generation."""
    planned = cleared.case
    hours = planned.hours * weight

    def emitted(name: str, table: str) -> float:
        if price == 0.0 or name not in cleared.form.columns:
            return 0.0
        power = np.maximum(cleared.megawatts(name, table), 0.0)
        return float(price * planned.column(table, "emissions_t_per_mwh") @ (power @ hours))

    imported, generated = emitted("buy", "interfaces"), emitted("generator_p", "generators")
    return items | {
        "purchase": items["purchase"] - imported,
        "generation": items["generation"] - generated,
        "carbon": imported + generated,
    }
