"""The sections of a game that come before those of the district."""

from __future__ import annotations

from gridpact.report import bottlenecks
from gridpact.report.figures.game import boundary, designs, market, search, steps
from gridpact.report.game import facts, tables, words
from gridpact.report.game.leaders import leader_table
from gridpact.report.game.market import transmission_clearing
from gridpact.report.panel import Panel, Section
from gridpact.report.standing import Standing
from gridpact.report.text import significant, tag
from gridpact.results.record import Record

CHANGES = (
    Panel(
        "gains",
        designs.draw_gains,
        "Blue gains, orange loses. What the district, producers, other loads and the congestion rent gain adds up to "
        "what all gain together. Other loads gain by paying less; congestion rent is what loads and districts pay more "
        "than producers receive.",
        shows_money=True,
    ),
    Panel(
        "designs",
        designs.draw,
        "Of the same day, all feeders together. Payments at the boundary are part of the leader's cost; the cost of "
        "all counts what is generated in both networks, and no payments.",
        shows_money=True,
    ),
)
BOUNDARY = (
    Panel(
        "price-steps",
        steps.draw_map,
        "Every field is a step of the price: so many MW at the boundary, in that step of time, cost so much each. "
        "Only what the district can import or export is shown. Lines: what the designs import; a leader stops where "
        "the price would rise.",
        shows_money=True,
    ),
    Panel(
        "price-functions",
        steps.draw_hours,
        "Steps in which leading changes the import most, in order of time. Dot: what the leader imports and pays.",
        shows_money=True,
    ),
    Panel("boundary-power", boundary.draw_power, "Positive where the district buys."),
    Panel(
        "boundary-lmp",
        boundary.draw_lmp,
        "The price that results from what is imported; without coordination, the district decides on the announced "
        "price, which is made on a forecast.",
        shows_money=True,
    ),
    Panel(
        "wedge",
        boundary.draw_wedge,
        "Where the wedge is zero the district could trade more at the price it pays and does not want to. Where it is "
        "positive, one MWh more would be worth more than the LMP, but would raise the price of all it buys. Where it "
        "is negative, one MWh more sold would cost less than the LMP, but would lower the price of all it sells. With "
        "ramps or several connections a MWh also moves prices at other times and places, and either sign can be there "
        "whatever is traded.",
        shows_money=True,
    ),
)
MARKET = (
    Panel(
        "transmission-prices",
        market.draw_prices,
        "Prices with the import of the leader. The LMP at a bus is the energy price and what congestion adds to it.",
        shows_money=True,
    ),
    Panel(
        "transmission-dispatch",
        market.draw_dispatch,
        "The units that generate most, by name. Between the dashed and the full line: what the district takes.",
    ),
)
SEARCH = (
    Panel(
        "course",
        search.draw_course,
        "All feeders together. The search ends when the gap between the best cost found and the proven bound is what "
        "was asked for.",
        shows_money=True,
    ),
    Panel(
        "scan",
        search.draw_scan,
        "The district cleared anew with one import held at each of these powers, the other steps as in the "
        "equilibrium. Dot and dashed: the equilibrium, below which no point may lie by more than the gap.",
        shows_money=True,
    ),
)


def game_sections(record: Record) -> tuple[Section, ...]:
    """All sections of the game; none where the run is of another question."""
    if not facts.is_game(record):
        return ()
    return (
        Section("The game in words", (), words.section),
        Section("What leading changes", CHANGES, tables.changes),
        Section("Price and power at the boundary", BOUNDARY, _boundary),
        Section("Supporting and pass-through prices", (), tables.make_whole),
        Section("The transmission market", MARKET, _market),
        Section("How it was found and proven", SEARCH, _search),
    )


def _boundary(record: Record, standing: Standing) -> str:
    untold = (
        "" if facts.has_step_function(record) else "Ramps, several connections or several leaders tie the boundary "
        "powers together: no power has price steps of its own."
    )  # fmt: skip
    return (tag("p", untold, "lead") if untold else "") + tables.hours(record, standing)


def _market(record: Record, standing: Standing) -> str:
    """What limits the transmission network."""
    market = transmission_clearing(record)
    return "" if market is None else bottlenecks.network_tables(market, standing)


def _search(record: Record, standing: Standing) -> str:
    """Numbers of the search that no figure shows."""
    told = []
    if facts.figure(record, "multiplier_share") > 0.0 or facts.figure(record, "slack_share") > 0.0:
        shares = [significant(100.0 * facts.figure(record, name)) for name in ("multiplier_share", "slack_share")]
        told.append(
            f"Largest multiplier and slack of the market as a share of the bound they were given: {shares[0]} % and "
            f"{shares[1]} %. One at its bound would mean that the bound, not the market, decided."
        )
    if facts.figure(record, "stated_error") > 0.0:
        error = f"{significant(facts.figure(record, 'stated_error'))} {record.case.currency}"
        told.append(f"Before its step was fixed, price times power in pieces left open {error}.")
    return leader_table(record, standing) + "".join(tag("p", text, "lead") for text in told)
