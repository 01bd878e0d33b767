"""The plan of a run as a report asks for it: what is built, what a year costs, the days, the indices."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gridpact.report.figures.canvas import Floats
from gridpact.report.text import significant
from gridpact.results.planning import BASIS, QUESTION
from gridpact.results.record import Record

PLANTS = ("wind", "pv", "other", "storage", "generator", "chp", "electric_boiler", "heat_pump")
AT_NODES = ("gas_boiler", "heat_storage")
PROTECTION = ("breaker", "recloser", "fuse", "sectionaliser")
KINDS = {
    "wind": "wind",
    "pv": "PV",
    "other": "other renewables",
    "storage": "storage",
    "generator": "generator",
    "chp": "CHP",
    "electric_boiler": "electric boiler",
    "heat_pump": "heat pump",
    "gas_boiler": "boiler",
    "heat_storage": "tank",
    "exchange": "exchange capacity",
    "line": "line type",
    "tie": "tie line",
    "breaker": "breaker",
    "recloser": "recloser",
    "fuse": "fuse",
    "sectionaliser": "sectionaliser",
}
# Indices of reliability: name, unit, decimals.
INDICES = {
    "saifi": ("SAIFI", "interruptions per customer and year", 3),
    "saidi_h": ("SAIDI", "hours per customer and year", 3),
    "caidi_h": ("CAIDI", "hours per interruption", 3),
    "asai": ("ASAI", "share of the time with supply", 6),
    "eens_mwh": ("EENS", "MWh per year", 3),
    "aens_kwh": ("AENS", "kWh per customer and year", 3),
}


@dataclass(frozen=True)
class Index:
    """An index of reliability before and after; the limit is NaN where there is none."""

    key: str
    before: float
    after: float
    limit: float

    @property
    def kept(self) -> bool:
        return not math.isfinite(self.limit) or self.after <= self.limit * (1.0 + 1e-6) + 1e-12


def is_plan(record: Record) -> bool:
    return record.question == QUESTION


def table(record: Record, name: str) -> pd.DataFrame | None:
    """A table, or None where the run has none or one without rows."""
    found = record.tables.get(name)
    return None if found is None or found.empty else found


def figure(record: Record, name: str) -> float:
    """A figure of the summary, NaN where it has none."""
    value = record.summary.get(name)
    return math.nan if value is None else float(value)


def percent(share: float) -> str:
    """A share in percent of three digits; one that is all but zero as such."""
    return "below 0.001" if 0.0 <= share < 1e-5 else significant(100.0 * share)


def size(power: float, energy: float) -> str:
    """Power, and energy where there is some; nothing for what has neither."""
    parts = [f"{significant(value)} {unit}" for value, unit in ((power, "MW"), (energy, "MWh")) if math.isfinite(value)]
    return ", ".join(parts)


def built(record: Record) -> pd.DataFrame | None:
    """What is built, in the order of the table; None where it is not known."""
    found = record.tables.get("investments")
    if found is None:
        return None
    chosen: pd.DataFrame = found[found["units"] > 0]
    return chosen


def left_out(record: Record) -> pd.DataFrame | None:
    """Candidates of which nothing is built."""
    found = record.tables.get("investments")
    if found is None:
        return None
    chosen: pd.DataFrame = found[found["units"] <= 0]
    return chosen


def annual(record: Record) -> tuple[float, float]:
    """Cost of a year before and after, NaN where it is not known."""
    costs = table(record, "annual_costs")
    if costs is None:
        return math.nan, figure(record, "objective")
    return _sum(costs["before"]), _sum(costs["after"])


def _sum(column: pd.Series) -> float:
    """The sum, NaN where a part of it is not known."""
    return float(column.to_numpy(dtype=np.float64).sum())


def indices(record: Record) -> list[Index]:
    """The indices that the run has, in their order."""
    found = table(record, "reliability")
    if found is None:
        return []
    values = found[["before", "value", "limit"]].to_numpy(dtype=np.float64)
    rows = dict(zip(found["index"].astype(str), values.tolist(), strict=True))
    return [Index(key, *rows[key]) for key in INDICES if key in rows]


def index(record: Record, key: str) -> Index | None:
    return next((one for one in indices(record) if one.key == key), None)


def weights(record: Record) -> dict[str, float]:
    """Days that each scenario stands for, in the order of the scenarios."""
    found = table(record, "scenarios")
    if found is None:
        return {}
    return dict(zip(found["scenario"].astype(str), found["weight_days"].astype(float), strict=True))


def heaviest(weights_of: dict[str, float], most: int) -> list[str]:
    """The scenarios that stand for most days, at most so many, in their own order."""
    names = list(weights_of)
    order = np.argsort(-np.array([weights_of[name] for name in names]), kind="stable")[:most]
    return [names[place] for place in sorted(order.tolist())]


def by_step(found: pd.DataFrame, column: str) -> Floats:
    """A column of a tidy table (ordered by snapshot, then component), shape (components, steps).

    The typical days follow each other: their clock is that of the table, not that of the year that was asked of.
    """
    steps = found["snapshot"].nunique()
    return found[column].to_numpy(dtype=np.float64).reshape(steps, -1).T


def by_form(record: Record) -> bool:
    """Whether the bound is one of costs by the linear form of reliability, which may lie above the true ones."""
    return record.summary.get("bound_basis") == BASIS[True]


def off(record: Record, before: str) -> str:
    """How far the year is off, over all that a year costs, beside what was allowed; empty where it is not known."""
    share, most = figure(record, "year_off"), record.settings.get("year_tolerance")
    if math.isnan(share) or not isinstance(most, int | float):
        return ""
    return f"{before}{significant(100.0 * share)} % of the cost of a year, at most {100.0 * float(most):g} % asked"


def bound_words(record: Record) -> str:
    """What the bound says, before its amount."""
    return "by it not less than" if by_form(record) else "cannot be less than"
