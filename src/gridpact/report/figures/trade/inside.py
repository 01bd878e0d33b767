"""Who serves the load inside each microgrid: its devices stacked, with what it takes from and gives to the network."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gridpact.case.case import Case
from gridpact.case.owners import at_buses
from gridpact.case.schema import SCHEMA
from gridpact.report.figures import canvas
from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.dispatch import COLOURS
from gridpact.report.figures.game.multiples import labelled, multiples
from gridpact.report.figures.planning.dispatch import Sides, by_source
from gridpact.report.figures.trade import look
from gridpact.report.trade import facts
from gridpact.report.trade.sides import inside
from gridpact.results.families import kinds_of
from gridpact.results.record import Record

NETWORK = "network"
SHADES = {(NETWORK if name == "grid" else name): colour for name, colour in COLOURS.items()}


def draw(record: Record) -> Figure | None:
    """A panel for each of the microgrids that trade most."""
    side = inside(record)
    if side is None:
        return None
    own = by_owner(side)
    kept, some = look.ranked(record, np.abs(facts.by_microgrid(record, "p_mw")).sum(axis=1))
    parts = [_sources(own[own["owner"] == party], side) for party in kept]
    names = [*dict.fromkeys(name for sides, _ in parts for one in sides for name in one), "load"]
    rows = look.rows_of(names)
    title = f"Who serves the load inside each microgrid{some}"
    figure, places = multiples(title, len(kept), look.BETWEEN, canvas.LEGEND * rows + 0.05)
    for axes, party, (sides, load) in zip(places, kept, parts, strict=True):
        _panel(axes, record.case, sides, load)
        axes.set_title(canvas.short(facts.microgrids(record)[party]))
    labelled(places, "local time", "MW")
    look.legend(figure, rows, [name for name in (*SHADES, "load") if name in names])
    return figure


def by_owner(side: Record) -> pd.DataFrame:
    """The dispatch with the number of the microgrid at whose bus each device stands; -1 for what has no bus."""
    owners = owners_of(side.case)
    dispatch = side.tables["dispatch"]
    keys = pd.MultiIndex.from_frame(dispatch[["kind", "device"]])
    return dispatch.assign(owner=pd.Series(owners).reindex(keys).fillna(-1).to_numpy(dtype=np.int64))


def owners_of(case: Case) -> dict[tuple[str, str], int]:
    """The number of the microgrid of every device with a bus, by kind and name."""
    at = np.append(at_buses(case), -1)
    tables = [name for name, table in SCHEMA.items() if any(column.name == "bus" for column in table.columns[1:])]
    return {
        (name.removesuffix("s"), device): int(at[bus])
        for name in tables
        for device, bus in zip(case.ids(name), case.positions(name, "bus").tolist(), strict=True)
    }


def _sources(dispatch: pd.DataFrame, side: Record) -> tuple[Sides, Floats]:
    """By source; the interface of a microgrid is its exchange with the network."""
    if dispatch.empty:
        return ({}, {}), np.zeros(side.case.steps)
    sides, load = by_source(dispatch, kinds_of(side.case))
    up, down = ({(NETWORK if name == "grid" else name): row for name, row in one.items()} for one in sides)
    return (up, down), load


def _panel(axes: Axes, case: Case, sides: Sides, load: Floats) -> None:
    moments = canvas.edges(case)
    canvas.stack(axes, moments, sides, SHADES)
    axes.stairs(load, moments, baseline=None, color=canvas.BLACK, linewidth=1.6, label="load")
    look.small_time(axes, case)
