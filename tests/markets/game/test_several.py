"""Several leaders: alone each plays as if alone, together they end where nobody gains by moving, or it is said."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gridpact as gp
from gridpact.case.case import Case
from gridpact.case.part import part_of
from gridpact.cli import main
from gridpact.markets.game import several
from gridpact.markets.game.equilibrium import Asked, Equilibrium
from gridpact.markets.game.leader import game
from gridpact.markets.game.several import best_responses, common_prices, leaders_of, others_as_loads
from gridpact.markets.game.transmission import transmission_market
from gridpact.run import Run
from tests.districts import bus, district, interface, line, load
from tests.game_cases import connection, feeder, pjm
from tests.markets.game.small import Blocks, gas, hub, one_bus, pieces_of

QUICK: dict[str, Any] = {"price_probes": 0}


def buyer(demand: float, cost: float, most: float) -> Case:
    """A load of one bus with a generator of its own, which buys and does not sell."""
    return one_bus(demand, generators=gas(cost, most), interfaces=[interface(max_import_mw=20.0, max_export_mw=0.0)])


def tied(name: str, at: str = "hub", feeders: float = 1.0, **more: Any) -> dict[str, Any]:
    """The connection of the district of one name."""
    return {
        "connection": f"to-{name}",
        "bus": at,
        "interface": f"{name}.grid",
        "feeders": feeders,
        "district": name,
        **more,
    }


def shared_hub(blocks: Blocks, names: Sequence[str] = ("a", "b")) -> Case:
    return hub(blocks, connections=[tied(name) for name in names])


BLOCKS = ((5.0, 10.0), (6.0, 20.0), (4.0, 30.0), (50.0, 60.0))


@cache
def twins() -> Run:
    """Two buyers of 10 MW with 8 MW at 35 of their own."""
    both = gp.join_cases({"a": buyer(10.0, 35.0, 8.0), "b": buyer(10.0, 35.0, 8.0)})
    return gp.stackelberg(both, shared_hub(BLOCKS), **QUICK)


def cost_alone(need: float, own: float, mine: float, others: float, blocks: Blocks) -> float:
    """What a buyer pays by hand: the block that the two together end in, the cheaper one at its edge."""
    price = next(price for _, end, price in pieces_of(blocks, 0.0) if mine + others <= end + 1e-9)
    return own * (need - mine) + price * mine


def test_twins_end_where_neither_gains_by_any_other_import() -> None:
    """11 MW at 20 are shared; an 11th more would cost both 30. Every 0.25 MW of both is tried by hand."""
    run = twins()
    assert run.certificate.verdict == "certified" and run.summary["responses"] == "settled"
    assert run.summary["epsilon"] < 1e-6
    a, b = run.table("equilibrium")["import_mw"]
    assert a + b == pytest.approx(11.0, abs=1e-6)
    grid = np.arange(2.0, 10.01, 0.25)
    costs = run.table("leaders")["cost"].tolist()
    assert costs == pytest.approx([350.0 - 15.0 * a, 350.0 - 15.0 * b], abs=1e-5)
    for mine, other, cost in ((a, b, costs[0]), (b, a, costs[1])):
        assert cost <= min(cost_alone(10.0, 35.0, z, other, BLOCKS) for z in [*grid, mine]) + 1e-5


def nobody_gains(blocks: Blocks, needs: Sequence[float], owns: Sequence[float], most: Sequence[float]) -> set[Any]:
    """All pairs of imports on a grid of 0.5 MW at which neither gains by any other import of the grid."""
    grids = [np.arange(max(need - limit, 0.0), need + 0.1, 0.5) for need, limit in zip(needs, most, strict=True)]
    first = np.array([[cost_alone(needs[0], owns[0], x, y, blocks) for y in grids[1]] for x in grids[0]])
    second = np.array([[cost_alone(needs[1], owns[1], y, x, blocks) for y in grids[1]] for x in grids[0]])
    best = (first <= first.min(axis=0) + 1e-9) & (second <= second.min(axis=1)[:, None] + 1e-9)
    return {(float(grids[0][i]), float(grids[1][j])) for i, j in zip(*np.nonzero(best), strict=True)}


# Blocks, needs, cost of own power, its limit: edges and ends are whole numbers, so that no best import is off the grid.
MARKETS: list[tuple[Blocks, tuple[float, float], tuple[float, float], tuple[float, float]]] = [
    (BLOCKS, (10.0, 10.0), (35.0, 35.0), (8.0, 8.0)),
    (((4.0, 10.0), (3.0, 25.0), (50.0, 60.0)), (6.0, 5.0), (40.0, 70.0), (6.0, 5.0)),
    (((6.0, 5.0), (50.0, 80.0)), (8.0, 4.0), (50.0, 30.0), (5.0, 4.0)),
]


@pytest.mark.parametrize(("blocks", "needs", "owns", "most"), MARKETS)
def test_the_end_is_one_of_all_equilibria_of_a_grid(
    blocks: Blocks, needs: tuple[float, float], owns: tuple[float, float], most: tuple[float, float]
) -> None:
    known = nobody_gains(blocks, needs, owns, most)
    assert known
    cases = {name: buyer(*one) for name, *one in zip("ab", needs, owns, most, strict=True)}
    run = gp.stackelberg(gp.join_cases(cases), shared_hub(blocks), **QUICK)
    assert run.summary["responses"] == "settled" and run.certificate.verdict == "certified"
    found = run.table("equilibrium")["import_mw"].to_numpy()
    assert min(float(np.abs(found - one).max()) for one in known) < 1e-5, (found, known)


def test_two_far_apart_play_as_if_alone() -> None:
    """Two islands: after the first round nobody moves, and costs and imports are those of two games of one leader."""
    needs, blocks = {"a": 6.0, "b": 7.0}, {"a": ((4.0, 10.0), (10.0, 50.0)), "b": ((2.0, 15.0), (20.0, 30.0))}
    units = [
        {"generator": f"{name}{k}", "bus": name, "max_p_mw": most, "cost_per_mwh": cost, "slack": k == 0}
        for name, own in blocks.items()
        for k, (most, cost) in enumerate(own)
    ]
    network = district(
        buses=[bus(name, vn_kv=230.0) for name in blocks],
        generators=units,
        connections=[tied(name, name, 2.0) for name in blocks],
    )
    cases = {name: buyer(need, 45.0, 5.0) for name, need in needs.items()}
    run = gp.stackelberg(gp.join_cases(cases), network, **QUICK)
    turns = run.table("turns")
    assert run.summary["responses"] == "settled" and run.summary["rounds_played"] == 2
    assert turns["moved_mw"][turns["round"] == 2].max() < 1e-6
    for row, (name, case) in enumerate(cases.items()):
        alone = gp.stackelberg(case, hub(blocks[name], feeders=2.0), designs=False, **QUICK)
        assert run.table("leaders")["cost"][row] == pytest.approx(alone.summary["leader_cost"], rel=1e-6)
        own = alone.table("equilibrium")["import_mw"][0]
        assert run.table("equilibrium")["import_mw"][row] == pytest.approx(own, abs=1e-5)


def test_small_moves_of_a_market_that_curves_come_to_rest() -> None:
    """Price 10 + 2 (x + y): with 60 for own power 50 = 4 x + 2 y each, so 25/3. Moves fall by four every round.

    On their way they fall below what counts as another state: that is not going round in circles.
    """
    unit = {"generator": "g", "bus": "hub", "max_p_mw": 100.0, "cost_per_mwh": 10.0, "cost_per_mw2h": 1.0}
    network = district(
        buses=[bus("hub", vn_kv=230.0)],
        generators=[unit | {"slack": True}],
        connections=[tied("a"), tied("b")],
    )
    both = gp.join_cases({name: buyer(10.0, 60.0, 10.0) for name in "ab"})
    run = gp.stackelberg(both, network, **QUICK)
    assert run.summary["responses"] == "settled" and run.certificate.verdict == "certified"
    assert run.table("equilibrium")["import_mw"].to_numpy() == pytest.approx(25.0 / 3.0, abs=1e-5)
    few = gp.stackelberg(both, network, rounds=2, **QUICK)
    assert few.summary["responses"] == "not settled within 2 rounds" and few.summary["rounds_played"] == 2
    # After two rounds x = 25/3 + 0.104, y = 25/3 - 0.052; the first could still gain 2 (1.25 x - own best)^2 and so on.
    assert few.summary["epsilon"] == pytest.approx(few.table("leaders")["could_gain"].max())
    x, y = few.table("equilibrium")["import_mw"]
    gains = [2.0 * (one - (12.5 - 0.5 * other)) ** 2 for one, other in ((x, y), (y, x))]
    assert few.table("leaders")["could_gain"].to_numpy() == pytest.approx(gains, abs=1e-3)


CIRCLE = ((3.0, 8.0), (2.0, 37.0), (50.0, 45.0))


def test_going_round_in_circles_is_said() -> None:
    """No equilibrium: a buys all 6 MW while b buys 2, b nothing while a buys 6, a only 3 (at 8) once b is gone.

    Then b buys the 2 MW at 37, and a is back at 6. On the grid no pair is at rest either.
    """
    assert nobody_gains(CIRCLE, (6.0, 8.0), (73.0, 40.0), (6.0, 8.0)) == set()
    both = gp.join_cases({"a": buyer(6.0, 73.0, 6.0), "b": buyer(8.0, 40.0, 8.0)})
    run = gp.stackelberg(both, shared_hub(CIRCLE), **QUICK)
    assert run.summary["responses"] == "cycling" and run.summary["rounds_played"] < 20
    a, b = run.table("equilibrium")["import_mw"]
    owns, needs = {"a": 73.0, "b": 40.0}, {"a": 6.0, "b": 8.0}
    for row, (name, mine, other) in enumerate((("a", a, b), ("b", b, a))):
        tried = [cost_alone(needs[name], owns[name], z, other, CIRCLE) for z in np.arange(0.0, needs[name] + 0.1, 0.5)]
        gain = cost_alone(needs[name], owns[name], mine, other, CIRCLE) - min(tried)
        assert run.table("leaders")["could_gain"][row] == pytest.approx(max(0.0, gain), abs=1e-3)
    assert run.summary["epsilon"] == pytest.approx(run.table("leaders")["could_gain"].max()) and a + b > 0.0
    assert run.summary["epsilon"] > 1.0 and run.certificate.verdict == "approximate"
    assert run.certificate.failures() == []


def stubbed(monkeypatch: pytest.MonkeyPatch, plays: dict[str, list[float]]) -> several.Responses:
    """The course of best responses with the answers of the leaders given, in MW."""
    both = gp.join_cases({name: buyer(10.0, 35.0, 8.0) for name in plays})
    network = shared_hub(BLOCKS, tuple(plays))

    def answer(leader: several.Leader, network: Case, boundary: Any, asked: Asked, dynamics: str) -> Any:
        play = game(leader.case, several.seen_by(leader, network, boundary), dynamics)
        z = np.array([plays[leader.name].pop(0)]) / play.transmission.base_mva
        return play, Equilibrium("stub", "", z, 1.0, 1.0, 0.0, None)

    monkeypatch.setattr(several, "response_of", answer)
    leaders = leaders_of(both, network)
    return best_responses(leaders, network, np.zeros((len(plays), 1)), Asked(), 4, "quasi_dynamic")


def test_course_of_given_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    found = stubbed(monkeypatch, {"a": [1.0, 2.0, 1.0], "b": [3.0, 4.0, 3.0]})
    assert found.status == "cycling" and [turn.round for turn in found.turns] == [1, 1, 2, 2, 3, 3]
    assert [turn.moved_mw for turn in found.turns] == pytest.approx([1.0, 3.0, 1.0, 1.0, 1.0, 1.0])
    found = stubbed(monkeypatch, {"a": [1.0, 1.0], "b": [3.0, 3.0]})
    assert found.status == "settled" and len(found.turns) == 4
    assert found.boundary.ravel() == pytest.approx([1.0, 3.0])
    found = stubbed(monkeypatch, {"a": [1.0, 2.0, 3.0, 4.0], "b": [3.0] * 4})
    assert found.status == "not settled within 4 rounds" and found.turns[-1].round == 4


def test_back_at_nothing_is_the_same_state(monkeypatch: pytest.MonkeyPatch) -> None:
    """-1e-9 MW and 0 MW are the same state, whatever the sign of a zero."""
    found = stubbed(monkeypatch, {"a": [1.0, -1e-9], "b": [3.0, -1e-9]})
    assert found.status == "cycling"


def ring(first: str, second: str) -> Case:
    """Three buses in a ring of equal lines; at 1 a unit at its limit, at 2 one at 35 that rests, at 3 one at 20.

    With 3 MW drawn at 1 and at 2 the line 1-2 carries its 3 MW exactly, 1/3 of 9 - 3 and of 3. Its multiplier m may
    be anything from 0 to 45: prices 20 - m/3 at 1 and 20 + m/3 at 2, their sum always 40.
    """
    limit = 3.0 / (np.sqrt(3.0) * 230.0)
    units = [("cheap", "1", 9.0, 5.0), ("dear", "2", 9.0, 35.0), ("plain", "3", 99.0, 20.0)]
    return district(
        buses=[bus(k, vn_kv=230.0) for k in "123"],
        lines=[line(f"{a}-{b}", a, b, 0.0, 10.0, **({"max_i_ka": limit} if a + b == "12" else {})) for a, b in RING],
        generators=[
            {"generator": name, "bus": at, "max_p_mw": most, "cost_per_mwh": cost, "slack": name == "plain"}
            for name, at, most, cost in units
        ],
        loads=[load("3", 10.0)],
        connections=[tied("a", first), tied("b", second)],
    )


RING = (("1", "2"), ("2", "3"), ("1", "3"))


@pytest.mark.parametrize(("ends", "expected"), [("12", (5.0, 35.0)), ("21", (20.0, 20.0))])
def test_rule_of_common_prices(ends: str, expected: tuple[float, float]) -> None:
    """All right prices have the same sum; the first connection's is made the least: 5 at bus 1, but 20 at bus 2."""
    whole = transmission_market(ring(*ends))
    answer = common_prices(whole, np.full((2, 1), 3.0))
    assert answer.price / whole.money == pytest.approx(expected, abs=1e-5)


