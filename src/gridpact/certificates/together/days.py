"""The days of a joint plan as trades, which the judges of trades know how to read: together, and each alone.

Both are made of the case, of the profiles of its days and of what is built, by the case's own functions; the year's
money is not in them, and is judged by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.case.planned import planned_case
from gridpact.certificates.trade.clearings import AGREED, BEFORE, Clearings
from gridpact.results.record import Record


@dataclass(frozen=True, eq=False)
class PlannedDays:
    """The days of a record, with what is built together and alone."""

    record: Record

    @cached_property
    def case(self) -> Case:
        """The days one after another, nothing built."""
        table, case = self.record.tables["scenario_profiles"], self.record.case
        index = pd.DatetimeIndex(table["snapshot"], name="snapshot")
        step = case.step_minutes if len(table) == case.steps else 60.0
        return replace(
            case,
            start=index[0],
            timezone=str(index.tz),
            step_minutes=step,
            steps=len(index),
            profiles=table.drop(columns=["scenario", "snapshot"]).set_axis(index, axis=0),
            window="day",
        )

    @property
    def together(self) -> Clearings:
        """Both sides of the trade with what is built together."""
        table = self.record.tables["investments"]
        built = dict(zip(table["asset"], table["units"], strict=True))
        return Clearings(self._as_trade(built))

    @property
    def alone(self) -> Clearings:
        """Both sides without a deal, with what each builds alone."""
        table = self.record.tables["alone_investments"]
        return Clearings(self._as_trade(dict(zip(table["asset"], table["units"], strict=True))))

    def sides(self) -> dict[str, Record]:
        """All clearings by name."""
        together, alone = self.together, self.alone
        found = {name: together.records[name] for name in AGREED}
        return found | {name: alone.records[name] for name in alone.sides if name in BEFORE}

    def _as_trade(self, built: Mapping[str, int]) -> Record:
        return replace(self.record, case=planned_case(self.case, built))


def weights_by_step(record: Record, case: Case) -> NDArray[np.float64]:
    """How often every step comes in a year, (steps,)."""
    table = record.tables["scenarios"]
    hours = np.diff(case.window_edges) * case.hours
    return np.repeat(table["weight_days"].to_numpy(dtype=np.float64) * 24.0 / hours, np.diff(case.window_edges))
