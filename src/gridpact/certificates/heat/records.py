"""Tables that say of a market with heat where energy and money went: couplers, slacks, arrows of energy."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.certificates import demand
from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.evidence import KINDS, Evidence, heat_prices_at, prices_at
from gridpact.certificates.heat.costs import MAKERS, fuel_of, unit_cost
from gridpact.certificates.heat.energy import growth
from gridpact.certificates.heat.structures import structure_checks
from gridpact.certificates.heat.view import HeatView

Floats = NDArray[np.float64]
TOLERANCE = 1e-6
POWER, HEAT = "electricity network", "heat network"


def record_checks(view: HeatView) -> list[Check]:
    """One check per table that there is."""
    evidence, tables = view.evidence, view.evidence.record.tables
    checks = [_couplers(evidence), _balanced(tables["energy_flows"]), _told(view)]
    if "slacks" in tables:
        checks.append(_slacks(evidence))
    return [*checks, *structure_checks(evidence)] if "structures" in tables else checks


def _couplers(evidence: Evidence) -> Check:
    """Energies, revenues at the published prices, cost and profit of every unit that makes heat."""
    rows, measures = evidence.record.tables["couplers"], []
    told = rows.set_index(["kind", "device"])
    for kind in MAKERS:
        if evidence.case.count(f"{kind}s"):
            ids = evidence.case.ids(f"{kind}s")
            keys = pd.MultiIndex.from_product([[kind], ids], names=["kind", "device"])
            found = told[~told.index.duplicated()].reindex(keys)
            for column, own in _coupler(evidence, kind).items():
                scale = max(1.0, float(np.abs(own).max(initial=0.0)))
                measures.append(Measure(f"{kind}/{column}", ids, np.abs(found[column].to_numpy() - own) / scale))
    count = sum(evidence.case.count(f"{kind}s") for kind in MAKERS)
    measures.append(Measure("rows", ["of the table"], np.array([abs(float(len(rows)) - count)])))
    text = "Energies, revenues, costs and profits of the couplers against dispatch and prices, over the largest."
    return worst("couplers", text, TOLERANCE, measures)


def _coupler(evidence: Evidence, kind: str) -> dict[str, Floats]:
    """Columns of the coupler table of one kind, (units,)."""
    heat = evidence.dispatch(kind, "heat_mw")
    powers = {"heat_mwh": heat, "fuel_mwh": fuel_of(evidence, kind), "electricity_mwh": np.zeros_like(heat)}
    paid = {"heat_revenue": heat_prices_at(evidence, kind) * heat, "electricity_revenue": np.zeros_like(heat)}
    paid |= {"reactive_revenue": np.zeros_like(heat)}
    if kind in KINDS:
        active, reactive = prices_at(evidence, KINDS[kind])
        powers["electricity_mwh"] = evidence.dispatch(kind, "p_mw")
        paid["electricity_revenue"] = active * evidence.dispatch(kind, "p_mw")
        paid["reactive_revenue"] = reactive * evidence.dispatch(kind, "q_mvar")
    cost = unit_cost(evidence, kind)
    every = powers | paid | {"cost": cost, "profit": sum(paid.values(), start=-cost)}
    return {name: evidence.case.hours * values.sum(axis=1) for name, values in every.items()}


def _slacks(evidence: Evidence) -> Check:
    """Every demand that may be cut stands there by name, with its highest price, what was cut and what that cost."""
    rows = evidence.record.tables["slacks"]
    own: dict[str, Floats] = {}
    for table, key, cut in (
        ("unserved", "load", demand.chosen(evidence, "unserved")),
        ("heat_unserved", "heat_load", _cut(evidence)),
    ):
        price, hours = evidence.case.series(table, "price_per_mwh"), evidence.case.hours
        names = [f"{table} {name}" for name in evidence.case.tables[table][key].astype(str)]
        numbers = np.column_stack([price.max(axis=1, initial=0.0), hours * cut.sum(1), hours * (price * cut).sum(1)])
        own |= dict(zip(names, numbers, strict=True))
    told = dict(zip(rows["slack"].astype(str), rows[["price_per_mwh", "energy_mwh", "cost"]].to_numpy(), strict=True))
    names = [*own, *(name for name in told if name not in own)]
    nothing = np.full(3, np.nan)
    off = [np.max(np.abs(own.get(name, nothing) - told.get(name, nothing))) for name in names]
    scale = max(1.0, float(np.abs(np.array(list(own.values()))).max(initial=0.0)))
    text = "Slacks, with their prices, energies and costs, against the case and the solution, over the largest."
    measures = [Measure("slack", names, np.array(off) / scale)]
    return worst("slacks", text, TOLERANCE, measures)


def _cut(evidence: Evidence) -> Floats:
    if not evidence.case.count("heat_unserved"):
        return np.zeros((0, evidence.case.steps))
    return evidence.variable("unserved_heat") * evidence.base_mva


def _balanced(rows: pd.DataFrame) -> Check:
    """What comes to a place that arrows also leave is what leaves it; no arrow is negative, none stands there twice."""
    energy = rows["energy_mwh"].to_numpy(dtype=np.float64)
    into, out = rows.groupby("target")["energy_mwh"].sum(), rows.groupby("source")["energy_mwh"].sum()
    between = sorted(set(into.index) & set(out.index))
    gap = np.array([abs(float(into[name] - out[name])) for name in between])
    scale = max(1e-9, float(energy.max(initial=0.0)))
    again = rows.duplicated(["source", "target"]).to_numpy()
    names = [f"{a} to {b}" for a, b in zip(rows["source"], rows["target"], strict=True)]
    wrong = np.where(again, np.nan, np.maximum(-energy, 0.0) / scale)
    text = "Energy that comes to a place less what leaves it, over the largest arrow; negative or doubled arrows."
    measures = [Measure("place", between, gap / scale), Measure("arrow", names, wrong)]
    return worst("energy_flows", text, TOLERANCE, measures)


# Arrows beside those of the two networks.
OUTER = {
    *(("fuel", name) for name in ("combined heat and power", "gas boilers")),
    *((name, "conversion losses") for name in ("combined heat and power", "electric boilers", "gas boilers")),
    ("ambient heat", "heat pumps"),
}


def _told(view: HeatView) -> Check:
    """Arrows from and to the two networks against the tables; an arrow that is not there counts as nothing."""
    rows = view.evidence.record.tables["energy_flows"]
    pairs = zip(rows["source"].astype(str), rows["target"].astype(str), strict=True)
    arrows = dict(zip(pairs, rows["energy_mwh"].to_numpy(dtype=np.float64), strict=True))
    own = _arrows(view)
    told = {pair: arrows.get(pair, 0.0) - arrows.get(pair[::-1], 0.0) for pair in own}
    scale = max(1e-9, max((abs(value) for value in own.values()), default=0.0))
    off = np.array([abs(told[pair] - value) for pair, value in own.items()])
    text = "Arrows of energy from and to the networks against the tables, over the largest."
    measures = [Measure("arrow", [f"{a} to {b}" for a, b in own], off / scale)]
    strange = [pair for pair in arrows if pair not in own and pair[::-1] not in own and pair not in OUTER]
    measures.append(Measure("unknown arrow", [f"{a} to {b}" for a, b in strange], np.full(len(strange), np.nan)))
    return worst("energy_told", text, TOLERANCE, measures)


def _arrows(view: HeatView) -> Mapping[tuple[str, str], float]:
    """What the tables say about the arrows at the networks, MWh."""
    evidence, hours = view.evidence, view.case.hours
    given = {kind: hours * float(evidence.dispatch(kind, "p_mw").sum()) for kind in KINDS}
    heat = {kind: hours * float(evidence.dispatch(kind, "heat_mw").sum()) for kind in (*MAKERS, "heat_load")}
    tanks = hours * float(evidence.dispatch("heat_storage", "heat_mw").sum())
    net = evidence.table("interface", "import_mw")
    units = dict(zip(MAKERS, ("combined heat and power", "electric boilers", "heat pumps", "gas boilers"), strict=True))
    powered = [kind for kind in MAKERS if kind in KINDS]
    return {
        ("transmission network", POWER): hours * float(net.clip(0.0).sum()),
        (POWER, "export"): hours * float((-net).clip(0.0).sum()),
        ("generators", POWER): given["generator"],
        ("wind and PV", POWER): given["renewable"],
        (POWER, "electric demand"): -given["load"],
        (POWER, "circulation pumps"): -given["heat_source"],
        (POWER, "shunts"): -given["shunt"],
        (POWER, "batteries"): -given["storage"],
        (POWER, "network losses"): hours * float(evidence.table("branches", "loss_mw").sum()),
        **{(units[kind], POWER): given[kind] for kind in powered},
        **{(units[kind], HEAT): heat[kind] for kind in MAKERS},
        (HEAT, "heat demand"): -heat["heat_load"],
        (HEAT, "tanks"): -tanks,
        (HEAT, "pipe losses"): hours * float(evidence.table("pipes", "loss_mw").sum()),
        (HEAT, "warmer pipes"): hours * float(growth(view).sum()),
    }
