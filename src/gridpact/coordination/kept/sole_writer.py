"""One process at a time writes a file: a lock beside it, which goes with the process however that ends."""

from __future__ import annotations

import os
from pathlib import Path


class BusyError(OSError):
    """Another process writes the file; the text names it where it can."""


def sole_writer(path: Path) -> int:
    """A handle that keeps others from writing the file until it is closed; raises ``BusyError``.

    The lock file stays: to remove it would let two processes lock two files of one name. It holds the number of the
    process that last had it, for the text of the error alone.
    """
    lock = path.with_name(f".{path.name}.lock")
    handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(handle, path)
        os.ftruncate(handle, 0)
        os.write(handle, str(os.getpid()).encode())
    except BaseException:
        os.close(handle)
        raise
    return handle


def _lock(handle: int, path: Path) -> None:
    if os.name != "posix":
        return  # elsewhere there are no such locks
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BusyError(f"{path} is being written by {_holder(handle)}. Wait for it, or end it.") from None


def _holder(handle: int) -> str:
    text = os.read(handle, 20).decode("ascii", "replace")
    return f"the process {text}" if text.isdecimal() else "another process"
