"""The journal: what was acknowledged is there, what was changed is noticed, a full disk leaves it as it was."""

import itertools
import os
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from gridpact.coordination.identity.keys import signer_of
from gridpact.coordination.kept import journal as module
from gridpact.coordination.kept.failpoints import VARIABLE, armed
from gridpact.coordination.kept.journal import (
    AROUND,
    MOST_PAYLOAD,
    MOST_RECORD,
    Journal,
    JournalError,
    MemoryLog,
    read_journal,
    scan,
)
from tests.coordination.kept.journal_writer import payload

SEED = bytes(range(32))
WRITER = signer_of(SEED)
GENESIS = b"digest of the roster, coordinator"
SAID = [("state", b"OPEN"), ("answer", b"\x00\x01\x02 four"), ("state", b"")]
WRITES = Path(__file__).with_name("journal_writer.py")


def written(path: Path) -> bytes:
    """A journal of four records, and its bytes."""
    with Journal.open(path, WRITER, GENESIS) as journal:
        for kind, content in SAID:
            journal.append(kind, content)
    return path.read_bytes()


def ends(data: bytes, path: Path) -> list[int]:
    """Where each record of a journal ends, by the layout: what is around kind and payload is always as long."""
    path.write_bytes(data)
    sizes = [AROUND + len(record.kind) + len(record.payload) for record in scan(path).records]
    return np.cumsum(sizes).tolist()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "coordinator.journal"


def test_what_is_written_is_read_with_the_public_key_alone(path: Path) -> None:
    written(path)
    records = read_journal(path, WRITER.public)
    assert [(record.kind, record.payload) for record in records] == [("genesis", GENESIS), *SAID]
    assert [record.number for record in records] == [0, 1, 2, 3]


def test_it_goes_on_where_it_ended(path: Path) -> None:
    written(path)
    with Journal.open(path, WRITER, GENESIS) as journal:
        assert journal.cut == 0
        assert len(journal.records) == 4
        journal.append("abort", b"because", durable=True)
        assert journal.records[-1].hash == journal.hash
    assert [record.kind for record in read_journal(path, WRITER.public)][-2:] == ["state", "abort"]


def test_a_longer_history_has_the_same_beginning(path: Path, tmp_path: Path) -> None:
    """Same records, same bytes: the signature of Ed25519 is deterministic."""
    other = tmp_path / "other"
    data = written(path)
    with Journal.open(other, WRITER, GENESIS):
        pass
    assert data.startswith(other.read_bytes())


def test_only_its_owner_can_read_it(path: Path) -> None:
    path.touch(0o644)
    written(path)
    assert {stat.S_IMODE(found.stat().st_mode) for found in path.parent.iterdir()} == {0o600}


def test_any_flipped_bit_is_noticed_and_the_record_named(path: Path) -> None:
    """Every byte of every record, the last one included, of which no length must make a torn one."""
    data = written(path)
    last = ends(data, path)
    for place in range(len(data)):
        damaged = bytearray(data)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        number = int(np.searchsorted(last, place, side="right"))
        with pytest.raises(JournalError, match=rf"record {number}: "):
            read_journal(path, WRITER.public)
        with pytest.raises(JournalError, match=rf"record {number}: .*take a copy"):
            Journal.open(path, WRITER, GENESIS)
        assert path.read_bytes() == damaged, "what is damaged stays as evidence"


