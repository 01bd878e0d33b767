"""What must hold of any game: order of costs, sums of money, prices at the boundary; and small games by hand."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

import gridpact as gp
from gridpact.case.case import Case
from gridpact.results.record import Record
from tests.districts import bus, district, interface, line, load, two_buses
from tests.game_cases import feeder, pjm
from tests.markets.game.small import gas, hub, one_bus, random_game

BLOCKS = ((5.0, 10.0), (10.0, 50.0))
# Of the cost: what the games are solved to, twice.
NEAR = 2e-4


def play(case: Case, transmission: Case, **settings: Any) -> Record:
    return gp.stackelberg(case, transmission, **({"price_probes": 0, "designs": False} | settings)).record


def certified(record: Record) -> bool:
    failed = [(one["name"], one["value"]) for one in record.certificate["checks"] if not one["passed"]]
    print(failed)
    return str(record.certificate["verdict"]) == "certified"


def hour(record: Record) -> dict[str, float]:
    """The equilibrium of the first hour."""
    row = record.tables["equilibrium"].iloc[0]
    return {name: float(row[name]) for name in row.index if name.endswith(("_mw", "_mwh"))}


@cache
def with_designs(name: str) -> Record:
    """The five-bus game and random ones, with the designs beside them."""
    if name == "pjm":
        return play(feeder(), pjm(), designs=True)
    case, transmission, _, _ = random_game(int(name), 2)
    return play(case, transmission, designs=True)


GAMES = pytest.mark.parametrize("name", ["pjm", "400", "401", "402"])


def designs(record: Record) -> pd.DataFrame:
    return record.tables["designs"].set_index("design")


@GAMES
def test_leading_costs_the_leader_no_more(name: str) -> None:
    """Than taking the price of the fixed point, or the price that results from a forecast."""
    cost = designs(with_designs(name))["leader_cost"]
    for other in ("competitive", "uncoordinated"):
        assert cost["stackelberg"] <= cost[other] + NEAR * max(1.0, abs(cost[other]))


@GAMES
def test_cooperation_costs_all_the_least(name: str) -> None:
    cost = designs(with_designs(name))["welfare_cost"]
    for other in ("competitive", "uncoordinated", "stackelberg"):
        assert cost["cooperative"] <= cost[other] + NEAR * max(1.0, abs(cost[other]))


@GAMES
def test_competitive_is_cooperative(name: str) -> None:
    """Where all is convex the fixed point has the dispatch of the common optimum."""
    record = with_designs(name)
    table = designs(record)
    assert table["status"]["competitive"] == "cleared"
    hours = record.tables["design_hours"].set_index("design")["boundary_mw"]
    assert np.asarray(hours["competitive"]) == pytest.approx(np.asarray(hours["cooperative"]))
    assert table["welfare_cost"]["competitive"] == pytest.approx(table["welfare_cost"]["cooperative"])


@GAMES
def test_money_adds_up(name: str) -> None:
    """What the districts pay to the transmission market is what it receives from them; nothing else is paid."""
    record = with_designs(name)
    table = designs(record)
    paid, cost = table["interface_payment"], table["transmission_cost"]
    assert (table["leader_cost"] - paid + cost).to_numpy() == pytest.approx(table["welfare_cost"].to_numpy())
    assert (table["adn_cost"] + table["dhn_cost"]).to_numpy() == pytest.approx(table["leader_cost"].to_numpy())
    # Loads and districts pay producers what they ask and their surplus, and the network its rent.
    right = cost + table["producers_surplus"] + table["congestion_rent"]
    assert (table["load_payment"] + paid).to_numpy() == pytest.approx(right.to_numpy(), rel=1e-6, abs=1e-4)
    settlement = record.tables["transmission_settlement"]
    district = settlement["participant"].str.startswith("district ")
    told = float(settlement["payment"][district].sum())
    assert told == pytest.approx(paid["stackelberg"], rel=1e-6, abs=1e-4)
    assert float(settlement["payment"].sum()) == pytest.approx(0.0, abs=1e-6 * float(settlement["payment"].abs().sum()))
    assert float(record.tables["settlement"]["payment"].sum()) == pytest.approx(0.0, abs=1e-4)
    if name != "pjm":
        assert table["congestion_rent"].to_numpy() == pytest.approx(0.0, abs=1e-4)


@GAMES
def test_prices_passed_through_are_anchored_at_the_boundary(name: str) -> None:
    record = with_designs(name)
    paid = record.tables["equilibrium"].set_index("snapshot")
    passed = record.tables["pass_through_prices"]
    root = passed[passed["bus"] == "1"].set_index("snapshot")
    assert root["price_per_mwh"].to_numpy() == pytest.approx(paid["lmp_per_mwh"].to_numpy(), abs=1e-6)
    wedge = (root["supporting_per_mwh"] - root["price_per_mwh"]).to_numpy()
    assert wedge == pytest.approx(paid["wedge_per_mwh"].to_numpy(), abs=1e-6)


@GAMES
def test_certified(name: str) -> None:
    assert certified(with_designs(name))


def test_wedge_reaches_a_bus_as_demand_there_reaches_the_root() -> None:
    """The root's unit keeps the import at 5, demand is 5.5 behind a line: one more there draws more than 1."""
    parts: dict[str, Any] = {"loads": [load("2", 5.5, 1.0)], "generators": gas(30.0, 2.0)}
    record = play(two_buses(**parts), hub(BLOCKS, [0.0]))
    equilibrium, passed = hour(record), record.tables["pass_through_prices"].set_index("bus")
    assert equilibrium["wedge_per_mwh"] == pytest.approx(20.0, abs=0.05)

    def drawn(demand: float) -> float:
        run = gp.clear(two_buses(loads=[load("2", demand, 1.0)]), price_probes=0)
        return float(run.record.tables["interface"]["import_mw"].iloc[0])

    rise = (drawn(5.51) - drawn(5.49)) / 0.02
    difference = passed["supporting_per_mwh"] - passed["price_per_mwh"]
    assert rise > 1.02
    assert difference["1"] == pytest.approx(equilibrium["wedge_per_mwh"], rel=1e-6)
    assert difference["2"] == pytest.approx(equilibrium["wedge_per_mwh"] * rise, rel=1e-3)


