"""What the energy of a device emits: one column of several tables."""

from __future__ import annotations

from typing import Final

from gridpact.case.table import Column

EMISSIONS: Final = Column(
    "emissions_t_per_mwh",
    "CO2 of its energy; counts where a plan is given a carbon price",
    unit="t/MWh",
    default=0.0,
    minimum=0.0,
)
