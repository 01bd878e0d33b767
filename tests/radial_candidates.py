"""Candidates for the random radial networks of tests: devices, ties, storages, generators and types of lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from gridpact.case.case import Case
from gridpact.case.planned import candidate_names, most_units

Row = dict[str, Any]
COST: Row = {"investment": 1000.0, "lifetime_years": 20.0}


def with_candidates(case: Case, **tables: Sequence[Mapping[str, Any]]) -> Case:
    """A case with rows in its tables of candidates; what they cost is the same for all where it is not given."""
    for table, rows in tables.items():
        if rows:
            frame = pd.DataFrame([{**COST, **row} for row in rows])
            case = case.with_rows(table, {str(name): frame[name] for name in frame})
    return case


def device_candidate(of: str, end: str, kind: str, switching_h: float = 0.0, **more: Any) -> Row:
    return {"candidate": f"{kind} {of} {end}", "line": of, "end": end, "kind": kind, "switching_h": switching_h, **more}


def tie_candidate(start: str, end: str, switching_h: float = 1.0, transfer_mw: float = np.nan) -> Row:
    size = {"length_km": 1.0, "r_ohm_per_km": 0.5, "x_ohm_per_km": 0.4}
    ends = {"candidate": f"tie {start} {end}", "from_bus": start, "to_bus": end}
    return {**ends, **size, "switching_h": switching_h, "transfer_mw": transfer_mw}


def storage_candidate(at: str, mw: float, mwh: float, most: int = 1) -> Row:
    """Units that are full at the start of a day."""
    shape = {"charge_mw": mw, "discharge_mw": mw, "efficiency_charge": 1.0, "efficiency_discharge": 1.0}
    energy = {"energy_mwh": mwh, "initial_mwh": mwh, "max_units": float(most)}
    return {"candidate": f"storage {at}", "bus": at, **shape, **energy, "islanding": True}


def generator_candidate(at: str, mw: float, most: int = 1) -> Row:
    return {"candidate": f"generator {at}", "bus": at, "max_p_mw": mw, "max_units": float(most), "islanding": True}


def type_candidate(of: str, rate: float) -> Row:
    size = {"r_ohm_per_km": 0.2, "x_ohm_per_km": 0.2, "max_i_ka": 1.0}
    return {"candidate": f"type {of}", "line": of, **size, "failures_per_km_year": rate}


def random_candidates(case: Case, seed: int) -> Case:
    """Candidates of every kind that counts, some of them in the place of what is there."""
    draw = np.random.default_rng((seed, 1))
    case = _fewer(case, draw)
    buses, lines = case.ids("buses"), [row for row in case.ids("lines") if row.startswith("l")]
    taken = set(zip(case.tables["protection"]["line"], case.tables["protection"]["end"], strict=True))
    sites = draw.choice(buses, size=min(4, len(buses)), replace=False).tolist()
    return with_candidates(
        case,
        protection_candidates=[row for one in lines for row in _devices(draw, one, taken)],
        tie_candidates=_ties(draw, buses),
        storage_candidates=[
            storage_candidate(at, _one(draw, 0.2, 0.4, 0.8), _one(draw, 0.5, 2.0, 4.0), int(_one(draw, 1, 2, 3)))
            for at in sites[:2]
        ],
        generator_candidates=[
            generator_candidate(at, _one(draw, 0.1, 0.3), int(_one(draw, 1, 2))) for at in sites[1:3]
        ],
        line_candidates=[type_candidate(one, _one(draw, 0.02, 0.1)) for one in lines if draw.random() < 0.2],
    )


def _fewer(case: Case, draw: np.random.Generator) -> Case:
    """In half of the networks, units and ties are left to the candidates."""
    for table in ("switches", "generators", "storages"):
        if draw.random() < 0.5 and table != "switches":
            case = case.with_table(table, case.tables[table].iloc[:0])
        elif table == "switches" and draw.random() < 0.3:
            case = case.with_table(table, case.tables[table].assign(transfer_mw=np.nan))
    return case


def _one(draw: np.random.Generator, *choices: float) -> float:
    return float(draw.choice(choices))


def _devices(draw: np.random.Generator, of: str, taken: set[tuple[str, str]]) -> list[Row]:
    rows = []
    for end in ("from", "to"):
        if (of, end) not in taken and draw.random() < 0.4:
            kinds = draw.choice(
                ["breaker", "recloser", "fuse", "sectionaliser"], 1 + (draw.random() < 0.2), replace=False
            )
            for kind in kinds.tolist():
                hours = _one(draw, 0.5, 1.0) if kind == "sectionaliser" else _one(draw, 0.0, 0.5)
                rows.append(device_candidate(of, end, kind, hours))
    return rows


def _ties(draw: np.random.Generator, buses: Sequence[str]) -> list[Row]:
    ends = [draw.choice(buses, 2, replace=False).tolist() for _ in range(int(draw.integers(0, 4)))]
    pairs = dict.fromkeys(tuple(sorted(pair)) for pair in ends)
    limits = (np.nan, np.nan, 0.15, 0.5, 1.0)
    return [tie_candidate(one, other, _one(draw, 0.0, 0.5, 1.0, 2.0), _one(draw, *limits)) for one, other in pairs]


def random_design(case: Case, seed: int, share: float | None = None) -> dict[str, int]:
    """Units of all candidates, at most one device at an end and one type of a line."""
    draw = np.random.default_rng((seed, 2))
    share = float(draw.random()) if share is None else share
    most = most_units(case)
    design = {
        name: int(draw.integers(1, most[name] + 1)) if draw.random() < share else 0 for name in candidate_names(case)
    }
    devices = case.tables["protection_candidates"]
    for _, group in devices.groupby(["line", "end"]):
        for name in [name for name in group["candidate"] if design[name]][1:]:
            design[name] = 0
    return design
