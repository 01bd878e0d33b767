"""Where the relaxation was not exact: the losses it invented, the voltages it hid, the prices it made of that.

Three panels over time: losses by cause, voltages at the bus where the real one would be worst, prices at the bus where
they changed most. With one step two panels over the buses.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gridpact.report.causes import causes
from gridpact.report.figures import canvas
from gridpact.report.figures.canvas import Floats
from gridpact.results.record import Record

COLOURS = {
    "upper voltage limit": canvas.VERMILLION,
    "export limit": canvas.BLUE,
    "price below zero": canvas.PURPLE,
    "worthless energy": canvas.ORANGE,
    "current limit": canvas.GREEN,
    "import limit": canvas.SKY,
    "lower voltage limit": canvas.BLACK,
}
TITLE = "Where the relaxation was not exact: before and after the repair"
OTHERS = "other causes"
MOST = 5  # kinds of causes that a legend has room for
CLAIMED, REAL, REPAIRED = canvas.GREY, canvas.ORANGE, canvas.BLUE
INVALID = "relaxation, not valid"
BEYOND = 1e-4  # p.u., what an AC voltage may be off without being told


def draw(record: Record) -> Figure | None:
    """Nothing where the relaxation was exact."""
    exactness = record.tables.get("exactness")
    if exactness is None or exactness.empty or "relaxed_buses" not in record.tables:
        return None
    return _profile(record) if record.case.steps == 1 else _lines(record)


def by_bus(record: Record, table: str, column: str) -> Floats:
    """A column as an array of shape (buses, steps); NaN where the table has no row."""
    wide = record.tables[table].pivot(index="bus", columns="snapshot", values=column)
    return wide.reindex(index=record.case.ids("buses"), columns=record.case.snapshots).to_numpy(dtype=np.float64)


def excess(record: Record) -> Floats:
    """How far the AC voltage at the relaxed set-points is beyond the limits, shape (buses, steps); p.u."""
    ac, case = by_bus(record, "relaxed_buses", "ac_vm_pu"), record.case
    low, high = (case.column("buses", name)[:, None] for name in ("vm_min_pu", "vm_max_pu"))
    return np.maximum(ac - high, low - ac)


def worst_bus(record: Record) -> int:
    """Row of the bus whose AC voltage would be farthest beyond its limits, else farthest from what was claimed."""
    beyond = np.nan_to_num(excess(record), nan=-np.inf).max(axis=1)
    if beyond.max() > BEYOND:
        return int(beyond.argmax())
    off = by_bus(record, "relaxed_buses", "ac_vm_pu") - by_bus(record, "relaxed_buses", "vm_pu")
    return int(np.nan_to_num(np.abs(off)).max(axis=1).argmax())


def losses(record: Record) -> dict[str, Floats]:
    """Invented losses in MW by kind of cause, shape (steps,) each; the largest kinds, the others together."""
    table = record.tables["exactness"]
    kind = causes(record)["kind"]
    total = table["phantom_loss_mw"].groupby(kind[kind.isin(COLOURS)]).sum()
    kind = kind.where(kind.isin(total.nlargest(MOST).index), OTHERS)
    summed = table["phantom_loss_mw"].groupby([table["snapshot"], kind]).sum().unstack(fill_value=0)
    summed = summed.reindex(record.case.snapshots, fill_value=0.0)
    order = summed.sum().sort_values(ascending=False, kind="stable").index
    return {str(name): summed[name].to_numpy(dtype=np.float64) for name in order}


def _lines(record: Record) -> Figure:
    row, moments = worst_bus(record), canvas.edges(record.case)
    bus = canvas.short(record.case.ids("buses")[row])
    figure = canvas.sheet(TITLE, 6.6)
    above, middle, below = canvas.panels(figure, rows=3)
    canvas.stack(above, moments, [losses(record)], COLOURS | {OTHERS: canvas.GREY})
    above.set_ylabel("invented, MW")
    _voltages(middle, record, row, bus)
    _prices(below, record)
    for axes in (above, middle, below):
        canvas.legend_above(axes)
    canvas.local_time(below, record.case)
    return figure


def _voltages(axes: Axes, record: Record, row: int, bus: str) -> None:
    """Claimed, real and repaired voltage of a bus between its limits."""
    moments = canvas.edges(record.case)
    claimed, real = (by_bus(record, "relaxed_buses", name)[row] for name in ("vm_pu", "ac_vm_pu"))
    _before(axes, claimed, moments, f"voltage at bus {bus}: claimed by the relaxation")
    axes.stairs(real, moments, baseline=None, color=REAL, linewidth=1.8, label="what its set-points would give")
    now = by_bus(record, "buses", "vm_pu")[row]
    axes.stairs(now, moments, baseline=None, color=REPAIRED, linewidth=1.8, label="repaired")
    for name, label in (("vm_max_pu", "limits"), ("vm_min_pu", None)):
        limit = float(record.case.column("buses", name)[row])
        axes.axhline(limit, color=canvas.VERMILLION, linestyle="--", linewidth=1.2, zorder=3, label=label)
    axes.set_ylabel("p.u.")


def _prices(axes: Axes, record: Record) -> None:
    """Prices before and after at the bus where they differ most."""
    moments = canvas.edges(record.case)
    relaxed, now = (by_bus(record, name, "price_per_mwh") for name in ("relaxed_buses", "electricity_prices"))
    row = int(np.nan_to_num(np.abs(now - relaxed)).max(axis=1).argmax())
    _before(axes, relaxed[row], moments, f"price at bus {canvas.short(record.case.ids('buses')[row])}: {INVALID}")
    axes.stairs(now[row], moments, baseline=None, color=REPAIRED, linewidth=1.8, label="repaired")
    axes.set_ylabel(f"{record.case.currency}/MWh")


def _before(axes: Axes, values: Floats, moments: Floats, label: str) -> None:
    """What is not so: grey and broken, so that nobody takes it for a result."""
    axes.stairs(values, moments, baseline=None, color=CLAIMED, linewidth=1.8, linestyle=(0, (2.5, 1.2)), label=label)


def _profile(record: Record) -> Figure:
    """One step: voltages and prices of all buses."""
    figure, names = canvas.sheet(TITLE, 5.2), record.case.ids("buses")
    above, below = canvas.panels(figure, rows=2)
    _dots(above, by_bus(record, "relaxed_buses", "vm_pu")[:, 0], CLAIMED, "voltage claimed by the relaxation", "s")
    _dots(above, by_bus(record, "relaxed_buses", "ac_vm_pu")[:, 0], REAL, "what its set-points would give", "^")
    _dots(above, by_bus(record, "buses", "vm_pu")[:, 0], REPAIRED, "repaired", "o")
    limits = record.case.column("buses", "vm_max_pu")
    above.plot(limits, "_", color=canvas.VERMILLION, markersize=6, label="upper limit")
    above.set_ylabel("p.u.")
    _dots(below, by_bus(record, "relaxed_buses", "price_per_mwh")[:, 0], CLAIMED, f"price: {INVALID}", "s")
    _dots(below, by_bus(record, "electricity_prices", "price_per_mwh")[:, 0], REPAIRED, "repaired", "o")
    below.set_ylabel(f"{record.case.currency}/MWh")
    canvas.label_buses(below, names)
    for axes in (above, below):
        canvas.legend_above(axes)
    return figure


def _dots(axes: Axes, values: Floats, colour: str, label: str, marker: str) -> None:
    axes.plot(values, marker, markersize=5 if values.size < 100 else 2, color=colour, label=label)


def real_voltages(record: Record) -> tuple[float, float, str, pd.Timestamp]:
    """The AC voltage that is farthest beyond its limits, what the relaxation claimed there, bus and step."""
    beyond = np.nan_to_num(excess(record), nan=-np.inf)
    row, step = np.unravel_index(int(beyond.argmax()), beyond.shape)
    ac, claimed = (float(by_bus(record, "relaxed_buses", name)[row, step]) for name in ("ac_vm_pu", "vm_pu"))
    return ac, claimed, record.case.ids("buses")[int(row)], record.case.snapshots[int(step)]
