"""From everyone to everyone as a map: rows sell, columns buy; with numbers where there is room for them."""

from __future__ import annotations

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.figure import Figure

from gridpact.report.figures import canvas, colours
from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.colours import Scale
from gridpact.report.figures.price_map import BAR, BAR_GAP, BAR_ROOM
from gridpact.report.text import number
from gridpact.report.trade import facts
from gridpact.results.record import Record

FLAT = 2  # fees that differ: one of pairs, one of trade with the operator
NUMBERED = 12  # parties up to which cells have numbers
NAMES = 44  # of rows and columns
ABOVE = canvas.TITLE + 0.3  # inches: title and unit
ROW, WIDEST, HIGHEST = 0.42, 1.35, 8.6  # inches: of a row, of a column, of the figure
NAME, LABEL = 8.0, 0.2  # points of a name, inches from the edge to what rows and columns do
SHADES = LinearSegmentedColormap.from_list("energy", ["#d3e6f3", "#56a5d3", canvas.BLUE, "#08304f"])
SEEN = 0.005  # what two decimals can say
DARK = 0.55  # luminance below which letters are white


def draw_energy(record: Record) -> Figure | None:
    """MWh of the horizon."""
    if facts.table(record, "trades") is None:
        return None
    energy = facts.energy(record)
    return matrix("Energy from seller to buyer", facts.parties(record), np.where(energy > 5e-4, energy, np.nan), "MWh")


def draw_fees(record: Record) -> Figure | None:
    """Mean fee of all steps; nothing where all pairs pay the same, and all trade with the operator does."""
    found = facts.table(record, "fee_rates")
    if found is None:
        return None
    names = facts.parties(record)
    fees = found.pivot_table(index="seller", columns="buyer", values="mean_fee_per_mwh").reindex(
        index=names, columns=names
    )
    values = fees.to_numpy(dtype=np.float64)
    if len(np.unique(np.round(values[np.isfinite(values)], 4))) <= FLAT:
        return None
    return matrix("Fee of a trade, mean of all steps", names, values, f"{record.case.currency}/MWh")


def matrix(title: str, names: list[str], values: Floats, unit: str) -> Figure:
    """The map with its colour bar; cells that are not numbers stay white."""
    places, told = canvas.thinned(names, NAMES)
    longest = max(canvas.text_width(name, NAME) for name in told)
    left, count = longest + 0.45, len(names)
    wide = min(canvas.WIDTH - left - BAR_ROOM - 0.1, WIDEST * count)
    flat = longest + 0.1 < wide / count
    below = 0.5 if flat else longest + 0.4
    height = min(ABOVE + below + max(ROW * count, 1.3), HIGHEST)
    right, scale = canvas.WIDTH - left - wide, shades(values)
    figure = canvas.sheet(f"{title} ({scale.note})" if scale.note else title, height)
    axes = canvas.axes_at(figure, left, below, right, ABOVE)
    axes.imshow(values, aspect="auto", interpolation="none", cmap=scale.map, norm=scale.norm)
    _names(axes, places, told, flat, below)
    if count <= NUMBERED:
        _numbers(axes, values, scale)
    beside = canvas.axes_at(figure, left + wide + BAR_GAP, below, right - BAR_GAP - BAR, ABOVE)
    colours.bar(beside, scale)
    beside.set_title(unit, loc="center", fontsize=canvas.SMALL, pad=6 if scale.extend in ("neither", "min") else 16)
    return figure


def shades(values: Floats) -> Scale:
    """From light to dark, from zero on where nothing is below."""
    scale = colours.scale_of(values)
    if scale.signed:
        return scale
    return Scale(0.0, max(scale.high, 1e-9), 0.0, scale.most, plain=SHADES)


def _names(axes: Axes, places: list[int], told: list[str], flat: bool, below: float) -> None:
    axes.grid(visible=False)
    canvas.label_rows(axes, places, told, NAME)
    axes.set_xticks(places, told, fontsize=NAME, rotation=0.0 if flat else 90.0)
    axes.tick_params(length=0, pad=3)
    axes.set_xlabel("buys")
    height = float(axes.figure.get_size_inches()[1] * axes.get_position().height)  # type: ignore[union-attr]
    axes.xaxis.set_label_coords(0.5, -(below - LABEL) / height)
    axes.set_ylabel("sells")
    width = float(axes.figure.get_size_inches()[0] * axes.get_position().width)  # type: ignore[union-attr]
    axes.yaxis.set_label_coords(-(canvas.WIDTH * axes.get_position().x0 - LABEL) / width, 0.5)


def _numbers(axes: Axes, values: Floats, scale: Scale) -> None:
    """In white where the cell is dark."""
    shades_of: Colormap = colormaps.get_cmap(scale.map)
    red, green, blue, _ = shades_of(np.asarray(scale.norm(np.nan_to_num(values)))).transpose(2, 0, 1)
    dark = 0.299 * red + 0.587 * green + 0.114 * blue < DARK
    for row, column in np.argwhere(np.abs(np.nan_to_num(values)) >= SEEN).tolist():
        ink = "white" if dark[row, column] else canvas.BLACK
        axes.text(column, row, number(values[row, column]), ha="center", va="center", fontsize=canvas.SMALL, color=ink)
