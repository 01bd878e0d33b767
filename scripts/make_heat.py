"""Build the examples with a heat network: barry-island and ieee33-dhn32.

    python scripts/make_heat.py [ROOT]

writes ``src/gridpact/examples/<name>/`` below ROOT, by default this repository; make_examples.py does so too. What the
numbers mean, and which of them are choices of ours, is told in the SOURCES.txt beside each example.
"""

from __future__ import annotations

import runpy
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

TOOLS = runpy.run_path(str(Path(__file__).with_name("make_examples.py")))
Row, Tables = TOOLS["Row"], TOOLS["Tables"]
REPOSITORY, DATA, HOURS = TOOLS["REPOSITORY"], TOOLS["DATA"], TOOLS["HOURS"]
source, rows, power, write_example = TOOLS["source"], TOOLS["rows"], TOOLS["power"], TOOLS["write_example"]


# --- 32-node heat network ---------------------------------------------------------------------------------------

# Published drop from supply to return at the consumers (70 to 30 degC), and ambient temperature.
DROP_K, AMBIENT_DEGC = 40.0, 10.0
SUPPLY_MIN, SUPPLY_MAX, RETURN_MAX = 60.0, 90.0, 70.0


def consumers() -> list[dict[str, str]]:
    return [node for node in source("barry_island/nodes.csv") if float(node["heat_load_MWth"]) > 0.0]


def heat_nodes() -> list[Row]:
    """Supply has a lowest temperature where consumers are; the other limits hold everywhere."""
    return [
        {
            "node": node["node"],
            "heat_network": "dhn",
            "supply_min_degc": SUPPLY_MIN if node["kind"] == "load" else None,
            "supply_max_degc": SUPPLY_MAX,
            "return_max_degc": RETURN_MAX,
        }
        for node in source("barry_island/nodes.csv")
    ]


def heat_pipes() -> list[Row]:
    return [
        {
            "pipe": pipe["pipe"],
            "from_node": pipe["from"],
            "to_node": pipe["to"],
            "length_m": float(pipe["length_m"]),
            "diameter_mm": float(pipe["inner_diameter_mm"]),
            "heat_transfer_w_per_mk": float(pipe["heat_transfer_W_per_mK"]),
            "roughness_mm": float(pipe["roughness_mm"]),
        }
        for pipe in source("barry_island/pipes.csv")
    ]


def heat_loads() -> list[Row]:
    """The published heat is what a consumer, and so its water, is designed for."""
    return [
        {
            "heat_load": f"heat-{node['node']}",
            "node": node["node"],
            "heat_mw": (heat := float(node["heat_load_MWth"])),
            "design_heat_mw": heat,
            "design_drop_k": DROP_K,
        }
        for node in consumers()
    ]


def heat_network(stations: list[Row]) -> Tables:
    return {
        "heat_networks": rows("heat_network ambient_degc", ("dhn", AMBIENT_DEGC)),
        "heat_nodes": heat_nodes(),
        "pipes": heat_pipes(),
        "heat_sources": stations,
        "heat_loads": heat_loads(),
    }


def hub(column: str) -> list[float]:
    """A column of the published day of an energy hub."""
    return [float(hour[column]) for hour in source("li2019/day24_energy_hub.csv")]


def heat_series(column: str) -> dict[str, list[float]]:
    """Every consumer's heat, its published one in the hour of highest demand."""
    shape = hub(column)
    return {
        f"heat_loads/{load['heat_load']}/heat_mw": [power(load["heat_mw"] * value / max(shape)) for value in shape]
        for load in heat_loads()
    }


def profiles(day: str, offset: str, series: Mapping[str, list[float]]) -> list[Row]:
    return [
        {"snapshot": f"{day}T{hour:02d}:00:00{offset}"} | {name: values[hour] for name, values in series.items()}
        for hour in HOURS
    ]


# --- barry-island -----------------------------------------------------------------------------------------------

BARRY_KV, BARRY_TAN_PHI = 11.0, 0.33

# Stations by node, with the buses of their plants and pumps; shares of the water about those of the published heats.
BARRY_STATIONS = rows(
    "heat_source node bus flow_share",
    ("station-1", "1", "7", 0.36),
    ("station-31", "31", "2", None),
    ("station-32", "32", "8", 0.17),
)

