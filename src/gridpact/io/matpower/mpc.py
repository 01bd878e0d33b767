"""What a MATPOWER case file holds: its matrices as tables with named columns, each row with its line of the file.

Version 2 of the case format (MATPOWER user's manual, appendix B). Values are those after the file's own conversions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.errors import InputError, Issue
from gridpact.io.imports.findings import Findings
from gridpact.io.matpower.conversions import Workspace, convert
from gridpact.io.matpower.statements import TEXT, Statement, statements

Floats = NDArray[np.float64]

HEADER = re.compile(r"function\s+(?P<names>\[[^\]]*\]|\w+)\s*=\s*(?P<case>\w+)\s*(\(\s*\))?")
ASSIGNMENT = re.compile(r"\w+\.(?P<name>\w+)\s*=\s*(?P<value>.+)", re.DOTALL)
MATRIX, WORDS = re.compile(r"\[[^\[\]]*\]"), re.compile(rf"\{{[^{{}}]*\}}|{TEXT}")
NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:[eEdD][+-]?\d+)?"
CELL = re.compile(
    rf"(?P<sign>[+-]?)(?:(?P<first>{NUMBER})(?:(?P<by>[*/])(?:(?P<second>{NUMBER})|sqrt\((?P<root>{NUMBER})\)))?"
    r"|(?P<infinite>[Ii]nf))"
)

COLUMNS = {
    "bus": "bus type pd qd gs bs area vm va base_kv zone vmax vmin",
    "gen": "bus pg qg qmax qmin vg mbase status pmax pmin",
    "branch": "from_bus to_bus r x b rate_a rate_b rate_c ratio angle status angmin angmax",
}
LIMITS = {
    "bus": {"vmax", "vmin"},
    "gen": {"qmax", "qmin", "pmax", "pmin"},
    "branch": {"rate_a", "rate_b", "rate_c", "angmin", "angmax"},
}
OPTIONAL = {"angmin", "angmax"}
MOST_SHOWN = 80
MOST_ROWS = 500_000
MOST_CELLS = 20_000_000
PLAIN = re.compile(r"[-+.\deE \t\r,]+", re.ASCII)
NAMES = frozenset({"bus_name", "branch_name", "gen_name", "gentype", "genfuel", "areas"})


@dataclass(frozen=True, eq=False)
class Mpc:
    """``bus``, ``gen`` and ``branch`` have the columns of the format in small letters, and ``line``.

    ``gencost`` has a row for each row that the file gives, padded with zeros; empty where there is none.
    """

    file: str
    name: str
    base_mva: float
    bus: pd.DataFrame
    gen: pd.DataFrame
    branch: pd.DataFrame
    gencost: pd.DataFrame


@dataclass(frozen=True, eq=False)
class _Reading:
    """What has been read so far."""

    file: str
    found: Findings
    space: Workspace = field(default_factory=Workspace)
    named: list[str] = field(default_factory=list)


def read_mpc(file: str, text: str, found: Findings) -> Mpc:
    """The case in a file's text. Raises InputError, naming file and line, for everything that is not understood."""
    reading = _Reading(file, found)
    all_statements = statements(file, text)
    name = _case_name(file, next(all_statements, Statement(1, "")))
    for statement in all_statements:
        _read_statement(reading, statement)
    found.note("names and groups in the file are not imported", reading.named)
    return _assembled(reading, name)


def _case_name(file: str, first: Statement) -> str:
    match = HEADER.fullmatch(first.text)
    if match is None:
        fix = "A case file begins with a line like function mpc = case33bw."
        raise InputError([Issue("this is no MATPOWER case", fix, file, first.line, value=first.text[:MOST_SHOWN])])
    if match["names"].startswith("["):
        fix = "Load it in MATPOWER and save it with savecase."
        raise InputError([Issue("this is version 1 of the case format, and version 2 is read", fix, file, first.line)])
    return match["case"]


def _read_statement(reading: _Reading, statement: Statement) -> None:
    match = ASSIGNMENT.fullmatch(statement.text)
    value = match["value"] if match else ""
    if match and MATRIX.fullmatch(value):
        _read_matrix(reading, statement, match)
    elif match and WORDS.fullmatch(value):
        _read_words(reading, statement, match["name"], value)
    elif match and match["name"] == "baseMVA":
        reading.space.base_mva = _number(reading.file, statement.line, value)
    elif not convert(reading.space, statement.text):
        fix = (
            "Only matrices and the conversions of ohm, kW and power factor are read; "
            "run the file in MATPOWER and save the case with savecase."
        )
        shown = " ".join(statement.text.split())[:MOST_SHOWN]
        raise InputError([Issue("statement is not understood", fix, reading.file, statement.line, value=shown)])


def _read_words(reading: _Reading, statement: Statement, name: str, value: str) -> None:
    """Texts: the version, which must be 2, and names of things."""
    if name == "version":
        if value.strip("'\"") != "2":
            fix = "Load it in MATPOWER and save it with savecase."
            raise InputError([Issue("only version 2 of the case format is read", fix, reading.file, statement.line)])
    elif name in NAMES:
        reading.named.append(name)
    else:
        _refuse_field(reading, statement, name)


def _refuse_field(reading: _Reading, statement: Statement, name: str) -> None:
    fix = "A case has nothing for it; delete it from the file or skip it."
    reading.found.refuse(f"mpc.{name} is not supported", fix, reading.file, statement.line)


