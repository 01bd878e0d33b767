"""Files an import reads, from disk to text."""

from __future__ import annotations

from pathlib import Path

from gridpact.errors import InputError, Issue
from gridpact.io.csvtext import decode

MOST_BYTES = 32 * 1024 * 1024


def read_bytes(path: Path) -> bytes:
    """The content of a file. Raises InputError where there is none, it is none or it is too large."""
    if not path.is_file():
        missing = "this is no file" if path.exists() else "there is no such file"
        raise InputError([Issue(missing, "Check the path.", str(path))])
    try:
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(
            [Issue(f"file cannot be read: {error.strerror}", "Check its permissions.", str(path))]
        ) from error
    if len(content) > MOST_BYTES:
        raise InputError([Issue(f"file is larger than {MOST_BYTES >> 20} MB", "Import a part of it.", str(path))])
    return content


def read_text(path: Path) -> str:
    """The content of a UTF-8 file. Raises InputError where it cannot be read as such."""
    text, issues = decode(path.name, read_bytes(path))
    if text is None:
        raise InputError(issues)
    return text
