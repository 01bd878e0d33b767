"""The table that ties a transmission network to the districts behind it."""

from __future__ import annotations

from typing import Final

from gridpact.case.table import BLANK, Column, Table, own_id, reference

_CONNECTIONS = Table(
    "connections",
    "Where districts hang on this transmission network; a district is a case of its own, and the power at the bus is "
    "feeders x import of its interface. Counts where both are cleared together, not for this case alone.",
    (
        own_id("connection", "name of the connection"),
        reference("bus", "buses", "bus it is connected to"),
        Column("interface", "name of the interface in the case of the district", kind="id"),
        Column("feeders", "number of identical feeders behind it", default=1.0, positive=True),
        Column(
            "district",
            "who decides about the import; connections with one name have one leader",
            kind="text",
            default="",
        ),
        Column(
            "forecast_mw",
            "import of all feeders together that the transmission operator expects where nobody tells it; blank: what "
            "the district imports at the price of its interface",
            unit="MW",
            default=BLANK,
            profile=True,
        ),
    ),
)

GAME: Final = (_CONNECTIONS,)
