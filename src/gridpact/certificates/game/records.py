"""The two markets of a game as records of their own, which the judges of markets know how to read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.certificates.evidence import steps_of
from gridpact.results.record import Record
from gridpact.results.summary import clearing_summary

Floats = NDArray[np.float64]
PREFIX = "transmission_"
SETTINGS = ("exactness", "price_probes", "heat_dynamics")


def at_connections(record: Record, name: str, column: str) -> Floats:
    """A column of another table with a row for every connection at every step, (connections, steps)."""
    assert record.transmission is not None
    values = record.tables[name][column].to_numpy(dtype=np.float64)
    return values.reshape(record.case.steps, record.transmission.count("connections")).T


def of_connections(record: Record, column: str) -> Floats:
    """A column of the table ``equilibrium``, (connections, steps)."""
    return at_connections(record, "equilibrium", column)


def is_connection_table(record: Record, table: pd.DataFrame) -> bool:
    """Whether the columns ``snapshot`` and ``connection`` go through all connections, step by step."""
    assert record.transmission is not None
    ids, steps = record.transmission.ids("connections"), record.case.steps
    if len(table) != len(ids) * steps or table["connection"].tolist() != ids * steps:
        return False
    return bool((steps_of(record.case, table["snapshot"]) == np.repeat(np.arange(steps), len(ids))).all())


def interface_rows(record: Record) -> NDArray[np.int64]:
    """Row of the interface of every connection in the district's case."""
    assert record.transmission is not None
    names = record.case.ids("interfaces")
    connected = record.transmission.tables["connections"]["interface"]
    return np.array([names.index(str(name)) for name in connected], dtype=np.int64)


def district_record(record: Record) -> Record:
    """The district as a market at the prices it pays, its imports held to the steps on which they are valid."""
    settings = {"formulation": "soc", "solver": "clarabel", "heat_flow": "constant", "structures": False}
    settings |= {name: record.settings[name] for name in SETTINGS}
    solution = {name: array for name, array in record.solution.items() if not name.startswith("transmission/")}
    return replace(
        record, question="clear", settings=settings, case=held_case(record), solution=solution, transmission=None
    )


def held_case(record: Record) -> Case:
    """The district with its connected interfaces at the LMP for both directions, within the ends of their steps."""
    case, rows = record.case, interface_rows(record)
    names = [case.ids("interfaces")[row] for row in rows]
    feeders = of_connections(record, "feeders")
    most, least = (case.series("interfaces", name)[rows] for name in ("max_import_mw", "max_export_mw"))
    columns = {
        "price_per_mwh": of_connections(record, "lmp_per_mwh"),
        "sell_ratio": np.ones_like(feeders),
        "max_import_mw": np.fmin(of_connections(record, "step_to_mw") / feeders, most),
        "max_export_mw": np.fmin(-of_connections(record, "step_from_mw") / feeders, least),
    }
    return case.with_profiles(
        {f"interfaces/{name}/{column}": v[k] for column, v in columns.items() for k, name in enumerate(names)}
    )


def transmission_record(record: Record) -> Record:
    """The transmission market with the districts as loads; its marks are those of the game, judged with it."""
    bare = transmission_tables(record)
    return replace(bare, summary=clearing_summary(bare.case, bare.tables, float(record.summary["transmission_cost"])))


def transmission_tables(record: Record) -> Record:
    """The same without a summary, for which all of its tables have to be there."""
    tables = {name[len(PREFIX) :]: table for name, table in record.tables.items() if name.startswith(PREFIX)}
    prices = tables.pop("prices").rename(columns={"lmp_per_mwh": "price_per_mwh"}).assign(certified=False)
    tables = {"electricity_prices": prices, **tables}
    solution = {
        name.split("/", 1)[1]: array for name, array in record.solution.items() if name.startswith("transmission/")
    }
    settings = {"formulation": "dc", "exactness": "off", "solver": "clarabel", "price_probes": 0}
    return Record("clear", settings, with_districts(record), {}, tables, solution, record.provenance)


def with_districts(record: Record) -> Case:
    """The transmission case with a load for every connection."""
    case, boundary = record.transmission, of_connections(record, "boundary_mw")
    assert case is not None
    names = [f"district {name}" for name in case.ids("connections")]
    buses = case.tables["connections"]["bus"].tolist()
    loads = case.with_rows("loads", {"load": names, "bus": buses, "p_mw": boundary[:, 0], "q_mvar": 0.0})
    return loads.with_profiles({f"loads/{name}/p_mw": row for name, row in zip(names, boundary, strict=True)})
