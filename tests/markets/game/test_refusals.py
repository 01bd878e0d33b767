"""What cannot be played is refused in words that say what to change, and with the exit code of its kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gridpact as gp
from gridpact.case.case import Case
from gridpact.cli import main
from gridpact.errors import GridPactError, InfeasibleError, InputError
from gridpact.markets.game.carried import answer_to
from gridpact.results.record import Record
from tests.districts import interface
from tests.markets.game.small import gas, hub, one_bus, played
from tests.markets.game.test_methods import ramped, shared

BLOCKS = ((5.0, 10.0), (10.0, 50.0))


def district(**more: Any) -> Case:
    return one_bus(6.0, **({"generators": gas(30.0, 2.0)} | more))


def market(**more: Any) -> Case:
    return hub(BLOCKS, [0.0], **more)


def unit(**more: Any) -> dict[str, Any]:
    return {"generator": "g", "bus": "hub", "max_p_mw": 20.0, "cost_per_mwh": 5.0, "slack": True, **more}


def refused(case: Case, transmission: Case, **settings: Any) -> GridPactError:
    with pytest.raises(GridPactError) as raised:
        gp.stackelberg(case, transmission, **({"designs": False, "price_probes": 0} | settings))
    return raised.value


def tied(**more: Any) -> dict[str, Any]:
    return {"connections": [{"connection": "c", "bus": "hub", "interface": "grid", **more}]}


SETTINGS: list[tuple[dict[str, Any], str]] = [
    ({"method": "simplex"}, "auto, price_steps, kkt, primal_dual"),
    ({"method": ["kkt"]}, "Choose one of"),
    ({"tie_breaking": "fair"}, "optimistic, pessimistic"),
    ({"complementarity": "indicator"}, "sos1, big_m"),
    ({"gap": -1.0}, "from 0 to 1"),
    ({"gap": float("nan")}, "from 0 to 1"),
    ({"time_limit": 0.0}, "from 0.001"),
    ({"segments": 1.5}, "whole number from 1 to 64"),
    ({"scan": -1}, "whole number from 0 to 1000"),
    ({"designs": "maybe"}, "True, False"),
    ({"big_m": 5.0}, 'complementarity = "big_m"'),
]


@pytest.mark.parametrize(("settings", "words"), SETTINGS)
def test_settings(settings: dict[str, Any], words: str) -> None:
    error = refused(district(), market(), **settings)
    assert isinstance(error, InputError)
    assert next(iter(settings)) in str(error)
    assert words in str(error)


CASES: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "no connections": ({}, {"connections": []}, "connections.csv"),
    "unknown interface": ({}, tied(interface="grd"), "Did you mean 'grid'"),
    "integers of the follower": (
        {},
        {"generators": [unit(committable=True, min_p_mw=1.0)]},
        "Set committable to false",
    ),
    "integers of the leader": (
        {"generators": [{**gas(30.0, 2.0)[0], "committable": True, "min_p_mw": 0.5}]},
        {},
        "Set committable to false for the game",
    ),
    "capacitors in steps": (
        {"capacitors": [{"capacitor": "cap", "bus": "1", "q_mvar": 1.0, "steps": 3}]},
        {},
        "Leave steps empty for the game",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_cases(name: str) -> None:
    ours, theirs, words = CASES[name]
    with pytest.raises(InputError) as raised:
        gp.stackelberg(district(**ours), market(**theirs), designs=False)
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"generators": [unit(cost_per_mw2h=-1.0)]}, "cost_per_mw2h must be at least 0"),
        ({"generators": [{k: v for k, v in unit().items() if k != "max_p_mw"}]}, "max_p_mw"),
        ({"feeders": 0.0}, "feeders must be greater than 0"),
        (tied(bus="hu"), "Did you mean 'hub'"),
    ],
)
def test_markets_that_are_no_cases(more: dict[str, Any], words: str) -> None:
    """A cost that falls, units without a limit: no case at all, so that no follower is unbounded or not convex."""
    with pytest.raises(InputError, match=words):
        market(**more)


def test_other_clock() -> None:
    error = refused(district(), hub(BLOCKS, [0.0, 0.0]))
    assert "another steps than the district" in str(error)
    assert "Give both cases the same" in str(error)


@pytest.mark.parametrize("cases", [ramped, shared])
def test_price_steps_where_powers_are_tied(cases: Any) -> None:
    error = refused(*cases(), method="price_steps")
    assert "Choose auto or kkt" in str(error)


def test_market_that_cannot_serve_the_district() -> None:
    """The hub has 15 MW and the district needs 18 at least."""
    error = refused(one_bus(20.0, generators=gas(30.0, 2.0)), market())
    assert isinstance(error, InfeasibleError)


def test_market_that_cannot_serve_the_district_in_words() -> None:
    error = str(refused(one_bus(20.0, generators=gas(30.0, 2.0)), market()))
    assert "15 MW" in error
    assert "follower" not in error


@pytest.mark.parametrize(
    ("forecast", "words"),
    [(4.0, "At the announced price, an import of 18"), (40.0, "By the forecast on which the price is announced, an")],
)
def test_import_without_coordination_that_the_market_cannot_carry(forecast: float, words: str) -> None:
    """On a forecast of 4 MW the price is 10, at which the district wants all its 18 MW from the hub's 15."""
    foreseen = tied(feeders=1.0, forecast_mw=forecast)
    run = gp.stackelberg(one_bus(18.0, generators=gas(30.0, 20.0)), market(**foreseen), price_probes=0)
    first = run.table("designs").iloc[0]
    assert first["design"] == "uncoordinated"
    assert words in first["status"]
    assert "connection 'c' at 20" in first["status"] and "can carry 0 to 15 MW" in first["status"]
    assert "forecast_mw" in first["status"] and "max_import_mw" in first["status"]
    assert run.summary["leader_cost"] == pytest.approx(440.0, abs=1e-2), "5 MW at 10 and 13 of its own at 30"