def test_the_sum_comes_before_the_first_price() -> None:
    """At the edge of two blocks prices from 10 to 50 are right for both at one bus: both pay the least."""
    whole = transmission_market(shared_hub(((6.0, 10.0), (9.0, 50.0))))
    answer = common_prices(whole, np.full((2, 1), 3.0))
    assert answer.price / whole.money == pytest.approx([10.0, 10.0], abs=1e-6)


def test_others_become_loads_and_nothing_else_changes() -> None:
    network = shared_hub(BLOCKS, ("a", "b", "c")).with_profiles({"connections/to-b/forecast_mw": [4.0]})
    seen = others_as_loads(network, np.array([1]), np.array([[1.0], [2.0], [3.0]]))
    assert seen.ids("connections") == ["to-b"] and seen.ids("loads") == ["district to-a", "district to-c"]
    assert seen.series("loads", "p_mw").ravel().tolist() == [1.0, 3.0]
    assert "connections/to-b/forecast_mw" in seen.profiles.columns
    own = others_as_loads(network, np.array([0]), np.array([[1.0], [2.0], [3.0]]))
    assert "connections/to-b/forecast_mw" not in own.profiles.columns
    assert gp.validate(seen) == gp.validate(own) == []


def test_a_name_of_two_connections_is_one_leader_of_both_networks() -> None:
    cases = {"a": buyer(10.0, 35.0, 8.0), "b": buyer(10.0, 35.0, 8.0), "c": buyer(3.0, 35.0, 3.0)}
    leaders = leaders_of(gp.join_cases(cases), hub(BLOCKS, connections=[tied("a"), tied("b", district="a"), tied("c")]))
    assert [one.name for one in leaders] == ["a", "c"]
    assert [one.connections.tolist() for one in leaders] == [[0, 1], [2]]
    assert [one.case.ids("buses") for one in leaders] == [["a.1", "b.1"], ["c.1"]]


