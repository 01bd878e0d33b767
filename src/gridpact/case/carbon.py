r"""A price of carbon, put into the prices of a case.

$$
\pi' = \pi + \kappa e, \qquad \rho' = \min(\pi, \rho \pi) / \pi'
$$

with the carbon price $\kappa$ per tonne and the emissions $e$ in tonnes per MWh: imported and generated energy pays for
its emissions, exported energy earns what it did before, so that the selling ratio $\rho$ falls.
"""

from __future__ import annotations

import numpy as np

from gridpact.case.case import Case, Floats
from gridpact.errors import InputError, Issue

EMITTING = ("generators", "generator_candidates")


def with_carbon_price(case: Case, price_per_t: float) -> Case:
    """The case with the emissions of imports and generators paid for; as valid as the case is.

    Raises ``InputError`` where imported energy emits and has a price below zero: it would have to be sold for less
    than nothing.
    """
    if price_per_t == 0.0:
        return case
    dearer = _interfaces(case, price_per_t)
    for table in EMITTING:
        added = price_per_t * case.column(table, "emissions_t_per_mwh")
        dearer = _with_series(dearer, table, "cost_per_mwh", case.series(table, "cost_per_mwh") + added[:, None], added)
    return dearer.marked_validated() if case.validated else dearer


def _interfaces(case: Case, price_per_t: float) -> Case:
    price, ratio = (case.series("interfaces", name) for name in ("price_per_mwh", "sell_ratio"))
    added = price_per_t * case.column("interfaces", "emissions_t_per_mwh")
    _require_positive(case, price, added)
    dear, earned = price + added[:, None], np.minimum(price, ratio * price)
    lower = np.divide(earned, dear, out=np.ones_like(dear), where=dear > 0.0)
    bought = _with_series(case, "interfaces", "price_per_mwh", dear, added)
    return _with_series(bought, "interfaces", "sell_ratio", lower, added)


def _require_positive(case: Case, price: Floats, added: Floats) -> None:
    below = np.argwhere((price < 0.0) & (added > 0.0)[:, None])
    if below.size:
        row, step = below[0]
        fix = "Plan without a carbon price, or with emissions_t_per_mwh 0 at the interface."
        text = f"at {case.snapshots[step].isoformat()} the price of emitting imports is below zero"
        raise InputError([Issue(text, fix, "interfaces", int(row) + 2, "price_per_mwh", f"{price[row, step]:g}")])


def _with_series(case: Case, table: str, column: str, values: Floats, added: Floats) -> Case:
    """The case with a column replaced by profiles, where something was added."""
    rows = np.flatnonzero(added > 0.0)
    names = case.ids(table)
    return case.with_profiles({f"{table}/{names[row]}/{column}": values[row] for row in rows}) if rows.size else case
