"""Rounds of a plan and its year, with the search and the year played by hand."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gridpact.errors import NotConverged
from gridpact.io.folder import read_case
from gridpact.planning.investment.representative import representatives
from gridpact.plans import rounds

SETTINGS = {"year_rounds": 5, "year_tolerance": 0.01, "representation": "energy_medoid"}


class Days:
    """A problem that only knows which days have joined it."""

    def __init__(self, joined: tuple[int, ...] = ()) -> None:
        self.joined = joined
        self.days = SimpleNamespace(can_take=lambda day: True)

    def with_day(self, day: int, representation: str) -> Days:
        assert representation == "energy_medoid"
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

    monkeypatch.setattr(rounds, "searched", searched)
    monkeypatch.setattr(rounds, "_year", lambda problem, *_: year_of(100 + len(problem.joined)))
    monkeypatch.setattr(rounds, "_stands", lambda *_: False)
    monkeypatch.setattr(rounds, "_say", lambda *_: None)
    monkeypatch.setattr(rounds, "_with_new_day", lambda problem, found, day, changed: None)
    monkeypatch.setattr(rounds, "_of", lambda problem, day: 0)


def test_the_round_before_answers_where_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, ["first", "second", NotConverged("time")])
    problem, found, year = rounds.planned_in_rounds(Days(), SETTINGS, None, False)  # type: ignore[arg-type]
    assert found.name == "second" and problem.joined == (100,) and year.worst == 101


def test_without_any_plan_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, [NotConverged("time")])
    with pytest.raises(NotConverged):
        rounds.planned_in_rounds(Days(), SETTINGS, None, False)  # type: ignore[arg-type]


def test_a_day_that_joins_leaves_the_energy_of_its_cluster_to_the_others(project: Path) -> None:
    """Every weight counts its days, and the days together still carry the energy of the year, series by series."""
    case = read_case(project / "src/gridpact/examples/ieee33-planning/case").steps_between(0, 40 * 24)
    for representation in ("energy_medoid", "centroid"):
        days = representatives(case, 4, representation, extremes=True)
        wider = days.with_day(case, 17, representation).with_day(case, 5, representation)
        assert wider.typical is not None and days.typical is not None
        counts = np.bincount(wider.typical.labels, minlength=wider.weights.size)
        assert wider.weights == pytest.approx(counts * 365.0 / 40.0)
        energies = (wider.weights @ wider.typical.profiles.sum(axis=2)) / 365.0
        assert energies == pytest.approx(days.typical.days.values.sum(axis=2).mean(axis=0), rel=1e-9)
        joined = wider.typical.profiles[-2:]
        assert np.array_equal(joined, days.typical.days.values[[17, 5]])
