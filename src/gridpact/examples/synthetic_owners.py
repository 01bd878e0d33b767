"""Synthetic microgrids that may invest, and an operator that may reinforce its feeder: any number of owners and days.

The microgrids are those of ``synthetic_microgrids``, at posted tariffs without a deal, over several days that differ in
load, weather and price. Each may build PV, wind, batteries and a generator at its bus, in two units each, at costs that
differ from one to the next. The feeder is short of current: lines carry little more than what flows today, and a second
type of each of the first lines may take its place; what is sold to the network above earns little. So what one owner
builds changes what pays for the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.errors import InputError, Issue
from gridpact.examples.synthetic_microgrids import synthetic_microgrids

Floats = NDArray[np.float64]
Row = Mapping[str, Any]
MOST_DAYS = 366
# Of a microgrid's highest load: the size of a unit. Costs per MW, MWh for batteries.
UNIT = 0.5
PER_MW = {"pv": 650_000.0, "wind": 1_150_000.0, "generator": 420_000.0}
PER_MWH = 180_000.0
SPREAD = (0.6, 1.3)
SELL_RATIO = 0.35
# Without a deal a microgrid pays so much more than the price above, and is paid such a share of it.
MARK_UP, SELL_SHARE = 45.0, 0.6
# What a microgrid may take and give, over its highest load.
MOST_IN, MOST_OUT = 1.2, 0.6


def synthetic_owners(microgrids: int, seed: int = 0, days: int = 2, types: int = 3, tight: float = 1.15) -> Case:
    """``microgrids`` owners (1 to 2,000) with four candidates each, over ``days`` days, and ``types`` line types.

    Lines carry ``tight`` times the current that the loads beyond them draw at most. Equal arguments, equal case.
    Raises ``InputError`` for a size out of range.
    """
    if not 1 <= days <= MOST_DAYS:
        raise InputError([Issue("the number of days is out of range", f"Give 1 to {MOST_DAYS}.", value=str(days))])
    if types < 0:
        raise InputError([Issue("the number of line types is out of range", "Give 0 or more.", value=str(types))])
    if not 0.0 < tight < np.inf:
        raise InputError([Issue("no line can carry that", "Give a number above zero.", value=str(tight))])
    several = [synthetic_microgrids(microgrids, seed, day=day, tariff=True) for day in range(days)]
    random = np.random.default_rng((seed, microgrids, days))
    case = _joined(several)
    peak = case.series("loads", "p_mw").max(axis=1)[-microgrids:]
    limits = case.tables["microgrids"].assign(
        max_buy_mw=np.round(MOST_IN * peak, 6), max_sell_mw=np.round(MOST_OUT * peak, 6)
    )
    case = _with_tariffs(case.with_table("microgrids", limits))
    case = _with_lines(_with_batteries(_with_generators(case, random, peak), random, peak), types, tight)
    return _with_plants(case, random, peak)


def _joined(days: list[Case]) -> Case:
    """The days one after another."""
    first = days[0]
    case = replace(first, steps=24 * len(days), window="day")
    together = pd.concat([day.profiles for day in days]).set_axis(case.snapshots, axis=0)
    interfaces = case.tables["interfaces"].assign(sell_ratio=SELL_RATIO)
    return replace(case, profiles=together).with_table("interfaces", interfaces)


def _with_tariffs(case: Case) -> Case:
    """Tariffs that follow the price above: at one price for all hours batteries would not mind when they work, and
    what a microgrid alone does to the network would be anybody's guess."""
    price = case.series("interfaces", "price_per_mwh")[0]
    posted = {"tariff_buy_per_mwh": MARK_UP + price, "tariff_sell_per_mwh": SELL_SHARE * price}
    return case.with_profiles(
        {
            f"microgrids/{name}/{column}": np.round(values, 4)
            for name in case.ids("microgrids")
            for column, values in posted.items()
        }
    )


def _costs(random: np.random.Generator, count: int) -> Floats:
    return random.uniform(*SPREAD, count)


def _owners(case: Case) -> tuple[list[str], list[str]]:
    return case.ids("microgrids"), case.tables["microgrids"]["bus"].tolist()


