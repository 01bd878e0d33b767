"""The table of market structures: what each costs, who gains, and how far it is from clearing jointly."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridpact.markets.cleared import Cleared
from gridpact.markets.heat.couplers import heat_cost
from gridpact.markets.outcome import outcome_tables
from gridpact.markets.structures import Structure, other_structures
from gridpact.results.record import words

NUMBERS = (
    "cost",
    "electricity_cost",
    "heat_cost",
    "coupler_profit",
    "electricity_surplus",
    "heat_surplus",
    "price_mean_per_mwh",
    "heat_price_mean_per_mwh",
    "iterations",
    "residual_mw",
    "above_joint_percent",
    "payments_sum",
)


def structure_table(joint: Cleared) -> pd.DataFrame:
    """One row per structure; numbers are NaN where it has no dispatch, and ``status`` then says why.

    Columns: structure, status, then ``NUMBERS``: money in the currency of the case over the horizon (the costs of
    either network's own devices, profits of the couplers at the prices of the structure, merchandising surplus of each
    network), mean prices, rounds and largest difference in MW of an agreement, cost above the joint one, and the sum of
    all payments.
    """
    structures = [Structure("joint", joint), *other_structures(joint)]
    rows = [_row(structure, joint.solution.cost) for structure in structures]
    table = pd.DataFrame(rows, columns=list(NUMBERS), dtype=np.float64)
    table.insert(0, "structure", words([structure.name for structure in structures]))
    table.insert(1, "status", words([structure.status for structure in structures]))
    return table


def _row(structure: Structure, joint: float) -> dict[str, float]:
    if structure.cleared is None:
        return dict.fromkeys(NUMBERS, float("nan"))
    cleared, tables = structure.cleared, outcome_tables(structure.cleared)
    paid = tables["settlement"].groupby(["kind", "carrier"])["payment"].sum()
    cost, heat = cleared.solution.cost, heat_cost(cleared)
    return {
        "cost": cost,
        "electricity_cost": cost - heat,
        "heat_cost": heat,
        "coupler_profit": float(tables["couplers"]["profit"].sum()),
        "electricity_surplus": -sum(float(paid.get(("operator", name), 0.0)) for name in ("electricity", "reactive")),
        "heat_surplus": -float(paid.get(("operator", "heat"), 0.0)),
        "price_mean_per_mwh": float(tables["electricity_prices"]["price_per_mwh"].mean()),
        "heat_price_mean_per_mwh": float(tables["heat_prices"]["price_per_mwh"].mean()),
        "iterations": float(structure.rounds),
        "residual_mw": structure.residual,
        "above_joint_percent": 100.0 * (cost - joint) / max(1.0, abs(joint)),
        "payments_sum": float(tables["settlement"]["payment"].sum()),
    }
