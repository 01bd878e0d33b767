"""Tables of the game: designs, claims, the hours at the boundary, who lacks what at pass-through prices."""

from __future__ import annotations

import math

import pandas as pd

from gridpact.report.figures.game.look import at as at_connection
from gridpact.report.game import claims, facts
from gridpact.report.numbers import struck
from gridpact.report.standing import Standing
from gridpact.report.text import instant, number, safe, table, tag
from gridpact.results.record import Record

CENT = 0.01
MOST = 30  # participants, hours
FIGURES = {**facts.AMOUNTS, "import_mwh": "Import, MWh", **facts.PRICES}
NO_DESIGNS = "Designs without a leader were not asked for (designs = false)."
MANY_LEAD = "Where several districts lead, no other designs are computed."
SIGNS = {"yes": "✓ yes", "no": "✗ no", "equal": "= equal", "unknown": "unknown"}


def changes(record: Record, standing: Standing) -> str:
    """Designs in columns, then the claims."""
    return designs(record, standing) + claim_table(record, standing)


def designs(record: Record, standing: Standing) -> str:
    """One row per figure, one column per design, and what leading changes."""
    found = record.tables.get("designs")
    if found is None:
        return tag("p", MANY_LEAD if facts.several(record) else NO_DESIGNS, "lead")
    values = found.set_index("design")
    names = [str(name) for name in values.index]
    compared = {facts.LED, facts.FREE} <= set(names)
    header = ["", *map(safe, names), *(["led less<br>competitive"] if compared else [])]
    rows = [_figure(name, title, values, record, standing) for name, title in FIGURES.items() if _told(name, values)]
    rows += _passed(record, values, standing) if compared else []
    words = tag("p", "Money over the horizon, of all feeders together; DLMPs are supporting prices.", "remark")
    return (
        tag("h3", "The designs in figures") + tag("div", table(header, rows, "designs"), "wide") + words + _what(found)
    )


def _told(name: str, values: pd.DataFrame) -> bool:
    """The parts of the leader's cost only where there is heat."""
    return name not in ("adn_cost", "dhn_cost") or bool((values["dhn_cost"].abs() > CENT).any())


def _figure(name: str, title: str, values: pd.DataFrame, record: Record, standing: Standing) -> list[str]:
    row = [float(value) for value in values[name]]
    own = dict(zip(values.index, row, strict=True))
    difference = own[facts.LED] - own[facts.FREE] if {facts.LED, facts.FREE} <= set(own) else None
    money, unit = name != "import_mwh", safe(record.case.currency)
    cells = [_cell(value, money, standing) for value in row]
    told = [] if difference is None else [_cell(difference, money, standing, signed=True)]
    of = "" if not money else f", {unit}/MWh" if name in facts.PRICES else f", {unit}"
    return [f"{title}{of}", *cells, *told]


def _passed(record: Record, values: pd.DataFrame, standing: Standing) -> list[list[str]]:
    """Means and extremes of the pass-through prices, which only the leader's design has."""
    if "pass_through_prices" not in record.tables:
        return []
    found = zip(("dlmp_mean_per_mwh", "dlmp_max_per_mwh"), facts.passed_through(record), strict=True)
    return [
        [
            f"{facts.PRICES[name]} at pass-through prices, {safe(record.case.currency)}/MWh",
            *(_cell(led, True, standing) if design == facts.LED else "–" for design in values.index),
            _cell(led - facts.design_figure(record, facts.FREE, name), True, standing, signed=True),
        ]
        for name, led in found
    ]


def _cell(value: float, money: bool, standing: Standing, signed: bool = False) -> str:
    if not math.isfinite(value):
        return "–"
    text = ("+" if signed and round(value, 2) > 0.0 else "") + number(value)
    return struck(text, standing) if money else text


def _what(found: pd.DataFrame) -> str:
    """What each design is, and why one has no figures."""
    status = dict(zip(found["design"], found["status"], strict=True))
    parts = [
        tag("li", f"<b>{safe(name)}</b>: {safe(facts.DESIGNS.get(name, ''))}{_not_cleared(str(text))}")
        for name, text in status.items()
    ]
    return tag("ul", "".join(parts), "meant")


def _not_cleared(status: str) -> str:
    return "" if status == "cleared" else f" {tag('b', safe(status))}"


