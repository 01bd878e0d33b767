"""Build the examples carried in the package, and the cases of the tests, from the source data in scripts/data.

    python scripts/make_examples.py [ROOT]

writes ``src/gridpact/examples/<name>/`` (study.toml and the case folders) and ``tests/cases/case33bw/case/`` below
ROOT, by default this repository. The output depends on nothing but the source data, the numbers in this file,
make_oberrhein.py, which builds oberrhein-day with the importer of the package, make_heat.py, which adds heat networks,
make_game.py, which adds transmission markets, make_rbts2.py, which builds the example of reliability,
make_planning.py, which builds the planning cases, make_trading.py, which builds that of trade, and make_together.py,
which builds that of a joint plan; what the numbers mean, and which of them are choices of ours, is told in the
SOURCES.txt beside each example.
"""

from __future__ import annotations

import csv
import json
import math
import runpy
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

Value = str | float | bool | None
Row = dict[str, Value]
Tables = dict[str, list[Row]]

REPOSITORY = Path(__file__).resolve().parent.parent
DATA = Path(__file__).resolve().parent / "data"
HOURS = range(24)


# --- reading and writing ----------------------------------------------------------------------------------------


def source(path: str) -> list[dict[str, str]]:
    with (DATA / path).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def cell(value: Value) -> str:
    """Numbers in the shortest form that reads back as the same float."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)


def rows(columns: str, *records: Iterable[Value]) -> list[Row]:
    """A table written down as a line of column names and one tuple per row."""
    names = columns.split()
    return [dict(zip(names, record, strict=True)) for record in records]


def write_csv(path: Path, table: list[Row]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table[0])
        writer.writerows([cell(value) for value in row.values()] for row in table)


def write_toml(path: Path, entries: Mapping[str, Value], settings: Mapping[str, Value] | None = None) -> None:
    def line(key: str, value: Value) -> str:
        return f"{key} = {json.dumps(value) if isinstance(value, str) else cell(value)}\n"

    text = "".join(line(key, value) for key, value in entries.items())
    if settings is not None:
        text += "\n[settings]\n" + "".join(line(key, value) for key, value in settings.items())
    path.write_text(text, encoding="utf-8", newline="\n")


def write_case(folder: Path, header: Mapping[str, Value], tables: Tables) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_toml(folder / "case.toml", header)
    for name, table in tables.items():
        write_csv(folder / f"{name}.csv", table)


def write_example(
    root: Path,
    name: str,
    formulation: str,
    header: Mapping[str, Value],
    tables: Tables,
    settings: Mapping[str, Value] | None = None,
) -> None:
    folder = root / "src/gridpact/examples" / name
    write_case(folder / "case", header, tables)
    study = {"question": "clear", "case": "case"}
    write_toml(folder / "study.toml", study, {"formulation": formulation, **(settings or {"price_probes": 20})})


def kiloampere(mva: float, vn_kv: float) -> float:
    """Current of an apparent power at nominal voltage."""
    return mva / (math.sqrt(3.0) * vn_kv)


# --- 33-node feeder ---------------------------------------------------------------------------------------------


def feeder33_buses(vm_min_pu: float, vm_max_pu: float) -> list[Row]:
    return [
        {"bus": bus["bus"], "vn_kv": float(bus["base_kV"]), "vm_min_pu": vm_min_pu, "vm_max_pu": vm_max_pu}
        for bus in source("case33bw/bus.csv")
    ]


def feeder33_lines(max_i_ka: Mapping[str, float], otherwise: float | None) -> list[Row]:
    return [
        {
            "line": (name := f"{branch['from']}-{branch['to']}"),
            "from_bus": branch["from"],
            "to_bus": branch["to"],
            "length_km": 1.0,
            "r_ohm_per_km": float(branch["r_ohm"]),
            "x_ohm_per_km": float(branch["x_ohm"]),
            "max_i_ka": max_i_ka.get(name, otherwise),
        }
        for branch in source("case33bw/branch.csv")
    ]


def feeder33_switches() -> list[Row]:
    ties = [branch for branch in source("case33bw/branch.csv") if branch["normally_closed"] == "0"]
    return [
        {"switch": f"tie-{branch['branch']}", "line": f"{branch['from']}-{branch['to']}", "closed": False}
        for branch in ties
    ]


def feeder33_loads() -> list[Row]:
    """The published loads; kW and kvar there, MW and Mvar here."""
    return [
        {
            "load": f"load-{bus['bus']}",
            "bus": bus["bus"],
            "p_mw": float(bus["Pd_kW"]) / 1000.0,
            "q_mvar": float(bus["Qd_kvar"]) / 1000.0,
        }
        for bus in source("case33bw/bus.csv")
        if float(bus["Pd_kW"]) > 0.0
    ]


def microgrid_loads(rest: float, microgrids: dict[str, tuple[str, float, str]]) -> list[Row]:
    """The published loads times ``rest``, and those of the microgrids, which take no reactive power from the network.

    ``microgrids`` tells bus and highest load of each by its name.
    """
    taken = [bus for bus, *_ in microgrids.values()]
    scaled = [
        load | {name: power(rest * load[name]) for name in ("p_mw", "q_mvar")}
        for load in feeder33_loads()
        if load["bus"] not in taken
    ]
    own = [{"load": name, "bus": bus, "p_mw": peak, "q_mvar": 0.0} for name, (bus, peak, _) in microgrids.items()]
    return scaled + own


def case33bw(root: Path) -> None:
    """The published base case: one hour, nothing but loads behind the substation."""
    header: Row = {
        "name": "case33bw",
        "currency": "USD",
        "timezone": "UTC",
        "start": "2020-01-01T00:00:00+00:00",
        "step_minutes": 60,
        "steps": 1,
    }
    tables = {
        "buses": feeder33_buses(0.9, 1.1),
        "lines": feeder33_lines({}, None),
        "switches": feeder33_switches(),
        "interfaces": rows("interface bus vm_pu price_per_mwh", ("substation", "1", 1.0, 50.0)),
        "loads": feeder33_loads(),
    }
    write_case(root / "tests/cases/case33bw/case", header, tables)


# --- ieee33-day -------------------------------------------------------------------------------------------------

# Sections whose limit differs from the 0.2 kA of the others.
IEEE33_TRUNK = {"1-2": 0.4, "2-3": 0.4, "3-4": 0.4, "4-5": 0.4, "5-6": 0.4}
IEEE33_LIMITS = IEEE33_TRUNK | {"23-24": 0.045}

# Import the transmission operator grants, in MW: less from 18 to 22 h than in the rest of the day.
IEEE33_EVENING, IEEE33_EVENING_IMPORT, IEEE33_IMPORT = (18, 19, 20, 21), 1.25, 3.5

IEEE33_DEVICES: Tables = {
    "interfaces": rows(
        "interface bus vm_pu price_per_mwh sell_ratio max_import_mw max_export_mw max_q_mvar",
        ("substation", "1", 1.0, 47.0, 0.9, IEEE33_IMPORT, 1.0, 0.6),
    ),
    "generators": rows(
        "generator bus min_p_mw max_p_mw min_q_mvar max_q_mvar cost_per_mwh cost_per_mw2h",
        ("gas-24", "24", 0.0, 0.6, -0.2, 0.3, 42.0, 15.0),
        ("biogas-30", "30", 0.0, 0.5, -0.1, 0.2, 0.0, 0.0),
        ("diesel-17", "17", 0.0, 0.4, -0.1, 0.2, 68.0, 0.0),
    ),
    "offers": rows(
        "offer generator p_mw cost_per_mwh",
        ("biogas-30-a", "biogas-30", 0.2, 30.0),
        ("biogas-30-b", "biogas-30", 0.15, 46.0),
        ("biogas-30-c", "biogas-30", 0.15, 60.0),
    ),
    "storages": rows(
        "storage bus energy_mwh charge_mw discharge_mw efficiency_charge efficiency_discharge initial_mwh "
        "min_mwh wear_cost_per_mwh",
        ("battery-18", "18", 1.0, 0.25, 0.25, 0.95, 0.95, 0.5, 0.1, 4.0),
        ("battery-33", "33", 0.8, 0.2, 0.2, 0.95, 0.95, 0.4, 0.08, 4.0),
    ),
    "bids": rows(
        "bid load p_mw benefit_per_mwh q_mvar_per_mw",
        ("cold-store-24-a", "load-24", 0.1, 65.0, 0.3),
        ("cold-store-24-b", "load-24", 0.1, 45.0, 0.3),
        ("workshop-32-a", "load-32", 0.06, 62.0, 0.4),
        ("workshop-32-b", "load-32", 0.06, 48.0, 0.4),
    ),
    "shiftable": rows(
        "load energy_mwh max_p_mw q_mvar_per_mw",
        ("load-8", 2.0, 0.5, 0.0),
        ("load-25", 2.0, 0.5, 0.3),
    ),
    "shunts": rows("shunt bus p_mw q_mvar", ("capacitor-30", "30", 0.0, -0.3)),
}

# Name, bus, kind, rated active power in MW, column of the weather data, whether it may be curtailed.
IEEE33_PLANTS = (
    ("pv-14", "14", "pv", 0.4, "pv_320_PV_1", True),
    ("pv-21", "21", "pv", 0.3, "pv_113_PV_1", False),
    ("pv-25", "25", "pv", 0.5, "pv_101_PV_1", True),
    ("wind-11", "11", "wind", 0.3, "wind_122_WIND_1", True),
    ("wind-31", "31", "wind", 0.4, "wind_317_WIND_1", True),
)
IEEE33_INVERTER_RATIO = 1.1

# Hours (0 to 23) in which shiftable energy may be taken.
IEEE33_WINDOWS = {"load-8": (0, 1, 2, 3, 4, 5, 19, 20, 21, 22, 23), "load-25": tuple(range(8, 18))}


def region(bus: int) -> str:
    """Region of RTS-GMLC whose load shape a bus follows: main line, northern laterals, southern lateral."""
    return "load_R1" if bus <= 18 else "load_R2" if bus <= 25 else "load_R3"


def power(value: float) -> float:
    """Rounded to a watt."""
    return round(value, 6)


def ieee33_renewables() -> list[Row]:
    return [
        {
            "renewable": name,
            "bus": bus,
            "kind": kind,
            "p_mw": rated,
            "sn_mva": power(IEEE33_INVERTER_RATIO * rated) if kind == "pv" else None,
            "curtailable": curtailable,
        }
        for name, bus, kind, rated, _, curtailable in IEEE33_PLANTS
    ]


def ieee33_series(day: str) -> dict[str, list[float]]:
    """The profiles of the feeder with the load and weather of a day."""
    weather = source(day)
    prices = [float(hour["lmp_usd_per_MWh"]) for hour in source("li2019/day24_energy_hub.csv")]
    series: dict[str, list[float]] = {
        "interfaces/substation/price_per_mwh": prices,
        "interfaces/substation/max_import_mw": [
            IEEE33_EVENING_IMPORT if hour in IEEE33_EVENING else IEEE33_IMPORT for hour in HOURS
        ],
    }
    for load in feeder33_loads():
        shape = [float(hour[region(int(str(load["bus"])))]) for hour in weather]
        for column in ("p_mw", "q_mvar"):
            series[f"loads/{load['load']}/{column}"] = [
                power(float(load[column] or 0.0) * value / max(shape)) for value in shape
            ]
    for name, _, _, rated, column, _ in IEEE33_PLANTS:
        series[f"renewables/{name}/p_mw"] = [power(rated * float(hour[column])) for hour in weather]
    for shift in IEEE33_DEVICES["shiftable"]:
        customer, highest = str(shift["load"]), float(shift["max_p_mw"] or 0.0)
        window = IEEE33_WINDOWS[customer]
        series[f"shiftable/{customer}/max_p_mw"] = [highest if hour in window else 0.0 for hour in HOURS]
    return series


def ieee33_profiles() -> list[Row]:
    series = ieee33_series("rts_gmlc/day_ahead_2020-07-15_pu.csv")
    return [
        {"snapshot": f"2020-07-15T{hour:02d}:00:00-07:00"} | {name: values[hour] for name, values in series.items()}
        for hour in HOURS
    ]


def ieee33_tables() -> Tables:
    """The feeder with all its devices, without profiles."""
    return {
        "buses": feeder33_buses(0.95, 1.05),
        "lines": feeder33_lines(IEEE33_LIMITS, 0.2),
        "switches": feeder33_switches(),
        "loads": feeder33_loads(),
        "renewables": ieee33_renewables(),
        **IEEE33_DEVICES,
    }


def ieee33_day(root: Path) -> None:
    header: Row = {
        "name": "ieee33-day",
        "currency": "USD",
        "timezone": "America/Phoenix",
        "start": "2020-07-15T00:00:00-07:00",
        "step_minutes": 60,
        "steps": 24,
    }
    tables = {**ieee33_tables(), "profiles": ieee33_profiles()}
    write_example(root, "ieee33-day", "soc", header, tables)
    notice = "RTS-GMLC_NOTICE.txt"  # must stand beside every copy of the data
    shutil.copyfile(DATA / "rts_gmlc" / notice, root / "src/gridpact/examples/ieee33-day" / notice)


# --- reverse-flow -----------------------------------------------------------------------------------------------

# All of it made up: what surplus PV does to the relaxation is the point, not any real day.
REVERSE_PRICE = (
    48.0, 44.0, 41.0, 39.0, 38.0, 40.0, 45.0, 52.0, 46.0, 34.0, 24.0, 16.0,
    9.0, -6.0, -9.0, 8.0, 18.0, 38.0, 66.0, 92.0, 98.0, 84.0, 68.0, 56.0,
)  # fmt: skip
REVERSE_LOAD = (
    0.34, 0.31, 0.30, 0.29, 0.29, 0.30, 0.34, 0.38, 0.42, 0.42, 0.42, 0.42,
    0.44, 0.42, 0.40, 0.39, 0.42, 0.48, 0.56, 0.61, 0.59, 0.53, 0.45, 0.38,
)  # fmt: skip
REVERSE_SUNRISE, REVERSE_DAYLIGHT = 6.0, 14.0
REVERSE_PLANTS = {"18": 1.5, "22": 1.0, "33": 1.2}  # MW by bus: the three far ends

REVERSE_DEVICES: Tables = {
    "interfaces": rows(
        "interface bus vm_pu price_per_mwh sell_ratio max_import_mw max_export_mw",
        ("substation", "1", 1.0, 50.0, 0.9, 2.5, 1.2),
    ),
    "storages": rows(
        "storage bus energy_mwh charge_mw discharge_mw efficiency_charge efficiency_discharge initial_mwh "
        "wear_cost_per_mwh",
        ("battery-18", "18", 1.2, 0.4, 0.4, 0.95, 0.95, 0.24, 4.0),
    ),
    "renewables": rows(
        "renewable bus kind p_mw curtailable",
        *((f"pv-{bus}", bus, "pv", rated, True) for bus, rated in REVERSE_PLANTS.items()),
    ),
}


def reverse_sun(hour: int) -> float:
    """Power of a clear day in the middle of the hour, per unit of the rating."""
    height = math.sin(math.pi * (hour + 0.5 - REVERSE_SUNRISE) / REVERSE_DAYLIGHT)
    return round(max(height, 0.0) ** 1.5, 3)


def reverse_profiles() -> list[Row]:
    series: dict[str, list[float]] = {"interfaces/substation/price_per_mwh": list(REVERSE_PRICE)}
    for load in feeder33_loads():
        for column in ("p_mw", "q_mvar"):
            nominal = float(load[column] or 0.0)
            series[f"loads/{load['load']}/{column}"] = [power(nominal * share) for share in REVERSE_LOAD]
    for bus, rated in REVERSE_PLANTS.items():
        series[f"renewables/pv-{bus}/p_mw"] = [power(rated * reverse_sun(hour)) for hour in HOURS]
    return [
        {"snapshot": f"2030-06-02T{hour:02d}:00:00+02:00"} | {name: values[hour] for name, values in series.items()}
        for hour in HOURS
    ]


def reverse_flow(root: Path) -> None:
    header: Row = {
        "name": "reverse-flow",
        "currency": "EUR",
        "timezone": "Europe/Berlin",
        "start": "2030-06-02T00:00:00+02:00",
        "step_minutes": 60,
        "steps": 24,
    }
    tables = {
        "buses": feeder33_buses(0.95, 1.03),
        "lines": feeder33_lines(IEEE33_TRUNK, 0.2),
        "switches": feeder33_switches(),
        "loads": feeder33_loads(),
        **REVERSE_DEVICES,
        "profiles": reverse_profiles(),
    }
    write_example(root, "reverse-flow", "soc", header, tables, {"exactness": "repair", "price_probes": 2})


# --- papavasiliou15 ---------------------------------------------------------------------------------------------

PAPAVASILIOU_KV = 12.66  # on a base of 1 MVA, so that MW and p.u. are the same number
PAPAVASILIOU_OHM = PAPAVASILIOU_KV**2


def papavasiliou15_lines() -> list[Row]:
    return [
        {
            "line": f"{branch['from']}-{branch['to']}",
            "from_bus": branch["from"],
            "to_bus": branch["to"],
            "length_km": 1.0,
            "r_ohm_per_km": float(branch["r_pu"]) * PAPAVASILIOU_OHM,
            "x_ohm_per_km": float(branch["x_pu"]) * PAPAVASILIOU_OHM,
            "max_i_ka": kiloampere(float(branch["s_max_pu"]), PAPAVASILIOU_KV),
        }
        for branch in source("papavasiliou15/branch.csv")
    ]


def papavasiliou15(root: Path, name: str, load_column: str) -> None:
    buses = source("papavasiliou15/bus.csv")
    header: Row = {
        "name": name,
        "currency": "USD",
        "timezone": "UTC",
        "start": "2018-01-01T00:00:00+00:00",
        "step_minutes": 15,
        "steps": 4,
    }
    tables: Tables = {
        "buses": rows(
            "bus vn_kv vm_min_pu vm_max_pu",
            *((b["bus_1based"], PAPAVASILIOU_KV, float(b["Vmin_pu"]), float(b["Vmax_pu"])) for b in buses),
        ),
        "lines": papavasiliou15_lines(),
        "interfaces": rows("interface bus vm_pu price_per_mwh", ("root", "1", 1.0, 50.0)),
        "generators": rows(
            "generator bus min_p_mw max_p_mw min_q_mvar max_q_mvar cost_per_mwh",
            ("dg-12", "12", 0.0, 0.4, 0.0, 0.4, 10.0),
        ),
        "loads": rows(
            "load bus p_mw q_mvar",
            *(
                (f"load-{b['bus_1based']}", b["bus_1based"], float(b[load_column]), float(b["Qd_pu"]))
                for b in buses
                if float(b[load_column]) != 0.0
            ),
        ),
        "shunts": rows(
            "shunt bus p_mw q_mvar",
            *(
                (f"shunt-{b['bus_1based']}", b["bus_1based"], 0.0, -float(b["shunt_Bs_pu"]))
                for b in buses
                if float(b["shunt_Bs_pu"]) != 0.0
            ),
        ),
    }
    write_example(root, name, "soc", header, tables)


# --- pjm5-dc ----------------------------------------------------------------------------------------------------

PJM_KV, PJM_MVA, PJM_HZ = 230.0, 100.0, 60.0
PJM_OHM = PJM_KV**2 / PJM_MVA
PJM_NAMES = ("alta", "park-city", "solitude", "sundance", "brighton")


def pjm5_rating(branch: Mapping[str, str]) -> float | None:
    rating = float(branch["rateA_MVA_0_means_unlimited"])
    return kiloampere(rating, PJM_KV) if rating > 0.0 else None


def pjm5_lines() -> list[Row]:
    return [
        {
            "line": f"{branch['from']}-{branch['to']}",
            "from_bus": branch["from"],
            "to_bus": branch["to"],
            "length_km": 1.0,
            "r_ohm_per_km": float(branch["r_pu"]) * PJM_OHM,
            "x_ohm_per_km": float(branch["x_pu"]) * PJM_OHM,
            "c_nf_per_km": float(branch["b_pu"]) / (PJM_OHM * 2.0 * math.pi * PJM_HZ) * 1e9,
            "max_i_ka": pjm5_rating(branch),
        }
        for branch in source("case5/branch.csv")
    ]


def pjm5_generators() -> list[Row]:
    return [
        {
            "generator": name,
            "bus": unit["bus"],
            "min_p_mw": float(unit["Pmin_MW"]),
            "max_p_mw": float(unit["Pmax_MW"]),
            "min_q_mvar": float(unit["Qmin_Mvar"]),
            "max_q_mvar": float(unit["Qmax_Mvar"]),
            "cost_per_mwh": float(unit["c1_per_MWh"]),
            "slack": unit["bus"] == "4",
        }
        for name, unit in zip(PJM_NAMES, source("case5/gen.csv"), strict=True)
    ]


def pjm5_dc(root: Path) -> None:
    buses = source("case5/bus.csv")
    header: Row = {
        "name": "pjm5-dc",
        "currency": "USD",
        "timezone": "UTC",
        "start": "2010-01-01T00:00:00+00:00",
        "step_minutes": 15,
        "steps": 4,
        "frequency_hz": PJM_HZ,
    }
    tables: Tables = {
        "buses": rows(
            "bus vn_kv vm_min_pu vm_max_pu",
            *((b["bus"], PJM_KV, float(b["Vmin_pu"]), float(b["Vmax_pu"])) for b in buses),
        ),
        "lines": pjm5_lines(),
        "generators": pjm5_generators(),
        "loads": rows(
            "load bus p_mw q_mvar",
            *(
                (f"load-{b['bus']}", b["bus"], float(b["Pd_MW"]), float(b["Qd_Mvar"]))
                for b in buses
                if float(b["Pd_MW"]) != 0.0
            ),
        ),
    }
    write_example(root, "pjm5-dc", "dc", header, tables)


def make(root: Path) -> None:
    case33bw(root)
    ieee33_day(root)
    reverse_flow(root)
    papavasiliou15(root, "papavasiliou15", "Pd_pu_variantA_Kim")
    papavasiliou15(root, "papavasiliou15-b", "Pd_pu_variantB_Mieth")
    pjm5_dc(root)
    for name in ("oberrhein", "heat", "game", "rbts2", "planning", "trading", "together"):
        runpy.run_path(str(REPOSITORY / "scripts" / f"make_{name}.py"))["make"](root)


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else REPOSITORY)
