"""What the search claims: nothing was left out, the bound is the least of its leaves', no artificial bound was touched.

A second bound needs no search at all. With the district's own root prices r as multipliers,

    leader's cost >= cost + sum over powers of min over z of [payment(z) - payment(z*) - r (z - z*)]

since the district without its payment costs at least what its supporting prices say. It is shown beside the other.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.evidence import steps_of
from gridpact.certificates.game.records import of_connections
from gridpact.certificates.game.steps import COLUMNS, steps_by_power
from gridpact.results.record import Record

Floats = NDArray[np.float64]
# Share of an artificial bound from which it counts as touched.
TOUCHED = 1.0 - 1e-6
LEAVES = ("leaf", "first_step", "last_step", "bound")
COVERED = "The leaves of the search cover every choice of steps once."


def search_checks(record: Record) -> list[Check]:
    """Coverage, bound and gap of the search, big-M, and the scan."""
    checks = [_gap(record), _untouched(record), _course(record)]
    if "leaves" in record.tables and len(record.tables["leaves"]):
        checks += [_covered(record), _least(record)]
    if "price_steps" in record.tables:
        checks.append(_by_prices(record))
    if "scan" in record.tables:
        checks.append(_scan(record))
    return checks


def _gap(record: Record) -> Check:
    """The proven gap against the one that was asked for; a larger one makes the result approximate."""
    cost, bound = float(record.summary["leader_cost"]), float(record.summary["leader_lower_bound"])
    gap = max(0.0, cost - bound) / max(1.0, abs(cost))
    text = "Leader's cost less its proven lower bound, relative; at most the gap that was asked for."
    return Check("gap", False, gap, max(float(record.settings["gap"]), 1e-6), "", text)


def _untouched(record: Record) -> Check:
    """A slack or multiplier at its big-M says that the bound, not the market, decided."""
    shares = [float(record.summary[f"{name}_share"]) for name in ("slack", "multiplier")]
    value = float(np.max([*shares, *_own_shares(record)]))
    text = "Largest slack or multiplier as a share of the bound that big-M put on it; 0 without big-M."
    return Check("bounds_untouched", True, value, TOUCHED, "", text)


def _own_shares(record: Record) -> list[float]:
    """The same from the transmission market's own slacks and multipliers, where the bound was given as a number."""
    bound = float(record.settings.get("big_m", 0.0))
    if bound <= 0.0 or record.summary["method"] != "kkt" or record.settings["complementarity"] != "big_m":
        return []
    stored = {name: record.solution[f"transmission/{name}"] for name in ("s", "z", "cone_kinds", "cone_sizes")}
    unequal = np.repeat(np.asarray(stored["cone_kinds"], dtype=np.str_) == "nonnegative", stored["cone_sizes"])
    base = float(record.solution["transmission/base_mva"])
    return [
        base * float(np.max(stored["s"][unequal], initial=0.0)) / bound,
        float(np.max(stored["z"][unequal], initial=0.0)) / (bound * base * record.case.hours),
    ]


def _course(record: Record) -> Check:
    """The search goes on node by node: costs do not rise, bounds do not fall, and the last bound is the stated one."""
    table, feeders = record.tables["bounds"], float(record.summary["feeders"])
    node, upper, lower, seconds = (
        table[name].to_numpy(dtype=np.float64) for name in ("node", "upper", "lower", "seconds")
    )
    cost, bound = (float(record.summary[f"leader_{name}"]) / feeders for name in ("cost", "lower_bound"))
    scale = max(1.0, abs(cost))
    faults = {
        "node": float(np.abs(node - np.arange(len(node))).max()),
        "seconds": _most(-np.diff(seconds, prepend=0.0)),
        "upper": _most(np.diff(upper[np.isfinite(upper)])) / scale,
        "lower": _most(-np.diff(lower[np.isfinite(lower)])) / scale,
        "above": _most(lower - upper) / scale,
        "last bound": abs(lower[-1] - bound) / scale,
        "last cost": (upper[-1] - cost) / scale - float(record.settings["gap"]),
        "bound above cost": (bound - cost) / scale - float(record.settings["gap"]),
    }
    text = "Costs fall and bounds rise from node to node, up to the ones that are stated; relative."
    return worst("course", text, 1e-6, [Measure("bounds", list(faults), np.array(list(faults.values())))])


def _most(values: Floats) -> float:
    return float(np.max(values, initial=0.0))


