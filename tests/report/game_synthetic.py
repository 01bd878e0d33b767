"""A game made up of simple numbers, of any number of steps and connections, so that tests know what must be shown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from gridpact.case.case import Case
from gridpact.results.record import Record, long_table, words
from tests.report.synthetic import make_case, make_record, rows

PRICES = (20.0, 30.0, 45.0, 60.0)  # of the steps, each 50 MW wide, the first from -50 MW on
WIDE, FIRST = 50.0, -50.0
LED, FREE, BLIND = (
    50.0,
    80.0,
    60.0,
)  # what is imported in MW: by who leads, by who takes the price, without coordination
AMOUNTS = {
    "leader_cost": (1200.0, 1100.0, 1000.0),
    "adn_cost": (900.0, 800.0, 750.0),
    "dhn_cost": (300.0, 300.0, 250.0),
    "interface_payment": (700.0, 650.0, 500.0),
    "transmission_cost": (5000.0, 4900.0, 4700.0),
    "producers_surplus": (800.0, 780.0, 700.0),
    "load_payment": (3000.0, 2900.0, 2700.0),
    "congestion_rent": (90.0, 80.0, 40.0),
    "welfare_cost": (5600.0, 5500.0, 5520.0),
    "import_mwh": (60.0, 80.0, 50.0),
    "lmp_mean_per_mwh": (45.0, 45.0, 30.0),
    "lmp_max_per_mwh": (45.0, 45.0, 30.0),
    "dlmp_mean_per_mwh": (46.0, 46.0, 47.0),
    "dlmp_max_per_mwh": (50.0, 50.0, 52.0),
    "announced_lmp_mean_per_mwh": (30.0, np.nan, np.nan),
}
GAINS = {
    "gain_to_leader": 100.0,
    "gain_to_producers": -80.0,
    "gain_to_loads": 200.0,
    "gain_to_congestion_rent": -240.0,
    "gain_to_all": -20.0,
}
FEEDERS = 20.0


def game_record(steps: int = 24, connections: int = 1, buses: int = 6, minutes: float = 60.0) -> Record:
    """Who leads stops at 50 MW, where the price would rise from 30 to 45; who takes the price buys 80 MW at 45."""
    case = make_case(buses, steps, minutes=minutes)
    base = make_record(case)
    ids = [f"boundary-{k + 1}" for k in range(connections)]
    tables = {
        **base.tables,
        "equilibrium": _equilibrium(case, ids),
        "price_steps": _price_steps(case, ids),
        "designs": _designs(),
        "design_hours": _design_hours(case, ids),
        "claims": _claims(),
        "bounds": pd.DataFrame(
            {"node": np.arange(4), "upper": [55.0, 51.0, 50.0, 50.0], "lower": [48.0, 49.0, 49.9, 49.999],
             "seconds": [0.1, 0.2, 0.3, 0.4]}
        ),
        "pass_through_prices": long_table(
            case.snapshots, "bus", case.ids("buses"), price_per_mwh=np.full((buses, steps), 31.0),
            supporting_per_mwh=np.full((buses, steps), 47.0),
        ),
        "make_whole": pd.DataFrame(
            {"participant": ["chp", "sun", "load-b1", "load-b2"], "kind": ["generator", "renewable", "load", "load"],
             "profit": [-12.5, 3.0, -24.0, 0.0], "make_whole": [12.5, 0.0, 24.0, 0.0],
             "lost_opportunity": [13.0, 0.004, 0.75, 0.0]}
        ),
        "scan": _scan(case, ids),
        **_market(case, ids),
    }  # fmt: skip
    summary = base.summary | GAINS | {
        "method": "price_steps", "method_why": "chosen: every boundary power has hours of its own", "feeders": FEEDERS,
        "leader_cost": 1000.0, "leader_lower_bound": 999.98, "leader_gap": 2e-5, "tie_cost": 77.25,
        "transmission_cost": 4700.0, "slack_share": 0.0, "multiplier_share": 0.0, "stated_error": 0.0,
        "search_seconds": 1.5, "objective": 50.0,
        "case": case.name, "currency": case.currency, "steps": steps, "step_minutes": minutes, "start": "2026-06-01",
        "verdict": "certified", "lowest_vm_pu": 0.95, "highest_vm_pu": 1.0, "highest_loading_percent": 50.0,
    }  # fmt: skip
    settings = {"method": "auto", "tie_breaking": "optimistic", "designs": True, "gap": 1e-4}
    network = _network(case, ids)
    return replace(
        base, question="stackelberg", settings=settings, summary=summary, tables=tables, transmission=network
    )


def several_leaders(count: int = 2, status: str = "settled") -> Record:
    """Districts that lead beside each other: 100 each, of which the last could still gain 1.25."""
    record = without(
        game_record(4, count), "designs", "design_hours", "claims", "price_steps", "bounds", "scan",
        summary=(*GAINS, "search_seconds", "feeders"),
    )  # fmt: skip
    names = [f"village-{k + 1}" for k in range(count)]
    gain = np.append(np.zeros(count - 1), 1.25)
    leaders = pd.DataFrame(
        {"leader": names, "feeders": FEEDERS, "cost": 100.0, "best_response_bound": 100.0 - gain, "could_gain": gain}
    )
    turns = pd.DataFrame({"round": 1, "leader": names, "cost": 101.0, "moved_mw": 3.5})
    told = {"responses": status, "leaders": count, "rounds_played": 4, "epsilon": 1.25, "method": "best_responses"}
    told |= {"method_why": "several districts lead", "leader_cost": 100.0 * count}
    network = record.transmission
    assert network is not None
    connected = network.with_table("connections", network.tables["connections"].assign(district=names))
    return replace(
        record, tables={**record.tables, "leaders": leaders, "turns": turns}, summary={**record.summary, **told},
        transmission=connected,
    )  # fmt: skip


def without(record: Record, *tables: str, summary: tuple[str, ...] = ()) -> Record:
    """The record without some tables and figures of the summary."""
    kept = {name: table for name, table in record.tables.items() if name not in tables}
    return replace(record, tables=kept, summary={k: v for k, v in record.summary.items() if k not in summary})


def _network(case: Case, ids: list[str]) -> Case:
    """A transmission network of the same clock, whose buses carry the same names."""
    connected = rows("connections", connection=ids, bus=["b1"] * len(ids), interface=["grid"] * len(ids))
    return replace(case.with_table("connections", connected.assign(feeders=FEEDERS)), name="made-up-grid")


def _equilibrium(case: Case, ids: list[str]) -> pd.DataFrame:
    ones = np.ones((len(ids), case.steps))
    table = long_table(
        case.snapshots, "connection", ids, feeders=FEEDERS * ones, import_mw=LED / FEEDERS * ones,
        boundary_mw=LED * ones, lmp_per_mwh=30.0 * ones, lmp_low_per_mwh=30.0 * ones, lmp_high_per_mwh=45.0 * ones,
        step_from_mw=0.0 * ones, step_to_mw=LED * ones, root_price_per_mwh=46.0 * ones, wedge_per_mwh=16.0 * ones,
    )  # fmt: skip
    table.insert(2, "interface", words(["grid"] * len(table)))
    table.insert(3, "bus", words(["b1"] * len(table)))
    return table


def _price_steps(case: Case, ids: list[str]) -> pd.DataFrame:
    count, each = case.steps * len(ids), len(PRICES)
    low = FIRST + WIDE * np.arange(each)
    columns = {
        "from_mw": np.tile(low, count),
        "to_mw": np.tile(low + WIDE, count),
        "price_from_per_mwh": np.tile(PRICES, count),
        "price_to_per_mwh": np.tile(PRICES, count),
    }
    names = words(np.tile(np.repeat(np.array(ids, dtype=object), each), case.steps))
    return pd.DataFrame({"snapshot": case.snapshots.repeat(each * len(ids)), "connection": names} | columns)


def _designs() -> pd.DataFrame:
    names = ["uncoordinated", "competitive", "cooperative", "stackelberg"]
    values = {name: [blind, free, free, led] for name, (blind, free, led) in AMOUNTS.items()}
    return pd.DataFrame({"design": words(names), "status": words(["cleared"] * 4)} | values)


def _design_hours(case: Case, ids: list[str]) -> pd.DataFrame:
    powers = {"uncoordinated": BLIND, "competitive": FREE, "cooperative": FREE, "stackelberg": LED}
    parts = []
    for name, power in powers.items():
        ones = np.ones((len(ids), case.steps))
        told = 30.0 if name == "uncoordinated" else np.nan
        price = 30.0 if name == "stackelberg" else 45.0
        table = long_table(
            case.snapshots, "connection", ids, boundary_mw=power * ones, lmp_per_mwh=price * ones,
            announced_lmp_per_mwh=told * ones, dlmp_mean_per_mwh=46.0 * ones, dlmp_max_per_mwh=50.0 * ones,
        )  # fmt: skip
        table.insert(1, "design", words([name] * len(table)))
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def _claims() -> pd.DataFrame:
    rows = [
        ("leading lowers the mean DLMP", "dlmp_mean_per_mwh", -1.0, -1.0),
        ("leading lowers the mean LMP", "lmp_mean_per_mwh", 15.0, 15.0),
        ("leading lowers the cost of all", "welfare_cost", 80.0, -20.0),
    ]
    told = [
        (claim, than, "yes" if fall > 0.0 else "no", fall, figure)
        for k, than in enumerate(("uncoordinated", "competitive"))
        for claim, figure, *falls in rows
        for fall in (falls[k],)
    ]
    return pd.DataFrame(told, columns=["claim", "than", "holds", "lower_by", "figure"])


def _scan(case: Case, ids: list[str]) -> pd.DataFrame:
    power = np.tile([0.0, 25.0, 50.0, 75.0], case.steps * len(ids))
    names = words(np.tile(np.repeat(np.array(ids, dtype=object), 4), case.steps))
    when = case.snapshots.repeat(4 * len(ids))
    return pd.DataFrame(
        {"snapshot": when, "connection": names, "boundary_mw": power, "leader_cost": 1000.0 + abs(power - LED)}
    )


def _market(case: Case, ids: list[str]) -> dict[str, pd.DataFrame]:
    """Ten units of 40 MW each and more, demand of 500 MW, and the districts."""
    buses, steps = case.count("buses"), case.steps
    congestion = np.linspace(-2.0, 0.0, buses)[:, None] * np.ones(steps)
    zero = np.zeros_like(congestion)
    units = [f"unit-{k + 1}" for k in range(10)]
    taken = [f"district {name}" for name in ids]
    given = 40.0 + np.arange(10.0)[:, None] * np.ones(steps)
    demand = np.vstack([-(given.sum(axis=0) - LED * len(ids)), *[-LED * np.ones(steps)] * len(ids)])
    dispatch = long_table(case.snapshots, "device", [*units, "town", *taken], p_mw=np.vstack([given, demand]))
    kinds = ["generator"] * len(units) + ["load"] * (1 + len(ids))
    return {
        "transmission_prices": long_table(
            case.snapshots, "bus", case.ids("buses"), lmp_per_mwh=30.0 + congestion, energy_per_mwh=30.0 + zero,
            congestion_per_mwh=congestion, certified=zero == 0,
        ),
        "transmission_dispatch": dispatch.assign(kind=kinds * steps),
        "transmission_branches": long_table(
            case.snapshots, "branch", case.ids("lines"), loading_percent=95.0 + zero[1:]
        ),
        "transmission_limits": pd.DataFrame(
            {"snapshot": case.snapshots, "constraint": "lines/max_i_ka", "component": "b0-b1", "end": "from",
             "multiplier": 12.0, "unit": "EUR/h per kA"}
        ),
    }  # fmt: skip
