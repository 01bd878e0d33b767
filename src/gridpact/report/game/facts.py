"""The game of a run as a report asks for it: connections, designs, money, hours."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from gridpact.report.figures.canvas import Floats
from gridpact.results.record import Record

QUESTION = "stackelberg"
MOST = 3  # connections that are shown
SAME, NEAR = 0.005, 1e-3  # currency/MWh; share of a power
LED, FREE = "stackelberg", "competitive"
# What the designs are, in words.
DESIGNS = {
    "uncoordinated": "the transmission market clears on a forecast, the district takes the announced price, and the "
    "price is made anew by what it then imports",
    "competitive": "the district takes the transmission price as given, and the price is right for what it imports",
    "cooperative": "one operator clears both networks at least cost",
    "stackelberg": "the district leads: it knows how its import moves the price",
}
# Whom a design costs or earns how much: columns of the table designs, their titles, and what they are.
AMOUNTS = {
    "leader_cost": "Leader's cost",
    "adn_cost": "of it, electricity",
    "dhn_cost": "of it, heat",
    "interface_payment": "Leader's payment at the boundary",
    "transmission_cost": "Transmission's cost of generation",
    "producers_surplus": "Producers' surplus",
    "load_payment": "Payment of other loads",
    "congestion_rent": "Congestion rent",
    "welfare_cost": "Cost of all",
}
PRICES = {
    "lmp_mean_per_mwh": "Mean LMP",
    "lmp_max_per_mwh": "Highest LMP",
    "dlmp_mean_per_mwh": "Mean DLMP",
    "dlmp_max_per_mwh": "Highest DLMP",
}
GAINS = {
    "gain_to_leader": "the district, who leads",
    "gain_to_producers": "producers",
    "gain_to_loads": "other loads",
    "gain_to_congestion_rent": "congestion rent",
}
WHOLE = "gain_to_all"


def is_game(record: Record) -> bool:
    return record.question == QUESTION


def equilibrium(record: Record) -> pd.DataFrame:
    return record.tables["equilibrium"]


def connections(record: Record) -> list[str]:
    """All of them, in their order."""
    return [str(name) for name in dict.fromkeys(equilibrium(record)["connection"])]


def shown(record: Record) -> list[str]:
    """The connections that figures show."""
    return connections(record)[:MOST]


def of_connection(table: pd.DataFrame, connection: str) -> pd.DataFrame:
    """Its rows, in the order of the table."""
    return table[table["connection"] == connection]


def series(table: pd.DataFrame, connection: str, column: str, design: str = "") -> Floats:
    """A column of one connection (and one design) over the steps; shape (steps,)."""
    rows = of_connection(table, connection)
    rows = rows[rows["design"] == design] if design else rows
    return rows[column].to_numpy(dtype=np.float64)


def feeders(record: Record) -> float:
    """Identical feeders behind the first connection."""
    return float(equilibrium(record)["feeders"].iloc[0])


def designs(record: Record) -> list[str]:
    """The designs whose states are known; none where they were not asked for."""
    table = record.tables.get("designs")
    if table is None:
        return []
    known = table[table["leader_cost"].notna()]
    return [str(name) for name in known["design"]]


def design_figure(record: Record, design: str, column: str) -> float:
    """A figure of a design, NaN where it has none."""
    table = record.tables["designs"]
    found = table.loc[table["design"] == design, column].to_numpy(dtype=np.float64)
    return float(found[0]) if found.size else math.nan


def has_step_function(record: Record) -> bool:
    return len(record.tables.get("price_steps", ())) > 0


def at_edges(record: Record) -> int:
    """In how many steps of time (of any connection) the import stands at an end of its price step, so as to keep it.

    There several prices are right; one who stays just inside has but one, and stands within a thousandth of the end.
    Where the price rises with the import, no step is worth keeping.
    """
    table = equilibrium(record)
    several = _several_prices(table)
    near = NEAR * (1.0 + table["boundary_mw"].abs())
    inside = (table["step_to_mw"] - table["boundary_mw"] <= near) & (table["step_to_mw"] - table["step_from_mw"] > near)
    return int((several | inside).sum())


def open_prices(record: Record) -> int:
    """In how many steps of time (of any connection) several prices are right at what is imported."""
    return int(_several_prices(equilibrium(record)).sum())


def _several_prices(table: pd.DataFrame) -> pd.Series:
    """Where the range of right prices has a width; one without an end, which is blank, has every width."""
    width = table["lmp_high_per_mwh"] - table["lmp_low_per_mwh"]
    return (width > SAME) | width.isna()


def differs(record: Record) -> int:
    """In how many hours (of any connection) the leader imports another amount than who takes the price."""
    hours = record.tables["design_hours"]
    led, free = (hours.loc[hours["design"] == name, "boundary_mw"].to_numpy(dtype=np.float64) for name in (LED, FREE))
    return int((np.abs(led - free) > NEAR * (1.0 + np.abs(free))).sum())


def passed_through(record: Record) -> tuple[float, float]:
    """Mean and highest pass-through price of all buses and steps."""
    prices = record.tables["pass_through_prices"]["price_per_mwh"].to_numpy(dtype=np.float64)
    return float(prices.mean()), float(prices.max())


def figure(record: Record, name: str) -> float:
    """A figure of the summary, NaN where it has none."""
    value = record.summary.get(name)
    return math.nan if value is None else float(value)


def has_gains(record: Record) -> bool:
    """Whether it is known what leading gains whom."""
    return all(math.isfinite(figure(record, name)) for name in (*GAINS, WHOLE))


def several(record: Record) -> bool:
    """Whether several districts lead."""
    return "leaders" in record.tables


def leaders(record: Record) -> list[str]:
    """Names of the districts that lead; one without a name goes by that of its case."""
    if record.transmission is None:
        return [record.case.name]
    names = record.transmission.tables["connections"]["district"].fillna("").astype(str)
    return [name or record.case.name for name in dict.fromkeys(names)]
