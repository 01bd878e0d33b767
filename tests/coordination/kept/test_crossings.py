"""What left whom: counted by hand, equal to what an in-process ledger counts, the same in all journals."""

from dataclasses import replace
from pathlib import Path

import pytest

from gridpact.coordination.apart.records import ASKED, Asked
from gridpact.coordination.kept.crossings import ledger_rows
from gridpact.coordination.kept.journal import GENESIS, MemoryLog, Record, read_journal
from gridpact.coordination.message import Message
from gridpact.coordination.transport import InProcess
from tests.coordination.held_market import NAMES, PARTIES, ROUNDS, algorithm, hold, journal, market, records
from tests.coordination.made_market import SIZE

MEMBERS = market().members
Row = dict[str, str | int]


def rows(name: str) -> list[Row]:
    return ledger_rows(records(name), MEMBERS)


def between(found: list[Row], sender: str, recipient: str) -> dict[tuple[str | int, str | int], tuple[str | int, ...]]:
    """(kind, quantity) -> (unit, messages, numbers, bytes)"""
    return {
        (row["kind"], row["quantity"]): (row["unit"], row["messages"], row["numbers"], row["bytes"])
        for row in found
        if (row["sender"], row["recipient"]) == (sender, recipient)
    }


def test_what_left_a_microgrid_is_counted_by_hand() -> None:
    """Two quantities in each of three rounds, 8 bytes each; digests of 32 bytes, a signature of 64."""
    sent = between(rows("mg1"), "mg1", "coordinator")
    assert sent == {
        ("answer", "exchange"): ("p.u.", ROUNDS, ROUNDS * SIZE, 8 * ROUNDS * SIZE),
        ("join", "digests of inputs and roster"): ("bytes", 1, 0, 64),
        ("sign", "digest and signature"): ("bytes", 1, 0, 96),
    }
    passed_on = between(rows("mg1"), "mg1", "operator")
    assert passed_on == {key: value for key, value in sent.items() if key[0] != "sign"}


def test_nothing_of_the_operator_is_passed_on_and_nothing_goes_between_microgrids() -> None:
    pairs = {(row["sender"], row["recipient"]) for row in rows("coordinator")}
    to_and_fro = {pair for name in PARTIES for pair in ((name, "coordinator"), ("coordinator", name))}
    assert pairs == to_and_fro | {("mg1", "operator"), ("mg2", "operator")}


def test_messages_are_those_of_the_same_market_in_one_process() -> None:
    transport = InProcess(market().party(name) for name in PARTIES)
    algorithm(transport)
    direct = [row for row in rows("coordinator") if row["unit"] != "bytes" and "coordinator" in row.values()]
    assert direct == transport.ledger.rows()


@pytest.mark.parametrize("name", PARTIES)
def test_a_partys_journal_shows_what_the_coordinators_shows_of_it(name: str) -> None:
    own, whole = rows(name), rows("coordinator")
    done = [row for row in own if row["kind"] == "done"]
    assert [(row["messages"], row["quantity"]) for row in done] == [(1, "document and signatures")]
    assert [row for row in own if row not in done] == [
        row for row in whole if name in (row["sender"], row["recipient"])
    ]


def test_reasons_and_fallbacks_are_counted(tmp_path: Path) -> None:
    hold(tmp_path, market(), disagreeing="mg2")
    reason = "It does not agree with the outcome: not with me"
    for name in ("coordinator", "mg2"):
        found = ledger_rows(of_file(tmp_path, name), MEMBERS)
        assert between(found, "mg2", "coordinator")["abort", "reason"] == ("bytes", 1, 0, len(reason))
    known = market("other", fallback="no_deal")
    (tmp_path / "other").mkdir()
    hold(tmp_path / "other", known, fallback=True)
    for name in ("coordinator", "mg2"):
        found = ledger_rows(of_file(tmp_path / "other", name), known.members)
        assert between(found, "coordinator", "mg2")["fallback", "document"] == ("bytes", 1, 0, len(b"no deal"))


def test_an_empty_message_crosses_as_well() -> None:
    log = MemoryLog()
    log.append(GENESIS, b"")
    log.append(ASKED, Asked(0, 0, (Message("day", 0, "coordinator", "mg1", "share_masks").encode(),)).encode())
    (row,) = ledger_rows(log.records, MEMBERS)
    assert list(row.values()) == ["coordinator", "mg1", "share_masks", "", "", 1, 0, 0]


def of_file(folder: Path, name: str) -> list[Record]:
    return read_journal(journal(folder, name), market().signers[name].public)


def test_every_kind_of_record_with_contents_is_read() -> None:
    """A journal without a record shows less, unless the record holds nothing that travels."""
    silent = {"state"}
    for name in NAMES:
        whole = rows(name)
        for place, record in enumerate(records(name)):
            rest = [*records(name)[:place], *records(name)[place + 1 :]]
            assert (ledger_rows(rest, MEMBERS) == whole) == (record.kind in silent), replace(record, payload=b"")
