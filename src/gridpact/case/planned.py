"""The case that a plan leads to: its candidates built, as ordinary rows of ordinary tables.

A design says how many units of each candidate are built. Units are one row that is so many times the size, capacity
for exchange raises the limits of its microgrid, a line type takes the place of its line's data, a tie is a line with
an open switch. Where a plan also decides which switches are closed, lines carry current or not as it says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np
import pandas as pd

from gridpact.case.case import Case
from gridpact.case.schema import SCHEMA
from gridpact.errors import InputError, Issue

Design = Mapping[str, int]

# Candidates in units: the table that they become rows of, and the columns that grow with their number.
UNITS: Final = {
    "renewable_candidates": ("renewables", ("p_mw", "sn_mva")),
    "storage_candidates": ("storages", ("energy_mwh", "charge_mw", "discharge_mw", "initial_mwh", "min_mwh")),
    "generator_candidates": ("generators", ("min_p_mw", "max_p_mw", "min_q_mvar", "max_q_mvar")),
    "chp_candidates": ("chps", ("min_p_mw", "max_p_mw", "min_q_mvar", "max_q_mvar")),
    "electric_boiler_candidates": ("electric_boilers", ("min_heat_mw", "max_heat_mw")),
    "heat_pump_candidates": ("heat_pumps", ("min_heat_mw", "max_heat_mw")),
    "gas_boiler_candidates": ("gas_boilers", ("min_heat_mw", "max_heat_mw")),
    "heat_storage_candidates": ("heat_storages", ("energy_mwh", "charge_mw", "discharge_mw", "initial_mwh", "min_mwh")),
}
# Units that add to what is there, and the columns that they add to.
EXCHANGE: Final = "exchange_candidates"
EXCHANGED: Final = ("max_buy_mw", "max_sell_mw")
SINGLE: Final = ("line_candidates", "tie_candidates", "protection_candidates")
COUNTED: Final = (*UNITS, EXCHANGE)
CANDIDATES: Final = (*COUNTED, *SINGLE)
_TYPE = ("r_ohm_per_km", "x_ohm_per_km", "max_i_ka")


def candidate_names(case: Case) -> list[str]:
    """The names of all candidates, table by table."""
    return [name for table in CANDIDATES for name in case.ids(table)]


def most_units(case: Case) -> dict[str, int]:
    """The most units of every candidate; 1 of what has no units."""
    most = dict.fromkeys(candidate_names(case), 1)
    for table in COUNTED:
        most |= dict(zip(case.ids(table), case.column(table, "max_units").astype(int).tolist(), strict=True))
    return most


def exchange_issues(case: Case) -> list[Issue]:
    """Capacity for exchange, where one owner plans for all and microgrids have no exchange that is limited."""
    if not case.count(EXCHANGE):
        return []
    text = "a plan of one owner has no exchange of microgrids, which more capacity would serve"
    fix = "Delete the rows of exchange_candidates: they count only where microgrids are owners."
    return [Issue(text, fix, EXCHANGE, value=case.ids(EXCHANGE)[0])]


def planned_case(case: Case, design: Design, closed: Mapping[str, bool] | None = None) -> Case:
    """The case with a design built and no candidates left; as valid as the case is.

    ``closed`` says of lines with a switch, ties that are built among them, whether they carry current; all others stay
    as they are. That every bus has a supply then is the caller's to see to.

    Raises ``InputError`` for a name that is no candidate, for a number of units that may not be built, and for a line
    without a switch.
    """
    _require_possible(case, design)
    chosen = {name: int(units) for name, units in design.items() if units}
    planned = case
    for table in UNITS:
        planned = _with_units(planned, table, chosen)
    planned = _with_exchange(planned, chosen)
    planned = _with_devices(_with_ties(_with_types(planned, chosen), chosen), chosen)
    planned = _switched(planned, closed or {})
    return _without_candidates(planned, case.validated)


def _require_possible(case: Case, design: Design) -> None:
    most = most_units(case)
    issues = []
    for name, units in design.items():
        if name not in most:
            issues.append(Issue("no candidate has this name", "Give the name of a candidate.", value=str(name)))
        elif units != int(units) or not 0 <= units <= most[name]:
            fix = f"Give a whole number from 0 to {most[name]}."
            issues.append(Issue(f"{units!r} units of {name!r} cannot be built", fix, value=str(units)))
    if issues:
        raise InputError(issues)


def _with_units(case: Case, table: str, chosen: Design) -> Case:
    """The units of one table as rows of the table that they become."""
    target, grown = UNITS[table]
    frame = case.tables[table]
    built = frame[frame["candidate"].isin(list(chosen))]
    if built.empty:
        return case
    units = built["candidate"].map(dict(chosen)).to_numpy(dtype=np.float64)
    names = [column.name for column in SCHEMA[target].columns if column.name in built.columns]
    rows = {SCHEMA[target].key: built["candidate"], **{name: built[name] for name in names}}
    rows |= {name: built[name] * units for name in grown}
    moved = {
        f"{target}/{name}/{path.rsplit('/', 1)[1]}": case.profiles[path] * (count if path.endswith(grown) else 1.0)
        for name, count in zip(built["candidate"], units, strict=True)
        for path in case.profiles.columns
        if path.startswith(f"{table}/{name}/")
    }
    return case.with_rows(target, rows).with_profiles(moved)


def _with_exchange(case: Case, chosen: Design) -> Case:
    """Microgrids with higher limits, also where these vary; what has no limit keeps none."""
    frame, microgrids = case.tables[EXCHANGE], case.tables["microgrids"]
    units = frame["candidate"].map(dict(chosen)).fillna(0.0).to_numpy(dtype=np.float64)
    if not units.any():
        return case
    moved: dict[str, pd.Series[float]] = {}
    for name in EXCHANGED:
        more = np.zeros(len(microgrids))
        np.add.at(more, case.positions(EXCHANGE, "microgrid"), units * case.column(EXCHANGE, name))
        microgrids = microgrids.assign(**{name: microgrids[name] + more})
        for microgrid, add in zip(case.ids("microgrids"), more.tolist(), strict=True):
            path = f"microgrids/{microgrid}/{name}"
            moved |= {path: case.profiles[path] + add} if path in case.profiles.columns else {}
    return case.with_table("microgrids", microgrids).with_profiles(moved)


def _with_types(case: Case, chosen: Design) -> Case:
    """Lines with the data of the types that take their place."""
    lines, types = case.tables["lines"].copy(), case.tables["line_candidates"]
    built = types[types["candidate"].isin(list(chosen))]
    twice = built["line"][built["line"].duplicated()].tolist()
    if twice:
        fix = "Build at most one of a line's types."
        raise InputError([Issue(f"two types are built for line {twice[0]!r}", fix, value=twice[0])])
    at = pd.Index(lines["line"]).get_indexer(pd.Index(built["line"]))
    for name in (*_TYPE, "failures_per_km_year"):
        values, own = lines[name].to_numpy(dtype=np.float64).copy(), built[name].to_numpy(dtype=np.float64)
        known = ~np.isnan(own)
        values[at[known]] = own[known]
        lines[name] = values
    return case.with_table("lines", lines)


def _with_ties(case: Case, chosen: Design) -> Case:
    """Ties as lines with an open switch of the same name."""
    ties = case.tables["tie_candidates"]
    built = ties[ties["candidate"].isin(list(chosen))]
    if built.empty:
        return case
    columns = ("from_bus", "to_bus", "length_km", *_TYPE)
    lines = {"line": built["candidate"], **{name: built[name] for name in columns}}
    switches = {"switch": built["candidate"], "line": built["candidate"], "closed": False}
    switches |= {name: built[name] for name in ("switching_h", "transfer_mw")}
    return case.with_rows("lines", lines).with_rows("switches", switches)


def _with_devices(case: Case, chosen: Design) -> Case:
    """Protection at the ends of lines."""
    devices = case.tables["protection_candidates"]
    built = devices[devices["candidate"].isin(list(chosen))]
    if built.empty:
        return case
    rows = {"device": built["candidate"], **{name: built[name] for name in ("line", "end", "kind", "switching_h")}}
    return case.with_rows("protection", rows)


def _switched(case: Case, closed: Mapping[str, bool]) -> Case:
    """All switches of a line closed, or all open, where that changes whether it carries current."""
    switches, carrying = case.tables["switches"], dict(zip(case.ids("lines"), case.lines_in_service(), strict=True))
    missing = sorted(set(closed) - set(switches["line"]))
    if missing:
        fix = "Name lines with a row in switches, or ties that are built."
        raise InputError([Issue(f"line {missing[0]!r} has no switch", fix, "switches", value=missing[0])])
    changed = {line: state for line, state in closed.items() if carrying[line] != state}
    if not changed:
        return case
    moved = switches["line"].isin(list(changed)).to_numpy()
    now = np.where(moved, [changed.get(line, False) for line in switches["line"]], case.flags("switches", "closed"))
    limit = switches["transfer_mw"].mask(moved & now)  # it is that of an open switch
    return case.with_table("switches", switches.assign(closed=now, transfer_mw=limit))


def _without_candidates(case: Case, valid: bool) -> Case:
    """The case with empty tables of candidates."""
    tables = {**case.tables, **{table: case.tables[table].iloc[:0] for table in CANDIDATES}}
    begun = tuple(f"{table}/" for table in CANDIDATES)
    kept = [path for path in case.profiles.columns if not path.startswith(begun)]
    planned = replace(case, tables=tables, profiles=case.profiles[kept])
    return planned.marked_validated() if valid else planned
