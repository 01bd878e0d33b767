"""Several leaders: do their costs add up, and how much could any of them still gain?

What each pays is judged by the district's own records; the bound of a best response is a claim of its search, which
``verify --deep`` repeats. Its gain is told, not required: existence of an equilibrium is not promised.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gridpact.certificates.check import Check, Measure, worst
from gridpact.results.record import Record

Floats = NDArray[np.float64]
TOLERANCE = 1e-6
FIGURES = ("feeders", "cost", "best_response_bound", "could_gain")


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
    for column in FIGURES:
        if column not in table or table[column].dtype.kind not in "if" or not np.isfinite(table[column]).all():
            yield f"tables/leaders/{column}"
    turns = record.tables.get("turns")
    if turns is None or not {"round", "leader", "cost", "moved_mw"} <= set(turns.columns) or not len(turns):
        yield "tables/turns"
    if not isinstance(record.summary.get("epsilon"), float | int):
        yield "summary/epsilon"


def leader_checks(record: Record) -> list[Check]:
    """Costs of all leaders against the district's and the summary's, gains against costs and bounds, and epsilon."""
    table = record.tables["leaders"]
    feeders, cost, bound, gain = (table[name].to_numpy(dtype=np.float64) for name in FIGURES)
    names, scale = table["leader"].astype(str).tolist(), np.maximum(1.0, np.abs(cost))
    told, objective = float(record.summary["leader_cost"]), float(record.summary["objective"])
    sums = {
        "leader_cost": abs(float(cost.sum()) - told) / max(1.0, abs(told)),
        "objective": abs(float((cost / feeders).sum()) - objective) / max(1.0, abs(objective)),
        "epsilon": abs(float(gain.max()) - float(record.summary["epsilon"])) / float(scale.max()),
    }
    own = [
        Measure("gain", names, np.abs(np.maximum(cost - bound, 0.0) - gain) / scale),
        Measure("feeders", names, np.abs(feeders - _feeders(record))),
        Measure("sum", list(sums), np.array(list(sums.values()))),
    ]
    share = np.maximum(cost - bound, 0.0) / scale
    text = "What a leader could still gain by its best response, relative to its cost; at most the gap asked for."
    return [
        worst("leaders_add_up", "Costs and gains of the leaders add up; relative.", TOLERANCE, own),
        worst("gap", text, max(float(record.settings["gap"]), 1e-6), [Measure("leader", names, share)], required=False),
    ]


def _feeders(record: Record) -> Floats:
    """Feeders of every leader, in the order in which the connections name them."""
    assert record.transmission is not None
    connections = record.transmission.tables["connections"]
    first = ~connections["district"].duplicated()
    return connections["feeders"][first].to_numpy(dtype=np.float64)