def test_districts_that_import_next_to_nothing_are_no_measure_of_a_market() -> None:
    """A network without loads, and 1e-12 MW of another district: the answer is that without it, 3 MW at 8."""
    both = gp.join_cases({"a": buyer(6.0, 73.0, 6.0), "b": buyer(8.0, 40.0, 8.0)})
    network = shared_hub(CIRCLE)
    leader = leaders_of(both, network)[0]
    for other in (0.0, 1e-12, 1e-9):
        play, found = several.response_of(leader, network, np.array([[0.0], [other]]), Asked(), "quasi_dynamic")
        assert play.transmission.base_mva == 10.0
        assert found.cost == pytest.approx(243.0, abs=1e-4)


def test_a_network_without_connection_is_cleared_beside_them() -> None:
    """It buys at its own price: 3 MW at 50 or own power at 35, which is no leader's cost."""
    case = gp.join_cases({"a": buyer(10.0, 35.0, 8.0), "b": buyer(10.0, 35.0, 8.0), "c": buyer(3.0, 35.0, 8.0)})
    run = gp.stackelberg(case, shared_hub(BLOCKS), **QUICK)
    assert run.certificate.verdict == "certified", run.certificate.failures()
    assert run.summary["leader_cost"] == pytest.approx(twins().summary["leader_cost"], rel=1e-6)
    assert run.summary["objective"] - run.summary["leader_cost"] == pytest.approx(105.0, abs=1e-4)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two feeders with battery and sun at two buses of PJM's network, two of its hours, as a study on disk."""
    folder = tmp_path_factory.mktemp("several")
    both = gp.join_cases({"a": feeder(), "b": feeder()})
    ends = [
        connection(connection=f"c{name}", interface=f"{name}.grid", district=name, bus=at, feeders=10.0)
        for name, at in (("a", "4"), ("b", "2"))
    ]
    gp.write_case(both.steps_between(1, 3), folder / "case")
    gp.write_case(pjm(connections=ends).steps_between(1, 3), folder / "transmission")
    (folder / "study.toml").write_text(
        'question = "stackelberg"\ncase = "case"\ntransmission = "transmission"\n\n[settings]\nprice_probes = 0\n',
        encoding="utf-8",
    )
    return folder


