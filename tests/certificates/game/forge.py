"""Lies about a game, told wherever the same thing is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from gridpact.results.record import Record
from tests.certificates.spoil import Change
from tests.certificates.spoil import with_table as with_table


def with_cell(record: Record, name: str, row: int, column: str, change: Change) -> Record:
    """One number of a table changed; ``row`` counts from the end where negative."""
    table = record.tables[name].copy()
    values = table[column].to_numpy(dtype=np.float64).copy()
    values[row] = change(values[row])
    return with_table(record, name, table.assign(**{column: values}))


def with_column(record: Record, name: str, column: str, change: Change) -> Record:
    table = record.tables[name]
    return with_table(record, name, table.assign(**{column: change(table[column])}))


def with_design(record: Record, design: str, **changes: Change) -> Record:
    """Figures of one design changed."""
    table = record.tables["designs"].copy()
    own = table["design"] == design
    for column, change in changes.items():
        table.loc[own, column] = change(table.loc[own, column])
    return with_table(record, "designs", table)


def with_hours(record: Record, design: str, column: str, change: Change) -> Record:
    table = record.tables["design_hours"].copy()
    own = table["design"] == design
    table.loc[own, column] = change(table.loc[own, column])
    return with_table(record, "design_hours", table)


def with_summary(record: Record, **values: object) -> Record:
    return replace(record, summary={**record.summary, **values})


def without(record: Record, *names: str) -> Record:
    return replace(record, tables={name: table for name, table in record.tables.items() if name not in names})


def moved_lmp(record: Record, step: int, by: float) -> Record:
    """Another price of one step, at all buses and in every table that repeats it, the range of right ones around it."""
    for column in ("lmp_per_mwh", "lmp_low_per_mwh", "lmp_high_per_mwh"):
        record = with_cell(record, "equilibrium", step, column, lambda value: value + by)
    record = with_cell(record, "equilibrium", step, "wedge_per_mwh", lambda value: value - by)
    record = with_cell(record, "interface", step, "lmp_per_mwh", lambda value: value + by)
    buses = len(record.tables["transmission_prices"]) // record.case.steps
    for bus in range(step * buses, (step + 1) * buses):
        for column in ("lmp_per_mwh", "energy_per_mwh"):
            record = with_cell(record, "transmission_prices", bus, column, lambda value: value + by)
    last = len(record.tables["design_hours"]) - record.case.steps + step
    return with_cell(record, "design_hours", last, "lmp_per_mwh", lambda value: value + by)


def dearer_steps(record: Record, beyond: float) -> Record:
    """Every price step above the one that is paid dearer by 1, as if leaving it cost more than it does."""
    table = record.tables["price_steps"].copy()
    paid = record.tables["equilibrium"].set_index("snapshot")["lmp_per_mwh"]
    above = (table["price_from_per_mwh"] > table["snapshot"].map(paid).astype(float) + 1e-6).to_numpy()
    for column in ("price_from_per_mwh", "price_to_per_mwh"):
        table.loc[above, column] += beyond
    return with_table(record, "price_steps", table)


def swallowed_step(record: Record) -> Record:
    """The last step of the first power made part of the one before, in the steps and in every leaf."""
    table, leaves = record.tables["price_steps"].copy(), record.tables["leaves"].copy()
    own = np.flatnonzero(table["snapshot"] == table["snapshot"].iloc[0])
    table.loc[table.index[own[-2]], "to_mw"] = table["to_mw"].iloc[own[-1]]
    table = table.drop(index=table.index[own[-1]]).reset_index(drop=True)
    first = leaves["snapshot"] == leaves["snapshot"].iloc[0]
    for column in ("first_step", "last_step"):
        leaves.loc[first, column] = leaves.loc[first, column].clip(upper=own.size - 2)
    return with_table(with_table(record, "price_steps", table), "leaves", leaves)


def cut_range(record: Record) -> Record:
    """The steps of the first power end at half of the last one."""
    table = record.tables["price_steps"]
    last = int(np.flatnonzero(table["snapshot"] == table["snapshot"].iloc[0])[-1])
    middle = 0.5 * (table["from_mw"].iloc[last] + table["to_mw"].iloc[last])
    return with_cell(record, "price_steps", last, "to_mw", lambda _: middle)


def split_step(record: Record, parts: int) -> Record:
    """The first step of the first power in many, the last of which is dear: more rows than anybody looks at."""
    table = record.tables["price_steps"]
    edges = np.linspace(table["from_mw"].iloc[0], table["to_mw"].iloc[0], parts + 1)
    rows = pd.concat([table.iloc[:1]] * parts, ignore_index=True).assign(from_mw=edges[:-1], to_mw=edges[1:])
    rows.loc[rows.index[-1], ["price_from_per_mwh", "price_to_per_mwh"]] += 0.02
    return with_table(record, "price_steps", pd.concat([rows, table.iloc[1:]], ignore_index=True))


def dearer_dispatch(record: Record, by: float) -> Record:
    """A cheap unit gives less and a dear one at another bus more, in the dispatch of the transmission market."""
    table = record.tables["transmission_dispatch"].copy()
    for device, change in (("brighton", -by), ("sundance", by)):
        own = (table["device"] == device) & (table["snapshot"] == table["snapshot"].iloc[0])
        table.loc[own, "p_mw"] += change
    return with_table(record, "transmission_dispatch", table)


def with_leaves(record: Record, leaves: pd.DataFrame) -> Record:
    return with_table(record, "leaves", leaves.reset_index(drop=True))


def raised_bounds(record: Record, factor: float) -> Record:
    """Every bound of the search nearer to the cost, or above it, and the stated one as the least of them says."""
    record = with_column(record, "leaves", "bound", lambda bound: factor * bound)
    record = with_column(record, "bounds", "lower", lambda bound: factor * bound)
    bound = factor * record.summary["leader_lower_bound"]
    gap = max(0.0, record.summary["leader_cost"] - bound) / record.summary["leader_cost"]
    return with_summary(record, leader_lower_bound=bound, leader_gap=gap)