def test_every_bit_of_the_lengths_of_the_last_record_is_safe(path: Path) -> None:
    data = written(path)
    start = ends(data, path)[-2]
    for bit in range(8 * (module.HEAD.size + module.CHECK.size)):
        damaged = bytearray(data)
        damaged[start + bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        with pytest.raises(JournalError, match="record 3: "):
            Journal.open(path, WRITER, GENESIS)


def test_cut_off_anywhere_it_goes_on_from_the_last_whole_record(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda handle: None)  # several hundred times, and not what this is about
    data = written(path)
    last = [0, *ends(data, path)]
    for size in range(len(data) + 1):
        path.write_bytes(data[:size])
        whole = int(np.searchsorted(last, size, side="right")) - 1
        torn = size - last[whole]
        if torn:
            with pytest.raises(JournalError, match=rf"record {whole} is torn: {torn} bytes"):
                read_journal(path, WRITER.public)
        with Journal.open(path, WRITER, GENESIS) as journal:
            assert journal.cut == torn
            for kind, content in SAID[max(whole - 1, 0) :]:
                journal.append(kind, content)
        assert path.read_bytes() == data


def test_a_file_that_is_no_journal_is_left_alone(path: Path) -> None:
    for text in (b"x", b"GPx", b"GPj1\x01", b"a letter to a friend, longer than a head"):
        path.write_bytes(text)
        with pytest.raises(JournalError, match="record 0: "):
            Journal.open(path, WRITER, GENESIS)
        assert path.read_bytes() == text
    with pytest.raises(JournalError, match="cannot be opened: Is a directory"):
        Journal.open(path.parent, WRITER, GENESIS)
    with pytest.raises(JournalError, match="cannot be read: No such file"):
        read_journal(path.parent / "nothing", WRITER.public)


def test_records_cannot_be_dropped_doubled_or_moved(path: Path) -> None:
    data = written(path)
    bounds = [0, *ends(data, path)]
    one, two, three, four = (data[start:end] for start, end in itertools.pairwise(bounds))
    for forged in (one + three + four, one + two + two + three, one + three + two + four, two + three):
        path.write_bytes(forged)
        with pytest.raises(JournalError, match=r"its number is \d: records are missing or have changed places"):
            read_journal(path, WRITER.public)


def test_another_key_another_run_and_another_writer_are_refused(path: Path) -> None:
    data = written(path)
    stranger = signer_of(bytes(32))
    with pytest.raises(JournalError, match="record 0: its signature is not that of the writer"):
        read_journal(path, stranger.public)
    with pytest.raises(JournalError, match="record 0: its signature"):
        Journal.open(path, stranger, GENESIS)
    path.write_bytes(data[:-1])
    with pytest.raises(JournalError, match="journal of another run or party"):
        Journal.open(path, WRITER, b"another run")
    assert path.read_bytes() == data[:-1], "nothing is cut off what is not ours"


def test_a_forger_without_the_key_cannot_append(path: Path, tmp_path: Path) -> None:
    written(path)
    forger, own = signer_of(bytes(32)), tmp_path / "forged"
    with Journal.open(own, forger, GENESIS) as journal:
        for kind, content in SAID:
            journal.append(kind, content)
        size = own.stat().st_size
        journal.append("outcome", b"everything to me")
    path.write_bytes(path.read_bytes() + own.read_bytes()[size:])
    with pytest.raises(JournalError, match="record 4: its signature"):
        read_journal(path, WRITER.public)


def test_sizes_are_limited_when_writing_and_before_anything_is_read(path: Path) -> None:
    with Journal.open(path, WRITER, GENESIS) as journal:
        before = path.read_bytes()
        with pytest.raises(JournalError, match=f"at most {MOST_PAYLOAD} bytes"):
            journal.append("answer", bytes(MOST_PAYLOAD + 1))
        for kind in ("", "a" * 33, "é", "line\n"):
            with pytest.raises(JournalError, match="printable ASCII"):
                journal.append(kind, b"")
        assert path.read_bytes() == before
        journal.append("k" * 32, bytes(MOST_PAYLOAD))
    assert path.stat().st_size - len(before) == MOST_RECORD
    assert len(read_journal(path, WRITER.public)[1].payload) == MOST_PAYLOAD
    path.write_bytes(before + forged_head(1, 4, 2**32 - 1))
    with pytest.raises(JournalError, match=f"record 1: it would be longer than {MOST_RECORD} bytes"):
        read_journal(path, WRITER.public)


def forged_head(number: int, kinds: int, payloads: int) -> bytes:
    head = module.HEAD.pack(module.MAGIC, number, kinds, payloads)
    return head + module.CHECK.pack(module.zlib.crc32(head))


def test_one_process_writes_it(path: Path) -> None:
    mine = f"is being written by the process {os.getpid()}"
    with Journal.open(path, WRITER, GENESIS), pytest.raises(JournalError, match=mine):
        Journal.open(path, WRITER, GENESIS)
    with Journal.open(path, WRITER, GENESIS) as journal:
        journal.append("state", b"OPEN")


def test_another_process_is_named_and_its_death_frees_the_journal(path: Path) -> None:
    process = writing(path)
    assert process.stdout is not None
    process.stdout.readline()
    with pytest.raises(JournalError, match=f"is being written by the process {process.pid}"):
        Journal.open(path, WRITER, b"run")
    process.kill()
    process.communicate()
    Journal.open(path, WRITER, b"run").close()


def test_a_closed_journal_takes_nothing(path: Path) -> None:
    journal = Journal.open(path, WRITER, GENESIS)
    journal.close()
    with pytest.raises(JournalError, match="is closed"):
        journal.append("state", b"OPEN")


def test_what_changed_behind_its_back_is_not_read(path: Path) -> None:
    with Journal.open(path, WRITER, GENESIS) as journal:
        before = path.read_bytes()
        journal.append("state", b"OPEN")
        path.write_bytes(before)
        with pytest.raises(JournalError, match="is not what was written to it"):
            _ = journal.records


@pytest.mark.parametrize("point", ["journal.append.write", "journal.append.sync"])
def test_a_full_disk_leaves_it_as_it_was(path: Path, point: str) -> None:
    data = written(path)
    with Journal.open(path, WRITER, GENESIS) as journal:
        with armed(f"{point}=enospc@1"), pytest.raises(JournalError, match="No space left on device"):
            journal.append("answer", bytes(3000), durable=True)
        assert path.read_bytes() == data
        if point == "journal.append.sync":  # what the disk has is unknown: only reading it again tells
            with pytest.raises(JournalError, match=r"could not be made to last.*Open it again"):
                journal.append("answer", b"")
        else:
            journal.append("answer", bytes(3000), durable=True)
            assert len(journal.records) == 5
    Journal.open(path, WRITER, GENESIS).close()


@pytest.mark.parametrize("point", ["journal.create", "journal.append.before", "journal.append.write"])
def test_a_disk_that_was_full_from_the_beginning(path: Path, point: str) -> None:
    with armed(f"{point}=enospc"), pytest.raises(JournalError, match=r"No space left on device\. Make room"):
        Journal.open(path, WRITER, GENESIS)
    assert path.read_bytes() == b""
    with Journal.open(path, WRITER, GENESIS) as journal:
        assert [record.kind for record in journal.records] == ["genesis"]


def test_a_torn_end_that_cannot_be_cut_off_stays(path: Path) -> None:
    data = written(path)[:-1]
    path.write_bytes(data)
    with armed("journal.cut=enospc"), pytest.raises(JournalError, match="cannot be cut off: No space"):
        Journal.open(path, WRITER, GENESIS)
    assert path.read_bytes() == data


@contextmanager
def room(size: int) -> Iterator[None]:
    """No file may grow beyond a size: the operating system takes what fits, then refuses, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def filled(path: Path, times: int, seed: int) -> None:
    """Append until nothing more fits, again and again with somewhat more room."""
    random, size = np.random.default_rng(seed), 0
    with Journal.open(path, WRITER, GENESIS) as journal:
        for _ in range(times):
            size = path.stat().st_size + int(random.integers(1, 20_000))
            said: list[str] = []
            with room(size):
                while not said:
                    before, last = path.read_bytes(), journal.hash
                    try:
                        journal.append("answer", bytes(int(random.integers(3000))), durable=bool(random.integers(2)))
                    except JournalError as error:
                        said.append(str(error))
            assert said == [f"{path} cannot be written: File too large. {module.FULL}"]
            assert (path.read_bytes(), journal.hash) == (before, last)
            assert len(before) <= size
            journal.append("state", b"there is room again")
        assert [record.kind for record in journal.records].count("state") == times
    assert len(read_journal(path, WRITER.public)) > times


def test_a_disk_that_is_really_full_leaves_nothing_half_written(path: Path) -> None:
    filled(path, 3, seed=0)


@pytest.mark.campaign
def test_fifty_full_disks_leave_nothing_half_written(path: Path) -> None:
    filled(path, 50, seed=1)


def test_a_journal_that_cannot_even_be_cut_back_takes_nothing_more(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(handle: int, size: int) -> None:
        raise OSError(5, "Input/output error")

    data = written(path)
    with Journal.open(path, WRITER, GENESIS) as journal, monkeypatch.context() as patch:
        patch.setattr(os, "ftruncate", broken)
        with armed("journal.append.write=enospc"), pytest.raises(JournalError):
            journal.append("answer", bytes(3000))
        with pytest.raises(JournalError, match=r"ends in a torn record.*Open it again"):
            journal.append("answer", b"")
    with Journal.open(path, WRITER, GENESIS) as journal:
        assert journal.cut > 1000
    assert path.read_bytes() == data


def test_an_interruption_leaves_nothing_half_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = written(path)
    write = os.write

    def interrupted(handle: int, content: bytes) -> int:
        write(handle, content[:50])
        raise KeyboardInterrupt

    with Journal.open(path, WRITER, GENESIS) as journal:
        monkeypatch.setattr(os, "write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            journal.append("answer", bytes(3000))
        assert path.read_bytes() == data


def test_writes_in_pieces_arrive_whole(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operating system may take less than it is given."""
    write = os.write
    with Journal.open(path, WRITER, GENESIS) as journal, monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda handle, content: write(handle, content[:7]))
        journal.append("answer", b"a long story")
    assert read_journal(path, WRITER.public)[1].payload == b"a long story"


