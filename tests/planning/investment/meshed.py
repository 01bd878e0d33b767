"""Small meshed networks with candidates, made up from a seed, whose trees and designs can all be counted out."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product
from typing import Any

import numpy as np

from gridpact.case.case import Case
from gridpact.case.network import components
from gridpact.case.planned import most_units
from tests.districts import bus, district, interface, line, load

Row = dict[str, Any]
LIFE = {"lifetime_years": 20.0, "maintenance_per_year": 100.0}


def meshed(seed: int, **more: Any) -> Case:
    """5 or 6 buses, a tree with two more lines of which both stand open, one line in four without a switch; a type of a
    line, and a tie, a plant or both by the seed. Two interfaces in every third network."""
    draw = np.random.default_rng((11, seed))
    buses = [str(k + 1) for k in range(int(draw.integers(5, 7)))]
    lines = [_line(draw, k, buses[int(draw.integers(max(0, k - 2), k))], buses[k]) for k in range(1, len(buses))]
    taken = {frozenset((row["from_bus"], row["to_bus"])) for row in lines}
    free = [pair for pair in combinations(buses, 2) if frozenset(pair) not in taken]
    chosen = [free[k] for k in draw.permutation(len(free))[:3]]
    lines += [_line(draw, len(lines) + 1 + k, *pair) for k, pair in enumerate(chosen[:2])]
    switched = [row["line"] for k, row in enumerate(lines) if k >= len(buses) - 1 or draw.random() < 0.8]
    fed = [interface(float(draw.uniform(40.0, 90.0)), sell_ratio=0.7)]
    if seed % 3 == 0:  # a second one, at the end of the tree, behind a line that stands open
        fed.append({**fed[0], "interface": "other", "bus": buses[-1]})
        switched = list(dict.fromkeys([*switched, lines[len(buses) - 2]["line"]]))
    opened = {row["line"] for row in lines[len(buses) - (2 if len(fed) > 1 else 1) :]}
    tables: dict[str, Any] = {
        "buses": [bus(name, 0.93, 1.07) for name in buses],
        "lines": lines,
        "switches": [{"switch": f"s-{name}", "line": name, "closed": name not in opened} for name in switched],
        "interfaces": fed,
        "loads": [_load(draw, name) for name in buses[1:]],
        **_candidates(draw, seed, buses, lines, chosen[2]),
    }
    return district(**(tables | more))


def _load(draw: np.random.Generator, at: str) -> Row:
    return {**load(at, draw.uniform(0.3, 1.4), draw.uniform(0.05, 0.4)), "customers": 10 * int(at)}


def _line(draw: np.random.Generator, number: int, start: str, end: str) -> Row:
    ends = (start, end) if draw.random() < 0.7 else (end, start)
    wire = line(f"L{number}", *ends, draw.uniform(0.3, 1.2), draw.uniform(0.2, 0.6), max_i_ka=draw.uniform(0.15, 0.35))
    return {**wire, "failures_per_km_year": round(float(draw.uniform(0.05, 0.4)), 3), "repair_h": 4.0}


def _candidates(draw: np.random.Generator, seed: int, buses: list[str], lines: list[Row], free: Any) -> dict[str, Any]:
    wire = {"r_ohm_per_km": 0.2, "x_ohm_per_km": 0.2, "max_i_ka": 0.4}
    cost = {"investment": float(draw.uniform(2e3, 2e4)), **LIFE}
    found: dict[str, Any] = {"line_candidates": [{"candidate": "type", "line": "L1", **wire, **cost}]}
    if seed % 2:
        ends = {"from_bus": free[0], "to_bus": free[1], "length_km": 1.0}
        found["tie_candidates"] = [{"candidate": "tie", **ends, **wire, **cost}]
    else:
        unit = {"kind": "pv", "p_mw": 0.4, "max_units": 2, "investment": float(draw.uniform(1e5, 8e5)), **LIFE}
        found["renewable_candidates"] = [{"candidate": "pv", "bus": buses[-1], **unit}]
    return found


def plans(case: Case) -> Iterator[tuple[dict[str, int], dict[str, bool]]]:
    """All designs, each with all states of its switches that feed every bus from one interface along one way."""
    for units in product(*(range(count + 1) for count in most_units(case).values())):
        design = dict(zip(most_units(case), units, strict=True))
        yield from ((design, closed) for closed in forests(case, design))


def forests(case: Case, design: dict[str, int]) -> Iterator[dict[str, bool]]:
    """States of the switches of lines, and of ties that are built, that are forests: by trying all of them."""
    ties = [name for name in case.ids("tie_candidates") if design.get(name)]
    own = [*dict.fromkeys(case.tables["switches"]["line"]), *ties]
    for states in product((False, True), repeat=len(own)):
        closed = dict(zip(own, states, strict=True))
        if is_forest(case, closed):
            yield closed


def is_forest(case: Case, closed: dict[str, bool]) -> bool:
    """Whether every bus then is fed by one interface along one way; lines without a switch stay as they are."""
    there = dict(zip(case.ids("lines"), case.lines_in_service().tolist(), strict=True)) | closed
    rows = [*case.tables["lines"].to_dict("records")]
    rows += [{**row, "line": row["candidate"]} for row in case.tables["tie_candidates"].to_dict("records")]
    rows += [{**row, "line": row["transformer"]} for row in case.tables["transformers"].to_dict("records")]
    there |= dict.fromkeys(case.ids("transformers"), True)
    at = {name: k for k, name in enumerate(case.ids("buses"))}
    ends = np.array([[at[row["from_bus"]], at[row["to_bus"]]] for row in rows if there.get(row["line"], False)])
    ends = ends.reshape(-1, 2).astype(np.int64)
    parts = components(len(at), ends[:, 0], ends[:, 1])
    fed = parts[np.unique(case.positions("interfaces", "bus"))]
    once = np.unique(fed).size == fed.size and set(parts.tolist()) == set(fed.tolist())
    return once and len(ends) == len(at) - fed.size
