"""Is everything of a trade there? Its own tables with their rows and columns, figures, settings; all of it numbers.

The clearings that it consists of are asked for their own completeness by their own judges.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from gridpact.case.trade_fee_rules import operators_name
from gridpact.certificates.check import Check
from gridpact.certificates.evidence import steps_of
from gridpact.certificates.trade.joined import joined
from gridpact.results.record import Record
from gridpact.results.trading import SIDES

Columns = tuple[str, ...]
# table -> columns of texts, of flags, of finite numbers, of whole numbers
TABLES: Final[Mapping[str, tuple[Columns, Columns, Columns, Columns]]] = {
    "exchanges": (
        ("microgrid",),
        (),
        ("p_mw", "q_mvar", "price_per_mwh", "inside_price_per_mwh", "before_mw", "before_mvar"),
        (),
    ),
    "trades": (
        ("seller", "buyer"),
        ("agreed",),
        ("p_mw", "price_per_mwh", "seller_price_per_mwh", "buyer_price_per_mwh", "fee_per_mwh"),
        (),
    ),
    "fees": (("payer", "payee"), (), ("amount",), ("amount_cents",)),
    "bargaining": (
        ("participant", "role", "disagreement"),
        ("bargains",),
        ("weight", "disagreement_cost", "cost", "benefit", "gain", "receipt", "gain_exact"),
        ("receipt_cents",),
    ),
    "sheet": (
        ("participant",),
        (),
        ("energy_mwh", "energy_payment", "fee_payment", "lump_sum_payment", "total_payment"),
        ("energy_cents", "fee_cents", "lump_cents", "total_cents"),
    ),
    "shares": (("participant", "rule"), (), ("gain", "error_bound"), ()),
    "coalitions": (("coalition",), (), ("value", "gain", "excess"), ("members",)),
    "bargaining_convergence": ((), (), ("primal_residual", "dual_residual"), ("iteration",)),
    "convergence": (("stage",), (), ("primal_residual", "dual_residual", "penalty", "seconds"), ("iteration",)),
    "disclosures": (
        ("sender", "recipient", "kind", "quantity", "unit"),
        (),
        (),
        ("messages", "numbers", "bytes"),
    ),
    "regrets": (("participant",), (), ("regret", "share"), ()),
    "fee_rates": (("seller", "buyer"), (), ("mean_fee_per_mwh",), ()),
    "reference": (("method",), (), ("cost", "lower_bound", "seconds"), ("iterations",)),
}
FIGURES: Final = (
    "objective",
    "lower_bound",
    "gap",
    "iterations",
    "polishing_rounds",
    "primal_residual",
    "dual_residual",
    "microgrids",
    "fee_share_peer",
    "traded_mwh",
    "network_mwh",
    "fee_revenue",
    "surplus",
    "cost_before",
)
WORDS: Final = ("method", "operator", "operator_role", "fee_rule", "fee_kind", "deal_why")
NUMBERS: Final = ("tolerance", "rounds")
METHODS: Final = ("atc", "cf_admm", "central")
STAGES: Final = ("agreement", "polishing")
# The row of the reference that one hand makes.
REFERENCE: Final = "central dispatch"


def complete_trade(record: Record) -> Check:
    """Tables, rows, figures and settings of the trade that are missing, double, of another kind or not finite."""
    faults = list(_faults(record)) or list(_row_faults(record))
    text = "Tables, rows, figures and settings of the trade that are missing, double, out of order or not finite."
    return Check("trade complete", True, float(len(faults)), 0.0, faults[0] if faults else "", text)


def _faults(record: Record) -> Iterator[str]:
    if not record.case.count("microgrids"):
        yield "case/microgrids"
    summary, settings = record.summary, record.settings
    yield from (f"summary/{name}" for name in FIGURES if not is_number(summary.get(name)))
    yield from (f"summary/{name}" for name in WORDS if not isinstance(summary.get(name), str))
    if not isinstance(summary.get("deal"), bool | np.bool_):
        yield "summary/deal"
    yield from (f"settings/{name}" for name in NUMBERS if not is_number(settings.get(name)))
    if settings.get("method") not in METHODS:
        yield "settings/method"
    yield from (f"tables/{name}" for name, table in record.tables.items() if not is_table(table))
    yield from (f"solution/{name}" for name, array in record.solution.items() if not isinstance(array, np.ndarray))
    sides = [side for side in SIDES if f"{side}dispatch" in record.tables]
    yield from (f"tables/{side}branches" for side in sides if f"{side}branches" not in record.tables)
    for name, columns in TABLES.items():
        yield from table_faults(record.tables.get(name), name, *columns)


def is_table(table: Any) -> bool:
    return isinstance(table, pd.DataFrame) and bool(table.columns.is_unique)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool) and bool(np.isfinite(value))


def table_faults(
    table: Any, name: str, texts: Columns, flags: Columns, numbers: Columns, whole: Columns
) -> Iterator[str]:
    if not is_table(table):
        yield f"tables/{name}"
        return
    kinds = [(texts, "O"), (flags, "b"), (numbers, "fi"), (whole, "i")]
    for columns, kind in kinds:
        for column in columns:
            if column not in table or (len(table) and table[column].dtype.kind not in kind):
                yield f"tables/{name}/{column}"
            elif kind == "O" and not {type(value) for value in table[column]} <= {str}:
                yield f"tables/{name}/{column} (words)"
            elif kind == "fi" and not np.isfinite(table[column].to_numpy(dtype=np.float64)).all():
                yield f"tables/{name}/{column} (finite)"


def _row_faults(record: Record) -> Iterator[str]:
    """Rows that are missing, double or of nobody known, once all columns are there."""
    names, operator = record.case.ids("microgrids"), operators_name(record.case)
    parties = [*names, operator]
    yield from exchange_faults(record)
    for table in ("bargaining", "sheet"):
        yield from each(record, table, ["participant"], [(name,) for name in parties])
    yield from each(record, "fees", ["payer", "payee"], [(name, operator) for name in names])
    yield from _share_faults(record, parties)
    yield from _reference_faults(record)


def exchange_faults(record: Record) -> Iterator[str]:
    """The same in the tables that say nothing of who pays whom."""
    case = record.case
    parties = [*case.ids("microgrids"), operators_name(case)]
    yield from _every_step(record, "exchanges", parties[:-1])
    yield from each(record, "regrets", ["participant"], [(name,) for name in parties])
    pairs = [(parties[i], parties[j]) for i, j in np.argwhere(joined(case)).tolist() if i != j]
    yield from each(record, "fee_rates", ["seller", "buyer"], pairs)
    yield from _trade_faults(record, parties)
    yield from _course_faults(record)


def _every_step(record: Record, name: str, ids: Sequence[str]) -> Iterator[str]:
    """A table with every microgrid at every step, ordered by step."""
    table, steps = record.tables[name], record.case.steps
    if table["microgrid"].tolist() != [*ids] * steps:
        yield f"tables/{name} (rows)"
        return
    wanted = np.repeat(np.arange(steps), len(ids))
    if "snapshot" not in table or (steps_of(record.case, table["snapshot"]) != wanted).any():
        yield f"tables/{name}/snapshot"


def each(record: Record, name: str, keys: list[str], wanted: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Rows of just these keys, each once."""
    rows = [tuple(map(str, row)) for row in record.tables[name][keys].itertuples(index=False)]
    if sorted(rows) != sorted(wanted):
        yield f"tables/{name} (rows)"


