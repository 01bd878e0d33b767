"""Build the example oberrhein-day: a day on pandapower's medium-voltage network mv_oberrhein.

    python scripts/make_oberrhein.py [ROOT]
    python scripts/make_oberrhein.py --extract

writes ``src/gridpact/examples/oberrhein-day/`` below ROOT, by default this repository; make_examples.py does so too.
With --extract it takes the network anew from an installed pandapower into scripts/data/oberrhein. What the numbers
mean, and which of them are choices of ours, is told in the SOURCES.txt beside the example.
"""

from __future__ import annotations

import csv
import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import gridpact as gp
from gridpact.case.network import island_labels

Series = dict[str, NDArray[np.float64]]

REPOSITORY = Path(__file__).resolve().parent.parent
DATA = Path(__file__).resolve().parent / "data"
NETWORK = DATA / "oberrhein/network.json"
NAME = "oberrhein-day"

# Columns of pandapower's tables that a case is made of; without scaling loads and PV stand at their installed power.
USED = {
    "bus": "vn_kv in_service geo",
    "line": "from_bus to_bus length_km r_ohm_per_km x_ohm_per_km c_nf_per_km g_us_per_km max_i_ka df parallel "
    "in_service",
    "trafo": "hv_bus lv_bus sn_mva vn_hv_kv vn_lv_kv vk_percent vkr_percent pfe_kw i0_percent shift_degree tap_side "
    "tap_neutral tap_pos tap_step_percent tap_step_degree tap_changer_type df parallel in_service",
    "switch": "bus element et closed",
    "load": "bus p_mw q_mvar in_service",
    "sgen": "bus p_mw q_mvar in_service type",
    "ext_grid": "bus vm_pu in_service",
}

# Highest load over installed load; pandapower's own case of high load has 0.6.
PEAK = 0.86
EASTERN_SUBSTATION = "318"
MEDIUM_VOLTAGE_LOADS = frozenset(f"load-{number}" for number in range(141, 147))

GENERATORS = pd.DataFrame(
    {
        "generator": ["chp-159", "chp-155"],
        "bus": ["159", "155"],
        "max_p_mw": [1.5, 1.0],
        "min_q_mvar": [-0.5, -0.3],
        "max_q_mvar": [0.5, 0.3],
        "cost_per_mwh": [58.0, 66.0],
        "cost_per_mw2h": [4.0, 0.0],
    }
)
STORAGES = pd.DataFrame(
    {
        "storage": ["battery-147", "battery-190"],
        "bus": ["147", "190"],
        "energy_mwh": [6.0, 4.0],
        "charge_mw": [1.5, 1.0],
        "discharge_mw": [1.5, 1.0],
        "efficiency_charge": 0.95,
        "efficiency_discharge": 0.95,
        "initial_mwh": [3.0, 2.0],
        "min_mwh": [0.6, 0.4],
        "wear_cost_per_mwh": 4.0,
    }
)

STUDY = """question = "clear"
case = "case"

[settings]
formulation = "soc"
price_probes = 4
"""


def source(path: str) -> Series:
    """The columns of a source file."""
    with (DATA / path).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}


def profiles(case: gp.Case) -> Series:
    """Prices of both substations, loads after the shapes of regions, PV after the shapes of plants; to a watt."""
    weather = source("rts_gmlc/day_ahead_2020-07-15_pu.csv")
    price = source("li2019/day24_energy_hub.csv")["lmp_usd_per_MWh"]
    labels = island_labels(case)
    east = labels == labels[case.ids("buses").index(EASTERN_SUBSTATION)]
    series = {f"interfaces/{name}/price_per_mwh": price for name in case.ids("interfaces")}
    for place, name in enumerate(case.ids("loads")):
        is_east = east[case.positions("loads", "bus")[place]]
        region = weather["load_R3" if name in MEDIUM_VOLTAGE_LOADS else "load_R2" if is_east else "load_R1"]
        for column in ("p_mw", "q_mvar"):
            highest = PEAK * case.column("loads", column)[place]
            series[f"loads/{name}/{column}"] = (highest * region / region.max()).round(6)
    for place, name in enumerate(case.ids("renewables")):
        is_east = east[case.positions("renewables", "bus")[place]]
        sun = weather["pv_320_PV_1" if is_east else "pv_113_PV_1"]
        series[f"renewables/{name}/p_mw"] = (case.column("renewables", "p_mw")[place] * sun).round(6)
    return series


def district() -> gp.Case:
    """The imported network over a day, with combined heat and power plants and batteries."""
    case = gp.from_pandapower(NETWORK, tell=lambda note: None)
    start = pd.Timestamp("2020-07-15T00:00:00+02:00").tz_convert("Europe/Berlin")
    nothing = pd.DataFrame(index=pd.date_range(start, periods=24, freq="h", name="snapshot"))
    case = replace(
        case, name=NAME, currency="USD", timezone="Europe/Berlin", start=start, steps=24, profiles=nothing
    ).with_profiles(profiles(case))
    buses = case.tables["buses"].assign(vm_min_pu=0.95, vm_max_pu=1.05)
    return case.with_table("buses", buses).with_table("generators", GENERATORS).with_table("storages", STORAGES)


def make(root: Path) -> None:
    folder = root / "src/gridpact/examples" / NAME
    folder.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder / "case", ignore_errors=True)
    gp.write_case(district(), folder / "case")
    (folder / "study.toml").write_text(STUDY, encoding="utf-8", newline="\n")
    # Both must stand beside every copy of the data.
    shutil.copyfile(DATA / "rts_gmlc/RTS-GMLC_NOTICE.txt", folder / "RTS-GMLC_NOTICE.txt")
    shutil.copyfile(DATA / "oberrhein/PANDAPOWER_LICENSE.txt", folder / "PANDAPOWER_LICENSE.txt")


def extract() -> None:
    """The used columns of mv_oberrhein as a network file of pandapower."""
    import pandapower.networks

    net = pandapower.networks.mv_oberrhein()
    tables = {name: net[name][columns.split()] for name, columns in USED.items()}
    parts = {
        name: {
            "_module": "pandas.core.frame",
            "_class": "DataFrame",
            "_object": frame.to_json(orient="split", double_precision=15),
            "orient": "split",
        }
        for name, frame in tables.items()
    }
    content = {"_module": "pandapower.auxiliary", "_class": "pandapowerNet", "_object": {"f_hz": net.f_hz, **parts}}
    NETWORK.parent.mkdir(exist_ok=True)
    NETWORK.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    if "--extract" in sys.argv:
        extract()
    else:
        make(Path(sys.argv[1]) if len(sys.argv) > 1 else REPOSITORY)
