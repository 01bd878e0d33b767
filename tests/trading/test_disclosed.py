"""What crosses is what was declared: reactive power that is fixed is stated once, and only where there is any."""

from __future__ import annotations

import pytest

import gridpact as gp
from tests.districts import load
from tests.markets.trade.small import two_makers


def test_fixed_reactive_power_is_stated_once_by_who_has_some() -> None:
    run = gp.trade(two_makers(steps=2, loads=[load("2", 1.0, 0.3), load("3", 1.0)]), coalitions="none")
    table = run.table("disclosures")
    fixed = table[table["kind"] == "fixed"]
    assert fixed[["sender", "messages", "numbers"]].to_numpy().tolist() == [["a", 1, 2]]
    assert run.table("exchanges").query("microgrid == 'a'")["q_mvar"].to_numpy() == pytest.approx([-0.3, -0.3])
    assert run.certificate.verdict == "certified"
