"""Rules about the connections of districts with a transmission network."""

from __future__ import annotations

from collections.abc import Iterator

from gridpact.case.draft import Draft
from gridpact.errors import Issue


def connected_once(draft: Draft) -> Iterator[Issue]:
    """Interfaces with more than one connection."""
    interfaces = draft.case.tables["connections"]["interface"]
    again = interfaces.duplicated() & (interfaces != "")
    message = "another connection has the same interface"
    fix = "Give every interface one connection; interfaces of several districts need different names."
    yield from draft.rows("connections", again, "interface", message, fix)


def equal_feeders(draft: Draft) -> Iterator[Issue]:
    """Connections of one district with different numbers of feeders: all of it is multiplied by one number."""
    frame = draft.case.tables["connections"]
    differs = (frame["feeders"] != frame.groupby("district")["feeders"].transform("first")) & frame["feeders"].notna()
    message = "another connection of the same district has another number of feeders"
    fix = "Give both the same feeders, or name two districts in the column district."
    yield from draft.rows("connections", differs, "feeders", message, fix)
