"""A disk that is full at any write of a market: a clear message, nothing half-written, the same outcome afterwards."""

from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from gridpact.coordination.apart.conduct import conduct
from gridpact.coordination.kept.failpoints import armed
from gridpact.coordination.kept.journal import FULL, JournalError, read_journal
from gridpact.coordination.kept.transcript import verify_transcript
from tests.coordination.held_market import NAMES, PARTIES, algorithm, held, journal, market, opened, written
from tests.coordination.made_market import Pump

MARKET = market()


def writes() -> int:
    """In all journals of the market."""
    return len(NAMES) + sum(len(written(name)) for name in NAMES)


def tried(folder: Path) -> bytes:
    """All begin anew, or where their journals end; the signed outcome. Raises ``JournalError``."""
    with ExitStack() as stack:
        journals = {name: stack.enter_context(opened(folder, MARKET, name)) for name in NAMES}
        hub = MARKET.hub(journals["coordinator"])
        checks = {"check_outcome": lambda *_: None}
        audits = {name: {"audit": algorithm if name == "operator" else None} for name in PARTIES}
        seats = {name: MARKET.seat(name, journals[name], **checks, **audits[name]) for name in PARTIES}
        return conduct(Pump(hub, seats), algorithm).encode(MARKET.members)


def full_at(folder: Path, points: str) -> None:
    """A market whose disk is full at some writes: whoever meets it is started again."""
    said, signed = [], b""
    with armed(points):
        while not signed:
            try:
                signed = tried(folder)
            except JournalError as error:
                said.append(str(error))
                for name in NAMES:
                    if journal(folder, name).exists() and journal(folder, name).stat().st_size:
                        read_journal(journal(folder, name), MARKET.signers[name].public)
    assert len(said) == points.count("enospc")
    assert all(text.endswith(f"No space left on device. {FULL}") for text in said)
    assert signed == held()[1]
    for name in NAMES:
        assert all(found.passed for found in verify_transcript(journal(folder, name), MARKET.members, signed)), name
        assert journal(folder, name).read_bytes() == held()[0][name], "nothing is written twice or left out"


@pytest.mark.parametrize("point", ["journal.append.before", "journal.append.write"])
def test_a_disk_that_is_full_five_times(tmp_path: Path, point: str) -> None:
    arrivals = np.random.default_rng(11).choice(np.arange(1, writes()), 5, replace=False)
    full_at(tmp_path, ",".join(f"{point}=enospc@{arrival}" for arrival in sorted(arrivals.tolist())))


@pytest.mark.campaign
def test_a_disk_that_is_full_at_any_write(tmp_path: Path) -> None:
    assert writes() > 50
    for arrival in range(1, writes() + 1):
        (tmp_path / str(arrival)).mkdir()
        full_at(tmp_path / str(arrival), f"journal.append.write=enospc@{arrival}")