def test_import_that_tied_powers_cannot_carry() -> None:
    """Powers that ramps or a shared market tie have no range of their own to tell."""
    case, network = shared()
    play = played(case, network)
    far = np.full(play.transmission.columns.shape, 1e4)
    far[-1, 0] = 2e4
    with pytest.raises(InfeasibleError, match=r"an import of 20000 MW is wanted at .* and what is wanted elsewhere"):
        answer_to(play, far, "At the announced price")


def test_district_that_draws_all_there_is() -> None:
    """The hub's 15 MW at 10 and 50 and one of its own at 300: nothing forbids that."""
    run = gp.stackelberg(one_bus(16.0, generators=gas(300.0, 2.0)), market(), designs=False, price_probes=0)
    assert run.record.summary["leader_cost"] == pytest.approx(1050.0, abs=1e-2)


def test_district_that_has_no_dispatch() -> None:
    """It needs 4 from the hub and its interface takes 2: the change that would do is told."""
    error = refused(district(interfaces=[interface(max_import_mw=2.0)]), market())
    assert isinstance(error, InfeasibleError)
    assert "interfaces/max_import_mw of 'grid': +2 MW" in str(error)


def test_load_at_the_root_needs_no_line() -> None:
    """A district without lines and plants is not told that its loads are given in kW."""
    error = refused(one_bus(6.0, interfaces=[interface(max_import_mw=2.0)]), market())
    assert isinstance(error, InfeasibleError)
    assert "kW" not in str(error)


def test_small_big_m_is_caught() -> None:
    """Multipliers of 30 at most cut off buying at 50: what is left is dearer, and the judges see the bound touched."""
    case = one_bus(6.0, generators=gas(300.0, 2.0))
    asked = {"designs": False, "price_probes": 0, "method": "kkt", "complementarity": "big_m"}
    short: Record = gp.stackelberg(case, market(), big_m=30.0, **asked).record
    assert short.certificate["verdict"] == "failed"
    assert "bounds_untouched" in [one["name"] for one in short.certificate["checks"] if not one["passed"]]
    proven: Record = gp.stackelberg(case, market(), **asked).record
    assert proven.certificate["verdict"] == "certified"
    assert proven.summary["leader_cost"] == pytest.approx(300.0, abs=1e-3)


def test_too_small_big_m_is_named() -> None:
    error = refused(district(), market(), method="kkt", complementarity="big_m", big_m=1e-3)
    assert "big_m = 0.001 may cut off" in str(error)


def study(folder: Path, case: Case, transmission: Case, *lines: str) -> str:
    gp.write_case(case, folder / "case")
    gp.write_case(transmission, folder / "transmission")
    text = ['question = "stackelberg"', 'case = "case"', 'transmission = "transmission"', *lines]
    (folder / "study.toml").write_text("\n".join(text) + "\n", encoding="utf-8")
    return str(folder / "study.toml")


COMMANDS: dict[str, tuple[Any, tuple[str, ...], int, str]] = {
    "setting": (lambda: (district(), market()), ("[settings]", "gap = 2.0"), 2, "from 0 to 1"),
    "ramps": (ramped, ("[settings]", 'method = "price_steps"'), 2, "Choose auto or kkt"),
    "committable": (
        lambda: (district(), market(generators=[unit(committable=True, min_p_mw=1.0)])),
        (),
        2,
        "Set committable to false",
    ),
    "infeasible": (
        lambda: (district(interfaces=[interface(max_import_mw=2.0)]), market()),
        (),
        3,
        "interfaces/max_import_mw of 'grid': +2 MW",
    ),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_command_line(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cases, lines, code, words = COMMANDS[name]
    path = study(tmp_path, *cases(), *lines)
    assert main(["run", path, "--out", str(tmp_path / "run")]) == code
    told = capsys.readouterr()
    assert words in told.err + told.out
    assert "Traceback" not in told.err + told.out
