"""The supply side of a pandapipes network, and what mirrors it on the return side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass

import numpy as np

from gridpact.errors import InputError, Issue
from gridpact.io.imports.columns import Bools, Floats, Ints, numbers
from gridpact.io.imports.findings import Findings, listed
from gridpact.io.pandapipes.consumers import Consumers
from gridpact.io.pandapipes.layout import Layout
from gridpact.io.pandapipes.mirror import Edge, mirrored
from gridpact.io.pandapipes.stations import Stations

# Relative difference up to which two lengths or diameters count as the same.
DIGITS = 5
MIRROR_FIX = (
    "Give every supply pipe a return pipe between the same places; consumers and circulation pumps join the two sides."
)


@dataclass(frozen=True, eq=False)
class Sides:
    """``partner`` is the row of the junction on the return side for each on the supply side, -1 for all others.

    ``supply`` are rows of supply pipes, ``back`` those of the return pipes beside them (the same where there is no
    return side).
    """

    partner: Ints
    supply: Ints
    back: Ints


def one_side(layout: Layout) -> Sides:
    """A network without return side: every pipe stands for itself and its return pipe."""
    rows = np.flatnonzero(layout.live)
    return Sides(np.arange(layout.count), rows, rows)


def placed(layout: Layout, consumers: Consumers, stations: Stations, found: Findings) -> Consumers:
    """The consumers that take water from the supply side and give it back to the return side."""
    labels = layout.labels()
    supply, back = labels[stations.start], labels[stations.end]
    turned = np.isin(labels[consumers.start], back) & np.isin(labels[consumers.end], supply)
    inside = np.isin(labels[consumers.start], supply) & np.isin(labels[consumers.end], back)
    _refuse(layout, consumers, turned, "takes water from the return side", "Swap from_junction and to_junction.", found)
    fix = "Connect it with pipes and open valves, or take it out of service."
    alone = ~turned & ~inside
    _refuse(layout, consumers, alone, "is not between the supply and the return side of a pump", fix, found)
    return consumers.only(inside)


def _refuse(layout: Layout, consumers: Consumers, wrong: Bools, message: str, fix: str, found: Findings) -> None:
    names = [name for name, is_wrong in zip(consumers.names, wrong, strict=True) if is_wrong]
    if names:
        found.refuse(f"{len(names)} element(s): {message}", fix, layout.net.file, value=listed(names))


def two_sides(layout: Layout, consumers: Consumers, stations: Stations, found: Findings) -> Sides:
    """The two sides.

    Raises InputError where they hang together or are no mirrors of each other, with all that was found before.
    """
    try:
        return _two_sides(layout, consumers, stations)
    except InputError as error:
        raise InputError([*found.unsupported, *error.issues]) from error


def _two_sides(layout: Layout, consumers: Consumers, stations: Stations) -> Sides:
    known = _known_pairs(layout, consumers, stations)
    labels = layout.labels()
    first, last = (np.fromiter(part, dtype=np.int64) for part in (known.keys(), known.values()))
    both = np.intersect1d(labels[first], labels[last])
    if len(both):
        message = "supply and return side hang together through pipes or open valves"
        name = layout.name(int(both[0]))
        raise InputError([Issue(message, "Only networks of two separate sides are read.", layout.net.file, value=name)])
    supply = np.flatnonzero(layout.live & np.isin(labels[layout.start], labels[first]))
    back = np.flatnonzero(layout.live & np.isin(labels[layout.start], labels[last]))
    pairs, _ = mirrored(_edges(layout, supply, _size(layout)), _edges(layout, back, _size(layout)), known)
    if not pairs:
        pairs, odd = mirrored(_edges(layout, supply, _alike), _edges(layout, back, _alike), known)
        _require_mirror(layout, odd)
    partner = np.full(layout.count, -1, dtype=np.int64)
    partner[list(pairs.keys())] = list(pairs.values())
    return Sides(partner, *_beside(layout, partner, supply, back))


def _known_pairs(layout: Layout, consumers: Consumers, stations: Stations) -> dict[int, int]:
    """Return junction of each supply junction with a consumer or station."""
    known: dict[int, int] = {}
    for part in (stations, consumers):
        for name, first, last in zip(part.names, part.start.tolist(), part.end.tolist(), strict=True):
            if known.setdefault(first, last) != last:
                message = f"{name} returns water to another junction than what stands beside it"
                raise InputError([Issue(message, MIRROR_FIX, layout.net.file, value=layout.name(last))])
    shared = [last for last, count in Counter(known.values()).items() if count > 1]
    if shared:
        message = "junctions of the supply side share one of the return side"
        raise InputError([Issue(message, MIRROR_FIX, layout.net.file, value=layout.name(shared[0]))])
    return known


def _edges(layout: Layout, rows: Ints, kind: Callable[[int], Hashable]) -> list[Edge]:
    return [(int(layout.start[row]), int(layout.end[row]), kind(int(row))) for row in rows]


def _alike(row: int) -> Hashable:
    return ""


def _size(layout: Layout) -> Callable[[int], Hashable]:
    length, wide = numbers(layout.net["pipe"], "length_km"), diameter(layout)
    return lambda row: f"{length[row]:.{DIGITS}g} {wide[row]:.{DIGITS}g}"


def diameter(layout: Layout) -> Floats:
    """Inner diameter of each pipe in mm; shape (pipes,)."""
    frame = layout.net["pipe"]
    inner = numbers(frame, "inner_diameter_mm")
    return np.where(np.isnan(inner), numbers(frame, "diameter_m") * 1e3, inner)


def _require_mirror(layout: Layout, odd: set[int]) -> None:
    if odd:
        names = listed([layout.name(node) for node in sorted(odd)])
        message = "supply and return pipes do not mirror each other, at least not at these junctions of the supply side"
        raise InputError([Issue(message, MIRROR_FIX, layout.net.file, value=names)])


def _beside(layout: Layout, partner: Ints, supply: Ints, back: Ints) -> tuple[Ints, Ints]:
    """Supply pipes, and the return pipes beside them; parallel ones in the order of their sizes."""
    wide, length = diameter(layout), numbers(layout.net["pipe"], "length_km")

    def ordered(rows: Ints, start: Ints, end: Ints) -> Ints:
        return rows[np.lexsort([length[rows], wide[rows], np.maximum(start, end), np.minimum(start, end)])]

    there = ordered(supply, partner[layout.start[supply]], partner[layout.end[supply]])
    here = ordered(back, layout.start[back], layout.end[back])
    order = np.argsort(there)
    return there[order], here[order]
