"""A bit that flips in a stored file is noticed, or changes nothing: journals, roster, signed outcome."""

from pathlib import Path

import numpy as np
import pytest

from gridpact.coordination.apart.outcome import read_outcome
from gridpact.coordination.identity.members import read_members
from gridpact.coordination.kept.journal import Journal, JournalError
from gridpact.coordination.kept.transcript import genesis_of, verify_transcript
from gridpact.errors import InputError
from tests.coordination.held_market import NAMES, held, journal, market

MARKET = market()
ROSTER, OUTCOME = "roster.json", "outcome"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """All that is stored of a market that went well."""
    journals, signed = held()
    for name in NAMES:
        journal(tmp_path, name).write_bytes(journals[name])
    (tmp_path / OUTCOME).write_bytes(signed)
    (tmp_path / ROSTER).write_bytes(MARKET.members.encode())
    return tmp_path


def verified(folder: Path) -> bytes | None:
    """The document that the files of a folder agree on, None where something is wrong with them."""
    signed = (folder / OUTCOME).read_bytes()
    try:
        members = read_members((folder / ROSTER).read_bytes())
    except InputError:
        return None
    found = [finding for name in NAMES for finding in verify_transcript(journal(folder, name), members, signed)]
    return read_outcome(signed, members).outcome.document if all(finding.passed for finding in found) else None


def refuses(path: Path) -> bool:
    """Whether nobody goes on from a journal."""
    try:
        Journal.open(path, MARKET.signers[path.stem], genesis_of(MARKET.members, path.stem)).close()
    except JournalError:
        return True
    return False


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place // 8] ^= 1 << place % 8
    path.write_bytes(data)


def flips(folder: Path, times: int, seed: int) -> None:
    random, document = np.random.default_rng(seed), verified(folder)
    assert document is not None
    files = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    sizes = [8 * path.stat().st_size for path in files]
    for _ in range(times):
        chosen = int(random.choice(len(files), p=np.array(sizes) / sum(sizes)))
        place = int(random.integers(sizes[chosen]))
        flip(files[chosen], place)
        assert verified(folder) in (None, document), (files[chosen].name, place)
        if files[chosen].suffix == ".journal":
            assert refuses(files[chosen]), (files[chosen].name, place)
        flip(files[chosen], place)
    assert verified(folder) == document


def test_a_flipped_bit_is_noticed_or_harmless(folder: Path) -> None:
    flips(folder, 40, seed=3)


@pytest.mark.campaign
def test_a_thousand_flipped_bits_are_noticed_or_harmless(folder: Path) -> None:
    flips(folder, 1000, seed=4)


@pytest.mark.parametrize("name", [ROSTER, OUTCOME])
def test_every_byte_of_roster_and_outcome_counts(folder: Path, name: str) -> None:
    """A cut or a longer file is noticed as well."""
    data = (folder / name).read_bytes()
    for changed in (data[:-1], data + b"\0", b""):
        (folder / name).write_bytes(changed)
        assert verified(folder) is None
