"""The manifest of a run folder: size and SHA-256 of every file, and of itself.

It is written in one canonical form and read in no other, so that no bit of it can change unseen. It guards
against accidents and careless edits; it is no signature.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from gridpact.errors import ArchiveError

MANIFEST = "manifest.json"
FORMAT = 1


def json_text(value: object) -> str:
    """JSON in canonical form, numbers that are not finite as null. Raises TypeError for what JSON cannot hold."""
    return json.dumps(plain(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def plain(value: object) -> Any:
    """The value in the types of JSON; NaN and infinity become None, times ISO texts."""
    if isinstance(value, np.generic | np.ndarray):
        value = value.tolist()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    raise TypeError(f"a {type(value).__name__} has no form in JSON: {value!r}")


def write_manifest(
    folder: Path, provenance: Mapping[str, Any], packages: Mapping[str, str], unnamed: frozenset[str] = frozenset()
) -> None:
    """Hash every file in the folder but those that stay ``unnamed``, and write the manifest beside them."""
    files = {name: stated for name, stated in _fingerprints(folder).items() if name not in unnamed}
    content = {"format": FORMAT, "provenance": provenance, "packages": packages, "files": files}
    document = content | {"sha256": digest(json_text(content).encode())}
    (folder / MANIFEST).write_text(json_text(document), encoding="utf-8", newline="\n")


def read_checked(folder: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The manifest and the content of every file, exactly as it was hashed.

    Raises ArchiveError, naming the file, where the manifest is absent or changed, where a file is missing, too
    many, a link, or differs from its hash.
    """
    files = _regular_files(folder)
    if MANIFEST not in files:
        raise ArchiveError(f"{folder} has no {MANIFEST}: it is not a run folder, or its writing did not end.")
    manifest = _parse(files.pop(MANIFEST).read_bytes())
    stated = manifest["files"]
    for name in [*stated, *files]:
        _refuse_stray(name, stated, files)
    contents = {name: files[name].read_bytes() for name in stated}
    for name, content in contents.items():
        if _fingerprint(content) != stated[name]:
            raise ArchiveError(f"{name} was changed after the run was written: its size or SHA-256 differs.")
    return manifest, contents


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _fingerprint(content: bytes) -> dict[str, Any]:
    return {"bytes": len(content), "sha256": digest(content)}


def _fingerprints(folder: Path) -> dict[str, Any]:
    return {name: _fingerprint(path.read_bytes()) for name, path in _regular_files(folder).items()}


def _regular_files(folder: Path) -> dict[str, Path]:
    """All files below a folder by their names in it; raises ArchiveError where there is anything but files.

    A folder inside that has a manifest of its own is a run of its own: its manifest stands for all its files.
    """
    if not folder.is_dir():
        raise ArchiveError(f"There is no run folder {folder}.")
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise ArchiveError(f"{name} is a link or no regular file; a run folder holds nothing but files.")
        if path.is_file():
            found[name] = path
    inner = [name.removesuffix(MANIFEST) for name in found if name.endswith(f"/{MANIFEST}")]
    return {name: path for name, path in found.items() if name.endswith(MANIFEST) or not name.startswith(tuple(inner))}


def _parse(data: bytes) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads(data)
        content = {key: value for key, value in manifest.items() if key != "sha256"}
        sound = json_text(manifest).encode() == data and digest(json_text(content).encode()) == manifest["sha256"]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ArchiveError(f"{MANIFEST} was changed after the run was written: {error}.") from error
    if not sound or not isinstance(manifest.get("files"), dict):
        raise ArchiveError(f"{MANIFEST} was changed after the run was written: its own SHA-256 differs.")
    if manifest.get("format") != FORMAT:
        raise ArchiveError(f"{MANIFEST} has format {manifest.get('format')!r}; this version reads format {FORMAT}.")
    return manifest


def _refuse_stray(name: str, stated: Mapping[str, Any], files: Mapping[str, Path]) -> None:
    if not is_plain_name(name):
        raise ArchiveError(f"{MANIFEST} names {name!r}, which leads out of the run folder.")
    if name not in files:
        raise ArchiveError(f"{name} is missing from the run folder.")
    if name not in stated:
        raise ArchiveError(f"{name} does not belong to the run: {MANIFEST} does not name it.")


def is_plain_name(name: str) -> bool:
    """Whether a name stays within its folder, on every system."""
    parts = PurePosixPath(name).parts
    return (
        "/".join(parts) == name
        and not {"..", "/", "."} & set(parts)
        and not set('\\:*?"<>|\0') & set(name)
        and bool(name)
    )
