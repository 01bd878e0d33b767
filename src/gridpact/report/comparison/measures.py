"""The numbers in which runs are compared, with their units, and their differences from the first run.

Money is compared only where the certificates of both runs vouch for it and the currency is the same.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gridpact.report.standing import Standing, standing_of
from gridpact.results.planning import QUESTION as PLAN
from gridpact.results.record import Record
from gridpact.results.together import QUESTION as TOGETHER

NOT_COMPARABLE = float("nan")


@dataclass(frozen=True)
class Measure:
    """A figure of the summary; ``unit`` may name the currency."""

    key: str
    label: str
    unit: str
    decimals: int

    @property
    def money(self) -> bool:
        return "{currency}" in self.unit


MEASURES = (
    Measure("objective", "cost less benefit", "{currency}", 2),
    Measure("leader_cost", "leader's cost, all feeders", "{currency}", 2),
    Measure("gain_to_leader", "gain to the district by leading", "{currency}", 2),
    Measure("gain_to_producers", "gain to producers", "{currency}", 2),
    Measure("gain_to_loads", "gain to other loads", "{currency}", 2),
    Measure("gain_to_congestion_rent", "gain to congestion rent", "{currency}", 2),
    Measure("gain_to_all", "gain to all together", "{currency}", 2),
    Measure("transmission_cost", "transmission's cost of generation", "{currency}", 2),
    Measure("tie_cost", "at stake in tie-breaking", "{currency}", 2),
    Measure("leader_gap", "proven gap", "of the cost", 6),
    Measure("objective_before", "cost as it is", "{currency}", 2),
    Measure("objective_alone", "cost where each plans alone", "{currency}", 2),
    Measure("surplus", "gain that is shared", "{currency}", 2),
    Measure("objective_lower_bound", "proven not to cost less than", "{currency}", 2),
    Measure("gap", "proven gap", "of the cost", 6),
    Measure("investment", "investment", "{currency}", 2),
    Measure("capex_per_year", "capital cost of a year", "{currency}", 2),
    Measure("assets_built", "candidates built", "", 0),
    Measure("saifi", "SAIFI", "interruptions per customer and year", 4),
    Measure("saidi_h", "SAIDI", "h per customer and year", 4),
    Measure("caidi_h", "CAIDI", "h per interruption", 4),
    Measure("asai", "ASAI", "of the time", 6),
    Measure("eens_mwh", "energy not supplied", "MWh per year", 3),
    Measure("aens_kwh", "energy not supplied to a customer", "kWh per year", 3),
    Measure("price_mean_per_mwh", "mean price", "{currency}/MWh", 2),
    Measure("price_min_per_mwh", "lowest price", "{currency}/MWh", 2),
    Measure("price_max_per_mwh", "highest price", "{currency}/MWh", 2),
    Measure("load_mwh", "demand served", "MWh", 3),
    Measure("import_mwh", "bought from the grid", "MWh", 3),
    Measure("export_mwh", "sold to the grid", "MWh", 3),
    Measure("generation_mwh", "generators", "MWh", 3),
    Measure("renewable_mwh", "wind and PV", "MWh", 3),
    Measure("curtailed_mwh", "curtailed", "MWh", 3),
    Measure("loss_mwh", "line losses", "MWh", 3),
    Measure("lowest_vm_pu", "lowest voltage", "p.u.", 4),
    Measure("highest_vm_pu", "highest voltage", "p.u.", 4),
    Measure("highest_loading_percent", "highest line loading", "%", 1),
    Measure("heat_price_mean_per_mwh", "mean heat price", "{currency}/MWh", 2),
    Measure("heat_price_min_per_mwh", "lowest heat price", "{currency}/MWh", 2),
    Measure("heat_price_max_per_mwh", "highest heat price", "{currency}/MWh", 2),
    Measure("heat_load_mwh", "heat served", "MWh", 3),
    Measure("heat_loss_mwh", "heat lost in pipes", "MWh", 3),
    Measure("pump_mwh", "circulation pumps", "MWh", 3),
)
# What a network model leaves out; its summary has a zero or a one there.
ABSENT = {"lindistflow": ("loss_mwh",), "dc": ("loss_mwh", "lowest_vm_pu", "highest_vm_pu")}
NONE = "–"
OPERATOR, HEAT_OPERATOR = "network operator", "heat network operator"


@dataclass(frozen=True, eq=False)
class Entry:
    """A run of the comparison: its number from 1 on, its name, and what its certificate allows."""

    number: int
    name: str
    record: Record
    standing: Standing

    @property
    def label(self) -> str:
        return f"{self.number}: {self.name}"


def entries(records: Mapping[str, Record]) -> list[Entry]:
    """The runs in their order."""
    return [Entry(place + 1, name, record, standing_of(record)) for place, (name, record) in enumerate(records.items())]


def value(entry: Entry, measure: Measure) -> float:
    """NaN where the run or its network model has none, and for money that its certificate does not vouch for."""
    found = entry.record.summary.get(measure.key)
    absent = measure.key in ABSENT.get(str(entry.record.settings.get("formulation")), ())
    if absent or not isinstance(found, int | float) or (measure.money and not entry.standing.valid):
        return NOT_COMPARABLE
    return float(found)


def difference(first: Entry, other: Entry, measure: Measure) -> float:
    """``other`` less ``first``; NaN where they cannot be compared."""
    if measure.money and first.record.case.currency != other.record.case.currency:
        return NOT_COMPARABLE
    return value(other, measure) - value(first, measure)


def shown(runs: list[Entry]) -> list[Measure]:
    """The measures that at least one run has."""
    return [measure for measure in MEASURES if any(not math.isnan(value(run, measure)) for run in runs)]


def unit(runs: list[Entry], measure: Measure) -> str:
    """With the currency; where the runs have several, all of them."""
    return measure.unit.format(currency=" or ".join(dict.fromkeys(run.record.case.currency for run in runs)))


def same_horizon(runs: list[Entry]) -> bool:
    """Whether all runs have the same steps."""
    cases = [run.record.case for run in runs]
    return len({(case.start, case.steps, case.step_minutes, case.timezone) for case in cases}) == 1


def remarks(runs: list[Entry]) -> list[str]:
    """What keeps the runs from being compared as they stand."""
    told = []
    if len({run.record.case.currency for run in runs}) > 1:
        told.append("The runs have different currencies: their money is not compared.")
    if not same_horizon(runs):
        told.append("The runs have different horizons: energies and costs are not those of the same time.")
    if any(not run.standing.valid for run in runs):
        told.append("The money of runs that are not certified is left out.")
    return told


def settings(runs: list[Entry]) -> pd.DataFrame:
    """Case and settings of every run: one row per setting that some run has, one column per run number."""
    columns = {run.number: {"case": run.record.case.name, **run.record.settings} for run in runs}
    frame = pd.DataFrame({number: pd.Series(column, dtype=object) for number, column in columns.items()})
    given = frame.notna() & ~frame.isin(["", {}])
    return frame.where(given, NONE)[given.any(axis=1)]


def payments(run: Entry) -> pd.Series:
    """Payment of every participant over all carriers, by kind and participant; empty without a valid settlement.

    Plans have none here: theirs is of days that count for many.
    """
    settlement = run.record.tables.get("settlement")
    if settlement is None or not run.standing.valid or run.record.question in (PLAN, TOGETHER):
        return pd.Series(dtype="float64", index=pd.MultiIndex.from_arrays([[], []], names=["kind", "participant"]))
    operator = settlement["kind"] == "operator"
    own = np.where(settlement["carrier"] == "heat", HEAT_OPERATOR, OPERATOR)
    named = settlement.assign(
        kind=settlement["kind"].mask(operator, own), participant=settlement["participant"].mask(operator, own)
    )
    return named.groupby(["kind", "participant"], sort=False)["payment"].sum()
