"""Synthetic microgrids that trade on the 33-node feeder of Baran and Wu, any number of them.

Every microgrid has a bus of its own: one of the feeder's while there are any without, then one behind a short lateral.
It has a load, PV or wind, a battery, and a generator with quadratic cost that can carry its highest load alone. The
highest loads of all together are 3 MW, whatever their number: the operator keeps two fifths of the published load of
every bus without a microgrid, and microgrids share the rest. They take no reactive power. Limits of exchange are what
their devices can give and take, so that clearing all of it together is the best trade there is. Voltages may range
from 0.9 to 1.1 p.u.; neither they nor the limits of lines bind, and prices differ by losses.

Devices follow from the seed; load, weather and prices of a day follow from the seed and the number of the day.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact import examples
from gridpact.case.case import Case
from gridpact.case.schema import SCHEMA
from gridpact.errors import InputError, Issue
from gridpact.examples.synthetic import filled

Floats = NDArray[np.float64]
Texts = NDArray[Any]

MOST = 2000
PEAK_MW = 3.0
KEPT = 0.4
KV = 12.66
TARIFFS = (95.0, 25.0)
# A lateral: a cable of 0.3 km.
LATERAL = {"length_km": 0.3, "r_ohm_per_km": 0.443, "x_ohm_per_km": 0.132, "max_i_ka": 0.2}


def synthetic_microgrids(
    microgrids: int, seed: int = 0, steps: int = 24, step_minutes: float = 60.0, day: int = 0, tariff: bool = False
) -> Case:
    """A feeder with ``microgrids`` microgrids (1 to 2,000) over ``steps`` steps; equal arguments, equal case.

    Another ``day`` has the same devices under other loads, weather and prices. Without a deal microgrids are islands,
    or with ``tariff`` buy and sell at posted tariffs. Raises ``InputError`` for a size out of range.
    """
    if not 1 <= microgrids <= MOST:
        fix = f"Give 1 to {MOST} microgrids."
        raise InputError([Issue("the size is out of range", fix, value=str(microgrids))])
    random = np.random.default_rng(seed)
    lines, feeders = _published()
    place, more = _places(random, feeders["bus"].to_numpy(dtype=object), microgrids)
    rest = feeders[~feeders["bus"].isin(place)]
    peak = random.lognormal(0.0, 0.4, microgrids)
    peak = np.round(peak * (PEAK_MW - rest["p_mw"].sum()) / peak.sum(), 6)
    devices = _devices(random, place, peak)
    tables = _network(lines, more) | devices | _trade(place, peak, devices, tariff)
    tables["loads"] = _loads(rest, place, peak)
    return _case(f"synthetic-microgrids-{microgrids}-{seed}", tables, (seed, day), steps, step_minutes)


def _published() -> tuple[pd.DataFrame, pd.DataFrame]:
    """The lines of the feeder without its ties, and the load of every bus that the operator would keep."""
    folder = examples.path("ieee33-day") / "case"
    lines, switches, loads = (
        pd.read_csv(folder / f"{name}.csv", dtype=dict.fromkeys(("line", "bus", "from_bus", "to_bus"), str))
        for name in ("lines", "switches", "loads")
    )
    kept = {name: (KEPT * loads[name]).round(6) for name in ("p_mw", "q_mvar")}
    return lines[~lines["line"].isin(switches["line"])].assign(max_i_ka=0.4), loads.assign(**kept)


def _places(random: np.random.Generator, buses: Texts, count: int) -> tuple[Texts, pd.DataFrame]:
    """The bus of every microgrid, and the laterals to those for which the feeder has no bus left."""
    order = random.permutation(buses)
    start = np.resize(order, max(count - order.size, 0))
    turn = np.arange(start.size) // order.size + 1
    end = [f"{bus}.{number}" for bus, number in zip(start, turn, strict=True)]
    more = pd.DataFrame({"from_bus": start, "to_bus": np.array(end, dtype=object)})
    return np.concatenate([order[:count], more["to_bus"]]), more.assign(**LATERAL)


def _network(lines: pd.DataFrame, laterals: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """Buses, lines and the substation at bus 1."""
    all_lines = pd.concat([lines, laterals], ignore_index=True)
    names = np.concatenate([["1"], all_lines["to_bus"]]).astype(object)
    ends = {"line": all_lines["from_bus"] + "-" + all_lines["to_bus"]}
    root = {"interface": ["substation"], "bus": ["1"], "vm_pu": 1.0, "price_per_mwh": 50.0}
    return {
        "buses": {"bus": names, "vn_kv": KV, "vm_min_pu": 0.9, "vm_max_pu": 1.1},
        "lines": ends | {name: all_lines[name].to_numpy() for name in ("from_bus", "to_bus", *LATERAL)},
        "interfaces": root,
    }


def _devices(random: np.random.Generator, place: Texts, peak: Floats) -> dict[str, dict[str, Any]]:
    """A generator, PV or wind, and a battery for every microgrid, all in proportion to its highest load."""

    def drawn(low: float, high: float) -> Floats:
        return random.uniform(low, high, peak.size)

    most, plant, battery = (np.round(part * peak, 6) for part in (drawn(1.05, 1.3), drawn(0.3, 1.7), drawn(0.8, 2.0)))
    names, power = _names(peak.size), np.round(battery / 4.0, 6)
    store = {"energy_mwh": battery, "charge_mw": power, "discharge_mw": power, "initial_mwh": np.round(battery / 2, 6)}
    losses = {"efficiency_charge": 0.95, "efficiency_discharge": 0.95, "wear_cost_per_mwh": drawn(3.0, 6.0).round(4)}
    return {
        "generators": {
            "generator": "generator-" + names,
            "bus": place,
            "max_p_mw": most,
            "cost_per_mwh": drawn(30.0, 60.0).round(4),
            "cost_per_mw2h": np.round(drawn(8.0, 20.0) / most, 4),
        },
        "renewables": {
            "renewable": "plant-" + names,
            "bus": place,
            "kind": np.where(random.random(peak.size) < 0.5, "pv", "wind").astype(object),
            "p_mw": plant,
        },
        "storages": {"storage": "battery-" + names, "bus": place, **store, **losses},
    }


def _names(count: int) -> Texts:
    return np.array([str(number + 1) for number in range(count)], dtype=object)


def _loads(rest: pd.DataFrame, place: Texts, peak: Floats) -> dict[str, Any]:
    """The loads that the operator keeps, then those of the microgrids, which take no reactive power."""
    return {
        "load": np.concatenate([rest["load"], "own-" + _names(peak.size)]),
        "bus": np.concatenate([rest["bus"], place]),
        "p_mw": np.concatenate([rest["p_mw"], peak]),
        "q_mvar": np.concatenate([rest["q_mvar"], np.zeros(peak.size)]),
    }


def _trade(place: Texts, peak: Floats, devices: dict[str, dict[str, Any]], tariff: bool) -> dict[str, dict[str, Any]]:
    """Who trades, within what its devices can take and give, and the fees."""
    sources = ("generators", "max_p_mw"), ("renewables", "p_mw"), ("storages", "discharge_mw")
    grids = {
        "microgrid": "microgrid-" + _names(peak.size),
        "bus": place,
        "max_buy_mw": np.round(peak + devices["storages"]["charge_mw"], 6),
        "max_sell_mw": np.round(sum(devices[table][column] for table, column in sources), 6),
    }
    posted = {"disagreement": "tariff", "tariff_buy_per_mwh": TARIFFS[0], "tariff_sell_per_mwh": TARIFFS[1]}
    fees = {"operator": ["network"], "grid_fee_per_mwh": 8.0, "pair_fee_per_mwh": 5.0}
    return {"microgrids": grids | (posted if tariff else {}), "network_operator": fees}


def _case(name: str, given: dict[str, dict[str, Any]], seeds: tuple[int, int], steps: int, step_minutes: float) -> Case:
    tables = {table: filled(table, given.get(table, {})) for table in SCHEMA}
    start = pd.Timestamp("2030-06-04T00:00:00+00:00") + pd.Timedelta(days=seeds[1])
    bare = Case(name, "EUR", "UTC", start, float(step_minutes), steps, tables, pd.DataFrame())
    hour = (bare.snapshots.hour + bare.snapshots.minute / 60.0).to_numpy(dtype=np.float64)
    return bare.with_profiles(_profiles(bare, np.random.default_rng(seeds), hour))


def _profiles(case: Case, random: np.random.Generator, hour: Floats) -> dict[str, Floats]:
    """Loads with a morning and an evening peak each at its own hour, sun behind clouds, wind that turns; the price."""
    loads, plants = case.count("loads"), case.count("renewables")
    demand = _demand(random, hour, loads)
    sun = np.maximum(np.sin(np.pi * (hour - 6.0) / 12.0), 0.0) ** 1.5 * random.uniform(0.5, 1.0, (plants, 1))
    phase = 2.0 * np.pi * random.random((plants, 1, 3))
    turning = np.sin(2.0 * np.pi * hour[:, None] * np.array([1.0, 2.0, 3.0]) / 24.0 + phase).mean(axis=2)
    wind = np.clip(0.45 + 0.5 * turning + 0.2 * random.standard_normal((plants, 1)), 0.0, 1.0)
    pv = (case.tables["renewables"]["kind"] == "pv").to_numpy()
    shapes = {("loads", "p_mw"): demand, ("loads", "q_mvar"): demand}
    shapes["renewables", "p_mw"] = np.where(pv[:, None], sun, wind)
    profiles = {"interfaces/substation/price_per_mwh": _price(random, hour)}
    for (table, column), shape in shapes.items():
        highest = case.column(table, column)
        named = zip(case.ids(table), highest, np.round(highest[:, None] * shape, 6), strict=True)
        profiles |= {f"{table}/{name}/{column}": row for name, most, row in named if most}
    return profiles


def _bump(hour: Floats, centre: Any, width: float) -> Floats:
    return np.asarray(np.exp(-(((hour - centre) / width) ** 2)))


def _demand(random: np.random.Generator, hour: Floats, loads: int) -> Floats:
    """Loads over the highest of the day, which every load reaches once; shape (loads, steps)."""
    morning, evening, height = (random.uniform(*span, (loads, 1)) for span in ((7.0, 12.0), (17.0, 21.0), (0.1, 0.45)))
    shape = 0.4 + height * _bump(hour, morning, 3.0) + (0.55 - height) * _bump(hour, evening, 2.5)
    shape *= random.uniform(0.95, 1.05, shape.shape)
    return np.asarray(shape / shape.max(axis=1, keepdims=True))


def _price(random: np.random.Generator, hour: Floats) -> Floats:
    """Price of the transmission market, in EUR/MWh: dear in the morning and evening, cheap at noon; shape (steps,).

    No two steps are alike, or batteries would not mind in which of them they are charged.
    """
    heights = random.uniform([15.0, 28.0, 5.0], [25.0, 42.0, 12.0])
    shape = 38.0 + heights[0] * _bump(hour, 8.5, 2.0) + heights[1] * _bump(hour, 19.0, 2.0)
    shape += 3.0 * np.cos(np.pi * (hour - 20.0) / 12.0) + random.uniform(-0.5, 0.5, hour.size)
    return np.asarray(np.round(shape - heights[2] * _bump(hour, 13.0, 2.5), 4))