def test_one_in_memory_has_the_same_hashes(path: Path) -> None:
    written(path)
    log = MemoryLog()
    for kind, content in [("genesis", GENESIS), *SAID]:
        log.append(kind, content)
    assert [record.hash for record in log.records] == [record.hash for record in read_journal(path, WRITER.public)]


def writing(path: Path, durable: int = 0, failing: str = "") -> "subprocess.Popen[str]":
    command = [sys.executable, str(WRITES), str(path), SEED.hex(), str(durable)]
    environment = {**os.environ, VARIABLE: failing}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def acknowledged(output: str) -> int:
    """The last record that was said to be written; a number whose line was torn was not said."""
    lines = [line for line in output.splitlines(keepends=True) if line.endswith("\n")]
    return int(lines[-1].split()[1]) - 1 if lines[-1].startswith("open") else int(lines[-1])


def holds(path: Path, last: int) -> None:
    """Every record that was acknowledged is there, chained and signed; at most one more, which was being written."""
    found = scan(path, WRITER.public)
    assert [record.payload for record in found.records[1:]] == [payload(n) for n in range(1, len(found.records))]
    assert last < len(found.records) <= last + 2


def killed_at_random(path: Path, times: int, seed: int) -> int:
    """Kill a writer again and again, each going on where the last one ended; returns how many tails were torn."""
    moments, torn = np.random.default_rng(seed), 0
    for _ in range(times):
        process = writing(path, durable=3 * int(moments.integers(2)))
        assert process.stdout is not None
        first = process.stdout.readline()
        torn += int(first.split()[2]) > 0
        seen = [first, *(process.stdout.readline() for _ in range(moments.integers(1, 400)))]
        process.kill()
        seen.append(process.stdout.read())
        _, said = process.communicate()
        assert process.returncode == -signal.SIGKILL, said
        holds(path, acknowledged("".join(seen)))
    return torn


