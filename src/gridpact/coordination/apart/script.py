"""A journal that a party goes through once more after a restart: what it does must be what it did."""

from __future__ import annotations

from collections import deque

from gridpact.coordination.apart.records import Held, apart
from gridpact.coordination.kept.journal import GENESIS, Log, Record


class DifferentError(Exception):
    """A party does not do again what stands in its journal."""


class Script:
    """Writes to a journal; while it holds records from before, these are compared instead."""

    def __init__(self, journal: Log) -> None:
        self._journal = Held(journal)
        self._before = deque(record for record in apart(journal.records) if record.kind != GENESIS)

    @property
    def next(self) -> Record | None:
        """The next record from before."""
        return self._before[0] if self._before else None

    def write(self, kind: str, payload: bytes, durable: bool = False) -> None:
        """Raises ``DifferentError`` for another record than before, and what the journal raises."""
        if not self._before:
            self._journal.append(kind, payload, durable)
        else:
            self._compare(kind, payload)

    def hold(self, kind: str, payload: bytes) -> None:
        """The same, together with what is written next."""
        if not self._before:
            self._journal.hold(kind, payload)
        else:
            self._compare(kind, payload)

    def flush(self) -> None:
        """Nothing is written next: write what is held; raises what the journal raises."""
        self._journal.flush()

    def _compare(self, kind: str, payload: bytes) -> None:
        record = self._before.popleft()
        if (record.kind, record.payload) != (kind, payload):
            raise DifferentError(f"Record {record.number} of the journal is {record.kind!r}, now there is {kind!r}.")
