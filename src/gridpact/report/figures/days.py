"""A horizon cleared day by day: what ten days and a year show alike, one column of a figure per day.

Days stand at their dates by the local clock, which have no gap and no double hour where the clock is changed. Hatched:
days that could not be cleared.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib import dates
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gridpact.case.case import Case
from gridpact.report.figures import canvas, colours
from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.price_map import BAR, BAR_GAP, BAR_ROOM
from gridpact.report.figures.voltage import limits
from gridpact.results.days import CLEARED
from gridpact.results.record import Record

MINUTES_PER_DAY = 1440.0
SHARES = np.linspace(0.0, 1.0, 401)
LEFT_OUT = "not cleared"
SOURCES = {
    "bought from the grid": ("import_mwh", "#b0b5ba"),
    "generators": ("generation_mwh", canvas.BLUE),
    "wind and PV": ("renewable_mwh", canvas.SKY),
    "sold to the grid": ("export_mwh", canvas.ORANGE),
}
LEAST = 1e-6  # MWh; what is less in every day is not shown


def price_by_hour(record: Record) -> Figure | None:
    """A map: days along, hours of the day upwards."""
    prices = record.tables.get("electricity_prices")
    if prices is None or prices.empty:
        return None
    values = by_hour(record, prices)
    figure = canvas.sheet("Price of electricity by day and hour of the day, mean of all buses", 3.6)
    end, top = BAR_ROOM, canvas.TITLE + 0.25
    axes = canvas.axes_at(figure, canvas.LEFT, canvas.BELOW, end, top)
    scale, first = colours.scale_of(values), _date(record.case.snapshots[0])
    extent = (first, first + values.shape[1], 0.0, 24.0)
    axes.imshow(
        values, aspect="auto", origin="lower", interpolation="none", extent=extent, cmap=scale.map, norm=scale.norm,
        zorder=2,
    )  # fmt: skip
    axes.set_title(scale.note)
    axes.grid(visible=False)
    axes.set_yticks([0, 6, 12, 18, 24], ["00:00", "06:00", "12:00", "18:00", "24:00"])
    axes.set_ylabel("hour of the day")
    _days_along(axes, record)
    _hatch(axes, record)
    beside = canvas.axes_at(figure, canvas.WIDTH - end + BAR_GAP, canvas.BELOW, end - BAR_GAP - BAR, top)
    colours.bar(beside, scale)
    unit = beside.set_title(f"{record.case.currency}/MWh", loc="center", fontsize=canvas.SMALL)
    if scale.extend in ("max", "both"):
        unit.set_y(1.0 + colours.ARROW / (float(figure.get_size_inches()[1]) - top - canvas.BELOW))
    return figure


def by_hour(record: Record, prices: pd.DataFrame) -> Floats:
    """Mean price of all buses, shape (steps of a day, days); NaN where nothing was cleared or the clock jumps.

    An hour that the clock strikes twice is the mean of both.
    """
    mean = prices.groupby("snapshot", sort=False)["price_per_mwh"].mean()
    case, clock = record.case, _clock(record.case, mean.index)
    minutes = min(case.step_minutes, MINUTES_PER_DAY)
    row = ((clock.hour * 60 + clock.minute) / minutes).astype(np.int64).to_numpy()
    first, last = (_clock(case, case.snapshots[[end]]).normalize()[0] for end in (0, -1))
    column = (clock.normalize() - first).days.to_numpy()
    shape = (int(np.ceil(MINUTES_PER_DAY / minutes)), (last - first).days + 1)
    total, count = np.zeros(shape), np.zeros(shape)
    np.add.at(total, (row, column), mean.to_numpy(dtype=np.float64))
    np.add.at(count, (row, column), 1.0)
    found: Floats = np.divide(total, count, out=np.full(shape, np.nan), where=count > 0.0)
    return found


def price_band(record: Record) -> Figure | None:
    if not _cleared(record).any():
        return None
    figure = canvas.sheet(f"Price of electricity by {record.case.window}", 3.2)
    (axes,) = canvas.panels(figure)
    low, mean, high = (figure_of(record, f"price_{name}_per_mwh") for name in ("min", "mean", "max"))
    _band(axes, record, low, high, "lowest to highest price of any bus and step")
    axes.stairs(mean, edges(record), baseline=None, color=canvas.BLUE, label="mean")
    axes.set_ylabel(f"{record.case.currency}/MWh")
    _finish(axes, record)
    return figure


def energy(record: Record) -> Figure | None:
    """Sources upwards, sales downwards, the demand as a line."""
    if not _cleared(record).any():
        return None
    window = record.case.window
    figure = canvas.sheet(f"Who serves the demand, by {window}", 3.6)
    (axes,) = canvas.panels(figure)
    parts = {name: np.nan_to_num(figure_of(record, column)) for name, (column, _) in SOURCES.items()}
    shown = {name: part for name, part in parts.items() if part.max() > LEAST}
    down = {name: -shown.pop(name) for name in list(shown) if name == "sold to the grid"}
    canvas.stack(axes, edges(record), [shown, down], {name: colour for name, (_, colour) in SOURCES.items()})
    demand = figure_of(record, "load_mwh")
    axes.stairs(demand, edges(record), baseline=None, color=canvas.BLACK, label="demand")
    axes.set_ylabel(f"MWh per {window}")
    _finish(axes, record)
    return figure


def network(record: Record) -> Figure | None:
    """Voltages, where the model has any, above the highest loading, where a branch has a limit."""
    voltages = record.settings.get("formulation") != "dc"
    loadings = bool(np.isfinite(figure_of(record, "highest_loading_percent")).any())
    if not _cleared(record).any() or not (voltages or loadings):
        return None
    what = " and ".join(["Voltages"] * voltages + ["highest loading"] * loadings)
    rows = voltages + loadings
    figure = canvas.sheet(f"{what[0].upper()}{what[1:]} by {record.case.window}", 1.2 + 1.9 * rows)
    column = canvas.panels(figure, rows=rows)
    if voltages:
        _voltages(column[0], record)
    if loadings:
        _loading(column[-1], record)
    _days_along(column[-1], record)
    for axes in column:
        _hatch(axes, record)
        canvas.legend_above(axes, columns=6)
    return figure


def _voltages(axes: Axes, record: Record) -> None:
    """The band of all buses; its lower edge is what limits most often."""
    low, high = figure_of(record, "lowest_vm_pu"), figure_of(record, "highest_vm_pu")
    _band(axes, record, low, high, "all buses and steps")
    axes.stairs(low, edges(record), baseline=None, color=canvas.BLUE, label="lowest")
    limits(axes, record.case)


def _loading(axes: Axes, record: Record) -> None:
    loading = figure_of(record, "highest_loading_percent")
    axes.stairs(loading, edges(record), baseline=None, color=canvas.BLUE, label="highest loading of any branch")
    axes.axhline(100.0, color=canvas.VERMILLION, linestyle="--", linewidth=1.2, zorder=3, label="limit")
    axes.set_ylim(0.0, 1.08 * max(100.0, float(np.nanmax(loading))))
    axes.set_ylabel("% of the limit")


def duration(record: Record) -> Figure | None:
    """How often the price is how high, over all buses and steps that were cleared."""
    prices = record.tables.get("electricity_prices")
    if prices is None or prices.empty:
        return None
    figure = canvas.sheet("Price duration: how often the price is at least so high", 3.2)
    (axes,) = canvas.panels(figure, legend_rows=2)
    bus, root = (prices[name].to_numpy(dtype=np.float64) for name in ("price_per_mwh", "energy_per_mwh"))
    axes.plot(100.0 * SHARES, np.nanquantile(bus, 1.0 - SHARES), color=canvas.BLUE, label="price at the buses")
    if np.isfinite(root).any():
        exceeded, label = np.nanquantile(root, 1.0 - SHARES), "energy price, where the network meets the grid"
        axes.plot(100.0 * SHARES, exceeded, color=canvas.BLACK, linestyle="--", linewidth=1.4, label=label)
    canvas.legend_above(axes, columns=1)
    axes.set_xlim(0.0, 100.0)
    axes.set_xlabel("% of all buses and steps that were cleared")
    axes.set_ylabel(f"{record.case.currency}/MWh")
    return figure


def edges(record: Record) -> Floats:
    """Starts of all days and the end of the last, by the local clock, as numbers of a time axis; shape (days + 1,)."""
    days, case = record.tables["days"], record.case
    starts = pd.DatetimeIndex(days["snapshot"])
    end = starts[-1:] + pd.Timedelta(minutes=case.step_minutes * int(days["steps"].iloc[-1]))
    moments: Floats = dates.date2num(_clock(case, starts.append(end)).to_numpy())
    return moments


def figure_of(record: Record, column: str) -> Floats:
    """A column of the table of days, NaN where a day was not cleared; shape (days,)."""
    return record.tables["days"][column].to_numpy(dtype=np.float64)


def _cleared(record: Record) -> pd.Series:
    cleared: pd.Series = record.tables["days"]["status"] == CLEARED
    return cleared


def _clock(case: Case, moments: pd.Index) -> pd.DatetimeIndex:
    """What the local clock shows."""
    return pd.DatetimeIndex(moments).tz_convert(case.timezone).tz_localize(None)


def _date(start: pd.Timestamp) -> float:
    return float(dates.date2num(start.tz_localize(None).normalize().to_datetime64()))


def _band(axes: Axes, record: Record, low: Floats, high: Floats, label: str) -> None:
    base = np.where(np.isfinite(low), low, np.nanmin(low))
    axes.stairs(
        high, edges(record), baseline=base, fill=True, color=canvas.SKY, alpha=0.5, linewidth=0, label=label,
    )  # fmt: skip


def _finish(axes: Axes, record: Record) -> None:
    _days_along(axes, record)
    _hatch(axes, record)
    canvas.legend_above(axes, columns=6)


def _days_along(axes: Axes, record: Record) -> None:
    """The horizontal axis: dates by the local clock."""
    moments = edges(record)
    first, last = float(moments[0]), float(moments[-1])
    axes.set_xticks(*canvas.time_ticks(first, last, "UTC", 9))
    axes.set_xlim(first, last)
    ends = [f"{dates.num2date(moment):%d %b %Y}" for moment in (first, last - 1e-6)]
    axes.set_xlabel(f"local time in {record.case.timezone}, {ends[0]} to {ends[1]}")


def _hatch(axes: Axes, record: Record) -> None:
    """Days that were not cleared, over the whole height."""
    moments = edges(record)
    missing = np.flatnonzero(np.diff(np.concatenate([[False], ~_cleared(record), [False]]).astype(np.int64)))
    for row, (begin, end) in enumerate(missing.reshape(-1, 2)):
        axes.axvspan(
            moments[begin], moments[end], facecolor="#fbe9df", edgecolor=canvas.VERMILLION, hatch="////", linewidth=0,
            zorder=1, label=LEFT_OUT if row == 0 else None,
        )  # fmt: skip
