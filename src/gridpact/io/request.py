"""What a long run was asked, kept beside what it has found: the same call goes on, another one is refused.

OUT.unfinished/request.json     version, settings, and the SHA-256 of every file of the case
OUT.unfinished/case/            the case in the folder form
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from gridpact.case.case import Case
from gridpact.errors import InputError, Issue
from gridpact.io.folder import write_case
from gridpact.io.manifest import digest

REQUEST = "request.json"
OTHER = "Delete it, or choose another folder."
# Files besides the request that hold what a run has found; folders all do, but the tables.
FOUND = ("progress.npz",)


def begin(growing: Path, case: Case, settings: Mapping[str, Any]) -> None:
    """Make the folder ready: new, or as an earlier call that asked the same has left it.

    Raises ``InputError`` where it holds something else, or was begun for another case or with other settings.
    """
    begun = {path.name for path in growing.iterdir()}
    if REQUEST not in begun:
        if begun - {"case"}:
            raise InputError([Issue("this folder is not empty", OTHER, str(growing))])
        shutil.rmtree(growing / "case", ignore_errors=True)
        write_case(case, growing / "case")
        (growing / REQUEST).write_text(_request(_contents(growing / "case"), settings), encoding="utf-8")
    elif (growing / REQUEST).read_text(encoding="utf-8") != _request(case_files(case), settings):
        raise InputError(
            [Issue("another run was begun here, of another case or with other settings", OTHER, str(growing))]
        )
    _remove_end(growing)


def case_files(case: Case) -> dict[str, bytes]:
    """Name and content of the files that a case is written to."""
    with tempfile.TemporaryDirectory() as folder:
        write_case(case, Path(folder) / "case")
        return _contents(Path(folder) / "case")


def _remove_end(growing: Path) -> None:
    """What was written at the very end, in a call that did not live to rename the folder."""
    for path in growing.iterdir():
        if path.name == "tables":
            shutil.rmtree(path)
        elif path.is_file() and path.name not in (REQUEST, *FOUND):
            path.unlink()


def _request(case: Mapping[str, bytes], settings: Mapping[str, Any]) -> str:
    """What a call asks, from the files of its case, as it stands in ``request.json``."""
    files = {name: digest(content) for name, content in case.items()}
    return json.dumps({"version": version("gridpact"), "settings": dict(settings), "case": files}, indent=1)


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
