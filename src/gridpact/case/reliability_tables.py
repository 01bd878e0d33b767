"""What fails, what protects and what switches: columns of lines, transformers, loads and switches, and a table.

Everything is at a default at which nothing ever fails, so that a case without these columns is as it was.
"""

from __future__ import annotations

from typing import Final

from gridpact.case.table import BLANK, Column, Table, own_id, reference

LINE_FAILURES: Final = (
    Column(
        "failures_per_km_year", "permanent failures over length and time", unit="1/(km a)", default=0.0, minimum=0.0
    ),
    Column("repair_h", "mean time to repair it", unit="h", default=0.0, minimum=0.0),
)

TRANSFORMER_FAILURES: Final = (
    Column("failures_per_year", "permanent failures over time", unit="1/a", default=0.0, minimum=0.0),
    Column("repair_h", "mean time to repair or replace it", unit="h", default=0.0, minimum=0.0),
)

LOAD_POINT: Final = (
    Column("customers", "number of customers at the load, for the indices of reliability", default=0.0, minimum=0.0),
    Column(
        "transformer_failures_per_year",
        "failures of the load's own distribution transformer, which is no part of the network of the case",
        unit="1/a",
        default=0.0,
        minimum=0.0,
    ),
    Column(
        "transformer_repair_h",
        "mean time to repair or replace the load's own transformer",
        unit="h",
        default=0.0,
        minimum=0.0,
    ),
)

TIE: Final = (
    Column(
        "switching_h",
        "time after a fault until an open switch is closed to restore supply through its line",
        unit="h",
        default=0.0,
        minimum=0.0,
    ),
    Column(
        "transfer_mw",
        "most mean load restored through the line of an open switch; blank: no limit",
        unit="MW",
        default=BLANK,
        minimum=0.0,
    ),
)

ISLANDING: Final = Column(
    "islanding",
    "true: after a fault it can feed a part of the network that is cut off; counts for the reliability alone",
    kind="flag",
    default=False,
)

_PROTECTION = Table(
    "protection",
    "Devices at the ends of lines that clear or isolate faults; they count for the reliability alone. Breakers, "
    "reclosers and fuses clear what fails behind them at once; every device can be opened to isolate a fault.",
    (
        own_id("device", "name of the device"),
        reference("line", "lines", "line it stands in"),
        Column("end", "end of the line it stands at", kind="text", choices=("from", "to")),
        Column("kind", "kind of device", kind="text", choices=("breaker", "recloser", "fuse", "sectionaliser")),
        Column(
            "switching_h", "time after a fault until it is opened to isolate it", unit="h", default=0.0, minimum=0.0
        ),
    ),
)

RELIABILITY: Final = (_PROTECTION,)
