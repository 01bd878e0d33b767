"""Lies about several leaders: costs shifted between them, gains hidden, rounds that were not played."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import gridpact as gp
from gridpact.certificates.game.judge import certify_game
from gridpact.results.record import Record
from tests.certificates.game import forge as f
from tests.certificates.spoil import check, failed, plus, with_table
from tests.game_cases import connection, feeder, pjm

Forge = Callable[[Record], Record]


@pytest.fixture(scope="module")
def leaders() -> Record:
    """Two feeders at two buses, ten and five of each, for two hours."""
    both = gp.join_cases({"a": feeder(), "b": feeder()}).steps_between(1, 3)
    ends = [
        connection(connection=f"c{name}", interface=f"{name}.grid", district=name, bus=at, feeders=count)
        for name, at, count in (("a", "4", 10.0), ("b", "2", 5.0))
    ]
    return gp.stackelberg(both, pjm(connections=ends).steps_between(1, 3), price_probes=0).record


def shifted(record: Record) -> Record:
    """What one leader pays told as the other's, costs, bounds and sums in order; the first stands for more feeders."""
    for column in ("cost", "best_response_bound"):
        record = f.with_cell(record, "leaders", 0, column, plus(10.0))
        record = f.with_cell(record, "leaders", 1, column, plus(-10.0))
    return record


def hidden_gain(record: Record) -> Record:
    """A gain of 5 in the bound, but not in the table's gain and in epsilon."""
    return f.with_cell(record, "leaders", 0, "best_response_bound", plus(-5.0))


def cheaper(record: Record) -> Record:
    """All costs and bounds lower by a thousandth, the summary with them."""
    table = record.tables["leaders"]
    lower = table.assign(cost=0.999 * table["cost"], best_response_bound=0.999 * table["best_response_bound"])
    return f.with_summary(with_table(record, "leaders", lower), leader_cost=0.999 * record.summary["leader_cost"])


def told(name: str, amount: float) -> Forge:
    return lambda record: f.with_summary(record, **{name: record.summary[name] + amount})


LIES: dict[str, Forge] = {
    "shifted": shifted,
    "cheaper": cheaper,
    "hidden gain": hidden_gain,
    "gain": lambda r: f.with_cell(r, "leaders", 1, "could_gain", plus(1.0)),
    "feeders": lambda r: f.with_cell(r, "leaders", 0, "feeders", plus(1.0)),
    "sum": told("leader_cost", 1.0),
    "bound": told("leader_lower_bound", 1.0),
    "gap": told("leader_gap", 1e-3),
    "epsilon": told("epsilon", 1.0),
    "how many": told("leaders", 1),
    "rounds": told("rounds_played", 1),
    "ties": told("tie_cost", 1.0),
    "settled": lambda r: f.with_cell(r, "turns", -1, "moved_mw", plus(1.0)),
}


def test_honest(leaders: Record) -> None:
    found = certify_game(leaders)
    assert failed(found) == set()
    assert found["verdict"] == leaders.certificate["verdict"] == "certified"
    assert leaders.summary["responses"] == "settled"
    assert abs(leaders.tables["leaders"]["cost"]).min() > 100.0


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_lie_is_seen(leaders: Record, lie: Forge) -> None:
    found = certify_game(lie(leaders))
    assert found["verdict"] == "failed"
    assert "leaders_add_up" in failed(found)


def test_a_gain_makes_the_verdict_approximate(leaders: Record) -> None:
    """A bound far below the cost, told as such everywhere: no lie, and no equilibrium."""
    table = leaders.tables["leaders"]
    gain = 0.01 * table["cost"].abs()
    told = table.assign(best_response_bound=table["cost"] - gain, could_gain=gain)
    share = float((gain / np.maximum(1.0, table["cost"].abs())).max())
    record = f.with_summary(
        with_table(leaders, "leaders", told),
        epsilon=float(gain.max()),
        leader_lower_bound=float((table["cost"] - gain).sum()),
        leader_gap=share,
    )
    found = certify_game(record)
    assert failed(found) == set()
    assert not check(found, "gap")["passed"] and check(found, "gap")["value"] == pytest.approx(0.01)
    assert found["verdict"] == "approximate"


MISSING: dict[str, Forge] = {
    "no leaders": lambda r: f.without(r, "leaders"),
    "a leader less": lambda r: f.with_table(r, "leaders", r.tables["leaders"].iloc[1:]),
    "other order": lambda r: f.with_table(r, "leaders", r.tables["leaders"].iloc[::-1]),
    "another name": lambda r: f.with_column(r, "leaders", "leader", lambda _: "a"),
    "no cost": lambda r: f.with_table(r, "leaders", r.tables["leaders"].drop(columns="cost")),
    "no number": lambda r: f.with_cell(r, "leaders", 0, "could_gain", lambda _: np.nan),
    "words": lambda r: f.with_column(r, "leaders", "feeders", lambda _: "ten"),
    "no turns": lambda r: f.without(r, "turns"),
    "empty turns": lambda r: f.with_table(r, "turns", r.tables["turns"].iloc[:0]),
    "turns without rounds": lambda r: f.with_table(r, "turns", r.tables["turns"].drop(columns="round")),
    "turns without leaders": lambda r: f.with_table(r, "turns", r.tables["turns"].drop(columns="leader")),
    "a turn without number": lambda r: f.with_cell(r, "turns", 0, "moved_mw", lambda _: np.inf),
    "no epsilon": lambda r: f.with_summary(r, epsilon=None),
    "epsilon is no number": lambda r: f.with_summary(r, epsilon=float("nan")),
    "no count": lambda r: f.with_summary(r, leaders="two"),
    "no rounds": lambda r: f.with_summary(r, rounds_played=None),
}


@pytest.mark.parametrize("lie", MISSING.values(), ids=MISSING)
def test_what_is_missing_is_missed(leaders: Record, lie: Forge) -> None:
    found = certify_game(lie(leaders))
    assert found["verdict"] == "failed"
    assert not check(found, "game complete")["passed"]
