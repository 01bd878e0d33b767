"""What a party decides on: the files of its share. It signs their digest when it joins, and cannot change them after.

digest           SHA-256 over names and SHA-256 of the files, in the order of their names
inputs.sha256    the SHA-256 of each, as ``sha256sum`` writes them: to say later which file is another one
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from gridpact.coordination.apart.envelope import read_call
from gridpact.coordination.apart.records import CALLED
from gridpact.coordination.identity.keys import DIGEST
from gridpact.coordination.kept.journal import Journal
from gridpact.errors import InputError, Issue
from gridpact.roles.convene import SHARE
from gridpact.roles.desk import written

LISTED = "inputs.sha256"
FIX = (
    "Put it back as it was, and begin again. From joining on nobody can change what it decides on: for other data "
    "convene another market."
)


def signed_inputs(folder: Path, journal: Journal) -> bytes:
    """The digest of the party's inputs, which it signs or has signed.

    Raises ``InputError`` where they are others than it has signed, naming the files.
    """
    now = _files(folder / SHARE)
    joined = next((record for record in journal.records if record.kind == CALLED), None)
    if joined is None:
        written(folder / LISTED, "".join(f"{value}  {SHARE}/{name}\n" for name, value in now.items()).encode())
        return _digest(now)
    signed = read_call(joined.payload).body[:DIGEST]
    if _digest(now) != signed:
        raise InputError(_changes(folder, now, signed))
    return signed


def _files(share: Path) -> dict[str, str]:
    """SHA-256 of each file, by name."""
    files = [path for path in sorted(share.iterdir()) if path.is_file()] if share.is_dir() else []
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _digest(files: Mapping[str, str]) -> bytes:
    digest = hashlib.sha256()
    for name, value in files.items():
        digest.update(name.encode() + b"\0" + bytes.fromhex(value))
    return digest.digest()


def _changes(folder: Path, now: Mapping[str, str], signed: bytes) -> list[Issue]:
    """What is another file than was signed; the whole share where its list is not there or is not what was signed."""
    before = _listed(folder / LISTED)
    if _digest(before) != signed:
        message = (
            f"these files are not those that were signed: their digest is {_digest(now).hex()}, and {signed.hex()}"
        )
        return [Issue(f"{message} was signed for this market", FIX, str(folder / SHARE))]
    names = [name for name in sorted({*now, *before}) if now.get(name) != before.get(name)]
    return [Issue(_change(now.get(name), before.get(name)), FIX, str(folder / SHARE / name)) for name in names]


def _change(now: str | None, before: str | None) -> str:
    if now is None or before is None:
        return f"this file {'is missing' if now is None else 'is new'}: the files for this market are signed"
    return f"this is not the file that was signed for this market: its SHA-256 is {now}, and {before} was signed"


def _listed(path: Path) -> dict[str, str]:
    """The list that was left when the party joined; nothing where it cannot be read."""
    try:
        rows = [line.split(f"  {SHARE}/", 1) for line in path.read_text(encoding="utf-8").splitlines()]
        found = {name: value for value, name in rows}
        _digest(found)
    except (OSError, ValueError):
        return {}
    return found
