"""The cases that each side of a market sees: exchanges as loads, prices at interfaces, tariffs without a deal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import gridpact as gp
from gridpact.case.case import Case
from gridpact.case.trade_cases import microgrids_at, microgrids_before, microgrids_within, network_with
from tests.districts import bus, district, interface, line, load


def town(**more: Any) -> Case:
    """Microgrids east and west at buses 2 and 3 of four, two hours; a load of nobody's and a capacitor at 2."""
    parts: dict[str, Any] = {
        "steps": 2,
        "buses": [bus("1"), bus("2", 1.01, 1.05), bus("3", 0.9, 0.99), bus("4")],
        "lines": [line(f"L{k}", "1", str(k)) for k in (2, 3, 4)],
        "interfaces": [interface()],
        "loads": [load("2", 0.5, 0.1), load("3", 0.4), load("4", 0.3, 0.1)],
        "generators": [
            {"generator": f"g{k}", "bus": k, "max_p_mw": 1.0, "cost_per_mwh": 40.0, "cost_per_mw2h": 5.0} for k in "23"
        ],
        "capacitors": [{"capacitor": "c", "bus": "2", "q_mvar": 0.1}],
        "microgrids": [
            {"microgrid": "east", "bus": "2", "disagreement": "tariff", "max_buy_mw": 0.3, "max_sell_mw": 0.2,
             "tariff_buy_per_mwh": 80.0, "tariff_sell_per_mwh": 20.0},
            {"microgrid": "west", "bus": "3"},
        ],
    }  # fmt: skip
    profiles = {"microgrids/east/tariff_buy_per_mwh": [80.0, 100.0], "loads/load-2/p_mw": [0.5, 0.7]}
    return district(profiles, **(parts | more))


def without_trade(case: Case) -> Case:
    """The case as one to be cleared: nobody trades in it."""
    for name in ("microgrids", "network_operator", "zone_fees"):
        case = case.with_table(name, case.tables[name].iloc[:0])
    kept = [path for path in case.profiles.columns if not path.startswith("microgrids/")]
    return replace(case, profiles=case.profiles[kept])


def test_to_the_network_exchanges_are_loads() -> None:
    p, q = np.array([[0.2, -0.1], [0.0, 0.3]]), np.array([[0.05, 0.0], [-0.02, 0.01]])
    seen = network_with(town(), p, q)
    assert seen.ids("loads") == ["load-4", "east", "west"]
    assert seen.tables["loads"]["bus"].tolist() == ["4", "2", "3"]
    assert seen.series("loads", "p_mw")[1:] == pytest.approx(-p)
    assert seen.series("loads", "q_mvar")[1:] == pytest.approx(-q)
    assert seen.series("loads", "p_mw")[0].tolist() == [0.3, 0.3]
    assert (seen.count("generators"), seen.count("capacitors"), seen.count("lines")) == (0, 1, 3)
    assert gp.validate(without_trade(seen)) == []


def test_to_the_microgrids_there_is_a_price() -> None:
    price, q = np.array([[40.0, 45.0], [50.0, 50.0]]), np.array([[0.05, 0.0], [-0.02, -0.02]])
    seen = microgrids_at(town(), price, q)
    assert seen.ids("interfaces") == ["east", "west"]
    assert (seen.count("lines"), seen.count("capacitors"), seen.count("buses")) == (0, 0, 2)
    assert seen.series("interfaces", "price_per_mwh") == pytest.approx(price)
    assert (seen.series("interfaces", "sell_ratio") == 1.0).all()
    for way in ("min_q_mvar", "max_q_mvar"):
        assert seen.series("interfaces", way) == pytest.approx(-q)
    for way in ("max_import_mw", "max_export_mw"):
        assert np.isnan(seen.column("interfaces", way)).all()
    assert seen.series("loads", "p_mw") == pytest.approx(np.array([[0.5, 0.7], [0.4, 0.4]]))
    # What does not change has no profile.
    paths = set(seen.profiles.columns)
    assert "interfaces/east/price_per_mwh" in paths and "interfaces/west/price_per_mwh" not in paths
    assert gp.validate(without_trade(seen)) == []


def test_microgrids_stand_at_nominal_voltage_whatever_the_networks_limits() -> None:
    seen = microgrids_at(town(), np.full((2, 2), 50.0), np.zeros((2, 2)))
    low, high = seen.column("buses", "vm_min_pu"), seen.column("buses", "vm_max_pu")
    assert low.tolist() == [1.0, 0.9] and high.tolist() == [1.05, 1.0]
    assert (seen.column("interfaces", "vm_pu") == 1.0).all()


def test_without_a_deal_a_tariff_or_nothing() -> None:
    seen = microgrids_before(town())
    assert seen.series("interfaces", "price_per_mwh") == pytest.approx(np.array([[80.0, 100.0], [0.0, 0.0]]))
    ratio = seen.series("interfaces", "sell_ratio") * seen.series("interfaces", "price_per_mwh")
    assert ratio[0] == pytest.approx([20.0, 20.0])
    assert seen.series("interfaces", "max_import_mw") == pytest.approx(np.array([[0.3, 0.3], [0.0, 0.0]]))
    assert seen.series("interfaces", "max_export_mw") == pytest.approx(np.array([[0.2, 0.2], [0.0, 0.0]]))
    assert np.isnan(seen.column("interfaces", "min_q_mvar")).all()


def test_at_a_price_within_their_limits() -> None:
    """West has none; reactive power is free."""
    seen = microgrids_within(town(), np.full((2, 2), 50.0))
    assert (seen.series("interfaces", "sell_ratio") == 1.0).all()
    assert seen.series("interfaces", "max_import_mw")[0].tolist() == [0.3, 0.3]
    assert seen.series("interfaces", "max_export_mw")[0].tolist() == [0.2, 0.2]
    for column in ("max_import_mw", "max_export_mw", "min_q_mvar", "max_q_mvar"):
        assert np.isnan(seen.column("interfaces", column)[1]), column


def test_without_limits_a_tariff_has_none() -> None:
    row = town().tables["microgrids"].assign(max_buy_mw=np.nan, max_sell_mw=np.nan)
    seen = microgrids_before(town().with_table("microgrids", row))
    assert np.isnan(seen.column("interfaces", "max_import_mw")[0])


def test_whose_cost_is_given_is_left_out() -> None:
    table = town().tables["microgrids"].copy()
    table.loc[0, ["disagreement", "disagreement_cost"]] = ["given", 9.0]
    seen = microgrids_before(town().with_table("microgrids", table))
    assert seen.ids("interfaces") == ["west"]
    assert seen.ids("generators") == ["g3"] and seen.ids("buses") == ["3"]


def test_the_case_itself_stays_as_it_is() -> None:
    case = town()
    before = {name: table.copy() for name, table in case.tables.items()}
    network_with(case, np.ones((2, 2)), np.zeros((2, 2)))
    microgrids_at(case, np.ones((2, 2)), np.zeros((2, 2)))
    microgrids_before(case)
    for name, table in before.items():
        pd.testing.assert_frame_equal(case.tables[name], table)
