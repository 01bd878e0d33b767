"""Nodes and pipes of a case from the two sides of a pandapipes network, without what no water flows through."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from gridpact.case.dead_parts import dead_parts
from gridpact.case.network import components
from gridpact.io.imports.columns import Bools, Floats, Ints, numbers
from gridpact.io.imports.findings import Findings, listed
from gridpact.io.imports.tables import table
from gridpact.io.pandapipes.consumers import Consumers
from gridpact.io.pandapipes.layout import Layout
from gridpact.io.pandapipes.sides import Sides, diameter
from gridpact.io.pandapipes.stations import Stations
from gridpact.io.pandapipes.water import CELSIUS

# Relative difference between a supply pipe and its return pipe, and difference of temperatures in K, that is rounding.
SAME = 1e-4
SAME_KELVIN = 0.01


def circuits(layout: Layout, sides: Sides) -> Ints:
    """For each junction of the supply side the first one of its circuit; shape (junctions,)."""
    return components(layout.count, layout.start[sides.supply], layout.end[sides.supply])


def flowing(layout: Layout, sides: Sides, consumers: Consumers, stations: Stations, found: Findings) -> Bools:
    """Junctions of the supply side that stations reach and that are no dead ends; shape (junctions,)."""
    label = circuits(layout, sides)
    used = np.isin(np.arange(layout.count), np.concatenate([consumers.start, stations.start]))
    kept = np.isin(label, label[stations.start])
    ends = layout.start[sides.supply], layout.end[sides.supply]
    roots = np.unique(label[stations.start], return_index=True)[1]
    for root in stations.start[roots].tolist():
        kept &= ~dead_parts(layout.count, *ends, root, used)[1]
    own = np.isin(np.arange(layout.count), np.concatenate(ends)) & ~kept
    found.note(
        "no water flows through these junctions, which are left out",
        [layout.name(r) for r in np.flatnonzero(own).tolist()],
    )
    return kept


def node_table(layout: Layout, rows: Ints, stations: Stations, label: Ints) -> pd.DataFrame:
    """Nodes, with the supply temperature of the stations: held by a station that is alone, a limit of several."""
    supply = np.full(layout.count, np.nan)
    supply[stations.start] = stations.supply
    alone = np.bincount(label[stations.start], minlength=layout.count)[label] == 1
    x, y = _coordinates(layout)
    columns = {
        "node": [layout.name(row) for row in rows],
        "heat_network": ["network"] * len(rows),
        "supply_min_degc": np.where(alone, supply, np.nan)[rows],
        "supply_max_degc": supply[rows],
        "x": x[rows],
        "y": y[rows],
    }
    return table("heat_nodes", columns)


def _coordinates(layout: Layout) -> tuple[Floats, Floats]:
    """Coordinates from the table junction_geodata or the points in the column geo, NaN where there are none."""
    index = layout.net["junction"].index
    frame = layout.net["junction_geodata"].reindex(index)
    x, y = numbers(frame, "x"), numbers(frame, "y")
    if "geo" in layout.net["junction"]:
        points = np.array([_point(value) for value in layout.net["junction"]["geo"]]).reshape(-1, 2)
        x, y = np.where(np.isnan(x), points[:, 0], x), np.where(np.isnan(y), points[:, 1], y)
    return x, y


def _point(value: Any) -> tuple[float, float]:
    """A point of GeoJSON, NaN for anything else."""
    try:
        point = json.loads(value) if isinstance(value, str) else value
        x, y = (float(number) for number in point["coordinates"][:2])
    except (TypeError, ValueError, KeyError, RecursionError):
        return np.nan, np.nan
    return (x, y) if np.isfinite([x, y]).all() else (np.nan, np.nan)


def pipe_table(layout: Layout, sides: Sides, kept: Bools, found: Findings) -> pd.DataFrame:
    """Pairs of pipes, called after the supply pipe; where the two differ, which is refused, their mean."""
    rows = kept[layout.start[sides.supply]] & kept[layout.end[sides.supply]]
    supply, back, ids = sides.supply[rows], sides.back[rows], layout.net.ids("pipe")
    columns = {name: (values[supply] + values[back]) / 2.0 for name, values in _sizes(layout).items()}
    for name, values in _sizes(layout).items():
        differ = ~np.isclose(values[supply], values[back], rtol=SAME, atol=0.0, equal_nan=True)
        names = listed([ids[row] for row in supply[differ]])
        if names:
            fix = "A case has one value for both; make them equal. Skipped, the mean is taken."
            found.refuse(f"{name} of supply pipes differs from their return pipes", fix, layout.net.file, value=names)
    repeated = (columns["loss_coefficient"] > 0.0) & (numbers(layout.net["pipe"], "sections", 1.0)[supply] > 1.0)
    text = "loss_coefficient counts once for each pipe; pandapipes counts it once for each of its sections"
    found.note(text, [ids[row] for row in supply[repeated]])
    named = {
        "pipe": [ids[row] for row in supply],
        "from_node": [layout.name(row) for row in layout.start[supply]],
        "to_node": [layout.name(row) for row in layout.end[supply]],
    }
    return table("pipes", {**named, **columns})


def _sizes(layout: Layout) -> dict[str, Floats]:
    """Columns of pipes in the units of a case; heat goes through pandapipes' outer diameter."""
    frame, inner = layout.net["pipe"], diameter(layout)
    outer = numbers(frame, "outer_diameter_mm")
    outer = np.where(np.isnan(outer), inner, outer)
    through = numbers(frame, "u_w_per_m2k")
    through = np.where(np.isnan(through), numbers(frame, "alpha_w_per_m2k", 0.0), through)
    return {
        "length_m": numbers(frame, "length_km") * 1e3,
        "diameter_mm": inner,
        "heat_transfer_w_per_mk": through * np.pi * outer / 1e3,
        "roughness_mm": numbers(frame, "k_mm", 0.2),
        "loss_coefficient": numbers(frame, "loss_coefficient", 0.0),
    }


def ambient(layout: Layout, sides: Sides, kept: Bools, found: Findings) -> float:
    """Temperature around the pipes in degC; where it differs, which is refused, the mean by heat transfer."""
    rows = np.concatenate([sides.supply, sides.back])
    rows = rows[kept[layout.start[np.tile(sides.supply, 2)]]]
    kelvin = numbers(layout.net["pipe"], "text_k", layout.net.ambient_k)[rows]
    if not len(kelvin):
        return layout.net.ambient_k - CELSIUS
    if np.ptp(kelvin) > SAME_KELVIN:
        fix = "A case has one temperature around all pipes; make text_k equal. Skipped, the mean is taken."
        found.refuse("text_k differs from pipe to pipe", fix, layout.net.file)
        sizes = _sizes(layout)
        weight = (sizes["heat_transfer_w_per_mk"] * sizes["length_m"])[rows] + 1e-9
        return float((kelvin * weight).sum() / weight.sum()) - CELSIUS
    return float(kelvin.mean()) - CELSIUS


def reached(layout: Layout, consumers: Consumers, kept: Bools, found: Findings) -> Consumers:
    """The consumers that a station reaches."""
    names = [name for name, row in zip(consumers.names, consumers.start, strict=True) if not kept[row]]
    if names:
        fix = "Connect it with pipes and open valves, or take it out of service."
        found.refuse(f"{len(names)} element(s): no pump reaches it", fix, layout.net.file, value=listed(names))
    return consumers.only(kept[consumers.start])
