"""Roles of a market over mutual TLS: the outcome is that of one process, to the last bit; who fails is named."""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gridpact as gp
from gridpact.case.owners import microgrid_parts
from gridpact.cli import main
from gridpact.coordination.apart.outcome import read_outcome
from gridpact.coordination.apart.states import Aborted
from gridpact.coordination.identity.folders import read_place, read_roster
from gridpact.coordination.identity.keys import new_signer
from gridpact.coordination.identity.members import read_members
from gridpact.coordination.identity.own_keys import sealing_key
from gridpact.coordination.kept.journal import CHECK, HEAD, Journal, scan
from gridpact.errors import Unreachable
from gridpact.examples.synthetic_microgrids import synthetic_microgrids
from gridpact.markets.trade.apart.declared import trade_limits
from gridpact.markets.trade.apart.desks import party_of
from gridpact.roles.desk import public_of
from tests.markets.trade.small import two_makers
from tests.roles.played import FEES, PARTIES, convened, free_port, in_process, played, played_with_kills, stopped


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = convened(tmp_path_factory.mktemp("market") / "m")
    play = played(folder)
    assert {name: type(end) for name, end in play.ended.items()} == dict.fromkeys(("coordinator", *PARTIES), dict)
    return folder


@pytest.fixture(scope="module")
def aborted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ended by the coordinator: no agreement in the only round."""
    folder = convened(tmp_path_factory.mktemp("aborted") / "m", rounds=1)
    play = played(folder)
    assert all(isinstance(end, Aborted) for end in play.ended.values())
    assert "No agreement after 1 rounds" in str(play.ended["a"])
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
    play = played(folder)
    for end in play.ended.values():
        assert end["kind"] == "no_deal" and end["fallback"]
    kept = [json.loads((folder / name / "outcome.json").read_text()) for name in PARTIES]
    assert kept == [play.ended["a"]] * 3 and kept[0]["agreed"] is False
    assert all(sound(folder / name) for name in ("coordinator", *PARTIES))


@pytest.mark.parametrize("listed", [True, False])
def test_who_has_another_case_than_it_signed_is_told_which_file(
    market: Path, tmp_path: Path, listed: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """After all is signed, or before; both digests are named, and where the list of files is gone, those of all."""
    folder = Path(shutil.copytree(market / "a", tmp_path / "a"))
    shorten(folder / "journal", 3)
    loads = folder / "case" / "loads.csv"
    before, after = loads.read_bytes(), loads.read_bytes().replace(b"1.0", b"1.5", 1)
    loads.write_bytes(after)
    (folder / "case" / "notes.csv").write_text("mine\n")
    if not listed:
        (folder / "inputs.sha256").unlink()
    assert main(["agent", str(folder)]) == 2
    told = capsys.readouterr().err
    if listed:
        assert f"{loads}: this is not the file that was signed for this market: its SHA-256 is {digest(after)}" in told
        assert f"and {digest(before)} was signed. Put it back as it was, and begin again." in told
        assert f"{folder / 'case' / 'notes.csv'}: this file is new" in told
    else:
        assert f"{folder / 'case'}: these files are not those that were signed: their digest is" in told
    loads.write_bytes(before)
    (folder / "case" / "notes.csv").unlink()
    with pytest.raises(Unreachable):
        gp.take_part_in_market(folder, address=f"127.0.0.1:{free_port()}", join_s=0.2, tell=lambda line: None)


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_who_has_another_roster_than_the_coordinator_is_told_so_and_may_come_again(tmp_path: Path) -> None:
    folder = convened(tmp_path / "m")
    roster = folder / "a" / "roster.json"
    before = roster.read_bytes()
    roster.write_bytes(before.replace(b'"strikes":3', b'"strikes":4'))

    def twice(address: str) -> Any:
        with pytest.raises(gp.InputError) as refused:
            gp.take_part_in_market(folder / "a", address=address, tell=lambda line: None)
        said = f"{roster}: this is not the coordinator's roster: its SHA-256 is {digest(roster.read_bytes())}"
        assert said in str(refused.value) and f"and {digest(before)} is the coordinator's" in str(refused.value)
        roster.write_bytes(before)
        return gp.take_part_in_market(folder / "a", address=address, tell=lambda line: None)

    play = played(folder, a=twice)
    assert {name: type(end) for name, end in play.ended.items()} == dict.fromkeys(("coordinator", *PARTIES), dict)


@pytest.mark.parametrize("name", ["coordinator", "a"])
def test_a_roster_that_was_changed_after_joining_is_named(
    market: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(shutil.copytree(market / name, tmp_path / name))
    roster = folder / "roster.json"
    roster.write_bytes(roster.read_bytes().replace(b'"strikes":3', b'"strikes":4'))
    assert main(["coordinator" if name == "coordinator" else "agent", str(folder)]) == 2
    told = capsys.readouterr().err
    assert f"{roster}: this is not the roster under which `journal` was begun: its SHA-256 is" in told
    assert f"and it was {digest((market / 'roster.json').read_bytes())}. Put that one back." in told


WRONG = [None, True, "x", -1, 0.5, 10**400, float("nan"), [], {}, [None], ["x"], [[[]]]]


def test_a_roster_with_anything_in_it_is_a_mistake_and_no_crash(market: Path) -> None:
    """Every entry of every table replaced, left out, and doubled; of every list the first and the last."""
    known = json.loads((market / "roster.json").read_bytes())
    share, signer = gp.read_case(market / "a" / "case"), read_place(market / "a").signer
    count = 0
    for changed in spoilt(known):
        try:
            members = read_members(json.dumps(changed, sort_keys=True, separators=(",", ":")).encode())
            public = public_of(members, market / "roster.json")
            trade_limits(members.terms, public)
            keys = {one.name: one.sealing for one in members.parties}
            party_of("a", share, public, sealing_key(signer), keys)
        except gp.InputError:
            count += 1
    assert count > 900


def spoilt(known: Any) -> Iterator[Any]:
    ends = sorted({0, len(known) - 1}) if isinstance(known, list) and known else []
    for place in list(known) if isinstance(known, dict) else ends:
        rest = {**known} if isinstance(known, dict) else [*known]
        del rest[place]
        yield rest
        values = [*WRONG, [known[place]], *spoilt(known[place])]
        yield from (
            {**known, place: one} if isinstance(known, dict) else exchanged(known, place, one) for one in values
        )
    if isinstance(known, dict):
        yield {**known, "more": 1}
    if isinstance(known, list) and known:
        yield [*known, known[-1]]


def exchanged(row: list[Any], place: int, value: Any) -> list[Any]:
    return [*row[:place], value, *row[place + 1 :]]


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


def test_a_party_that_does_not_come_is_named_and_waited_for_again(tmp_path: Path) -> None:
    """b never dials: after its patience the coordinator says who is missing. Begun again, it just waits again."""
    folder = convened(tmp_path / "m")
    told: list[str] = []
    with pytest.raises(
        Unreachable, match=r"Not joined within 0\.3 s: 'grid', 'a', 'b'\. .* begin the coordinator again"
    ):
        gp.coordinate_market(folder / "coordinator", address="127.0.0.1:0", join_s=0.3, tell=told.append)
    assert not any("ABORTED" in line for line in told)
    play = played(folder)
    assert {type(end) for end in play.ended.values()} == {dict}


def test_who_comes_after_the_end_is_told_how_it_ended(aborted: Path, tmp_path: Path) -> None:
    """They were off when the market was ended; the coordinator is begun again for them, and ends when all know."""
    folder = Path(shutil.copytree(aborted, tmp_path / "m"))
    for name in PARTIES:
        shorten(folder / name / "journal", 3)
    with pytest.raises(Unreachable, match=r"--linger 600`, begun again, tells all who call"):
        gp.take_part_in_market(folder / "a", address=f"127.0.0.1:{free_port()}", join_s=0.2, tell=lambda line: None)
    play = played(folder, linger_s=60.0)
    assert len({str(end) for end in play.ended.values()}) == 1
    assert "No agreement after 1 rounds" in str(play.ended["a"])
    assert any("the market is over; who calls within 60 s is told how it ended" in line for line in play.lines)


def test_own_keys_and_new_certificates_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """b made its own keys; a market after this one has all keys, and new certificates. It is played to its end."""
    own, case, old, new = (str(tmp_path / name) for name in ("own", "case", "old", "new"))
    gp.write_case(two_makers(network_operator=[FEES]), case)
    assert main(["market", "key", own]) == 0
    public = capsys.readouterr().out.splitlines()[0].removeprefix("public key ")
    assert main(["market", "init", case, old, "--run", "one", "--key", f"b={own}/public.json"]) == 0
    assert main(["market", "init", case, new, "--run", "two", "--earlier", old, "--deadline", "60", "--json"]) == 0
    members = read_roster(tmp_path / "new" / "roster.json")
    assert [one.key for one in members.members if one.name == "b"] == [public]
    assert main(["agent", str(tmp_path / "new" / "b")]) == 2
    assert "Who made keys of its own" in capsys.readouterr().err
    for name in ("sign.key", "tls.key"):
        shutil.copy(tmp_path / "own" / name, tmp_path / "new" / "b" / name)
    play = played(tmp_path / "new")
    assert {name: type(end) for name, end in play.ended.items()} == dict.fromkeys(("coordinator", *PARTIES), dict)
    assert main(["market", "init", case, f"{new}er", "--key", "b"]) == 2
    assert "Write --key NAME=FILE" in capsys.readouterr().err


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
    ended = played_with_kills(folder, victim, [draw.uniform(0.5, 4.0) for _ in range(2)])
    assert all(isinstance(end, dict) and end["deal"] for end in ended.values()), ended
    assert len({signed(folder, name) for name in ("coordinator", *PARTIES)} | {in_process(folder)}) == 1


def test_there_is_no_market_of_one_hand(tmp_path: Path) -> None:
    with pytest.raises(gp.InputError, match="Choose atc or cf_admm"):
        convened(tmp_path / "m", method="central")
    with pytest.raises(gp.InputError, match="exists"):
        convened(tmp_path)


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), 1e300, -1.0])
def test_times_are_times(tmp_path: Path, seconds: float) -> None:
    with pytest.raises(gp.InputError):
        convened(tmp_path / "m", deadline_s=seconds)
    with pytest.raises(gp.InputError, match="join_s"):
        gp.coordinate_market(tmp_path, join_s=seconds)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["market", "init", "three-microgrids", "DIR", "--deadline", "0"], "--deadline 0.0 is not possible"),
        (["market", "init", "three-microgrids", "DIR", "--tolerance", "1"], "--tolerance 1.0 is not possible"),
        (["coordinator", "DIR", "--wait", "-1"], "--wait -1.0 is not possible"),
        (["coordinator", "DIR", "--linger", "nan"], "--linger nan is not possible"),
        (["agent", "DIR", "--wait", "inf"], "--wait inf is not possible"),
    ],
)
def test_an_option_is_called_by_its_name(
    tmp_path: Path, options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "m") if one == "DIR" else one for one in options]) == 2
    told = capsys.readouterr().err
    assert said in told and "roster.json" not in told


def test_an_outcome_that_could_not_travel_is_not_begun(tmp_path: Path) -> None:
    """Two microgrids and 4,000 steps: 160 bytes each are 1.28 MB, and a message has at most 1 MiB."""
    with pytest.raises(gp.InputError, match="too large an outcome"):
        gp.convene_market(two_makers(network_operator=[FEES], steps=4000), tmp_path / "m")


def test_a_stopped_role_says_so(market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a coordinator an agent waits as long as it is told to, then tells whom it did not reach."""
    folder = Path(shutil.copytree(market / "a", tmp_path / "a"))
    (folder / "journal").unlink()
    assert main(["agent", str(folder), "--address", f"127.0.0.1:{free_port()}", "--wait", "0.5"]) == 5
    err = capsys.readouterr().err
    assert "while parties join it is waited for 0.5 s. Begin the coordinator, or name its address" in err
    assert "a: OPEN, 1 calls, Nobody answers at" in err


