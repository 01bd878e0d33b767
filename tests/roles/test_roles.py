"""Roles of a market over mutual TLS: the outcome is that of one process, to the last bit; who fails is named."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gridpact as gp
from gridpact.cli import main
from gridpact.coordination.folders import read_place
from gridpact.coordination.outcome import read_outcome
from gridpact.coordination.states import Aborted
from tests.roles.played import PARTIES, Played, begun, convened, in_process, played_with_kills


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = convened(tmp_path_factory.mktemp("market") / "m")
    played = Played(folder)
    assert {name: type(end) for name, end in played.ended.items()} == dict.fromkeys(("coordinator", *PARTIES), dict)
    return folder


def signed(folder: Path, name: str) -> bytes:
    place = read_place(folder / name)
    found = read_outcome((folder / name / "outcome.bin").read_bytes(), place.members)
    assert not found.outcome.fallback
    return found.outcome.document


def test_the_outcome_is_that_of_one_process_to_the_last_bit(market: Path) -> None:
    expected = in_process(market)
    for name in ("coordinator", *PARTIES):
        assert signed(market, name) == expected


def test_everybody_has_the_same_to_read(market: Path) -> None:
    """Payments sum to zero, and each has what all have."""
    known = [json.loads((market / name / "outcome.json").read_text()) for name in ("coordinator", *PARTIES)]
    assert all(one == known[0] for one in known)
    assert sum(known[0]["received_cents"].values()) == 0
    assert known[0]["deal"] and set(known[0]["received_cents"]) == {"a", "b", "grid"}


def test_a_role_begun_again_says_the_same(market: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All is over: a party reads it in its journal, and asks nobody."""
    assert main(["agent", str(market / "a"), "--address", "127.0.0.1:9", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["deal"]


def test_a_market_without_agreement_has_the_fallback_of_its_terms(tmp_path: Path) -> None:
    folder = convened(tmp_path / "m", rounds=1, fallback="no_deal")
    played = Played(folder)
    for end in played.ended.values():
        assert end["kind"] == "no_deal" and end["fallback"]
    other = Played(convened(tmp_path / "n", rounds=1))
    assert all(isinstance(end, Aborted) for end in other.ended.values())
    assert "No agreement after 1 rounds" in str(other.ended["a"])


def test_who_has_another_case_than_before_is_found_out(tmp_path: Path, market: Path) -> None:
    """After all is signed the case of a party is changed: the journal it goes on from was another one's."""
    folder = convened(tmp_path / "m")
    Played(folder)
    loads = folder / "a" / "case" / "loads.csv"
    loads.write_text(loads.read_text().replace("1.0", "1.5", 1))
    with pytest.raises(gp.GridPactError):
        gp.take_part_in_market(folder / "a", address="127.0.0.1:9", tell=lambda line: None)


@pytest.mark.parametrize(
    ("command", "place", "said"),
    [
        ("agent", "coordinator", "folder of the coordinator"),
        ("coordinator", "a", "folder of the microgrid 'a'"),
        ("agent", "nowhere", "no roster can be read"),
    ],
)
def test_a_folder_that_is_another_ones_is_refused(
    market: Path, command: str, place: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, str(market / place)]) == 2
    assert said in capsys.readouterr().err


def test_a_party_that_does_not_come_is_named(tmp_path: Path) -> None:
    """b never dials: after its patience the coordinator says who is missing."""
    folder = convened(tmp_path / "m")

    def nobody(address: str) -> dict[str, Any]:
        return {}

    played = Played(folder, 3.0, b=nobody)
    assert isinstance(played.ended["coordinator"], Aborted)
    assert "'b'" in str(played.ended["coordinator"])


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.mark.parametrize("victim", ["coordinator", "a"])
def test_a_killed_role_goes_on_where_it_was(tmp_path: Path, victim: str) -> None:
    killed(tmp_path, victim, 1)


@pytest.mark.campaign
@pytest.mark.parametrize("victim", ["coordinator", "a", "grid"])
@pytest.mark.parametrize("seed", range(2, 52))
def test_killed_at_any_moment(tmp_path: Path, victim: str, seed: int) -> None:
    killed(tmp_path, victim, seed)


def killed(tmp_path: Path, victim: str, seed: int) -> None:
    """Killed twice within its first seconds, by SIGKILL: what all sign is what is signed without kills."""
    folder = convened(tmp_path / "m", deadline_s=60.0)
    draw = np.random.default_rng(seed)
    ended = played_with_kills(folder, f"127.0.0.1:{free_port()}", victim, [draw.uniform(0.5, 4.0) for _ in range(2)])
    assert {name: code for name, (code, _, _) in ended.items()} == dict.fromkeys(("coordinator", *PARTIES), 0), ended
    assert len({signed(folder, name) for name in ("coordinator", *PARTIES)} | {in_process(folder)}) == 1


def test_there_is_no_market_of_one_hand(tmp_path: Path) -> None:
    with pytest.raises(gp.InputError, match="Choose atc or cf_admm"):
        convened(tmp_path / "m", method="central")
    with pytest.raises(gp.InputError, match="exists"):
        convened(tmp_path)


def test_a_stopped_role_says_so(tmp_path: Path) -> None:
    """Without a coordinator an agent waits as long as the terms say, then tells whom it did not reach."""
    folder = convened(tmp_path / "m", deadline_s=2.0)
    process = begun(folder, "a", f"127.0.0.1:{free_port()}")
    _, err = process.communicate(timeout=60.0)
    assert process.returncode == 5
    assert "Unreachable" in err and "Traceback" not in err