def test_a_study_of_several_leaders_is_run_kept_and_verified(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(study / "study.toml"), "--out", str(study / "run")]) == 0
    capsys.readouterr()
    assert main(["verify", str(study / "run")]) == 0
    run = gp.open_run(study / "run")
    assert run.certificate.verdict == "certified" and run.summary["leaders"] == 2
    assert run.table("leaders")["leader"].tolist() == ["a", "b"]
    total = run.table("leaders")["cost"].sum()
    assert run.summary["leader_cost"] == pytest.approx(total) == pytest.approx(10.0 * run.summary["objective"])


def test_what_a_leader_pays_is_a_clearing_of_its_part(study: Path) -> None:
    """At the common prices, its imports held to where they ended."""
    case, network = gp.read_case(study / "case"), gp.read_case(study / "transmission")
    run = gp.stackelberg(case, network, **QUICK)
    table = run.table("equilibrium").set_index("interface")
    for row, name in enumerate("ab"):
        own, path = table.loc[f"{name}.grid"], f"interfaces/{name}.grid/"
        assert (own["import_mw"] > 0.0).all()
        held = part_of(case, [f"{name}.grid"]).with_profiles(
            {
                f"{path}price_per_mwh": own["lmp_per_mwh"].to_numpy(),
                f"{path}max_import_mw": own["import_mw"].to_numpy(),
            }
        )
        cleared = gp.clear(held, price_probes=0)
        assert run.table("leaders")["cost"][row] == pytest.approx(10.0 * cleared.summary["objective"], rel=1e-5)


def test_a_load_of_the_network_is_not_taken_for_a_district() -> None:
    """A load whose name begins like those of the districts keeps its profile."""
    odd = [{"load": "district x", "bus": "hub", "p_mw": 1.0, "q_mvar": 0.0}, load("hub", 1.0)]
    network = hub(BLOCKS, connections=[tied("a"), tied("b")], loads=odd)
    network = network.with_profiles({"loads/district x/p_mw": [2.0]})
    seen = others_as_loads(network, np.array([0]), np.array([[1.0], [2.0]]))
    assert not seen.profiles.columns.duplicated().any()
    assert seen.series("loads", "p_mw").ravel().tolist() == [2.0, 1.0, 2.0]
