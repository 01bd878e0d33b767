"""A joint plan made up of plain numbers that agree with each other, for owners of any number; no search was made."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.results.record import Record, long_table
from tests.report.synthetic import certificate
from tests.report.trade.made_up import many

Floats = NDArray[np.float64]
WEIGHTS, RATE, YEARS = (215.0, 150.0), 0.07, 20
BOUND, BASE = 1.02, 0.15  # of what all gain: what no plan exceeds, and what the usual scheme comes to by itself
WHY = "the owners together gain -3.2, and more than 1e-09 would be a gain"


@cache
def plan_record(count: int = 3) -> Record:
    """Microgrids and their operator over two typical days."""
    trade = many(count, steps=48)
    case = trade.case
    names = [*case.ids("microgrids"), str(trade.summary["operator"])]
    owners = owner_table(names)
    tables = {**trade.tables, "owners": owners, **investments(case, names), **days(case), **money(names, owners)}
    tables |= {**search(float(owners["gain"].sum()), names), "buses": voltages(case)}
    tables["plan_disclosures"] = tables["disclosures"]
    for name in ("bargaining", "sheet", "fees", "shares", "coalitions"):
        tables.pop(name)
    settings = {
        "scheme": "in_turn",
        "upper": "one_hand",
        "weights": "given",
        "typical_days": 2,
        "discount_rate": RATE,
        "gap": 1e-4,
    }
    return replace(
        trade, question="plan_together", settings=settings, tables=tables, summary=summary(trade, owners),
        certificate=certificate(),
    )  # fmt: skip


def owner_table(names: list[str]) -> pd.DataFrame:
    """What each has and gains: weights fall, the last but one spends most, gains are weights of a common gain."""
    count = len(names)
    weight = np.linspace(2.0, 1.0, count) / np.linspace(2.0, 1.0, count).sum()
    surplus = 30_000.0 * count
    alone = 1e5 * (1.0 + np.arange(count))
    capex, kept, operation = 12_000.0 * np.arange(count), 1_000.0 * np.arange(count), 0.6 * alone
    gains = weight * surplus
    receipts = gains - (alone - capex - kept - operation)
    receipts[-1] -= receipts.sum()  # all receipts add up to zero, and the operator's own operation makes it so
    operation[-1] = alone[-1] - capex[-1] - kept[-1] - (gains[-1] - receipts[-1])
    cents = np.rint(100.0 * receipts).astype(np.int64)
    cents[-1] = -cents[:-1].sum()
    energy = np.append(np.linspace(-300.0, 500.0, count - 1), 0.0) * 100
    fees = np.append(-np.linspace(20.0, 60.0, count - 1), 0.0) * 100
    energy[-1], fees[-1] = -energy.sum(), -fees.sum()
    return pd.DataFrame(
        {
            "participant": names, "role": ["microgrid"] * (count - 1) + ["operator"], "weight": weight,
            "alone_cost": alone, "alone_lower_bound": alone, "alone_building_cost": 0.3 * alone,
            "investment": 10.0 * capex, "capex_per_year": capex, "maintenance_per_year": kept,
            "operation_cost": operation, "benefit": alone - capex - kept - operation,
            "energy_receipt": energy / 100.0, "fee_receipt": fees / 100.0, "receipt": cents / 100.0,
            "receipt_cents": cents, "lump_cents": cents - energy.astype(np.int64) - fees.astype(np.int64),
            "gain": gains, "gain_exact": gains, "net_present_value": gains * 10.594,
            "payback_years": (difference(count).cumsum(axis=1) >= 0.0).argmax(axis=1).astype(np.float64),
        }
    )  # fmt: skip


def difference(count: int) -> Floats:
    """Cash together less alone, year by year, (owners, years + 1): who spends more earns more."""
    years = np.arange(YEARS + 1)
    return np.array([np.where(years == 0, -1e4 * k, 2.5e3 * k + 500.0) for k in range(count)])


def investments(case: Case, names: list[str]) -> dict[str, pd.DataFrame]:
    """Three candidates for each owner: built alone, together, both; line types for the operator."""
    buses, lines = case.tables["microgrids"]["bus"].tolist(), case.ids("lines")
    rows = [
        (f"{name}-{kind}", name, kind, str(bus), units, 4, 0.25 * units if kind == "pv" else np.nan, alone)
        for name, bus in zip(names, buses, strict=False)
        for kind, units, alone in (("pv", 4, 4), ("wind", 3, 1), ("storage", 0, 2))
    ]
    rows += [(f"cable-{k}", names[-1], "line", lines[k], k % 2, 1, np.nan, 0) for k in range(1, min(4, len(lines)))]
    columns = ["asset", "owner", "kind", "place", "units", "max_units", "p_mw", "before"]
    found = pd.DataFrame(rows, columns=columns)
    money = {name: size * found["units"] for name, size in
             (("investment", 2e5), ("capex_per_year", 17_000.0), ("maintenance_per_year", 3_500.0))}  # fmt: skip
    worth = np.where(found["units"] < found["max_units"], -1_000.0 - 250.0 * np.arange(len(found)), np.nan)
    alone = found[found["before"] > 0]
    return {
        "investments": found.drop(columns="before").assign(energy_mwh=np.nan, **money, marginal_value_per_year=worth),
        "alone_investments": pd.DataFrame(
            {"owner": alone["owner"], "asset": alone["asset"], "units": alone["before"]}
        ).reset_index(drop=True),
    }


def days(case: Case) -> dict[str, pd.DataFrame]:
    """Two days and their profiles."""
    profiles = case.profiles.reset_index()
    profiles.insert(0, "scenario", np.repeat(["1", "2"], 24))
    return {
        "scenario_profiles": profiles,
        "scenarios": pd.DataFrame(
            {"scenario": ["1", "2"], "weight_days": WEIGHTS, "source_day": ["2030-01-07", "2030-07-07"],
             "kind": "typical"}
        ),
    }  # fmt: skip


def money(names: list[str], owners: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Payments of the two days, two thirds of them on the first one; cash that pays back; what cables cost whom."""
    cents = {}
    for name in ("energy", "fee"):
        whole = (100.0 * owners[f"{name}_receipt"]).round().to_numpy(dtype=np.int64)
        cents[name] = np.concatenate([whole * 2 // 3, whole - whole * 2 // 3])
    years, gain = np.arange(YEARS + 1), difference(len(names))
    cash = {"net_cash": gain - 2e4, "net_cash_alone": 0.0 * gain - 2e4, "difference": gain,
            "discounted": gain / (1.0 + RATE) ** years, "cumulative": gain.cumsum(axis=1)}  # fmt: skip
    weight = owners["weight"].to_numpy(dtype=np.float64)
    return {
        "payments": pd.DataFrame(
            {"scenario": np.repeat(["1", "2"], len(names)), "participant": names * 2,
             **{f"{name}_receipt": values / 100.0 for name, values in cents.items()},
             **{f"{name}_cents": values for name, values in cents.items()}}
        ),
        "cash_flow": pd.DataFrame(
            {"participant": np.repeat(names, YEARS + 1), "year": np.tile(years, len(names)),
             **{name: values.ravel() for name, values in cash.items()}}
        ),
        "reinforcements": pd.DataFrame(
            {"asset": np.repeat(["cable-1", "cable-3"], len(names)), "participant": names * 2,
             "cost_per_year": np.concatenate([5_250.0 * weight, 6_750.0 * weight])}
        ),
        "fairness": pd.DataFrame({"measure": ["Jain's index of gains"], "value": [0.942]}),
    }  # fmt: skip


def search(surplus: float, names: list[str]) -> dict[str, pd.DataFrame]:
    """One owner at a time, then all together; one plan is left, and another serves not all."""
    gains = surplus * np.array([0.15, 0.05, 0.6, -np.inf, 0.6, 1.0])
    taken = [True, False, True, False, True, True]
    scheme = ["in_turn"] * 4 + ["all together"] * 2
    why = ["begins", "best at the prices", "best at the prices", "best by what capacity is worth", "begins",
           "best by what capacity is worth"]  # fmt: skip
    ends = surplus * np.array([0.6, 1.0, BASE])
    return {
        "moves": pd.DataFrame(
            {"move": np.arange(1, 7), "scheme": scheme, "who": ["", names[0], names[1], names[0], "", ""],
             "cost": 1e6 - gains, "surplus": gains, "best_surplus": np.maximum.accumulate(gains), "taken": taken,
             "why": why}
        ),
        "schemes": pd.DataFrame(
            {"scheme": ["in_turn", "all together", "alternating (baseline)"], "cost": 1e6 - ends,
             "above_bound": [0.034, 2e-9, 0.1], "surplus": ends, "upper_solves": [7, 12, 1],
             "seconds": [3.0, 5.5, np.nan], "ended": ["no owner gains", "no plan can be better", "nobody changes"]}
        ),
        "deviations": pd.DataFrame(
            {"participant": names, "held_gain": np.linspace(0.0, 2.0, len(names)),
             "rebargained_surplus": np.linspace(0.0, 4.0, len(names)),
             "rebargained_gain": np.linspace(0.0, 1.0, len(names))}
        ),
    }  # fmt: skip


def voltages(case: Case) -> pd.DataFrame:
    shape = (case.count("buses"), case.steps)
    return long_table(case.snapshots, "bus", case.ids("buses"), vm_pu=1.0 + 0.01 * np.sin(np.indices(shape).sum(0)))


def summary(trade: Record, owners: pd.DataFrame) -> dict[str, Any]:
    before, surplus = float(owners["alone_cost"].sum()), float(owners["gain"].sum())
    kept = ("case", "currency", "timezone", "start", "steps", "step_minutes", "operator", "verdict")
    return {name: trade.summary[name] for name in kept} | {
        "question": "plan_together", "scenarios": 2, "owners": len(owners), "operator_role": "party",
        "scheme": "in_turn", "weights_rule": "given", "objective": before - surplus, "objective_alone": before,
        "objective_lower_bound": before - BOUND * surplus, "gap": 1e-5, "gap_asked": 1e-4, "gap_closed": True,
        "surplus": surplus, "surplus_upper_bound": BOUND * surplus, "deal": True, "deal_why": "", "moves": 6,
        "moves_taken": 4, "investment": float(owners["investment"].sum()), "largest_held_gain": 2.0,
        "largest_rebargained_gain": 1.0,
    }  # fmt: skip


def without_deal(record: Record) -> Record:
    """The same where nobody would gain: nothing is paid."""
    nothing = dict.fromkeys(("energy_receipt", "fee_receipt", "receipt", "gain", "gain_exact"), 0.0)
    owners = record.tables["owners"].assign(**nothing, receipt_cents=0, lump_cents=0)
    payments = record.tables["payments"].assign(energy_receipt=0.0, fee_receipt=0.0, energy_cents=0, fee_cents=0)
    told = {**record.summary, "deal": False, "deal_why": WHY, "surplus": -3.2}
    return replace(record, tables={**record.tables, "owners": owners, "payments": payments}, summary=told)


def without(record: Record, *names: str) -> Record:
    return replace(record, tables={name: one for name, one in record.tables.items() if name not in names})
