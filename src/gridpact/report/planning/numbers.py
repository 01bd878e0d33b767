"""The numbers of a plan that most readers look for first, as cards."""

from __future__ import annotations

import math

from gridpact.report.numbers import Fact, struck
from gridpact.report.planning import facts
from gridpact.report.standing import Standing
from gridpact.report.text import number, safe
from gridpact.results.record import Record


def plan_facts(record: Record, standing: Standing) -> list[Fact]:
    """Cost of a year before and after, investment, gap, what is built, the indices that planners are held to."""
    found = [cost(record, standing), saving(record, standing), investment(record, standing), gap(record, standing)]
    found += [assets(record), *(index(record, key) for key in ("saidi_h", "saifi", "eens_mwh"))]
    return [fact for fact in (*found, days(record)) if fact is not None]


def cost(record: Record, standing: Standing) -> Fact:
    before, after = facts.annual(record)
    note = "" if math.isnan(before) else f"as it is: {struck(number(before, 0), standing)}"
    unit = f"{safe(record.case.currency)} per year"
    return Fact("Cost of a year with the plan", struck(number(after, 0), standing), unit, note)


def saving(record: Record, standing: Standing) -> Fact | None:
    before, after = facts.annual(record)
    if not math.isfinite(before - after):
        return None
    saved = before - after
    title = "The plan saves" if saved >= 0.0 else "The plan costs more by"
    share = f"{number(100.0 * abs(saved) / abs(before), 1)} % of the cost as it is" if before else ""
    return Fact(title, struck(number(abs(saved), 0), standing), f"{safe(record.case.currency)} per year", share)


def investment(record: Record, standing: Standing) -> Fact | None:
    amount, yearly = facts.figure(record, "investment"), facts.figure(record, "capex_per_year")
    if math.isnan(amount):
        return None
    currency, budget = safe(record.case.currency), record.settings.get("budget")
    lines = [] if math.isnan(yearly) else [f"{struck(number(yearly, 0), standing)} {currency} per year"]
    lines += [f"budget {number(float(budget), 0)}"] if isinstance(budget, int | float) and math.isfinite(budget) else []
    return Fact("Investment", struck(number(amount, 0), standing), currency, "<br>".join(lines))


def gap(record: Record, standing: Standing) -> Fact | None:
    value, bound = facts.figure(record, "gap"), facts.figure(record, "objective_lower_bound")
    if math.isnan(value):
        return None
    form = " by the linear form" if facts.by_form(record) else ""
    note = "" if math.isnan(bound) else f"no plan costs less than {struck(number(bound, 0), standing)}{form}"
    return Fact("Proven gap", struck(facts.percent(value), standing), "% of the cost", note)


def assets(record: Record) -> Fact | None:
    """How much is built, kind by kind."""
    chosen, unbuilt = facts.built(record), facts.left_out(record)
    if chosen is None or unbuilt is None:
        return None
    units = chosen.groupby("kind", sort=False)["units"].sum()
    told = [f"{facts.KINDS.get(str(kind), safe(kind))} {number(float(count), 0)}" for kind, count in units.items()]
    note = ", ".join(told) if told else "nothing is worth building"
    return Fact("Built", f"{len(chosen)} of {len(chosen) + len(unbuilt)}", "candidates", note)


def index(record: Record, key: str) -> Fact | None:
    """An index with what it was and its limit."""
    one = facts.index(record, key)
    if one is None:
        return None
    name, unit, decimals = facts.INDICES[key]
    lines = [] if math.isnan(one.before) else [f"as it is: {number(one.before, decimals)}"]
    lines += [f"limit {number(one.limit, decimals)}: {'kept' if one.kept else 'NOT kept'}"] * math.isfinite(one.limit)
    return Fact(f"{name} with the plan", number(one.after, decimals), _short(unit), "<br>".join(lines))


def _short(unit: str) -> str:
    """A unit that fits beside a number."""
    return unit.replace("interruptions per customer and year", "per year").replace(
        "hours per customer and year", "h/year"
    )


def days(record: Record) -> Fact | None:
    """How many days stand for how many."""
    weights = facts.weights(record)
    if not weights:
        return None
    total = number(sum(weights.values()), 1).removesuffix(".0")
    return Fact("Typical days", str(len(weights)), f"for {total} days", "")
