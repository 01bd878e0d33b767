"""Where the energy of a district comes from and goes to, and what slacks it used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.markets.cleared import Cleared
from gridpact.results.record import words

Floats = NDArray[np.float64]
Arrow = tuple[str, str, float]

POWER, HEAT, FUEL = "electricity network", "heat network", "fuel"
UNITS = {
    "chp": "combined heat and power",
    "electric_boiler": "electric boilers",
    "heat_pump": "heat pumps",
    "gas_boiler": "gas boilers",
}
# Share of the largest arrow below which one is the solver's rounding, whichever way it points.
NOISE = 1e-9
SINKS = {"load": "electric demand", "heat_source": "circulation pumps", "shunt": "shunts"}
SOURCES = {"generator": "generators", "renewable": "wind and PV"}


def energy_flows(cleared: Cleared, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Arrows (source, target, energy_mwh) over the horizon; what enters a network or a kind of unit also leaves it."""
    arrows = [*_electric(cleared, tables), *_units(tables["couplers"]), *_heat(cleared, tables)]
    least = NOISE * max((abs(value) for _, _, value in arrows), default=0.0)
    turned = [(a, b, value) if value > 0.0 else (b, a, -value) for a, b, value in arrows if abs(value) > least]
    return pd.DataFrame(turned, columns=["source", "target", "energy_mwh"]).astype({"energy_mwh": float})


def _electric(cleared: Cleared, tables: Mapping[str, pd.DataFrame]) -> Iterator[Arrow]:
    hours, traded = cleared.case.hours, tables["interface"]["import_mw"]
    given = hours * tables["dispatch"].groupby("kind")["p_mw"].sum()
    yield "transmission network", POWER, hours * float(traded.clip(lower=0.0).sum())
    yield POWER, "export", -hours * float(traded.clip(upper=0.0).sum())
    for kind, name in SOURCES.items():
        yield name, POWER, float(given.get(kind, 0.0))
    for kind, name in SINKS.items():
        yield POWER, name, -float(given.get(kind, 0.0))
    yield POWER, "batteries", -float(given.get("storage", 0.0))
    yield POWER, "network losses", hours * float(tables["branches"]["loss_mw"].sum())


def _units(couplers: pd.DataFrame) -> Iterator[Arrow]:
    """Fuel where it covers what a kind of unit gives, and what is lost; units whose fuel is not told are sources."""
    totals = couplers.groupby("kind", sort=False)[["electricity_mwh", "heat_mwh", "fuel_mwh"]].sum()
    for kind, (power, heat, fuel) in zip(totals.index.astype(str), totals.to_numpy(), strict=True):
        name = UNITS[kind]
        yield name, POWER, power
        yield name, HEAT, heat
        if kind == "heat_pump":
            yield "ambient heat", name, heat + power
        elif kind == "electric_boiler" or fuel >= power + heat:
            yield FUEL, name, fuel
            yield name, "conversion losses", fuel - power - heat


def _heat(cleared: Cleared, tables: Mapping[str, pd.DataFrame]) -> Iterator[Arrow]:
    hours, given = cleared.case.hours, tables["dispatch"].groupby("kind")["heat_mw"].sum()
    demand, tanks = (-hours * float(given.get(kind, 0.0)) for kind in ("heat_load", "heat_storage"))
    loss = hours * float(tables["pipes"]["loss_mw"].sum())
    made = hours * float(sum(given.get(kind, 0.0) for kind in UNITS))
    yield HEAT, "heat demand", demand
    yield HEAT, "tanks", tanks
    yield HEAT, "pipe losses", loss
    left = made - demand - tanks - loss
    if abs(left) > 1e-9 * max(1.0, made):
        yield HEAT, "warmer pipes", left


def slack_table(cleared: Cleared) -> pd.DataFrame:
    """One row per demand that may stay unserved: carrier, highest price, energy not served and its cost."""
    case, hours = cleared.case, cleared.case.hours
    rows = []
    for table, key, variable, carrier in (
        ("unserved", "load", "unserved_p", "electricity"),
        ("heat_unserved", "heat_load", "unserved_heat", "heat"),
    ):
        price, taken = case.series(table, "price_per_mwh"), cleared.megawatts(variable, table)
        names = [f"{table} {name}" for name in case.tables[table][key].astype(str)]
        energy, cost = hours * taken.sum(axis=1), hours * (price * taken).sum(axis=1)
        rows += list(zip(names, [carrier] * len(names), price.max(axis=1, initial=0.0), energy, cost, strict=True))
    found = pd.DataFrame(rows, columns=["slack", "carrier", "price_per_mwh", "energy_mwh", "cost"])
    numbers = {name: np.asarray(found[name], dtype=np.float64) for name in ("price_per_mwh", "energy_mwh", "cost")}
    return found.assign(slack=words(found["slack"].to_numpy()), carrier=words(found["carrier"].to_numpy()), **numbers)
