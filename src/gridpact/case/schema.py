"""The data model, declared once: every table, column, unit, default, bound and reference of a case.

Reading, writing, validation, documentation and the ``gridpact schema`` command all follow from ``SCHEMA``.
A blank cell means the column's default; a column whose default is "none" (NaN) says in its description
what a blank means.
"""

from __future__ import annotations

from typing import Final

from gridpact.case.electric_tables import ELECTRIC
from gridpact.case.game_tables import GAME
from gridpact.case.heat_tables import HEAT
from gridpact.case.planning_tables import PLANNING
from gridpact.case.reliability_tables import RELIABILITY
from gridpact.case.table import BLANK as BLANK
from gridpact.case.table import Column as Column
from gridpact.case.table import Default as Default
from gridpact.case.table import Kind as Kind
from gridpact.case.table import Table as Table
from gridpact.case.trade_tables import TRADE

WINDOWS: Final = ("horizon", "day", "week")

_TABLES: Final = (*ELECTRIC, *HEAT, *GAME, *RELIABILITY, *PLANNING, *TRADE)
SCHEMA: Final[dict[str, Table]] = {table.name: table for table in _TABLES}

HEADER: Final = Table(
    "case",
    "The file case.toml: name, money and time.",
    (
        Column("name", "name of the case", kind="text"),
        Column("currency", "name of the currency", kind="text", default="unit"),
        Column("timezone", "IANA name of the time zone", kind="text", default="UTC"),
        Column("start", "start of the first step, ISO 8601 with offset", kind="text"),
        Column("step_minutes", "length of a step", unit="min", positive=True),
        Column("steps", "number of steps", minimum=1.0),
        Column("frequency_hz", "frequency, for the line capacitances", unit="Hz", default=50.0, positive=True),
        Column(
            "window",
            "what is cleared together: all steps, or those of each local day or week; storages, ramps and shiftable "
            "energy then start anew with each window",
            kind="text",
            default="horizon",
            choices=WINDOWS,
        ),
    ),
)
