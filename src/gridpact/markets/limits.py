"""Which limits bind, and what relaxing each of them by one of its units would save per hour."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.markets.cleared import Cleared, Market
from gridpact.physics.devices.polygon import operating_edges
from gridpact.physics.heat.network import DEGREES, HeatNetwork
from gridpact.results.record import words

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# A multiplier below this share of the largest nodal price cannot be told from the solver's tolerance.
NOISE = 1e-6
# A MW of heat changes little water by a thousand degrees: what a degree is worth counts from a thousandth on.
SHARPER = {"K": 1e-3}

POWER = {
    "microgrids": ("max_buy_mw", "max_sell_mw"),
    "interfaces": ("max_import_mw", "max_export_mw", "min_q_mvar", "max_q_mvar"),
    "generators": ("min_p_mw", "max_p_mw", "min_q_mvar", "max_q_mvar", "ramp_up_mw_per_h", "ramp_down_mw_per_h"),
    "offers": ("p_mw",),
    "renewables": ("p_mw", "sn_mva"),
    "storages": ("charge_mw", "discharge_mw", "min_mwh", "energy_mwh"),
    "bids": ("p_mw",),
    "shiftable": ("min_p_mw", "max_p_mw"),
    "controllable": ("min_p_mw", "max_p_mw", "ramp_up_mw_per_h", "ramp_down_mw_per_h"),
    "compensators": ("min_q_mvar", "max_q_mvar"),
    "chps": ("min_q_mvar", "max_q_mvar"),
    "electric_boilers": ("min_heat_mw", "max_heat_mw"),
    "heat_pumps": ("min_heat_mw", "max_heat_mw"),
    "gas_boilers": ("min_heat_mw", "max_heat_mw"),
    "heat_storages": ("charge_mw", "discharge_mw", "min_mwh", "energy_mwh"),
    "heat_unserved": ("heat_mw",),
}
# Rows that speak of a column under other names: one variable for both directions, or a limit of zero.
ALIASES = {
    "max_import_mw": ("max_import_mw", "max_import_mw/net", "no_import"),
    "max_export_mw": ("max_export_mw", "max_export_mw/net", "no_export"),
}
UNITS = {"mw": "MW", "mvar": "Mvar", "mva": "MVA", "mwh": "MWh", "h": "MW/h"}
COLUMNS = ["snapshot", "constraint", "component", "end", "multiplier", "unit"]
TEXT = np.zeros(0, dtype=object)
NOTHING = {
    "step": np.zeros(0, dtype=np.int64),
    "constraint": TEXT,
    "component": TEXT,
    "end": TEXT,
    "multiplier": np.zeros(0),
    "unit": TEXT,
}


@dataclass(frozen=True)
class Limit:
    """A named limit: ``scale`` turns its multipliers into currency per unit of the case's column.

    ``rows`` picks the rows of the named constraint that belong to the table, ``names`` says whose they are.
    ``squared`` holds the limits in per unit where the row speaks of their squares.
    """

    row: str
    table: str
    column: str
    end: str
    unit: str
    rows: Ints
    names: list[str]
    scale: Floats
    squared: Floats | None = None


def limit_table(cleared: Cleared) -> pd.DataFrame:
    """Rows (snapshot, constraint, component, end, multiplier, unit) of the limits that bind."""
    noise = NOISE * max(1.0, float(np.abs(cleared.price("active_balance")).max(initial=0.0)))
    found = [
        _binding(cleared.case.currency, limit, _multipliers(cleared, limit), noise * SHARPER.get(limit.unit, 1.0))
        for limit in limits_of(cleared)
        if limit.row in cleared.form.rows
    ]
    columns = {name: np.concatenate([NOTHING[name], *(part[name] for part in found)]) for name in NOTHING}
    order = np.argsort(columns["step"], kind="stable")
    texts = {name: words(columns[name][order]) for name in ("constraint", "component", "end", "unit")}
    table = pd.DataFrame({**texts, "multiplier": columns["multiplier"][order]})
    return table.assign(snapshot=cleared.case.snapshots[columns["step"][order]])[COLUMNS]


def limits_of(market: Market) -> Iterator[Limit]:
    """All limits of the case that a market may have rows for."""
    yield from _voltage_limits(market)
    yield from _current_limits(market)
    if market.heat is not None:
        yield from _temperature_limits(market, market.heat.network)
        yield from _polygon_limits(market)
    for table, columns in POWER.items():
        names = market.case.ids(table)
        rows = np.arange(len(names))
        for column in columns:
            # A ramp limits a change of power over the length of a step.
            per_unit = market.case.hours if column.startswith("ramp") else 1.0
            scale = np.full(len(names), per_unit / market.network.base_mva)
            for row in ALIASES.get(column, (column,)):
                unit = UNITS[column.rpartition("_")[2]]
                yield Limit(f"{table}/{row}", table, column, "", unit, rows, names, scale)


def _voltage_limits(market: Market) -> Iterator[Limit]:
    """v is the squared magnitude: d(v)/d(vm) = 2 vm. Where an interface is the reference, its voltage is data."""
    case = market.case
    for column in ("vm_min_pu", "vm_max_pu"):
        names = case.ids("buses")
        scale = 2.0 * case.column("buses", column)
        # Where both limits are the same they are one equality; the sign tells which of them holds.
        for row, sign in ((f"buses/{column}", 1.0), ("buses/vm_pu", 1.0 if column == "vm_max_pu" else -1.0)):
            rows = np.arange(len(names))
            yield Limit(row, "buses", column, "", "p.u.", rows, names, sign * scale, scale / 2.0)
    buses = case.positions("interfaces", "bus")
    follows = ~np.isin(buses, market.network.references)
    names = [name for name, keep in zip(case.ids("interfaces"), follows, strict=True) if keep]
    scale = 2.0 * case.column("interfaces", "vm_pu")[follows]
    yield Limit("interfaces/vm_pu", "interfaces", "vm_pu", "", "p.u.", buses[follows], names, scale)


def _current_limits(market: Market) -> Iterator[Limit]:
    """Lines in kA, transformers in MVA, both times 2 i where the row speaks of the squared current."""
    case, branches = market.case, market.network.branches
    vn = case.column("buses", "vn_kv")[branches.from_bus]
    is_line = branches.carrying < case.count("lines")
    linear = np.where(is_line, np.sqrt(3.0) * vn, 1.0) / market.network.base_mva
    i_max = np.where(np.isfinite(branches.i_max), branches.i_max, 1.0)  # any number: no row speaks of it
    # The limit of the from end is stated before the ratio, the row speaks of what is behind it.
    scales: dict[str, tuple[Floats, Floats | None]]
    scales = {"from": (branches.ratio * linear, branches.ratio * i_max), "to": (linear, i_max)}
    scales |= dict.fromkeys(("cone", "forward", "backward"), (linear, None))
    names = np.array(case.branch_ids(), dtype=object)[branches.carrying]
    kinds = (("lines", "max_i_ka", "kA", is_line), ("transformers", "max_s_mva", "MVA", ~is_line))
    for row, (per_unit, at) in scales.items():
        scale = per_unit if at is None else 2.0 * at * per_unit
        end = row if row in ("from", "to") else ""
        for table, column, unit, which in kinds:
            rows, chosen = np.flatnonzero(which), names[which].tolist()
            squared = None if at is None else at[which]
            yield Limit(f"branches/i_max/{row}", table, column, end, unit, rows, chosen, scale[which], squared)


def _temperature_limits(market: Market, network: HeatNetwork) -> Iterator[Limit]:
    """Limits on mixed water, and on what leaves stations and consumers where that is another water."""
    stations, consumers = network.apart
    every, names = np.arange(network.warmth.size), np.array(market.case.ids("heat_nodes"), dtype=object)
    for side, place, nodes in (
        ("supply", "", every),
        ("return", "", every),
        ("supply", "station", stations),
        ("return", "consumer", consumers),
    ):
        scale, rows, own = np.full(nodes.size, 1.0 / DEGREES), np.arange(nodes.size), names[nodes].tolist()
        suffix = f"/{place}" if place else ""
        for column, sign in ((f"{side}_min_degc", -1.0), (f"{side}_max_degc", 1.0)):
            yield Limit(f"heat_nodes/{column}{suffix}", "heat_nodes", column, place, "K", rows, own, scale)
            equality = f"heat_nodes/{side}_degc{suffix}"
            yield Limit(equality, "heat_nodes", column, place, "K", rows, own, sign * scale)


def _polygon_limits(market: Market) -> Iterator[Limit]:
    """Edges of the operating polygons of combined heat and power: MW at right angles to the edge."""
    if not market.case.count("chps"):
        return
    edges = operating_edges(market.case)
    names = [name for name, limit in zip(edges.names, edges.is_limit, strict=True) if limit]
    scale = np.full(len(names), 1.0 / market.network.base_mva)
    yield Limit("chps/edge", "chps", "edge", "", "MW", np.arange(len(names)), names, scale)


def _multipliers(cleared: Cleared, limit: Limit) -> Floats:
    """Currency per hour and unit of the limit, shape (components, steps); zero where it has no row."""
    z = cleared.multipliers(limit.row)
    z = (z[0] if z.ndim == 3 else z)[limit.rows]
    if z.shape[1] < cleared.case.steps:
        changes, z = z, np.zeros((z.shape[0], cleared.case.steps))
        z[:, ~cleared.case.begins] = changes  # a limit of changes belongs to the later step
    saved = z * limit.scale[:, None] / cleared.case.hours
    # Only a held voltage has two sides; where a limit became an equality, the positive side is the limit's.
    return saved if limit.column == "vm_pu" else np.maximum(saved, 0.0)


def _binding(currency: str, limit: Limit, multipliers: Floats, noise: float) -> dict[str, NDArray[Any]]:
    """The columns of the limit table where the limit binds, with the number of the step."""
    step, component = np.nonzero(noise < np.abs(multipliers).T)

    def everywhere(text: str) -> NDArray[Any]:
        return np.full(step.size, text, dtype=object)

    return {
        "step": step,
        "constraint": everywhere(f"{limit.table}/{limit.column}"),
        "component": np.array(limit.names, dtype=object)[component],
        "end": everywhere(limit.end),
        "multiplier": multipliers[component, step],
        "unit": everywhere(f"{currency}/h per {limit.unit}"),
    }
