"""The typical days as they are operated: the network with its microgrids, and inside them."""

from __future__ import annotations

from dataclasses import replace

from matplotlib.figure import Figure

from gridpact.report.figures.planning import dispatch
from gridpact.report.together import facts
from gridpact.report.trade.sides import marked
from gridpact.results.record import Record
from gridpact.results.trading import MICROGRIDS


def draw_network(record: Record) -> Figure | None:
    """Who serves the load of the operator; microgrids give or take."""
    found = facts.table(record, "dispatch")
    if found is None:
        return None
    own = marked(found, record.case.ids("microgrids"))
    return dispatch.draw(replace(record, tables={**record.tables, "dispatch": own}), "Who serves the operator's load")


def draw_inside(record: Record) -> Figure | None:
    """Who serves the load of all microgrids; the grid is what they exchange."""
    found = facts.table(record, f"{MICROGRIDS}dispatch")
    if found is None:
        return None
    inside = replace(record, tables={**record.tables, "dispatch": found})
    return dispatch.draw(inside, "Who serves the load of the microgrids")
