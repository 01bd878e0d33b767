"""Build the example of trade: three-microgrids.

    python scripts/make_trading.py [ROOT]

writes ``src/gridpact/examples/three-microgrids/`` below ROOT, by default this repository; make_examples.py does so too.
What the numbers mean, and which of them are choices of ours, is told in the SOURCES.txt beside the example.
"""

from __future__ import annotations

import runpy
import shutil
import sys
from pathlib import Path

TOOLS = runpy.run_path(str(Path(__file__).with_name("make_examples.py")))
Row, Tables = TOOLS["Row"], TOOLS["Tables"]
REPOSITORY, DATA, HOURS = TOOLS["REPOSITORY"], TOOLS["DATA"], TOOLS["HOURS"]
source, rows, power = TOOLS["source"], TOOLS["rows"], TOOLS["power"]

NAME, DAY, OFFSET = "three-microgrids", "2020-03-27", "-07:00"
HEADER: Row = {
    "name": NAME,
    "currency": "USD",
    "timezone": "America/Phoenix",
    "start": f"{DAY}T00:00:00{OFFSET}",
    "step_minutes": 60,
    "steps": 24,
}

# Microgrids by bus, which loses its published load; all other published loads times a factor are the operator's.
SUN, WIND, SPA = "25", "22", "33"
REST = 0.6
LOADS = {"homes": (SUN, 0.45, "load_R1"), "farm": (WIND, 0.3, "load_R2"), "baths": (SPA, 0.35, "load_R3")}
PLANTS = {"homes-pv": (SUN, "pv", 0.9, "pv_320_PV_1"), "farm-wind": (WIND, "wind", 0.6, "wind_122_WIND_1")}
HEAT = {"pool": 0.25, "hotel": 0.15, "clinic": 0.1}

TRADE: Tables = {
    "microgrids": rows(
        "microgrid bus max_buy_mw max_sell_mw disagreement tariff_buy_per_mwh tariff_sell_per_mwh",
        ("homes", SUN, 0.9, 0.6, "tariff", 85.0, 30.0),
        ("farm", WIND, 0.4, 0.6, "islanded", None, None),
        ("baths", SPA, 0.6, 0.4, "tariff", 75.0, 30.0),
    ),
    "network_operator": rows(
        "operator role fee_rule fee_kind grid_fee_per_mwh pair_fee_per_mwh fee_per_mwh_km buyer_share",
        ("network", "fee_only", "distance", "transfer", 9.0, 2.0, 0.2, 0.5),
    ),
}

DEVICES: Tables = {
    "interfaces": rows(
        "interface bus vm_pu price_per_mwh sell_ratio max_import_mw max_export_mw",
        ("substation", "1", 1.0, 47.0, 0.9, 3.5, 1.0),
    ),
    "generators": rows(
        "generator bus max_p_mw cost_per_mwh cost_per_mw2h",
        ("farm-biogas", WIND, 0.4, 38.0, 25.0),
    ),
    "storages": rows(
        "storage bus energy_mwh charge_mw discharge_mw efficiency_charge efficiency_discharge initial_mwh min_mwh "
        "wear_cost_per_mwh",
        ("homes-battery", SUN, 1.2, 0.35, 0.35, 0.95, 0.95, 0.6, 0.12, 4.0),
        ("baths-battery", SPA, 0.6, 0.2, 0.2, 0.95, 0.95, 0.3, 0.06, 4.0),
    ),
    "bids": rows(
        "bid load p_mw benefit_per_mwh",
        ("homes-a", "homes", 0.06, 60.0),
        ("homes-b", "homes", 0.06, 46.0),
    ),
    "shiftable": rows("load energy_mwh max_p_mw", ("homes", 0.9, 0.3)),
    "shunts": rows("shunt bus p_mw q_mvar", ("capacitor-30", "30", 0.0, -0.3)),
}
# Hours in which the cars of the homes may be charged.
CHARGING = tuple(range(8, 18))

