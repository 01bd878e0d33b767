"""A reliability study as a report asks for it: indices, the hours of every load by their cause, the worst faults."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from gridpact.report.figures.canvas import Floats
from gridpact.results.record import Record
from gridpact.results.reliability import QUESTION, REPAIRED, SWITCHED

# Name, what it counts, decimals.
NAMES: Final = {
    "saifi": ("SAIFI", "interruptions per customer and year", 3),
    "saidi_h": ("SAIDI", "hours per customer and year", 3),
    "caidi_h": ("CAIDI", "hours per interruption", 3),
    "asai": ("ASAI", "share of the time with supply", 6),
    "eens_mwh": ("EENS", "MWh per year", 3),
    "aens_kwh": ("AENS", "kWh per customer and year", 3),
}
SWITCHING, REPAIR, OWN = "until something is switched", "until the repair is done", "the load's own transformer"
LINE, TRANSFORMER = "line", "transformer of the network"
MINUTES = 60.0
TABLES = ("reliability_loads", "reliability_feeders", "reliability_system", "reliability_faults")
ARRAYS = ("classes", "hours")


@dataclass(frozen=True, eq=False)
class Hours:
    """Hours without supply per year of every load, by cause, the worst load first; shape (loads,) each."""

    loads: list[str]
    causes: dict[str, Floats]

    @property
    def total(self) -> Floats:
        return np.asarray(np.sum(list(self.causes.values()), axis=0), dtype=np.float64)


def is_reliability(record: Record) -> bool:
    return record.question == QUESTION


def is_whole(record: Record) -> bool:
    """Whether everything is there that a report draws from; a run that lacks something has failed for that."""
    return set(TABLES) <= set(record.tables) and set(ARRAYS) <= set(record.solution)


def index(record: Record, name: str) -> float:
    """An index of the system; NaN where there is nothing to divide by."""
    value = record.summary.get(name)
    return math.nan if value is None else float(value)


def faults(record: Record) -> pd.DataFrame:
    """All faults with what they are (``kind``), those that add most to SAIDI first."""
    table = record.tables["reliability_faults"]
    branches = set(record.case.branch_ids())
    lines = set(record.case.ids("lines"))
    kinds = [LINE if str(name) in lines else TRANSFORMER if str(name) in branches else OWN for name in table["fault"]]
    ranked: pd.DataFrame = table.assign(kind=kinds).sort_values(
        ["saidi_h", "eens_mwh"], ascending=False, kind="stable", ignore_index=True
    )
    return ranked


def called(fault: object, kind: object) -> str:
    """A fault by what fails: names of lines may be numbers."""
    return str(fault) if kind == OWN else f"{'line' if kind == LINE else 'transformer'} {fault}"


def hours(record: Record) -> Hours | None:
    """None where what each fault does is not of these loads."""
    classes, lasting = (record.solution[name] for name in ARRAYS)
    table, loads = record.tables["reliability_faults"], record.case.ids("loads")
    if classes.shape != lasting.shape or classes.shape[1:] != (len(loads),) or len(table) < len(classes):
        return None
    rate = table["failures_per_year"].to_numpy(dtype=np.float64)[: len(classes)]
    own = record.case.column("loads", "transformer_failures_per_year")
    causes = {
        REPAIR: rate @ np.where(classes == REPAIRED, lasting, 0.0),
        SWITCHING: rate @ np.where(classes == SWITCHED, lasting, 0.0),
        OWN: own * record.case.column("loads", "transformer_repair_h"),
    }
    order = np.argsort(-np.sum(list(causes.values()), axis=0), kind="stable")
    return Hours([loads[load] for load in order], {name: values[order] for name, values in causes.items()})


def line_saidi(record: Record) -> Floats:
    """What faults of every branch add to SAIDI, zero where one never fails; shape (branches,)."""
    table = record.tables["reliability_faults"]
    added = dict(zip(table["fault"].astype(str), table["saidi_h"].astype(float), strict=True))
    return np.array([added.get(name, 0.0) for name in record.case.branch_ids()])


def bus_hours(record: Record) -> Floats:
    """Hours without supply per year of the worst load at every bus, NaN where there is none; shape (buses,)."""
    found = np.full(record.case.count("buses"), np.nan)
    told = record.tables["reliability_loads"]["hours_per_year"].to_numpy(dtype=np.float64)
    np.fmax.at(found, record.case.positions("loads", "bus"), told)
    return found
