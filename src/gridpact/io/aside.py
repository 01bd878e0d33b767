"""Writing a folder or a file aside and renaming it once: whoever looks finds it absent or complete.

The folder is filled beside its final place, on the same filesystem, forced to disk, and renamed. A process killed
on the way leaves a hidden folder behind, which the next write to the same place removes.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from gridpact.errors import InputError, Issue

FORCED_AT_ONCE = 8


def write_new(path: Path, content: bytes) -> None:
    """Write a file that is afterwards complete or absent. Raises InputError where there is something already."""
    final = path.resolve()
    _refuse_present(final, path)
    final.parent.mkdir(parents=True, exist_ok=True)
    aside = final.with_name(f".{final.name}.partial-{secrets.token_hex(8)}")
    try:
        with aside.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        _refuse_present(final, path)
        aside.rename(final)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    _force_folder(final.parent)


def _refuse_present(final: Path, path: Path) -> None:
    if path.is_symlink() or final.exists():
        raise InputError([Issue("the file exists", "Choose another, nothing is overwritten.", str(path))])


@contextmanager
def written_aside(out: Path, durable: bool = True) -> Iterator[Path]:
    """A new folder to fill; it becomes ``out`` where the block ends well, and is removed where it does not.

    Where it is not ``durable`` it outlives every process, but a loss of power may leave it incomplete.
    Raises InputError where ``out`` is a file or a folder with anything in it, before and after the block.
    """
    final = out.resolve()
    _refuse_occupied(final, out)
    final.parent.mkdir(parents=True, exist_ok=True)
    _remove_remains(final)
    aside = final.with_name(f".{final.name}.partial-{os.getpid()}-{secrets.token_hex(8)}")
    aside.mkdir()
    try:
        yield aside
        if durable:
            _force_to_disk(aside)
        _rename(aside, final, out)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    if durable:
        _force_folder(final.parent)


def resumable(out: Path) -> Path:
    """The folder in which a long run grows until ``finish`` renames it to ``out``; there from an earlier try, or new.

    Raises InputError where ``out`` is a file or a folder with anything in it.
    """
    final = out.resolve()
    _refuse_occupied(final, out)
    growing = final.with_name(f"{final.name}.unfinished")
    growing.mkdir(parents=True, exist_ok=True)
    return growing


@contextmanager
def locked(growing: Path) -> Iterator[None]:
    """Nobody else may grow the folder meanwhile: InputError where somebody does. The lock goes with the process."""
    if os.name != "posix":
        yield  # elsewhere there are no such locks
        return
    import fcntl

    lock = growing.with_name(f".{growing.name}.lock")
    with lock.open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            issue = Issue(
                "another run grows here at this moment", "Wait for it, or choose another folder.", str(growing)
            )
            raise InputError([issue]) from None
        yield
        lock.unlink(missing_ok=True)


def finish(growing: Path, out: Path) -> None:
    """Force the folder to disk and rename it to ``out``."""
    final = out.resolve()
    _force_to_disk(growing)
    _rename(growing, final, out)
    _force_folder(final.parent)


def _refuse_occupied(final: Path, out: Path) -> None:
    if final.exists() and (not final.is_dir() or any(final.iterdir())):
        raise InputError([Issue("folder is not empty", "Give a new or an empty folder.", str(out))])


def _remove_remains(final: Path) -> None:
    """Remove what killed writers left behind; what belongs to a living process is left to it."""
    ours = re.compile(rf"\.{re.escape(final.name)}\.partial-([0-9]+)-[0-9a-f]{{16}}")
    for entry in final.parent.iterdir():
        found = ours.fullmatch(entry.name)
        if found and not _alive(int(found[1])):
            shutil.rmtree(entry)


def _alive(process: int) -> bool:
    """Whether a process of this number exists; if in doubt, it does."""
    if os.name == "nt":
        return True  # there, signal 0 is no question
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _rename(aside: Path, final: Path, out: Path) -> None:
    try:
        if final.is_dir():
            final.rmdir()  # not every system renames onto an empty folder
        aside.rename(final)
    except OSError:
        # Another run may have taken the place in the meantime; where it has not, the reason is another one.
        _refuse_occupied(final, out)
        raise


def _force_to_disk(folder: Path) -> None:
    """Several files at a time: the disk serves them together, which takes a tenth of the time."""
    with ThreadPoolExecutor(FORCED_AT_ONCE) as pool:
        for _ in pool.map(_force, [*folder.rglob("*"), folder]):
            pass  # an error is raised here


def _force(path: Path) -> None:
    if path.is_dir():
        _force_folder(path)
    else:
        with path.open("rb+") as stream:
            os.fsync(stream.fileno())


def _force_folder(folder: Path) -> None:
    if os.name != "posix":
        return  # elsewhere folders cannot be opened, and the filesystem orders renames itself
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
