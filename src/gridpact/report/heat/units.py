"""Where the units that make heat may operate, polygons of plants and lines of all others, and where they did."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridpact.case.case import Case
from gridpact.report.figures.canvas import Floats
from gridpact.report.heat.network import UNITS, of_kind, units
from gridpact.results.record import Record

ZERO_CELSIUS = 273.15
FLAT = 1e-9


@dataclass(frozen=True, eq=False)
class Unit:
    """A unit with its operating points over time, MW: ``heat`` given, and ``power`` given, taken, or fuel burnt."""

    kind: str
    row: int
    name: str
    heat: Floats
    power: Floats

    @property
    def takes(self) -> str:
        """What ``power`` is."""
        return {"chp": "power given", "gas_boiler": "fuel burnt"}.get(self.kind, "power taken")


def operated(record: Record) -> list[Unit]:
    """All units that make heat, in the order of their tables."""
    case = record.case
    heat = {kind: of_kind(record, kind, "heat_mw") for kind in UNITS if case.count(f"{kind}s")}
    power = {kind: of_kind(record, kind, "p_mw") for kind in heat}
    if "gas_boiler" in heat:
        power["gas_boiler"] = heat["gas_boiler"] / case.column("gas_boilers", "efficiency")[:, None]
    sign = {"electric_boiler": -1.0, "heat_pump": -1.0}
    return [
        Unit(kind, row, name, heat[kind][row], sign.get(kind, 1.0) * power[kind][row])
        for kind, row, name in units(case)
    ]


def corners(case: Case, plant: int) -> Floats:
    """(power, heat) of the corners of a plant's polygon, or of the ends of its line; shape (corners, 2)."""
    ratio = case.column("chps", "heat_per_power")[plant]
    if np.isfinite(ratio):
        power = np.array([case.column("chps", name)[plant] for name in ("min_p_mw", "max_p_mw")])
        return np.column_stack([power, ratio * power])
    own = case.positions("chp_points", "chp") == plant
    points = np.column_stack([case.column("chp_points", name)[own] for name in ("p_mw", "heat_mw")])
    return points if not _is_line(points) else _ends(points)


def _is_line(points: Floats) -> bool:
    away = points - points[0]
    far = away[np.hypot(*away.T).argmax()]
    across = np.abs(away[:, 0] * far[1] - away[:, 1] * far[0])
    return bool((across <= FLAT * max(float(far @ far), FLAT)).all())


def _ends(points: Floats) -> Floats:
    first = points[np.hypot(*(points - points[0]).T).argmax()]
    return np.array([first, points[np.hypot(*(points - first).T).argmax()]])


def gain(case: Case, kind: str) -> Floats:
    """Heat over what is taken (power or fuel), of every boiler or heat pump, shape (units, steps)."""
    if kind != "heat_pump":
        return np.repeat(case.column(f"{kind}s", "efficiency")[:, None], case.steps, axis=1)
    source, sink = case.series("heat_pumps", "source_degc"), case.series("heat_pumps", "sink_degc")
    network = case.positions("heat_nodes", "heat_network")[case.positions("heat_pumps", "node")]
    source = np.where(np.isnan(source), case.series("heat_networks", "ambient_degc")[network], source)
    highest, share = (case.column("heat_pumps", name)[:, None] for name in ("max_cop", "carnot_share"))
    return np.minimum(highest, share * (sink + ZERO_CELSIUS) / (sink - source))
