"""Time of games: the table is that of the figures, and the variants of a case are valid ones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import gridpact as gp
from gridpact import bench_game
from gridpact.bench_game import GameBench, Pair, in_quarters, run_game_bench, without_heat
from gridpact.case.schema import SCHEMA
from tests.districts import bus, district, interface, load
from tests.game_cases import feeder, pjm
from tests.markets.game.small import gas, hub, one_bus

BLOCKS = ((5.0, 10.0), (10.0, 50.0))


def tiny(need: float = 6.0) -> Pair:
    return one_bus(need, generators=gas(30.0, 2.0), interfaces=[interface(max_import_mw=10.0)]), hub(BLOCKS)


@pytest.fixture
def small_games(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_game, "SMALL", {"one": tiny, "two": lambda: tiny(4.0)})
    monkeypatch.setattr(bench_game, "LARGE", {"three": lambda: tiny(5.0)})
    monkeypatch.setattr(bench_game, "SCIP_ON", {"one": ("KKT, SOS1", "KKT, big-M", "primal-dual")})


@pytest.mark.usefixtures("small_games")
def test_quick_bench(tmp_path: Path) -> None:
    told: list[str] = []
    found = run_game_bench(quick=True, repeat=1, tell=told.append)
    assert list(found.games) == ["one", "two"] and found.scip == {} and len(told) == 2
    for row in found.games.values():
        assert row["ratio"] == pytest.approx(row["game"] / row["clear"])  # of one run: the median is that run
        assert row["nodes"] >= 1.0 and 0.0 <= row["gap"] <= 1e-4
    page, data = found.write(tmp_path / "new" / "games.md")
    assert json.loads(data.read_text(encoding="utf-8")) == json.loads(json.dumps(found.as_dict()))
    lines = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("| one")]
    cells = [float(cell) for cell in lines[0].strip("| ").split("|")[1:]]
    assert cells == pytest.approx(list(found.games["one"].values()), rel=0.06, abs=6e-4)


@pytest.mark.usefixtures("small_games")
def test_whole_bench_has_the_large_ones_and_scip() -> None:
    """Every method's interval holds the cost of the default one: 5 x 10 + 30."""
    found = run_game_bench(repeat=1, limit=30.0, tell=lambda _: None)
    assert list(found.games) == ["one", "two", "three"]
    assert list(found.scip) == ["one: KKT, SOS1", "one: KKT, big-M", "one: primal-dual"]
    for name, row in found.scip.items():
        assert row["default lower"] == pytest.approx(80.0, abs=0.01) and row["seconds"] > 0.0
        assert row["lower"] <= 80.0 + 1e-3
        if "KKT" in name:
            assert row["upper"] == pytest.approx(80.0, abs=0.01)
    assert "30 s and relative gap" in found.markdown()
    assert all(f"| {name} |" in found.markdown() for name in (*found.games, *found.scip))


def test_page_without_scip_has_no_empty_table() -> None:
    page = GameBench({"a": {"clear": 0.5, "gap": 2e-5, "nodes": 120.0, "big": 12345.0, "none": 0.0}}, {}, "M.", 1)
    lines = page.markdown().splitlines()
    assert "| a | 0.500 | 2.0e-05 | 120.0 | 12345.00 | 0.000 |" in lines
    assert "| game |  |" not in lines and "|---|" not in lines


def test_electricity_alone() -> None:
    case = gp.read_case(gp.examples.path("ieee30-district") / "case")
    bare = without_heat(case)
    assert bare.validated and gp.validate(bare.with_profiles({})) == []
    for name in SCHEMA:
        warm = name.startswith(("heat_", "pipe", "chp", "electric_boiler", "gas_boiler"))
        assert bare.count(name) == (0 if warm else case.count(name)), name
    assert not [path for path in bare.profiles.columns if path.startswith(("heat", "chp", "gas_boiler"))]


def valid(case: gp.Case) -> bool:
    """As it would be read, whatever it is marked as."""
    return gp.validate(case.with_profiles({})) == []


def lossless(steps: int = 3) -> gp.Case:
    """One bus: demand and price by the hour, a generator whose cost rises."""
    demand, price = [4.0, 6.0, 5.0], [30.0, 50.0, 20.0]
    units = [{"generator": "g", "bus": "1", "max_p_mw": 3.0, "cost_per_mwh": 20.0, "cost_per_mw2h": 5.0}]
    return district(
        {"loads/load-1/p_mw": demand, "interfaces/grid/price_per_mwh": price},
        steps=steps,
        buses=[bus("1")],
        interfaces=[interface()],
        loads=[load("1", 1.0)],
        generators=units,
    )


def test_quarters_of_hours() -> None:
    case = lossless()
    fine = in_quarters(case)
    assert fine.steps == 12 and fine.step_minutes == 15.0 and valid(fine)
    assert fine.snapshots[-1] - fine.snapshots[0] == case.snapshots[-1] - case.snapshots[0] + (
        fine.snapshots[3] - fine.snapshots[0]
    )
    np.testing.assert_array_equal(fine.series("loads", "p_mw"), np.repeat(case.series("loads", "p_mw"), 4, axis=1))
    costs = [gp.clear(one, price_probes=0).summary["objective"] for one in (case, fine)]
    assert costs[1] == pytest.approx(costs[0], rel=1e-8)


def test_a_game_in_quarters_costs_what_it_costs_by_the_hour() -> None:
    """Without storage and ramps every quarter is a game of its own, a quarter as large in money."""
    pair = lossless(), hub(((2.0, 10.0), (9.0, 40.0)), [1.0, 1.0, 1.0])
    runs = [gp.stackelberg(*games, designs=False, price_probes=0) for games in (pair, bench_game._quarters(pair))]
    assert runs[1].summary["leader_cost"] == pytest.approx(runs[0].summary["leader_cost"], rel=1e-6)


def test_variants_of_the_small_game_are_valid() -> None:
    assert valid(in_quarters(feeder())) and valid(in_quarters(pjm())) and valid(without_heat(feeder()))


@pytest.mark.campaign
@pytest.mark.parametrize("name", [*bench_game.SMALL, *bench_game.LARGE])
def test_games_of_the_bench_are_valid(name: str) -> None:
    from gridpact.case.pairing import pairing_issues

    case, network = (bench_game.SMALL | bench_game.LARGE)[name]()
    assert valid(case) and valid(network)
    assert pairing_issues(case, network) == []
