"""Reading a run of a district with heat: series by name, the energy balance of the heat network, who is in between."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# Share of a device's range by which it must stay off its limits to set a price.
INSIDE = 1e-4


def column(run: Any, table: str, key: str, name: str, value: str) -> Floats:
    """One series of a table: the values of ``value`` in the rows where ``key`` is ``name``."""
    found = run.table(table)
    return np.asarray(found.loc[found[key] == name, value], dtype=np.float64)


def power_price(run: Any, bus: str) -> Floats:
    return column(run, "electricity_prices", "bus", bus, "price_per_mwh")


def reactive_price(run: Any, bus: str) -> Floats:
    return column(run, "electricity_prices", "bus", bus, "reactive_price_per_mvarh")


def station_price(run: Any, node: str) -> Floats:
    return column(run, "heat_prices", "node", node, "source_price_per_mwh")


def power(run: Any, device: str) -> Floats:
    return column(run, "dispatch", "device", device, "p_mw")


def heat(run: Any, device: str) -> Floats:
    return column(run, "dispatch", "device", device, "heat_mw")


def inside(values: Floats, lowest: float, highest: float) -> NDArray[np.bool_]:
    """Steps in which a device is between its limits."""
    margin = INSIDE * (highest - lowest)
    return (values > lowest + margin) & (values < highest - margin)


def heat_left(run: Any) -> Floats:
    """Heat made less drawn, lost and stored in pipes, of every step, relative to what is drawn; MWh by MWh.

    Tanks count as devices. The pipes of the first step follow those of the last.
    """
    dispatch, pipes = run.table("dispatch"), run.table("pipes")
    hours = run.record.case.hours
    net = dispatch.groupby("snapshot")["heat_mw"].sum().to_numpy()
    drawn = -dispatch[dispatch["kind"] == "heat_load"].groupby("snapshot")["heat_mw"].sum().to_numpy()
    sums = pipes.groupby("snapshot")[["loss_mw", "stored_mwh"]].sum()
    stored = sums["stored_mwh"].to_numpy()
    grown = stored - np.roll(stored, 1)
    return np.asarray((hours * (net - sums["loss_mw"].to_numpy()) - grown) / (hours * drawn))


def unbalanced(flows: pd.DataFrame, name: str) -> float:
    """What enters and does not leave a box of the energy flows, relative to what enters."""
    into = flows.loc[flows["target"] == name, "energy_mwh"].sum()
    out = flows.loc[flows["source"] == name, "energy_mwh"].sum()
    return float((into - out) / into)
