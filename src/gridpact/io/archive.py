"""Run folders: a record on disk, complete and checked, or not there at all.

    study.toml        question, case = "case", [settings]
    case/             the case in the folder form
    transmission/     the case of the transmission network, where there is one; study.toml then names it too
    summary.json      certificate.json
    solution.npz      plain arrays
    tables/*.parquet  with page checksums
    manifest.json     provenance, versions, size and SHA-256 of every file; written last

and whatever else was handed in as text, for example report.html.
"""

from __future__ import annotations

import io
import json
import os
import platform
import struct
import tomllib
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache, cached_property
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.errors import ArchiveError, InputError
from gridpact.io.aside import written_aside
from gridpact.io.folder import case_from_files, write_case
from gridpact.io.manifest import is_plain_name, json_text, read_checked, write_manifest
from gridpact.io.toml import toml_document
from gridpact.results.days import FIGURES, QUESTION
from gridpact.results.record import Record

PACKAGES = ("gridpact", "numpy", "scipy", "pandas", "pyarrow", "cvxpy", "clarabel", "highspy", "power-grid-model")
# A fixed date, the earliest that the format knows: the same solution gives the same bytes.
ZIP_DATE = (1980, 1, 1, 0, 0, 0)
# The first level takes a quarter of the time of the sixth, for a file that is no larger; digits of solutions shrink
# by a fifth and take two thirds of the time.
DEFLATE_LEVEL = 1
ROUGH = ("x", "s", "z")


def write_run(
    record: Record, out: str | os.PathLike[str], files: Mapping[str, str] | None = None, durable: bool = True
) -> None:
    """Write a run folder at ``out``, with further text files by name.

    However it ends, ``out`` is afterwards absent (or empty) or complete; a loss of power may leave what is not
    ``durable`` incomplete, which its manifest shows. Settings that are None are left out.
    Raises InputError where ``out`` is not empty, ValueError for a name that is not a plain one, and TypeError for
    settings or documents that TOML or JSON cannot hold.
    """
    with written_aside(Path(out), durable) as folder:
        fill(folder, record, files or {})


def fill(
    folder: Path, record: Record, files: Mapping[str, str] | None = None, unnamed: frozenset[str] = frozenset()
) -> None:
    """Write the files of a run into a folder that nobody reads yet, the manifest last; runs inside it are its parts.

    The manifest does not name ``unnamed`` files: whoever calls removes them once all the others are there.
    """
    if not (folder / "case").exists():
        write_case(record.case, folder / "case")
    if record.transmission is not None:
        write_case(record.transmission, folder / "transmission")
    for name, content in _contents(record, files or {}):
        _write_new(folder, name, content)
    write_manifest(folder, record.provenance, _versions(), unnamed)


def read_run(path: str | os.PathLike[str]) -> Record:
    """The record in a run folder, after every file has been checked against the manifest.

    What was NaN in summary or certificate is None. Raises ArchiveError, naming the file, where anything is missing,
    too many or changed.
    """
    manifest, files = read_checked(Path(path))
    for name in ("study.toml", "summary.json", "certificate.json"):
        if name not in files:
            raise ArchiveError(f"{name} is missing from the run folder.")
    study = _parse("study.toml", files)
    with _blame("study.toml"):
        question, settings = str(study["question"]), dict(study["settings"])
    in_parts = question == QUESTION
    if not in_parts and "solution.npz" not in files:
        raise ArchiveError("solution.npz is missing from the run folder.")
    parts = [Path(path) / name.removesuffix("/manifest.json") for name in files if name.startswith("parts/")]
    for part in parts:
        read_checked(part)
    tables = {Path(name).stem: _parse(name, files) for name in files if name.startswith("tables/")}
    return Record(
        question=question,
        settings=settings,
        case=_read_case(files, "case"),
        summary=_parse("summary.json", files),
        tables=PartTables(_with_days(tables), parts) if in_parts else tables,
        solution=_parse("solution.npz", files) if "solution.npz" in files else {},
        provenance=manifest.get("provenance", {}),
        certificate=_parse("certificate.json", files),
        transmission=_read_case(files, "transmission") if "transmission" in study else None,
    )


def outline(manifest: Mapping[str, Any], files: Mapping[str, bytes], case: Case, tables: Sequence[str]) -> Record:
    """Summary, certificate and some tables of a run folder, given what ``read_checked`` read; ``case`` is its case."""
    wanted = [f"tables/{name}.parquet" for name in tables]
    for name in ("summary.json", "certificate.json", *wanted):
        if name not in files:
            raise ArchiveError(f"{name} is missing from the run folder.")
    return Record(
        question="",
        settings={},
        case=case,
        summary=_parse("summary.json", files),
        tables={name: _parse(place, files) for name, place in zip(tables, wanted, strict=True)},
        solution={},
        provenance=manifest.get("provenance", {}),
        certificate=_parse("certificate.json", files),
    )


def _with_days(tables: Mapping[str, pd.DataFrame]) -> Mapping[str, pd.DataFrame]:
    """The tables of a run in parts, whose table of days has all its columns and numbers."""
    days = tables.get("days")
    if days is None:
        raise ArchiveError("tables/days.parquet is missing from the run folder.")
    for name in ("steps", *FIGURES):
        if name not in days or days[name].dtype.kind not in "if":
            raise ArchiveError(f"tables/days.parquet has no numbers in the column {name!r}.")
    for name in ("snapshot", "status"):
        if name not in days:
            raise ArchiveError(f"tables/days.parquet has no column {name!r}.")
    return tables


