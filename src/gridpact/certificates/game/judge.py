"""The certificate of a game: both markets judged as markets, then what makes them a game.

district        the district at the prices it pays, held to the steps on which they are valid, judged as ever
transmission    the follower's market with the districts as loads, judged as ever: it is optimal, its prices multipliers
follower        that market solved again with a program of the judges' own: no dispatch is cheaper, prices support it
steps           the price steps are what that program answers, the leader stands on one, the search left nothing out
money           what the leader pays adds up, and so do ties and gains
passing         pass-through prices, and payments that make participants whole, by the judges' own response and choices
designs         the same day without a leader: sums, order, prices and choices that support each other
bounds          no multiplier or slack at the bound that big-M put on it; the scan found nothing better
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gridpact.certificates.check import Check
from gridpact.certificates.game.complete import complete_game
from gridpact.certificates.game.designs import design_checks
from gridpact.certificates.game.follower import follower_checks
from gridpact.certificates.game.leaders import has_leaders, leader_checks
from gridpact.certificates.game.money import money_checks
from gridpact.certificates.game.paid import paid_checks
from gridpact.certificates.game.passing import passing_checks
from gridpact.certificates.game.records import district_record, transmission_record
from gridpact.certificates.game.search import search_checks
from gridpact.certificates.game.steps import step_checks
from gridpact.certificates.judge import certify
from gridpact.results.record import Record

Certificate = dict[str, Any]


def certify_game(record: Record) -> Certificate:
    """Judge a game by its own content: ``{"verdict": ..., "checks": [...]}``.

    "failed" if a required check fails, "approximate" where the proven gap is larger than asked for or a market is
    approximate, else "certified". The transmission market is a direct-current one by definition.
    """
    entry = complete_game(record)
    if not entry.passed:
        return {"verdict": "failed", "checks": [entry.as_dict()]}
    district, transmission = certify(district_record(record)), certify(transmission_record(record))
    markets = [*_named("district", district), *_named("transmission", transmission)]
    if not all(check["passed"] for document in (district, transmission) for check in document["checks"][:2]):
        return {"verdict": "failed", "checks": [entry.as_dict(), *markets]}  # not all there: nothing else can be read
    own = [entry, *_checks(record)]
    checks = [*markets, *(check.as_dict() for check in own)]
    if any(check["required"] and not check["passed"] for check in checks):
        return {"verdict": "failed", "checks": checks}
    proven = all(check.passed for check in own if check.name == "gap")
    sure = proven and district["verdict"] == "certified"
    return {"verdict": "certified" if sure else "approximate", "checks": checks}


def _checks(record: Record) -> Iterator[Check]:
    yield from paid_checks(record)
    yield from follower_checks(record)
    yield from passing_checks(record)
    if has_leaders(record):
        yield from leader_checks(record)
        return
    yield from step_checks(record)
    yield from search_checks(record)
    yield from money_checks(record)
    yield from design_checks(record)


def _named(market: str, document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The checks of one market under its name."""
    return [{**check, "name": f"{market}: {check['name']}"} for check in document["checks"]]
