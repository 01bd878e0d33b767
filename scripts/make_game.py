"""Build the examples of a district that leads a transmission market: pjm5-ieee33 and ieee30-district.

    python scripts/make_game.py [ROOT]

writes ``src/gridpact/examples/<name>/`` below ROOT, by default this repository; make_examples.py does so too. Bus,
number of feeders, load and offer blocks stand in one ``Network`` each. What the numbers mean, and which of them are
choices of ours, is told in the SOURCES.txt beside each example.
"""

from __future__ import annotations

import math
import runpy
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HEAT = runpy.run_path(str(Path(__file__).with_name("make_heat.py")))
TOOLS = HEAT["TOOLS"]
Row, Tables = TOOLS["Row"], TOOLS["Tables"]
REPOSITORY, DATA, HOURS = TOOLS["REPOSITORY"], TOOLS["DATA"], TOOLS["HOURS"]
source, rows, power, kiloampere = TOOLS["source"], TOOLS["rows"], TOOLS["power"], TOOLS["kiloampere"]
write_case, write_toml, profiles = TOOLS["write_case"], TOOLS["write_toml"], HEAT["profiles"]

MVA, HZ = 100.0, 60.0
Day = dict[str, list[float]]


@dataclass(frozen=True)
class Network:
    """A transmission network in MATPOWER's tables, and what the example makes of it.

    The district hangs at ``bus`` with so many ``feeders``; ``kept`` is the share of that bus's own load that is left.
    Loads follow the ``regions`` of the weather data, each over its highest value, times ``load_scale``. Published costs
    are multiplied by ``cost_scale``.
    """

    folder: str
    bus: str
    feeders: int
    kept: float
    load_scale: float
    cost_scale: float
    regions: Mapping[str, str]
    otherwise: str


PJM5 = Network(
    folder="case5",
    bus="4",
    feeders=60,
    kept=0.4,
    load_scale=1.05,
    cost_scale=1.0,
    regions={"2": "load_R1", "3": "load_R2", "4": "load_R3"},
    otherwise="load_R1",
)
# Shares of a unit's capacity, and its published cost times so much: four equal blocks about it.
PJM5_BLOCKS = ((0.25, 0.85), (0.25, 0.95), (0.25, 1.05), (0.25, 1.15))

IEEE30 = Network(
    folder="case30",
    bus="12",
    feeders=15,
    kept=0.0,
    load_scale=1.1,
    cost_scale=12.0,
    regions={},
    otherwise="load_R1",
)
IEEE30_BLOCKS = 4


# --- transmission networks ----------------------------------------------------------------------------------------


def buses(network: Network) -> list[Row]:
    return [
        {
            "bus": bus["bus"],
            "vn_kv": float(bus["base_kV"]),
            "vm_min_pu": float(bus["Vmin_pu"]),
            "vm_max_pu": float(bus["Vmax_pu"]),
        }
        for bus in source(f"{network.folder}/bus.csv")
    ]


def lines(network: Network) -> list[Row]:
    """Every branch as a line of 1 km: all buses have one nominal voltage and no branch has a tap."""
    vn = float(source(f"{network.folder}/bus.csv")[0]["base_kV"])
    ohm = vn**2 / MVA
    return [
        {
            "line": f"{branch['from']}-{branch['to']}",
            "from_bus": branch["from"],
            "to_bus": branch["to"],
            "length_km": 1.0,
            "r_ohm_per_km": float(branch["r_pu"]) * ohm,
            "x_ohm_per_km": float(branch["x_pu"]) * ohm,
            "c_nf_per_km": float(branch["b_pu"]) / (ohm * 2.0 * math.pi * HZ) * 1e9,
            "max_i_ka": kiloampere(mva, vn) if (mva := float(branch["rateA_MVA_0_means_unlimited"])) > 0.0 else None,
        }
        for branch in source(f"{network.folder}/branch.csv")
    ]


def generators(network: Network, names: list[str]) -> list[Row]:
    """The units without their costs, which stand in their offers; angles are counted from the published reference."""
    reference = next(bus["bus"] for bus in source(f"{network.folder}/bus.csv") if bus["type_1PQ_2PV_3ref"] == "3")
    return [
        {
            "generator": name,
            "bus": unit["bus"],
            "min_p_mw": float(unit["Pmin_MW"]),
            "max_p_mw": float(unit["Pmax_MW"]),
            "slack": unit["bus"] == reference,
        }
        for name, unit in zip(names, source(f"{network.folder}/gen.csv"), strict=True)
    ]


def scaled_offers(network: Network, names: list[str], blocks: tuple[tuple[float, float], ...]) -> list[Row]:
    """Offers around the published linear cost."""
    return [
        {
            "offer": f"{name}-{letter}",
            "generator": name,
            "p_mw": power(share * float(unit["Pmax_MW"])),
            "cost_per_mwh": round(network.cost_scale * factor * float(unit["c1_per_MWh"]), 4),
        }
        for name, unit in zip(names, source(f"{network.folder}/gen.csv"), strict=True)
        for letter, (share, factor) in zip("abcdefgh", blocks, strict=False)
    ]


def cut_offers(network: Network, names: list[str], count: int) -> list[Row]:
    """The published quadratic cost in equal blocks, each at the marginal cost of its middle."""
    offers = []
    for name, unit in zip(names, source(f"{network.folder}/gen.csv"), strict=True):
        width = float(unit["Pmax_MW"]) / count
        for k in range(count):
            cost = float(unit["c1_per_MWh"]) + 2.0 * float(unit["c2_per_MW2h"]) * (k + 0.5) * width
            offers.append(
                {
                    "offer": f"{name}-{'abcdefgh'[k]}",
                    "generator": name,
                    "p_mw": power(width),
                    "cost_per_mwh": round(network.cost_scale * cost, 4),
                }
            )
    return offers


