"""Does the summary say what the tables say, and do prices claim no more than the archived verdict?

A record is judged for the first time before it has a certificate: its prices must not be marked as certified then.
Later, on verification, they must be marked if and only if the archived verdict is "certified"; where it is "failed" the
summary gives no prices.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gridpact.case.case import Case
from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.evidence import Evidence

TOLERANCE = 1e-6
Figures = Mapping[str, Any]


def summary_check(evidence: Evidence) -> Check:
    """Figures against those recomputed from the tables, relative; words must be the same."""
    figures = (_words, _energies, _extremes, _prices, _heat, _not_served)
    own = {name: value for rule in figures for name, value in rule(evidence).items()}
    off = np.array([_difference(evidence.record.summary.get(name, ""), value) for name, value in own.items()])
    text = "Figures of the summary against the tables and the case, relative."
    return worst("summary", text, TOLERANCE, [Measure("summary", list(own), off)])


def repair_check(evidence: Evidence) -> Check:
    """What a repaired run says of its cost: nothing proven from below exceeds it, the gap is the distance to that."""
    summary = evidence.record.summary
    cost, found = float(summary["objective"]), [0.0]
    scale = max(abs(cost), _traded(evidence), 1e-9)
    for name in ("relaxed_objective", "objective_lower_bound"):
        if name in summary:
            found.append((_float(summary[name]) - cost) / max(scale, 1.0))
    if "objective_lower_bound" in summary or "optimality_gap" in summary:
        gap = max(0.0, cost - _float(summary.get("objective_lower_bound"))) / scale
        found.append(abs(_float(summary.get("optimality_gap")) - gap))
    text = "Relaxed cost and proven bound above the cost, or a gap that is not their distance, relative."
    return Check("repaired_cost", True, float(np.max(found)), TOLERANCE, "", text)


def _traded(evidence: Evidence) -> float:
    """Gross value of what the interfaces buy and sell."""
    case = evidence.case
    amount = evidence.table("interface", "buy_mw") + evidence.table("interface", "sell_mw")
    return float(case.hours * np.abs(case.series("interfaces", "price_per_mwh") * amount).sum())


def _float(value: Any) -> float:
    """NaN for what is no number, which fails."""
    return float(value) if isinstance(value, int | float) else float("nan")


def mark_check(evidence: Evidence) -> Check:
    """Rows of the price table whose mark is not that of the archived verdict."""
    right, measures = float(_verdict(evidence) == "certified"), []
    for table, rule, places in (
        ("electricity_prices", "price at bus", "buses"),
        ("heat_prices", "price of heat at node", "heat_nodes"),
    ):
        measures.append(Measure(rule, evidence.case.ids(places), np.abs(evidence.table(table, "certified") - right)))
    text = "Prices whose mark of certification is not that of the archived verdict."
    return worst("certified_marks", text, 0.0, measures, evidence.instants)


def _difference(told: Any, own: Any) -> float:
    """NaN where something is missing, of another kind, or another word."""
    if isinstance(own, float) and isinstance(told, float | int):
        return abs(told - own) / max(1.0, abs(own))
    return 0.0 if isinstance(told, str | float | int | None) and told == own else float("nan")


def _verdict(evidence: Evidence) -> str:
    """Of the archived certificate; blank where there is none yet."""
    return str(evidence.record.certificate.get("verdict", ""))


def words_of(case: Case) -> Figures:
    """What every summary says of its case."""
    return {
        "case": case.name,
        "currency": case.currency,
        "timezone": case.timezone,
        "start": case.snapshots[0].isoformat(),
        "steps": case.steps,
        "step_minutes": case.step_minutes,
    }


def _words(evidence: Evidence) -> Figures:
    return {**words_of(evidence.case)} | ({"verdict": _verdict(evidence)} if evidence.record.certificate else {})


def _energies(evidence: Evidence) -> Figures:
    """MWh over the horizon."""
    case, net = evidence.case, evidence.table("interface", "import_mw")
    renewable = evidence.dispatch("renewable", "p_mw")
    powers = {
        "load_mwh": -evidence.dispatch("load", "p_mw"),
        "import_mwh": np.maximum(net, 0.0),
        "export_mwh": np.maximum(-net, 0.0),
        "generation_mwh": evidence.dispatch("generator", "p_mw"),
        "renewable_mwh": renewable,
        "curtailed_mwh": case.series("renewables", "p_mw") - renewable,
        "loss_mwh": evidence.table("branches", "loss_mw"),
    }
    return {name: case.hours * float(power.sum()) for name, power in powers.items()}


def _extremes(evidence: Evidence) -> Figures:
    vm, loading = evidence.table("buses", "vm_pu"), evidence.table("branches", "loading_percent")
    loading = loading[~np.isnan(loading)]
    return {
        "lowest_vm_pu": float(vm.min()),
        "highest_vm_pu": float(vm.max()),
        "highest_loading_percent": float(loading.max()) if loading.size else None,
    }


def _heat(evidence: Evidence) -> Figures:
    """MWh drawn, lost by the pipes and taken by pumps, and the range of the prices."""
    case = evidence.case
    if not case.count("heat_nodes"):
        return {}
    energies = {
        "heat_load_mwh": -evidence.dispatch("heat_load", "heat_mw"),
        "heat_loss_mwh": evidence.table("pipes", "loss_mw"),
        "pump_mwh": -evidence.dispatch("heat_source", "p_mw"),
    }
    found = {name: case.hours * float(power.sum()) for name, power in energies.items()}
    return found | {f"heat_{name}": value for name, value in _prices(evidence, "heat_prices").items()}


def _not_served(evidence: Evidence) -> Figures:
    """MWh of demand cut at a price, where the case allows it."""
    case, found = evidence.case, {}
    cuts = (("unserved", "unserved_p", "not_served_mwh"), ("heat_unserved", "unserved_heat", "heat_not_served_mwh"))
    for table, variable, name in cuts:
        if case.count(table):
            found[name] = case.hours * evidence.base_mva * float(evidence.variable(variable).sum())
    return found


def _prices(evidence: Evidence, table: str = "electricity_prices") -> Figures:
    price = evidence.table(table, "price_per_mwh")
    found = {"min": float(price.min()), "mean": float(price.mean()), "max": float(price.max())}
    refused = _verdict(evidence) == "failed"
    return {f"price_{name}_per_mwh": None if refused else value for name, value in found.items()}