def _read_matrix(reading: _Reading, statement: Statement, match: re.Match[str]) -> None:
    name = match["name"]
    if name in NAMES:
        reading.named.append(name)
        return
    rows = list(islice(statement.rows(match.start("value") + 1, match.end("value") - 1), MOST_ROWS + 1))
    if len(rows) > MOST_ROWS:
        issue = Issue(
            f"mpc.{name} has more than {MOST_ROWS} rows", "Import a part of it.", reading.file, statement.line
        )
        raise InputError([issue])
    if name not in (*COLUMNS, "gencost"):
        if rows:
            _refuse_field(reading, statement, name)
        return
    values = [_row(reading.file, line, text) for line, text in rows]
    frame = pd.DataFrame((_padded if name == "gencost" else _even)(reading.file, rows, values))
    reading.space.matrices[name] = _named(reading.file, statement.line, name, frame).assign(
        line=np.array([line for line, _ in rows], dtype=np.int64)
    )


def _row(file: str, line: int, text: str) -> Floats:
    """The numbers of a row; the slow way is for fractions, infinities and mistakes."""
    if PLAIN.fullmatch(text):
        try:
            return np.array(text.replace(",", " ").split(), dtype=np.float64)
        except ValueError:
            pass
    return np.array([_number(file, line, cell) for cell in re.split(r"[\s,]+", text.strip(" \t,"))])


def _number(file: str, line: int, text: str) -> float:
    """A number, a product or quotient of two, or infinity."""
    match = CELL.fullmatch(text)
    if match is None:
        fix = "Write a number with a decimal point."
        raise InputError([Issue("is not a number", fix, file, line, value=text)])
    if match["infinite"]:
        value = np.inf
    else:
        value = _float(match["first"])
        second = _float(match["second"] or match["root"] or "1")
        second = second**0.5 if match["root"] else second
        value = value * second if match["by"] == "*" else value / second if second else np.nan
    if np.isnan(value):
        raise InputError([Issue("is divided by zero", "Correct the value.", file, line, value=text)])
    return -value if match["sign"] == "-" else value


def _float(text: str) -> float:
    return float(text.replace("d", "e").replace("D", "e"))


def _even(file: str, rows: list[tuple[int, str]], values: list[Floats]) -> Floats:
    """The rows as a matrix. Raises InputError where they have different lengths."""
    width = len(values[0]) if values else 0
    for (line, _), row in zip(rows, values, strict=True):
        if len(row) != width:
            fix = "Give every row the same number of values."
            raise InputError([Issue(f"row has {len(row)} values where the first has {width}", fix, file, line)])
    return np.array(values, dtype=np.float64).reshape(len(values), width)


def _padded(file: str, rows: list[tuple[int, str]], values: list[Floats]) -> Floats:
    """The rows as a matrix, filled up with zeros."""
    width = max(map(len, values), default=0)
    if width * len(values) > MOST_CELLS:
        longest = max(range(len(values)), key=lambda row: len(values[row]))
        fix = "Shorten the longest row."
        raise InputError([Issue("mpc.gencost is too large", fix, file, rows[longest][0])])
    padded = np.zeros((len(values), width))
    for row, numbers in enumerate(values):
        padded[row, : len(numbers)] = numbers
    return padded


def _named(file: str, line: int, name: str, frame: pd.DataFrame) -> pd.DataFrame:
    """The columns of the format under their names; results that a solved case carries after them are dropped."""
    if name == "gencost":
        return frame
    names = COLUMNS[name].split()
    needed = [column for column in names if column not in OPTIONAL]
    if len(frame) and frame.shape[1] < len(needed):
        fix = f"It needs {' '.join(needed)}."
        raise InputError([Issue(f"mpc.{name} has only {frame.shape[1]} columns", fix, file, line)])
    shown = frame.iloc[:, : len(names)].set_axis(names[: frame.shape[1]], axis=1) if len(frame) else pd.DataFrame()
    return shown.reindex(columns=names).fillna(dict.fromkeys(OPTIONAL, 0.0)).astype(np.float64)


def _require_finite(file: str, matrices: dict[str, pd.DataFrame]) -> None:
    """Infinity means no limit, and makes no sense elsewhere."""
    issues = []
    for name, frame in matrices.items():
        rows, places = np.nonzero(~np.isfinite(frame.to_numpy(dtype=np.float64)))
        for row, column in zip(rows, frame.columns[places], strict=True):
            if column not in LIMITS.get(name, ()):
                fix = "Write a finite number."
                issues.append(
                    Issue("number is not finite", fix, file, int(frame["line"].iloc[row]), f"mpc.{name}.{column}")
                )
    if issues:
        raise InputError(issues)


def _assembled(reading: _Reading, name: str) -> Mpc:
    space, file = reading.space, reading.file
    missing = [f"mpc.{matrix}" for matrix in COLUMNS if matrix not in space.matrices]
    missing += ["mpc.baseMVA"] if np.isnan(space.base_mva) else []
    if missing:
        raise InputError([Issue(f"{field} is missing", "Add it.", file) for field in missing])
    if not 0.0 < space.base_mva < np.inf:
        raise InputError([Issue("baseMVA must be a positive number", "Correct it.", file, value=str(space.base_mva))])
    _require_finite(file, space.matrices)
    gencost = space.matrices.get("gencost", pd.DataFrame({"line": np.zeros(0, dtype=np.int64)}))
    return Mpc(
        file, name, space.base_mva, space.matrices["bus"], space.matrices["gen"], space.matrices["branch"], gencost
    )