def loads(network: Network) -> list[Row]:
    """The published active loads; reactive power has no place in a direct-current market."""
    return [
        {"load": f"load-{bus['bus']}", "bus": bus["bus"], "p_mw": power(network.load_scale * share * mw)}
        for bus in source(f"{network.folder}/bus.csv")
        if (mw := float(bus["Pd_MW"])) * (share := network.kept if bus["bus"] == network.bus else 1.0) > 0.0
    ]


def load_series(network: Network, day: str) -> Day:
    """Every load over the day, its value in the table in the hour of highest demand of its region."""
    weather = source(day)
    series = {}
    for load in loads(network):
        column = network.regions.get(load["bus"], network.otherwise)
        shape = [float(hour[column]) for hour in weather]
        series[f"loads/{load['load']}/p_mw"] = [power(load["p_mw"] * value / max(shape)) for value in shape]
    return series


def connection(network: Network) -> list[Row]:
    return rows(
        "connection bus interface feeders district", ("to-district", network.bus, "substation", network.feeders, "")
    )


def transmission(network: Network, offers: list[Row], units: list[Row], days: list[Row]) -> Tables:
    return {
        "buses": buses(network),
        "lines": lines(network),
        "generators": units,
        "offers": offers,
        "loads": loads(network),
        "connections": connection(network),
        "profiles": days,
    }


# --- examples -----------------------------------------------------------------------------------------------------


def write_game(root: Path, name: str, header: Mapping[str, object], district: Tables, network: Tables) -> None:
    folder = root / "src/gridpact/examples" / name
    write_case(folder / "case", {"name": name, **header}, district)
    write_case(folder / "transmission", {"name": f"{name}-transmission", **header, "frequency_hz": HZ}, network)
    study = {"question": "stackelberg", "case": "case", "transmission": "transmission"}
    write_toml(folder / "study.toml", study)
    notice = "RTS-GMLC_NOTICE.txt"  # must stand beside every copy of the data
    shutil.copyfile(DATA / "rts_gmlc" / notice, folder / notice)


def clock(day: str) -> dict[str, object]:
    return {
        "currency": "USD",
        "timezone": "America/Phoenix",
        "start": f"{day}T00:00:00-07:00",
        "step_minutes": 60,
        "steps": 24,
    }


SUMMER, SUMMER_WEATHER = "2020-07-15", "rts_gmlc/day_ahead_2020-07-15_pu.csv"
SPRING, SPRING_WEATHER = "2020-03-27", "rts_gmlc/day_ahead_2020-03-27_pu.csv"

# The market decides about the import, no agreement: the limits are those of a transformer, the same all day.
GAME_INTERFACE = rows(
    "interface bus vm_pu price_per_mwh sell_ratio max_import_mw max_export_mw max_q_mvar",
    ("substation", "1", 1.0, 47.0, 1.0, 4.5, 2.0, 1.5),
)
# Prices of the PJM system are lower than those the feeder of ieee33-day was made for.
PJM5_LEVEL = 0.75
PRICED = {"generators": ("cost_per_mwh", "cost_per_mw2h"), "offers": ("cost_per_mwh",), "bids": ("benefit_per_mwh",)}


def at_level(tables: Tables, level: float) -> Tables:
    """The tables with all costs and benefits times ``level``."""
    return {
        name: [row | {column: round(level * row[column], 4) for column in PRICED.get(name, ())} for row in table]
        for name, table in tables.items()
    }


def free_import(series: Day) -> Day:
    """The profiles of a feeder without the hours of a lower import."""
    return {name: values for name, values in series.items() if not name.endswith("max_import_mw")}


def pjm5_ieee33(root: Path) -> None:
    names = list(TOOLS["PJM_NAMES"])
    series = free_import(TOOLS["ieee33_series"](SUMMER_WEATHER))
    price = "interfaces/substation/price_per_mwh"
    series[price] = [round(PJM5_LEVEL * value, 4) for value in series[price]]
    district = at_level(TOOLS["ieee33_tables"](), PJM5_LEVEL) | {"interfaces": GAME_INTERFACE}
    district["profiles"] = profiles(SUMMER, "-07:00", series)
    days = profiles(SUMMER, "-07:00", load_series(PJM5, SUMMER_WEATHER))
    network = transmission(PJM5, scaled_offers(PJM5, names, PJM5_BLOCKS), generators(PJM5, names), days)
    write_game(root, "pjm5-ieee33", clock(SUMMER), district, network)


def ieee30_district(root: Path) -> None:
    names = [f"unit-{unit['bus']}" for unit in source("case30/gen.csv")]
    district = HEAT["district_tables"]() | {"interfaces": GAME_INTERFACE}
    series = free_import(HEAT["district_series"]())
    district["profiles"] = profiles(SPRING, "-07:00", series)
    days = profiles(SPRING, "-07:00", load_series(IEEE30, SPRING_WEATHER))
    network = transmission(IEEE30, cut_offers(IEEE30, names, IEEE30_BLOCKS), generators(IEEE30, names), days)
    write_game(root, "ieee30-district", clock(SPRING), district, network)


def make(root: Path) -> None:
    pjm5_ieee33(root)
    ieee30_district(root)


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else REPOSITORY)
