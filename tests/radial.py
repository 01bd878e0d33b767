"""Radial networks for tests of reliability: a small feeder to count by hand, and seeded random networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gridpact.case.case import Case
from tests.districts import bus, district, interface, line

Row = dict[str, Any]


def failing(name: str, start: str, end: str, rate: float = 0.1, repair_h: float = 4.0, **more: Any) -> Row:
    """A line of 1 km."""
    return line(name, start, end, failures_per_km_year=rate, repair_h=repair_h, **more)


def point(at: str, customers: float = 10.0, p_mw: float = 0.1, **more: Any) -> Row:
    return {"load": f"load-{at}", "bus": at, "p_mw": p_mw, "customers": customers, **more}


def device(of: str, end: str, kind: str, switching_h: float = 0.0) -> Row:
    return {"device": f"{kind}-{of}-{end}", "line": of, "end": end, "kind": kind, "switching_h": switching_h}


def tie(of: str, switching_h: float = 1.0, transfer_mw: float | None = None) -> Row:
    return {"switch": f"open-{of}", "line": of, "closed": False, "switching_h": switching_h, "transfer_mw": transfer_mw}


def radial(loads: Sequence[Row], lines: Sequence[Row], **more: Any) -> Case:
    """A case with a source at bus 1."""
    names = dict.fromkeys(str(row[end]) for row in lines for end in ("from_bus", "to_bus"))
    parts = {"interfaces": [interface()], "buses": [bus(name) for name in names], **more}
    return district(loads=list(loads), lines=list(lines), **parts)


def chain(**more: Any) -> Case:
    """Source 1 - 2 - 3 - 4, three lines of 0.1 failures and 4 h, 10 customers and 0.1 MW at every bus behind."""
    lines = [failing("a", "1", "2"), failing("b", "2", "3"), failing("c", "3", "4"), *more.pop("more_lines", [])]
    return radial([point("2"), point("3"), point("4")], lines, **more)


def random_radial(seed: int, most: int = 30) -> Case:
    """Trees of up to ``most`` buses behind one or two sources, with everything that reliability knows."""
    draw = np.random.default_rng(seed)
    count = int(draw.integers(4, most + 1))
    sources = int(draw.integers(1, 3))
    lines, transformers = _branches(draw, count, sources)
    open_lines = _open_lines(draw, count)
    tables = {
        "buses": [bus(str(k)) for k in range(count)],
        "interfaces": [{**interface(), "interface": f"grid-{k}", "bus": str(k)} for k in range(sources)],
        "transformers": transformers,
        "switches": [_open_switch(draw, row["line"]) for row in open_lines],
        "protection": _devices(draw, lines),
        "generators": _generators(draw, count),
        "storages": _storages(draw, count),
    }
    filled = {name: rows for name, rows in tables.items() if rows}
    return district(lines=lines + open_lines, loads=_loads(draw, count), **filled)


def _name(draw: np.random.Generator, count: int) -> str:
    return str(draw.integers(count))


def _branches(draw: np.random.Generator, count: int, sources: int) -> tuple[list[Row], list[Row]]:
    lines: list[Row] = []
    transformers: list[Row] = []
    reach = int(draw.integers(1, count))  # long feeders where it is small, bushes where it is large
    for k in range(sources, count):
        before = int(draw.integers(max(0, k - reach), k))
        start, end = (str(before), str(k)) if draw.random() < 0.7 else (str(k), str(before))
        if draw.random() < 0.85:
            rate = float(draw.choice([0.0, 0.05, 0.2]))
            lines.append(failing(f"l{k}", start, end, rate, float(draw.choice([0.5, 3.0, 5.0]))))
        else:
            failures = {"failures_per_year": 0.02, "repair_h": float(draw.choice([10.0, 200.0]))}
            ends = {"transformer": f"t{k}", "from_bus": start, "to_bus": end}
            transformers.append({**ends, "r_ohm": 0.1, "x_ohm": 0.4, **failures})
    return lines, transformers


def _open_lines(draw: np.random.Generator, count: int) -> list[Row]:
    found = []
    for k in range(int(draw.integers(0, 4))):
        start, end = draw.choice(count, 2, replace=False)
        found.append(failing(f"n{k}", str(start), str(end), in_service=bool(draw.random() < 0.9)))
    return found


def _open_switch(draw: np.random.Generator, of: str) -> Row:
    limit = None if draw.random() < 0.4 else float(draw.choice([0.0, 0.15, 0.5, 1.0]))
    return tie(of, float(draw.choice([0.0, 0.5, 1.0, 2.0])), limit)


def _devices(draw: np.random.Generator, lines: Sequence[Row]) -> list[Row]:
    share, found = float(draw.random()), []
    for row in lines:
        for end in ("from", "to"):
            if draw.random() < share:
                kind = str(draw.choice(["breaker", "recloser", "fuse", "sectionaliser", "sectionaliser"]))
                hours = float(draw.choice([0.25, 0.5, 1.0, 2.0] if kind == "sectionaliser" else [0.0, 0.5, 1.0]))
                found.append(device(row["line"], end, kind, hours))
    return [found[k] for k in draw.permutation(len(found))]


def _loads(draw: np.random.Generator, count: int) -> list[Row]:
    found = []
    for k in range(int(draw.integers(1, 2 * count))):
        own = {"transformer_failures_per_year": float(draw.choice([0.0, 0.015])), "transformer_repair_h": 20.0}
        customers, p_mw = float(draw.integers(1, 200)), float(draw.choice([0.0, 0.05, 0.1, 0.3]))
        found.append({**point(_name(draw, count), customers, p_mw, **own), "load": f"load-{k}"})
    return found


def _generators(draw: np.random.Generator, count: int) -> list[Row]:
    return [
        {"generator": f"g{k}", "bus": _name(draw, count), "max_p_mw": 0.3, "islanding": bool(draw.random() < 0.7)}
        for k in range(int(draw.integers(0, 3)))
    ]


def _storages(draw: np.random.Generator, count: int) -> list[Row]:
    shape = {"charge_mw": 0.5, "efficiency_charge": 0.9, "efficiency_discharge": 0.9}
    return [
        {
            "storage": f"s{k}",
            "bus": _name(draw, count),
            "energy_mwh": 2.0,
            "discharge_mw": 0.4,
            **shape,
            "initial_mwh": float(draw.choice([0.2, 1.0, 2.0])),
            "islanding": True,
        }
        for k in range(int(draw.integers(0, 3)))
    ]
