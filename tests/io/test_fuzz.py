"""Damaged input gives an error of ours or is right after all: never another error, never a hang."""

import multiprocessing
import os
import random
import signal
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from gridpact.errors import GridPactError, InputError
from tests.io import fuzz

SAMPLE = {
    "header": 100,
    "csv_file": 100,
    "sheets": 60,
    "study": 100,
    "matpower": 60,
    "workbook": 20,
    "folder": 20,
    "run": 20,
    "pandapower": 10,
    "pandapipes": 10,
}
CAMPAIGN = {
    "pandapower": 4_000,
    "pandapipes": 4_000,
    "folder": 8_000,
    "run": 5_000,
    "workbook": 5_000,
    "matpower": 14_000,
    "sheets": 12_000,
    "study": 17_000,
    "csv_file": 16_000,
    "header": 15_000,
}
CHUNK = 500
MOST_SECONDS = 2 * 3600

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="no alarms here")


@pytest.mark.parametrize("name", fuzz.TARGETS)
def test_damaged_input_gives_errors_of_ours(name: str) -> None:
    assert fuzz.survivors(name, 0, SAMPLE[name]) == []


@pytest.mark.campaign
def test_a_hundred_thousand_damaged_inputs_give_errors_of_ours() -> None:
    """In processes of their own: one that crashes breaks the pool and fails the test."""
    assert sum(CAMPAIGN.values()) == 100_000
    assert set(CAMPAIGN) == set(fuzz.TARGETS)
    chunks = [(name, 10_000 + first) for name, count in CAMPAIGN.items() for first in range(0, count, CHUNK)]
    names, firsts = zip(*chunks, strict=True)
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as pool:
        found = list(pool.map(fuzz.survivors, names, firsts, [CHUNK] * len(chunks), timeout=MOST_SECONDS))
    assert [line for lines in found for line in lines] == []


def test_the_campaign_sees_what_it_looks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Strange errors, hangs and errors that say nothing are found; errors of ours and answers are not."""

    def target(chance: random.Random, place: Path) -> None:
        kinds = [KeyError("x"), InputError("no such file"), GridPactError(""), None]
        kind = kinds[chance.randrange(4)]
        if kind is not None:
            raise kind

    def hang(chance: random.Random, place: Path) -> None:
        time.sleep(60)

    monkeypatch.setattr(fuzz, "TARGETS", {"target": target, "hang": hang})
    monkeypatch.setattr(fuzz, "SECONDS", 1)
    kinds = [random.Random(seed).randrange(4) for seed in range(20)]  # noqa: S311
    told = {0: "KeyError: 'x'", 2: "an error that says nothing"}
    assert fuzz.survivors("target", 0, 20) == [f"target {s}: {told[k]}" for s, k in enumerate(kinds) if k in told]
    assert set(kinds) == {0, 1, 2, 3}
    assert fuzz.survivors("hang", 7, 1) == ["hang 7: TimeoutError: no answer within 1 s"]


@pytest.mark.parametrize("damage", fuzz.DAMAGES)
def test_damage_depends_on_the_seed_alone_and_changes_something(damage: fuzz.Damage) -> None:
    data = b"load,bus,p_mw\ntown,S,1.0\nfarm,N,0.3\n"
    first, again = ([damage(data, random.Random(seed), fuzz.TOKENS) for seed in range(20)] for _ in range(2))  # noqa: S311
    assert first == again
    assert sum(result != data for result in first) > 10
    assert damage(b"", random.Random(1), fuzz.TOKENS) in {b"", *fuzz.TOKENS}  # noqa: S311
