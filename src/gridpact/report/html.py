"""The report of a run: one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Callable

from gridpact.report import asked, bottlenecks, days, inexact, numbers, verdict
from gridpact.report.game.facts import is_game
from gridpact.report.game.numbers import game_facts
from gridpact.report.game.sections import game_sections
from gridpact.report.heat.network import has_heat
from gridpact.report.numbers import struck
from gridpact.report.once import read_once
from gridpact.report.page import figure, page
from gridpact.report.panel import Panel, Section
from gridpact.report.panels import REPAIR, drawn, sections_of, void
from gridpact.report.planning import words
from gridpact.report.planning.facts import is_plan
from gridpact.report.planning.numbers import plan_facts
from gridpact.report.reliability.facts import is_reliability, is_whole
from gridpact.report.reliability.numbers import reliability_facts
from gridpact.report.standing import Standing
from gridpact.report.text import safe, tag
from gridpact.report.together import words as together_words
from gridpact.report.together.facts import is_together
from gridpact.report.together.numbers import together_facts
from gridpact.report.trade.facts import is_trade
from gridpact.report.trade.numbers import trade_facts
from gridpact.report.trade.sections import REPAIR as TRADE_REPAIR
from gridpact.report.trade.sides import network_side
from gridpact.report.trade.words import no_deal
from gridpact.results.days import QUESTION
from gridpact.results.record import Record


def render(record: Record) -> str:
    """The report of a run as one self-contained HTML document: no script, no font, no image from elsewhere.

    The verdict of the certificate comes first. Where it is "failed", or where any price is marked as not
    certified, prices and payments are struck out and the figures that show them are stamped.
    """
    record = read_once(record)
    whole, standing = days.standings(record)
    parts = _of_question(record)(record, standing)
    body = [asked.heading(record), verdict.section(record, whole), *parts, asked.section(record)]
    return page(f"{record.case.name}: {whole.headline.lower()}", body, *_styles(record))


def _of_question(record: Record) -> Callable[[Record, Standing], list[str]]:
    """What makes the parts of the page."""
    if is_plan(record):
        return _plan
    if is_reliability(record):
        return _reliability
    if is_together(record):
        return _together
    return _trade if is_trade(record) else _market


def _styles(record: Record) -> list[str]:
    asked_for = {"heat.css": has_heat, "game.css": is_game, "plan.css": is_plan, "trade.css": is_trade}
    own = ["trade.css", "together.css"] if is_together(record) else []
    return [*(name for name, told in asked_for.items() if told(record)), *own]


def _market(record: Record, standing: Standing) -> list[str]:
    """What was cleared: days left, the game, numbers, figures, sums by month, repairs, what limits the network."""
    return [
        days.left(record),
        *_game(record, standing),
        numbers.section(record, standing),
        *_figures(record, standing),
        days.months(record, standing),
        inexact.section(record, standing, _repair(record, standing)),
        bottlenecks.section(record, standing),
    ]


def _plan(record: Record, standing: Standing) -> list[str]:
    """What the plan is worth, in numbers and words, then its sections."""
    head = tag("h2", "What the plan is worth") + numbers.cards(plan_facts(record, standing))
    return [head, words.section(record, standing), *_figures(record, standing)]


def _trade(record: Record, standing: Standing) -> list[str]:
    """Whether there is a deal and what it is worth, then all sections, and what the network had to be repaired for."""
    head = tag("h2", "What the trade is worth") + numbers.cards(trade_facts(record, standing))
    side = network_side(record)
    repaired = "" if side is None else inexact.section(side, standing, _figure(TRADE_REPAIR, record, standing))
    return [no_deal(record), head, *_figures(record, standing), repaired]


def _together(record: Record, standing: Standing) -> list[str]:
    """Whether there is a deal and what the plan is worth, then all sections."""
    head = tag("h2", "What planning together is worth") + numbers.cards(together_facts(record, standing))
    return [together_words.no_deal(record), head, *_figures(record, standing)]


def _reliability(record: Record, standing: Standing) -> list[str]:
    """The indices, then where supply fails and by what; nothing where the run lacks what they are drawn from."""
    if not is_whole(record):
        return []
    return [tag("h2", "Summary"), numbers.cards(reliability_facts(record, standing)), *_figures(record, standing)]


def _figures(record: Record, standing: Standing) -> list[str]:
    return [part for section in sections_of(record) for part in _section(section, record, standing)]


def _game(record: Record, standing: Standing) -> list[str]:
    """What leading is worth, before all that concerns the district alone."""
    if not is_game(record):
        return []
    cards = tag("h2", "What leading is worth") + numbers.cards(game_facts(record, standing))
    return [cards, *(part for section in game_sections(record) for part in _section(section, record, standing))]


def _section(section: Section, record: Record, standing: Standing) -> list[str]:
    """Figures and a table under their heading; nothing where there is nothing to show."""
    found = [] if section.intro is None else [section.intro(record, standing)]
    found += [_figure(panel, record, standing) for panel in section.panels]
    if section.table is not None:
        found.append(section.table(record, standing))
    return [tag("h2", section.title), *found] if any(found) else []


def _repair(record: Record, standing: Standing) -> str:
    """The figure of the repair, whose lines no page can hold for days in their hundreds."""
    return "" if record.question == QUESTION else _figure(REPAIR, record, standing)


def _figure(panel: Panel, record: Record, standing: Standing) -> str:
    svg = drawn(panel, record, standing)
    if not svg:
        return ""
    css = "void" if void(panel, standing) else ""
    return _lead(panel, record, standing) + figure(
        svg, _warning(panel, standing) + panel.caption, f"{record.case.name}-{panel.name}", css
    )


def _lead(panel: Panel, record: Record, standing: Standing) -> str:
    """The sentence before the figure; its money is struck out where it is not valid."""
    if panel.lead is None:
        return ""
    words = safe(panel.lead(record))
    return tag("p", struck(words, standing) if panel.shows_money else words, "lead")


def _warning(panel: Panel, standing: Standing) -> str:
    """What a reader of this figure must know about its numbers."""
    warnings = {
        "failed": f"Not certified: these {panel.what} are not valid. ",
        "approximate": "Approximate: prices of a simplified network. ",
    }
    words = warnings.get(standing.verdict, "") if panel.shows_money else ""
    return tag("strong", words) if words else ""
