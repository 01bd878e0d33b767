"""The numbers of a game that most readers look for first, as cards."""

from __future__ import annotations

import math

from gridpact.report.game import facts
from gridpact.report.game.leaders import end
from gridpact.report.numbers import Fact, struck
from gridpact.report.standing import Standing
from gridpact.report.text import number, safe, significant
from gridpact.results.record import Record


def game_facts(record: Record, standing: Standing) -> list[Fact]:
    """What leading costs and gains, what is paid at the boundary, and what is proven."""
    found = [cost(record, standing), gain(record, standing), others(record, standing), lmp(record, standing)]
    last = epsilon(record, standing) if facts.several(record) else gap(record, standing)
    return [fact for fact in (*found, last) if fact is not None]


def cost(record: Record, standing: Standing) -> Fact:
    amount = struck(number(facts.figure(record, "leader_cost")), standing)
    many, count = facts.several(record), number(facts.feeders(record), 0)
    title, note = ("Leaders' cost", "all their feeders") if many else ("Leader's cost", f"all {count} feeders")
    return Fact(title, amount, safe(record.case.currency), note)


def gain(record: Record, standing: Standing) -> Fact | None:
    if not facts.has_gains(record):
        return None
    amount = number(facts.figure(record, "gain_to_leader"))
    return Fact(
        "Leading gains the district", struck(amount, standing), safe(record.case.currency), "against taking the price"
    )


def others(record: Record, standing: Standing) -> Fact | None:
    if not facts.has_gains(record):
        return None
    amount = -sum(facts.figure(record, name) for name in facts.GAINS if name != "gain_to_leader")
    title = "It costs the others" if amount >= 0.0 else "The others gain"
    note = "producers, other loads and congestion rent together"
    return Fact(title, struck(number(abs(amount)), standing), safe(record.case.currency), note)


def lmp(record: Record, standing: Standing) -> Fact:
    table = facts.equilibrium(record)
    mean, wedge = (float(table[f"{name}_per_mwh"].mean()) for name in ("lmp", "wedge"))
    than = f"{number(abs(wedge))} {'less' if wedge < 0.0 else 'more'} than that"
    note = struck(f"one MWh more is worth {than} on average: the leader's wedge", standing)
    unit = f"{safe(record.case.currency)}/MWh"
    return Fact("Mean LMP paid", struck(number(mean), standing), unit, note)


def epsilon(record: Record, standing: Standing) -> Fact:
    """What the leader who could gain most could gain."""
    amount = struck(number(facts.figure(record, "epsilon")), standing)
    return Fact("Any leader could gain at most", amount, safe(record.case.currency), safe(end(record)))


def gap(record: Record, standing: Standing) -> Fact | None:
    value = facts.figure(record, "leader_gap")
    if math.isnan(value):
        return None
    note = f"by {safe(str(record.summary.get('method')).replace('_', ' '))}"
    return Fact("Proven gap", struck(significant(100.0 * value), standing), "% of the cost", note)