def test_everybody_can_verify_what_it_has(market: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("coordinator", *PARTIES):
        assert main(["verify", str(market / name)]) == 0
        out = capsys.readouterr().out
        assert "verdict: sound" in out
        assert ("repeated" in out) == (name == "coordinator")


@pytest.mark.parametrize("name", ["coordinator", "grid", "b"])
def test_an_honest_end_without_a_result_is_no_failure(
    aborted: Path, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(aborted / name)]) == 5
    out = capsys.readouterr().out
    assert "FAILED" not in out and "verdict: no result: what there is is sound; the market was ended by" in out
    folder = Path(shutil.copytree(aborted / name, tmp_path / name))
    data = bytearray((folder / "journal").read_bytes())
    data[len(data) // 2] ^= 1
    (folder / "journal").write_bytes(data)
    assert main(["verify", str(folder)]) == 4
    assert "verdict: failed" in capsys.readouterr().out


def test_a_market_that_still_runs_has_no_result_yet(
    market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(shutil.copytree(market / "a", tmp_path / "a"))
    (folder / "outcome.bin").unlink()
    assert main(["verify", str(folder)]) == 4
    assert "begin the role again, which writes it" in capsys.readouterr().out
    shorten(folder / "journal", 8)
    assert main(["verify", str(folder)]) == 4
    assert "an outcome that nobody has signed" in capsys.readouterr().out
    (folder / "outcome.json").unlink()
    assert main(["verify", str(folder), "--json"]) == 5
    told = json.loads(capsys.readouterr().out)
    assert told["verdict"] == "no result"
    assert {one["name"] for one in told["checks"] if one["absent"]} == {"outcome", "signatures"}
    assert "there is none yet: the last state is ITERATING" in [one["where"] for one in told["checks"]]


def shorten(journal: Path, count: int) -> None:
    """Leave so many records of a journal."""
    size = sum(len(one.kind) + len(one.payload) + HEAD.size + CHECK.size + 96 for one in scan(journal).records[:count])
    journal.write_bytes(journal.read_bytes()[:size])


@pytest.mark.parametrize("name", ["coordinator", "grid", "b"])
@pytest.mark.parametrize("file", ["journal", "outcome.bin", "outcome.json", "roster.json"])
def test_a_flipped_bit_is_found(market: Path, tmp_path: Path, name: str, file: str) -> None:
    """In the middle of each file that the verification reads; keys and certificates it does not need."""
    flipped(market, tmp_path, name, file, 0.5)


@pytest.mark.campaign
@pytest.mark.parametrize("name", ["coordinator", "grid", "b"])
@pytest.mark.parametrize("file", ["journal", "outcome.bin", "outcome.json", "roster.json"])
def test_flipped_bits_are_found(market: Path, tmp_path: Path, name: str, file: str) -> None:
    for number, part in enumerate(np.random.default_rng(3).random(85)):
        flipped(market, tmp_path / str(number), name, file, float(part))


def flipped(market: Path, aside: Path, name: str, file: str, part: float) -> None:
    shutil.copytree(market / name, aside / name)
    before = (aside / name / file).read_bytes()
    data = bytearray(before)
    data[int(part * len(data))] ^= 1 << int(part * 8e6) % 8
    (aside / name / file).write_bytes(data)
    assert not sound(aside / name) or (file == "outcome.json" and says_the_same(before, bytes(data)))


def says_the_same(one: bytes, other: bytes) -> bool:
    """Whether two files hold the same, to the last bit of every number: 1e-05 is 1E-05."""
    return repr(json.loads(one)) == repr(json.loads(other))


def sound(folder: Path) -> bool:
    """Whether everything passes; a file that cannot even be read does not."""
    try:
        return all(one["passed"] for one in gp.verify_market(folder))
    except (gp.InputError, gp.ArchiveError):
        return False


def test_the_ledger_has_what_left_a_party_and_nothing_else(market: Path) -> None:
    rows = gp.market_ledger(market / "a")
    assert {row["sender"] for row in rows} == {"a"}
    quantities = {row["quantity"] for row in rows}
    assert {"exchange", "regret", "receipt", "masked_benefit", "least_cents"} <= quantities
    assert {row["recipient"] for row in rows} <= {"coordinator", "grid"}
    assert not quantities & {"cost", "load", "demand"}
    every = gp.market_ledger(market / "a", received=True)
    assert [row for row in every if row["sender"] == "a"] == rows and len(every) > len(rows)
    assert {row["sender"] for row in gp.market_ledger(market / "coordinator")} == {"coordinator"}
    assert {row["sender"] for row in gp.market_ledger(market / "coordinator", received=True)} == {
        "coordinator",
        *PARTIES,
    }


def test_the_ledger_is_of_what_its_writer_has_signed(
    market: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The journal written anew, whole in itself, by somebody else; and that of another market."""
    folder = Path(shutil.copytree(market / "a", tmp_path / "a"))
    records, path = scan(folder / "journal").records, folder / "journal"
    path.unlink()
    with Journal.open(path, new_signer(), records[0].payload) as forged:
        for record in records[1:]:
            forged.append(record.kind, record.payload)
    assert main(["ledger", str(folder)]) == 4
    assert "its signature is not that of the writer" in capsys.readouterr().err
    convened(tmp_path / "m")
    shutil.copy(tmp_path / "m" / "roster.json", folder / "roster.json")
    assert main(["ledger", str(folder)]) == 4
    assert "is the journal of no member of" in capsys.readouterr().err


def test_a_folder_in_which_nothing_was_done_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = convened(tmp_path / "m")
    assert main(["verify", str(folder / "a")]) == 4
    assert main(["ledger", str(folder / "a")]) == 4
    assert "nothing has been done in it yet" in capsys.readouterr().err


def test_secrets_stay_where_they_are(tmp_path: Path) -> None:
    """Loads, yields and costs of a day of two microgrids, in their bits and as text: in nothing that others have."""
    case = synthetic_microgrids(2, 5)
    folder = tmp_path / "m"
    gp.convene_market(case, folder, deadline_s=30.0)
    names = read_roster(folder / "roster.json").parties
    play = played(folder, parties=tuple(one.name for one in names))
    secrets = secrets_of(case)
    assert len(secrets) >= 50
    kept = [path for path in folder.rglob("*") if path.is_file() and path.parent.name != "case"]
    told = "\n".join(play.lines).encode()
    for data in (*(path.read_bytes() for path in kept), told):
        assert not [value for value in secrets if struct.pack("<d", value) in data or repr(value).encode() in data]


def secrets_of(case: gp.Case) -> list[float]:
    """Numbers of the microgrids' devices that no two have by chance."""
    parts = microgrid_parts(case)
    names = ("generators", "loads", "renewables", "storages")
    found = [one.tables[name].select_dtypes("number").to_numpy().ravel() for one in parts for name in names]
    found += [one.profiles.to_numpy().ravel() for one in parts]
    numbers = np.concatenate(found)
    return sorted({value for value in numbers[np.isfinite(numbers)].tolist() if value != round(value, 3)})


@pytest.mark.parametrize("count", [1, pytest.param(20, marks=pytest.mark.campaign)])
def test_a_party_that_stands_still_is_named_within_a_second_of_the_deadline(
    market: Path, tmp_path: Path, count: int
) -> None:
    """Stopped by SIGSTOP with more and more of the rounds behind it, by how much of its journal is written."""
    whole = (market / "a" / "journal").stat().st_size
    for number, part in enumerate(np.linspace(0.2, 0.9, count)):
        ended, late = stopped_in_time(tmp_path / str(number), "a", part * whole)
        assert "'a'" in ended and "no answer within the deadline" in ended
        assert late <= 3.0 + 1.0


def stopped_in_time(path: Path, victim: str, size: float) -> tuple[str, float]:
    """As ``stopped``, in a market anew where the rounds were over before the signal came."""
    for attempt in range(20):
        found = stopped(convened(path / str(attempt), deadline_s=3.0), victim, size)
        if found is not None:
            return found
    raise AssertionError("all rounds were over too soon")


def test_the_coordinator_loads_no_tables_and_no_solvers() -> None:
    """It coordinates a hundred parties in little memory: what it has are numbers and messages."""
    told = (
        "import sys, gridpact.roles.coordinate; print(*({'pandas', 'clarabel', 'cvxpy', 'pyarrow'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""
