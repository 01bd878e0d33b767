"""A pandapower network as plain tables, from a network object or from a file that ``pandapower.to_json`` has written.

pandapower's own reader makes objects of any class that a file names, and so runs whatever code the file asks for. Here
the file is read as what it is, JSON: tables of numbers, texts and flags are taken, objects are never made.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gridpact.errors import InputError, Issue
from gridpact.io.imports.findings import Findings, listed
from gridpact.io.imports.source import read_text
from gridpact.io.pandapower.columns import Bools, flags

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
MOST_ROWS = 500_000
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


def read_net(source: str | os.PathLike[str] | Mapping[str, Any], found: Findings) -> Net:
    """The network in a JSON file or a network object; what cannot be imported goes to ``found``.

    Raises InputError where it is no network or where a column is missing.
    """
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        file, parts = path.name, _json_parts(path)
    else:
        file, parts = "network", dict(source)
    frames = {name: part for name, part in parts.items() if isinstance(part, pd.DataFrame)}
    if "bus" not in parts:
        raise InputError([Issue("this is no pandapower network", "Write it with pandapower.to_json.", file)])
    strange = [name for name in NEEDED if name in parts and name not in frames]
    if strange:
        fix = "Only tables of numbers, texts and flags are read."
        raise InputError([Issue(f"{name} is no table", fix, file) for name in strange])
    objects = [name for name, part in parts.items() if part is None and not _is_ignored(name)]
    found.note("objects in the file are not imported", objects)
    for name, frame in frames.items():
        if name not in NEEDED and len(frame) and not _is_ignored(name):
            _refuse_table(file, name, frame, found)
    tables = {name: _checked(file, name, frames.get(name, pd.DataFrame())) for name in NEEDED}
    named = parts.get("name")
    return Net(file, str(named or Path(file).stem), _frequency(file, parts), tables)


def _is_ignored(name: str) -> bool:
    return name in IGNORED or name.startswith(("res_", "_")) or name.endswith(IGNORED_ENDS)


def _refuse_table(file: str, name: str, frame: pd.DataFrame, found: Findings) -> None:
    """Name the elements of a table that a case has nothing for."""
    used = frame[flags(frame, "in_service", True)]
    if len(used):
        which = listed([str(index) for index in used.index])
        fix = "Replace them by elements that are, or skip them."
        found.refuse(f"{len(used)} element(s) of {name} are not supported", fix, file, value=which)


def _frequency(file: str, parts: Mapping[str, Any]) -> float:
    value = parts.get("f_hz", 50.0)
    if not isinstance(value, int | float) or not value > 0.0:
        raise InputError([Issue("f_hz is no frequency", "Write a positive number.", file, value=str(value))])
    return float(value)


def _checked(file: str, name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The table with whole numbers as index. Raises InputError where a column is missing that it must have."""
    missing = [column for column in NEEDED[name].split() if column not in frame] if len(frame) else []
    if missing:
        fix = "Open the network with pandapower 3 and write it again."
        raise InputError(
            [Issue(f"table {name} has no column {column}", fix, file, column=column) for column in missing]
        )
    if len(frame) > MOST_ROWS:
        raise InputError([Issue(f"table {name} has more than {MOST_ROWS} rows", "Import a part of it.", file)])
    if not frame.index.is_unique:
        raise InputError([Issue(f"an index of table {name} stands there twice", "Number the rows anew.", file)])
    if not len(frame):
        return frame.reindex(columns=NEEDED[name].split())
    try:
        return frame.set_axis(pd.Index(frame.index).astype(np.int64))
    except (ValueError, TypeError, OverflowError) as error:
        raise InputError([Issue(f"the index of table {name} is not numeric", "Number its rows.", file)]) from error


def _json_parts(path: Path) -> dict[str, Any]:
    """The parts of a network written by ``pandapower.to_json``: tables as frames, plain values as they are."""
    try:
        document = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise InputError([Issue(f"file cannot be read as JSON: {error}", "Write it anew.", path.name)]) from error
    parts = document.get("_object") if isinstance(document, dict) else None
    if not isinstance(parts, dict) or document.get("_class") != "pandapowerNet":
        fix = "Write the network with pandapower.to_json(net, file), without encryption."
        raise InputError([Issue("this is no pandapower network", fix, path.name)])
    return {str(name): _plain(path.name, str(name), part) for name, part in parts.items()}


def _plain(file: str, name: str, part: Any) -> Any:
    """A frame where the part says that it is one, None for any other object; plain values stay."""
    if not isinstance(part, dict) or "_class" not in part:
        return part
    if part["_class"] != "DataFrame" or _is_ignored(name):
        return None
    try:
        body = part["_object"]
        body = json.loads(body) if isinstance(body, str) else body
        index = [int(number) for number in body["index"]] if name in NEEDED else None
        frame = pd.DataFrame(body["data"], index=index, columns=body["columns"], dtype=object)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise InputError([Issue(f"table {name} cannot be read: {error}", "Write it anew.", file)]) from error
    if name in NEEDED:
        _require_plain(file, name, frame)
    return frame


def _require_plain(file: str, name: str, frame: pd.DataFrame) -> None:
    """Columns are single; cells are numbers, texts, flags or blank, and only the points of a cost are lists."""
    if not frame.columns.is_unique:
        raise InputError([Issue(f"a column of table {name} stands there twice", "Delete one.", file)])
    for column in frame.columns:
        kinds = (dict,) if name == "pwl_cost" and column == "points" else (dict, list)
        if any(isinstance(value, kinds) for value in frame[column]):
            fix = "Only numbers, texts and flags are read."
            raise InputError([Issue(f"table {name} holds an object", fix, file, column=str(column))])