def _with_plants(case: Case, random: np.random.Generator, peak: Floats) -> Case:
    """PV that follows the sun, wind that turns from day to day."""
    names, buses = _owners(case)
    hour, day = np.arange(case.steps) % 24, np.arange(case.steps) // 24
    sun = np.clip(np.sin(np.pi * (hour - 6.0) / 12.0), 0.0, None)
    for kind in ("pv", "wind"):
        size = np.round(UNIT * peak, 6)
        row: Row = {
            "candidate": [f"{name}-{kind}" for name in names],
            "bus": buses,
            "kind": kind,
            "p_mw": size,
            "max_units": 2.0,
            "investment": np.round(size * PER_MW[kind] * _costs(random, len(names)), 2),
            "lifetime_years": 25.0,
            "maintenance_per_year": np.round(0.01 * size * PER_MW[kind], 2),
        }
        strength = random.uniform(0.3, 1.0, (len(names), int(day[-1]) + 1))[:, day]
        turning = 0.15 * np.sin(hour / 3.0 + random.uniform(0.0, 6.0, (len(names), 1)))
        shape = sun * strength if kind == "pv" else np.clip(0.7 * strength + turning, 0.0, 1.0)
        profiles = {
            f"renewable_candidates/{name}-{kind}/p_mw": np.round(one * own, 6)
            for name, one, own in zip(names, size, shape, strict=True)
        }
        case = case.with_rows("renewable_candidates", row).with_profiles(profiles)
    return case


def _with_batteries(case: Case, random: np.random.Generator, peak: Floats) -> Case:
    names, buses = _owners(case)
    power = np.round(UNIT * peak, 6)
    row: Row = {
        "candidate": [f"{name}-battery" for name in names],
        "bus": buses,
        "energy_mwh": 3.0 * power,
        "charge_mw": power,
        "discharge_mw": power,
        "efficiency_charge": 0.95,
        "efficiency_discharge": 0.95,
        "initial_mwh": 1.5 * power,
        "wear_cost_per_mwh": 1.0,
        "max_units": 2.0,
        "investment": np.round(3.0 * power * PER_MWH * _costs(random, len(names)), 2),
        "lifetime_years": 15.0,
    }
    return case.with_rows("storage_candidates", row)


def _with_generators(case: Case, random: np.random.Generator, peak: Floats) -> Case:
    names, buses = _owners(case)
    size = np.round(UNIT * peak, 6)
    row: Row = {
        "candidate": [f"{name}-engine" for name in names],
        "bus": buses,
        "max_p_mw": size,
        "cost_per_mwh": np.round(random.uniform(32.0, 44.0, len(names)), 4),
        "max_units": 2.0,
        "investment": np.round(size * PER_MW["generator"] * _costs(random, len(names)), 2),
        "lifetime_years": 20.0,
    }
    return case.with_rows("generator_candidates", row)


def _with_lines(case: Case, types: int, tight: float) -> Case:
    """Lines that carry little more than the loads draw, and types of the first ones that carry half as much again."""
    lines, share = case.tables["lines"], _drawn(case)
    kv = float(case.tables["buses"]["vn_kv"].iloc[0])
    limit = np.round(np.maximum(tight * share / (np.sqrt(3.0) * kv), 0.02), 6)
    case = case.with_table("lines", lines.assign(max_i_ka=limit))
    first = np.argsort(-share, kind="stable")[:types]
    row: Row = {
        "candidate": [f"type-{lines['line'][place]}" for place in first],
        "line": lines["line"].to_numpy()[first],
        "r_ohm_per_km": np.round(0.6 * lines["r_ohm_per_km"].to_numpy()[first], 6),
        "x_ohm_per_km": lines["x_ohm_per_km"].to_numpy()[first],
        "max_i_ka": np.round(1.5 * limit[first], 6),
        "investment": np.round(90_000.0 * lines["length_km"].to_numpy()[first], 2),
        "lifetime_years": 40.0,
    }
    return case.with_rows("line_candidates", row)


def _drawn(case: Case) -> Floats:
    """Highest apparent power that the loads beyond every line draw together, in MVA, (lines,); lines lead away."""
    order = {bus: place for place, bus in enumerate(case.ids("buses"))}
    load = np.zeros((len(order), case.steps), dtype=np.complex128)
    power = case.series("loads", "p_mw") + 1j * case.series("loads", "q_mvar")
    np.add.at(load, case.positions("loads", "bus"), power)
    ends = list(zip(case.tables["lines"]["from_bus"], case.tables["lines"]["to_bus"], strict=True))
    beyond = load.copy()
    for start, end in reversed(ends):  # a bus is named after the one it hangs on
        beyond[order[start]] += beyond[order[end]]
    return np.array([np.abs(beyond[order[end]]).max() for _, end in ends])
