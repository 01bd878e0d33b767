"""Numbers of a record changed one at a time, at places that a seed chooses, and which of them no check notices."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from typing import Any

import numpy as np

from gridpact.results.record import Record
from tests.certificates.spoil import with_table

# What is changed: a thousandth of the number, and at least a cent, a thousandth of a MW or of a price; whole numbers by
# one.
RELATIVE, LEAST = 1e-3, 0.01
Column = tuple[str, str]


def columns(record: Record, tables: Iterable[str]) -> list[Column]:
    """All columns of some tables in which there is a number."""
    return [
        (name, str(column)) for name in tables for column in record.tables[name] if _is_number(record, name, column)
    ]


def _is_number(record: Record, name: str, column: str) -> bool:
    values = record.tables[name][column]
    return len(values) > 0 and values.dtype.kind in "fi" and bool(np.isfinite(values).any())


def changed(record: Record, name: str, column: str, random: np.random.Generator) -> tuple[Record, str]:
    """One number of a column changed, and which one."""
    table = record.tables[name].reset_index(drop=True)
    values = table[column].to_numpy().copy()
    row = int(random.choice(np.flatnonzero(np.isfinite(values))))
    by = 1 if values.dtype.kind == "i" else max(RELATIVE * abs(values[row]), LEAST)
    values[row] += by * random.choice([-1, 1])
    told = table[column].iloc[row]
    forged = with_table(record, name, table.assign(**{column: values}))
    return forged, f"{name}/{column} in row {row}: {told:g} by {by:g}"


def unseen(
    record: Record,
    certify: Callable[[Record], dict[str, Any]],
    places: Iterable[Column],
    informational: Container[Column],
    seed: int,
    share: float,
) -> Iterator[str]:
    """Changes of a share of the columns at ``places`` that no check notices."""
    random = np.random.default_rng(seed)
    for name, column in places:
        if (name, column) not in informational and random.random() < share:
            forged, place = changed(record, name, column, random)
            if certify(forged)["verdict"] == "certified":
                yield place
