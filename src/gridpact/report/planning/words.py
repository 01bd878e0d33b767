"""The plan in words, for a reader who has to decide on it."""

from __future__ import annotations

import math

import pandas as pd

from gridpact.report.figures.planning.year import worst
from gridpact.report.numbers import struck
from gridpact.report.planning import facts
from gridpact.report.standing import Standing
from gridpact.report.text import number, safe, significant, tag
from gridpact.results.days import CLEARED
from gridpact.results.record import Record

MOST = 3  # assets named in a sentence
PLACES = {
    **dict.fromkeys(facts.PLANTS, "bus "),
    **dict.fromkeys(facts.AT_NODES, "node "),
    "exchange": "microgrid ",
    "tie": "",
}
UNKNOWN = (
    "As it is, the network cannot be operated on these days within its limits: what a year costs without the plan is "
    "not known."
)


def section(record: Record, standing: Standing) -> str:
    """What is built, what that changes, whether the limits hold, what is proven."""
    found = [built(record), costs(record, standing), limits(record), proven(record, standing)]
    return "".join(tag("p", text, "lead") for text in found if text)


def built(record: Record) -> str:
    """How many candidates are built, the dearest by name."""
    chosen, unbuilt = facts.built(record), facts.left_out(record)
    if chosen is None or unbuilt is None:
        return ""
    count = len(chosen) + len(unbuilt)
    if chosen.empty:
        return f"Of {count} candidates none is worth building: the network stays as it is."
    dearest = chosen.sort_values("investment", ascending=False, kind="stable").head(MOST)
    named = ", ".join(f"<b>{safe(asset)}</b> ({_what(row)})" for asset, row in dearest.set_index("asset").iterrows())
    more = "" if len(chosen) <= MOST else "; the dearest of them are"
    return f"The plan builds {len(chosen)} of {count} candidates{more or ':'} {named}."


def _what(row: pd.Series) -> str:
    kind = facts.KINDS.get(str(row["kind"]), safe(row["kind"]))
    units = f"{number(float(row['units']), 0)} of {number(float(row['max_units']), 0)} units, "
    where = PLACES.get(str(row["kind"]), "line ")
    return f"{kind}, {units if float(row['max_units']) > 1.0 else ''}{where}{safe(row['place'])}"


def costs(record: Record, standing: Standing) -> str:
    before, after = facts.annual(record)
    if not math.isfinite(before - after):
        return UNKNOWN if "annual_costs" in record.tables else ""
    unit = safe(record.case.currency)
    word, saved = ("less", before - after) if after <= before else ("more", after - before)
    values = [struck(number(value, 0), standing) for value in (after, before, saved)]
    return (
        f"A year then costs {_whole(values[0], unit)}, investment and maintenance included, instead of "
        f"{_whole(values[1], unit)}: {_whole(values[2], unit)} {word}. What the interruption of supply costs counts "
        "where a price was given for it."
    )


def limits(record: Record) -> str:
    """Every index that has a limit, and what happens to SAIDI."""
    told = [one for one in facts.indices(record) if math.isfinite(one.limit)]
    if told:
        return f"Limits of reliability: {'; '.join(map(_limit, told))}."
    saidi = facts.index(record, "saidi_h")
    if saidi is None or not math.isfinite(saidi.before):
        return ""
    return (
        f"A customer is without supply for {number(saidi.after, 3)} h a year on average, instead of "
        f"{number(saidi.before, 3)} h; no limit was set."
    )


def _limit(one: facts.Index) -> str:
    name, unit, decimals = facts.INDICES[one.key]
    was = "" if math.isnan(one.before) else f" (as it is {number(one.before, decimals)})"
    held = "keeps" if one.kept else "<b>does not keep</b>"
    return f"{name} of {number(one.after, decimals)} {unit}{was} {held} its limit of {number(one.limit, decimals)}"


def proven(record: Record, standing: Standing) -> str:
    bound, gap = facts.figure(record, "objective_lower_bound"), facts.figure(record, "gap")
    if not math.isfinite(bound):
        return ""
    asked = record.settings.get("gap")
    wanted = f"; {significant(100.0 * float(asked))} % were asked for" if isinstance(asked, int | float) else ""
    share = "" if math.isnan(gap) else f": the gap is {struck(facts.percent(gap), standing)} % of the cost{wanted}"
    amount = _whole(struck(number(bound, 0), standing), safe(record.case.currency))
    basis = record.summary.get("bound_basis")
    holds = f" This holds for {safe(basis)}." if basis else ""
    ours = _whole(struck(number(facts.figure(record, "objective_by_form"), 0), standing), safe(record.case.currency))
    if facts.by_form(record):
        return (
            "In the search a linear form stands for reliability, which counts interruptions a little too high. Counted "
            f"so, this plan costs {ours} and no plan within the limits less than {amount} a year{share}. What the plan "
            f"really costs is told above and may lie below that bound.{holds}"
        )
    return f"No plan within the limits costs less than {amount} a year{share}.{holds}"


def typical(record: Record) -> str:
    """The sentence before the figures of the typical days."""
    found = facts.table(record, "scenarios")
    return "" if found is None else stand_for(found)


def stand_for(scenarios: pd.DataFrame) -> str:
    """How many days stand for how many, and why some were kept as they are."""
    total = number(float(scenarios["weight_days"].sum()), 1).removesuffix(".0")
    kept = int((~scenarios["kind"].isin(["typical", "given"])).sum())
    are = f"{kept} of them {'is an extreme day' if kept == 1 else 'are extreme days'}, kept as it was"
    some = f" {are if kept == 1 else are.replace('it was', 'they were')}." if kept else ""
    return f"{len(scenarios)} typical day{'s' if len(scenarios) > 1 else ''} for {total} days.{some}"


def year(record: Record) -> str:
    """The sentence before the check on all days."""
    found = facts.table(record, "year")
    if found is None:
        return ""
    done = found[(found["status"] == CLEARED) & found["cost"].notna()]
    cost, estimate = float(done["cost"].sum()), float(done["estimated_cost"].sum())
    off = number(100.0 * abs(cost - estimate) / abs(estimate), 2) if estimate else ""
    share = f", {off} % {'more' if cost >= estimate else 'less'} than the typical days say" if off else ""
    share += facts.off(record, ": ")
    left = len(found) - len(done)
    failed = f" On {left} days no operation was found." if left else ""
    unserved = float(done["unserved_mwh"].sum()) if "unserved_mwh" in done else 0.0
    cut = f" {number(unserved, 3)} MWh of demand stay unserved." if unserved > 1e-6 else ""
    names = [at.strftime("%d %b %Y") for at in worst(found)["snapshot"]]
    days = f" The worst days: {', '.join(names)}." if names else ""
    whole = f"{number(cost, 0)} {record.case.currency}"
    return f"With the plan fixed, the operation of all {len(found)} days costs {whole}{share}.{failed}{cut}{days}"


def _whole(amount: str, unit: str) -> str:
    """An amount that no line breaks."""
    return f'<span style="white-space:nowrap">{amount} {unit}</span>'
