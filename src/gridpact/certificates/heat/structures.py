"""Market structures side by side: is none cheaper than the joint one, do separate networks come near, is all paid?

A structure without a dispatch says why in its status and has no numbers. No other structure is cheaper than the joint
clearing where that is convex; where it chose among whole numbers, or at a network that is not, none is by more than the
gap to which such a choice is proven.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.commitment import GAP_TOLERANCE, has_integers, has_modes
from gridpact.certificates.evidence import Evidence
from gridpact.certificates.heat.costs import heat_cost_terms
from gridpact.certificates.tables import STRUCTURES
from gridpact.certificates.tangents import is_linearised

Floats = NDArray[np.float64]
TOLERANCE = 1e-6
# Separate networks agree step by step and stop near the joint cost.
APART = 1e-4
HALF_CENT = 0.005
CLEARED = "cleared"
NAMES = ("joint", "sequential", "separate")


def structure_checks(evidence: Evidence) -> list[Check]:
    """Costs, agreement, payments, and the joint row against the other tables."""
    rows = evidence.record.tables["structures"].set_index("structure")
    there = rows[rows["status"] == CLEARED]
    cost = there["cost"].to_numpy(dtype=np.float64)
    joint, names = float(there["cost"].get("joint", np.nan)), [str(name) for name in there.index]
    scale = max(1.0, abs(joint))
    convex = not (has_integers(evidence.case) or has_modes(evidence) or is_linearised(evidence))
    cheaper = Measure("cheaper than joint", names, np.maximum(joint - cost, 0.0) / scale)
    text = "Structures cheaper than the joint clearing, over its cost."
    return [
        worst("structures_cost", text, TOLERANCE if convex else GAP_TOLERANCE, [cheaper, _missing(rows)]),
        _agreement(there, joint, scale, convex),
        _payments(there, names),
        _told(evidence, there, names, scale),
    ]


def _missing(rows: pd.DataFrame) -> Measure:
    """NaN where not every structure stands there once."""
    lost = tuple(sorted(map(str, rows.index))) != tuple(sorted(NAMES))
    return Measure("structures", ["of the table"], np.array([np.nan if lost else 0.0]))


def _agreement(there: pd.DataFrame, joint: float, scale: float, convex: bool) -> Check:
    """Asked only of networks that came to an agreement."""
    text = "Cost of separate networks that agree on the couplers against the joint cost, relative."
    agreed = "separate" in there.index
    gap = abs(float(there["cost"]["separate"]) - joint) / scale if agreed else float("nan")
    return Check("structures_agree", convex and agreed, gap, APART, "structure separate", text)


def _payments(there: pd.DataFrame, names: list[str]) -> Check:
    sums = np.abs(there["payments_sum"].to_numpy(dtype=np.float64))
    text = "Sum of all payments of each structure, in money."
    return worst("structures_payments", text, HALF_CENT, [Measure("structure", names, sums)])


def _told(evidence: Evidence, there: pd.DataFrame, names: list[str], scale: float) -> Check:
    """Every number finite, costs of both networks that add up, and the joint row as the other tables have it."""
    numbers = there[list(STRUCTURES[1])].to_numpy(dtype=np.float64)
    blank = np.where(np.isfinite(numbers).all(axis=1), 0.0, np.nan)
    column = {name: there[name].to_numpy(dtype=np.float64) for name in STRUCTURES[1]}
    joint = column["cost"][names.index("joint")] if "joint" in names else np.nan
    off = {
        "numbers": blank,
        "electricity_cost and heat_cost": (column["electricity_cost"] + column["heat_cost"] - column["cost"]) / scale,
        "above_joint_percent": column["above_joint_percent"] / 100.0 - (column["cost"] - joint) / scale,
    }
    measures = [Measure(name, names, np.abs(values)) for name, values in off.items()]
    for name, own in _joint(evidence).items():
        told = float(there[name].get("joint", np.nan))
        measures.append(Measure(name, ["joint"], np.array([abs(told - own) / max(1.0, abs(own))])))
    text = "Numbers of the structures that contradict each other, the dispatch or the payments, relative."
    return worst("structures_told", text, TOLERANCE, measures)


def _joint(evidence: Evidence) -> dict[str, float]:
    """What the other tables say of the joint clearing."""
    tables = evidence.record.tables
    rows = tables["settlement"]
    kept = -rows[rows["kind"] == "operator"].groupby("carrier")["payment"].sum()
    return {
        "cost": float(evidence.record.summary["objective"]),
        "heat_cost": evidence.case.hours * sum(float(term.sum()) for term in heat_cost_terms(evidence).values()),
        "coupler_profit": float(tables["couplers"]["profit"].sum()),
        "electricity_surplus": float(kept.get("electricity", 0.0) + kept.get("reactive", 0.0)),
        "heat_surplus": float(kept.get("heat", 0.0)),
        "price_mean_per_mwh": float(evidence.table("electricity_prices", "price_per_mwh").mean()),
        "heat_price_mean_per_mwh": float(evidence.table("heat_prices", "price_per_mwh").mean()),
    }
