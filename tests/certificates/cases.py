"""Small cases for the tests of the judges, from a few columns per table."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from gridpact.case.case import Case
from gridpact.case.schema import SCHEMA, Column

Columns = Mapping[str, Sequence[object]]


def made_case(
    steps: int = 1,
    step_minutes: float = 60.0,
    profiles: Mapping[str, Sequence[float]] | None = None,
    **tables: Columns,
) -> Case:
    """A case from some columns of some tables, everything else at its default or empty."""
    start = pd.Timestamp("2024-01-01T00:00+01:00").tz_convert("Europe/Berlin")
    frames = {name: _table(name, tables.get(name, {})) for name in SCHEMA}
    index = pd.date_range(start, periods=steps, freq=pd.Timedelta(minutes=step_minutes), name="snapshot")
    frame = pd.DataFrame(dict(profiles or {}), index=index, dtype=np.float64)
    return Case("made", "EUR", "Europe/Berlin", start, step_minutes, steps, frames, frame)


def _table(name: str, columns: Columns) -> pd.DataFrame:
    rows = len(columns[SCHEMA[name].key]) if columns else 0
    return pd.DataFrame({c.name: _typed(c, columns.get(c.name, [c.default] * rows)) for c in SCHEMA[name].columns})


def _typed(column: Column, values: Sequence[object]) -> "pd.Series[float]":
    types = {"number": np.float64, "flag": np.bool_}
    return pd.Series(list(values), dtype=types.get(column.kind, object))


def line_columns(
    pairs: Sequence[tuple[str, str]],
    r: Sequence[float],
    x: Sequence[float],
    c_nf: Sequence[float] | float = 0.0,
    max_i_ka: Sequence[float] | float = np.nan,
) -> Columns:
    """Lines of 1 km between pairs of buses, named "from-to"."""

    def spread(value: Sequence[float] | float) -> list[float]:
        return [float(v) for v in np.broadcast_to(np.asarray(value, dtype=np.float64), len(pairs))]

    return {
        "line": [f"{start}-{end}" for start, end in pairs],
        "from_bus": [start for start, _ in pairs],
        "to_bus": [end for _, end in pairs],
        "length_km": [1.0] * len(pairs),
        "r_ohm_per_km": list(r),
        "x_ohm_per_km": list(x),
        "c_nf_per_km": spread(c_nf),
        "max_i_ka": spread(max_i_ka),
    }


def transformer_columns(*units: tuple[Sequence[str], float, float, float, float, float]) -> Columns:
    """Transformers "from-to" from their ends, r and x in ohm, g and b in siemens, ratio."""
    names = ("ends", "r_ohm", "x_ohm", "g_us", "b_us", "ratio")
    columns: dict[str, list[object]] = {name: [unit[k] for unit in units] for k, name in enumerate(names)}
    ends = [(str(start), str(end)) for start, end in columns.pop("ends")]  # type: ignore[misc]
    columns |= {name: [1e6 * siemens for siemens in columns[name]] for name in ("g_us", "b_us")}  # type: ignore[operator]
    named = [f"{start}-{end}" for start, end in ends]
    return columns | {"transformer": named, "from_bus": [a for a, _ in ends], "to_bus": [b for _, b in ends]}
