"""The network of a trade: what is drawn of every clearing, with the microgrids marked."""

from __future__ import annotations

from collections.abc import Callable

from matplotlib.figure import Figure

from gridpact.report.drawing import Draw
from gridpact.report.figures import network_map
from gridpact.report.trade.sides import inside, network_side
from gridpact.results.record import Record


def of_network(draw: Draw) -> Draw:
    """The figure of the network's side."""
    return _of(draw, network_side)


def of_microgrids(draw: Draw) -> Draw:
    """The figure of all microgrids side by side."""
    return _of(draw, inside)


def _of(draw: Draw, side: Callable[[Record], Record | None]) -> Draw:
    def drawn(record: Record) -> Figure | None:
        one = side(record)
        return None if one is None else draw(one)

    return drawn


def draw_map(record: Record) -> Figure | None:
    """Prices and loading, each microgrid by its name."""
    side = network_side(record)
    if side is None:
        return None
    buses = record.case.positions("microgrids", "bus").tolist()
    return network_map.draw(side, dict(zip(buses, record.case.ids("microgrids"), strict=True)))
