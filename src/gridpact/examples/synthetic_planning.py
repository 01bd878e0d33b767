"""Planning cases of any size: a synthetic feeder, some days of shapes of load, wind and sun, and candidates.

Every number follows from the arguments. The feeder is that of ``synthetic_feeder`` without its devices; days differ in
load, wind and sun. Candidates are spread evenly over the feeder, each site a little dearer than the one before, so
that few of them are equal and all are worth asking about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.examples.synthetic import synthetic_feeder

Floats = NDArray[np.float64]
KEPT = ("buses", "lines", "interfaces", "loads")


def synthetic_planning(buses: int, plants: int = 16, storages: int = 12, lines: int = 20, days: int = 4) -> Case:
    """A feeder of ``buses`` buses over ``days`` days: ``plants`` sites of PV and three quarters as many of wind,
    ``storages`` sites of storages, and as many ``lines``, nearest to the substation, that may be built stronger.

    Raises ``InputError`` for a size out of range (see ``synthetic_feeder``).
    """
    bare = _bare(synthetic_feeder(buses), days)
    unit = 0.02 * float(bare.column("loads", "p_mw").sum())
    case = _with_plants(bare, "pv", plants, unit, 1_150_000.0)
    case = _with_plants(case, "wind", 3 * plants // 4, unit, 1_420_000.0)
    return _with_shapes(_with_lines(_with_storages(case, storages, unit), lines), days)


def _bare(feeder: Case, days: int) -> Case:
    """The feeder with its peak loads and without capacitance, devices and profiles."""
    peak = {name: feeder.series("loads", name).max(axis=1) for name in ("p_mw", "q_mvar")}
    tables = {name: table if name in KEPT else table.iloc[:0] for name, table in feeder.tables.items()}
    tables["loads"] = tables["loads"].assign(**peak)
    tables["lines"] = tables["lines"].assign(c_nf_per_km=0.0)
    tables["interfaces"] = tables["interfaces"].assign(sell_ratio=0.6)
    case = replace(feeder, tables=tables, steps=24 * days, step_minutes=60.0, window="day")
    return replace(case, profiles=pd.DataFrame(index=case.snapshots))


def _spread(case: Case, count: int, first: int) -> list[str]:
    """Buses at equal distances in the order of the feeder, beside the substation."""
    places = np.linspace(first, case.count("buses") - 1, count).astype(int)
    return [case.ids("buses")[place] for place in places]


def _with_plants(case: Case, kind: str, count: int, unit: float, per_mw: float) -> Case:
    buses = _spread(case, count, 5 if kind == "pv" else 8)
    rows: Mapping[str, Any] = {
        "candidate": [f"{kind}-{number + 1}" for number in range(count)],
        "bus": buses,
        "kind": kind,
        "p_mw": unit,
        "sn_mva": 1.1 * unit,
        "max_units": 3.0,
        "investment": unit * per_mw * (1.0 + 0.004 * np.arange(count)),
        "lifetime_years": 25.0,
        "maintenance_per_year": 0.015 * unit * per_mw,
    }
    return case.with_rows("renewable_candidates", rows)


def _with_storages(case: Case, count: int, unit: float) -> Case:
    rows: Mapping[str, Any] = {
        "candidate": [f"storage-{number + 1}" for number in range(count)],
        "bus": _spread(case, count, 6),
        "energy_mwh": 2.0 * unit,
        "charge_mw": unit,
        "discharge_mw": unit,
        "efficiency_charge": 0.95,
        "efficiency_discharge": 0.95,
        "initial_mwh": unit,
        "max_units": 2.0,
        "investment": unit * 145_000.0 * (1.0 + 0.004 * np.arange(count)),
        "lifetime_years": 15.0,
        "maintenance_per_year": 2000.0 * unit,
    }
    return case.with_rows("storage_candidates", rows)


def _with_lines(case: Case, count: int) -> Case:
    """Half the resistance for the lines of most load, in the order of the table, which begins at the substation."""
    lines = case.tables["lines"].iloc[:count]
    rows: Mapping[str, Any] = {
        "candidate": [f"strong-{name}" for name in lines["line"]],
        "line": lines["line"],
        "r_ohm_per_km": 0.5 * lines["r_ohm_per_km"],
        "x_ohm_per_km": 0.9 * lines["x_ohm_per_km"],
        "max_i_ka": 1.5 * lines["max_i_ka"],
        "investment": 30_000.0 * lines["length_km"],
        "lifetime_years": 40.0,
    }
    return case.with_rows("line_candidates", rows)


def _with_shapes(case: Case, days: int) -> Case:
    """Hours of load, wind, sun and price; every day has its own."""
    hour, day = np.tile(np.arange(24), days), np.repeat(np.arange(days), 24)
    turn = 2.0 * np.pi * day / max(days, 1)
    load = (0.62 + 0.25 * np.exp(-((hour - 19.0) ** 2) / 18.0) + 0.1 * np.exp(-((hour - 9.0) ** 2) / 10.0)) * (
        1.0 + 0.12 * np.cos(turn)
    )
    sun = np.maximum(0.0, np.sin(np.pi * (hour - 6.0) / 12.0)) * (0.75 - 0.25 * np.cos(turn))
    wind = np.clip(0.38 + 0.3 * np.sin(2.0 * np.pi * (hour - 3.0) / 24.0 + 2.1 * day) + 0.1 * np.cos(turn), 0.0, 1.0)
    price = 35.0 + 55.0 * load
    profiles = {f"loads/{name}/p_mw": value * load for name, value in _constants(case, "loads", "p_mw")}
    profiles |= {f"loads/{name}/q_mvar": value * load for name, value in _constants(case, "loads", "q_mvar")}
    shape = {"pv": sun, "wind": wind}
    profiles |= {
        f"renewable_candidates/{name}/p_mw": value * shape[name.split("-")[0]]
        for name, value in _constants(case, "renewable_candidates", "p_mw")
    }
    profiles |= {f"interfaces/{name}/price_per_mwh": price for name in case.ids("interfaces")}
    return case.with_profiles(profiles)


def _constants(case: Case, table: str, column: str) -> list[tuple[str, float]]:
    return list(zip(case.ids(table), case.column(table, column).tolist(), strict=True))
