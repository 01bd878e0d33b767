"""Build the example of a joint plan: collaborative-planning.

    python scripts/make_together.py [ROOT]

writes ``src/gridpact/examples/collaborative-planning/case/`` below ROOT, by default this repository; make_examples.py
does so too. What the numbers mean, and which of them are choices of ours, is told in the SOURCES.txt beside the
example.
"""

from __future__ import annotations

import runpy
import shutil
import sys
from pathlib import Path

PLANNING = runpy.run_path(str(Path(__file__).with_name("make_planning.py")))
TOOLS = PLANNING["TOOLS"]
Row, Tables = TOOLS["Row"], TOOLS["Tables"]
REPOSITORY, DATA, HOURS = TOOLS["REPOSITORY"], TOOLS["DATA"], TOOLS["HOURS"]
source, rows, power = TOOLS["source"], TOOLS["rows"], TOOLS["power"]
shape, stamps, table_of = PLANNING["shape"], PLANNING["stamps"], PLANNING["table_of"]

NAME = "collaborative-planning"
# Weeks of 2020, Monday to Sunday, one of each season.
WEEKS = ((1, 13), (4, 13), (7, 13), (10, 12))
DAYS = [(month, first + day) for month, first in WEEKS for day in range(7)]
# The same days one after another, from a Monday of 2030 on.
FIRST, CALENDAR = 7, 31
HEADER: Row = {
    "name": NAME,
    "currency": "EUR",
    "timezone": "Europe/Madrid",
    "start": "2030-01-07T00:00:00+01:00",
    "step_minutes": 60,
    "steps": len(DAYS) * len(HOURS),
}

# Microgrids by bus, which loses its published load; all other published loads times a factor are the operator's.
SUN, WIND, SHOP = "25", "22", "33"
REST = 0.8
# Highest load in MW, the data it follows, and the share of it that is there whatever the hour.
LOADS = {"homes": (SUN, 0.7, "load_R1"), "farm": (WIND, 0.35, "load_R2"), "workshop": (SHOP, 0.8, "load_R3")}
# Share of its highest load that the workshop has by the hour of a working day, and on other days.
SHIFT = [0.2] * 6 + [0.5] + [0.9, 1.0, 1.0, 1.0, 0.95, 0.85, 1.0, 1.0, 1.0, 0.95, 0.7, 0.4] + [0.2] * 5
REST_DAY = 0.2

# One unit: MW of plants, and MW and MWh of batteries; EUR, EUR a year.
PV = (0.25, 950.0 * 250.0, 25.0, 3500.0)
TURBINE = (0.5, 1600.0 * 500.0, 25.0, 20000.0)
BATTERY = (0.25, 1.0, 220.0 * 1000.0, 15.0, 3000.0)
PV_SITES = (("homes-pv", SUN, 6.0, 0.0), ("farm-pv", WIND, 2.0, 15000.0), ("workshop-pv", SHOP, 5.0, 10000.0))
PV_DATA = {"homes-pv": "pv_101_PV_1", "farm-pv": "pv_113_PV_1", "workshop-pv": "pv_320_PV_1"}
WIND_SITES = (("farm-wind", WIND, 4.0, 0.0), ("workshop-wind", SHOP, 1.0, 350000.0))
WIND_DATA = {"farm-wind": "wind_317_WIND_1", "workshop-wind": "wind_122_WIND_1"}
BATTERIES = (("homes-battery", SUN, 2.0, 0.0), ("workshop-battery", SHOP, 1.0, 0.0), ("feeder-battery", "18", 1.0, 0.0))
# Sections that may get a larger cable, and what it costs.
CABLES = {"20-21": 70000.0, "21-22": 90000.0, "24-25": 80000.0, "32-33": 60000.0}
THIN_KA, LATERAL_KA = 0.04, 0.2

MONEY = "investment lifetime_years maintenance_per_year"
FIXED: Tables = {
    "interfaces": rows(
        "interface bus vm_pu price_per_mwh sell_ratio max_import_mw max_export_mw",
        ("substation", "1", 1.02, 80.0, 0.95, 5.0, 2.0),
    ),
    "microgrids": rows(
        "microgrid bus max_buy_mw max_sell_mw weight disagreement tariff_buy_per_mwh tariff_sell_per_mwh",
        ("homes", SUN, 1.0, 1.2, 1.0, "tariff", 170.0, 45.0),
        ("farm", WIND, 0.5, 2.0, 1.0, "tariff", 160.0, 45.0),
        ("workshop", SHOP, 1.0, 0.8, 1.0, "tariff", 140.0, 45.0),
    ),
    "network_operator": rows(
        "operator role weight fee_rule fee_kind grid_fee_per_mwh pair_fee_per_mwh fee_per_mwh_km buyer_share",
        ("network", "party", 0.5, "distance", "transfer", 8.0, 2.0, 0.3, 0.5),
    ),
    "generators": rows("generator bus max_p_mw cost_per_mwh cost_per_mw2h", ("farm-biogas", WIND, 0.15, 95.0, 40.0)),
    "generator_candidates": rows(
        f"candidate bus max_p_mw cost_per_mwh max_units {MONEY}",
        ("workshop-engine", SHOP, 0.3, 98.0, 1.0, 240000.0, 15.0, 6000.0),
    ),
}


