"""Are the prices of heat the multipliers of the balances, and what each of their parts says?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.evidence import Evidence
from gridpact.certificates.heat.response import price_parts
from gridpact.certificates.heat.view import HeatView
from gridpact.certificates.prices import DUAL_TOLERANCE, PART_TOLERANCE, SUM_TOLERANCE

Floats = NDArray[np.float64]
PARTS = ("energy", "loss", "delay", "temperature")
ASKED = (
    ("gas_boilers", "fuel_price_per_mwh"),
    ("gas_boilers", "cost_per_mwh"),
    ("electric_boilers", "cost_per_mwh"),
    ("heat_pumps", "cost_per_mwh"),
    ("chps", "fuel_price_per_mwh"),
    ("chps", "cost_per_mwh"),
    ("chps", "heat_cost_per_mwh"),
    ("interfaces", "price_per_mwh"),
)


def heat_price_checks(view: HeatView) -> list[Check]:
    """Multipliers, sums, parts."""
    return [_duals(view.evidence), _sums(view.evidence), _parts(view)]


def heat_price_scale(evidence: Evidence, price: Floats) -> Floats:
    """What errors of heat prices are measured against: the price, but at least a fiftieth of the largest around."""
    largest = float(np.abs(_price(evidence, "price_per_mwh")).max(initial=0.0))
    for table, column in ASKED:
        largest = max(largest, float(np.abs(evidence.case.series(table, column)).max(initial=0.0)))
    return np.maximum(np.abs(price), largest / 50.0 if largest > 1e-6 else 1.0)


def _price(evidence: Evidence, column: str) -> Floats:
    return evidence.table("heat_prices", column)


def _measure(evidence: Evidence, rule: str, left: Floats, right: Floats) -> Measure:
    scaled = np.abs(left - right) / heat_price_scale(evidence, _price(evidence, "price_per_mwh"))
    return Measure(f"{rule} at node", evidence.case.ids("heat_nodes"), scaled)


def _duals(evidence: Evidence) -> Check:
    money = evidence.base_mva * evidence.case.hours
    z, rows = evidence.record.solution["z"], evidence.record.solution
    pairs = {"price_per_mwh": "return_balance", "source_price_per_mwh": "supply_balance"}
    measures = [
        _measure(evidence, column, _price(evidence, column), z[rows[f"row/{row}"]] / money)
        for column, row in pairs.items()
    ]
    text = "Prices of heat against the multipliers of the balances, relative."
    return worst("heat_prices_are_multipliers", text, DUAL_TOLERANCE, measures, evidence.instants)


def _sums(evidence: Evidence) -> Check:
    price = _price(evidence, "price_per_mwh")
    total = sum((_price(evidence, f"{part}_per_mwh") for part in PARTS), start=np.zeros_like(price))
    text = "Sum of the parts of heat prices against the price, relative."
    measures = [_measure(evidence, "price_per_mwh", total, price)]
    return worst("heat_parts_add_up", text, SUM_TOLERANCE, measures, evidence.instants)


def _parts(view: HeatView) -> Check:
    """Each part against the simulator's own response; in a large network at a spread of nodes and steps."""
    evidence, own = view.evidence, price_parts(view)
    price = _price(evidence, "price_per_mwh")
    scale = heat_price_scale(evidence, price)[own.node, own.step]
    names = [f"{view.nodes[n]}, {evidence.instants[k].isoformat()}" for n, k in zip(own.node, own.step, strict=True)]
    measures = []
    for part in PARTS:
        told = _price(evidence, f"{part}_per_mwh")[own.node, own.step]
        measures.append(Measure(f"{part}_per_mwh at node", names, np.abs(told - getattr(own, part)) / scale))
    text = (
        f"Parts of heat prices against what the simulator does with one more unit of heat, relative; "
        f"{own.node.size} of {price.size} prices."
    )
    return worst("heat_price_parts", text, PART_TOLERANCE, measures)
