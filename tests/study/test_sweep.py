"""A sweep is the games of its factors one by one; what cannot be played is said in its row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import gridpact as gp
from gridpact.case.case import Case
from gridpact.sweep import PARAMETERS, Task, played, sweep_stackelberg
from tests.districts import interface
from tests.markets.game.small import gas, hub, one_bus

BLOCKS = ((5.0, 10.0), (10.0, 50.0), (20.0, 90.0))
QUICK: dict[str, Any] = {"price_probes": 0}


def district() -> Case:
    """6 MW of demand, 2 MW at 30 of its own: it buys 5 at 10 and makes 1, or all where own power is short."""
    return one_bus(6.0, generators=gas(30.0, 2.0), interfaces=[interface(max_import_mw=10.0, max_export_mw=0.0)])


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return sweep_stackelberg(district(), hub(BLOCKS), "dg_capacity", [1.0, 0.25, 2.0], **QUICK)


def test_rows_come_in_the_order_of_the_factors(table: pd.DataFrame) -> None:
    """5 x 10 + 30; with 0.5 MW of its own it buys 5.5 at 50 (or 6 at 50, as dear as 30 is cheaper: 275 + 15)."""
    assert table["factor"].tolist() == [1.0, 0.25, 2.0]
    assert table["status"].tolist() == ["certified"] * 3
    assert table["stackelberg/leader_cost"].to_numpy() == pytest.approx([80.0, 290.0, 80.0], abs=1e-4)
    assert table["method"].tolist() == ["price_steps"] * 3


def test_rows_are_single_runs(table: pd.DataFrame) -> None:
    for row, factor in enumerate(table["factor"]):
        own = gp.stackelberg(
            one_bus(
                6.0,
                generators=gas(30.0, 2.0 * factor),
                interfaces=[interface(max_import_mw=10.0, max_export_mw=0.0)],
            ),
            hub(BLOCKS),
            **QUICK,
        )
        for name in ("leader_gap", "tie_cost", "gain_to_leader", "gain_to_all"):
            assert table[name][row] == pytest.approx(own.summary[name], abs=1e-9)
        for _, design in own.table("designs").iterrows():
            for figure in ("leader_cost", "transmission_cost", "lmp_mean_per_mwh", "import_mwh"):
                assert table[f"{design['design']}/{figure}"][row] == pytest.approx(design[figure], nan_ok=True)
        claims = own.table("claims")
        for claim, than, holds in zip(claims["claim"], claims["than"], claims["holds"], strict=True):
            assert table[f"{claim}, than {than}"][row] == holds


def test_a_factor_without_a_dispatch_is_said_and_the_others_are_played() -> None:
    """At a tenth of the limit 1 MW comes in and 2 are made: 3 MW of 6 are short."""
    told = sweep_stackelberg(district(), hub(BLOCKS), "interface_limit", [1.0, 0.1, 0.5], **QUICK)
    assert told["factor"].tolist() == [1.0, 0.1, 0.5]
    assert told["status"].tolist()[::2] == ["certified", "certified"]
    assert told["status"][1].startswith("No dispatch") or "infeasible" in told["status"][1].lower(), told["status"][1]
    assert "\n" not in told["status"][1]
    assert np.isnan(told["stackelberg/leader_cost"][1])
    assert told["stackelberg/leader_cost"].to_numpy()[::2] == pytest.approx([80.0, 80.0], abs=1e-4)


def test_size_of_the_district() -> None:
    """Of four feeders each takes 5/4 of the cheap block at most: 4 MW are bought at 50 for want of own power."""
    told = sweep_stackelberg(district(), hub(BLOCKS), "district_size", [1.0, 2.0], designs=False, **QUICK)
    assert told["status"].tolist() == ["certified", "certified"]
    assert "stackelberg/leader_cost" not in told
    played_twice = played(Task(district(), hub(BLOCKS, feeders=2.0), {"designs": False, **QUICK}))
    assert told["tie_cost"][1] == pytest.approx(played_twice["tie_cost"], abs=1e-9)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"parameter": "fuel"}, "dg_capacity, chp_capacity, interface_limit, fuel_price, district_size"),
    ({"parameter": None}, "parameter = None is not possible"),
    ({"factors": []}, "there are no factors"),
    ({"factors": [1.0, 0.0]}, "the factor 0.0 is not possible"),
    ({"factors": [-1.0]}, "the factor -1.0"),
    ({"factors": [float("nan")]}, "the factor nan"),
    ({"factors": [float("inf")]}, "the factor inf"),
    ({"factors": [True]}, "the factor True"),
    ({"factors": ["2"]}, "the factor '2'"),
    ({"workers": 0}, "workers = 0 is not possible"),
    ({"workers": 1.5}, "whole number from 1 to 1000"),
    ({"method": "simplex"}, "auto, price_steps, kkt, primal_dual"),
]


@pytest.mark.parametrize(("arguments", "words"), WRONG)
def test_wrong_arguments(arguments: dict[str, Any], words: str) -> None:
    given = {"parameter": "dg_capacity", "factors": [1.0], **QUICK, **arguments}
    with pytest.raises(gp.InputError, match=words.replace("(", r"\(")):
        sweep_stackelberg(district(), hub(BLOCKS), **given)


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(gp.InputError) as raised:
        sweep_stackelberg(district(), hub(BLOCKS), "fuel", [0.0], workers=0)
    assert len(raised.value.issues) == 3


def test_a_path_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(gp.GridPactError):
        sweep_stackelberg(tmp_path / "none", hub(BLOCKS), "dg_capacity", [1.0])


def test_factors_of_numpy_and_generators_of_factors() -> None:
    told = sweep_stackelberg(district(), hub(BLOCKS), "dg_capacity", np.array([1.0]), designs=False, **QUICK)
    again = sweep_stackelberg(district(), hub(BLOCKS), "dg_capacity", (k for k in [1]), designs=False, **QUICK)
    assert told["factor"].tolist() == again["factor"].tolist() == [1.0]


def test_progress_is_told_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    sweep_stackelberg(district(), hub(BLOCKS), "dg_capacity", [1.0, 2.0], progress=True, designs=False, **QUICK)
    told = capsys.readouterr()
    assert told.out == "" and told.err.splitlines()[-1] == "games: 2 of 2"
    sweep_stackelberg(district(), hub(BLOCKS), "dg_capacity", [1.0], designs=False, **QUICK)
    assert capsys.readouterr().err == ""


def test_parameters_are_those_that_are_told() -> None:
    assert sweep_stackelberg.__doc__ is not None
    assert all(f'"{name}"' in sweep_stackelberg.__doc__ for name in PARAMETERS)


def test_several_leaders_are_swept() -> None:
    """A game without designs and without one gap of a search has a row as well."""
    both = gp.join_cases({"a": district(), "b": district()})
    ends = [
        {"connection": name, "bus": "hub", "interface": f"{name}.grid", "feeders": 1.0, "district": name}
        for name in "ab"
    ]
    told = sweep_stackelberg(both, hub(BLOCKS, connections=ends), "district_size", [1.0, 0.5], **QUICK)
    assert told["method"].tolist() == ["best_responses"] * 2
    assert set(told["status"]) <= {"certified", "approximate"}


@pytest.mark.campaign
def test_two_workers_say_what_one_says(table: pd.DataFrame) -> None:
    told = sweep_stackelberg(district(), hub(BLOCKS), "dg_capacity", [1.0, 0.25, 2.0], workers=2, **QUICK)
    pd.testing.assert_frame_equal(told.drop(columns="search_seconds"), table.drop(columns="search_seconds"))
