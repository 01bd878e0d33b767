"""Market structures side by side: what the district costs, mean prices, and who gets what."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import offset_copy

from gridpact.report.figures import canvas
from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.heat import look
from gridpact.report.text import number
from gridpact.results.record import Record

PANELS = (
    ("What the district costs", "{currency}", {"cost": ("cost", look.SLATE)}),
    (
        "Mean prices",
        "{currency}/MWh",
        {
            "price_mean_per_mwh": ("electricity", look.ELECTRICITY),
            "heat_price_mean_per_mwh": ("heat", look.HEAT),
        },
    ),
    (
        "What is left for",
        "{currency}",
        {
            "coupler_profit": ("couplers", canvas.ORANGE),
            "electricity_surplus": ("electricity network", look.ELECTRICITY),
            "heat_surplus": ("heat network", look.HEAT),
        },
    ),
)
LEFT, GAP, ROW = 1.0, 0.35, 0.75  # inches: names, between panels, height of a structure


def draw(record: Record) -> Figure | None:
    table = record.tables.get("structures")
    if table is None or table.empty:
        return None
    figure = canvas.sheet("Ways to run the two markets", 1.75 + ROW * len(table))
    width = (canvas.WIDTH - LEFT - canvas.RIGHT - 2.0 * GAP) / len(PANELS)
    for place, (title, unit, columns) in enumerate(PANELS):
        left = LEFT + place * (width + GAP)
        top = canvas.TITLE + 2.0 * canvas.LEGEND + 0.1
        axes = canvas.axes_at(figure, left, canvas.BELOW, canvas.WIDTH - left - width, top)
        _panel(axes, figure, table, columns)
        axes.set_xlabel(f"{title.lower()}, {unit.format(currency=record.case.currency)}")
        if len(columns) > 1:
            axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, borderaxespad=0.3, handlelength=1.0)
    canvas.label_rows(figure.axes[0], list(range(len(table))), table["structure"].astype(str).tolist(), 9.0)
    return figure


def _panel(axes: Axes, figure: Figure, table: pd.DataFrame, columns: dict[str, tuple[str, str]]) -> None:
    rows, thick = np.arange(len(table)), 0.8 / len(columns)
    for place, (column, (name, colour)) in enumerate(columns.items()):
        values = table[column].to_numpy(dtype=np.float64)
        at = rows + (place - (len(columns) - 1) / 2.0) * thick
        axes.barh(at, np.nan_to_num(values), height=0.9 * thick, color=colour, label=name)
        _values(axes, figure, at.tolist(), values, table if column == "cost" else None)
    axes.set_ylim(len(table) - 0.5, -0.5)
    axes.set_yticks([])
    axes.grid(visible=True, axis="x")
    axes.axvline(0.0, color=canvas.BLACK, linewidth=0.8)
    axes.margins(x=0.45 if len(columns) > 1 else 0.85)
    axes.locator_params(axis="x", nbins=4)
    axes.set_xlim(min(axes.get_xlim()[0], 0.0) if np.nanmin(table[list(columns)].to_numpy()) < 0.0 else 0.0)


def _values(axes: Axes, figure: Figure, at: Sequence[float], values: Floats, table: pd.DataFrame | None) -> None:
    """Each value at the end of its bar; of the costs also how far they are above that of the joint market."""
    for place, (y, value) in enumerate(zip(at, values.tolist(), strict=True)):
        sign = 1.0 if not value < 0.0 else -1.0
        more = ""
        if table is not None and abs(table["above_joint_percent"].iloc[place]) >= 5e-3:
            more = f" (+{number(table['above_joint_percent'].iloc[place], 2)} %)"
        beside = offset_copy(axes.transData, figure, x=3.0 * sign, units="points")
        side = "left" if sign > 0.0 else "right"
        text = "no dispatch" if np.isnan(value) else f"{number(value, 2)}{more}"
        axes.text(
            0.0 if np.isnan(value) else value, y, text, transform=beside, ha=side, va="center", fontsize=canvas.SMALL
        )
