"""The game in words, for a reader who has not read the papers."""

from __future__ import annotations

import math

from gridpact.report.game import facts
from gridpact.report.game.leaders import told
from gridpact.report.numbers import struck
from gridpact.report.standing import Standing
from gridpact.report.text import number, safe, significant, tag
from gridpact.results.record import Record

METHODS = {
    "price_steps": "The price of every boundary power was found exactly, step by step, and the best combination of "
    "steps by branch and bound",
    "kkt": "The market's conditions of optimality were made part of the district's own program, which SCIP solved with "
    "integers",
    "primal_dual": "The equality of the market's cost and its dual was made part of the district's own program, with "
    "price times power in pieces; the step that SCIP found was then fixed and solved anew",
}


def section(record: Record, standing: Standing) -> str:
    """Who leads, what it decided, what that gains whom, what is proven, and what the two kinds of prices are."""
    found = [
        leads(record),
        decided(record, standing),
        gained(record, standing),
        proven(record, standing),
        ties(record, standing),
    ]
    paragraphs = [tag("p", text, "lead") for text in (*found, prices(record)) if text]
    return "".join(paragraphs)


def leads(record: Record) -> str:
    """Leader, follower and their boundary."""
    names, count = facts.leaders(record), number(facts.feeders(record), 0)
    table = facts.equilibrium(record)
    places = dict(zip(table["connection"], table["interface"], strict=False))
    first = [f"{safe(name)} (interface {safe(places[name])})" for name in facts.shown(record)]
    more = len(facts.connections(record)) - len(first)
    at = f"{', '.join(first)}{f' and {more} more' if more else ''}"
    many = facts.several(record)
    who = f"The districts {_few(names)} lead" if many else f"The district {safe(names[0])} leads"
    they = "they" if many else "it"
    return (
        f"{who}: {'each' if many else 'it'} stands for {_stands_for(count, many)} and buys and sells at the "
        f"transmission network's connection {at}. The transmission market follows: whatever {they} will take, it "
        "serves at least cost from the offers of its producers, and its price at the connection, the LMP, is what "
        f"{'they pay' if many else 'the district pays'} for each MWh. Who takes prices as given buys as if the price "
        "would not answer; a leader knows that it does, and counts what each MWh more makes all its other MWh cost."
    )


def _stands_for(count: str, many: bool) -> str:
    if many:
        return "identical feeders of its own, of which one is in this report,"
    return "one feeder" if count == "1" else f"{count} identical feeders, of which one is the district of this report,"


def _few(names: list[str]) -> str:
    """The first names, and how many more."""
    more = len(names) - facts.MOST
    return ", ".join(map(safe, names[: facts.MOST])) + (f" and {more} more" if more > 0 else "")


def decided(record: Record, standing: Standing) -> str:
    """What it holds back or buys, and where it stops."""
    if facts.several(record):
        return ""
    if "design_hours" not in record.tables or not _both_known(record):
        return "Designs of the same day without a leader were not asked for: what leading changes is not known here."
    hours = len(facts.equilibrium(record))
    led, free = (facts.design_figure(record, name, "import_mwh") for name in (facts.LED, facts.FREE))
    low, high = (facts.design_figure(record, name, "lmp_mean_per_mwh") for name in (facts.LED, facts.FREE))
    unit = f"{safe(record.case.currency)}/MWh"
    return (
        f"Leading, the district imports {_whole(number(led, 1))} MWh over the horizon, taking prices it would import "
        f"{_whole(number(free, 1))} MWh; it differs in {facts.differs(record)} of {hours} steps. The mean LMP is "
        f"{struck(number(low), standing)} instead of {struck(number(high), standing)} {unit}. {_stops(record)}"
    )


def _stops(record: Record) -> str:
    """In how many steps of time the price is about to change; powers that are tied have no price steps to stand on."""
    if not facts.has_step_function(record):
        return f"In {facts.open_prices(record)} of them more than one LMP is right for what is imported."
    return (
        f"In {facts.at_edges(record)} of them the import stands at the end of a price step: one MWh more, bought or "
        "sold, would worsen the price of all of it."
    )


