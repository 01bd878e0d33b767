"""What cannot be traded is refused before anything is solved: what, where, and what to do."""

from __future__ import annotations

from typing import Any

import pytest

import gridpact as gp
from tests.districts import bus, line, load
from tests.markets.trade.small import star, two_makers, unit

BUSES = [bus(str(number)) for number in range(1, 5)]
LINES = [line("l1", "1", "2"), line("l2", "1", "3"), line("l3", "1", "4")]
UNITS = [unit("ga", "2", 20.0), unit("gb", "3", 40.0, 20.0)]
STEPPED = [{"capacitor": "c", "bus": "4", "q_mvar": 0.3, "steps": 3}]
FOURTH: dict[str, Any] = {"buses": BUSES, "lines": LINES, "generators": UNITS}
OWN = [load("2", 1.0), load("3", 1.0), {"load": "load-9", "bus": "4", "p_mw": 0.1}]
ZERO = {"disagreement": "tariff", "tariff_buy_per_mwh": 0.0, "tariff_sell_per_mwh": -5.0}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"microgrids": [{"microgrid": "coordinator"}, {}]}, "whoever coordinates"),
        ({"network_operator": [{"operator": "coordinator"}]}, "whoever coordinates"),
        ({"microgrids": [{"microgrid": "a + b"}, {}]}, "names of a coalition"),
        ({"microgrids": [{"microgrid": "load-9"}, {}], **FOURTH, "loads": OWN}, "load of the operator"),
        ({"microgrids": [ZERO, {}]}, "tariff for buying of zero"),
        ({"microgrids": [{"disagreement": "given", "disagreement_cost": 1e13}, {}]}, "too large"),
        ({**FOURTH, "capacitors": STEPPED}, "whole steps"),
    ],
)
def test_what_cannot_be_traded_is_refused(given: dict[str, Any], told: str) -> None:
    with pytest.raises(gp.InputError, match=told) as raised:
        gp.trade(two_makers(**given))
    assert all(issue.file and issue.fix for issue in raised.value.issues)


def test_a_microgrid_alone_bargains_with_nobody_and_is_certified() -> None:
    run = gp.trade(star((0.4,), generators=[unit("ga", "2", 20.0)], loads=[load("2", 1.0)]))
    assert run.certificate.verdict == "certified"
    assert run.summary["deal"]
    assert run.table("bargaining_convergence").empty
