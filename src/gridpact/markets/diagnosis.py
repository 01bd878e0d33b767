"""Why a market cannot be cleared: the limits to relax, by how much, in the case's own words and units.

Amounts are weighed in per unit: powers over the power base, voltages as they are, currents squared. What a device
is able to do weighs twice as much as a limit of the network or of an interface, which are settings; serving less
demand weighs ten times as much, so that it is named only where limits alone do not help.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.errors import InfeasibleError
from gridpact.markets.cleared import Market
from gridpact.markets.limits import UNITS, Limit, limits_of
from gridpact.programs.elastic import NOTICED, Elastic, Relaxation, smallest_relaxation

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
DEVICE_WEIGHT = 2.0
DEMAND_WEIGHT = 10.0
SETTINGS = ("buses", "lines", "transformers", "interfaces", "heat_nodes", "microgrids")
DEMAND = (
    ("active_balance", "loads at bus", "p_mw", "buses"),
    ("reactive_balance", "loads at bus", "q_mvar", "buses"),
    ("return_balance", "heat loads at node", "heat_mw", "heat_nodes"),
)
# Lower limits of the network, which give way downwards.
LOWER = ("vm_min_pu", "supply_min_degc", "return_min_degc", "min_p_mw", "min_q_mvar", "min_heat_mw", "min_mwh")
MOST_LINES = 4
FAR = 3.0

# What the weather and the customers give is no limit that a planner could relax.
GIVEN = ("renewables/p_mw", "bids/p_mw")

# Equalities that stand for a limit of the case, and the directions in which they may give way: no plant gives more
# than the weather allows, and no customer wants more energy than asked for.
EQUALITIES = {
    "generators/p_mw": ("generators", "max_p_mw", (1.0, -1.0)),
    "generators/q_mvar": ("generators", "max_q_mvar", (1.0, -1.0)),
    "renewables/must_take": ("renewables", "p_mw", (-1.0,)),
    "storages/level": ("storages", "energy_mwh", (1.0, -1.0)),
    "shiftable/p_mw": ("shiftable", "max_p_mw", (1.0,)),
    "shiftable/energy_mwh": ("shiftable", "energy_mwh", (-1.0,)),
    "compensators/q_mvar": ("compensators", "max_q_mvar", (1.0, -1.0)),
}


def explain(market: Market, said: Mapping[str, str] | None = None) -> InfeasibleError:
    """The error to raise for a market that was proven infeasible; ``said`` has other names of constraints."""
    candidates = pd.concat(_candidates(market), ignore_index=True)
    group = candidates.groupby(["table", "column", "component"], sort=False).ngroup()
    elastic = Elastic(
        candidates["row"].to_numpy(),
        candidates["sign"].to_numpy(),
        candidates["weight"].to_numpy(),
        np.asarray(group, dtype=np.int64),
        np.arange(len(candidates)),
    )
    relaxation = smallest_relaxation(market.form, elastic)
    if relaxation is None:
        return InfeasibleError("No dispatch satisfies all limits, and relaxing limits and demand does not help.")
    records = _records(market, candidates, relaxation).replace({"constraint": dict(said or {})})
    if records.empty and market.form.integers.size:
        return InfeasibleError(
            "No choice of which units run satisfies all limits, although units that could run in part would: lower the "
            "lowest output of committable units, or let demand stay unserved at a price."
        )
    if records.empty:
        return InfeasibleError("No dispatch satisfies all limits, but by less than the accuracy of the solver.")
    rows: list[dict[str, Any]] = [
        dict(zip(records.columns, row, strict=True)) for row in records.itertuples(index=False)
    ]
    return InfeasibleError(_message(records) + _scale_hint(market), rows)


def _candidates(market: Market) -> Iterator[pd.DataFrame]:
    """One row per elastic row: what it limits, and how an amount of it reads in the unit of the case.

    The amount e of a row moves the limit L to sqrt(L^2 + e) where the row speaks of squares (``squared`` = L, sign
    as ``side``), and by e ``scale`` elsewhere.
    """
    for limit in limits_of(market):
        if limit.row in market.form.rows and limit.row not in GIVEN and not limit.row.endswith("/vm_pu"):
            yield _of_limit(market, limit)
    for row, (table, column, signs) in EQUALITIES.items():
        if row in market.form.rows:
            yield from _of_equality(market, row, table, column, market.case.ids(table), DEVICE_WEIGHT, signs)
    for row, table, column, places in DEMAND:
        if row in market.form.rows:
            names = market.case.ids(places)
            yield from _of_equality(market, row, table, column, names, DEMAND_WEIGHT, (1.0, -1.0))


def _of_limit(market: Market, limit: Limit) -> pd.DataFrame:
    rows = _by_step(market, market.form.rows[limit.row])[limit.rows]
    squared = limit.squared if limit.squared is not None else np.full(len(limit.names), np.nan)
    scale = np.where(np.isnan(squared), 1.0 / limit.scale, 2.0 * squared / limit.scale)
    weight = np.where(limit.unit == "p.u.", 0.5 / squared, 1.0 if limit.table in SETTINGS else DEVICE_WEIGHT)
    side = -1.0 if limit.column in LOWER else 1.0
    table = _table(market, limit.table, limit.column, limit.names, rows, 1.0, np.broadcast_to(weight, squared.shape))
    at = table.pop("position").to_numpy()
    return table.assign(end=limit.end, unit=limit.unit, scale=scale[at], squared=squared[at], side=side)


def _of_equality(
    market: Market, row: str, table: str, column: str, names: list[str], weight: float, signs: tuple[float, ...]
) -> Iterator[pd.DataFrame]:
    rows, unit = _by_step(market, market.form.rows[row]), UNITS[column.rpartition("_")[2]]
    for sign in signs:
        found = _table(market, table, column, names, rows, sign, np.full(len(names), weight))
        # A balance reads demand - supply = 0: a larger right-hand side serves less.
        side = -sign if row.endswith("_balance") else sign
        yield found.drop(columns="position").assign(
            end="", unit=unit, scale=market.network.base_mva, squared=np.nan, side=side
        )


def _by_step(market: Market, rows: Ints) -> Ints:
    """Rows per component and step: a cone's bound, a change's later step, a total's last step."""
    rows = rows[0] if rows.ndim == 3 else rows
    rows = rows[:, None] if rows.ndim == 1 else rows
    return np.pad(rows, ((0, 0), (market.case.steps - rows.shape[1], 0)), constant_values=-1)


