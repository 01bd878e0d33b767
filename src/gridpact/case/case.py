"""A case: the data of a district as one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.case.schema import SCHEMA
from gridpact.errors import InputError, Issue

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
PERIODS = {"day": "D", "week": "W-SUN"}


@dataclass(frozen=True, eq=False)
class Case:
    """Tables, profiles and horizon of a district.

    ``tables`` holds every table of the schema with all its columns (empty where the case has none): ids and
    texts as ``str`` objects, numbers as float64, flags as bool, row order as in the source, index 0..n-1.
    ``profiles`` has the snapshots as index (time-zone aware) and one float column per ``table/id/column``.

    A case made by ``read_case`` is ``validated``. The tables are meant to be read, not changed: make a new case
    with ``with_table`` or ``with_profiles``; ``clear`` validates it.
    """

    name: str
    currency: str
    timezone: str
    start: pd.Timestamp
    step_minutes: float
    steps: int
    tables: Mapping[str, pd.DataFrame]
    profiles: pd.DataFrame
    frequency_hz: float = 50.0
    window: str = "horizon"
    validated: bool = field(default=False, init=False)
    _positions: dict[tuple[str, str], Ints] = field(default_factory=dict, init=False, repr=False)

    def with_table(self, name: str, table: pd.DataFrame) -> Case:
        """The same case with another table, not yet validated."""
        return replace(self, tables={**self.tables, name: table})

    def with_rows(self, name: str, rows: Mapping[str, Any]) -> Case:
        """The same case with rows added to a table, not yet validated; columns not given have their default."""
        there, columns = self.tables[name], SCHEMA[name].columns
        blank = {column.name: "" if column.default is None else column.default for column in columns}
        fresh = pd.DataFrame({**rows}).assign(**{key: value for key, value in blank.items() if key not in rows})
        fresh = fresh[list(there.columns)].astype(there.dtypes.to_dict())
        return self.with_table(name, pd.concat([there, fresh], ignore_index=True))

    def with_profiles(self, profiles: Mapping[str, Any]) -> Case:
        """The same case with profiles added or replaced, by ``table/id/column``; not yet validated."""
        added = pd.DataFrame(dict(profiles), index=self.snapshots, dtype=np.float64)
        kept = self.profiles.drop(columns=[name for name in added.columns if name in self.profiles.columns])
        return replace(self, profiles=pd.concat([kept, added], axis=1))

    def with_window(self, window: str) -> Case:
        """The same case, cleared together by "horizon", "day" or "week"."""
        other = replace(self, window=window)
        return other.marked_validated() if self.validated and window in ("horizon", *PERIODS) else other

    def steps_between(self, first: int, stop: int) -> Case:
        """The case of the steps ``first`` to before ``stop``; as valid as the whole where it keeps windows whole.

        Raises ``InputError`` where there are no such steps.
        """
        if not 0 <= first < stop <= self.steps:
            fix = f"The case has the steps 0 to {self.steps}: begin before the end, within them."
            raise InputError([Issue(f"there are no steps from {first} to before {stop}", fix)])
        profiles = self.profiles.iloc[first:stop]
        part = replace(self, start=self.snapshots[first], steps=stop - first, profiles=profiles, tables=self._designed)
        keeps_windows = {first, stop} <= set(self.window_edges.tolist())
        return part.marked_validated() if self.validated and keeps_windows else part

    @cached_property
    def _designed(self) -> Mapping[str, pd.DataFrame]:
        """The tables with every consumer of heat designed for its highest heat, which a part may not reach."""
        if not self.count("heat_loads"):
            return self.tables
        highest, loads = self.series("heat_loads", "heat_mw").max(axis=1), self.tables["heat_loads"]
        design = loads["design_heat_mw"].where(loads["design_heat_mw"].notna() | (highest <= 0.0), highest)
        return {**self.tables, "heat_loads": loads.assign(design_heat_mw=design)}

    def marked_validated(self) -> Case:
        """The same case, marked as checked against the schema and its rules; for the validator alone."""
        checked = replace(self)
        object.__setattr__(checked, "validated", True)
        return checked

    @cached_property
    def snapshots(self) -> pd.DatetimeIndex:
        """Start of every step, in the case's time zone; steps are equal in absolute time."""
        step = pd.Timedelta(minutes=self.step_minutes)
        utc = pd.date_range(self.start.tz_convert("UTC"), periods=self.steps, freq=step)
        return utc.tz_convert(self.timezone).rename("snapshot")

    @cached_property
    def begins(self) -> NDArray[np.bool_]:
        """Steps with which a window begins, shape (steps,): the first, and each local day or week (Monday) if asked."""
        begins = np.zeros(self.steps, dtype=np.bool_)
        if self.window in PERIODS:
            number = self.snapshots.tz_localize(None).to_period(PERIODS[self.window]).asi8
            begins[1:] = number[1:] != number[:-1]
        begins[0] = True
        return begins

    @property
    def window_edges(self) -> Ints:
        """First step of every window, and the number of steps; shape (windows + 1,)."""
        return np.append(np.flatnonzero(self.begins), self.steps)

    def windows(self) -> list[Case]:
        """The case of every window."""
        return [self.steps_between(first, stop) for first, stop in pairwise(self.window_edges.tolist())]

    @property
    def ends(self) -> NDArray[np.bool_]:
        """Steps with which a window ends, shape (steps,)."""
        return np.roll(self.begins, -1)

    @property
    def hours(self) -> float:
        """Length of a step in hours."""
        return self.step_minutes / 60.0

    def count(self, table: str) -> int:
        return len(self.tables[table])

    def ids(self, table: str) -> list[str]:
        """The key column of a table."""
        return [str(value) for value in self.tables[table][SCHEMA[table].key]]

    def column(self, table: str, column: str) -> Floats:
        """A number column, shape (n,); not to be written to."""
        values = self.tables[table][column].to_numpy(dtype=np.float64).view()
        values.flags.writeable = False
        return values

    def flags(self, table: str, column: str) -> NDArray[np.bool_]:
        """A flag column, shape (n,)."""
        return self.tables[table][column].to_numpy(dtype=np.bool_)

    def series(self, table: str, column: str) -> Floats:
        """A number column over time, shape (n, steps): its profiles where given, its constants elsewhere."""
        values = np.repeat(self.column(table, column)[:, None], self.steps, axis=1)
        begin, end = f"{table}/", f"/{column}"
        paths = [path for path in self.profiles.columns if path.startswith(begin) and path.endswith(end)]
        named = {path.removeprefix(begin).removesuffix(end): path for path in paths}
        for row, path in [(row, named[name]) for row, name in enumerate(self.ids(table)) if name in named]:
            values[row] = self.profiles[path].to_numpy(dtype=np.float64)
        return values

    def positions(self, table: str, column: str) -> Ints:
        """Row numbers, in the referenced table, of the ids in a reference column; shape (n,)."""
        if (table, column) not in self._positions:
            target = pd.Index(self.ids(SCHEMA[table].column(column).references))
            found = target.get_indexer(pd.Index(self.tables[table][column].astype(str)))
            self._positions[table, column] = np.asarray(found, dtype=np.int64)
        return self._positions[table, column]

    def branch_ids(self) -> list[str]:
        """Names of all branches: the lines, then the transformers."""
        return self.ids("lines") + self.ids("transformers")

    def branches_in_service(self) -> NDArray[np.bool_]:
        """Which lines, then which transformers, carry current; shape (lines + transformers,)."""
        return np.concatenate([self.lines_in_service(), self.flags("transformers", "in_service")])

    def lines_in_service(self) -> NDArray[np.bool_]:
        """Which lines carry current: in service, and without an open switch; shape (lines,)."""
        carrying = self.flags("lines", "in_service").copy()
        open_switch = ~self.flags("switches", "closed")
        carrying[self.positions("switches", "line")[open_switch]] = False
        return carrying
