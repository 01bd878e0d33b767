"""Rounds of a plan and its year, with the search and the year played by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from gridpact.errors import NotConverged
from gridpact.plans import study

SETTINGS = {"year_rounds": 5, "year_tolerance": 0.01}


class Days:
    """A problem that only knows which days have joined it."""

    def __init__(self, joined: tuple[int, ...] = ()) -> None:
        self.joined = joined

    def with_day(self, day: int) -> Days:
        return Days((*self.joined, day))


def year_of(worst: int) -> SimpleNamespace:
    return SimpleNamespace(worst=worst, table={"snapshot": {worst: pd.Timestamp("2030-01-01")}})


def play(monkeypatch: pytest.MonkeyPatch, searches: list[Any]) -> None:
    """Every search gives or raises what is next; no year stands, and its worst day is 100 and the rounds so far."""
    left = iter(searches)

    def searched(problem: Days, *_: Any) -> Any:
        found = next(left)
        if isinstance(found, Exception):
            raise found
        return SimpleNamespace(name=found, added=problem.joined)

    monkeypatch.setattr(study, "_searched", searched)
    monkeypatch.setattr(study, "_year", lambda problem, *_: year_of(100 + len(problem.joined)))
    monkeypatch.setattr(study, "_stands", lambda *_: False)
    monkeypatch.setattr(study, "_say", lambda *_: None)
    monkeypatch.setattr(study, "_with_new_day", lambda problem, found, day: None)


def test_the_round_before_answers_where_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, ["first", "second", NotConverged("time")])
    problem, found, year = study._planned(Days(), SETTINGS, None, False)  # type: ignore[arg-type]
    assert found.name == "second" and problem.joined == (100,) and year.worst == 101


def test_without_any_plan_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, [NotConverged("time")])
    with pytest.raises(NotConverged):
        study._planned(Days(), SETTINGS, None, False)  # type: ignore[arg-type]
