"""A run made up of simple numbers, so that tests of the report know what must be in it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.case.schema import SCHEMA
from gridpact.results.record import Record, long_table

Floats = NDArray[np.float64]


def rows(name: str, **columns: Any) -> pd.DataFrame:
    """A table of the schema with the given columns and the defaults elsewhere."""
    size = len(next(iter(columns.values()))) if columns else 0
    defaults = {column.name: [column.default] * size for column in SCHEMA[name].columns}
    return pd.DataFrame(defaults | columns)


def make_case(buses: int = 6, steps: int = 24, start: str = "2026-06-01T00:00", minutes: float = 60.0) -> Case:
    """A feeder: an interface at its root, a generator, PV, wind, a storage, and a load at every bus."""
    names = [f"b{number}" for number in range(buses)]
    lines = {
        "from_bus": names[:-1],
        "to_bus": names[1:],
        "line": [f"{a}-{b}" for a, b in pairwise(names)],
    }
    ones = [1.0] * (buses - 1)
    tables = {name: rows(name) for name in SCHEMA} | {
        "buses": rows("buses", bus=names, vn_kv=[20.0] * buses, vm_min_pu=[0.9] * buses, vm_max_pu=[1.1] * buses),
        "lines": rows("lines", **lines, length_km=ones, r_ohm_per_km=ones, x_ohm_per_km=ones),
        "interfaces": rows("interfaces", interface=["grid"], bus=names[:1], vm_pu=[1.0], price_per_mwh=[50.0]),
        "generators": rows("generators", generator=["chp"], bus=names[-1:], max_p_mw=[1.0], cost_per_mwh=[60.0]),
        "renewables": rows("renewables", renewable=["sun", "gale"], bus=names[-2:], kind=["pv", "wind"], p_mw=ones[:2]),
        "storages": rows(
            "storages", storage=["cell"], bus=names[-1:], energy_mwh=[2.0], charge_mw=[1.0], discharge_mw=[1.0],
            efficiency_charge=[1.0], efficiency_discharge=[1.0], initial_mwh=[1.0],
        ),
        "loads": rows("loads", load=[f"load-{name}" for name in names], bus=names, p_mw=[1.0] * buses),
    }  # fmt: skip
    return Case(
        "made-up",
        "EUR",
        "Europe/Berlin",
        pd.Timestamp(start, tz="Europe/Berlin"),
        minutes,
        steps,
        tables,
        pd.DataFrame(),
    )


def certificate(verdict: str = "certified", failed: tuple[str, ...] = ()) -> dict[str, Any]:
    checks = [
        {
            "name": name,
            "required": True,
            "passed": name not in failed,
            "value": 2e-3 if name in failed else 1e-9,
            "tolerance": 1e-6,
            "where": "bus b3, 12:00",
            "description": f"what {name} compares",
        }
        for name in ("cone_gap", "ac_voltages", "price_probes")
    ]
    return {"verdict": "failed" if failed else verdict, "checks": checks}


def make_record(
    case: Case | None = None, document: Mapping[str, Any] | None = None, prices: Floats | None = None
) -> Record:
    """The run: every load takes 1 MW, losses are 0.1 MW, the grid gives what sun, wind, generator and cell do not."""
    case = make_case() if case is None else case
    document = certificate() if document is None else document
    hour = np.arange(case.steps)
    root = 50.0 + 10.0 * np.sin(2.0 * np.pi * hour / 24.0)
    distance = np.linspace(0.0, 1.0, case.count("buses"))[:, None]
    loss, voltage = 4.0 * distance * np.ones(case.steps), distance * np.where(hour % 24 == 18, -6.0, 0.0)
    active = root + loss + voltage if prices is None else prices
    zero = np.zeros_like(active)
    tables = {
        "electricity_prices": long_table(
            case.snapshots, "bus", case.ids("buses"), price_per_mwh=active, energy_per_mwh=root + zero,
            loss_per_mwh=loss, reactive_loss_per_mwh=zero, voltage_per_mwh=voltage, congestion_per_mwh=zero,
            interface_per_mwh=zero,
            reactive_price_per_mvarh=zero, certified=zero == 0 if document["verdict"] == "certified" else zero != 0,
        ),
        "dispatch": _dispatch(case),
        "storages": long_table(case.snapshots, "storage", ["cell"], energy_mwh=1.0 + 0.5 * np.sin(hour / 4.0)[None, :]),
        "buses": long_table(case.snapshots, "bus", case.ids("buses"), vm_pu=1.0 - 0.05 * distance + 0.0 * zero),
        "branches": long_table(case.snapshots, "branch", case.ids("lines"), loading_percent=50.0 + zero[1:]),
        "settlement": _settlement(case),
    }  # fmt: skip
    energies = {"load": 100.0, "loss": 2.0, "import": 80.0, "export": 0.0, "generation": 12.0, "renewable": 10.0}
    summary = {"objective": 1234.5, "curtailed_mwh": 3.0} | {f"{name}_mwh": value for name, value in energies.items()}
    settings = {"formulation": "soc", "solver": "clarabel"}
    return Record("clear", settings, case, summary, tables, {}, {"versions": {"clarabel": "0.11.1"}}, document)


def _dispatch(case: Case) -> pd.DataFrame:
    hour, loads = np.arange(case.steps), case.ids("loads")
    sun, wind = 1.5 * np.clip(np.sin(np.pi * (hour % 24 - 6) / 12.0), 0.0, None), 0.6 + 0.4 * np.cos(hour / 5.0)
    cell, chp = np.where(hour % 24 < 6, -0.5, np.where(hour % 24 > 17, 0.4, 0.0)), 0.5 * np.ones(case.steps)
    grid = len(loads) + 0.1 - sun - wind - cell - chp
    power = np.vstack([grid, chp, sun, wind, cell, -np.ones((len(loads), case.steps))])
    kinds = ["interface", "generator", "renewable", "renewable", "storage", *["load"] * len(loads)]
    table = long_table(case.snapshots, "device", ["grid", "chp", "sun", "gale", "cell", *loads], p_mw=power)
    return table.assign(kind=kinds * case.steps)


def _settlement(case: Case) -> pd.DataFrame:
    """Every load pays 100.25; the grid receives 90 %, the generator 5 %, the operator keeps the rest."""
    loads = case.ids("loads")
    total = 100.25 * len(loads)
    payment = [100.25] * len(loads) + [-0.9 * total, -0.05 * total, -0.05 * total]
    kinds = ["load"] * len(loads) + ["interface", "generator", "operator"]
    return pd.DataFrame(
        {"participant": [*loads, "grid", "chp", "network"], "kind": kinds, "carrier": "electricity", "payment": payment}
    )
