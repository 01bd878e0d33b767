"""Rules about candidates of a plan: names, sizes, places, and what a plan could not decide about.

What holds of a table holds of the candidates that become its rows, so that every design of a valid case is a valid
case itself (``AS_BUILT``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.case.draft import SPARE, Draft
from gridpact.case.schema import SCHEMA
from gridpact.errors import Issue

Bools = NDArray[np.bool_]
Order = tuple[str, str, str]
Limit = tuple[str, str, float, str, str]

# The tables whose rows the candidates become; capacity for exchange becomes none.
AS_BUILT: Final = {
    "renewable_candidates": ("renewables",),
    "storage_candidates": ("storages",),
    "generator_candidates": ("generators",),
    "chp_candidates": ("chps",),
    "electric_boiler_candidates": ("electric_boilers",),
    "heat_pump_candidates": ("heat_pumps",),
    "gas_boiler_candidates": ("gas_boilers",),
    "heat_storage_candidates": ("heat_storages",),
    "exchange_candidates": (),
    "line_candidates": ("lines",),
    "tie_candidates": ("lines", "switches"),
    "protection_candidates": ("protection",),
}
# What stands beside a candidate, and may not share its name.
NAMESAKES: Final = (
    ("renewable_candidates", "renewables", "a renewable"),
    ("storage_candidates", "storages", "a storage"),
    ("generator_candidates", "generators", "a generator"),
    ("chp_candidates", "chps", "a plant"),
    ("electric_boiler_candidates", "electric_boilers", "an electric boiler"),
    ("heat_pump_candidates", "heat_pumps", "a heat pump"),
    ("gas_boiler_candidates", "gas_boilers", "a boiler"),
    ("heat_storage_candidates", "heat_storages", "a tank"),
    ("line_candidates", "lines", "a line"),
    ("line_candidates", "transformers", "a transformer"),
    ("tie_candidates", "lines", "a line"),
    ("tie_candidates", "transformers", "a transformer"),
    ("tie_candidates", "switches", "a switch"),
    ("protection_candidates", "protection", "a device of protection"),
)
IN_UNITS: Final = tuple(table for table in AS_BUILT if any(c.name == "max_units" for c in SCHEMA[table].columns))
MOST_UNITS = 1000.0
# Powers of one unit, in MW, MVA or Mvar: the highest of all, and what is plausible in any network.
SIZES: Final = (
    ("renewable_candidates", "p_mw"),
    ("renewable_candidates", "sn_mva"),
    ("storage_candidates", "charge_mw"),
    ("storage_candidates", "discharge_mw"),
    ("generator_candidates", "max_p_mw"),
    ("generator_candidates", "min_q_mvar"),
    ("generator_candidates", "max_q_mvar"),
    ("chp_candidates", "max_p_mw"),
    ("chp_candidates", "min_q_mvar"),
    ("chp_candidates", "max_q_mvar"),
    ("electric_boiler_candidates", "max_heat_mw"),
    ("heat_pump_candidates", "max_heat_mw"),
    ("gas_boiler_candidates", "max_heat_mw"),
    ("heat_storage_candidates", "charge_mw"),
    ("heat_storage_candidates", "discharge_mw"),
    ("exchange_candidates", "max_buy_mw"),
    ("exchange_candidates", "max_sell_mw"),
)
HIGHEST = 1e5
SMALL = 100.0
# Times all demand: a unit of more is meant in kW.
WIDE = 1000.0
DEMAND: Final = (
    ("loads", "p_mw"),
    ("bids", "p_mw"),
    ("shiftable", "max_p_mw"),
    ("controllable", "max_p_mw"),
    ("electric_boilers", "max_heat_mw"),
    ("heat_pumps", "max_heat_mw"),
    ("heat_loads", "heat_mw"),
)

_DEAR = ("nothing costs so much", "The column is in the currency of the case, for one unit; correct the value.")
IMPLAUSIBLE: Final[tuple[Limit, ...]] = (
    *((table, column, 1e15, *_DEAR) for table in AS_BUILT for column in ("investment", "maintenance_per_year")),
    *(
        (table, "lifetime_years", 100.0, "nothing is paid off for so long", "The column is in years; is it in months?")
        for table in AS_BUILT
    ),
    *(
        (table, "energy_mwh", 1e6, "no storage holds so much", "The column is in MWh; is the value in kWh?")
        for table in ("storage_candidates", "heat_storage_candidates")
    ),
)
EMITTING: Final[tuple[Limit, ...]] = tuple(
    (table, "emissions_t_per_mwh", 10.0, "nothing emits so much", "The column is in t/MWh; is the value in kg/MWh?")
    for table in ("interfaces", "generators")
)


def _heirs(table: str, columns: Sequence[str]) -> Iterator[str]:
    """Candidates that become rows of a table, and have the columns, too."""
    for heir, built in AS_BUILT.items():
        if table in built and set(columns) <= {column.name for column in SCHEMA[heir].columns}:
            yield heir


def inherited_order(rows: Sequence[Order]) -> tuple[Order, ...]:
    """Pairs of columns that have an order in candidates because they have it in what they become."""
    return tuple((heir, low, high) for table, low, high in rows for heir in _heirs(table, (low, high)))


def inherited_limits(rows: Sequence[Limit]) -> tuple[Limit, ...]:
    """Limits of plausible numbers that candidates have from what they become."""
    return tuple((heir, *row[1:]) for row in rows for heir in _heirs(row[0], row[1:2]))


def own_name(draft: Draft) -> Iterator[Issue]:
    """Candidates that are called like one of another table: a design would not tell them apart."""
    seen: set[str] = set()
    for table in AS_BUILT:
        names = draft.case.ids(table)
        message = "a candidate of another table has the same name"
        yield from draft.rows(table, _among(names, seen), "candidate", message, "Rename one of the two.")
        seen.update(names)


def free_name(draft: Draft) -> Iterator[Issue]:
    """Candidates that are called like what they would stand beside."""
    for table, other, what in NAMESAKES:
        taken = _among(draft.case.ids(table), set(draft.case.ids(other)))
        message = f"{what} has the same name, and the candidate would stand beside it"
        yield from draft.rows(table, taken, "candidate", message, "Rename one of the two.")


def _among(names: Sequence[str], taken: set[str]) -> list[bool]:
    return [name in taken and not name.startswith(SPARE) for name in names]


def whole_units(draft: Draft) -> Iterator[Issue]:
    """Broken numbers of units, and more than any plan would build one by one."""
    for table in IN_UNITS:
        units = draft.case.column(table, "max_units")
        broken = (units != np.floor(units)) & ~np.isnan(units)
        yield from draft.rows(table, broken, "max_units", "number of units is not whole", "Write a whole number.")
        message = f"more than {MOST_UNITS:g} units of one candidate"
        fix = "Make the unit larger and the units fewer."
        yield from draft.rows(table, ~broken & (units > MOST_UNITS), "max_units", message, fix)


def oversized(draft: Draft) -> Iterator[Issue]:
    """Units of a thousand times all demand."""
    if not _with_candidates(draft.case):
        return
    demand = _peak_demand(draft.case)
    most = min(HIGHEST, max(SMALL, WIDE * demand)) if demand > 0.0 else HIGHEST
    message = f"all demand together is {demand:g} MW, and one unit is larger than {most:g} MW"
    fix = "The column is in MW, MVA or Mvar; is the value in kW?"
    for table, column in SIZES:
        constant = np.abs(draft.case.column(table, column)) > most
        yield from draft.rows(table, constant, column, message, fix)
        varying = (np.abs(draft.case.series(table, column)) > most) & ~constant[:, None]
        yield from draft.steps(table, varying, (column,), message, fix)


def _peak_demand(case: Case) -> float:
    """Sum of the highest power of everything that takes, in MW; unknown numbers count nothing."""
    taken = [np.clip(np.nan_to_num(case.series(table, column)), 0.0, HIGHEST) for table, column in DEMAND]
    return float(sum(part.max(axis=1).sum() for part in taken))


def powerless(draft: Draft) -> Iterator[Issue]:
    """Candidates that could never give or take anything."""
    case, fix = draft.case, "Give its power or a profile of it, or delete the candidate."
    calm = _never(case, "renewable_candidates", ("p_mw",))
    yield from draft.steps("renewable_candidates", calm, ("p_mw",), "plant has no power", fix)
    silent = _never(case, "generator_candidates", ("max_p_mw", "min_q_mvar", "max_q_mvar"))
    message = "generator can give neither active nor reactive power"
    yield from draft.steps("generator_candidates", silent, ("max_p_mw",), message, fix)
    for table in ("storage_candidates", "heat_storage_candidates"):
        idle = _never(case, table, ("charge_mw", "discharge_mw"))
        message = "storage can be neither charged nor discharged"
        yield from draft.steps(table, idle, ("charge_mw",), message, fix)
    for table in ("electric_boiler_candidates", "heat_pump_candidates", "gas_boiler_candidates"):
        cold, message = _never(case, table, ("max_heat_mw",)), "unit can give no heat"
        yield from draft.steps(table, cold, ("max_heat_mw",), message, fix)
    message = "unit adds nothing to what the microgrid may buy and sell"
    nothing = _never(case, "exchange_candidates", ("max_buy_mw", "max_sell_mw"))[:, 0]
    fix = "Give max_buy_mw or max_sell_mw of one unit, or delete the candidate."
    yield from draft.rows("exchange_candidates", nothing, "max_buy_mw", message, fix)


def _never(case: Case, table: str, columns: Sequence[str]) -> Bools:
    """Rows whose columns are all zero in every step, marked in every step; shape (n, steps)."""
    zero = [(case.series(table, column) == 0.0).all(axis=1) for column in columns]
    return np.repeat(np.all(zero, axis=0)[:, None], case.steps, axis=1)


def limited_exchange(draft: Draft) -> Iterator[Issue]:
    """Capacity for exchange of microgrids that may exchange anything without it."""
    table = "exchange_candidates"
    for column in ("max_buy_mw", "max_sell_mw"):
        blank = (~draft.given("microgrids", column)).astype(np.float64)
        free = draft.referred(table, "microgrid", blank) == 1.0
        message = f"microgrid has no {column}, so that it may exchange any power without a unit"
        fix = f"Give {column} of the microgrid, or set it to 0 here."
        yield from draft.rows(table, free & (draft.case.column(table, column) > 0.0), column, message, fix)


def replaceable(draft: Draft) -> Iterator[Issue]:
    """Types for lines that carry nothing, have a capacitance, or no limit of current."""
    table, case = "line_candidates", draft.case
    if draft.all_known("switches", "line"):
        idle = draft.referred(table, "line", case.lines_in_service().astype(np.float64)) == 0.0
        message = "line carries nothing: it is out of service, or a switch in it is open"
        fix = "Name a line that is in service, make it a candidate for a tie, or delete the candidate."
        yield from draft.rows(table, idle, "line", message, fix)
    charged = draft.referred(table, "line", case.column("lines", "c_nf_per_km")) > 0.0
    message = "line has a capacitance, and a plan replaces only lines without"
    yield from draft.rows(table, charged, "line", message, "Set c_nf_per_km of the line to 0.")
    limited = draft.referred(table, "line", draft.given("lines", "max_i_ka").astype(np.float64))
    message = "line has no max_i_ka, and where types are chosen among each needs one"
    yield from draft.rows(table, limited == 0.0, "line", message, "Give max_i_ka of the line.")


def repaired_types(draft: Draft) -> Iterator[Issue]:
    """Types that fail in place of a line that takes no time to repair."""
    table, case = "line_candidates", draft.case
    at_once = draft.referred(table, "line", case.column("lines", "repair_h")) == 0.0
    wrong = at_once & (case.column(table, "failures_per_km_year") > 0.0)
    message = "line type fails, but repair_h of its line is 0"
    fix = "Give repair_h of the line, or set failures_per_km_year to 0."
    yield from draft.rows(table, wrong, "failures_per_km_year", message, fix)


def free_ends(draft: Draft) -> Iterator[Issue]:
    """Protection where a device stands, or where the same could be built twice."""
    table = "protection_candidates"
    frame, there = draft.case.tables[table], draft.case.tables["protection"]
    if frame.empty:
        return
    known = (frame["line"] != "") & (frame["end"] != "") & (frame["kind"] != "") & frame["switching_h"].notna()
    taken = (frame["line"] + "/" + frame["end"]).isin(there["line"] + "/" + there["end"])
    message = "a device stands at this end of the line"
    yield from draft.rows(table, taken & known, "candidate", message, "Delete one of the two.")
    again = frame.duplicated(["line", "end", "kind", "switching_h"]) & known
    message = "another candidate is the same device at the same end of the line"
    fix = "Keep one of them; alternatives at one end differ in kind or in switching_h."
    yield from draft.rows(table, again, "candidate", message, fix)


def continuous_days(draft: Draft) -> Iterator[Issue]:
    """Units and banks that are switched in steps, in a case with candidates."""
    if not _with_candidates(draft.case):
        return
    message = "unit may be switched off, and a plan prices its days by continuous programs"
    fix = "Set committable to false (with a least power of 0 the unit may still give nothing), or have no candidates."
    for table in (name for name, table in draft.case.tables.items() if "committable" in table):
        yield from draft.rows(table, draft.case.flags(table, "committable"), "committable", message, fix)
    message = "bank is switched in steps, and a plan prices its days by continuous programs"
    fix = "Set steps to 0 for any value in between, or have no candidates."
    yield from draft.rows("capacitors", draft.case.column("capacitors", "steps") > 0.0, "steps", message, fix)


def _with_candidates(case: Case) -> bool:
    return any(case.count(table) for table in AS_BUILT)


PLANNING_RULES: Final = (
    own_name,
    free_name,
    whole_units,
    oversized,
    powerless,
    limited_exchange,
    replaceable,
    repaired_types,
    free_ends,
    continuous_days,
)
