"""Build the planning cases: ieee33-planning, carried in the package, and planning-small of the tests.

    python scripts/make_planning.py [ROOT]

writes ``src/gridpact/examples/ieee33-planning/case/`` and ``tests/cases/planning-small/case/`` below ROOT, by default
this repository; make_examples.py does so too. What the numbers mean, and which of them are choices of ours, is told in
the SOURCES.txt beside the example.
"""

from __future__ import annotations

import math
import runpy
import shutil
import sys
from pathlib import Path

TOOLS = runpy.run_path(str(Path(__file__).with_name("make_examples.py")))
Row, Tables = TOOLS["Row"], TOOLS["Tables"]
REPOSITORY, DATA = TOOLS["REPOSITORY"], TOOLS["DATA"]
source, rows, write_case = TOOLS["source"], TOOLS["rows"], TOOLS["write_case"]
Series = dict[str, list[float]]

HOURS, DAYS, LEAP_DAY = 24, 365, ("2", "29")
MONTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
REGIONS = ("load_R1", "load_R2", "load_R3")


def year_of_data() -> list[dict[str, str]]:
    """The hours of 2020 without 29 February, in order."""
    return [hour for hour in source("rts_gmlc/day_ahead_2020_pu.csv") if (hour["month"], hour["day"]) != LEAP_DAY]


def shape(hours: list[dict[str, str]], column: str, highest: float | None = None) -> list[float]:
    """A series of the data; over its highest value, so that it reaches ``highest``, where that is given."""
    values = [float(hour[column]) for hour in hours]
    factor = 1.0 if highest is None else highest / max(values)
    return [factor * value for value in values]


