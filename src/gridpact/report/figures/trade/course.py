"""How the parties came to agree: both residuals and the penalty by iteration, and the residuals of the bargaining."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from gridpact.report.figures import canvas
from gridpact.report.figures.canvas import Floats
from gridpact.report.trade import facts
from gridpact.results.record import Record

EXCHANGES = {"primal": "primal: how far exchanges are apart", "dual": "dual: how far prices still move"}
PAYMENTS = {
    "primal": "primal: how far receipts miss the sum zero",
    "dual": "dual: how far they are from what is proposed",
}
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
POLISHING = "polishing"  # stage after the agreement
LEAST = 1e-16  # what a logarithmic axis still shows


def draw(record: Record) -> Figure | None:
    """Above the residuals with the tolerance, below the penalty."""
    found = facts.table(record, "convergence")
    if found is None:
        return None
    figure = canvas.sheet("How exchanges and prices were agreed", 5.0)
    above, below = canvas.panels(figure, rows=2)
    _residuals(above, found, EXCHANGES)
    tolerance = record.settings.get("tolerance")
    if isinstance(tolerance, int | float):
        above.axhline(tolerance, color=canvas.BLACK, linestyle=":", linewidth=1.4, label=f"tolerance {tolerance:g}")
    penalty = _positive(found["penalty"])
    below.plot(found["iteration"], penalty, color=canvas.PURPLE, marker="s", markersize=3.5, label="penalty")
    for axes in (above, below):
        _logarithmic(axes)
        _settled(axes, found)
        canvas.legend_above(axes)
    above.set_ylabel("residual, relative")
    below.set_ylabel("penalty")
    _whole_rounds(below)
    return figure


def _settled(axes: Axes, found: pd.DataFrame) -> None:
    """Where the rounds end and both sides are held to what was agreed."""
    after = found["iteration"][found["stage"] == POLISHING] if "stage" in found else found["iteration"][:0]
    if 0 < len(after) < len(found):
        axes.axvline(float(after.iloc[0]) - 0.5, color=canvas.GREY, linewidth=1.4, label="then settled exactly")


def draw_bargaining(record: Record) -> Figure | None:
    found = facts.table(record, "bargaining_convergence")
    if found is None:
        return None
    figure = canvas.sheet("How the payments were agreed", 3.2)
    (axes,) = canvas.panels(figure)
    _residuals(axes, found, PAYMENTS)
    _logarithmic(axes)
    canvas.legend_above(axes)
    axes.set_ylabel("residual, relative")
    _whole_rounds(axes)
    return figure


def _residuals(axes: Axes, found: pd.DataFrame, words: dict[str, str]) -> None:
    looks = {"primal": (canvas.BLUE, "-", "o"), "dual": (canvas.VERMILLION, "--", "^")}
    for name, (colour, dash, marker) in looks.items():
        axes.plot(
            found["iteration"], np.maximum(found[f"{name}_residual"].to_numpy(dtype=np.float64), LEAST), color=colour,
            linestyle=dash, marker=marker, markersize=4, label=words[name],
        )  # fmt: skip


def _positive(column: pd.Series) -> Floats:
    """What a logarithmic axis can show."""
    values = column.to_numpy(dtype=np.float64)
    return np.where(values > 0.0, values, np.nan)


def _logarithmic(axes: Axes) -> None:
    """Whole powers of ten around what is drawn."""
    values = np.concatenate([np.asarray(line.get_ydata(), dtype=np.float64) for line in axes.lines])
    values = values[np.isfinite(values)] if np.isfinite(values).any() else np.ones(1)
    low, high = np.floor(np.log10(0.8 * values.min())), np.ceil(np.log10(1.2 * values.max()))
    axes.set_yscale("log")
    axes.set_ylim(10.0**low, 10.0 ** max(high, low + 1.0))
    axes.yaxis.set_major_locator(LogLocator(numticks=9))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: power_of_ten(value)))
    axes.yaxis.set_minor_formatter(NullFormatter())


def power_of_ten(value: float) -> str:
    """10⁻⁴, in letters that need no formula."""
    return f"10{str(round(np.log10(value))).translate(RAISED)}"


def _whole_rounds(axes: Axes) -> None:
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=12))
    axes.set_xlabel("iteration")
