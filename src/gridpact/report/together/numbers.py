"""The numbers of a joint plan that most readers look for first, as cards."""

from __future__ import annotations

import math

from gridpact.report.figures.planning.look import days
from gridpact.report.numbers import Fact, struck
from gridpact.report.planning.facts import percent
from gridpact.report.standing import Standing
from gridpact.report.text import number, safe
from gridpact.report.together import facts
from gridpact.results.record import Record


def together_facts(record: Record, standing: Standing) -> list[Fact]:
    """Cost of a year alone and together, gain, gap, investment, what is built, what anyone could still gain, days."""
    found = [cost(record, standing), gain(record, standing), gap(record, standing), investment(record, standing)]
    found += [assets(record), held(record, standing), looked(record), scenarios(record)]
    return [fact for fact in found if fact is not None]


def cost(record: Record, standing: Standing) -> Fact | None:
    after, before = (facts.figure(record, name) for name in ("objective", "objective_alone"))
    if math.isnan(after):
        return None
    note = "" if math.isnan(before) else f"where each plans alone: {struck(number(before, 0), standing)}"
    title = "A year costs, together" if facts.deal(record) else "A year would cost, together"
    return Fact(title, struck(number(after, 0), standing), f"{safe(record.case.currency)} per year", note)


def gain(record: Record, standing: Standing) -> Fact | None:
    after, before = (facts.figure(record, name) for name in ("objective", "objective_alone"))
    if not math.isfinite(before - after):
        return None
    share = f"{number(100.0 * (before - after) / abs(before), 1)} % of the cost alone" if before else ""
    lines = [share, "no deal: nobody gains"] if not facts.deal(record) else [share]
    unit = f"{safe(record.case.currency)} per year"
    title = "All gain by planning together" if facts.deal(record) else "There would be a gain of"
    return Fact(title, struck(number(before - after, 0), standing), unit, "<br>".join(filter(None, lines)))


def gap(record: Record, standing: Standing) -> Fact | None:
    value, bound = facts.figure(record, "gap"), facts.figure(record, "surplus_upper_bound")
    if math.isnan(value):
        return None
    note = "" if not math.isfinite(bound) else f"no plan gains more than {struck(number(bound, 0), standing)}"
    return Fact("Proven gap", struck(percent(value), standing), "% of the cost", note)


def investment(record: Record, standing: Standing) -> Fact | None:
    amount = facts.figure(record, "investment")
    if math.isnan(amount) or facts.table(record, "owners") is None:
        return None
    yearly = struck(number(float(facts.column(record, "capex_per_year").sum()), 0), standing)
    note = f"{yearly} {safe(record.case.currency)} per year"
    return Fact("Investment", struck(number(amount, 0), standing), safe(record.case.currency), note)


def assets(record: Record) -> Fact | None:
    """How many candidates are built, together and alone."""
    found = facts.built(record)
    if found is None:
        return None
    alone = f"alone: {int((found['before'] > 0).sum())}"
    return Fact("Built", f"{int((found['units'] > 0).sum())} of {len(found)}", "candidates", alone)


def held(record: Record, standing: Standing) -> Fact | None:
    """The most that anyone could gain by another plan of its own."""
    values = [facts.figure(record, f"largest_{name}_gain") for name in ("held", "rebargained")]
    if not all(map(math.isfinite, values)):
        return None
    note = f"where trades stay; {facts.small(values[1], standing)} where all is bargained anew"
    unit = f"{safe(record.case.currency)} per year at most"
    return Fact("By moving alone one gains", facts.small(values[0], standing), unit, note)


def looked(record: Record) -> Fact | None:
    value, taken = facts.figure(record, "moves"), facts.figure(record, "moves_taken")
    if math.isnan(value):
        return None
    how = facts.SCHEMES.get(str(record.summary.get("scheme")), "")
    return Fact("Plans looked at", number(value, 0), "", f"{number(taken, 0)} taken<br>begun: {safe(how)}")


def scenarios(record: Record) -> Fact | None:
    weights = facts.weights(record)
    if not weights:
        return None
    return Fact("Typical days", str(len(weights)), f"for {days(sum(weights.values()))}", "")
