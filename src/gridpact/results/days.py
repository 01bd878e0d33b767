"""A long horizon day by day: one row per window of the market, and what they add up to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.results.summary import horizon_words

Floats = NDArray[np.float64]
# The question whose runs are kept in parts, each a run of its own.
QUESTION = "clear_days"
CLEARED = "cleared"
SUMS = (
    "objective",
    "load_mwh",
    "import_mwh",
    "export_mwh",
    "generation_mwh",
    "renewable_mwh",
    "curtailed_mwh",
    "loss_mwh",
)
LEAST = ("lowest_vm_pu", "price_min_per_mwh")
MOST = ("highest_vm_pu", "highest_loading_percent", "price_max_per_mwh")
MEAN = "price_mean_per_mwh"
FIGURES = (*SUMS, *LEAST, *MOST, MEAN)


def day_table(case: Case, tables: Mapping[str, pd.DataFrame], cost: Floats) -> pd.DataFrame:
    """One row per window of a cleared case; ``cost`` is the cost per hour of every step, shape (steps,)."""
    first = np.flatnonzero(case.begins)
    power = _power(case, tables)
    columns = {
        name: case.hours * np.add.reduceat(values, first) for name, values in (power | {"objective": cost}).items()
    }
    vm, price, loading = (
        _by_step(case, tables[table][column])
        for table, column in (
            ("buses", "vm_pu"),
            ("electricity_prices", "price_per_mwh"),
            ("branches", "loading_percent"),
        )
    )
    steps = np.diff(np.append(first, case.steps))
    columns |= {
        "lowest_vm_pu": np.minimum.reduceat(vm.min(axis=1), first),
        "highest_vm_pu": np.maximum.reduceat(vm.max(axis=1), first),
        "highest_loading_percent": np.fmax.reduceat(np.fmax.reduce(loading, axis=1, initial=np.nan), first),
        "price_min_per_mwh": np.minimum.reduceat(price.min(axis=1), first),
        "price_max_per_mwh": np.maximum.reduceat(price.max(axis=1), first),
        MEAN: np.add.reduceat(price.mean(axis=1), first) / steps,
    }
    return frame_of_days(case.snapshots[first], steps, columns)


def frame_of_days(
    starts: pd.DatetimeIndex, steps: Any, columns: Mapping[str, Floats], status: str = CLEARED
) -> pd.DataFrame:
    """The table of days with all its columns; figures that are not given are blank."""
    blank = np.full(len(starts), np.nan)
    figures = {name: columns.get(name, blank) for name in FIGURES}
    return pd.DataFrame({"snapshot": starts, "steps": np.asarray(steps, dtype=np.int64), "status": status, **figures})


def days_summary(case: Case, days: pd.DataFrame) -> dict[str, Any]:
    """Sums, extremes and the mean price of the days that were cleared; see ``results.summary`` for their names."""
    done = days[days["status"] == CLEARED]
    figures: dict[str, Any] = {name: float(done[name].sum()) for name in SUMS}
    figures |= {name: _extreme(done[name].min()) for name in LEAST}
    figures |= {name: _extreme(done[name].max()) for name in MOST}
    figures[MEAN] = _extreme((done[MEAN] * done["steps"]).sum() / max(1, int(done["steps"].sum())))
    return {
        **horizon_words(case),
        "window": case.window,
        "days": len(days),
        "days_cleared": len(done),
        **figures,
    }


def _extreme(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _power(case: Case, tables: Mapping[str, pd.DataFrame]) -> dict[str, Floats]:
    """MW by step, by the names of their energies."""
    kinds = tables["dispatch"]["kind"].to_numpy()[: len(tables["dispatch"]) // case.steps]
    dispatch = _by_step(case, tables["dispatch"]["p_mw"])
    total = {kind: dispatch[:, kinds == kind].sum(axis=1) for kind in ("load", "generator", "renewable")}
    imported = _by_step(case, tables["interface"]["import_mw"])
    return {
        "load_mwh": -total["load"],
        "import_mwh": np.maximum(imported, 0.0).sum(axis=1),
        "export_mwh": -np.minimum(imported, 0.0).sum(axis=1),
        "generation_mwh": total["generator"],
        "renewable_mwh": total["renewable"],
        "curtailed_mwh": case.series("renewables", "p_mw").sum(axis=0) - total["renewable"],
        "loss_mwh": _by_step(case, tables["branches"]["loss_mw"]).sum(axis=1),
    }


def _by_step(case: Case, column: pd.Series[Any]) -> Floats:
    """A column of a table ordered by snapshot, shape (steps, components)."""
    values: Floats = column.to_numpy(dtype=np.float64).reshape(case.steps, len(column) // case.steps)
    return values