def test_tie_by_hand() -> None:
    """Need 6, own unit of 2 at 30: import 5 at 10, make 1. Were the edge's other price paid, 5 x 40 more."""
    record = play(one_bus(6.0, generators=gas(30.0, 2.0)), hub(BLOCKS, [0.0]))
    one = hour(record)
    assert certified(record)
    assert one["boundary_mw"] == pytest.approx(5.0, abs=1e-4)
    assert (one["lmp_low_per_mwh"], one["lmp_high_per_mwh"]) == pytest.approx((10.0, 50.0))
    assert record.summary["leader_cost"] == pytest.approx(80.0, abs=1e-3)
    assert record.summary["tie_cost"] == pytest.approx(200.0, abs=1e-2)
    assert one["root_price_per_mwh"] == pytest.approx(30.0, abs=1e-3)


def test_pessimist_pays_a_hair_more() -> None:
    """Just inside the step the price is 10 for certain."""
    record = play(one_bus(6.0, generators=gas(30.0, 2.0)), hub(BLOCKS, [0.0]), tie_breaking="pessimistic")
    assert certified(record)
    assert 80.0 < record.summary["leader_cost"] <= 80.01
    assert record.summary["tie_cost"] == 0.0
    assert hour(record)["lmp_high_per_mwh"] == pytest.approx(10.0)


@pytest.mark.parametrize("seed", [410, 411, 412])
def test_pessimist_never_gains(seed: int) -> None:
    case, transmission, _, _ = random_game(seed, 1)
    bold, wary = (
        play(case, transmission, tie_breaking=how).summary["leader_cost"] for how in ("optimistic", "pessimistic")
    )
    assert bold - 1e-6 <= wary <= bold + 1e-3 * max(1.0, abs(bold))


def test_seller_gets_the_upper_price() -> None:
    """The hub needs 5 and has 4 at 10: selling 1 leaves the price at 50, selling 2 drops it to 10."""
    sun = [{"renewable": "pv", "bus": "1", "kind": "pv", "p_mw": 2.0, "sn_mva": 3.0}]
    record = play(one_bus(1e-6, renewables=sun), hub(((4.0, 10.0), (3.0, 50.0)), [5.0]))
    one = hour(record)
    assert certified(record)
    assert one["boundary_mw"] == pytest.approx(-1.0, abs=1e-4)
    assert one["lmp_per_mwh"] == pytest.approx(50.0)
    assert (one["lmp_low_per_mwh"], one["lmp_high_per_mwh"]) == pytest.approx((10.0, 50.0))
    assert record.summary["leader_cost"] == pytest.approx(-50.0, abs=1e-3)
    assert record.summary["tie_cost"] == pytest.approx(40.0, abs=1e-2)


