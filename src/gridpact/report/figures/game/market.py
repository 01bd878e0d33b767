"""The transmission market: its prices by bus and time, and who generates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from gridpact.report.figures import canvas, price_map
from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.carrier import ELECTRICITY
from gridpact.report.game.market import transmission_clearing
from gridpact.results.record import Record

LMP = replace(ELECTRICITY, excess="congestion", feed="at the slack bus")
UNITS = 7
OTHERS = "others"
COLOURS = (
    canvas.BLUE,
    canvas.ORANGE,
    canvas.GREEN,
    canvas.SKY,
    canvas.PURPLE,
    canvas.YELLOW,
    "#882255",
)
DISTRICT = "district "


def draw_prices(record: Record) -> Figure | None:
    market = transmission_clearing(record)
    if market is None:
        return None
    figure = price_map.draw(market, LMP)
    if figure is not None:
        top = figure.get_size_inches()[1]
        figure.suptitle("Transmission prices (LMP) by bus and time", x=0.005, y=1.0 - 0.07 / top, ha="left", va="top")
    return figure


def draw_dispatch(record: Record) -> Figure | None:
    """Generators stacked, the largest by name; lines: all demand, and that without the districts."""
    market = transmission_clearing(record)
    if market is None:
        return None
    units = by_unit(market)
    colours = dict(zip(units, COLOURS, strict=False)) | {OTHERS: "#b0b5ba"}
    names = [*units, "all demand", "without the districts"]
    rows = canvas.legend_rows(names)
    figure = canvas.sheet("Who generates in the transmission network", 3.6 + (rows - 1) * canvas.LEGEND)
    (axes,), moments = canvas.panels(figure, legend_rows=rows), canvas.edges(market.case)
    up = {name: power.clip(min=0.0) for name, power in units.items()}
    down = {name: power.clip(max=0.0) for name, power in units.items()}
    canvas.stack(axes, moments, [up, down], colours)
    whole, rest = demand(market)
    axes.stairs(whole, moments, baseline=None, color=canvas.BLACK, linewidth=1.8, label="all demand")
    axes.stairs(
        rest, moments, baseline=None, color=canvas.BLACK, linewidth=1.4, linestyle="--", label="without the districts"
    )
    axes.set_ylabel("MW")
    canvas.legend_above(axes, columns=-(-len(names) // rows))
    canvas.local_time(axes, market.case)
    return figure


def by_unit(market: Record) -> dict[str, Floats]:
    """Power of what feeds the network, (steps,): the largest by name, the rest together."""
    dispatch = market.tables["dispatch"]
    supply = dispatch[~dispatch["kind"].isin(["load", "shunt"])]
    power = _by_time(supply, "device", market)
    size = power.abs().sum(axis=1).sort_values(ascending=False, kind="stable")
    size = size[size > 1e-6]
    first = list(size.index[:UNITS])
    units = {str(name): power.loc[name].to_numpy(dtype=np.float64) for name in first}
    rest = list(size.index[UNITS:])
    return units | ({OTHERS: power.loc[rest].sum().to_numpy(dtype=np.float64)} if rest else {})


def demand(market: Record) -> tuple[Floats, Floats]:
    """All demand in MW, and that of who is no district; (steps,) each."""
    dispatch = market.tables["dispatch"]
    power = -_by_time(dispatch[dispatch["kind"].isin(["load", "shunt"])], "device", market)
    ours = power.index.astype(str).str.startswith(DISTRICT)
    return power.sum().to_numpy(dtype=np.float64), power[~ours].sum().to_numpy(dtype=np.float64)


def _by_time(dispatch: pd.DataFrame, key: str, market: Record) -> pd.DataFrame:
    power = dispatch.pivot_table(index=key, columns="snapshot", values="p_mw", aggfunc="sum", sort=False)
    return power.reindex(columns=market.case.snapshots).fillna(0.0)
