"""Typed columns of foreign tables, in which anything may be blank or absent."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.errors import InputError, Issue

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


def numbers(frame: pd.DataFrame, column: str, default: float = np.nan) -> Floats:
    """A column of numbers; ``default`` where it is blank or absent. Raises InputError for anything else."""
    if column not in frame:
        return np.full(len(frame), default)
    try:
        values = pd.to_numeric(frame[column]).to_numpy(dtype=np.float64, na_value=np.nan)
    except (ValueError, TypeError) as error:
        raise InputError([Issue(f"column is not numeric: {error}", "Write numbers.", column=column)]) from error
    filled: Floats = np.where(np.isnan(values), default, values)
    return filled


def whole(frame: pd.DataFrame, column: str) -> Ints:
    """A column of indices; -1 where it is blank or no whole number."""
    values = numbers(frame, column, -1.0)
    good = (values == np.floor(values)) & (np.abs(values) < 2.0**53)
    return np.where(good, values, -1.0).astype(np.int64)


def flags(frame: pd.DataFrame, column: str, default: bool) -> Bools:
    """A column of flags; ``default`` where it is blank or absent. Raises InputError for anything else."""
    if column not in frame:
        return np.full(len(frame), default)
    values = frame[column].astype(object)
    filled = values.where(values.notna(), default)
    if not filled.isin([True, False]).all():
        raise InputError([Issue("column holds more than true and false", "Write flags.", column=column)])
    return filled.astype(bool).to_numpy()


def texts(frame: pd.DataFrame, column: str) -> list[str]:
    """A column of texts; "" where it is blank or absent."""
    if column not in frame:
        return [""] * len(frame)
    return ["" if pd.isna(value) else str(value) for value in frame[column]]


def has_text(frame: pd.DataFrame, column: str, *wanted: str) -> Bools:
    """Whether a column holds one of some texts."""
    return np.array([text in wanted for text in texts(frame, column)], dtype=np.bool_)
