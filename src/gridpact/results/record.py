"""What a run leaves behind, as one value: the record that is archived, judged and reported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.case.case import Case

Summary = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Record:
    """A study's question and settings, the case it was asked of, and everything that was answered.

    ``solution`` holds the solved convex program as plain arrays (see ``gridpact.programs.standard_form``),
    ``certificate`` the judge's document, ``provenance`` versions, seed and times. ``transmission`` is the case of the
    transmission network where the question was asked of one too.
    """

    question: str
    settings: Mapping[str, Any]
    case: Case
    summary: Summary
    tables: Mapping[str, pd.DataFrame]
    solution: Mapping[str, NDArray[Any]]
    provenance: Mapping[str, Any] = field(default_factory=dict)
    certificate: Mapping[str, Any] = field(default_factory=dict)
    transmission: Case | None = None


def long_table(snapshots: pd.DatetimeIndex, name: str, ids: list[str], **columns: NDArray[Any]) -> pd.DataFrame:
    """A tidy table from arrays of shape (ids, steps): rows ordered by snapshot, then id."""
    frame: dict[str, Any] = {"snapshot": snapshots.repeat(len(ids)), name: words(ids * len(snapshots))}
    return pd.DataFrame(frame | {column: np.asarray(values).T.reshape(-1) for column, values in columns.items()})


def words(texts: Sequence[str] | NDArray[Any]) -> pd.Series[str]:
    """A column of texts as they are: pandas would otherwise look whether each of them is a time."""
    return pd.Series(np.asarray(texts, dtype=object), dtype=object)
