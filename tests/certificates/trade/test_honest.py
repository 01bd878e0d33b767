"""Trades in which all is as it should be are certified, under every rule."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gridpact.certificates.trade.judge import certify_trade
from gridpact.results.record import Record
from tests.certificates.spoil import check, failed
from tests.certificates.trade.made import good
from tests.certificates.trade.variants import VARIANTS, variant


@pytest.mark.parametrize("name", VARIANTS)
def test_an_honest_trade_is_certified(name: str) -> None:
    found = certify_trade(variant(name))
    assert failed(found) == set()
    assert found["verdict"] == "certified"


def test_variants_are_what_they_are_named_for() -> None:
    """Otherwise they would test nothing."""
    assert not variant("no deal").summary["deal"] and variant("no deal").summary["surplus"] < 0.0
    assert len(variant("no deal").tables["trades"]) and not variant("no deal").tables["fees"]["amount"].any()
    exchange = variant("limit").tables["exchanges"]
    bound = exchange[(exchange["microgrid"] == "west") & (exchange["p_mw"] >= 0.7)]
    assert len(bound) == 3
    assert (bound["inside_price_per_mwh"] < bound["price_per_mwh"] - 1.0).all()
    peers = variant("distance").tables["trades"]
    assert (peers["seller"] == "grid company").any() and (peers["buyer"] == "east").any()


def test_both_sides_and_both_without_a_deal_are_judged_by_all_judges_of_markets() -> None:
    names = [entry["name"] for entry in certify_trade(good())["checks"]]
    for side in ("network", "microgrids", "before network", "before microgrids"):
        assert f"{side}: duality_gap" in names
        assert f"{side}: ac_power_flow" in names or f"{side}: complete" in names


def marked(record: Record, verdict: str) -> Record:
    """The record as it is archived: certificate, words of the summary, marks of all prices."""
    document = certify_trade(record)
    tables = {
        name: table.assign(certified=verdict == "certified") if "certified" in table else table
        for name, table in record.tables.items()
    }
    summary = {**record.summary, "verdict": verdict, "question": "trade"}
    return replace(record, certificate={**document, "verdict": verdict}, tables=tables, summary=summary)


def test_an_archived_trade_is_certified_again() -> None:
    assert certify_trade(marked(good(), "certified"))["verdict"] == "certified"
    forged = certify_trade(replace(marked(good(), "certified"), certificate={"verdict": "failed", "checks": []}))
    assert not check(forged, "network: certified_marks")["passed"]


def test_without_clearings_before_given_numbers_are_taken() -> None:
    """Where nobody's disagreement point is computed there is nothing to clear."""
    record = good()
    given = record.tables["bargaining"].set_index("participant")["disagreement_cost"]
    grids = record.case.tables["microgrids"].assign(disagreement="given")
    grids["disagreement_cost"] = [given[name] for name in grids["microgrid"]]
    row = record.case.tables["network_operator"].assign(disagreement_cost=given["grid company"])
    case = record.case.with_table("microgrids", grids).with_table("network_operator", row)
    table = record.tables["bargaining"].assign(disagreement="given")
    nothing = record.tables["exchanges"].assign(before_mw=0.0, before_mvar=0.0)
    kept = {name: one for name, one in record.tables.items() if not name.startswith("before_")}
    kept |= {"bargaining": table, "exchanges": nothing}
    found = certify_trade(replace(record, case=case, tables=kept))
    assert failed(found) == set()
    assert not any(entry["name"].startswith("before ") for entry in found["checks"])


def test_values_are_small_where_all_is_computed_exactly() -> None:
    """Tolerances leave room for iterations; here there are none."""
    found = certify_trade(good())
    for name, most in (("trade prices", 1e-9), ("trade gap", 1e-9), ("bargaining costs", 1e-9)):
        assert np.abs(check(found, name)["value"]) < most, name
