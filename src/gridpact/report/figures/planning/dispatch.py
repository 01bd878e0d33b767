"""Who serves the load on the typical days with the plan: sources stacked, charging and sales downwards, load a line."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gridpact.report.figures import canvas
from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.dispatch import COLOURS, RENEWABLES, SOURCES
from gridpact.report.figures.game.multiples import labelled, multiples
from gridpact.report.figures.planning import days
from gridpact.report.planning.facts import heaviest, table, weights
from gridpact.results.families import kinds_of
from gridpact.results.record import Record

LOADS = ("load", "shunt")
SEEN = 1e-6  # MW
Sides = tuple[dict[str, Floats], dict[str, Floats]]


def draw(record: Record, title: str = "Who serves the load") -> Figure | None:
    """``title`` says whose load it is."""
    dispatch, found = table(record, "dispatch"), weights(record)
    if dispatch is None or not found or dispatch["snapshot"].nunique() % len(found):
        return None
    sides, load = by_source(dispatch, kinds(record))
    names = [*dict.fromkeys(name for side in sides for name in side), "load"]
    shown, rows = heaviest(found, days.MOST), canvas.legend_rows(names)
    some = "" if len(shown) == len(found) else f" (the {len(shown)} that stand for most, of {len(found)})"
    figure, places = multiples(f"{title} on the typical days{some}", len(shown), 0.35, canvas.LEGEND * rows + 0.05)
    order = list(found)
    for axes, name in zip(places, shown, strict=True):
        _day(axes, sides, load, order.index(name), len(order))
        axes.set_title(days.title(name, found[name]))
        days.hours(axes)
    _same(places)
    labelled(places, "hour of the day", "MW")
    _legend(figure, names, rows)
    return figure


def kinds(record: Record) -> dict[str, str]:
    """Kind of every renewable plant, those that the plan builds included."""
    investments = table(record, "investments")
    new = {} if investments is None else dict(zip(investments["asset"].astype(str), investments["kind"], strict=True))
    return {**new, **kinds_of(record.case)}


def by_source(dispatch: pd.DataFrame, kind_of: Mapping[str, str]) -> tuple[Sides, Floats]:
    """Injections and withdrawals (negative) of every source and the load, MW, shape (steps,) each."""
    steps = pd.Index(dispatch["snapshot"].unique())
    plants = dispatch["device"].map(lambda name: RENEWABLES.get(kind_of.get(str(name), ""), RENEWABLES["other"]))
    source = plants.where(dispatch["kind"] == "renewable", dispatch["kind"].map(SOURCES))
    power = dispatch.assign(source=source)
    consumed = power[power["kind"].isin(LOADS)].groupby("snapshot")["p_mw"].sum()
    load = -consumed.reindex(steps).fillna(0.0).to_numpy(dtype=np.float64)
    up, down = power["p_mw"].clip(lower=0.0), power["p_mw"].clip(upper=0.0)
    return (_sums(power.assign(p_mw=up), steps), _sums(power.assign(p_mw=down), steps)), load


def _sums(power: pd.DataFrame, steps: pd.Index) -> dict[str, Floats]:
    sums = power.groupby(["source", "snapshot"])["p_mw"].sum().unstack("snapshot").reindex(columns=steps).fillna(0.0)
    rows = {name: sums.loc[name].to_numpy(dtype=np.float64) for name in COLOURS if name in sums.index}
    return {name: row for name, row in rows.items() if np.abs(row).max() > SEEN}


def _day(axes: Axes, sides: Sides, load: Floats, place: int, count: int) -> None:
    """The steps of one day out of all that follow each other."""
    each = load.size // count
    part, moments = slice(place * each, (place + 1) * each), np.linspace(0.0, 24.0, each + 1)
    own = [{name: row[part] for name, row in side.items()} for side in sides]
    canvas.stack(axes, moments, own, COLOURS)
    axes.stairs(load[part], moments, baseline=None, color=canvas.BLACK, linewidth=1.6, label="load")


def _same(places: list[Axes]) -> None:
    """One vertical scale for all days."""
    ends = np.array([axes.dataLim.intervaly for axes in places])
    low, high = float(ends[:, 0].min()), float(ends[:, 1].max())
    room = 0.06 * max(high - low, 1e-9)
    for axes in places:
        axes.set_ylim(low - (room if low < 0.0 else 0.0), high + room)


def _legend(figure: Figure, names: list[str], rows: int) -> None:
    found: dict[str, Artist] = {}
    for axes in figure.axes:
        found |= dict(zip(*axes.get_legend_handles_labels()[::-1], strict=True))
    shown = [name for name in names if name in found]
    figure.legend(
        [found[name] for name in shown], shown, loc="upper left", ncols=-(-len(shown) // rows), borderaxespad=0.0,
        bbox_to_anchor=(canvas.LEFT / canvas.WIDTH, 1.0 - (canvas.TITLE - 0.02) / figure.get_size_inches()[1]),
    )  # fmt: skip
