"""Build the example of a reliability study: rbts2-reliability.

    python scripts/make_rbts2.py [ROOT]

writes ``src/gridpact/examples/rbts2-reliability/`` (study.toml and the case) below ROOT, by default this repository;
make_examples.py does so too. What the numbers mean, and which of them are choices of ours, is told in the SOURCES.txt
beside the case.
"""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

TOOLS = runpy.run_path(str(Path(__file__).with_name("make_examples.py")))
Row, Tables = TOOLS["Row"], TOOLS["Tables"]
REPOSITORY, DATA = TOOLS["REPOSITORY"], TOOLS["DATA"]
source, rows, write_case, write_toml = (TOOLS[name] for name in ("source", "rows", "write_case", "write_toml"))

KV, R_OHM_PER_KM, X_OHM_PER_KM, TIE_KM = 11.0, 0.27, 0.35, 0.1
TIES = (("1", "2"), ("3", "4"))
YEARS, SEED = 10_000, 1  # drawn at random beside the indices
HEADER = {
    "name": "rbts2-reliability",
    "currency": "USD",
    "timezone": "UTC",
    "start": "2024-01-01T00:00:00+00:00",
    "step_minutes": 60,
    "steps": 1,
}


def component_data() -> dict[str, float]:
    return dict(json.loads((DATA / "rbts_bus2/reference.json").read_text(encoding="utf-8"))["component_data"])


def main_bus(feeder: str, position: int) -> str:
    """Bus at the end of a section of a main feeder; before the first one stands the station."""
    return "station" if position < 0 else f"F{feeder}-{position + 1}"


def sections(kind: str) -> list[dict[str, str]]:
    return [row for row in source("rbts_bus2/sections.csv") if row["kind"] == kind]


def last(feeder: str) -> int:
    return max(int(row["position_along_main_0based"]) for row in sections("main") if row["feeder"] == feeder)


def buses() -> list[Row]:
    mains = [main_bus(row["feeder"], int(row["position_along_main_0based"])) for row in sections("main")]
    points = [f"LP{row['load_point']}" for row in source("rbts_bus2/load_points.csv")]
    return rows("bus vn_kv vm_min_pu vm_max_pu", *((bus, KV, 0.9, 1.1) for bus in ["station", *mains, *points]))


def line(name: str, start: str, end: str, length_km: float, failures: float | None, repair_h: float | None) -> Row:
    columns = "line from_bus to_bus length_km r_ohm_per_km x_ohm_per_km failures_per_km_year repair_h"
    return rows(columns, (name, start, end, length_km, R_OHM_PER_KM, X_OHM_PER_KM, failures, repair_h))[0]


def lines() -> list[Row]:
    data = component_data()
    failing = data["line_failures_per_km_yr"], float(data["line_repair_h"])
    found = []
    for row in [*sections("main"), *sections("lateral")]:
        place = int(row["position_along_main_0based"])
        lateral = row["kind"] == "lateral"
        end = f"LP{row['load_point_if_lateral']}" if lateral else main_bus(row["feeder"], place)
        start = main_bus(row["feeder"], place if lateral else place - 1)
        found.append(line(row["section"], start, end, float(row["length_km"]), *failing))
    for one, other in TIES:
        ends = main_bus(one, last(one)), main_bus(other, last(other))
        found.append(line(f"tie-{one}-{other}", *ends, TIE_KM, None, None))
    return found


def protection() -> list[Row]:
    """Breakers before the feeders, sectionalisers before the further sections, fuses before the laterals."""
    hours = float(component_data()["switching_h"])
    devices = []
    for row in sections("main"):
        first = row["position_along_main_0based"] == "0"
        kind = "breaker" if first else "sectionaliser"
        devices.append((f"{kind}-{row['section']}", row["section"], "from", kind, None if first else hours))
    devices += [(f"fuse-{row['section']}", row["section"], "from", "fuse", None) for row in sections("lateral")]
    return list(rows("device line end kind switching_h", *devices))


def loads() -> list[Row]:
    data = component_data()
    failures, repair_h = data["transformer_11_0415_failures_per_yr"], float(data["transformer_repair_h"])
    columns = "load bus p_mw customers transformer_failures_per_year transformer_repair_h"
    records = []
    for row in source("rbts_bus2/load_points.csv"):
        own = (failures, repair_h) if row["has_11_0.415kV_transformer"] == "1" else (None, None)
        name = f"LP{row['load_point']}"
        records.append((name, name, float(row["avg_load_MW"]), float(row["customers"]), *own))
    return list(rows(columns, *records))


def switches() -> list[Row]:
    hours = float(component_data()["switching_h"])
    ties = [f"tie-{one}-{other}" for one, other in TIES]
    return list(rows("switch line closed switching_h", *((f"open-{tie}", tie, False, hours) for tie in ties)))


def make(root: Path) -> None:
    tables: Tables = {
        "buses": buses(),
        "lines": lines(),
        "switches": switches(),
        "interfaces": rows("interface bus vm_pu price_per_mwh", ("supply", "station", 1.0, 50.0)),
        "loads": loads(),
        "protection": protection(),
    }
    folder = root / "src/gridpact/examples/rbts2-reliability"
    write_case(folder / "case", HEADER, tables)
    settings = {"monte_carlo_years": YEARS, "seed": SEED}
    write_toml(folder / "study.toml", {"question": "reliability", "case": "case"}, settings)


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else REPOSITORY)
