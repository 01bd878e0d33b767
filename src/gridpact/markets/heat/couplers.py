"""What couplers take and give over the horizon, what that costs them and what it earns; and where energy goes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.markets.cleared import Cleared

Floats = NDArray[np.float64]

KINDS = ("chp", "electric_boiler", "heat_pump", "gas_boiler")
CARRIERS = {"electricity": "electricity_revenue", "reactive": "reactive_revenue", "heat": "heat_revenue"}


def coupler_table(cleared: Cleared, dispatch: pd.DataFrame, settlement: pd.DataFrame) -> pd.DataFrame:
    """One row per unit that makes heat: energies (electricity given is positive), fuel, revenues, cost and profit."""
    parts = [part for kind in KINDS if cleared.case.count(f"{kind}s") for part in _rows(cleared, kind)]
    table = pd.DataFrame(parts, columns=["device", "kind", "fuel_mwh", "cost"])
    energy = cleared.case.hours * dispatch.groupby(["kind", "device"])[["p_mw", "heat_mw"]].sum()
    keys = pd.MultiIndex.from_frame(table[["kind", "device"]])
    table.insert(2, "electricity_mwh", energy["p_mw"].reindex(keys).to_numpy())
    table.insert(3, "heat_mwh", energy["heat_mw"].reindex(keys).to_numpy())
    paid = settlement.set_index(["carrier", "kind", "participant"])["payment"]
    for place, (carrier, name) in enumerate(CARRIERS.items(), start=5):
        rows = pd.MultiIndex.from_arrays([[carrier] * len(table), table["kind"], table["device"]])
        table.insert(place, name, -paid.reindex(rows).fillna(0.0).to_numpy())
    return table.assign(profit=table[list(CARRIERS.values())].sum(axis=1) - table["cost"])


def _rows(cleared: Cleared, kind: str) -> Iterator[tuple[str, str, float, float]]:
    fuel, cost = operation(cleared, kind)
    hours = cleared.case.hours
    for name, burnt, spent in zip(cleared.case.ids(f"{kind}s"), fuel.sum(axis=1), cost.sum(axis=1), strict=True):
        yield name, kind, float(hours * burnt), float(hours * spent)


def operation(cleared: Cleared, kind: str) -> tuple[Floats, Floats]:
    """Fuel in MW and cost in currency per hour of every unit of a kind, (units, steps); a start counts in its step."""
    case, table = cleared.case, f"{kind}s"
    heat, on, started = cleared.megawatts(f"{kind}_heat", table), *_running(cleared, kind)
    starts = case.column(table, "start_cost")[:, None] / case.hours * started
    if kind == "chp":
        fuel, cost = _chp(case, cleared.megawatts("chp_p", table), heat, on)
        return fuel, cost + starts
    cost = case.series(table, "cost_per_mwh") * heat + starts
    if kind != "gas_boiler":
        return np.zeros_like(heat), cost
    fuel = heat / case.column(table, "efficiency")[:, None]
    return fuel, cost + case.series(table, "fuel_price_per_mwh") * fuel


def _chp(case: Case, p: Floats, heat: Floats, on: Floats) -> tuple[Floats, Floats]:
    def of(name: str) -> Floats:
        return case.series("chps", name)

    fuel = of("fuel_mw") * on + of("fuel_per_p") * p + of("fuel_per_heat") * heat
    squares = of("cost_per_mw2h") * p**2 + of("heat_cost_per_mw2h") * heat**2 + of("cross_cost_per_mw2h") * p * heat
    lines = of("cost_per_h") * on + of("cost_per_mwh") * p + of("heat_cost_per_mwh") * heat
    return fuel, of("fuel_price_per_mwh") * fuel + lines + squares


def _running(cleared: Cleared, kind: str) -> tuple[Floats, Floats]:
    """Whether each unit runs, and starts, in every step."""
    case = cleared.case
    on = (cleared.held or {}).get(f"{kind}_on", np.ones((case.count(f"{kind}s"), case.steps)))
    starts = np.maximum(np.diff(on, axis=1, prepend=on[:, :1]), 0.0)
    return on, np.where(case.begins, 0.0, starts)


def heat_cost(cleared: Cleared) -> float:
    """What the devices of the heat network cost besides their electricity."""
    case = cleared.case
    cost = sum(float(operation(cleared, kind)[1].sum()) for kind in KINDS if case.count(f"{kind}s"))
    unserved = case.series("heat_unserved", "price_per_mwh") * cleared.megawatts("unserved_heat", "heat_unserved")
    wear = case.column("heat_storages", "wear_cost_per_mwh")[:, None] * cleared.megawatts(
        "heat_discharge", "heat_storages"
    )
    return case.hours * (cost + float(unserved.sum()) + float(wear.sum()))
