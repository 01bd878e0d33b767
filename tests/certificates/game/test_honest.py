"""Honest games of many kinds: none is accused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gridpact as gp
from gridpact.case.case import Case
from gridpact.certificates.game.judge import certify_game
from gridpact.cli import main
from gridpact.errors import InfeasibleError
from gridpact.io.archive import write_run
from tests.certificates.game.forge import with_summary
from tests.certificates.spoil import check, failed
from tests.districts import bus, interface, line, load, random_feeder
from tests.game_cases import connection, feeder, pjm, quadratic

BIG_M: dict[str, Any] = {"method": "kkt", "complementarity": "big_m", "designs": False}
# The largest slack of the transmission market is a unit's 459 MW above its least power of zero.
TOO_SMALL = 450.0


def sunny() -> Case:
    """A district with more sun than demand at noon: it exports."""
    pv = {"renewable": "pv", "bus": "5", "kind": "pv", "p_mw": 3.5, "sn_mva": 4.0}
    return feeder(renewables=[pv], profiles={"renewables/pv/p_mw": [0.0, 3.6, 4.5, 1.0]})


def ramped() -> Case:
    """Two dear units of the transmission market that follow slowly: its hours are tied."""
    market = pjm()
    slow = [np.nan, np.nan, 20.0, 15.0, np.nan]
    ramps = {"ramp_up_mw_per_h": slow, "ramp_down_mw_per_h": slow}
    return market.with_table("generators", market.tables["generators"].assign(**ramps))


def of_two_networks() -> Case:
    """A district of two networks with an interface each."""
    north = {"interface": "north", "bus": "6", "vm_pu": 1.0, "price_per_mwh": 50.0}
    south = interface(max_import_mw=5.0, max_export_mw=5.0)
    return feeder(
        buses=[bus(str(k)) for k in range(1, 8)],
        lines=[line(f"{k}-{k + 1}", str(k), str(k + 1), 0.3, 0.3, max_i_ka=0.4) for k in (1, 2, 3, 4, 6)],
        interfaces=[south, {**north, "max_import_mw": 2.0, "max_export_mw": 2.0}],
        loads=[load("2", 0.8, 0.2), load("3", 1.0, 0.3), load("4", 0.5, 0.1), load("5", 0.7, 0.2), load("7", 1.0, 0.2)],
    )


def two_connections() -> Case:
    """Both at the same market, in every hour."""
    return pjm(connections=[connection(), connection(connection="north", bus="2", interface="north")])


GAMES: dict[str, tuple[Callable[[], Case], Callable[[], Case], dict[str, Any]]] = {
    "quadratic offers": (feeder, lambda: pjm(**quadratic()), {"scan": 3}),
    "export": (sunny, pjm, {"scan": 3}),
    "pessimistic": (feeder, pjm, {"tie_breaking": "pessimistic"}),
    "kkt": (feeder, pjm, {"method": "kkt", "designs": False}),
    "proven big-M": (feeder, pjm, BIG_M),
    "forecast": (feeder, lambda: pjm(connections=[connection(forecast_mw=50.0)]), {}),
    "certify": (feeder, pjm, {"exactness": "certify", "designs": False}),
}


@pytest.mark.parametrize("name", GAMES)
def test_honest_game_is_certified(name: str) -> None:
    district, market, settings = GAMES[name]
    certificate = gp.stackelberg(district(), market(), **settings).record.certificate
    assert failed(certificate) == set()
    assert certificate["verdict"] == "certified"


def test_relaxation_is_approximate() -> None:
    certificate = gp.stackelberg(feeder(), pjm(), exactness="off", designs=False).record.certificate
    assert failed(certificate) == set()
    assert certificate["verdict"] == "approximate"


def test_export_is_paid_the_price_of_its_step() -> None:
    """The leader sells at noon, and where it stands on an edge it is the upper price that is better for it."""
    table = gp.stackelberg(sunny(), pjm(), designs=False).record.tables["equilibrium"]
    assert table["boundary_mw"].min() < -10.0


def test_pessimist_has_no_money_in_ties() -> None:
    summary = gp.stackelberg(feeder(), pjm(), tie_breaking="pessimistic", designs=False).record.summary
    assert abs(float(summary["tie_cost"])) < 1e-6


def test_primal_dual_is_not_accused() -> None:
    """Its step may be another than the best: then the gap says so, and the result is approximate."""
    certificate = gp.stackelberg(feeder(), pjm(), method="primal_dual", designs=False).record.certificate
    assert failed(certificate) == set()


def random_game(seed: int, **more: Any) -> gp.Run:
    """A random feeder behind a random bus, for a random number of feeders."""
    random = np.random.default_rng(seed)
    at = connection(feeders=float(random.choice([10.0, 30.0, 80.0])), bus=str(random.integers(1, 6)))
    ties = "pessimistic" if seed % 3 == 1 else "optimistic"
    district, market = random_feeder(seed, steps=4), pjm(connections=[at], **more)
    return gp.stackelberg(district, market, tie_breaking=ties, designs=seed % 2 == 0, price_probes=0)


# Seed 0: the last step ends where the market's last reserve does.
@pytest.mark.parametrize(
    "seed", [pytest.param(seed, marks=pytest.mark.campaign if seed else ()) for seed in range(40) if seed % 4 < 3]
)
def test_random_games(seed: int) -> None:
    assert failed(random_game(seed).record.certificate) == set()


def test_random_game_with_rising_prices() -> None:
    assert failed(random_game(11, **quadratic()).record.certificate) == set()


@pytest.mark.campaign
def test_ramps() -> None:
    """Tied hours have no price steps; kkt serves them."""
    run = gp.stackelberg(feeder(), ramped(), designs=False, time_limit=60.0)
    assert "price_steps" not in run.record.tables
    assert failed(run.record.certificate) == set()


def test_two_connections_at_one_hour() -> None:
    run = gp.stackelberg(of_two_networks(), two_connections(), time_limit=60.0)
    assert failed(run.record.certificate) == set()


def test_small_big_m_is_caught(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A bound below the slack of the true answer: the run says failed, also if it hides the share of the bound."""
    record = gp.stackelberg(feeder(), pjm(), **BIG_M, big_m=TOO_SMALL).record
    assert record.certificate["verdict"] == "failed"
    assert not check(record.certificate, "bounds_untouched")["passed"]
    forged = certify_game(with_summary(record, slack_share=0.5, multiplier_share=0.5))
    assert not check(forged, "bounds_untouched")["passed"]
    write_run(record, tmp_path / "run")
    assert main(["verify", str(tmp_path / "run")]) == 4
    assert "FAILED" in capsys.readouterr().out


def test_tiny_big_m_leaves_no_answer() -> None:
    """The bound is smaller than slacks that every answer has."""
    with pytest.raises(InfeasibleError):
        gp.stackelberg(feeder(), pjm(), **BIG_M, big_m=1.0)
