"""The certificate of a trade: its clearings judged as markets, then what makes them one trade.

network, microgrids   the two sides of the agreement, each a market with all its judges; so are both without a deal
agreement             exchanges, limits and prices of both sides are the same
regret                what everybody could still gain, by own best choices: the bound of the cost that follows
trades                the exchanges come apart into trades at the least fee; fees by the rule
bargaining            costs item by item, the surplus, and gains as weights say
cents                 whole, complete, nobody worse off
sharing               other rules, coalitions
course                residuals, reference; disclosures are those that were declared; figures of the summary
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gridpact.certificates.check import Check
from gridpact.certificates.judge import certify
from gridpact.certificates.trade.agreement import agreement_checks
from gridpact.certificates.trade.bargain import bargain_checks
from gridpact.certificates.trade.cents import cent_checks
from gridpact.certificates.trade.clearings import Clearings
from gridpact.certificates.trade.complete import complete_trade
from gridpact.certificates.trade.course import course_checks
from gridpact.certificates.trade.disclosed import disclosure_checks
from gridpact.certificates.trade.figures import figure_checks
from gridpact.certificates.trade.least_fee import least_fee_check
from gridpact.certificates.trade.regret import regret_checks
from gridpact.certificates.trade.sharing import sharing_checks
from gridpact.certificates.trade.split import split_checks
from gridpact.certificates.trade.view import TradeView
from gridpact.results.record import Record

Certificate = dict[str, Any]


def certify_trade(record: Record) -> Certificate:
    """Judge a trade by its own content: ``{"verdict": ..., "checks": [...]}``.

    "failed" if a required check fails, "approximate" where one of its clearings is so or the network's program is no
    relaxation, so that nothing is proven of other exchanges, else "certified".
    """
    entry = complete_trade(record)
    if not entry.passed:
        return document([entry.as_dict()], False)
    clearings = Clearings(record)
    documents = {side: certify(clearings.records[side]) for side in clearings.sides}
    taken = [check for side, document in documents.items() for check in named(side, document)]
    if not all(check["passed"] for document in documents.values() for check in document["checks"][:2]):
        return document([entry.as_dict(), *taken], False)  # not all there: nothing else can be read
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):  # what is no number fails its check
        own = [entry, *_checks(TradeView(record, clearings))]
    sure = all(document["verdict"] == "certified" for document in documents.values())
    sure = sure and all(check.passed for check in own if check.name == "trade bound proven")
    return document([*(check.as_dict() for check in own), *taken], sure)


def _checks(view: TradeView) -> Iterator[Check]:
    yield from agreement_checks(view)
    yield from regret_checks(view)
    yield from split_checks(view)
    yield least_fee_check(view)
    yield from bargain_checks(view)
    yield from cent_checks(view)
    yield from sharing_checks(view)
    yield from course_checks(view)
    yield from disclosure_checks(view)
    yield from figure_checks(view)


def named(side: str, document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The checks of one clearing under its name."""
    return [{**check, "name": f"{side.replace('_', ' ')}: {check['name']}"} for check in document["checks"]]


def document(checks: list[dict[str, Any]], sure: bool) -> Certificate:
    """The verdict of these checks; "approximate" where all is well but not all is sure."""
    failed = any(check["required"] and not check["passed"] for check in checks)
    return {"verdict": "failed" if failed else "certified" if sure else "approximate", "checks": checks}
