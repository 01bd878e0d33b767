"""Tables of a case under construction: complete columns of the right type, from the few that an import knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.case.schema import SCHEMA, Column

Floats = NDArray[np.float64]

# More ohm, ohm and nanofarad per kilometre than the checks of a case believe.
MOST_PER_KM = (1e3, 1e3, 1e5)

Row = dict[str, Any]
Tables = dict[str, pd.DataFrame]


def table(name: str, given: Sequence[Row] | Mapping[str, object]) -> pd.DataFrame:
    """A table of the schema from rows, or from equally long columns; what is not given is at its default.

    A required number that is not given is NaN, to be filled in later.
    """
    frame = pd.DataFrame(given).reset_index(drop=True)
    columns = {column.name: _typed(column, frame) for column in SCHEMA[name].columns}
    return pd.DataFrame(columns, index=frame.index)


def _typed(column: Column, frame: pd.DataFrame) -> pd.Series[Any]:
    kind = {"number": np.float64, "flag": np.bool_}.get(column.kind, object)
    default = np.nan if column.default is None else column.default
    if column.name not in frame:
        return pd.Series([default] * len(frame), index=frame.index, dtype=kind)
    values = frame[column.name]
    return values.where(values.notna(), default).astype(kind)


def believable_length(*totals: Floats) -> Floats:
    """Lengths for lines that have none, given their ohm, ohm and nanofarad in all.

    One kilometre, or the least power of ten at which no quantity per kilometre is beyond belief.
    """
    over = np.max([total / most for total, most in zip(totals, MOST_PER_KM, strict=True)], axis=0)
    length: Floats = 10.0 ** np.ceil(np.log10(np.maximum(over, 1.0)))
    return length


def chosen(frame: pd.DataFrame, rows: NDArray[np.bool_]) -> pd.DataFrame:
    """Some rows of a table, numbered anew."""
    return frame.iloc[np.flatnonzero(rows)].reset_index(drop=True)


def joined(*tables: pd.DataFrame) -> pd.DataFrame:
    """Tables of one kind, one below the other."""
    filled = [frame for frame in tables if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else tables[0]