class PartTables(Mapping[str, pd.DataFrame]):
    """Tables of a run that is kept in parts: its own, and those of the parts one below the other, read when asked for.

    Every reading checks the part's files against its manifest.
    """

    def __init__(self, own: Mapping[str, pd.DataFrame], parts: Sequence[Path]) -> None:
        self.own, self.parts = dict(own), list(parts)

    @cached_property
    def _names(self) -> list[str]:
        """The tables of all parts, in their order: a part without controllable loads, say, has fewer."""
        found = [sorted(path.stem for path in (part / "tables").glob("*.parquet")) for part in self.parts]
        return list(dict.fromkeys([*self.own, *(name for names in found for name in names)]))

    def __getitem__(self, name: str) -> pd.DataFrame:
        if name in self.own:
            return self.own[name]
        if name not in self._names:
            raise KeyError(name)
        found = [read_table(part, name) for part in self.parts]
        whole = pd.concat([table for table in found if table is not None], ignore_index=True)
        return whole if "snapshot" in whole else _summed(whole)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _summed(table: pd.DataFrame) -> pd.DataFrame:
    """Numbers of equal rows added up: a table without times speaks of the whole horizon."""
    words = [name for name in table.columns if table[name].dtype.kind not in "if"]
    return table.groupby(words, sort=False, as_index=False)[list(table.columns.difference(words, sort=False))].sum()[
        table.columns
    ]


def read_table(path: Path, name: str) -> pd.DataFrame | None:
    """One table of a run folder, None if it has no such table; every file is checked against the manifest first."""
    _, files = read_checked(path)
    table: pd.DataFrame | None = _parse(f"tables/{name}.parquet", files) if f"tables/{name}.parquet" in files else None
    return table


def _contents(record: Record, files: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """Name and content of every file besides the case and the manifest."""
    cases = {"case": "case"} | ({} if record.transmission is None else {"transmission": "transmission"})
    study = toml_document({"question": record.question, **cases}, settings=record.settings)
    yield "study.toml", study.encode()
    yield "summary.json", json_text(record.summary).encode()
    yield "certificate.json", json_text(record.certificate).encode()
    if record.solution:
        yield "solution.npz", _arrays_to_bytes(record.solution)
    for name, table in record.tables.items():
        yield f"tables/{name}.parquet", _table_to_bytes(table)
    for name, text in files.items():
        yield name, text.encode()


def _write_new(folder: Path, name: str, content: bytes) -> None:
    if not is_plain_name(name) or (folder / name).exists():
        raise ValueError(f"{name!r} is no name for a further file of a run folder")
    for parent in reversed(Path(name).parents[:-1]):
        (folder / parent).mkdir(exist_ok=True)  # the folder itself is there, or somebody took it away
    (folder / name).write_bytes(content)


@cache
def _versions() -> dict[str, str]:
    """Versions of Python and of the packages that are installed and may have had a part in the run."""
    versions = {"python": platform.python_version()}
    for name in PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            versions[name] = metadata.version(name)
    return versions


def _arrays_to_bytes(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            entry = io.BytesIO()
            np.lib.format.write_array(entry, np.asanyarray(array), allow_pickle=False)
            form = zipfile.ZIP_STORED if name in ROUGH else zipfile.ZIP_DEFLATED
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", ZIP_DATE), entry.getvalue(), form, DEFLATE_LEVEL)
    return stream.getvalue()


def _table_to_bytes(table: pd.DataFrame) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    stream = io.BytesIO()
    content = pa.Table.from_pandas(table, preserve_index=False, nthreads=1)
    # Hardly a number of a solution occurs twice: a dictionary of them takes time and room.
    repeated = [column.name for column in content.schema if not pa.types.is_floating(column.type)]
    pq.write_table(content, stream, use_dictionary=repeated, write_page_checksum=True)
    return stream.getvalue()


def _read_toml(data: bytes) -> Any:
    return tomllib.loads(data.decode("utf-8"))


def _read_json(data: bytes) -> Any:
    document = json.loads(data)
    if not isinstance(document, dict):
        raise ValueError("it holds no object")
    return document


def _read_arrays(data: bytes) -> Any:
    with np.load(io.BytesIO(data), allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    if not all(isinstance(array, np.ndarray) for array in arrays.values()):
        raise ValueError("it holds something else than arrays")
    return arrays


def _read_table(data: bytes) -> Any:
    import pyarrow.parquet as pq

    return pq.read_table(io.BytesIO(data), page_checksum_verification=True).to_pandas()


READERS = {".toml": _read_toml, ".json": _read_json, ".npz": _read_arrays, ".parquet": _read_table}


def _parse(name: str, files: Mapping[str, bytes]) -> Any:
    with _blame(name):
        return READERS[Path(name).suffix](files[name])


def _read_case(files: Mapping[str, bytes], folder: str) -> Case:
    inside = {name: content for name, content in files.items() if name.startswith(f"{folder}/")}
    case, issues = case_from_files({name.removeprefix(f"{folder}/"): content for name, content in inside.items()})
    if case is None:
        raise ArchiveError(f"The case in the folder {folder} of the run is wrong:\n{InputError(issues)}")
    return case


@contextmanager
def _blame(name: str) -> Iterator[None]:
    """Turn what goes wrong in reading a file, although its hash is right, into an ArchiveError that names it."""
    import pyarrow as pa

    wrong = (ValueError, TypeError, LookupError, OSError, EOFError, RuntimeError, struct.error)
    try:
        yield
    except (*wrong, zipfile.BadZipFile, zlib.error, pa.ArrowException) as error:
        raise ArchiveError(f"{name} cannot be read: {error}") from error
