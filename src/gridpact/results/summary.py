"""The few numbers that say what a cleared market did."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from gridpact.case.case import Case

Tables = Mapping[str, pd.DataFrame]


def clearing_summary(case: Case, tables: Tables, objective: float) -> dict[str, Any]:
    """Cost, energies in MWh, losses, extreme voltages and loadings, and the range of the prices."""
    return {
        **horizon_words(case),
        "objective": objective,
        **_energies(case, tables),
        **_network(tables),
        **_prices(tables["electricity_prices"]),
        **(_heat(case, tables) if "heat_prices" in tables else {}),
        **(_not_served(tables["slacks"]) if "slacks" in tables else {}),
    }


def horizon_words(case: Case) -> dict[str, Any]:
    """Name, currency and horizon of a case, with which every summary begins."""
    return {
        "case": case.name,
        "currency": case.currency,
        "timezone": case.timezone,
        "start": case.snapshots[0].isoformat(),
        "steps": case.steps,
        "step_minutes": case.step_minutes,
    }


def _energies(case: Case, tables: Tables) -> dict[str, float]:
    dispatch, interface = tables["dispatch"], tables["interface"]
    power = dispatch.groupby("kind")["p_mw"].sum()
    available = float(case.series("renewables", "p_mw").sum())
    renewable = float(power.get("renewable", 0.0))
    return {
        "load_mwh": -case.hours * float(power.get("load", 0.0)),
        "import_mwh": case.hours * float(interface["import_mw"].clip(lower=0.0).sum()),
        "export_mwh": -case.hours * float(interface["import_mw"].clip(upper=0.0).sum()),
        "generation_mwh": case.hours * float(power.get("generator", 0.0)),
        "renewable_mwh": case.hours * renewable,
        "curtailed_mwh": case.hours * (available - renewable),
        "loss_mwh": case.hours * float(tables["branches"]["loss_mw"].sum()),
    }


def _network(tables: Tables) -> dict[str, float | None]:
    loading = tables["branches"]["loading_percent"].max()
    return {
        "lowest_vm_pu": float(tables["buses"]["vm_pu"].min()),
        "highest_vm_pu": float(tables["buses"]["vm_pu"].max()),
        "highest_loading_percent": None if np.isnan(loading) else float(loading),
    }


def _prices(prices: pd.DataFrame) -> dict[str, float]:
    column = prices["price_per_mwh"]
    return {
        "price_min_per_mwh": float(column.min()),
        "price_mean_per_mwh": float(column.mean()),
        "price_max_per_mwh": float(column.max()),
    }


def _heat(case: Case, tables: Tables) -> dict[str, float]:
    """Heat drawn and lost, power of the pumps, and the range of the prices of heat."""
    given = tables["dispatch"].groupby("kind")[["p_mw", "heat_mw"]].sum()
    prices = {f"heat_{name}": value for name, value in _prices(tables["heat_prices"]).items()}
    return {
        "heat_load_mwh": -case.hours * float(given["heat_mw"].get("heat_load", 0.0)),
        "heat_loss_mwh": case.hours * float(tables["pipes"]["loss_mw"].sum()),
        "pump_mwh": -case.hours * float(given["p_mw"].get("heat_source", 0.0)),
        **prices,
    }


def _not_served(slacks: pd.DataFrame) -> dict[str, float]:
    """Demand that stayed unserved, by carrier; only of carriers of which some may."""
    names = {"electricity": "not_served_mwh", "heat": "heat_not_served_mwh"}
    energy = slacks.groupby("carrier")["energy_mwh"].sum()
    return {names[str(carrier)]: float(value) for carrier, value in energy.items()}