def _trade_faults(record: Record, parties: list[str]) -> Iterator[str]:
    """Trades of known parties at known steps, each pair once per step."""
    table = record.tables["trades"]
    known = table["seller"].isin(parties) & table["buyer"].isin(parties)
    if not known.all():
        yield "tables/trades (parties)"
    if "snapshot" not in table or (steps_of(record.case, table["snapshot"]) < 0).any():
        yield "tables/trades/snapshot"
    elif table.duplicated(["snapshot", "seller", "buyer"]).any():
        yield "tables/trades (double)"


def _share_faults(record: Record, parties: list[str]) -> Iterator[str]:
    """Every rule of sharing with a gain of every party that bargains, once; none without a deal."""
    table, roles = record.tables["shares"], record.case.tables["network_operator"]["role"]
    bargaining = parties if (roles == "party").any() else parties[:-1]
    rules = list(dict.fromkeys(table["rule"]))
    yield from each(record, "shares", ["rule", "participant"], [(rule, name) for rule in rules for name in bargaining])
    missing = [rule for rule in ("nash", "equal") if record.summary["deal"] and rule not in rules]
    yield from (f"tables/shares ({rule})" for rule in missing)


def _course_faults(record: Record) -> Iterator[str]:
    """Rounds counted from one, first of the agreement, then of its polishing."""
    for name in ("convergence", "bargaining_convergence"):
        if record.tables[name]["iteration"].tolist() != list(range(1, len(record.tables[name]) + 1)):
            yield f"tables/{name}/iteration"
    stages = record.tables["convergence"]["stage"].tolist()
    if stages != sorted(stages) or not set(stages) <= set(STAGES):
        yield "tables/convergence/stage"


def _reference_faults(record: Record) -> Iterator[str]:
    methods, own = record.tables["reference"]["method"].tolist(), [record.summary["method"]]
    if methods != own + [REFERENCE] * (record.settings.get("reference") is True):
        yield "tables/reference (rows)"
    gap = record.tables["reference"].get("gap")
    if gap is None or gap.dtype.kind not in "fi":
        yield "tables/reference/gap"
