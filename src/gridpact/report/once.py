"""Tables of a run that is kept in parts, each read and checked once for a whole report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pandas as pd

from gridpact.results.record import Record


class Once(Mapping[str, pd.DataFrame]):
    """The same tables, kept after the first reading."""

    def __init__(self, tables: Mapping[str, pd.DataFrame]) -> None:
        self._tables = tables
        self._names = frozenset(tables)
        self._read: dict[str, pd.DataFrame] = {}

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name not in self._read:
            self._read[name] = self._tables[name]
        return self._read[name]

    def __contains__(self, name: object) -> bool:
        """Without reading the table."""
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)


def read_once(record: Record) -> Record:
    """The record, whose tables are read at most once each."""
    return replace(record, tables=Once(record.tables))
