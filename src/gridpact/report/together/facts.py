"""The joint plan of a run as a report asks for it: owners, what they build, their money, their trade day by day."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd

from gridpact.case.case import Case
from gridpact.case.schema import SCHEMA
from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.trade.look import OPERATOR, palette
from gridpact.report.numbers import struck
from gridpact.report.planning import facts as plan
from gridpact.report.standing import Standing
from gridpact.report.text import number, safe
from gridpact.report.trade import facts as trade
from gridpact.results.record import Record
from gridpact.results.together import ALL_TOGETHER, ALTERNATING, BASELINE, BENDERS, IN_TURN, QUESTION, REFERENCE

table, figure, weights, deal, why = plan.table, plan.figure, plan.weights, trade.deal, trade.why
# How weights may be chosen.
RULES = {"given": "as given", "equal": "equal", "stand_alone": "by the cost of each alone"}
SCHEMES = {
    IN_TURN: "one owner at a time",
    ALTERNATING: "all answer at once",
    BASELINE: "all answer at once, by itself",
    REFERENCE: "one program, by a solver that knows nothing of owners",
    BENDERS: "all together, by what capacity is worth",
    ALL_TOGETHER: "all together, by what capacity is worth",
}
CENT = 0.005


def is_together(record: Record) -> bool:
    return record.question == QUESTION


def owners(record: Record) -> list[str]:
    """All owners, the operator last."""
    return record.tables["owners"]["participant"].astype(str).tolist()


def column(record: Record, name: str) -> Floats:
    """A column of the owners."""
    return record.tables["owners"][name].to_numpy(dtype=np.float64)


def colours(record: Record) -> list[str]:
    """A colour of each owner, the same in all figures."""
    return [*palette(len(owners(record)) - 1), OPERATOR]


def shown(record: Record, size: Floats, most: int) -> tuple[list[int], str]:
    """The owners of largest ``size`` that a figure shows, in their order, and what a title says of the others."""
    kept = trade.largest(size, most)
    return kept, "" if len(kept) == size.size else f" (the {len(kept)} largest of {size.size})"


def together(record: Record) -> Floats:
    """What a year costs each owner with the plan, payments included."""
    names = ("capex_per_year", "maintenance_per_year", "operation_cost")
    return np.asarray(sum(column(record, name) for name in names) - column(record, "receipt"), dtype=np.float64)


def built(record: Record) -> pd.DataFrame | None:
    """Every candidate with its units alone (``before``) and together, by owner in their order."""
    found = table(record, "investments")
    if found is None:
        return None
    alone = record.tables.get("alone_investments", pd.DataFrame({"asset": [], "units": []}))
    before = found["asset"].map(dict(zip(alone["asset"], alone["units"], strict=True))).fillna(0).astype(np.int64)
    order = {name: place for place, name in enumerate(owners(record))}
    ranked: pd.DataFrame = found.assign(before=before, rank=found["owner"].map(order))
    return ranked.sort_values("rank", kind="stable").drop(columns="rank").reset_index(drop=True)


def weights_by(record: Record) -> dict[str, Floats]:
    """Weights of the owners by each rule that can be, (owners,) with the sum 1."""
    row = record.case.tables["network_operator"]
    own = float(row["weight"].iloc[0]) if len(row) else 1.0
    alone = np.abs(column(record, "alone_cost"))
    sizes = {"given": np.append(record.case.column("microgrids", "weight"), own), "equal": np.ones(alone.size)}
    sizes |= {"stand_alone": alone} if alone.any() else {}
    return {rule: np.asarray(size / size.sum(), dtype=np.float64) for rule, size in sizes.items()}


def payments(record: Record) -> dict[str, Floats]:
    """Money that each owner pays for energy, in fees and as a lump sum in a year, (owners,) each, in whole cents."""
    names, found = owners(record), table(record, "payments")
    lump = -column(record, "lump_cents") / 100.0
    if found is None:
        return {"energy": np.zeros(lump.size), "fee": np.zeros(lump.size), "lump": lump}
    sums = found.groupby("participant")[["energy_cents", "fee_cents"]].sum().reindex(names)
    return {name: -sums[f"{name}_cents"].to_numpy(dtype=np.float64) / 100.0 for name in ("energy", "fee")} | {
        "lump": lump
    }


def by_day(record: Record, name: str) -> Floats:
    """A column of the payments, (days, owners)."""
    found = record.tables["payments"]
    return found[name].to_numpy(dtype=np.float64).reshape(-1, len(owners(record)))


def cash(record: Record, name: str) -> Floats:
    """A column of the cash flow, (owners, years + 1)."""
    return record.tables["cash_flow"][name].to_numpy(dtype=np.float64).reshape(len(owners(record)), -1)


def days_case(record: Record) -> Case:
    """The typical days one after another as the horizon of a case; of the profiles only what they are."""
    moments = pd.DatetimeIndex(record.tables["exchanges"]["snapshot"].unique())
    minutes = (moments[1] - moments[0]).total_seconds() / 60.0 if len(moments) > 1 else record.case.step_minutes
    profiles = record.tables["scenario_profiles"].drop(columns="scenario").set_index("snapshot")
    return replace(
        record.case, start=moments[0], timezone=str(moments.tz), step_minutes=minutes, steps=len(moments),
        profiles=profiles, window="day",
    )  # fmt: skip


def on_days(record: Record) -> Record:
    """The run with the typical days as its horizon, for what is drawn of a trade."""
    return replace(record, case=days_case(record))


def of_year(record: Record) -> Record:
    """The same with trades as large as they are in a year, so that energies are those of a year."""
    trades, case = record.tables["trades"], days_case(record)
    often = days_of_steps(record)[case.snapshots.get_indexer(pd.DatetimeIndex(trades["snapshot"]))]
    wide = trades.assign(p_mw=trades["p_mw"].to_numpy(dtype=np.float64) * often)
    return replace(record, case=case, tables={**record.tables, "trades": wide})


def days_of_steps(record: Record) -> Floats:
    """How often each step of the typical days comes in a year, (steps,)."""
    often = np.array(list(weights(record).values()))
    steps = int(record.tables["exchanges"]["snapshot"].nunique())
    return np.repeat(often, steps // often.size) if often.size else np.ones(steps)


def energy_by_day(record: Record) -> Floats:
    """MWh that everyone sells everyone on each typical day, (days, owners, owners)."""
    days = on_days(record)
    power = trade.power(days)
    count = max(len(weights(record)), 1)
    found: Floats = days.case.hours * power.reshape(*power.shape[:2], count, -1).sum(axis=3)
    return found.transpose(2, 0, 1)


def operator_row(record: Record, name: str) -> object:
    """An entry of the row of the operator, or its default."""
    rows = record.case.tables["network_operator"]
    default = next(one.default for one in SCHEMA["network_operator"].columns if one.name == name)
    return rows[name].iloc[0] if len(rows) else default


def fees_are_costs(record: Record) -> bool:
    return operator_row(record, "fee_kind") == "cost"


def surplus(record: Record) -> float:
    """What all gain together in a year; nothing without a deal."""
    value = figure(record, "surplus")
    return 0.0 if math.isnan(value) else value


def small(value: float, standing: Standing) -> str:
    """Money that may be next to nothing, as HTML."""
    return struck(number(value, 2), standing) if value >= CENT else "0.01"


def per_year(record: Record) -> str:
    """The unit of money of a year, which no line breaks."""
    return f'<span style="white-space:nowrap">{safe(record.case.currency)}/year</span>'


def baseline(record: Record) -> pd.Series | None:
    """What the usual scheme came to by itself, where it was tried beside another."""
    found = table(record, "schemes")
    own = None if found is None else found[found["scheme"] == BASELINE]
    return None if own is None or own.empty else own.iloc[0]
