"""Do the amounts of the game add up, and do the designs keep the order that theory gives them?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.costs import cost_terms
from gridpact.certificates.demand import PARTS
from gridpact.certificates.evidence import Evidence
from gridpact.certificates.game.records import of_connections, transmission_record
from gridpact.results.record import Record

Floats = NDArray[np.float64]
TOLERANCE = 1e-6


def money_checks(record: Record) -> list[Check]:
    """Leader's cost, ties in money, and the table of designs where there is one."""
    checks = [_leader(record), _ties(record), _whole(record)]
    return checks + (_design_checks(record) if "designs" in record.tables else [])


def _leader(record: Record) -> Check:
    told, feeders = float(record.summary["leader_cost"]), float(record.summary["feeders"])
    off = abs(feeders * float(record.summary["objective"]) - told) / max(1.0, abs(told))
    return Check("leader_cost", True, off, TOLERANCE, "", "Leader's cost is feeders x the district's; relative.")


def _ties(record: Record) -> Check:
    """What the worst right price would cost more at the same dispatch."""
    power = of_connections(record, "boundary_mw")
    low, high, paid = (of_connections(record, f"lmp{end}_per_mwh") for end in ("_low", "_high", ""))
    worst_price = np.where(power > 0.0, high, low)
    cost = record.case.hours * float(np.maximum((worst_price - paid) * power, 0.0).sum())
    off = abs(cost - float(record.summary["tie_cost"])) / max(1.0, abs(float(record.summary["leader_cost"])))
    return Check(
        "tie_cost", True, off, TOLERANCE, "", "Money at stake in tie-breaking is what the table says; relative."
    )


def _whole(record: Record) -> Check:
    """Nobody is paid a negative amount to be made whole, and whoever lacks money is."""
    table = record.tables["make_whole"]
    profit, paid, lost = (table[name].to_numpy(dtype=np.float64) for name in table.columns[-3:])
    off = np.maximum(np.abs(paid - np.maximum(-profit, 0.0)), np.maximum(-lost, 0.0)) / np.maximum(1.0, np.abs(profit))
    text = "Make-whole payments cover what the pass-through prices leave of the cost; relative."
    return worst("made_whole", text, TOLERANCE, [Measure("make_whole", table["participant"].astype(str).tolist(), off)])


def _design_checks(record: Record) -> list[Check]:
    """Identities of every design, and the order between them."""
    table = record.tables["designs"]
    names = table["design"].astype(str).tolist()
    figures = {name: table[name].to_numpy(dtype=np.float64) for name in table.columns[2:]}
    told = np.isfinite(figures["leader_cost"])
    scale = np.maximum(1.0, np.abs(figures["leader_cost"]))
    inside = figures["leader_cost"] - figures["interface_payment"]
    revenue = figures["load_payment"] + figures["interface_payment"] - figures["congestion_rent"]
    faults = {
        "adn + dhn": figures["adn_cost"] + figures["dhn_cost"] - figures["leader_cost"],
        "welfare": inside + figures["transmission_cost"] - figures["welfare_cost"],
    }
    if not _has_choice(record):
        faults["rent"] = revenue - figures["producers_surplus"] - figures["transmission_cost"]
    measures = [Measure(rule, names, np.where(told, np.abs(off) / scale, 0.0)) for rule, off in faults.items()]
    checks = [worst("designs_add_up", "Costs of every design add up; relative.", TOLERANCE, measures)]
    return [*checks, _order(record, names, figures), _own_row(record, names, figures)]


def _has_choice(record: Record) -> bool:
    """Whether demand of the transmission network may choose: its cost is then not what producers ask alone."""
    assert record.transmission is not None
    return any(record.transmission.count(table) for table in PARTS)


def _order(record: Record, names: list[str], figures: dict[str, Floats]) -> Check:
    """Leading costs the leader at most what taking the price does, and cooperation costs all together the least."""
    at = {name: row for row, name in enumerate(names)}
    led, cost, welfare = at["stackelberg"], figures["leader_cost"], figures["welfare_cost"]
    scale = max(1.0, abs(float(cost[led])))
    pairs = {
        "uncoordinated": cost[led] - cost[at["uncoordinated"]],
        "competitive": cost[led] - cost[at["competitive"]],
        "cooperative": welfare[at["cooperative"]] - welfare[led],
    }
    over = np.array([np.nan_to_num(value, nan=0.0) / scale for value in pairs.values()])
    text = "Leading costs the leader no more than any other design, cooperation all the least; relative."
    return worst(
        "designs_in_order", text, float(record.settings["gap"]) + TOLERANCE, [Measure("than", list(pairs), over)]
    )


def _own_row(record: Record, names: list[str], figures: dict[str, Floats]) -> Check:
    """The row of the equilibrium says what the tables of both markets do."""
    row = names.index("stackelberg")
    paid = record.case.hours * float(
        (of_connections(record, "lmp_per_mwh") * of_connections(record, "boundary_mw")).sum()
    )
    told = {
        "leader_cost": float(record.summary["leader_cost"]),
        "interface_payment": paid,
        "transmission_cost": _dispatched(record),
    }
    scale = max(1.0, abs(told["leader_cost"]), abs(told["transmission_cost"]))
    off = np.array([abs(float(figures[name][row]) - value) / scale for name, value in told.items()])
    text = "The design stackelberg costs what the tables of both markets say; relative."
    return worst("own_design", text, TOLERANCE, [Measure("figure", list(told), off)])


def _dispatched(record: Record) -> float:
    """What the dispatch of the transmission market costs."""
    evidence = Evidence(transmission_record(record))
    return record.case.hours * sum(float(term.sum()) for term in cost_terms(evidence).values())
