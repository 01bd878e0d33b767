"""A case with some of its numbers multiplied: what a sweep varies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gridpact.case.case import Case

Columns = tuple[tuple[str, str], ...]
# What may be varied in the district, and the columns that it multiplies, with their profiles.
IN_DISTRICT: Mapping[str, Columns] = {
    "dg_capacity": (
        ("generators", "min_p_mw"),
        ("generators", "max_p_mw"),
        ("offers", "p_mw"),
        ("renewables", "p_mw"),
        ("renewables", "sn_mva"),
    ),
    "chp_capacity": (
        ("chp_points", "p_mw"),
        ("chp_points", "heat_mw"),
        ("chps", "min_p_mw"),
        ("chps", "max_p_mw"),
        ("chps", "fuel_mw"),
    ),
    "interface_limit": (("interfaces", "max_import_mw"), ("interfaces", "max_export_mw")),
    "fuel_price": (("chps", "fuel_price_per_mwh"), ("gas_boilers", "fuel_price_per_mwh")),
}
IN_TRANSMISSION: Mapping[str, Columns] = {"district_size": (("connections", "feeders"), ("connections", "forecast_mw"))}


def scaled(case: Case, columns: Columns, factor: float) -> Case:
    """The case with columns and their profiles multiplied by a factor; blanks stay blank. Not yet validated."""
    tables, wanted = dict(case.tables), set(columns)
    for table, column in columns:
        frame = tables[table]
        tables[table] = frame.assign(**{column: frame[column] * factor})
    profiles = case.profiles.copy()
    for path in profiles.columns:
        table, _, column = path.split("/")
        if (table, column) in wanted:
            profiles[path] = profiles[path] * factor
    return replace(case, tables=tables, profiles=profiles)
