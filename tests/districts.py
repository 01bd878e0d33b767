"""Small districts for tests: a case from rows of tables, and seeded random radial feeders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gridpact.case.case import Case
from gridpact.errors import InputError
from gridpact.io.folder import case_from_files

Rows = Sequence[Mapping[str, Any]]
HEADER = {"name": "test", "currency": "EUR", "timezone": "UTC", "start": "2030-01-01T00:00:00+00:00"}


def district(profiles: Mapping[str, Sequence[float]] | None = None, **parts: Any) -> Case:
    """A validated case: tables as lists of rows, profiles by path, anything else for the header."""
    tables = {name: rows for name, rows in parts.items() if isinstance(rows, list)}
    header = {**HEADER, "step_minutes": 60, "steps": 1}
    header |= {name: value for name, value in parts.items() if not isinstance(value, list)}
    files = {f"{name}.csv": pd.DataFrame(rows).to_csv(index=False).encode() for name, rows in tables.items()}
    files["case.toml"] = "".join(f"{key} = {value!r}\n" for key, value in header.items()).encode()
    if profiles:
        start = pd.Timestamp(header["start"]).tz_convert(header["timezone"])
        step = pd.Timedelta(minutes=header["step_minutes"])
        times = [(start + k * step).isoformat() for k in range(header["steps"])]
        files["profiles.csv"] = pd.DataFrame({"snapshot": times, **profiles}).to_csv(index=False).encode()
    case, issues = case_from_files(files)
    if case is None:
        raise InputError(issues)
    return case


def bus(name: str, low: float = 0.9, high: float = 1.1, vn_kv: float = 10.0) -> dict[str, Any]:
    return {"bus": name, "vn_kv": vn_kv, "vm_min_pu": low, "vm_max_pu": high}


def line(name: str, start: str, end: str, r: float = 0.5, x: float = 0.4, **more: Any) -> dict[str, Any]:
    ends = {"line": name, "from_bus": start, "to_bus": end, "length_km": 1.0}
    return {**ends, "r_ohm_per_km": r, "x_ohm_per_km": x, **more}


def interface(price: float = 50.0, **more: Any) -> dict[str, Any]:
    return {"interface": "grid", "bus": "1", "vm_pu": 1.0, "price_per_mwh": price, **more}


def load(at: str, p: float, q: float = 0.0) -> dict[str, Any]:
    return {"load": f"load-{at}", "bus": at, "p_mw": p, "q_mvar": q}


def two_buses(**more: Any) -> Case:
    """A grid at bus 1 (50 EUR/MWh) and a load of 2 MW and 1 Mvar at bus 2, behind 0.5 + 0.4j ohm at 10 kV."""
    parts: dict[str, Any] = {
        "buses": [bus("1"), bus("2")],
        "lines": [line("a", "1", "2")],
        "interfaces": [interface()],
        "loads": [load("2", 2.0, 1.0)],
    }
    return district(**(parts | more))


def random_feeder(seed: int, buses: int = 8, steps: int = 2) -> Case:
    """A radial feeder with loads, PV with inverters, generators, storage and bids; imports in most steps."""
    random = np.random.default_rng(seed)
    names = [str(k + 1) for k in range(buses)]
    lines = []
    for k in range(1, buses):
        ends = (names[int(random.integers(0, k))], names[k])
        start, end = ends if random.random() < 0.5 else ends[::-1]
        more = {"c_nf_per_km": float(random.choice([0.0, 300.0])), "max_i_ka": 0.4}
        lines.append(line(f"L{k}", start, end, random.uniform(0.1, 0.6), random.uniform(0.1, 0.6), **more))
    demand = random.uniform(0.05, 0.4, buses - 1)
    shape = random.uniform(0.6, 1.2, steps)
    price = random.uniform(30.0, 70.0, steps)
    sun = random.uniform(0.0, 0.4, steps)
    at = [names[int(k)] for k in random.integers(1, buses, 4)]
    profiles = {f"loads/load-{n}/p_mw": (shape * d).tolist() for n, d in zip(names[1:], demand, strict=True)}
    profiles |= {"interfaces/grid/price_per_mwh": price.tolist(), "renewables/pv/p_mw": sun.tolist()}
    return district(
        profiles,
        steps=steps,
        buses=[bus(n) for n in names],
        lines=lines,
        interfaces=[interface(sell_ratio=0.8)],
        loads=[load(n, d, 0.3 * d) for n, d in zip(names[1:], demand, strict=True)],
        renewables=[{"renewable": "pv", "bus": at[0], "kind": "pv", "p_mw": 0.1, "sn_mva": 0.4}],
        generators=[
            {
                "generator": "gas",
                "bus": at[1],
                "max_p_mw": 0.3,
                "min_q_mvar": -0.1,
                "max_q_mvar": 0.1,
                "cost_per_mwh": float(random.uniform(30.0, 60.0)),
                "cost_per_mw2h": 20.0,
            }
        ],
        storages=[
            {
                "storage": "battery",
                "bus": at[2],
                "energy_mwh": 0.3,
                "charge_mw": 0.1,
                "discharge_mw": 0.1,
                "efficiency_charge": 0.95,
                "efficiency_discharge": 0.95,
                "initial_mwh": 0.15,
                "wear_cost_per_mwh": 1.0,
            }
        ],
        bids=[{"bid": "b", "load": f"load-{at[3]}", "p_mw": 0.1, "benefit_per_mwh": 55.0, "q_mvar_per_mw": 0.2}],
    )
