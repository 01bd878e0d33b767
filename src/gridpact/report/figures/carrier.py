"""What distinguishes the figures of electricity prices from those of heat prices: tables, words, parts and colours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gridpact.report.figures import canvas
from gridpact.report.figures.canvas import Floats
from gridpact.results.record import Record


@dataclass(frozen=True)
class Carrier:
    """``table`` holds the prices at the components of ``places``; ``parts`` by column are a name and a colour."""

    name: str
    table: str
    places: str
    noun: str
    root: str
    feed: str
    excess: str
    parts: Mapping[str, tuple[str, str]]
    label: float = 0.15  # inches from the edge of a map to the foot of the letters that name its rows

    def matrix(self, record: Record, column: str) -> Floats:
        """A column of the prices over the whole horizon, shape (places, steps)."""
        return canvas.over_time(record.case, record.tables[self.table], column)


ELECTRICITY = Carrier(
    "electricity",
    "electricity_prices",
    "buses",
    "bus",
    "root",
    "where the grid feeds in",
    "difference from the energy price",
    {
        "loss_per_mwh": ("losses", canvas.ORANGE),
        "reactive_loss_per_mwh": ("reactive losses", canvas.SKY),
        "voltage_per_mwh": ("voltage limits", canvas.GREEN),
        "congestion_per_mwh": ("congestion", canvas.VERMILLION),
        "interface_per_mwh": ("interface limits", canvas.PURPLE),
    },
)
HEAT = Carrier(
    "heat",
    "heat_prices",
    "heat_nodes",
    "node",
    "reference station",
    "at the reference station",
    "less that at the reference station",
    {
        "loss_per_mwh": ("losses", canvas.ORANGE),
        "delay_per_mwh": ("delay", canvas.SKY),
        "temperature_per_mwh": ("temperature limits", canvas.VERMILLION),
    },
    label=0.19,
)