def test_killed_at_a_random_moment_nothing_acknowledged_is_lost(path: Path) -> None:
    killed_at_random(path, 5, seed=1)
    assert len(read_journal_after_cut(path)) > 5


@pytest.mark.campaign
def test_killed_a_hundred_times_nothing_acknowledged_is_lost(path: Path) -> None:
    for batch in range(5):
        killed_at_random(path.with_name(f"journal-{batch}"), 20, seed=batch)


def read_journal_after_cut(path: Path) -> list[module.Record]:
    with Journal.open(path, WRITER, b"run") as journal:
        return journal.records


@pytest.mark.parametrize(
    ("failing", "found"),
    [
        ("journal.create=kill", 0),
        ("journal.append.before=kill@4", 3),
        ("journal.append.write=torn@4", 3),
        ("journal.append.sync=kill@2", 4),
        ("journal.append.after=kill@4", 4),
        ("journal.append.write=torn@1", 0),
    ],
)
def test_killed_at_every_write(path: Path, failing: str, found: int) -> None:
    """The fourth record is number 3, which is the first one after the genesis that is made to last."""
    process = writing(path, durable=3, failing=failing)
    output, said = process.communicate()
    assert process.returncode == -signal.SIGKILL, said
    records = scan(path, WRITER.public)
    assert len(records.records) == found
    assert (records.torn > 0) == ("torn" in failing)
    assert acknowledged(output or "open 0\n") < max(found, 1)
    assert len(read_journal_after_cut(path)) == max(found, 1)


def test_killed_before_the_torn_end_is_cut_it_is_cut_the_next_time(path: Path) -> None:
    writing(path, failing="journal.append.write=torn@4").communicate()
    torn = path.read_bytes()
    writing(path, failing="journal.cut=kill").communicate()
    assert path.read_bytes() == torn
    assert len(read_journal_after_cut(path)) == 3
    assert path.read_bytes() == torn[: scan(path).end]