def _leaf_ranges(record: Record) -> tuple[Floats, Floats, Floats]:
    """First and last step (leaves, powers) and bound (leaves,) of every leaf, NaN where rows are out of order."""
    assert record.transmission is not None
    table, size = record.tables["leaves"], record.case.steps * record.transmission.count("connections")
    count = -(-len(table) // size)
    leaf, first, last, bound = (table[name].to_numpy(dtype=np.float64) for name in LEAVES)
    if not np.array_equal(leaf, np.repeat(np.arange(count), size)) or not _in_turn(record, table, count):
        blank = np.full((1, size), np.nan)
        return blank, blank, blank[:, 0]
    bounds = bound.reshape(count, size)
    least = np.where((bounds == bounds[:, :1]).all(axis=1), bounds[:, 0], np.nan)
    return first.reshape(count, size), last.reshape(count, size), least


def _in_turn(record: Record, table: pd.DataFrame, count: int) -> bool:
    """Whether every leaf goes through the boundary powers step by step, connection by connection."""
    assert record.transmission is not None
    ids, steps = record.transmission.ids("connections"), record.case.steps
    expected = np.tile(np.repeat(np.arange(steps), len(ids)), count)
    in_order = np.array_equal(steps_of(record.case, table["snapshot"]), expected)
    return in_order and table["connection"].tolist() == ids * steps * count


def _covered(record: Record) -> Check:
    """Disjoint leaves whose sizes add up to all choices leave none out."""
    first, last, _ = _leaf_ranges(record)
    if not np.isfinite(first).all():
        return Check("search_covers_all", True, float("nan"), 0.0, "rows of the leaves", COVERED)
    counts = np.array([len(rows) for rows in steps_by_power(record)], dtype=object)
    inside = bool((first % 1.0 == 0.0).all() and (last % 1.0 == 0.0).all())
    inside &= bool((first >= 0).all() and (last < counts.astype(np.float64)).all() and (first <= last).all())
    apart = (first[:, None] > last[None]) | (last[:, None] < first[None])
    disjoint = apart.any(axis=2) | np.eye(len(first), dtype=np.bool_)
    sizes = (last - first + 1.0).astype(np.int64).astype(object)
    whole = sum(np.prod(sizes, axis=1)) == np.prod(counts)
    faults = int(not inside) + int((~disjoint).sum()) + int(not whole)
    return Check("search_covers_all", True, float(faults), 0.0, "", COVERED)


def _least(record: Record) -> Check:
    """The bound is no better than the least of the leaves' or the cost itself."""
    _, _, bounds = _leaf_ranges(record)
    feeders, cost = float(record.summary["feeders"]), float(record.summary["leader_cost"])
    least = min(float(bounds.min()) * feeders, cost)
    over = (float(record.summary["leader_lower_bound"]) - least) / max(1.0, abs(cost))
    return Check(
        "bound_of_leaves", True, over, 1e-6, "", "The stated bound is the least bound of the leaves; relative."
    )


def _by_prices(record: Record) -> Check:
    """How far the cost may be from the optimum by the district's own prices alone; told, not required."""
    gain = 0.0
    columns = ("boundary_mw", "lmp_per_mwh", "root_price_per_mwh")
    power, price, root = (of_connections(record, name).T.ravel() for name in columns)
    for rows, z, paid, worth in zip(steps_by_power(record), power, price, root, strict=True):
        gain += max(0.0, -_best_change(rows, z, paid, worth))
    gap = record.case.hours * gain / max(1.0, abs(float(record.summary["leader_cost"])))
    text = "Leader's cost less a lower bound that needs no search, from its supporting prices alone; relative."
    return Check("gap_by_prices", False, gap, float(record.settings["gap"]), "", text)


def _best_change(rows: pd.DataFrame, z: float, paid: float, worth: float) -> float:
    """min over powers on all steps of payment less the present one less what the district gains."""
    low, high, first, last = (rows[name].to_numpy() for name in COLUMNS)
    rise = (last - first) / np.maximum(high - low, 1e-12)
    start = first - rise * low
    inner = np.where(rise > 0.0, (worth - start) / np.where(rise > 0.0, 2.0 * rise, 1.0), low)
    tried = np.stack([low, high, np.clip(inner, low, high)])
    return float(((start + rise * tried) * tried - paid * z - worth * (tried - z)).min())


def _scan(record: Record) -> Check:
    """No scanned import is better than the equilibrium by more than the gap."""
    cost = float(record.summary["leader_cost"])
    found = record.tables["scan"]["leader_cost"].to_numpy(dtype=np.float64)
    better = (cost - found) / max(1.0, abs(cost))
    text = "What the leader would gain at the best of all scanned imports, relative; at most the gap."
    names = record.tables["scan"]["connection"].astype(str).tolist()
    return worst(
        "scan", text, float(record.settings["gap"]) + 1e-6, [Measure("import", names, np.nan_to_num(better, nan=-1.0))]
    )