BARRY_DEVICES: Tables = {
    "chps": rows(
        "chp bus node kind heat_per_power max_p_mw min_q_mvar max_q_mvar fuel_price_per_mwh fuel_mw fuel_per_p "
        "fuel_per_heat",
        ("gas-turbine", "7", "1", "gas_turbine", 1.3, 0.8, -0.2, 0.3, 25.0, 0.0, 3.2, 0.0),
        ("steam-turbine", "2", "31", "extraction", None, None, -0.1, 0.2, 15.0, 0.1, 4.0, power(4.0 / 8.1)),
        ("engine", "8", "32", "engine", 1.2658227848101264, 0.36, -0.1, 0.15, 25.0, 0.0, 2.6, 0.0),
    ),
    # Lines of constant live steam fall by 1 MW of power for 8.1 MW of heat.
    "chp_points": rows(
        "point chp p_mw heat_mw",
        ("a", "steam-turbine", 0.2, 0.0),
        ("b", "steam-turbine", 0.5, 0.0),
        ("c", "steam-turbine", power(0.5 - 0.9 / 8.1), 0.9),
        ("d", "steam-turbine", power(0.2 - 0.4 / 8.1), 0.4),
    ),
    "gas_boilers": rows(
        "gas_boiler node max_heat_mw efficiency fuel_price_per_mwh", ("gas-boiler-1", "1", 0.8, 0.9, 25.0)
    ),
    "heat_storages": rows(
        "heat_storage node energy_mwh charge_mw discharge_mw loss_per_hour wear_cost_per_mwh",
        ("tank-31", "31", 1.5, 0.4, 0.4, 0.005, 0.2),
    ),
}


def barry_buses() -> list[Row]:
    buses = [node["node"] for node in source("barry_island/electric_loads.csv")]
    return [{"bus": bus, "vn_kv": BARRY_KV, "vm_min_pu": 0.95, "vm_max_pu": 1.05} for bus in buses]


def barry_lines() -> list[Row]:
    return [
        {
            "line": f"{line['from']}-{line['to']}",
            "from_bus": line["from"],
            "to_bus": line["to"],
            "length_km": float(line["length_m"]) / 1000.0,
            "r_ohm_per_km": float(line["r_ohm_per_km"]),
            "x_ohm_per_km": float(line["x_ohm_per_km"]),
            "max_i_ka": float(line["ampacity_A"]) / 1000.0,
        }
        for line in source("barry_island/electric_lines.csv")
    ]


def barry_loads() -> list[Row]:
    """The published mean powers."""
    return [
        {
            "load": f"load-{load['node']}",
            "bus": load["node"],
            "p_mw": (mean := float(load["P_MW_mean"])),
            "q_mvar": power(BARRY_TAN_PHI * mean),
        }
        for load in source("barry_island/electric_loads.csv")
        if float(load["P_MW_mean"]) > 0.0
    ]


def barry_profiles() -> list[Row]:
    series = {"interfaces/grid/price_per_mwh": hub("lmp_usd_per_MWh")}
    shape = hub("elec_load_pct_winter")
    mean = sum(shape) / len(shape)
    for load in barry_loads():
        for column in ("p_mw", "q_mvar"):
            series[f"loads/{load['load']}/{column}"] = [power(load[column] * value / mean) for value in shape]
    return profiles("2020-01-15", "+00:00", series | heat_series("heat_load_winter_autumn"))


def barry_island(root: Path) -> None:
    header: Row = {
        "name": "barry-island",
        "currency": "GBP",
        "timezone": "Europe/London",
        "start": "2020-01-15T00:00:00+00:00",
        "step_minutes": 60,
        "steps": 24,
    }
    tables = {
        "buses": barry_buses(),
        "lines": barry_lines(),
        "interfaces": rows(
            "interface bus vm_pu price_per_mwh sell_ratio max_import_mw max_export_mw",
            ("grid", "1", 1.0, 50.0, 0.9, 3.0, 1.0),
        ),
        "loads": barry_loads(),
        **heat_network(BARRY_STATIONS),
        **BARRY_DEVICES,
        "profiles": barry_profiles(),
    }
    write_example(root, "barry-island", "soc", header, tables, {"price_probes": 20, "structures": True})


