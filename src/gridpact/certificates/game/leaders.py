"""Several leaders: do their costs add up, and how much could any of them still gain?

What each pays is what the dispatch of its own part of the case costs; the bound of a best response is a claim of its
search. Its gain is told, not required: existence of an equilibrium is not promised.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.case.part import part_of
from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.costs import cost_terms
from gridpact.certificates.evidence import Evidence
from gridpact.certificates.game.money import tie_money
from gridpact.certificates.game.records import district_record, of_connections
from gridpact.certificates.heat.costs import MAKERS
from gridpact.results.record import Record

Floats = NDArray[np.float64]
TOLERANCE = 1e-6
FIGURES = ("feeders", "cost", "best_response_bound", "could_gain")
TURNS = ("round", "cost", "moved_mw")
# Of the boundary power: what counts as having moved.
MOVED = 1e-6
# Table of the case that the rows of a cost term belong to, where it has not the term's name.
TABLE_OF = {
    "bought": "interfaces",
    "sold": "interfaces",
    "running": "generators",
    "starts": "generators",
    "wear": "storages",
} | {kind: f"{kind}s" for kind in MAKERS}


def has_leaders(record: Record) -> bool:
    """Whether several districts lead: the connections name more than one."""
    network = record.transmission
    return network is not None and network.tables["connections"]["district"].nunique() > 1


def leader_faults(record: Record) -> Iterator[str]:
    """What of the tables of several leaders is missing or not a number."""
    assert record.transmission is not None
    names = list(dict.fromkeys(record.transmission.tables["connections"]["district"].astype(str)))
    table = record.tables.get("leaders")
    if table is None or "leader" not in table or table["leader"].tolist() != names:
        yield "tables/leaders"
        return
    yield from (f"tables/leaders/{column}" for column in FIGURES if not _are_numbers(table, column))
    turns = record.tables.get("turns")
    if turns is None or not len(turns) or "leader" not in turns:
        yield "tables/turns"
        return
    yield from (f"tables/turns/{column}" for column in TURNS if not _are_numbers(turns, column))
    for name in ("epsilon", "leaders", "rounds_played"):
        value = record.summary.get(name)
        if not isinstance(value, float | int) or not np.isfinite(value):
            yield f"summary/{name}"


def _are_numbers(table: pd.DataFrame, column: str) -> bool:
    return column in table and table[column].dtype.kind in "if" and bool(np.isfinite(table[column]).all())


def leader_checks(record: Record) -> list[Check]:
    """Costs of all leaders against their dispatch, gains against costs and bounds, and the summary against both."""
    table = record.tables["leaders"]
    feeders, cost, bound, gain = (table[name].to_numpy(dtype=np.float64) for name in FIGURES)
    names, scale = table["leader"].astype(str).tolist(), np.maximum(1.0, np.abs(cost))
    paid, turnover = _paid(record)
    told = _told(record)
    own = [
        Measure("gain", names, np.abs(np.maximum(cost - bound, 0.0) - gain) / scale),
        Measure("feeders", names, np.abs(feeders - _feeders(record))),
        Measure("cost", names, np.abs(feeders * paid - cost) / np.maximum(1.0, feeders * turnover)),
        Measure("summary", list(told), np.array(list(told.values()))),
    ]
    share = np.maximum(cost - bound, 0.0) / scale
    text = "What a leader could still gain by its best response, relative to its cost; at most the gap asked for."
    return [
        worst("leaders_add_up", "Costs and gains of the leaders add up; relative.", TOLERANCE, own),
        worst("gap", text, max(float(record.settings["gap"]), 1e-6), [Measure("leader", names, share)], required=False),
    ]


def _told(record: Record) -> dict[str, float]:
    """What the summary says of the leaders, against their tables; relative."""
    summary, turns = record.summary, record.tables["turns"]
    _, cost, bound, gain = (record.tables["leaders"][name].to_numpy(dtype=np.float64) for name in FIGURES)
    own = {
        "leader_cost": float(cost.sum()),
        "leader_lower_bound": min(float(cost.sum()), float(bound.sum())),
        "leader_gap": float((gain / np.maximum(1.0, np.abs(cost))).max()),
        "epsilon": float(gain.max()),
        "leaders": float(cost.size),
        "rounds_played": float(turns["round"].max()),
        "tie_cost": tie_money(record),
    }
    scale = float(np.abs(cost).max()) if cost.size else 0.0
    parts = {name: 1.0 if name in ("leader_gap", "leaders", "rounds_played") else max(1.0, scale) for name in own}
    off = {name: abs(float(summary[name]) - value) / parts[name] for name, value in own.items()}
    return off | {"responses": _moved(record) if summary.get("responses") == "settled" else 0.0}


def _moved(record: Record) -> float:
    """By how much more than nothing anybody moved in the last round, relative."""
    turns, most = record.tables["turns"], float(np.abs(of_connections(record, "boundary_mw")).max())
    last = turns["moved_mw"][turns["round"] == turns["round"].max()].to_numpy(dtype=np.float64)
    return max(0.0, float(np.abs(last).max()) / (1.0 + most) - MOVED)


def _paid(record: Record) -> tuple[Floats, Floats]:
    """What the dispatch of every leader costs one feeder, and the sum of all amounts in it."""
    district, network = district_record(record), record.transmission
    assert network is not None
    terms, connections = cost_terms(Evidence(district)), network.tables["connections"]
    found = []
    for name in dict.fromkeys(connections["district"].astype(str)):
        own = connections["interface"][connections["district"].astype(str) == name].astype(str)
        part = part_of(district.case, own.tolist())
        amounts = [term[_rows(record, part, TABLE_OF.get(kind, kind))] for kind, term in terms.items()]
        found.append([(sum(float(one.sum()) for one in amounts)), sum(float(np.abs(one).sum()) for one in amounts)])
    paid, turnover = record.case.hours * np.array(found).T
    return paid, turnover


def _rows(record: Record, part: Case, table: str) -> NDArray[np.bool_]:
    """Which rows of a table are in a part of the case."""
    return np.isin(record.case.ids(table), part.ids(table))


def _feeders(record: Record) -> Floats:
    """Feeders of every leader, in the order in which the connections name them."""
    assert record.transmission is not None
    connections = record.transmission.tables["connections"]
    first = ~connections["district"].duplicated()
    return connections["feeders"][first].to_numpy(dtype=np.float64)
