"""A trade that has no dispatch says whose program it is, or that it is all together, and by how much what gives way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gridpact.case.case import Case
from gridpact.cli import main
from gridpact.errors import InfeasibleError, NotConverged
from gridpact.io.folder import write_case
from gridpact.markets.trade.infeasible import diagnosed
from gridpact.markets.trade.market import trade_market
from tests.districts import bus, interface, line, load
from tests.markets.trade.small import METHODS, sent, trade, two_makers

GIVEN = {"disagreement": "given", "disagreement_cost": 0.0}
PARTY = [{"operator": "net", "role": "party", "disagreement_cost": 0.0}]


def too_much_load(**own: Any) -> Case:
    """a needs 4 MW, makes up to 3 and may buy 0.5."""
    return two_makers(loads=[load("2", 4.0), load("3", 1.0)], microgrids=[{**GIVEN, **own, "max_buy_mw": 0.5}, GIVEN])


def thin_line() -> Case:
    """The operator's own load of 2 MW at bus 4 hangs on a line that carries 0.06 kA at 10 kV: 1.04 MW."""
    return two_makers(
        buses=[bus(str(k + 1)) for k in range(4)],
        lines=[line("to-a", "1", "2", 0.4, 0.0), line("to-b", "1", "3", 0.6, 0.0),
               line("thin", "1", "4", 0.0, 0.1, max_i_ka=0.06)],
        loads=[load("2", 1.0), load("3", 1.0), load("4", 2.0)],
        microgrids=[GIVEN, GIVEN],
        network_operator=PARTY,
    )  # fmt: skip


def not_together() -> Case:
    """b needs 7 MW and makes up to 3, a has 2 to spare: lines carry what is missing, the interface gives 0.5."""
    grid = interface(max_import_mw=0.5, max_export_mw=9.0, sell_ratio=1.0)
    return two_makers(
        loads=[load("2", 1.0), load("3", 7.0)], microgrids=[GIVEN] * 2, interfaces=[grid], network_operator=PARTY
    )


def failure(case: Case, method: str) -> InfeasibleError:
    with pytest.raises(InfeasibleError) as caught:
        trade(case, method)
    return caught.value


def named(error: InfeasibleError) -> list[tuple[str, str, float]]:
    return [(row["constraint"], row["component"], round(row["relax_by"], 4)) for row in error.diagnosis]


@pytest.mark.parametrize("method", METHODS)
def test_a_microgrid_that_cannot_serve_its_load_is_named(method: str) -> None:
    """4 MW less 3 of its own less 0.5 bought."""
    error = failure(too_much_load(), method)
    assert str(error).startswith("Microgrid 'a' has no dispatch of its own")
    assert "microgrids/max_buy_mw of 'a': +0.5 MW" in str(error)
    assert named(error) == [("microgrids/max_buy_mw", "a", 0.5)]


def test_a_microgrid_is_named_before_its_fallback() -> None:
    """Its tariff cannot be carried out either, but another fallback would not help."""
    tariff = {"disagreement": "tariff", "tariff_buy_per_mwh": 80.0, "tariff_sell_per_mwh": 30.0}
    error = failure(too_much_load(**tariff, disagreement_cost=None), "atc")
    assert str(error).startswith("Microgrid 'a' has no dispatch of its own")


@pytest.mark.parametrize("method", METHODS)
def test_a_network_that_cannot_serve_its_own_load_is_named(method: str) -> None:
    """A line without losses whose reactance needs reactive power: i = 2 MW / (sqrt 3 x vm x 10 kV) at least."""
    error = failure(thin_line(), method)
    assert str(error).startswith("The network of 'net' has no dispatch, whatever the microgrids exchange.")
    (constraint, component, by), *more = named(error)
    assert (constraint, component, more) == ("lines/max_i_ka", "thin", [])
    assert by == pytest.approx(2.0 / (3.0**0.5 * 10.0) - 0.06, abs=1e-3)


@pytest.mark.parametrize("method", METHODS)
def test_parties_that_have_a_dispatch_each_but_none_together(method: str) -> None:
    """Bus 1 has what a can send of its 2 MW and half a MW; b takes 4 MW and the losses of its line."""
    error = failure(not_together(), method)
    assert "no exchange suits all of them" in str(error)
    missing = sent(0.6, -4.0) + sent(0.4, 2.0) - 0.5
    assert named(error) == [("interfaces/max_import_mw", "grid", round(missing, 4))]


def test_the_hour_in_which_a_microgrid_is_shut_off_gives_way() -> None:
    """b, behind a, lacks 0.9 MW and losses, of which the grid gives 0.5; in the first hour a may not trade.

    Power from a has the shorter way, so that less of it is missing than of power from the grid.
    """
    case = two_makers(
        profiles={f"microgrids/a/max_{way}_mw": [0.0, 3.0] for way in ("buy", "sell")},
        steps=2,
        lines=[line("to-a", "1", "2", 0.4, 0.0), line("to-b", "2", "3", 0.6, 0.0)],
        interfaces=[interface(max_import_mw=0.5, max_export_mw=9.0, sell_ratio=1.0)],
        loads=[load("2", 1.0), load("3", 3.9)],
        microgrids=[{**GIVEN, "max_buy_mw": 1.0, "max_sell_mw": 1.0}, GIVEN],
        network_operator=PARTY,
    )
    error = failure(case, "central")
    (constraint, component, by), *more = named(error)
    assert (constraint, component, more) == ("microgrids/max_sell_mw", "a", [])
    assert by == pytest.approx(sent(0.6, -0.9) - (0.5 - 0.004 * 0.5**2), abs=1e-3)
    assert error.diagnosis[0]["snapshot"] == case.snapshots[0]


def test_who_has_a_dispatch_keeps_the_error() -> None:
    error = NotConverged("No agreement after 3 rounds")
    assert diagnosed(trade_market(two_makers()), error) is error


def test_the_command_line_exits_with_the_diagnosis(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_case(too_much_load(), tmp_path / "case")
    (tmp_path / "study.toml").write_text('question = "trade"\ncase = "case"\n')
    assert main(["run", str(tmp_path / "study.toml"), "--json"]) == 3
    told = json.loads(capsys.readouterr().out)
    assert told["error"] == "InfeasibleError"
    assert [row["constraint"] for row in told["diagnosis"]] == ["microgrids/max_buy_mw"]
