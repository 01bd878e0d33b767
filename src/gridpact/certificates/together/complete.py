"""Is everything of a joint plan there? Its own tables, those of its days, of its search and of its trade, settings and
figures; all of it numbers.

The clearings that it consists of are asked for their own completeness by their own judges.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np

from gridpact.certificates.check import Check
from gridpact.certificates.planning import plan_complete
from gridpact.certificates.planning.plan_form import FORM, form_faults
from gridpact.certificates.planning.plan_master import LIMITED
from gridpact.certificates.together.view import JointView
from gridpact.certificates.trade import complete
from gridpact.certificates.trade.complete import Columns, is_number, is_table
from gridpact.results.record import Record
from gridpact.results.together import MEASURES, NO_REFERENCE, SCHEMES, UPPERS, WEIGHTS

# table -> columns of texts, of flags, of finite numbers, of whole numbers, of numbers that may be blank or infinite
TABLES: Final[Mapping[str, tuple[Columns, Columns, Columns, Columns, Columns]]] = {
    "owners": (
        ("participant", "role"),
        (),
        (
            "weight",
            "alone_cost",
            "alone_lower_bound",
            "alone_building_cost",
            "investment",
            "capex_per_year",
            "maintenance_per_year",
            "operation_cost",
            "benefit",
            "energy_receipt",
            "fee_receipt",
            "receipt",
            "gain",
            "gain_exact",
            "net_present_value",
        ),
        ("receipt_cents", "lump_cents"),
        ("payback_years",),
    ),
    "alone_investments": (("owner", "asset"), (), (), ("units",), ()),
    "moves": (("scheme", "who", "why"), ("taken",), (), ("move",), ("cost", "surplus", "best_surplus")),
    "schemes": (("scheme", "ended"), (), (), ("upper_solves",), ("cost", "above_bound", "surplus", "seconds")),
    "deviations": (("participant",), (), ("held_gain", "rebargained_surplus", "rebargained_gain"), (), ()),
    "payments": (
        ("scenario", "participant"),
        (),
        ("energy_receipt", "fee_receipt"),
        ("energy_cents", "fee_cents"),
        (),
    ),
    "cash_flow": (
        ("participant",),
        (),
        ("net_cash", "net_cash_alone", "difference", "discounted", "cumulative"),
        ("year",),
        (),
    ),
    "reinforcements": (("asset", "participant"), (), ("cost_per_year",), (), ()),
    "fairness": (("measure",), (), (), (), ("value",)),
}
PLANNED: Final = ("investments", "scenarios", "scenario_profiles", "designs", "design_costs", "cuts", "cut_slopes")
TRADED: Final = (
    "exchanges",
    "trades",
    "fee_rates",
    "regrets",
    "convergence",
    "bargaining_convergence",
    "disclosures",
)
FIGURES: Final = (
    "scenarios",
    "owners",
    "candidates",
    "objective",
    "objective_alone",
    "objective_lower_bound",
    "objective_by_form",
    "gap",
    "gap_asked",
    "surplus",
    "surplus_upper_bound",
    "upper_solves",
    "moves",
    "moves_taken",
    "search_seconds",
    "trade_rounds",
    "investment",
    "assets_built",
    "largest_held_gain",
    "largest_rebargained_gain",
)
WORDS: Final = ("operator", "operator_role", "scheme", "weights_rule", "deal_why", "trade")
FLAGS: Final = ("gap_closed", "deal")
CHOICES: Final[Mapping[str, Columns]] = {
    "scheme": SCHEMES,
    "weights": WEIGHTS,
    "upper": UPPERS,
    "trade": complete.METHODS,
    "representation": plan_complete.REPRESENTATIONS,
    "exactness": ("off", "repair", "certify"),
}
AMOUNTS: Final = ("discount_rate", "gap", "time_limit_s")
OF_RELIABILITY: Final = tuple(f"{name}{when}" for name in LIMITED for when in ("", "_before"))
WHOLE: Final = {"typical_days": 10_000, "years": 1_000}


def complete_together(record: Record) -> Check:
    """Tables, rows, figures and settings of the plan that are missing, double, of another kind or not finite."""
    faults = list(_faults(record)) or list(_row_faults(record)) or list(_trade_faults(record))
    text = "Tables, rows, figures and settings of the plan that are missing, double, out of order or not finite."
    return Check("joint plan complete", True, float(len(faults)), 0.0, faults[0] if faults else "", text)


def _faults(record: Record) -> Iterator[str]:
    if not record.case.count("microgrids") or not JointView(record).plan.offered.names:
        yield "case (nobody to plan, or nothing)"
        return
    wrong = list(_setting_faults(record.settings))
    yield from wrong
    if wrong:
        return
    yield from _figure_faults(record.summary)
    yield from (f"tables/{name}" for name, table in record.tables.items() if not is_table(table))
    arrays = {name: array for name, array in record.solution.items() if isinstance(array, np.ndarray)}
    yield from (f"solution/{name}" for name in record.solution if name not in arrays)
    count = len(JointView(record).plan.offered.names)
    yield from _reliability_faults(record, arrays, count)
    yield from plan_complete.near_faults(arrays, record.tables.get("scenarios"), count)
    for name, (*kinds, blanks) in TABLES.items():
        yield from complete.table_faults(record.tables.get(name), name, *kinds)
        yield from plan_complete.table_faults(record.tables.get(name), name, (), (), blanks)
    for name in PLANNED:
        yield from plan_complete.table_faults(record.tables.get(name), name, *plan_complete.TABLES[name])
    if plan_complete.has_typical(record):
        table = record.tables.get("scenario_days")
        yield from plan_complete.table_faults(table, "scenario_days", *plan_complete.SCENARIO_DAYS)
    for name in TRADED:
        yield from complete.table_faults(record.tables.get(name), name, *complete.TABLES[name])
    yield from plan_complete.table_faults(record.tables.get("investments"), "investments", ("owner",), (), ())
    disclosed = record.tables.get("plan_disclosures")
    yield from complete.table_faults(disclosed, "plan_disclosures", *complete.TABLES["disclosures"])


def _reliability_faults(record: Record, arrays: Mapping[str, Any], count: int) -> Iterator[str]:
    """Tables, figures and form of reliability where there are limits of it, and nothing of them elsewhere."""
    view = JointView(record)
    if not view.is_limited:
        yield from (f"solution/{name}" for name in arrays if name.startswith(FORM))
        yield from (f"tables/{name}" for name in record.tables if name.startswith("reliability"))
        yield from (f"summary/{name}" for name in OF_RELIABILITY if name in record.summary)
        return
    if not view.plan.has_customers:
        yield "case (nobody to be supplied)"
    yield from form_faults(arrays, count)
    yield from (f"summary/{name}" for name in OF_RELIABILITY if not is_number(record.summary.get(name)))
    for name, columns in plan_complete.INDEXED.items():
        yield from plan_complete.table_faults(record.tables.get(name), name, *columns)


def _setting_faults(settings: Mapping[str, Any]) -> Iterator[str]:
    limits = (name for name in LIMITED.values() if name in settings)
    yield from (f"settings/{name}" for name in limits if not plan_complete.is_amount(settings[name]))
    yield from (f"settings/{name}" for name in AMOUNTS if not plan_complete.is_amount(settings.get(name)))
    yield from (f"settings/{name}" for name, known in CHOICES.items() if settings.get(name) not in known)
    for name, most in WHOLE.items():
        if type(settings.get(name)) is not int or not 1 <= settings[name] <= most:
            yield f"settings/{name}"
    if not isinstance(settings.get("compare"), bool):
        yield "settings/compare"
    if not isinstance(settings.get("reference", NO_REFERENCE), str):
        yield "settings/reference"


def _figure_faults(summary: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"summary/{name}" for name in FIGURES if not is_number(summary.get(name)))
    yield from (f"summary/{name}" for name in WORDS if not isinstance(summary.get(name), str))
    yield from (f"summary/{name}" for name in FLAGS if not isinstance(summary.get(name), bool | np.bool_))


def _row_faults(record: Record) -> Iterator[str]:
    """Rows that are missing, double or of nobody known, once all columns are there."""
    yield from plan_complete.search_faults(record)
    view, tables = JointView(record), record.tables
    owners, names, years = view.owners, view.plan.offered.names, record.settings["years"] + 1
    scenarios = [str(number + 1) for number in range(len(tables["scenarios"]))]
    yield from plan_complete.named(record, "owners", "participant", owners)
    yield from plan_complete.named(record, "deviations", "participant", owners)
    yield from plan_complete.named(record, "payments", "scenario", np.repeat(scenarios, len(owners)))
    yield from plan_complete.named(record, "payments", "participant", owners * len(scenarios))
    yield from plan_complete.named(record, "cash_flow", "participant", np.repeat(owners, years))
    if tables["cash_flow"]["year"].tolist() != list(range(years)) * len(owners):
        yield "tables/cash_flow/year"
    yield from plan_complete.named(record, "fairness", "measure", MEASURES)
    if (
        not set(tables["alone_investments"]["asset"]) <= set(names)
        or tables["alone_investments"]["asset"].duplicated().any()
    ):
        yield "tables/alone_investments (rows)"
    if view.is_limited:
        yield from plan_complete.named(record, "reliability_loads_before", "load", record.case.ids("loads"))
    if tables["moves"]["move"].tolist() != list(range(1, len(tables["moves"]) + 1)) or not len(tables["moves"]):
        yield "tables/moves (rows)"
    for name in ("moves", "schemes"):
        columns = tables[name][["cost", "surplus"]].to_numpy(dtype=np.float64)
        if np.isnan(columns).any() or not len(columns):
            yield f"tables/{name}/cost"


def _trade_faults(record: Record) -> Iterator[str]:
    """The same in the tables of the trade, whose steps are those of the days."""
    yield from complete.exchange_faults(replace(record, case=JointView(record).plan.days))
