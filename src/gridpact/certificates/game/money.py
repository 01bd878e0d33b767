"""Do the amounts and figures of the game add up: the leader's cost, its gap, money at stake in ties, gains?"""

from __future__ import annotations

import numpy as np

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.game.design_table import figure_of
from gridpact.certificates.game.records import of_connections
from gridpact.results.record import Record

TOLERANCE = 1e-6
GAINS = {
    "gain_to_leader": ("leader_cost", -1.0),
    "gain_to_producers": ("producers_surplus", 1.0),
    "gain_to_loads": ("load_payment", -1.0),
    "gain_to_congestion_rent": ("congestion_rent", 1.0),
    "gain_to_all": ("welfare_cost", -1.0),
}


def money_checks(record: Record) -> list[Check]:
    """Leader's cost, ties in money, and the figures of the summary."""
    return [_leader(record), _ties(record), _figures(record)]


def _leader(record: Record) -> Check:
    told, feeders = float(record.summary["leader_cost"]), float(record.summary["feeders"])
    off = abs(feeders * float(record.summary["objective"]) - told) / max(1.0, abs(told))
    return Check("leader_cost", True, off, TOLERANCE, "", "Leader's cost is feeders x the district's; relative.")


def _ties(record: Record) -> Check:
    """What is at stake in ties is what the summary says; nothing for who does not trust in the best price."""
    cost = tie_money(record)
    scale = max(1.0, abs(float(record.summary["leader_cost"])))
    told = float(record.summary["tie_cost"])
    off = {"table": abs(cost - told) / scale}
    if record.settings["tie_breaking"] == "pessimistic":
        off["pessimistic"] = told / scale
    text = "Money at stake in tie-breaking is what the table says, and none for a pessimistic leader; relative."
    return worst("tie_cost", text, TOLERANCE, [Measure("tie", list(off), np.array(list(off.values())))])


def tie_money(record: Record) -> float:
    """What the worst right price would cost more at the same dispatch."""
    power = of_connections(record, "boundary_mw")
    low, high, paid = (of_connections(record, f"lmp{end}_per_mwh") for end in ("_low", "_high", ""))
    ends = np.where(power > 0.0, high, low)
    worst_price = np.where(np.isnan(ends), paid, ends)  # a price without an end puts no finite amount at stake
    return record.case.hours * float(np.maximum((worst_price - paid) * power, 0.0).sum())


def _figures(record: Record) -> Check:
    """What the summary says of the game, against the case, the tables and itself; relative."""
    assert record.transmission is not None
    summary = record.summary
    cost, bound = float(summary["leader_cost"]), float(summary["leader_lower_bound"])
    own = {
        "feeders": float(record.transmission.column("connections", "feeders")[0]),
        "leader_gap": max(0.0, cost - bound) / max(1.0, abs(cost)),
    }
    if summary["method"] != "primal_dual":
        own["stated_error"] = 0.0
    if summary["method"] != "kkt":  # SOS1 too has proven bounds where there are any
        own |= {"slack_share": 0.0, "multiplier_share": 0.0}
    if "designs" in record.tables:
        own |= _gains(record)
    off = np.array([_difference(summary.get(name), value) for name, value in own.items()])
    return worst(
        "game_figures", "Figures of the game against its tables; relative.", TOLERANCE, [Measure("", list(own), off)]
    )


def _gains(record: Record) -> dict[str, float]:
    """What leading gains everybody against the competitive design."""
    return {
        name: sign * (figure_of(record, figure, "stackelberg") - figure_of(record, figure, "competitive"))
        for name, (figure, sign) in GAINS.items()
    }


def _difference(told: object, own: float) -> float:
    """NaN, which fails, where a figure is missing, or is there without what it is about."""
    if not isinstance(told, float | int):
        return float("nan")
    if np.isnan(own):
        return 0.0 if np.isnan(told) else float("nan")
    return abs(told - own) / max(1.0, abs(own))