def prices(hours: list[dict[str, str]], base: float, daily: float) -> list[float]:
    """base + 60 s + daily (s - mean of s over the day), s being the mean load of the regions over its highest."""
    regions = [shape(hours, region, 1.0) for region in REGIONS]
    means = [sum(hour) / len(REGIONS) for hour in zip(*regions, strict=True)]
    highest = max(means)
    system = [mean / highest for mean in means]
    days = [math.fsum(system[day : day + HOURS]) / HOURS for day in range(0, len(system), HOURS)]
    return [round(base + 60.0 * s + daily * (s - days[hour // HOURS]), 1) for hour, s in enumerate(system)]


def calendar() -> list[tuple[int, int]]:
    """Month and day of the days of a year without leap day."""
    return [(month + 1, day + 1) for month, length in enumerate(MONTHS) for day in range(length)]


def stamps(year: int, days: list[tuple[int, int]], offset: str) -> list[str]:
    return [f"{year}-{month:02d}-{day:02d}T{hour:02d}:00{offset}" for month, day in days for hour in range(HOURS)]


def short(value: float) -> str:
    """The shortest decimal form, .05 for 0.05: a year of hours has very many numbers."""
    text = repr(value).removesuffix(".0")
    return text[1:] if text.startswith("0.") else text


def table_of(snapshots: list[str], series: Series) -> list[Row]:
    texts = [list(map(short, values)) for values in series.values()]
    return [dict(zip(("snapshot", *series), hour, strict=True)) for hour in zip(snapshots, *texts, strict=True)]


def failing(lines: list[Row], failures: float, repair_h: float) -> list[Row]:
    return [{**line, "failures_per_km_year": failures, "repair_h": repair_h} for line in lines]


def with_customers(loads: list[Row], mw_each: float) -> list[Row]:
    return [{**load, "customers": float(round(float(load["p_mw"]) / mw_each))} for load in loads]


# --- ieee33-planning --------------------------------------------------------------------------------------------

# Nominal loads times LOAD_GROWTH; kW of the nominal load per customer.
LOAD_GROWTH, CUSTOMER_MW = 1.2, 0.002
# Failures per km and year, hours of repair, and of switching on the spot.
FAILURES, REPAIR_H, SWITCHING_H = 0.05, 4.0, 0.75
TRUNK = dict.fromkeys(("1-2", "2-3", "3-4", "4-5", "5-6"), 0.26)
LATERAL_KA = 0.15

# Bus, added cost of its connection in USD, column of the data. Units of 0.25 MW; storage 0.25 MW and 1 MWh.
PV_SITES = (
    ("7", 6000.0, "pv_320_PV_1"), ("14", 12000.0, "pv_320_PV_1"), ("18", 9000.0, "pv_all"),
    ("22", 8000.0, "pv_113_PV_1"), ("25", 4000.0, "pv_101_PV_1"), ("33", 10000.0, "pv_all"),
)  # fmt: skip
WIND_SITES = (
    ("10", 14000.0, "wind_317_WIND_1"), ("16", 22000.0, "wind_122_WIND_1"), ("21", 9000.0, "wind_303_WIND_1"),
    ("24", 7000.0, "wind_309_WIND_1"), ("29", 12000.0, "wind_122_WIND_1"), ("32", 18000.0, "wind_317_WIND_1"),
)  # fmt: skip
STORAGE_SITES = (("8", 5000.0), ("13", 8000.0), ("18", 9000.0), ("25", 4000.0), ("30", 6000.0), ("33", 7000.0))
UNIT_MW, UNIT_MWH, INVERTER_MVA = 0.25, 1.0, 0.275
PV_COST, WIND_COST, STORAGE_COST = 360_000.0, 290_000.0, 125_000.0
PV_YEARLY, WIND_YEARLY, STORAGE_YEARLY = 3750.0, 8750.0, 2000.0

# Sections that may be built with a larger conductor, and the cost of doing so; resistance and reactance of the larger
# conductor over those of the old one, its limit in kA.
REINFORCED = {
    "2-3": 16000.0, "3-4": 12000.0, "4-5": 12000.0, "5-6": 16000.0,
    "8-9": 15000.0, "9-10": 15000.0, "27-28": 15000.0, "28-29": 15000.0,
}  # fmt: skip
LESS_R, LESS_X, LARGE_KA, LARGE_FAILURES = 0.5, 0.85, 0.4, 0.025

# From, to, r and x in ohm (as published), cost, restored load at most in MW.
TIE_COSTS = {"33": 28000.0, "34": 26000.0, "35": 24000.0, "36": 18000.0, "37": 26000.0}
TIE_MW = {"33": 1.0, "34": 0.8, "35": 1.0, "36": 0.6, "37": 1.0}

PROTECTION = (
    ("breaker-1-2", "1-2", "from", "breaker", None),
    ("fuse-2-19", "2-19", "from", "fuse", None),
    ("fuse-3-23", "3-23", "from", "fuse", None),
)
PROTECTION_SITES = (
    ("sectionaliser-3-4", "3-4", "sectionaliser"),
    ("sectionaliser-6-7", "6-7", "sectionaliser"),
    ("sectionaliser-9-10", "9-10", "sectionaliser"),
    ("sectionaliser-12-13", "12-13", "sectionaliser"),
    ("sectionaliser-15-16", "15-16", "sectionaliser"),
    ("sectionaliser-20-21", "20-21", "sectionaliser"),
    ("sectionaliser-24-25", "24-25", "sectionaliser"),
    ("sectionaliser-28-29", "28-29", "sectionaliser"),
    ("recloser-6-26", "6-26", "recloser"),
    ("recloser-8-9", "8-9", "recloser"),
)
SECTIONALISER, RECLOSER = (9000.0, 25.0, 150.0), (24000.0, 20.0, 600.0)

PLANNING_HEADER: Row = {
    "name": "ieee33-planning",
    "currency": "USD",
    "timezone": "America/Phoenix",
    "start": "2030-01-01T00:00:00-07:00",
    "step_minutes": 60,
    "steps": DAYS * HOURS,
}


def planning_loads() -> list[Row]:
    grown = [
        {**load, **{column: round(LOAD_GROWTH * float(load[column]), 4) for column in ("p_mw", "q_mvar")}}
        for load in TOOLS["feeder33_loads"]()
    ]
    return with_customers(grown, LOAD_GROWTH * CUSTOMER_MW)


def planning_lines() -> list[Row]:
    ties = {f"{row['from']}-{row['to']}" for row in source("case33bw/branch.csv") if row["normally_closed"] == "0"}
    lines = [line for line in TOOLS["feeder33_lines"](TRUNK, LATERAL_KA) if line["line"] not in ties]
    return failing(lines, FAILURES, REPAIR_H)


def renewable_candidates() -> list[Row]:
    columns = "candidate bus kind p_mw sn_mva max_units investment lifetime_years maintenance_per_year"
    pv = [
        (f"pv-{bus}", bus, "pv", UNIT_MW, INVERTER_MVA, 3.0, PV_COST + extra, 25.0, PV_YEARLY)
        for bus, extra, _ in PV_SITES
    ]
    wind = [
        (f"wind-{bus}", bus, "wind", UNIT_MW, None, 3.0, WIND_COST + extra, 25.0, WIND_YEARLY)
        for bus, extra, _ in WIND_SITES
    ]
    return list(rows(columns, *pv, *wind))


def storage_candidates() -> list[Row]:
    columns = (
        "candidate bus energy_mwh charge_mw discharge_mw efficiency_charge efficiency_discharge initial_mwh min_mwh "
        "wear_cost_per_mwh islanding max_units investment lifetime_years maintenance_per_year"
    )
    unit = (UNIT_MWH, UNIT_MW, UNIT_MW, 0.95, 0.95, 0.5, 0.1, 2.0, True, 2.0)
    sites = [(f"battery-{bus}", bus, *unit, STORAGE_COST + extra, 15.0, STORAGE_YEARLY) for bus, extra in STORAGE_SITES]
    return list(rows(columns, *sites))


def line_candidates(lines: list[Row], costs: dict[str, float], failures: float | None = None) -> list[Row]:
    """The larger conductor for the sections that have a cost; it fails as often as the old one, or so often."""
    columns = (
        "candidate line r_ohm_per_km x_ohm_per_km max_i_ka failures_per_km_year investment lifetime_years "
        "maintenance_per_year"
    )
    return list(
        rows(
            columns,
            *(
                (
                    f"larger-{line['line']}", line["line"], round(LESS_R * line["r_ohm_per_km"], 5),
                    round(LESS_X * line["x_ohm_per_km"], 5), LARGE_KA, failures, costs[line["line"]], 40.0, 0.0,
                )
                for line in lines
                if line["line"] in costs
            ),
        )
    )  # fmt: skip


def tie_candidates() -> list[Row]:
    columns = (
        "candidate from_bus to_bus length_km r_ohm_per_km x_ohm_per_km max_i_ka switching_h transfer_mw investment "
        "lifetime_years maintenance_per_year"
    )
    return list(
        rows(
            columns,
            *(
                (
                    f"tie-{row['from']}-{row['to']}", row["from"], row["to"], 1.0, float(row["r_ohm"]),
                    float(row["x_ohm"]), LATERAL_KA, SWITCHING_H, TIE_MW[row["branch"]], TIE_COSTS[row["branch"]],
                    40.0, 100.0,
                )
                for row in source("case33bw/branch.csv")
                if row["branch"] in TIE_COSTS
            ),
        )
    )  # fmt: skip


def protection_candidates(sites: tuple[tuple[str, str, str], ...]) -> list[Row]:
    columns = "candidate line end kind switching_h investment lifetime_years maintenance_per_year"
    return list(
        rows(
            columns,
            *(
                (name, line, "from", kind, SWITCHING_H, *SECTIONALISER)
                if kind == "sectionaliser"
                else (name, line, "from", kind, None, *RECLOSER)
                for name, line, kind in sites
            ),
        )
    )


def planning_series() -> Series:
    """The profiles: kW of loads, tenths of kW of plants, tenths of USD per MWh."""
    hours = year_of_data()
    series: Series = {"interfaces/substation/price_per_mwh": prices(hours, 30.0, 170.0)}
    for load in planning_loads():
        region = TOOLS["region"](int(load["bus"]))
        for column in ("p_mw", "q_mvar"):
            series[f"loads/{load['load']}/{column}"] = [
                round(value, 3) for value in shape(hours, region, float(load[column]))
            ]
    for kind, sites in (("pv", PV_SITES), ("wind", WIND_SITES)):
        for bus, _, column in sites:
            path = f"renewable_candidates/{kind}-{bus}/p_mw"
            series[path] = [round(UNIT_MW * value, 4) for value in shape(hours, column)]
    return series


def ieee33_planning(root: Path) -> None:
    lines = planning_lines()
    tables: Tables = {
        "buses": TOOLS["feeder33_buses"](0.93, 1.07),
        "lines": lines,
        "interfaces": rows(
            "interface bus vm_pu price_per_mwh sell_ratio max_export_mw emissions_t_per_mwh",
            ("substation", "1", 1.035, 50.0, 0.6, 1.5, 0.4),
        ),
        "loads": planning_loads(),
        "protection": rows("device line end kind switching_h", *PROTECTION),
        "renewable_candidates": renewable_candidates(),
        "storage_candidates": storage_candidates(),
        "line_candidates": line_candidates(lines, REINFORCED, LARGE_FAILURES),
        "tie_candidates": tie_candidates(),
        "protection_candidates": protection_candidates(PROTECTION_SITES),
        "profiles": table_of(stamps(2030, calendar(), "-07:00"), planning_series()),
    }
    folder = root / "src/gridpact/examples/ieee33-planning"
    write_case(folder / "case", PLANNING_HEADER, tables)
    notice = "RTS-GMLC_NOTICE.txt"  # must stand beside every copy of the data
    shutil.copyfile(DATA / "rts_gmlc" / notice, folder / notice)


# --- planning-small ---------------------------------------------------------------------------------------------

# Six buses in two branches, 1-2-3-4 and 2-5-6; four days of the data, one of each season.
SMALL_DAYS = ((1, 15), (4, 15), (7, 15), (10, 15))
SMALL_LOADS = (("2", 0.3, 0.1), ("3", 0.5, 0.2), ("4", 0.7, 0.3), ("5", 0.4, 0.2), ("6", 0.6, 0.2))
SMALL_HEADER: Row = {
    "name": "planning-small",
    "currency": "USD",
    "timezone": "America/Phoenix",
    "start": "2030-01-01T00:00:00-07:00",
    "step_minutes": 60,
    "steps": len(SMALL_DAYS) * HOURS,
}


def small_lines() -> list[Row]:
    ends = (("1", "2"), ("2", "3"), ("3", "4"), ("2", "5"), ("5", "6"))
    columns = "line from_bus to_bus length_km r_ohm_per_km x_ohm_per_km max_i_ka"
    return failing(list(rows(columns, *((f"{a}-{b}", a, b, 2.0, 0.6, 0.4, 0.2) for a, b in ends))), 0.1, 4.0)


def small_tables() -> Tables:
    lines = small_lines()
    loads = list(rows("load bus p_mw q_mvar", *((f"load-{bus}", bus, p, q) for bus, p, q in SMALL_LOADS)))
    plants = (
        ("pv-4", "4", "pv", 0.25, 0.275, 3.0, 230_000.0, 25.0, 3750.0),
        ("pv-6", "6", "pv", 0.25, 0.275, 3.0, 260_000.0, 25.0, 3750.0),
        ("wind-3", "3", "wind", 0.25, None, 2.0, 320_000.0, 25.0, 8750.0),
    )
    return {
        "buses": rows("bus vn_kv vm_min_pu vm_max_pu", *((str(bus), 12.66, 0.95, 1.05) for bus in range(1, 7))),
        "lines": lines,
        "interfaces": rows(
            "interface bus vm_pu price_per_mwh sell_ratio max_export_mw emissions_t_per_mwh",
            ("substation", "1", 1.0, 50.0, 0.6, 0.8, 0.4),
        ),
        "loads": with_customers(loads, CUSTOMER_MW),
        "protection": rows("device line end kind switching_h", ("breaker-1-2", "1-2", "from", "breaker", None)),
        "renewable_candidates": rows(
            "candidate bus kind p_mw sn_mva max_units investment lifetime_years maintenance_per_year", *plants
        ),
        "storage_candidates": rows(
            "candidate bus energy_mwh charge_mw discharge_mw efficiency_charge efficiency_discharge initial_mwh "
            "min_mwh wear_cost_per_mwh islanding max_units investment lifetime_years maintenance_per_year",
            ("battery-4", "4", 1.0, 0.25, 0.25, 0.95, 0.95, 0.5, 0.1, 2.0, True, 2.0, 110_000.0, 15.0, 2000.0),
        ),
        "generator_candidates": rows(
            "candidate bus max_p_mw min_q_mvar max_q_mvar cost_per_mwh emissions_t_per_mwh islanding max_units "
            "investment lifetime_years maintenance_per_year",
            ("gas-5", "5", 0.4, -0.1, 0.2, 55.0, 0.5, True, 1.0, 200_000.0, 20.0, 6000.0),
        ),
        "line_candidates": line_candidates(lines, {"1-2": 60000.0, "2-3": 60000.0}),
        "tie_candidates": rows(
            "candidate from_bus to_bus length_km r_ohm_per_km x_ohm_per_km max_i_ka switching_h transfer_mw investment "
            "lifetime_years maintenance_per_year",
            ("tie-4-6", "4", "6", 1.0, 0.6, 0.4, 0.2, SWITCHING_H, 1.0, 45000.0, 40.0, 300.0),
        ),
        "protection_candidates": protection_candidates(
            (("sectionaliser-2-3", "2-3", "sectionaliser"), ("recloser-2-5", "2-5", "recloser"))
        ),
    }


def small_series(loads: list[Row]) -> Series:
    """Shapes over the highest of the four days; the plants' over the year's."""
    year, wanted = year_of_data(), [(str(month), str(day)) for month, day in SMALL_DAYS]
    hours = [hour for hour in year if (hour["month"], hour["day"]) in wanted]
    series: Series = {"interfaces/substation/price_per_mwh": prices(hours, 20.0, 150.0)}
    for load in loads:
        for column in ("p_mw", "q_mvar"):
            values = shape(hours, "load_R1", float(load[column]))
            series[f"loads/{load['load']}/{column}"] = [round(value, 4) for value in values]
    for name, column in (("pv-4", "pv_320_PV_1"), ("pv-6", "pv_113_PV_1"), ("wind-3", "wind_309_WIND_1")):
        values = shape(hours, column)
        series[f"renewable_candidates/{name}/p_mw"] = [round(UNIT_MW * value, 4) for value in values]
    return series


def planning_small(root: Path) -> None:
    tables = small_tables()
    days = [(1, 1 + place) for place in range(len(SMALL_DAYS))]
    tables["profiles"] = table_of(stamps(2030, days, "-07:00"), small_series(tables["loads"]))
    folder = root / "tests/cases/planning-small"
    write_case(folder / "case", SMALL_HEADER, tables)
    shutil.copyfile(DATA / "rts_gmlc" / "RTS-GMLC_NOTICE.txt", folder / "RTS-GMLC_NOTICE.txt")


def make(root: Path) -> None:
    ieee33_planning(root)
    planning_small(root)


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else REPOSITORY)