def _both_known(record: Record) -> bool:
    return {facts.LED, facts.FREE} <= set(facts.designs(record))


def gained(record: Record, standing: Standing) -> str:
    """Money to the leader and to the others."""
    if not facts.has_gains(record):
        return ""
    unit = safe(record.case.currency)
    gains = {name: _signed(facts.figure(record, name), unit, standing) for name in facts.GAINS}
    whole = facts.figure(record, facts.WHOLE)
    end = "lose" if whole < 0.0 else "gain"
    return (
        f"Against taking the price, leading brings the district {gains['gain_to_leader']}. Producers get "
        f"{gains['gain_to_producers']}, the other loads of the transmission network {gains['gain_to_loads']}, and the "
        f"congestion rent, which the transmission operator collects, changes by {gains['gain_to_congestion_rent']}. "
        f"All together {end} {_whole(f'{struck(number(abs(whole)), standing)} {unit}')}; the rest only moves from one "
        "to another."
    )


def _signed(amount: float, unit: str, standing: Standing) -> str:
    plus = "+" if round(amount, 2) > 0.0 else ""
    return _whole(f"{struck(plus + number(amount), standing)} {unit}")


def _whole(text: str) -> str:
    """An amount that no line breaks."""
    return f'<span style="white-space:nowrap">{text}</span>'


def proven(record: Record, standing: Standing) -> str:
    """Method, bound, gap; of several leaders, what any could still gain."""
    if facts.several(record):
        return told(record, standing)
    cost, bound = (
        struck(number(facts.figure(record, name)), standing) for name in ("leader_cost", "leader_lower_bound")
    )
    unit, gap = safe(record.case.currency), significant(100.0 * facts.figure(record, "leader_gap"))
    method = METHODS.get(str(record.summary.get("method")), "The game was solved")
    return (
        f"{method}, in {number(facts.figure(record, 'search_seconds'), 1)} s. The district's cost is {cost} {unit} and "
        f"provably cannot be less than {bound} {unit}: the gap is {struck(gap, standing)} % of the cost"
        f"{_asked(record)}."
    )


def _asked(record: Record) -> str:
    asked = record.settings.get("gap")
    return f", {significant(100.0 * float(asked))} % were asked for" if isinstance(asked, int | float) else ""


def ties(record: Record, standing: Standing) -> str:
    """What the tie-breaking is worth."""
    cost = facts.figure(record, "tie_cost")
    if math.isnan(cost):
        return ""
    how = str(record.settings.get("tie_breaking", "optimistic"))
    unit = safe(record.case.currency)
    rule = {
        "optimistic": "The district counts on the price that is better for it (optimistic)",
        "pessimistic": "The district stays just inside the step whose price it counts on (pessimistic)",
    }.get(how, safe(how))
    if facts.several(record):
        rule = "All districts pay those right prices whose sum at the connections is least"
    several = (
        "At the end of a price step, every price between that of the step and that of the next one clears the market."
        if facts.has_step_function(record)
        else "Where the market is about to turn to another offer, several prices clear it."
    )
    return (
        f"{several} {rule}. If the market chose the worst of the right prices at the same dispatch, it would cost "
        f"{_whole(f'{struck(number(cost), standing)} {unit}')} more."
    )


def prices(record: Record) -> str:
    """Supporting and pass-through prices."""
    return (
        "Inside the district there are two kinds of prices. <b>Supporting</b> prices (table electricity_prices, and "
        "all figures of the district below) say what one more MWh is worth to the leader while its import is held "
        "where it stands; at these prices nobody in the district would rather do something else. At the root they "
        "differ from the LMP that is paid by the <b>leader's wedge</b>. <b>Pass-through</b> prices charge at the root "
        "what is paid there, the LMP, and go on from there by losses and limits; at these some participants may want "
        "to do something else, and some may lack money to cover their cost."
    )