# --- ieee33-dhn32 -----------------------------------------------------------------------------------------------

FEEDER = TOOLS["IEEE33_DEVICES"]
FEEDER_WEATHER = "rts_gmlc/day_ahead_2020-03-27_pu.csv"
# Import that the transmission operator grants from 18 to 22 h, in MW: a little more than in ieee33-day.
FEEDER_EVENING, FEEDER_EVENING_IMPORT = TOOLS["IEEE33_EVENING"], 1.4

# The gas turbine stands where ieee33-day has a gas-fired generator without heat.
DISTRICT_STATIONS = rows(
    "heat_source node bus flow_share",
    ("station-1", "1", "24", 0.35),
    ("station-31", "31", "6", None),
    ("station-32", "32", "14", 0.17),
)

DISTRICT_DEVICES: Tables = {
    "generators": [unit for unit in FEEDER["generators"] if unit["generator"] != "gas-24"],
    "chps": rows(
        "chp bus node kind heat_per_power max_p_mw min_q_mvar max_q_mvar fuel_price_per_mwh fuel_mw fuel_per_p "
        "fuel_per_heat cost_per_mw2h",
        ("gas-turbine-24", "24", "1", "gas_turbine", 1.3, 0.6, -0.2, 0.3, 30.0, 0.0, 3.2, 0.0, 5.0),
        ("steam-turbine-6", "6", "31", "extraction", None, None, -0.2, 0.3, 20.0, 0.1, 3.6, power(3.6 / 8.1), 15.0),
    ),
    "chp_points": rows(
        "point chp p_mw heat_mw",
        ("a", "steam-turbine-6", 0.2, 0.0),
        ("b", "steam-turbine-6", 0.6, 0.0),
        ("c", "steam-turbine-6", power(0.6 - 0.55 / 8.1), 0.55),
        ("d", "steam-turbine-6", power(0.2 - 0.2 / 8.1), 0.2),
    ),
    "electric_boilers": rows(
        "electric_boiler bus node max_heat_mw efficiency q_mvar_per_mw",
        ("boiler-23", "23", "1", 0.6, 0.98, 0.1),
        ("boiler-6", "6", "31", 0.5, 0.98, 0.1),
    ),
    "heat_pumps": rows(
        "heat_pump bus node max_heat_mw sink_degc source_degc carnot_share q_mvar_per_mw",
        ("heat-pump-14", "14", "32", 0.25, 70.0, 8.0, 0.45, 0.2),
    ),
    "heat_storages": rows(
        "heat_storage node energy_mwh charge_mw discharge_mw loss_per_hour wear_cost_per_mwh",
        ("tank-31", "31", 2.0, 0.5, 0.5, 0.005, 0.2),
    ),
}


def district_series() -> dict[str, list[float]]:
    feeder = TOOLS["ieee33_series"](FEEDER_WEATHER)
    granted = feeder["interfaces/substation/max_import_mw"]
    for hour in FEEDER_EVENING:
        granted[hour] = FEEDER_EVENING_IMPORT
    return feeder | heat_series("heat_load_spring")


def district_tables() -> Tables:
    """The district with all its devices, without profiles."""
    feeder = TOOLS["ieee33_tables"]()
    return {**feeder, **heat_network(DISTRICT_STATIONS), **DISTRICT_DEVICES, "offers": FEEDER["offers"]}


def ieee33_dhn32(root: Path) -> None:
    header: Row = {
        "name": "ieee33-dhn32",
        "currency": "USD",
        "timezone": "America/Phoenix",
        "start": "2020-03-27T00:00:00-07:00",
        "step_minutes": 60,
        "steps": 24,
    }
    tables = district_tables() | {"profiles": profiles("2020-03-27", "-07:00", district_series())}
    write_example(root, "ieee33-dhn32", "soc", header, tables, {"price_probes": 8, "structures": True})
    notice = "RTS-GMLC_NOTICE.txt"  # must stand beside every copy of the data
    shutil.copyfile(DATA / "rts_gmlc" / notice, root / "src/gridpact/examples/ieee33-dhn32" / notice)


def make(root: Path) -> None:
    barry_island(root)
    ieee33_dhn32(root)


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else REPOSITORY)
