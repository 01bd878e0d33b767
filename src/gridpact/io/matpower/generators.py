"""Generators and dispatchable loads of a MATPOWER case with their costs.

A generator with pmin < 0 = pmax is a dispatchable load (MATPOWER user's manual, 6.4.2): it bids, the slopes of its cost
being the benefits, and its power factor is fixed by the one reactive limit that is not zero.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridpact.errors import InputError, Issue
from gridpact.io.imports.costs import Cost, generator_cost, polynomial, through_points
from gridpact.io.imports.findings import Findings
from gridpact.io.imports.tables import Row, Tables, joined, table
from gridpact.io.matpower.mpc import Mpc

REFERENCE = 3.0


def generator_tables(mpc: Mpc, loads: pd.DataFrame, found: Findings) -> Tables:
    """Tables generators and offers, loads with those that are dispatchable, and their bids."""
    gen = mpc.gen.assign(name=[f"gen-{row}" for row in range(1, len(mpc.gen) + 1)], place=range(len(mpc.gen)))
    isolated = set(mpc.bus.loc[mpc.bus["type"] == 4.0, "bus"])
    used = (gen["status"] > 0.0) & ~gen["bus"].isin(isolated)
    found.note("generators out of service are left out", list(gen.loc[~used, "name"]))
    gen = gen[used]
    costs = _costs(mpc, found)
    flexible = (gen["pmin"] < 0.0) & (gen["pmax"] == 0.0)
    generators, offers = _generators(mpc, gen[~flexible], costs)
    demand, bids = _dispatchable(mpc, gen[flexible], costs, found)
    return {
        "generators": table("generators", generators),
        "offers": table("offers", offers),
        "loads": joined(loads, table("loads", demand)),
        "bids": table("bids", bids),
    }


def voltages(mpc: Mpc) -> dict[str, float]:
    """Voltage that the first generator in service at each bus holds, per unit."""
    running = mpc.gen[mpc.gen["status"] > 0.0].drop_duplicates("bus")
    return {f"{bus:.0f}": float(vg) for bus, vg in zip(running["bus"], running["vg"], strict=True)}


def _costs(mpc: Mpc, found: Findings) -> list[Cost]:
    """The cost of each generator, zero where the file has none. Raises InputError for what is not convex."""
    table, count = mpc.gencost, len(mpc.gen)
    if not len(table):
        found.note("the file has no costs: every generator costs nothing")
        return [polynomial(0.0, 0.0, 0.0)] * count
    if len(table) not in (count, 2 * count):
        message = f"mpc.gencost has {len(table)} rows for {count} generators"
        raise InputError([Issue(message, "Give one row for each generator.", mpc.file, int(table["line"].iloc[0]))])
    values, lines = table.drop(columns="line").to_numpy(dtype=np.float64), table["line"].tolist()
    reactive = [line for row, line in zip(values[count:], lines[count:], strict=True) if row[4:].any()]
    if reactive:
        fix = "Skipped, reactive power costs nothing."
        found.refuse("costs of reactive power are not supported", fix, mpc.file, reactive[0])
    found.note(
        "shutdown costs are not imported", [f"gen-{row + 1}" for row in np.flatnonzero(values[:count, 2] != 0.0)]
    )
    return [_cost(mpc.file, line, row) for row, line in zip(values[:count], lines[:count], strict=True)]


def _cost(file: str, line: int, row: np.ndarray[Any, np.dtype[np.float64]]) -> Cost:
    model, count = row[0], int(row[3]) if np.isfinite(row[3]) else 0
    width = count if model == 2.0 else 2 * count
    if model not in (1.0, 2.0) or count < (1 if model == 2.0 else 2) or len(row) < 4 + width:
        fix = "Write 1 or 2, startup, shutdown, n and then n points or n coefficients."
        raise InputError([Issue("this is no cost", fix, file, line)])
    if model == 2.0:
        return _polynomial(file, line, row[4 : 4 + width])
    power, cost = row[4 : 4 + width : 2], row[5 : 4 + width : 2]
    if not (np.diff(power) > 0.0).all():
        raise InputError([Issue("powers of the points do not increase", "Sort the points.", file, line)])
    return _convex(file, line, through_points(power, cost))


def _polynomial(file: str, line: int, coefficients: np.ndarray[Any, np.dtype[np.float64]]) -> Cost:
    if coefficients[:-3].any():
        fix = "Approximate it by a polynomial of degree two or by straight pieces."
        raise InputError([Issue("cost has a degree higher than two", fix, file, line)])
    quadratic, linear, constant = np.concatenate([np.zeros(3), coefficients])[-3:].tolist()
    return _convex(file, line, polynomial(constant, linear, quadratic))


def _convex(file: str, line: int, cost: Cost) -> Cost:
    if not cost.convex():
        fix = "A market needs marginal costs that do not fall; replace the cost by a convex one."
        raise InputError([Issue("cost is not convex", fix, file, line)])
    return cost


def _generators(mpc: Mpc, gen: pd.DataFrame, costs: list[Cost]) -> tuple[list[Row], list[Row]]:
    """Rows of generators and of their offers."""
    references = set(mpc.bus.loc[mpc.bus["type"] == REFERENCE, "bus"])
    slack = gen["bus"].isin(references) & ~gen["bus"].duplicated()
    generators, offers = [], []
    for (_, unit), is_slack in zip(gen.iterrows(), slack, strict=True):
        cost = costs[unit["place"]]
        row: Row = {"generator": unit["name"], "bus": f"{unit['bus']:.0f}", "slack": bool(is_slack)}
        row |= {
            "min_p_mw": unit["pmin"],
            "max_p_mw": unit["pmax"],
            "min_q_mvar": unit["qmin"],
            "max_q_mvar": unit["qmax"],
        }
        row["start_cost"] = float(mpc.gencost.iloc[unit["place"], 1]) if len(mpc.gencost) else 0.0
        own, blocks = generator_cost(unit["name"], cost, unit["pmin"], unit["pmax"])
        generators.append(row | own)
        offers += blocks
    return generators, offers


def _dispatchable(mpc: Mpc, gen: pd.DataFrame, costs: list[Cost], found: Findings) -> tuple[list[Row], list[Row]]:
    """Rows of loads without fixed demand and of their bids."""
    loads: list[Row] = []
    bids: list[Row] = []
    for _, unit in gen.iterrows():
        cost, name = costs[unit["place"]], str(unit["name"])
        if cost.quadratic != 0.0 or (unit["qmin"] != 0.0 and unit["qmax"] != 0.0):
            message = f"dispatchable load {name} has a quadratic benefit, or no fixed power factor"
            fix = "Give it straight pieces, and qmin or qmax of 0; skipped, it is left out."
            found.refuse(message, fix, mpc.file, int(unit["line"]))
            continue
        ratio = (unit["qmin"] + unit["qmax"]) / unit["pmin"]
        widths, slopes = cost.blocks(unit["pmin"], 0.0)
        loads.append({"load": name, "bus": f"{unit['bus']:.0f}", "p_mw": 0.0, "q_mvar": 0.0})
        bids += [
            {"bid": f"{name}-{number}", "load": name, "p_mw": width, "benefit_per_mwh": slope, "q_mvar_per_mw": ratio}
            for number, (width, slope) in enumerate(zip(widths[::-1].tolist(), slopes[::-1].tolist(), strict=True), 1)
        ]
    found.note("dispatchable loads bid", [row["load"] for row in loads])
    return loads, bids