def _table(
    market: Market, table: str, column: str, names: list[str], rows: Ints, sign: float, weight: Floats
) -> pd.DataFrame:
    position, step = np.nonzero(rows >= 0)
    return pd.DataFrame(
        {
            "row": rows[position, step],
            "sign": sign,
            "weight": weight[position],
            "table": table,
            "column": column,
            "component": np.array(names, dtype=object)[position],
            "step": step,
            "position": position,
        }
    )


def _records(market: Market, candidates: pd.DataFrame, relaxation: Relaxation) -> pd.DataFrame:
    """The rows that were relaxed, ordered by constraint, component and time."""
    noticed = relaxation.elastic.weight * relaxation.amount > NOTICED
    found = candidates.iloc[relaxation.elastic.name[noticed]]
    amount, limit, side = relaxation.amount[noticed], found["squared"].to_numpy(), found["side"].to_numpy()
    moved = np.sqrt(np.maximum(limit**2 + side * amount, 0.0)) - limit
    change = np.where(np.isnan(limit), side * amount, moved) * found["scale"].to_numpy()
    return pd.DataFrame(
        {
            "snapshot": market.case.snapshots[found["step"].to_numpy()],
            "constraint": found["table"].to_numpy() + "/" + found["column"].to_numpy(),
            "component": found["component"].to_numpy(),
            "end": found["end"].to_numpy(),
            "relax_by": change,
            "unit": found["unit"].to_numpy(),
        }
    ).sort_values(["constraint", "component", "snapshot"], ignore_index=True)


def _message(records: pd.DataFrame) -> str:
    """The smallest set of limits: one line per component, or per constraint where many components share it."""
    lines = ["No dispatch satisfies all limits. It would be feasible with these changes:"]
    for constraint, rows in records.groupby("constraint", sort=False):
        components = rows.groupby("component", sort=False)
        if len(components) > MOST_LINES:
            lines.append(f"{constraint} of {len(components)} components, most of all {_worst(rows)}")
        else:
            lines += [f"{constraint} of {_worst(group)}{_elsewhere(group)}" for _, group in components]
    return "\n".join(lines)


def _scale_hint(market: Market) -> str:
    """A demand far above all that lines at the roots and plants could supply is probably in another unit."""
    case, network = market.case, market.network
    away = ~np.isin(case.positions("loads", "bus"), network.references)
    demand = float(case.series("loads", "p_mw")[away].sum(axis=0).max(initial=0.0))
    ends = np.isin(network.branches.from_bus, network.references) | np.isin(network.branches.to_bus, network.references)
    supply = float(network.branches.i_max[ends].sum()) * network.base_mva
    for table, column in (("generators", "max_p_mw"), ("renewables", "p_mw"), ("storages", "discharge_mw")):
        supply += float(case.series(table, column).sum(axis=0).max(initial=0.0))
    if not demand > FAR * supply:
        return ""
    return (
        f"\nThe peak demand of {demand:.4g} MW is {demand / supply:.0f} times what the branches at the root and all "
        "plants could supply: are the loads given in MW, not in kW?"
    )


def _worst(rows: pd.DataFrame) -> str:
    worst = rows.iloc[int(np.argmax(np.abs(rows["relax_by"].to_numpy())))]
    return f"{worst['component']!r}: {worst['relax_by']:+.4g} {worst['unit']} at {worst['snapshot'].isoformat()}"


def _elsewhere(rows: pd.DataFrame) -> str:
    return f", and in {len(rows) - 1} more step(s) by less" if len(rows) > 1 else ""
