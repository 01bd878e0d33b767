"""The days that stand for the year: a case of a few days, and how often each of them comes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from gridpact.case.case import Case, Floats, Ints
from gridpact.planning.scenarios.days import HOURS
from gridpact.planning.scenarios.extremes import Extreme, standard_extremes
from gridpact.planning.scenarios.representatives import with_energy
from gridpact.planning.scenarios.typical import TypicalDays, typical_days

YEAR = 365.0
JOINED = "worst day of the year"
MOST_EXTREMES = 4  # so few days more than the typical ones are all planned with


@dataclass(frozen=True, eq=False)
class Representatives:
    """``case`` holds the days one after another, each a window; ``weights`` (days,) how often each comes in a year.

    ``typical`` is how they were found, None where the horizon is no more than they are.
    """

    case: Case
    weights: Floats
    typical: TypicalDays | None

    @property
    def days(self) -> list[Case]:
        """One case per day."""
        return self.case.windows()

    @property
    def by_step(self) -> Floats:
        """How often every step of the days comes in a year, (steps,)."""
        return np.repeat(self.weights, np.diff(self.case.window_edges))

    def scenarios(self) -> pd.DataFrame:
        """One row per day: scenario, weight_days, source_day, kind."""
        hours = np.diff(self.case.window_edges) * self.case.hours
        numbers = [str(number + 1) for number in range(self.weights.size)]
        dates = self.case.snapshots[self.case.begins].strftime("%Y-%m-%d")
        table = pd.DataFrame({"scenario": numbers, "weight_days": self.weights * hours / HOURS})
        if self.typical is None:
            return table.assign(source_day=dates, kind="given")
        return table.assign(source_day=self.typical.dates, kind=self.typical.kinds)

    def can_take(self, day: int) -> bool:
        """Whether a day of the year can join: others are left for the one that stands for it now."""
        return self.typical is not None and int((self.typical.labels == self.typical.labels[day]).sum()) > 1

    def with_day(self, case: Case, day: int, representation: str) -> Representatives:
        """With one more day of the year, as it is; the one that stood for it stands for the others of its cluster."""
        assert self.typical is not None
        typical, of = self.typical, int(self.typical.labels[day])
        labels = typical.labels.copy()
        labels[day] = typical.weights.size
        profiles, one = typical.profiles.copy(), YEAR / typical.days.count
        profiles[of] = _standing_for(typical, of, labels, representation)
        weights = typical.weights.copy()
        weights[of] -= one
        wider = replace(
            typical,
            profiles=np.concatenate([profiles, typical.days.values[[day]]]),
            weights=np.append(weights, one),
            labels=labels,
            source=np.append(typical.source, day),
            kinds=(*typical.kinds, JOINED),
        )
        return Representatives(_case_of(case, wider), wider.weights, wider)

    def tables(self) -> dict[str, pd.DataFrame]:
        """The profiles of the days; how they were found: quality, duration curves and the decision graph."""
        profiles = self.case.profiles.reset_index()
        numbers = np.repeat(np.arange(1, self.weights.size + 1).astype(str), np.diff(self.case.window_edges))
        profiles.insert(0, "scenario", numbers)
        if self.typical is None:
            return {"scenario_profiles": profiles}
        return {
            "scenario_profiles": profiles,
            "scenario_days": pd.DataFrame(
                {"day": list(self.typical.days.dates), "scenario": (self.typical.labels + 1).astype(str)}
            ),
            "scenario_quality": self.typical.quality,
            "decision_graph": self.typical.decision_graph(),
        }


def representatives(case: Case, k: int, representation: str, extremes: bool = False) -> Representatives:
    """The days of a planning case reduced to ``k`` typical and the extreme ones; all of them, where they are hardly
    more.

    Where the horizon is less than a day, or no whole days, it is one scenario, which fills the year.
    """
    daily = case.with_window("day")
    if not _in_whole_days(daily):
        return Representatives(case, np.array([YEAR * HOURS / (case.steps * case.hours)]), None)
    count = daily.window_edges.size - 1
    if count <= k + (MOST_EXTREMES if extremes else 0) or not len(case.profiles.columns):
        alike = count > k and not len(case.profiles.columns)
        kept = daily.steps_between(0, int(daily.window_edges[k])) if alike else daily
        return Representatives(kept, np.full(k if alike else count, YEAR * HOURS / (kept.steps * kept.hours)), None)
    weigh, extreme = family_importance(case), _extremes(case) if extremes else ()
    typical = typical_days(case, k, representation=representation, extremes=extreme, total_days=YEAR, importance=weigh)
    return Representatives(_case_of(case, typical), typical.weights, typical)


def _standing_for(typical: TypicalDays, of: int, labels: Ints, representation: str) -> Floats:
    """The profile (series, 24) of a cluster that has lost a day, found as the first one was."""
    mean: Floats = typical.days.values[labels == of].mean(axis=0)
    if representation == "centroid":
        return mean
    if representation == "medoid" or typical.kinds[of] != "typical":
        return np.asarray(typical.profiles[of])
    ordinary = np.isin(np.array(typical.kinds)[typical.labels], ["typical", JOINED])
    low, high = (bound(typical.days.values[ordinary], axis=(0, 2)) for bound in (np.min, np.max))
    return np.asarray(with_energy(typical.days.values[[typical.source[of]]], mean[None], low, high)[0])


def family_importance(case: Case) -> dict[str, float]:
    """The weight of every profile: 1 over those of its family, so that 32 loads count as much as one price.

    A family is a column of a table; wind, PV and other plants are families of their own.
    """
    kinds = {
        f"{table}/{name}": str(kind)
        for table in ("renewables", "renewable_candidates")
        for name, kind in zip(case.ids(table), case.tables[table]["kind"], strict=True)
    }
    families = []
    for path in case.profiles.columns:
        table, rest = path.split("/", 1)
        name, column = rest.rsplit("/", 1)
        families.append((kinds.get(f"{table}/{name}", table), column))
    return {path: 1.0 / families.count(family) for path, family in zip(case.profiles.columns, families, strict=True)}


def _extremes(case: Case) -> tuple[Extreme, ...]:
    """The days of most load, of most and least load without renewables, and of least renewable energy.

    What may be built counts as if all of it stood there.
    """
    load = {path: 1.0 for path in case.profiles.columns if path.startswith("loads/") and path.endswith("/p_mw")}
    units = {
        f"renewable_candidates/{name}/p_mw": most
        for name, most in zip(
            case.ids("renewable_candidates"), case.column("renewable_candidates", "max_units").tolist(), strict=True
        )
    }
    units |= {f"renewables/{name}/p_mw": 1.0 for name in case.ids("renewables")}
    renewable = {path: most for path, most in units.items() if path in case.profiles.columns}
    return standard_extremes(load, renewable) if load and renewable else ()


def _in_whole_days(case: Case) -> bool:
    """Whether every window is a day of the clock; summer time may take or add an hour."""
    steps = np.diff(case.window_edges) * case.hours
    return bool((np.abs(steps - HOURS) <= 1.0).all())


def _case_of(case: Case, typical: TypicalDays) -> Case:
    """The typical days one after another, hour by hour, from the day on which the case begins, by the clock of UTC."""
    hours = typical.weights.size * HOURS
    start = pd.Timestamp(case.start.tz_localize(None).normalize(), tz="UTC")
    index = pd.date_range(start, periods=hours, freq="h", name="snapshot")
    values = typical.profiles.transpose(0, 2, 1).reshape(hours, -1)
    profiles = pd.DataFrame(values, index=index, columns=list(typical.names))
    few = replace(case, start=start, timezone="UTC", step_minutes=60.0, steps=hours, profiles=profiles, window="day")
    return few.marked_validated() if case.validated else few
