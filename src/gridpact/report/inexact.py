"""Where the relaxation of the power flow was not exact, what the repair changed, and how good it is."""

from __future__ import annotations

import math

import pandas as pd

from gridpact.report.causes import causes
from gridpact.report.figures.exactness import BEYOND, excess, real_voltages
from gridpact.report.numbers import struck, summed
from gridpact.report.standing import Standing
from gridpact.report.text import instant, number, safe, significant, table, tag
from gridpact.results.record import Record

TITLE = "Where the relaxation was not exact"
HEADER = ["When", "Branch", "Invented loss, MW", "Of its squared current, %", "At relaxed prices", "Why"]
REMEDIES = {
    "sequential": "sequential convex programming",
    "penalty": "a price on losses",
    "convex_concave": "the convex-concave procedure",
    "cuts": "linear cuts",
}
MOST = 10
MEANING = (
    "The market is first solved with a relaxed power flow, which may let a line lose more power than its current "
    "explains. Where that pays, it is no power flow: the true voltages are others, the cost is too low, and "
    "the prices mean nothing. These hours were solved again so that every line obeys the AC power flow."
)


def section(record: Record, standing: Standing, figure: str) -> str:
    """Words, the ``figure`` (HTML) and the worst branches; empty where the relaxation was exact."""
    exactness = record.tables.get("exactness")
    if exactness is None or exactness.empty:
        return ""
    told = [MEANING, _found(record), _claimed(record), _repaired(record, standing), _distance(record, standing)]
    words = "".join(tag("p", text) for text in told if text)
    return (
        tag("h2", TITLE)
        + words
        + figure
        + tag("h3", "Branches and steps with the largest invented losses")
        + _worst(record)
    )


def _found(record: Record) -> str:
    exactness, case = record.tables["exactness"], record.case
    steps, energy = exactness["snapshot"].nunique(), float(exactness["phantom_loss_mw"].sum()) * case.hours
    value = float(exactness["phantom_cost_per_h"].sum()) * case.hours
    worth = f"{number(value)} {safe(case.currency)} at its own prices, which are not valid"
    branches, pairs = exactness["branch"].nunique(), len(exactness)
    return (
        f"In {steps} of {case.steps} steps the relaxation invented losses, on {branches} branches ({pairs} pairs of "
        f"branch and step): {number(energy, 3)} MWh in all, worth {worth}."
    )


def _claimed(record: Record) -> str:
    """What the voltages would have been at the set-points of the relaxation."""
    if "relaxed_buses" not in record.tables:
        return ""
    relaxed = record.tables["relaxed_buses"]
    lost = int(relaxed.loc[relaxed["ac_vm_pu"].isna(), "snapshot"].nunique())
    none = f" In {lost} steps no power flow has its set-points." if lost else ""
    if not excess(record).size or not _beyond(record):
        return none.strip()
    vm, claimed, bus, when = real_voltages(record)
    real = f"{number(vm, 4)} p.u. at {instant(when, record.case)}, instead of the {number(claimed, 4)} p.u. it claimed"
    return f"At its set-points bus {safe(bus)} would have {real}.{none}"


def _beyond(record: Record) -> bool:
    return bool((excess(record) > BEYOND).any())


def _repaired(record: Record, standing: Standing) -> str:
    """The price of being true, and what the prices now are."""
    cost, claimed = summed(record, "objective"), summed(record, "relaxed_objective")
    if not math.isfinite(claimed):
        return ""
    currency = safe(record.case.currency)
    more = f"{struck(number(cost - claimed), standing)} {currency} more"
    share = f" ({number(100.0 * (cost - claimed) / abs(claimed))} %)" if claimed else ""
    basis = safe(record.summary.get("price_basis", "not told"))
    return (
        f"The relaxation claimed {number(claimed)} {currency}; the repaired dispatch costs "
        f"{struck(number(cost), standing)} {currency}, {more}{share}. Its prices are {basis}.{_found_by(record)}"
    )


def _found_by(record: Record) -> str:
    names = [name for name in str(record.summary.get("remedies", "")).split(", ") if name]
    return f" Found by {', '.join(safe(REMEDIES.get(name, name)) for name in names)}." if names else ""


def _distance(record: Record, standing: Standing) -> str:
    """How far the global optimum can be, where that was asked for."""
    lower, gap = summed(record, "objective_lower_bound"), summed(record, "optimality_gap")
    if not math.isfinite(lower):
        return "How far the best possible dispatch is was not asked; exactness = certify proves it."
    cost, currency = summed(record, "objective"), safe(record.case.currency)
    return (
        f"It is proven that no dispatch costs less than {number(lower)} {currency}: this one is at most "
        f"{struck(number(max(cost - lower, 0.0)), standing)} {currency} above the best possible, "
        f"{significant(100.0 * gap)} % of the larger of its cost and the gross value of what is traded."
    )


def _worst(record: Record) -> str:
    exactness = record.tables["exactness"].assign(words=causes(record)["words"])
    worst = exactness.sort_values("phantom_loss_mw", ascending=False, kind="stable").head(MOST)
    more = len(exactness) - len(worst)
    note = tag("p", f"{more} more are in the table exactness.", "remark") if more else ""
    header = [*HEADER[:4], f"{HEADER[4]}, {safe(record.case.currency)}/h", HEADER[5]]
    return table(header, [_row(row, record) for _, row in worst.iterrows()], "inexact") + note


def _row(row: pd.Series, record: Record) -> list[str]:
    return [
        instant(row["snapshot"], record.case),
        safe(row["branch"]),
        number(row["phantom_loss_mw"], 4),
        number(100.0 * row["relative_gap"], 1),
        number(row["phantom_cost_per_h"], 2),
        safe(row["words"]),
    ]
