"""A plan made up of plausible numbers on a network of any size, with real typical days of a year."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import gridpact as gp
from gridpact.case.case import Case
from gridpact.case.planned import most_units
from gridpact.examples.synthetic import synthetic_feeder
from gridpact.planning.scenarios.typical import TypicalDays, typical_days
from gridpact.results.record import Record, long_table
from tests.report.synthetic import certificate

YEAR = Path(__file__).parents[2] / "cases" / "rts-gmlc-2020" / "year.csv"
NAMES = (
    "loads/town/p_mw",
    "renewable_candidates/wind-4/p_mw",
    "renewable_candidates/pv-4/p_mw",
    "interfaces/grid/price_per_mwh",
)
START = pd.Timestamp("2020-01-01", tz="America/Phoenix")
COSTS = {
    "investment": (0.0, 410_000.0),
    "maintenance": (0.0, 52_000.0),
    "purchase": (1_400_000.0, 520_000.0),
    "sales": (0.0, -38_500.0),
    "generation": (120_000.0, 81_000.0),
    "renewables": (0.0, 9_000.0),
    "storage wear": (0.0, 4_250.0),
    "carbon": (230_000.0, 96_000.0),
    "interruption": (88_000.0, 31_000.0),
    "other": (0.0, 0.0),
}
INDEX = {
    "saifi": (0.9, 0.4, np.nan),
    "saidi_h": (4.2, 1.25, 1.26),
    "caidi_h": (4.667, 3.125, np.nan),
    "asai": (0.99952, 0.99986, np.nan),
    "eens_mwh": (14.5, 4.4, 6.0),
    "aens_kwh": (7.2, 2.2, np.nan),
}


@cache
def year() -> pd.DataFrame:
    """Load, wind, sun and a price that follows them, of every hour of 365 days."""
    table = pd.read_csv(YEAR)
    load, wind, sun = (table[name].to_numpy(dtype=np.float64)[: 365 * 24] for name in table.columns[1:])
    columns = (4.0 * load, 2.0 * wind, 1.5 * sun, 30.0 + 60.0 * load - 25.0 * wind - 10.0 * sun)
    index = pd.date_range(START, periods=365 * 24, freq="h", name="snapshot")
    return pd.DataFrame(dict(zip(NAMES, columns, strict=True)), index=index)


@cache
def chosen_days(count: int) -> TypicalDays:
    return typical_days(year(), count)


@cache
def network(buses: int) -> Case:
    """The 33 nodes on a map, or a synthetic feeder of any other size as a tree; with candidates."""
    if buses != 33:
        return _with_candidates(synthetic_feeder(buses, seed=1))
    case = gp.read_case(gp.examples.path("ieee33-day") / "case")
    trunk = np.arange(33)
    x = np.select([trunk < 18, trunk < 22, trunk < 25], [trunk, trunk - 16.5, trunk - 19.5], trunk - 19.0)
    y = np.select([trunk < 18, trunk < 22, trunk < 25], [0.0, 3.0, -3.0], -6.0)
    return _with_candidates(case.with_table("buses", case.tables["buses"].assign(x=1.0 * x, y=1.0 * y)))


def _with_candidates(case: Case) -> Case:
    """Wind, sun and storage at every fourth bus, types for some lines, ties and devices."""
    buses, lines = case.ids("buses"), case.ids("lines")
    at = buses[3::4]
    money: dict[str, Any] = {"investment": 250_000.0, "lifetime_years": 20.0, "maintenance_per_year": 4_000.0}
    plants = {"bus": at, "p_mw": 0.25, "max_units": 4.0, **money}
    case = case.with_rows(
        "renewable_candidates", {"candidate": [f"wind-{bus}" for bus in at], "kind": "wind", **plants}
    )
    case = case.with_rows("renewable_candidates", {"candidate": [f"pv-{bus}" for bus in at], "kind": "pv", **plants})
    cell = {"energy_mwh": 0.5, "charge_mw": 0.2, "discharge_mw": 0.2, "initial_mwh": 0.2}
    cell |= {"efficiency_charge": 0.95, "efficiency_discharge": 0.95}
    some = buses[7::8]
    case = case.with_rows(
        "storage_candidates",
        {"candidate": [f"cell-{bus}" for bus in some], "bus": some, "max_units": 3.0} | cell | money,
    )
    case = case.with_rows(
        "generator_candidates",
        {"candidate": ["engine"], "bus": buses[-2:-1], "max_p_mw": 0.5, "max_units": 2.0} | money,
    )
    kept = lines[:8:2]
    cable = {"r_ohm_per_km": 0.1, "x_ohm_per_km": 0.1, "max_i_ka": 0.6}
    case = case.with_rows(
        "line_candidates", {"candidate": [f"thick-{name}" for name in kept], "line": kept} | cable | money
    )
    ends = {"from_bus": [buses[-1], buses[8]], "to_bus": [buses[len(buses) // 2], buses[20]], "length_km": 2.0}
    case = case.with_rows("tie_candidates", {"candidate": ["tie-a", "tie-b"], **ends} | cable | money)
    devices = {"line": lines[5:21:4], "end": ["from", "to", "from", "to"]}
    kinds = ["breaker", "recloser", "fuse", "sectionaliser"]
    return case.with_rows(
        "protection_candidates", {"candidate": [f"{kind}-1" for kind in kinds], "kind": kinds} | devices | money
    )


def plan_record(buses: int = 33, scenarios: int = 8) -> Record:
    """A plan of the network, every table there is."""
    typical = chosen_days(scenarios)
    case = replace(network(buses), start=START, steps=365 * 24, profiles=year(), timezone=str(START.tz))
    tables = {
        "investments": investments(case),
        "annual_costs": pd.DataFrame(
            {"item": list(COSTS), "before": [b for b, _ in COSTS.values()], "after": [a for _, a in COSTS.values()]}
        ),
        "scenarios": typical.scenarios(),
        "duration_curves": typical.duration_curves(),
        "scenario_quality": typical.quality,
        "decision_graph": _decision_graph(typical),
        **_days(typical),
        "convergence": _convergence(),
        **reliability_tables(case),
        "year": _year(typical),
        **_operation(case, typical),
    }
    after = sum(after for _, after in COSTS.values())
    summary = {
        "case": case.name, "currency": case.currency, "start": "2020-01-01T00:00", "steps": 24 * 365,
        "step_minutes": 60.0, "verdict": "certified", "objective": after,
        "objective_lower_bound": 0.999 * after, "objective_by_form": after, "gap": 1e-3,
        "investment": float(tables["investments"]["investment"].sum()), "budget": 8e6, "capex_per_year": 410_000.0,
        "saidi_h_before": 4.2, "saidi_h": 1.25, "seconds": 12.5, "iterations": 14,
    }  # fmt: skip
    settings = {"typical_days": scenarios, "gap": 1e-3, "budget": 8e6, "saidi_limit_h": 1.26, "method": "benders"}
    return Record("plan", settings, case, summary, tables, {}, {"versions": {"highspy": "1.11"}}, certificate())


def investments(case: Case) -> pd.DataFrame:
    """Every third candidate is built, with a unit fewer than there may be; each of the others has a value."""
    places = {
        "renewable_candidates": "bus",
        "storage_candidates": "bus",
        "generator_candidates": "bus",
        "line_candidates": "line",
        "protection_candidates": "line",
    }
    rows = []
    for name, column in places.items():
        table = case.tables[name]
        kinds = table["kind"] if "kind" in table else [name.partition("_")[0]] * len(table)
        rows += list(zip(table["candidate"], kinds, table[column], table["investment"], strict=True))
    ties = case.tables["tie_candidates"]
    between = ties["from_bus"] + " - " + ties["to_bus"]
    rows += [(*row, 250_000.0) for row in zip(ties["candidate"], ["tie"] * len(ties), between, strict=True)]
    found, most = pd.DataFrame(rows, columns=["asset", "kind", "place", "price"]), most_units(case)
    found["max_units"] = found["asset"].map(most)
    found["units"] = np.where(np.arange(len(found)) % 3 == 0, np.maximum(found["max_units"] - 1, 1), 0)
    found["p_mw"] = found["units"] * found["kind"].map({"pv": 0.25, "wind": 0.25, "storage": 0.25, "generator": 0.5})
    found["energy_mwh"] = found["units"].where(found["kind"] == "storage")
    found["investment"] = found["units"] * found.pop("price")
    found["capex_per_year"] = 0.08 * found["investment"]
    found["maintenance_per_year"] = 4_000.0 * found["units"]
    value = 20_000.0 * np.sin(np.arange(len(found))) - 12_000.0
    found["marginal_value_per_year"] = np.where(found["units"] < found["max_units"], value, np.nan)
    return found


def _days(typical: TypicalDays) -> dict[str, pd.DataFrame]:
    """The profiles of the typical days, and which day each day of the year goes by."""
    wide = typical.profile_table().rename(columns={"hour": "snapshot"})
    wide["snapshot"] = pd.date_range(START, periods=len(wide), freq="h")
    days = pd.DataFrame({"day": list(typical.days.dates), "scenario": (typical.labels + 1).astype(str)})
    return {"scenario_profiles": wide, "scenario_days": days}


def _decision_graph(typical: TypicalDays) -> pd.DataFrame:
    graph = typical.density_peaks().decision_graph()
    centres = [number for number in typical.source if number >= 0]
    return pd.DataFrame(
        {
            "day": [typical.days.dates[number] for number in graph["point"]],
            "density": graph["rho"],
            "distance": graph["delta"],
            "centre": graph["point"].isin(centres),
        }
    )


def _convergence() -> pd.DataFrame:
    """Bounds that meet: the first lower one is far off, as those of a master without cuts are."""
    count = np.arange(14.0)
    upper, lower = 1.16475e6 + 9e5 * np.exp(-count / 2.0), 1.16475e6 - 2e6 * np.exp(-count / 1.6)
    lower[0] = -np.inf
    gap = (upper - lower) / np.abs(upper)
    return pd.DataFrame(
        {
            "iteration": np.arange(14),
            "lower_bound": lower,
            "upper_bound": upper,
            "gap": gap,
            "seconds": 0.9 * count + 0.4,
        }
    )


def reliability_tables(case: Case) -> dict[str, pd.DataFrame]:
    loads = case.ids("loads")
    far = np.linspace(0.3, 6.0, len(loads))
    common = {"load": loads, "feeder": "feeder-1", "customers": 10.0, "mean_mw": 0.1, "failures_per_year": 0.3}
    before = pd.DataFrame({**common, "hours_per_year": far, "hours_per_failure": far / 0.3, "eens_mwh": 0.1 * far})
    values = np.array(list(INDEX.values()))
    return {
        "reliability": pd.DataFrame(
            {"index": list(INDEX), "before": values[:, 0], "value": values[:, 1], "limit": values[:, 2]}
        ),
        "reliability_loads_before": before,
        "reliability_loads": before.assign(hours_per_year=0.4 * far, eens_mwh=0.04 * far),
    }


def _year(typical: TypicalDays) -> pd.DataFrame:
    """Every day costs what its scenario does, more or less; two days have no operation."""
    days = np.arange(typical.days.count)
    cost = 2_000.0 + 1_500.0 * typical.profiles[:, 0].mean(axis=1)
    estimate = cost[typical.labels]
    real = estimate * (1.0 + 0.06 * np.sin(1.7 * days)) + np.where(days == 200, 2_500.0, 0.0)
    status = np.where(np.isin(days, (31, 32)), "infeasible", "cleared")
    start = START
    return pd.DataFrame(
        {
            "snapshot": [start + pd.DateOffset(days=int(day)) for day in days],
            "scenario": [str(label + 1) for label in typical.labels],
            "cost": np.where(status == "cleared", real, np.nan),
            "estimated_cost": estimate,
            "unserved_mwh": np.where(days == 200, 0.4, 0.0),
            "status": status,
        }
    )


def _operation(case: Case, typical: TypicalDays) -> dict[str, pd.DataFrame]:
    """What the plan does on the typical days, one after the other: the demand met by wind, sun, storage and grid."""
    steps, profiles = 24 * len(typical.weights), typical.profiles.transpose(1, 0, 2).reshape(4, -1)
    snapshots = pd.date_range("2020-01-01", periods=steps, freq="h", tz=case.timezone, name="snapshot")
    load, wind, sun, price = profiles
    cell = 0.3 * np.sin(2.0 * np.pi * (np.arange(steps) - 3.0) / 24.0)
    built = investments(case).query("units > 0").groupby("kind")["asset"].first()
    loads = case.ids("loads")
    devices = ["grid", built["wind"], built["pv"], built.get("storage", "cell"), *loads]
    kinds = ["interface", "renewable", "renewable", "storage", *["load"] * len(loads)]
    each = np.tile(-load / len(loads), (len(loads), 1))
    dispatch = long_table(
        snapshots, "device", devices, p_mw=np.vstack([load - wind - sun - cell, wind, sun, cell, each])
    )
    far = np.linspace(0.0, 1.0, case.count("buses"))[:, None]
    lines = np.ones(case.count("lines"))[:, None]
    return {
        "dispatch": dispatch.assign(kind=kinds * steps),
        "buses": long_table(
            snapshots, "bus", case.ids("buses"), vm_pu=1.0 - 0.03 * far * (load - wind - sun) / load.max()
        ),
        "branches": long_table(
            snapshots, "branch", case.ids("lines"), loading_percent=60.0 * lines * load / load.max()
        ),
        "electricity_prices": long_table(
            snapshots,
            "bus",
            case.ids("buses"),
            price_per_mwh=price * (1.0 + 0.05 * far),
            certified=far + 0.0 * load == far,
        ),
    }


def without(record: Record, *tables: str) -> Record:
    """The record without some tables."""
    return replace(record, tables={name: table for name, table in record.tables.items() if name not in tables})