def test_rising_price_by_hand() -> None:
    """The hub asks 10 + 2 z: 10 z + 2 z^2 + 30 (6 - z) is least at z = 5, where 20 is paid; a price taker draws 6."""
    units = [{"generator": "g", "bus": "hub", "max_p_mw": 20.0, "cost_per_mwh": 10.0, "cost_per_mw2h": 1.0}]
    units[0]["slack"] = True
    record = play(one_bus(6.0, generators=gas(30.0, 2.0)), hub((), [0.0], generators=units), designs=True)
    one, table = hour(record), designs(record)
    assert certified(record)
    assert one["boundary_mw"] == pytest.approx(5.0, abs=2e-3)
    assert one["lmp_per_mwh"] == pytest.approx(20.0, abs=4e-3)
    assert one["wedge_per_mwh"] == pytest.approx(10.0, abs=1e-2)
    assert table["leader_cost"]["stackelberg"] == pytest.approx(130.0, abs=1e-3)
    assert table["leader_cost"]["competitive"] == pytest.approx(132.0, abs=1e-2)
    assert table["import_mwh"]["competitive"] == pytest.approx(6.0, abs=1e-3)


def test_many_feeders_are_one_large_one() -> None:
    """Where nothing is lost, ten feeders of a tenth move the price as one does."""
    many = play(one_bus(0.6, generators=gas(30.0, 0.2)), hub(BLOCKS, [0.0], feeders=10.0))
    large = play(one_bus(6.0, generators=gas(30.0, 2.0)), hub(BLOCKS, [0.0]))
    for name in ("boundary_mw", "lmp_per_mwh", "root_price_per_mwh", "lmp_high_per_mwh"):
        assert hour(many)[name] == pytest.approx(hour(large)[name], rel=1e-4)
    assert many.summary["leader_cost"] == pytest.approx(large.summary["leader_cost"], rel=1e-5)
    assert 10.0 * hour(many)["import_mw"] == pytest.approx(hour(large)["import_mw"], rel=1e-4)


def test_who_cannot_move_the_price_gains_nothing() -> None:
    """One block larger than all: the four designs are one."""
    case, _, _, demand = random_game(403, 2)
    table = designs(play(case, hub(((50.0, 42.0),), demand.tolist()), designs=True))
    for name in ("leader_cost", "welfare_cost", "import_mwh", "interface_payment"):
        assert table[name].to_numpy() == pytest.approx(table[name]["stackelberg"], rel=2e-4, abs=1e-3)
    assert table["lmp_mean_per_mwh"].to_numpy() == pytest.approx(42.0)


@pytest.mark.parametrize("demand", [4.0, 5.0])
def test_district_that_cannot_do_otherwise(demand: float) -> None:
    """Its import is one number, even where that is the edge of a step; the better price counts."""
    record = play(one_bus(demand), hub(BLOCKS, [0.0]))
    assert certified(record)
    assert record.summary["leader_cost"] == pytest.approx(10.0 * demand, abs=1e-3)


def test_losses_alone() -> None:
    """A feeder of loads only: nothing to decide, the root price is the LMP."""
    case = district(
        buses=[bus("1"), bus("2")], lines=[line("a", "1", "2")], interfaces=[interface()], loads=[load("2", 4.0, 1.0)]
    )
    record = play(case, hub(BLOCKS, [0.0]))
    assert certified(record)
    assert hour(record)["root_price_per_mwh"] == pytest.approx(10.0, abs=1e-5)
    assert hour(record)["wedge_per_mwh"] == pytest.approx(0.0, abs=1e-5)


@pytest.mark.campaign
@pytest.mark.parametrize("seed", range(430, 450))
def test_laws_of_many_games(seed: int) -> None:
    name = str(seed)
    test_leading_costs_the_leader_no_more(name)
    test_cooperation_costs_all_the_least(name)
    test_competitive_is_cooperative(name)
    test_money_adds_up(name)
    test_prices_passed_through_are_anchored_at_the_boundary(name)
    test_certified(name)
