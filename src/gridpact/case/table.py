"""What a table of a case is made of: columns with a unit, a default, bounds and a reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["id", "text", "number", "flag"]
Default = str | float | bool | None


@dataclass(frozen=True)
class Column:
    """One column: ``default`` None means that a value is required, NaN that it may stay blank.

    ``minimum`` and ``maximum`` are inclusive; ``positive`` excludes zero. ``references`` names the table
    whose key the value must occur in. ``profile`` says whether a time series may replace the value.
    """

    name: str
    description: str
    kind: Kind = "number"
    unit: str = ""
    default: Default = None
    minimum: float | None = None
    maximum: float | None = None
    positive: bool = False
    references: str = ""
    choices: tuple[str, ...] = ()
    profile: bool = False

    @property
    def required(self) -> bool:
        return self.default is None


@dataclass(frozen=True)
class Table:
    """One table; its first column is its key, unique and never blank."""

    name: str
    description: str
    columns: tuple[Column, ...]
    required: bool = False

    @property
    def key(self) -> str:
        return self.columns[0].name

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


BLANK: Final = float("nan")


def own_id(name: str, description: str) -> Column:
    return Column(name, description, kind="id")


def reference(name: str, table: str, description: str) -> Column:
    return Column(name, description, kind="id", references=table)