def claim_table(record: Record, standing: Standing) -> str:
    """Which claims hold, against which design."""
    rows = claims.rows(record)
    if not rows:
        return ""
    than = list(rows[0][2])
    unit = safe(record.case.currency)
    header = ["Claim", *(cell for name in than for cell in (f"Than<br>{safe(name)}", "lower by"))]
    body = []
    for claim, figure, verdicts in rows:
        own = f"{unit}/MWh" if figure.endswith("_per_mwh") else unit
        cells = [cell for name in than for cell in _claimed(verdicts.get(name), standing)]
        body.append([f"{safe(claim)}, {own}", *cells])
    words = (
        "The literature says of leading what the left column says. Here it is tested on this case alone. A lower cost "
        "of generation in the transmission network may only mean that the district generates more itself: whether all "
        "are better off is said by the cost of all."
    )
    title = tag("h3", "Claims of the literature, and whether they hold here")
    return title + tag("p", words, "lead") + tag("div", table(header, body, "claims"), "wide")


def _claimed(verdict: tuple[str, float] | None, standing: Standing) -> list[str]:
    if verdict is None:
        return ["–", "–"]
    holds, fall = verdict
    amount = "–" if not math.isfinite(fall) else struck(number(fall), standing)
    return [struck(tag("span", SIGNS.get(holds, safe(holds)), f"holds {safe(holds)}"), standing), amount]


def hours(record: Record, standing: Standing) -> str:
    """The boundary step by step, folded away; the first connections and steps."""
    found = facts.equilibrium(record)
    kept = found[found["connection"].isin(facts.shown(record))]
    unit = f"{safe(record.case.currency)}/MWh"
    header = ["Step", "Boundary, MW", "holds from, MW", "to, MW"]
    header += [f"{title}, {unit}" for title in ("LMP paid", "right from", "to", "Root price", "Wedge")]
    columns = ["boundary_mw", "step_from_mw", "step_to_mw"]
    prices = ["lmp_per_mwh", "lmp_low_per_mwh", "lmp_high_per_mwh", "root_price_per_mwh", "wedge_per_mwh"]
    body = [
        [
            at_connection(record, str(row["connection"])) + instant(row["snapshot"], record.case),
            *(number(float(row[name]), 2) for name in columns),
            *(struck(number(float(row[name]), 2), standing) for name in prices),
        ]
        for _, row in kept.head(4 * MOST).iterrows()
    ]
    more = len(found) - len(body)
    words = f"{more} more are in the table equilibrium." if more else ""
    note = (
        "An LMP holds between two boundary powers; at their ends every price between two steps is right. The wedge is "
        f"the root's supporting price less the LMP paid. {words}"
    )
    title = tag("summary", "The boundary step by step")
    inside = tag("div", table(header, body, "hours"), "wide") + tag("p", note, "remark")
    return tag("details", title + inside)


def make_whole(record: Record, standing: Standing) -> str:
    """Who lacks more than a cent at pass-through prices."""
    found = record.tables.get("make_whole")
    if found is None:
        return ""
    lacking = lacks(found)
    unit = safe(record.case.currency)
    intro = (
        "At pass-through prices, make-whole is what a participant lacks to cover its own cost, and lost opportunity "
        "what it would gain by another choice. At supporting prices both are zero, within what the certificate "
        "allows. Amounts are of one feeder; demand that must be served has no cost to cover."
    )
    if lacking.empty:
        return tag("p", f"{intro} Here nobody lacks more than a cent.", "lead")
    header = ["Participant", "Kind", *(f"{title}, {unit}" for title in ("Profit", "Make-whole", "Lost opportunity"))]
    body = [_lacking(row, standing) for _, row in lacking.head(MOST).iterrows()]
    body.append(_whole(lacking, standing))
    more = f" {len(lacking) - MOST} more are in the table make_whole." if len(lacking) > MOST else ""
    return tag("p", intro + more, "lead") + tag("div", table(header, body, "numbers"), "wide")


def lacks(found: pd.DataFrame) -> pd.DataFrame:
    """Whoever lacks more than a cent, the largest first; of loads only what they would gain by another choice.

    What demand pays is no loss: its benefit is not counted where it has no bid.
    """
    loads = found["kind"] == "load"
    kept = found.assign(
        profit=found["profit"].mask(loads), make_whole=found["make_whole"].mask(loads, 0.0).where(~loads)
    )
    amount = kept[["make_whole", "lost_opportunity"]].max(axis=1)
    order = amount[amount > CENT].sort_values(ascending=False, kind="stable").index
    lacking: pd.DataFrame = kept.loc[order]
    return lacking


def _lacking(row: pd.Series, standing: Standing) -> list[str]:
    money = [_cell(float(row[name]), True, standing) for name in ("profit", "make_whole", "lost_opportunity")]
    return [safe(row["participant"]), safe(str(row["kind"]).replace("_", " ")), *money]


def _whole(lacking: pd.DataFrame, standing: Standing) -> list[str]:
    sums = [_cell(float(lacking[name].sum()), True, standing) for name in ("make_whole", "lost_opportunity")]
    return [tag("b", f"all {len(lacking)}"), "", "", *sums]
