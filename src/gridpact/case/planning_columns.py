"""Columns that candidates of a plan have in common."""

from __future__ import annotations

from typing import Final

from gridpact.case.table import Column, own_id

NAME: Final = own_id(
    "candidate", "name of the candidate, distinct from those of all others and of what it would stand beside"
)
MOST: Final = Column(
    "max_units", "most units that may be built there, a whole number up to 1000", default=1.0, minimum=1.0
)
INVESTMENT: Final = (
    Column("investment", "cost of building it; of one unit where it has units", unit="currency", minimum=0.0),
    Column("lifetime_years", "years over which the investment is paid off", unit="a", positive=True),
    Column(
        "maintenance_per_year",
        "cost of having it for a year; of one unit where it has units",
        unit="currency/a",
        default=0.0,
        minimum=0.0,
    ),
)
