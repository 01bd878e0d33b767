"""Small planning cases, made up from a seed, whose designs can all be counted out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from gridpact.case.case import Case
from gridpact.case.planned import most_units
from tests.districts import bus, district, interface, line, load

RATE = 0.08
Row = dict[str, Any]
# No more designs than this, so that all can be priced one by one.
DESIGNS = 80


@dataclass(frozen=True)
class Made:
    """A case with candidates and the settings of its plan."""

    case: Case
    settings: dict[str, float]


def made(seed: int) -> Made:
    """3 to 6 buses in a tree, up to three hours or one or two days of quarter days, candidates of mixed kinds.

    In half of them a line is too thin for the demand behind it; limits are there in half of them.
    """
    draw = np.random.default_rng((8, seed))
    buses = [str(k + 1) for k in range(int(draw.integers(3, 7)))]
    hours, steps = ((60, int(draw.integers(1, 4))), (360, 4), (360, 8))[int(draw.integers(3))]
    lines = _lines(draw, buses)
    thin = bool(draw.random() < 0.5)
    tables = _candidates(draw, buses, lines, thin)
    day = {} if hours == 60 else {"window": "day"}
    case = district(
        _profiles(draw, buses, steps, tables),
        step_minutes=hours,
        steps=steps,
        **day,
        buses=[bus(name, 0.93, 1.06) for name in buses],
        lines=lines,
        interfaces=[interface(60.0, sell_ratio=0.7)],
        loads=[load(name, 0.5, 0.15) for name in buses[1:]],
        **{name: rows for name, rows in tables.items() if rows},
    )
    return Made(case, _settings(draw, case))


def _lines(draw: np.random.Generator, buses: list[str]) -> list[Row]:
    rows = []
    for k in range(1, len(buses)):
        ends = [buses[int(draw.integers(max(0, k - 2), k))], buses[k]]
        start, end = ends if draw.random() < 0.7 else ends[::-1]
        rows.append(line(f"L{k}", start, end, draw.uniform(0.3, 1.0), draw.uniform(0.2, 0.6), max_i_ka=0.3))
    return rows


def _costs(draw: np.random.Generator, investment: float) -> Row:
    years = float(draw.choice([10.0, 15.0, 25.0]))
    return {"investment": investment, "lifetime_years": years, "maintenance_per_year": 0.01 * investment}


def _candidates(draw: np.random.Generator, buses: list[str], lines: list[Row], thin: bool) -> dict[str, list[Row]]:
    """Candidates of mixed kinds until there are enough designs; ``thin``: without its type L1 carries too little."""
    tables: dict[str, list[Row]] = {f"{kind}_candidates": [] for kind in ("line", "renewable", "storage", "generator")}
    if thin:
        lines[0]["max_i_ka"] = 0.02
    designs, made = 1, 0
    kinds = ["line", *draw.permutation(["pv", "wind", "storage", "generator", "line", "pv"]).tolist()]
    for kind in kinds[not thin :]:
        units = int(draw.integers(1, 3))
        if made >= 6 or (designs * (units + 1) > DESIGNS and made >= 3):
            break
        at = str(draw.choice(buses[1:]))
        if kind == "line":
            tables["line_candidates"].append(
                _type(draw, made, lines[0 if thin and not made else int(draw.integers(len(lines)))])
            )
            units = 1
        else:
            table = {"pv": "renewable", "wind": "renewable"}.get(kind, kind)
            row = {"candidate": f"{kind}{made}", "bus": at, "max_units": units, **_unit(draw, kind)}
            tables[f"{table}_candidates"].append(row)
        designs, made = designs * (units + 1), made + 1
    return tables


def _type(draw: np.random.Generator, number: int, of: Row) -> Row:
    share = draw.uniform(0.2, 0.6)
    wire = {"r_ohm_per_km": share * of["r_ohm_per_km"], "x_ohm_per_km": 0.8 * of["x_ohm_per_km"], "max_i_ka": 0.5}
    return {"candidate": f"type{number}", "line": of["line"], **wire, **_costs(draw, draw.uniform(5e3, 6e4))}


def _unit(draw: np.random.Generator, kind: str) -> Row:
    if kind in ("pv", "wind"):
        size = draw.uniform(0.2, 0.6)
        more = {"sn_mva": 1.1 * size} if draw.random() < 0.5 else {}
        cost = draw.uniform(0.6e6, 2.5e6) * size
        return {"kind": kind, "p_mw": size, "cost_per_mwh": 1.0, **more, **_costs(draw, cost)}
    if kind == "storage":
        size = draw.uniform(0.1, 0.4)
        shape = {"charge_mw": size, "discharge_mw": size, "efficiency_charge": 0.95, "efficiency_discharge": 0.93}
        energy = {"energy_mwh": 3.0 * size, "initial_mwh": size, "min_mwh": 0.2 * size, "wear_cost_per_mwh": 0.5}
        return {**shape, **energy, **_costs(draw, draw.uniform(1e4, 1.5e5) * size)}
    size = draw.uniform(0.2, 0.5)
    reactive = {"max_p_mw": size, "min_q_mvar": -0.2 * size, "max_q_mvar": 0.3 * size}
    return {**reactive, "cost_per_mwh": draw.uniform(25.0, 60.0), **_costs(draw, draw.uniform(2e5, 1e6) * size)}


def _profiles(
    draw: np.random.Generator, buses: list[str], steps: int, tables: Mapping[str, list[Row]]
) -> dict[str, Any]:
    shape = draw.uniform(0.5, 1.0, steps)
    found = {f"loads/load-{name}/p_mw": (shape * draw.uniform(0.2, 0.7)).tolist() for name in buses[1:]}
    found["interfaces/grid/price_per_mwh"] = draw.uniform(25.0, 110.0, steps).tolist()
    for row in tables["renewable_candidates"]:
        path = f"renewable_candidates/{row['candidate']}/p_mw"
        found[path] = (row["p_mw"] * draw.uniform(0.0, 1.0, steps)).tolist()
    return found


def _settings(draw: np.random.Generator, case: Case) -> dict[str, float]:
    settings: dict[str, float] = {}
    if draw.random() < 0.5:
        every = sum(
            most * investment[name] for investment in [investments(case)] for name, most in most_units(case).items()
        )
        settings["budget"] = float(every * draw.uniform(0.3, 0.8))
    if draw.random() < 0.5 and case.count("renewable_candidates"):
        settings["max_penetration"] = float(draw.uniform(0.15, 0.5))
    return settings


def investments(case: Case) -> dict[str, float]:
    """Of one unit of every candidate."""
    return {row["candidate"]: row["investment"] for row in _rows(case)}


def yearly(case: Case, design: Mapping[str, int]) -> float:
    """What a design costs in a year without operation: annuities and maintenance, by the textbook."""
    return sum(
        design.get(row["candidate"], 0)
        * (row["investment"] * RATE / (1.0 - (1.0 + RATE) ** -row["lifetime_years"]) + row["maintenance_per_year"])
        for row in _rows(case)
    )


def _rows(case: Case) -> Iterator[Row]:
    for table in case.tables:
        if table.endswith("_candidates"):
            yield from case.tables[table].to_dict("records")


def designs(instance: Made) -> Iterator[dict[str, int]]:
    """All designs that keep one type per line, the budget and the share of renewable energy."""
    case, most = instance.case, most_units(instance.case)
    lines = dict(zip(case.ids("line_candidates"), case.tables["line_candidates"]["line"], strict=True))
    for units in product(*(range(count + 1) for count in most.values())):
        design = dict(zip(most, units, strict=True))
        built = [lines[name] for name in lines if design[name]]
        if len(set(built)) == len(built) and _affordable(instance, design):
            yield design


def _affordable(instance: Made, design: Mapping[str, int]) -> bool:
    case, settings = instance.case, instance.settings
    spent = sum(design[name] * investment for name, investment in investments(case).items())
    of = case.ids("renewable_candidates")
    energy = sum(
        design[name] * series.sum()
        for name, series in zip(of, case.series("renewable_candidates", "p_mw"), strict=True)
    )
    share = energy / case.series("loads", "p_mw").sum()
    return bool(spent <= settings.get("budget", np.inf) and share <= settings.get("max_penetration", np.inf))
