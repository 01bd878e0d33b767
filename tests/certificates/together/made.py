"""Joint plans of a small feeder for the tests of their judges, and which checks of a certificate fail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from gridpact.case.case import Case
from gridpact.case.validate import require_valid
from gridpact.certificates.together.judge import certify_together
from gridpact.examples.synthetic_owners import synthetic_owners
from gridpact.results.record import Record
from gridpact.together.study import plan_together
from tests.planning.together.reliable import failing_case
from tests.planning.together.warm_owner import warm_owner


def feeder(days: int = 2) -> Case:
    """Two microgrids over some days, on a feeder whose reinforcement costs next to nothing."""
    case = synthetic_owners(2, seed=1, days=days, types=2, tight=0.7)
    types = case.tables["line_candidates"]
    return require_valid(case.with_table("line_candidates", types.assign(investment=0.01 * types["investment"])))


@cache
def joint() -> Record:
    """One typical day of two; lines are reinforced."""
    return plan_together(feeder(), typical_days=1, years=12, weights="equal", trade="atc").record


@cache
def no_deal() -> Record:
    """A day as it is; the microgrids have so good an offer elsewhere that there is nothing to share."""
    case = feeder(1)
    table = case.tables["microgrids"].assign(disagreement="given", disagreement_cost=-1e6)
    table = table.assign(tariff_buy_per_mwh=float("nan"), tariff_sell_per_mwh=float("nan"))
    kept = [path for path in case.profiles.columns if "/tariff_" not in path]
    case = require_valid(replace(case.with_table("microgrids", table), profiles=case.profiles[kept]))
    return plan_together(case, years=5, compare=False, scheme="benders").record


@cache
def limited() -> Record:
    """A day on a feeder whose lines fail, with a limit of the hours that a customer is without supply."""
    return plan_together(failing_case(), typical_days=1, weights="equal", compare=False, saidi_limit_h=9.0).record


@cache
def apart() -> Record:
    """A day with heat, found by messages between owners that keep their data to themselves."""
    return plan_together(warm_owner(), typical_days=1, weights="equal", compare=False, upper="atc").record


def with_summary(record: Record, **figures: Any) -> Record:
    return replace(record, summary={**record.summary, **figures})


def with_setting(record: Record, **settings: Any) -> Record:
    return replace(record, settings={**record.settings, **settings})


def checks_of(record: Record) -> Mapping[str, Mapping[str, Any]]:
    return {check["name"]: check for check in certify_together(record)["checks"]}


def failed(record: Record) -> list[str]:
    """Names of the checks that are required and did not pass."""
    document = certify_together(record)
    names = [check["name"] for check in document["checks"] if check["required"] and not check["passed"]]
    assert (document["verdict"] == "failed") == bool(names)
    return names
