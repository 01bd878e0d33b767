"""Tables of who builds what and how that was found: candidates, schemes, plans that were looked at, deviations."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from gridpact.report.numbers import struck
from gridpact.report.planning import facts as plan
from gridpact.report.planning.tables import scenario_table
from gridpact.report.standing import Standing
from gridpact.report.text import number, safe, table, tag
from gridpact.report.together import facts
from gridpact.report.trade.tables import long
from gridpact.results.record import Record
from gridpact.results.together import BEGINS

MOST = 60  # rows in the open


def money(value: float, standing: Standing, signed: bool = False) -> str:
    """Whole units of money; a dash where there is none."""
    if not math.isfinite(value):
        return "–"
    plus = "+" if signed and round(value, 0) > 0.0 else ""
    return struck(plus + number(value, 0), standing)


def built(record: Record, standing: Standing) -> str:
    """One row per candidate: whose, how many alone and together, what it costs, and why."""
    found = facts.built(record)
    if found is None or found.empty:
        return ""
    unit = safe(record.case.currency)
    header = ["Asset", "Owner", "Kind", "Why", "Alone", "Together", "Size", f"Investment, {unit}"]
    header += [f"{name}, {facts.per_year(record)}" for name in ("Capital and maintenance", "A unit more is worth")]
    rows = [_asset(row, standing) for _, row in found.head(MOST).iterrows()]
    chosen = found[found["units"] > 0]
    sums = [float(chosen["investment"].sum()), float((chosen["capex_per_year"] + chosen["maintenance_per_year"]).sum())]
    last = [tag("b", "all"), *[""] * 6, *(tag("b", money(value, standing)) for value in sums), ""]
    note = (
        "What a unit more is worth: what it would save all in a year less what it costs, to first order, at the plan; "
        "a dash where no more may be built."
    )
    more = f" {len(found) - MOST} more are in the table investments." if len(found) > MOST else ""
    inside = tag("div", table(header, [*rows, last], "together four"), "wide")
    return inside + tag("p", f"{note}{more}", "remark")


def _asset(row: pd.Series, standing: Standing) -> list[str]:
    most, kind = float(row["max_units"]), str(row["kind"])
    size = plan.size(float(row["p_mw"]), float(row["energy_mwh"])) if row["units"] > 0 else ""
    yearly = float(row["capex_per_year"] + row["maintenance_per_year"])
    cells = [number(float(row["before"]), 0), f"{number(float(row['units']), 0)} of {number(most, 0)}"]
    names = [safe(row["asset"]), safe(row["owner"]), plan.KINDS.get(kind, safe(kind)), _why(row)]
    worth = money(float(row["marginal_value_per_year"]), standing, signed=True)
    spent = [money(value, standing) if row["units"] > 0 else "–" for value in (float(row["investment"]), yearly)]
    return [*names, *cells, size, *spent, worth]


def _why(row: pd.Series) -> str:
    before, units = int(row["before"]), int(row["units"])
    if units > before:
        return "trade makes it pay" if not before else "trade makes more of it pay"
    if units < before:
        return "pays alone, not together" if not units else "less is needed together"
    return "pays alone and together" if units else "pays neither alone nor together"


def moves(record: Record, standing: Standing) -> str:
    """What every scheme came to; every plan that was looked at, folded away."""
    return _schemes(record, standing) + _moves(record, standing)


def _schemes(record: Record, standing: Standing) -> str:
    found = facts.table(record, "schemes")
    if found is None:
        return ""
    unit = facts.per_year(record)
    header = ["Scheme", "Ended because", f"Cost, {unit}", f"Gain of all, {unit}", "Above the bound, %",
              "Trades solved", "Seconds"]  # fmt: skip
    rows = [
        [
            safe(facts.SCHEMES.get(str(row["scheme"]), str(row["scheme"]))),
            safe(row["ended"]),
            money(float(row["cost"]), standing),
            money(float(row["surplus"]), standing),
            plan.percent(max(0.0, float(row["above_bound"]))),
            number(float(row["upper_solves"]), 0),
            number(float(row["seconds"]), 1) if math.isfinite(float(row["seconds"])) else "–",
        ]
        for _, row in found.iterrows()
    ]
    note = "Each goes on from the plan before it; trades solved and seconds add up. The last one by itself, from "
    note += "what each would build alone." if facts.baseline(record) is not None else ""
    told = tag("p", note, "remark") if facts.baseline(record) is not None else ""
    return tag("div", table(header, rows, "together two"), "wide") + told


def _moves(record: Record, standing: Standing) -> str:
    found = facts.table(record, "moves")
    if found is None:
        return ""
    unit = facts.per_year(record)
    header = ["Plan", "Scheme", "Who moved", "Why", "", f"Cost, {unit}", f"Gain of all, {unit}"]
    rows = [
        [
            str(row["move"]),
            safe(facts.SCHEMES.get(str(row["scheme"]), str(row["scheme"]))),
            _who(row),
            safe(row["why"]),
            "taken" if row["taken"] else "left",
            money(float(row["cost"]), standing),
            money(float(row["surplus"]), standing),
        ]
        for _, row in found.iterrows()
    ]
    inside = tag("div", table(header, rows, "together five"), "wide")
    return tag("details", tag("summary", f"All {len(found)} plans that were looked at") + inside)


def _who(row: pd.Series) -> str:
    """Who moved: an owner, all at once, or nobody yet."""
    return safe(row["who"]) or ("–" if row["why"] == BEGINS else "all")


def _bound(value: float, standing: Standing) -> str:
    return struck(number(value, 2), standing) if value >= facts.CENT else "below 0.01"


def deviations(record: Record, standing: Standing) -> str:
    """What each owner could gain by changing its own plan alone."""
    found = facts.table(record, "deviations")
    if found is None:
        return ""
    unit = facts.per_year(record)
    header = ["Owner", f"Trades and payments as they are, {unit}", f"Traded and shared anew: all gain, {unit}",
              f"of which the owner, {unit}"]  # fmt: skip
    names = ("held_gain", "rebargained_surplus", "rebargained_gain")
    rows = [
        [safe(row["participant"]), *(_bound(float(row[name]), standing) for name in names)]
        for _, row in found.iterrows()
    ]
    note = (
        "Bounds of the most that each could gain in a year; others build what they build. As "
        "owners share what all gain, a move pays its owner where it makes the gain of all larger, and nowhere else."
    )
    return long(header, rows, "together") + tag("p", note, "remark")


def scenarios(record: Record, standing: Standing) -> str:
    found = facts.table(record, "scenarios")
    return "" if found is None else scenario_table(found)


def fairness(record: Record, standing: Standing) -> str:
    """Measures of how evenly the gain is shared."""
    found = facts.table(record, "fairness")
    if found is None or not facts.deal(record):
        return ""
    rows = [
        [safe(row["measure"]), number(float(row["value"]), 3) if np.isfinite(row["value"]) else "–"]
        for _, row in found.iterrows()
    ]
    return tag("h3", "How even it is: 1 is even") + table(["Measure", "Value"], rows, "together")
