"""A pandapower network as plain tables, from an object or from a file that ``pandapower.to_json`` has written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from gridpact.errors import InputError, Issue
from gridpact.io.imports.columns import Bools, flags
from gridpact.io.imports.findings import Findings
from gridpact.io.imports.json_net import Form, Source, checked_tables, name_of, read_parts

# Tables that become part of a case, with the columns that each must have.
NEEDED = {
    "bus": "vn_kv",
    "line": "from_bus to_bus length_km r_ohm_per_km x_ohm_per_km",
    "trafo": "hv_bus lv_bus sn_mva vn_hv_kv vn_lv_kv vk_percent vkr_percent pfe_kw i0_percent",
    "switch": "bus element et closed",
    "load": "bus p_mw q_mvar",
    "sgen": "bus p_mw q_mvar",
    "gen": "bus p_mw vm_pu",
    "storage": "bus p_mw q_mvar",
    "shunt": "bus p_mw q_mvar",
    "ext_grid": "bus vm_pu",
    "poly_cost": "element et cp1_eur_per_mw",
    "pwl_cost": "element et points",
}
# Tables without meaning for a market; those of results begin with res_ or _.
IGNORED = frozenset({"measurement", "bus_geodata", "line_geodata", "group", "characteristic"})
IGNORED_ENDS = ("_characteristic", "_characteristic_table", "_characteristic_spline", "_curve_table", "_curve")


@dataclass(frozen=True, eq=False)
class Net:
    """``tables`` has all tables of ``NEEDED``, empty where the network has none; their index is pandapower's."""

    file: str
    name: str
    frequency_hz: float
    tables: Mapping[str, pd.DataFrame]

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self.tables[name]

    def ids(self, name: str) -> list[str]:
        """What the elements of a table are called in a case."""
        return [f"{name}-{index}" for index in self.tables[name].index]

    def only(self, name: str, rows: Bools) -> Net:
        """The same network with some rows of a table."""
        return replace(self, tables={**self.tables, name: self.tables[name][rows]})

    def free(self, name: str) -> Net:
        """The same network with those elements of a table that say that they are controllable."""
        return self.only(name, flags(self.tables[name], "controllable", False))

    def fixed(self, name: str) -> Net:
        """The same network with those elements of a table that stand at their set-point."""
        return self.only(name, ~flags(self.tables[name], "controllable", False))


def read_net(source: Source, found: Findings) -> Net:
    """The network in a JSON file or a network object; what cannot be imported goes to ``found``.

    Raises InputError where it is no network or where a column is missing.
    """
    file, parts = read_parts(FORM, source)
    tables = checked_tables(FORM, file, parts, found)
    return Net(file, name_of(parts, file), _frequency(file, parts), tables)


def _is_ignored(name: str) -> bool:
    return name in IGNORED or name.startswith(("res_", "_")) or name.endswith(IGNORED_ENDS)


def _frequency(file: str, parts: Mapping[str, Any]) -> float:
    value = parts.get("f_hz", 50.0)
    if not isinstance(value, int | float) or not value > 0.0:
        raise InputError([Issue("f_hz is no frequency", "Write a positive number.", file, value=str(value))])
    return float(value)


FORM = Form(
    program="pandapower",
    kind="pandapowerNet",
    anchor="bus",
    needed=NEEDED,
    ignored=_is_ignored,
    lists=(("pwl_cost", "points"),),
    version=" 3",
)
