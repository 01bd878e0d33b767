"""What everybody knows of a market, and the programs of the parties."""

from __future__ import annotations

import numpy as np
import pytest

import gridpact as gp
from gridpact.errors import InputError
from gridpact.markets.trade.central import central
from gridpact.markets.trade.market import trade_market
from gridpact.markets.trade.programs import BUY, SELL, central_program, dispatch, microgrid_program, traded_by
from gridpact.programs.solve import solve
from gridpact.programs.standard_form import compile_program
from tests.districts import bus, interface, line, load, two_buses
from tests.markets.trade.small import star, two_makers, unit


def test_nobody_to_trade() -> None:
    with pytest.raises(InputError, match="nobody to trade: the case has no microgrids"):
        trade_market(two_buses())


def test_what_is_public() -> None:
    market = trade_market(two_makers(network_operator=[{"operator": "dso", "fee_kind": "cost"}]))
    assert market.names == ["a", "b"] and market.operator_name == "dso"
    assert market.buses.tolist() == [1, 2]
    assert market.charges_cost and market.costly is not None
    assert market.money == market.base
    assert trade_market(two_makers(step_minutes=15.0)).money == pytest.approx(0.25 * market.base)


def test_without_a_name_the_operator_is_called_the_network() -> None:
    assert trade_market(two_makers()).operator_name == "network"


def test_the_transmission_price_is_that_of_the_first_interface_of_ones_network() -> None:
    case = two_makers(
        steps=2,
        profiles={"interfaces/other/price_per_mwh": [60.0, 70.0]},
        buses=[bus(str(k)) for k in range(1, 6)],
        lines=[line("to-a", "1", "2", 0.4, 0.0), line("to-b", "4", "3", 0.6, 0.0), line("on", "4", "5", 0.6, 0.0)],
        interfaces=[
            interface(40.0),
            {**interface(), "interface": "other", "bus": "4"},
            {**interface(99.0), "interface": "third", "bus": "5"},
        ],
    )
    assert trade_market(case).transmission_price.tolist() == [[40.0, 40.0], [60.0, 70.0]]


def test_a_microgrids_program_knows_its_own_devices_alone() -> None:
    """At the price 50 a makes 1.5 of its own 3 MW; nothing of b or of the network is in its program."""
    market = trade_market(two_makers())
    own = microgrid_program(market.parts[0], market.base)
    assert own.form.columns["generator_p"].shape == (1, 1) and "flow_p" not in own.form.columns
    q = own.form.q.copy()
    q[own.columns] -= 50.0 * market.money
    found = solve(own.form.with_q(q))
    assert found.x[own.columns] * market.base == pytest.approx([0.5], abs=1e-6)


@pytest.mark.parametrize(
    "generators", [[unit("ga", "2", 20.0)], [unit("ga", "2", 20.0, min_q_mvar=-1.0, max_q_mvar=1.0)]]
)
def test_reactive_power_is_fixed_or_chosen(generators: list[dict[str, object]]) -> None:
    """A load of 0.3 Mvar and a shunt-free bus: fixed at -0.3, unless the unit has a range."""
    case = star((0.4,), loads=[load("2", 1.0, 0.3)], generators=generators)
    market = trade_market(case)
    own = microgrid_program(market.parts[0], market.base)
    if "min_q_mvar" in generators[0]:
        assert own.reactive is None and own.columns.size == 2
    else:
        assert own.reactive is not None and own.columns.size == 1
        assert own.reactive * market.base == pytest.approx([-0.3])


def test_limits_of_exchange_are_in_the_program() -> None:
    market = trade_market(two_makers(microgrids=[{"max_sell_mw": 0.2, "max_buy_mw": 0.1}, {}]))
    for price, expected in ((500.0, 0.2), (0.0, -0.1)):
        own = microgrid_program(market.parts[0], market.base)
        q = own.form.q.copy()
        q[own.columns] -= price * market.money
        assert solve(own.form.with_q(q)).x[own.columns] * market.base == pytest.approx([expected], abs=1e-6)
    form = compile_program(central_program(market))
    assert (form.rows[SELL] >= 0).sum() == (form.rows[BUY] >= 0).sum() == 1


def test_who_is_outside_is_held() -> None:
    """b is held at -0.3 and at nothing: the central program of a alone."""
    market = trade_market(two_makers())
    for held in (0.0, -0.3):
        program = traded_by(market, dispatch(market), np.array([True, False]), np.array([[9.0], [held]]))
        form = compile_program(program)
        made = solve(form).x[form.columns["generator_p"]] * market.base
        assert made[1, 0] == pytest.approx(1.0 + held, abs=1e-5)
        assert made[0, 0] == pytest.approx(1.0 + central(market).exchanged[0, 0], abs=1e-4)


def test_a_program_of_all_devices_is_the_sum_of_the_parts() -> None:
    """Constants and costs of every party, at no exchange, are those of the whole."""
    case = gp.synthetic_microgrids(3, seed=2, steps=2)
    market = trade_market(case)
    own = [microgrid_program(part, market.base) for part in market.parts]
    whole = compile_program(central_program(market))
    assert sum(one.form.constant for one in own) == pytest.approx(whole.constant, abs=1e-9)
    assert sum(one.form.columns["generator_p"].size for one in own) == whole.columns["generator_p"].size
