"""Who serves the load: sources stacked upwards, charging and sales downwards, the load as a line."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from gridpact.report.figures import canvas
from gridpact.report.figures.canvas import Floats
from gridpact.results.record import Record

COLOURS = {
    "grid": "#b0b5ba",
    "microgrids": "#332288",
    "generators": canvas.BLUE,
    "wind": canvas.SKY,
    "PV": canvas.YELLOW,
    "other renewables": canvas.GREEN,
    "storage": canvas.PURPLE,
    "combined heat and power": canvas.ORANGE,
    "electric boilers": canvas.VERMILLION,
    "heat pumps": "#882255",
    "circulation pumps": "#3a3f44",
}
SOURCES = {
    "interface": "grid",
    "microgrid": "microgrids",
    "generator": "generators",
    "storage": "storage",
    "chp": "combined heat and power",
    "electric_boiler": "electric boilers",
    "heat_pump": "heat pumps",
    "heat_source": "circulation pumps",
}
RENEWABLES = {"wind": "wind", "pv": "PV", "other": "other renewables"}


def draw(record: Record) -> Figure | None:
    dispatch = record.tables.get("dispatch")
    if dispatch is None:
        return None
    supply, withdrawal = by_source(dispatch, record)
    load = load_of(dispatch, record)
    return _bars(supply, withdrawal, load) if record.case.steps == 1 else _stack(record, supply, withdrawal, load)


def load_of(dispatch: pd.DataFrame, record: Record) -> Floats:
    """Consumption of loads and shunts, MW, shape (steps,)."""
    consumers = dispatch[dispatch["kind"].isin(["load", "shunt"])]
    sums = -consumers.groupby("snapshot")["p_mw"].sum()
    return sums.reindex(record.case.snapshots, fill_value=0.0).to_numpy(dtype=np.float64)


def by_source(dispatch: pd.DataFrame, record: Record) -> tuple[dict[str, Floats], dict[str, Floats]]:
    """Injections and withdrawals (negative) of every source, MW, shape (steps,); each device counts on its side."""
    plants = record.case.tables["renewables"]
    kinds = dict(zip(plants["renewable"], plants["kind"].map(RENEWABLES), strict=True))
    renewable = dispatch["kind"] == "renewable"
    source = dispatch["device"].map(kinds).where(renewable, dispatch["kind"].map(SOURCES))
    power = dispatch.assign(
        source=source, supply=dispatch["p_mw"].clip(lower=0), withdrawal=dispatch["p_mw"].clip(upper=0)
    )
    return _sums(power, "supply", record), _sums(power, "withdrawal", record)


def _sums(power: pd.DataFrame, side: str, record: Record) -> dict[str, Floats]:
    sums = power.groupby(["source", "snapshot"])[side].sum().unstack("snapshot")
    sums = sums.reindex(columns=record.case.snapshots).fillna(0.0)
    rows = {name: sums.loc[name].to_numpy(dtype=np.float64) for name in COLOURS if name in sums.index}
    return {name: row for name, row in rows.items() if np.abs(row).max() > 1e-6}


def _stack(record: Record, supply: dict[str, Floats], withdrawal: dict[str, Floats], load: Floats) -> Figure:
    names = [*dict.fromkeys((*supply, *withdrawal)), "load"]
    rows = canvas.legend_rows(names)
    figure = canvas.sheet("Who serves the load", 3.6 + (rows - 1) * canvas.LEGEND)
    (axes,), moments = canvas.panels(figure, legend_rows=rows), canvas.edges(record.case)
    canvas.stack(axes, moments, [supply, withdrawal], COLOURS)
    axes.stairs(load, moments, baseline=None, color=canvas.BLACK, linewidth=1.8, label="load")
    axes.set_ylabel("MW")
    canvas.legend_above(axes, columns=-(-len(names) // rows))
    canvas.local_time(axes, record.case)
    return figure


def _bars(supply: dict[str, Floats], withdrawal: dict[str, Floats], load: Floats) -> Figure:
    taken = {"grid": "sold to the grid", "storage": "charging"}
    values = {name: float(part[0]) for name, part in supply.items()}
    values |= {taken.get(name, name): float(part[0]) for name, part in withdrawal.items()}
    colours = [COLOURS[name] for name in (*supply, *withdrawal)] + ["#3a3f44"]
    values["load"] = -float(load[0])
    figure = canvas.sheet("Who serves the load", 1.0 + 0.32 * len(values))
    canvas.bars(figure, list(values), np.array(list(values.values())), colours, "MW")
    return figure
