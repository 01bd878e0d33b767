"""A pandapipes network as plain tables, from an object or from a file that ``pandapipes.to_json`` has written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gridpact.errors import InputError, Issue
from gridpact.io.imports.columns import Bools, Floats, Ints, flags, whole
from gridpact.io.imports.findings import Findings
from gridpact.io.imports.json_net import Form, Source, checked_tables, name_of, read_parts

# Tables that become part of a case, with the columns that each must have, and those that are read besides.
NEEDED = {
    "junction": "",
    "junction_geodata": "x y",
    "pipe": "from_junction to_junction length_km",
    "valve": "opened",
    "heat_consumer": "from_junction to_junction",
    "heat_exchanger": "from_junction to_junction qext_w",
    "flow_control": "from_junction to_junction controlled_mdot_kg_per_s",
    "sink": "junction mdot_kg_per_s",
    "circ_pump_pressure": "return_junction flow_junction",
    "circ_pump_mass": "return_junction flow_junction mdot_flow_kg_per_s",
    "ext_grid": "junction",
    "res_heat_exchanger": "",
    "res_circ_pump_pressure": "",
    "res_ext_grid": "",
}
MORE = {
    "junction": "in_service geo",
    "pipe": "inner_diameter_mm diameter_m outer_diameter_mm k_mm loss_coefficient u_w_per_m2k alpha_w_per_m2k text_k "
    "in_service sections",
    "valve": "junction element et from_junction to_junction in_service",
    "heat_consumer": "qext_w controlled_mdot_kg_per_s deltat_k treturn_k in_service",
    "heat_exchanger": "in_service",
    "flow_control": "in_service",
    "sink": "scaling in_service",
    "circ_pump_pressure": "t_flow_k in_service",
    "circ_pump_mass": "t_flow_k in_service",
    "ext_grid": "t_k in_service",
    "res_heat_exchanger": "mdot_from_kg_per_s",
    "res_circ_pump_pressure": "mdot_from_kg_per_s",
    "res_ext_grid": "mdot_kg_per_s",
}
# Without meaning for a market; those of results begin with res_ or _.
IGNORED = frozenset({"pipe_geodata", "converged", "component_list", "std_types", "geo", "fluid"})
# What pandapipes takes where nothing is said, in K.
USUAL_AMBIENT = 293.15


@dataclass(frozen=True, eq=False)
class Net:
    """``tables`` has all tables of ``NEEDED``, empty where there are none; their index is pandapipes'.

    ``fluid`` is an object of pandapipes or the plain JSON of one, ``ambient_k`` the temperature around pipes that have
    none of their own.
    """

    file: str
    name: str
    fluid: Any
    ambient_k: float
    tables: Mapping[str, pd.DataFrame]

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self.tables[name]

    def ids(self, name: str) -> list[str]:
        """What the elements of a table are called in a case."""
        return [f"{name}-{index}" for index in self.tables[name].index]

    def used(self, name: str) -> Bools:
        """Which elements of a table are in service; shape (n,)."""
        return flags(self.tables[name], "in_service", True)

    def junctions(self, name: str, column: str) -> Ints:
        """The row of the junction that each element of a table names; shape (n,). Raises InputError for others."""
        named = whole(self.tables[name], column)
        rows = pd.Index(self.tables["junction"].index).get_indexer(pd.Index(named))
        for index in self.tables[name].index[rows < 0]:
            raise InputError([Issue(f"{column} of {name} {index} is no junction", "Correct it.", self.file)])
        return np.asarray(rows, dtype=np.int64)

    def result(self, name: str, column: str) -> Floats:
        """A column of the results of a table, NaN where there are none; shape (n,)."""
        frame = self.tables[f"res_{name}"]
        values = pd.to_numeric(frame[column], errors="coerce") if column in frame else pd.Series(dtype=np.float64)
        return values.reindex(self.tables[name].index).to_numpy(dtype=np.float64)


def read_net(source: Source, found: Findings) -> Net:
    """The network in a JSON file or a network object; what cannot be imported goes to ``found``.

    Raises InputError where it is no network of water or where a column is missing.
    """
    file, parts = read_parts(FORM, source)
    aside = [name for name, part in parts.items() if isinstance(part, pd.DataFrame) and _names_no_junction(name, part)]
    found.note("tables that name no junction are left out", aside)
    kept = {name: part for name, part in parts.items() if name not in aside}
    tables = checked_tables(FORM, file, kept, found)
    return Net(file, name_of(parts, file), parts.get("fluid"), _ambient(file, parts), tables)


def _names_no_junction(name: str, frame: pd.DataFrame) -> bool:
    """Whether a table says nothing about the network: neither a junction nor an element is in it."""
    words = ("junction", "element", "object")
    strange = len(frame) > 0 and name not in NEEDED and not _is_ignored(name)
    return strange and not any(word in str(column) for column in frame.columns for word in words)


def _is_ignored(name: str) -> bool:
    return name in IGNORED or (name.startswith(("res_", "_")) and name not in NEEDED)


def _ambient(file: str, parts: Mapping[str, Any]) -> float:
    options = parts.get("user_pf_options")
    value = options.get("ambient_temperature", USUAL_AMBIENT) if isinstance(options, dict) else USUAL_AMBIENT
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0.0:
        raise InputError([Issue("ambient_temperature is no temperature", "Write it in K.", file, value=str(value))])
    return float(value)


FORM = Form(
    program="pandapipes",
    kind="pandapipesNet",
    anchor="junction",
    needed=NEEDED,
    ignored=_is_ignored,
    more=MORE,
    free=(("junction", "geo"),),
    objects=("fluid",),
)
