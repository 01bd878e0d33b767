"""Networks of pandapower and pandapipes as plain tables, from objects or from the JSON files that they write.

Their own readers make objects of any class that a file names, and so run whatever code the file asks for. Here the file
is read as what it is, JSON: tables of numbers, texts and flags are taken, objects are never made.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gridpact.errors import InputError, Issue
from gridpact.io.imports.columns import flags
from gridpact.io.imports.findings import Findings, listed
from gridpact.io.imports.source import read_text

MOST_ROWS = 500_000
Source = str | os.PathLike[str] | Mapping[str, Any]


@dataclass(frozen=True)
class Form:
    """What a program's networks look like.

    ``kind`` is their class, ``anchor`` the table without which a file is none. ``needed`` names the tables that become
    part of a case, with the columns that each must have; ``more`` the other columns that are read, or all.
    ``ignored`` says which tables mean nothing for a market, ``lists`` which cells may hold lists, ``free`` which may
    hold anything, and ``objects`` which objects are wanted as plain JSON.
    """

    program: str
    kind: str
    anchor: str
    needed: Mapping[str, str]
    ignored: Callable[[str], bool]
    more: Mapping[str, str] = field(default_factory=dict)
    lists: Collection[tuple[str, str]] = ()
    free: Collection[tuple[str, str]] = ()
    objects: Collection[str] = ()
    version: str = ""

    def columns(self, name: str, frame: pd.DataFrame) -> pd.DataFrame:
        """The columns of a table that are read."""
        wanted = f"{self.needed[name]} {self.more.get(name, '')}".split()
        return frame[[column for column in frame if column in wanted]] if self.more else frame


def read_parts(form: Form, source: Source) -> tuple[str, dict[str, Any]]:
    """What messages call the network, and its parts: tables as frames, plain values as they are."""
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        file, parts = path.name, _json_parts(form, path)
    else:
        file, parts = "network", dict(source)
    if form.anchor not in parts:
        raise InputError([Issue(f"this is no {form.program} network", f"Write it with {form.program}.to_json.", file)])
    return file, parts


def checked_tables(form: Form, file: str, parts: Mapping[str, Any], found: Findings) -> dict[str, pd.DataFrame]:
    """All tables of ``form.needed``, empty where there are none; what cannot be imported goes to ``found``."""
    frames = {name: part for name, part in parts.items() if isinstance(part, pd.DataFrame)}
    strange = [name for name in form.needed if name in parts and name not in frames]
    if strange:
        fix = "Only tables of numbers, texts and flags are read."
        raise InputError([Issue(f"{name} is no table", fix, file) for name in strange])
    objects = [name for name, part in parts.items() if part is None and not form.ignored(name)]
    found.note("objects in the file are not imported", objects)
    for name, frame in frames.items():
        if name not in form.needed and len(frame) and not form.ignored(name):
            _refuse_table(file, name, frame, found)
    return {name: _checked(form, file, name, frames.get(name, pd.DataFrame())) for name in form.needed}


def name_of(parts: Mapping[str, Any], file: str) -> str:
    """What the network is called, else its file."""
    return str(parts.get("name") or Path(file).stem)


def _refuse_table(file: str, name: str, frame: pd.DataFrame, found: Findings) -> None:
    """Name the elements of a table that a case has nothing for."""
    used = frame[flags(frame, "in_service", True)]
    if len(used):
        which = listed([str(index) for index in used.index])
        fix = "Replace them by elements that are, or skip them."
        found.refuse(f"{len(used)} element(s) of {name} are not supported", fix, file, value=which)


def _checked(form: Form, file: str, name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The table with whole numbers as index. Raises InputError where a column is missing that it must have."""
    missing = [column for column in form.needed[name].split() if column not in frame] if len(frame) else []
    if missing:
        fix = f"Open the network with {form.program}{form.version} and write it again."
        raise InputError(
            [Issue(f"table {name} has no column {column}", fix, file, column=column) for column in missing]
        )
    if len(frame) > MOST_ROWS:
        raise InputError([Issue(f"table {name} has more than {MOST_ROWS} rows", "Import a part of it.", file)])
    if not frame.index.is_unique:
        raise InputError([Issue(f"an index of table {name} stands there twice", "Number the rows anew.", file)])
    if not len(frame):
        return frame.reindex(columns=form.needed[name].split())
    try:
        return frame.set_axis(pd.Index(frame.index).astype(np.int64))
    except (ValueError, TypeError, OverflowError) as error:
        raise InputError([Issue(f"the index of table {name} is not numeric", "Number its rows.", file)]) from error


def _json_parts(form: Form, path: Path) -> dict[str, Any]:
    """The parts of a network written by ``to_json``: tables as frames, plain values as they are."""
    try:
        document = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise InputError([Issue(f"file cannot be read as JSON: {error}", "Write it anew.", path.name)]) from error
    parts = document.get("_object") if isinstance(document, dict) else None
    if not isinstance(parts, dict) or document.get("_class") != form.kind:
        fix = f"Write the network with {form.program}.to_json(net, file), without encryption."
        raise InputError([Issue(f"this is no {form.program} network", fix, path.name)])
    return {str(name): _plain(form, path.name, str(name), part) for name, part in parts.items()}


def _plain(form: Form, file: str, name: str, part: Any) -> Any:
    """A frame where the part says that it is one, None for any other object; plain values stay."""
    if not isinstance(part, dict) or "_class" not in part or name in form.objects:
        return part
    if part["_class"] != "DataFrame" or form.ignored(name):
        return None
    try:
        body = part["_object"]
        body = json.loads(body) if isinstance(body, str) else body
        index = [int(number) for number in body["index"]] if name in form.needed else None
        frame = pd.DataFrame(body["data"], index=index, columns=body["columns"], dtype=object)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise InputError([Issue(f"table {name} cannot be read: {error}", "Write it anew.", file)]) from error
    if name not in form.needed:
        return frame
    if not frame.columns.is_unique:
        raise InputError([Issue(f"a column of table {name} stands there twice", "Delete one.", file)])
    frame = form.columns(name, frame)
    _require_plain(form, file, name, frame)
    return frame


def _require_plain(form: Form, file: str, name: str, frame: pd.DataFrame) -> None:
    """Cells are numbers, texts, flags or blank, and lists or anything where the form says so."""
    for column in frame.columns:
        kinds = (dict,) if (name, column) in form.lists else (dict, list)
        if (name, column) not in form.free and any(isinstance(value, kinds) for value in frame[column]):
            fix = "Only numbers, texts and flags are read."
            raise InputError([Issue(f"table {name} holds an object", fix, file, column=str(column))])
