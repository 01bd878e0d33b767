"""Reactive power that a microgrid can choose is agreed on as active power is; what is fixed is stated once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gridpact.case.case import Case
from gridpact.markets.trade.central import central
from gridpact.markets.trade.deal import Trade
from tests.districts import bus, line, load
from tests.markets.trade.small import METHODS, star, trade, uncertified, unit

every = pytest.mark.parametrize("method", METHODS[:2])


def reactive(**more: Any) -> Case:
    """a's unit may give or take 0.6 Mvar and its load takes 0.5; b's load takes 0.4, and its unit none."""
    parts: dict[str, Any] = {
        "lines": [line("to-a", "1", "2", 0.4, 0.6), line("to-b", "1", "3", 0.6, 0.5)],
        "loads": [load("2", 1.0, 0.5), load("3", 1.0, 0.4)],
        "generators": [unit("ga", "2", 20.0, min_q_mvar=-0.6, max_q_mvar=0.6), unit("gb", "3", 40.0, 20.0)],
    }
    return star(**(parts | more))


def mvar(found: Trade) -> np.ndarray[Any, np.dtype[np.float64]]:
    return found.settled.exchanged[1] * found.market.base


@every
def test_what_is_free_is_agreed_on(method: str) -> None:
    """Alone on its line a is best off near no reactive power at all (it makes its load's); b's load is what it is."""
    found = trade(reactive(), method)
    best = central(found.market)
    assert [one.reactive is None for one in found.parties.microgrids] == [True, False]
    assert [one.columns.size for one in found.parties.microgrids] == [2, 1]
    assert mvar(found)[:, 0] == pytest.approx([0.0, -0.4], abs=0.02)
    assert found.welfare.total == pytest.approx(best.cost, rel=1e-7)
    assert found.exchanged_mw == pytest.approx(best.exchanged, abs=2e-3)
    assert found.prices == pytest.approx(best.prices, rel=1e-3)
    assert uncertified(found) == {}


@every
def test_it_spares_losses_of_others(method: str) -> None:
    """A load of the network behind a's bus takes 0.5 Mvar: a, nearer than the interface, gives what pays.

    Without it, 0.5 Mvar more on the line would lose 0.004 x (0.5^2 + ...) MW.
    """
    case = reactive(
        buses=[bus(str(k)) for k in range(1, 5)],
        lines=[line("to-a", "1", "2", 0.4, 0.6), line("to-b", "1", "3", 0.6, 0.5), line("on", "2", "4", 0.1, 0.1)],
        loads=[load("2", 1.0, 0.0), load("3", 1.0, 0.4), load("4", 0.3, 0.5)],
    )
    found, best = trade(case, method), None
    best = central(found.market)
    assert mvar(found)[0, 0] == pytest.approx(best.reactive[0, 0], abs=0.02)
    assert mvar(found)[0, 0] > 0.4
    assert found.welfare.total == pytest.approx(best.cost, rel=1e-6)
    stuck = trade(
        star(
            lines=[line("to-a", "1", "2", 0.4, 0.6), line("to-b", "1", "3", 0.6, 0.5), line("on", "2", "4", 0.1, 0.1)],
            buses=[bus(str(k)) for k in range(1, 5)],
            loads=[load("2", 1.0, 0.0), load("3", 1.0, 0.4), load("4", 0.3, 0.5)],
            generators=[unit("ga", "2", 20.0), unit("gb", "3", 40.0, 20.0)],
        ),
        method,
    )
    assert found.welfare.total < stuck.welfare.total - 0.02


@every
def test_both_sides_have_the_same_reactive_power(method: str) -> None:
    found = trade(reactive(), method)
    sides = found.settled
    assert -sides.network.case.series("loads", "q_mvar")[-2:] == pytest.approx(mvar(found), abs=1e-6)
    assert -sides.microgrids.megawatts("import_q", "interfaces") == pytest.approx(mvar(found), abs=1e-6)


@every
def test_an_inverter_within_its_rating(method: str) -> None:
    """PV of 0.5 MW on 0.6 MVA has sqrt(0.36 - 0.25) Mvar left, which is less than the load's 0.5: it gives them all.

    Its program has a cone, which the solver of quadratic programs does not take.
    """
    sun = {"renewable": "pv", "bus": "2", "kind": "pv", "p_mw": 0.5, "sn_mva": 0.6}
    case = reactive(generators=[unit("ga", "2", 20.0), unit("gb", "3", 40.0, 20.0)], renewables=[sun])
    found = trade(case, method)
    best = central(found.market)
    assert mvar(found)[0, 0] == pytest.approx(np.sqrt(0.36 - 0.25) - 0.5, abs=0.01)
    assert mvar(found)[0, 0] == pytest.approx(best.reactive[0, 0], abs=0.02)
    assert found.welfare.total == pytest.approx(best.cost, rel=1e-6)
    assert uncertified(found) == {}


@pytest.mark.parametrize("method", ["atc", "cf_admm"])
def test_all_of_them_free(method: str) -> None:
    """Every microgrid with a range of its own, over three hours."""
    free = [
        unit("ga", "2", 20.0, min_q_mvar=-0.6, max_q_mvar=0.6),
        unit("gb", "3", 40.0, 20.0, min_q_mvar=-0.2, max_q_mvar=0.2),
    ]
    profiles = {"interfaces/grid/price_per_mwh": [30.0, 50.0, 70.0], "loads/load-2/q_mvar": [0.1, 0.5, 0.9]}
    found = trade(reactive(generators=free, steps=3, profiles=profiles), method)
    best = central(found.market)
    assert found.welfare.total == pytest.approx(best.cost, rel=1e-6)
    assert found.prices == pytest.approx(best.prices, rel=1e-3)
    assert found.agreement is not None and len(found.agreement.rounds) <= 60
    assert uncertified(found) == {}