HEATING: Tables = {
    "heat_networks": rows("heat_network ambient_degc", ("baths", 10.0)),
    "heat_nodes": rows(
        "node heat_network supply_min_degc supply_max_degc return_max_degc",
        ("plant", "baths", None, 90.0, 70.0),
        ("square", "baths", None, 90.0, 70.0),
        *((place, "baths", 60.0, 90.0, 70.0) for place in HEAT),
    ),
    "pipes": rows(
        "pipe from_node to_node length_m diameter_mm heat_transfer_w_per_mk",
        ("plant-square", "plant", "square", 120.0, 80.0, 0.25),
        ("square-pool", "square", "pool", 60.0, 65.0, 0.22),
        ("square-hotel", "square", "hotel", 90.0, 50.0, 0.2),
        ("hotel-clinic", "hotel", "clinic", 150.0, 40.0, 0.18),
    ),
    "heat_sources": rows("heat_source node bus", ("pumps", "plant", SPA)),
    "heat_loads": rows(
        "heat_load node heat_mw design_heat_mw design_drop_k",
        *((place, place, heat, heat, 40.0) for place, heat in HEAT.items()),
    ),
    "chps": rows(
        "chp bus node kind heat_per_power max_p_mw fuel_price_per_mwh fuel_per_p cost_per_mw2h",
        ("baths-engine", SPA, "plant", "engine", 1.3, 0.35, 33.0, 2.9, 10.0),
    ),
    "electric_boilers": rows(
        "electric_boiler bus node max_heat_mw efficiency", ("baths-kettle", SPA, "plant", 0.4, 0.98)
    ),
    "gas_boilers": rows(
        "gas_boiler node max_heat_mw efficiency fuel_price_per_mwh", ("baths-boiler", "plant", 0.4, 0.9, 38.0)
    ),
    "heat_storages": rows(
        "heat_storage node energy_mwh charge_mw discharge_mw loss_per_hour wear_cost_per_mwh",
        ("baths-tank", "plant", 0.8, 0.25, 0.25, 0.005, 0.2),
    ),
}


def loads() -> list[Row]:
    found: list[Row] = TOOLS["microgrid_loads"](REST, LOADS)
    return found


def renewables() -> list[Row]:
    return rows("renewable bus kind p_mw", *((name, *plant[:3]) for name, plant in PLANTS.items()))


def over_highest(shape: list[float], peak: float) -> list[float]:
    return [power(peak * value / max(shape)) for value in shape]


def series() -> dict[str, list[float]]:
    weather = source(f"rts_gmlc/day_ahead_{DAY}_pu.csv")
    hub = source("li2019/day24_energy_hub.csv")

    def day(column: str) -> list[float]:
        return [float(hour[column]) for hour in weather]

    found = {"interfaces/substation/price_per_mwh": [float(hour["lmp_usd_per_MWh"]) for hour in hub]}
    for load in loads():
        name, bus = load["load"], load["bus"]
        shape = day(LOADS[name][2] if name in LOADS else TOOLS["region"](int(bus)))
        for column in ("p_mw", "q_mvar"):
            if load[column]:
                found[f"loads/{name}/{column}"] = over_highest(shape, load[column])
    for name, (_, _, rated, column) in PLANTS.items():
        found[f"renewables/{name}/p_mw"] = [power(rated * value) for value in day(column)]
    most = DEVICES["shiftable"][0]["max_p_mw"]
    found["shiftable/homes/max_p_mw"] = [most if hour in CHARGING else 0.0 for hour in HOURS]
    heat = [float(hour["heat_load_spring"]) for hour in hub]
    return found | {f"heat_loads/{place}/heat_mw": over_highest(heat, peak) for place, peak in HEAT.items()}


def profiles() -> list[Row]:
    found = series()
    return [
        {"snapshot": f"{DAY}T{hour:02d}:00:00{OFFSET}"} | {name: values[hour] for name, values in found.items()}
        for hour in HOURS
    ]


def make(root: Path) -> None:
    folder = root / "src/gridpact/examples" / NAME
    feeder = {
        "buses": TOOLS["feeder33_buses"](0.95, 1.05),
        "lines": TOOLS["feeder33_lines"](TOOLS["IEEE33_TRUNK"], 0.2),
        "switches": TOOLS["feeder33_switches"](),
        "loads": loads(),
        "renewables": renewables(),
    }
    TOOLS["write_case"](folder / "case", HEADER, {**feeder, **DEVICES, **HEATING, **TRADE, "profiles": profiles()})
    TOOLS["write_toml"](folder / "study.toml", {"question": "trade", "case": "case"})
    notice = "RTS-GMLC_NOTICE.txt"  # must stand beside every copy of the data
    shutil.copyfile(DATA / "rts_gmlc" / notice, folder / notice)


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else REPOSITORY)
