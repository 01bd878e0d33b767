"""The last steps of every import: an interface where one is wanted, prices, limits of the unlimited, validation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from gridpact.case.case import Case
from gridpact.case.schema import SCHEMA
from gridpact.case.text import TextTable, case_to_text, near
from gridpact.case.validate import check
from gridpact.errors import InputError, Issue
from gridpact.io.imports.findings import Findings
from gridpact.io.imports.series import PRICE, Price, Series
from gridpact.io.imports.tables import Tables, joined, table

# Bounds in place of none, over the largest demand: wide enough never to bind, narrow enough for a solver.
WIDE = 10.0
LIMITS = ("min_p_mw", "max_p_mw", "min_q_mvar", "max_q_mvar")


# Limits of branches from which on they stand for none.
PLACEHOLDERS = (("lines", "max_i_ka", 200.0, "kA"), ("transformers", "max_s_mva", 99_999.0, "MVA"))

# Conversions back and forth leave noise in the last digits, which nobody wants to read.
DIGITS = 14


def put_interface(tables: Tables, bus: str, voltage: Mapping[str, float], found: Findings) -> Tables:
    """The tables with an interface at ``bus`` in place of the interfaces and generators there.

    It takes over what the generators could give and take, and the voltage that was held (``voltage``, by bus).
    Raises InputError where there is no such bus.
    """
    buses = set(tables["buses"]["bus"])
    if bus not in buses:
        raise InputError([Issue("there is no such bus", f"Name a bus of the network.{near(bus, buses)}", value=bus)])
    generators, interfaces = tables["generators"], tables["interfaces"]
    here, before = generators["bus"] == bus, interfaces["bus"] == bus
    replaced = generators[here]
    offers = tables["offers"]
    found.note(
        f"replaced by the interface at bus {bus}", [*interfaces.loc[before, "interface"], *replaced["generator"]]
    )
    row = {"interface": f"interface-{bus}", "bus": bus, "vm_pu": voltage.get(bus, 1.0), PRICE: np.nan}
    row |= _limits_of(replaced) if len(replaced) else {}
    least = float(replaced["min_p_mw"].sum())
    found.note("their least power is not kept", [f"{least:g} MW"] if least > 0.0 else [])
    return tables | {
        "generators": generators[~here].reset_index(drop=True),
        "offers": offers[~offers["generator"].isin(replaced["generator"])].reset_index(drop=True),
        "interfaces": joined(interfaces[~before], table("interfaces", [row])),
    }


def _limits_of(generators: pd.DataFrame) -> dict[str, float]:
    """Import and export up to what the generators could do together; blank where that is unlimited."""
    low_p, high_p, low_q, high_q = (float(generators[name].sum()) for name in LIMITS)
    limits = {
        "max_import_mw": max(high_p, 0.0),
        "max_export_mw": max(-low_p, 0.0) + 0.0,
        "min_q_mvar": low_q,
        "max_q_mvar": high_q,
    }
    return {name: value if np.isfinite(value) else np.nan for name, value in limits.items()}


def priced(tables: Tables, price: Price, series: Series, found: Findings) -> Tables:
    """The tables with the price at every interface that has none."""
    interfaces = tables["interfaces"]
    open_price = interfaces[PRICE].isna()
    if price is not None and not open_price.any():
        fix = "Name the bus of an interface as well, or leave the price out."
        raise InputError([Issue("there is no interface without a price", fix, value=str(price))])
    if price is None:
        found.note("no price is known, and 0 is taken", list(interfaces.loc[open_price, "interface"]))
    value = float(series.prices[0]) if series.prices is not None else price if isinstance(price, int | float) else 0.0
    return tables | {"interfaces": interfaces.assign(**{PRICE: interfaces[PRICE].fillna(value)})}


def bounded(tables: Tables, found: Findings) -> Tables:
    """The tables with finite limits for generators that have none."""
    generators = tables["generators"]
    unlimited = ~np.isfinite(generators[list(LIMITS)].to_numpy(dtype=np.float64))
    if not unlimited.any():
        return tables
    demand = np.hypot(tables["loads"]["p_mw"], tables["loads"]["q_mvar"]).sum()
    bound = float(max(1.0, 10.0 ** np.ceil(np.log10(WIDE * demand)))) if demand > 0 else 1.0
    names = list(generators.loc[unlimited.any(axis=1), "generator"])
    found.note(f"limits of generators that have none are set to {bound:g} MW and Mvar", names)
    finite = {name: generators[name].replace([np.inf, -np.inf], [bound, -bound]) for name in LIMITS}
    offers = tables["offers"].replace({"p_mw": {np.inf: bound}})
    return tables | {"generators": generators.assign(**finite), "offers": offers}


def without_placeholders(tables: Tables, found: Findings) -> Tables:
    """The tables without limits of branches that no branch could reach, which stand for no limit in many files."""
    changed = dict(tables)
    for kind, column, most, unit in PLACEHOLDERS:
        frame = tables[kind]
        beyond = frame[column] >= most
        found.note(f"limits of {most:g} {unit} and more are taken as none", list(frame.loc[beyond].iloc[:, 0]))
        changed[kind] = frame.assign(**{column: frame[column].mask(beyond)})
    return changed


def finished(name: str, tables: Tables, series: Series, frequency_hz: float, unpriced: list[str]) -> Case:
    """The validated case. ``unpriced`` are the interfaces to which the series of prices belongs.

    Raises InputError with every mistake; its rows are those of the tables as ``write_case`` would write them.
    """
    complete = {kind: _short(frame) for kind, frame in tables.items() if len(frame)}
    nothing = pd.DataFrame(index=pd.DatetimeIndex([series.start], name="snapshot"))
    case = Case(
        name, "unit", "UTC", series.start, series.step_minutes, series.steps, complete, nothing, float(frequency_hz)
    )
    text = replace(case_to_text(case), profiles=_profiles(series, unpriced))
    valid, issues = check(text)
    if valid is None:
        raise InputError([_located(issue, complete) for issue in issues])
    return valid


def _short(frame: pd.DataFrame) -> pd.DataFrame:
    numbers = frame.select_dtypes("float")
    short = {str(name): [float(f"{value:.{DIGITS}g}") for value in numbers[name]] for name in numbers}
    return frame.assign(**short)


def _profiles(series: Series, unpriced: list[str]) -> TextTable | None:
    given = series.profiles
    if given is None or series.prices is None:
        return given
    prices = pd.DataFrame({f"interfaces/{name}/{PRICE}": series.prices for name in unpriced}, dtype=object)
    cells = pd.concat([given.cells, prices.set_axis(given.cells.index)], axis=1)
    return TextTable(given.file, cells, given.rows, given.ragged)


def _located(issue: Issue, tables: Tables) -> Issue:
    """The issue with the id of its row, since the table that it counts in is in no file yet."""
    if issue.file not in SCHEMA:
        return issue
    frame = tables.get(issue.file, pd.DataFrame())
    name = str(frame.iloc[issue.row - 2, 0]) if 2 <= issue.row < len(frame) + 2 else ""
    return replace(issue, file=f"imported {issue.file} {name}".strip(), row=0)