def loads() -> list[Row]:
    found: list[Row] = TOOLS["microgrid_loads"](REST, LOADS)
    return found


def lines() -> list[Row]:
    ends = {f"{row['from']}-{row['to']}" for row in source("case33bw/branch.csv") if row["normally_closed"] == "1"}
    limits = TOOLS["IEEE33_TRUNK"] | dict.fromkeys(CABLES, THIN_KA)
    return [line for line in TOOLS["feeder33_lines"](limits, LATERAL_KA) if line["line"] in ends]


def cables() -> list[Row]:
    columns = f"candidate line r_ohm_per_km x_ohm_per_km max_i_ka {MONEY}"
    return rows(
        columns,
        *(
            (
                f"cable-{line['line']}", line["line"], round(0.5 * line["r_ohm_per_km"], 5),
                round(0.85 * line["x_ohm_per_km"], 5), LATERAL_KA, CABLES[line["line"]], 40.0, 0.0,
            )
            for line in lines()
            if line["line"] in CABLES
        ),
    )  # fmt: skip


def renewable_candidates() -> list[Row]:
    sites = [(*site, "pv", PV) for site in PV_SITES] + [(*site, "wind", TURBINE) for site in WIND_SITES]
    columns = f"candidate bus kind p_mw max_units {MONEY}"
    return rows(
        columns,
        *((name, bus, kind, mw, most, cost + extra, life, yearly)
          for name, bus, most, extra, kind, (mw, cost, life, yearly) in sites),
    )  # fmt: skip


def storage_candidates() -> list[Row]:
    columns = (
        "candidate bus energy_mwh charge_mw discharge_mw efficiency_charge efficiency_discharge initial_mwh min_mwh "
        f"wear_cost_per_mwh max_units {MONEY}"
    )
    mw, mwh, cost, life, yearly = BATTERY
    unit = (mwh, mw, mw, 0.95, 0.95, 0.5, 0.1, 4.0)
    return rows(
        columns, *((name, bus, *unit, most, cost + extra, life, yearly) for name, bus, most, extra in BATTERIES)
    )


def hours_of_data() -> list[dict[str, str]]:
    wanted = {(str(month), str(day)) for month, day in DAYS}
    return [hour for hour in PLANNING["year_of_data"]() if (hour["month"], hour["day"]) in wanted]


def prices(hours: list[dict[str, str]]) -> list[float]:
    """50 + 75 s - 55 v + 60 (s - mean of s over the day): s is the mean load of the regions over its highest, v PV."""
    regions = [shape(hours, region, 1.0) for region in PLANNING["REGIONS"]]
    system = [sum(hour) / len(regions) for hour in zip(*regions, strict=True)]
    means = [sum(system[day : day + 24]) / 24 for day in range(0, len(system), 24)]
    sun = shape(hours, "pv_all")
    return [
        round(50.0 + 75.0 * s - 55.0 * v + 60.0 * (s - means[hour // 24]), 1)
        for hour, (s, v) in enumerate(zip(system, sun, strict=True))
    ]


def workshop() -> list[float]:
    """Share of its highest load; the weeks begin with a Monday."""
    return [share if day % 7 < 5 else REST_DAY for day in range(len(DAYS)) for share in SHIFT]


def series() -> dict[str, list[float]]:
    hours = hours_of_data()
    found = {"interfaces/substation/price_per_mwh": prices(hours)}
    for load in loads():
        name = load["load"]
        data = LOADS[name][2] if name in LOADS else TOOLS["region"](int(load["bus"]))
        for column in ("p_mw", "q_mvar"):
            if load[column]:
                values = workshop() if name == "workshop" else shape(hours, data, 1.0)
                found[f"loads/{name}/{column}"] = [round(load[column] * value, 4) for value in values]
    for (mw, *_), sites in ((PV, PV_DATA), (TURBINE, WIND_DATA)):
        for name, column in sites.items():
            found[f"renewable_candidates/{name}/p_mw"] = [round(mw * value, 4) for value in shape(hours, column)]
    return found


def make(root: Path) -> None:
    folder = root / "src/gridpact/examples" / NAME
    days = [((FIRST + day - 1) // CALENDAR + 1, (FIRST + day - 1) % CALENDAR + 1) for day in range(len(DAYS))]
    tables: Tables = {
        "buses": TOOLS["feeder33_buses"](0.95, 1.05),
        "lines": lines(),
        "loads": loads(),
        **FIXED,
        "renewable_candidates": renewable_candidates(),
        "storage_candidates": storage_candidates(),
        "line_candidates": cables(),
        "profiles": table_of(stamps(2030, days, "+01:00"), series()),
    }
    TOOLS["write_case"](folder / "case", HEADER, tables)
    notice = "RTS-GMLC_NOTICE.txt"  # must stand beside every copy of the data
    shutil.copyfile(DATA / "rts_gmlc" / notice, folder / notice)


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else REPOSITORY)
