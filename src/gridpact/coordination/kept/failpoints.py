"""Named points at every write, at which tests let a process die or its disk be full. Nothing happens unless armed.

    GRIDPACT_FAILPOINTS = "journal.append.write=kill@3,journal.append.sync=enospc@1"

arms points for a whole process: what happens, and at which arrival (the first is 1, which also holds without ``@``).
In one process ``armed`` does the same for a while.

    kill      the process ends at once, as if by SIGKILL
    torn      what is being written is written by half, then the process ends
    enospc    the disk is full: half of it is written, then comes ``OSError``

``POINTS`` are the names in use.
"""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from gridpact.errors import InputError

VARIABLE = "GRIDPACT_FAILPOINTS"
KINDS = ("kill", "torn", "enospc")
KILLED = 137

# name -> what comes next.
POINTS: Final[Mapping[str, str]] = {
    "journal.create": "an empty journal gets its first record",
    "journal.cut": "the torn end of a journal is cut off",
    "journal.append.before": "nothing of the record has been written",
    "journal.append.write": "the record is handed to the operating system",
    "journal.append.sync": "the record is written, and is made to last",
    "journal.append.after": "the record lasts, and nobody has been told",
}


@dataclass
class _Point:
    """What happens at which arrival, and how many arrivals there were."""

    plan: dict[int, str]
    arrivals: int = 0


def failpoint(name: str, half: Callable[[], object] | None = None) -> None:
    """Do what the point is armed with, if it is; ``half`` writes half of what is to be written."""
    point = _armed.get(name)
    if point is None:
        return
    point.arrivals += 1
    kind = point.plan.get(point.arrivals)
    if kind in ("torn", "enospc") and half is not None:
        half()
    if kind in ("torn", "kill"):
        _die()
    if kind == "enospc":
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def arm(text: str) -> None:
    """Arm the points of a text like that of the environment, and no others; raises ``InputError``."""
    points = _points(text)
    _armed.clear()
    _armed.update(points)


@contextmanager
def armed(text: str) -> Iterator[None]:
    """The points of a text armed for a while."""
    arm(text)
    try:
        yield
    finally:
        _armed.clear()


def _points(text: str) -> dict[str, _Point]:
    points: dict[str, _Point] = {}
    for part in filter(None, text.split(",")):
        name, kind, arrival = _parsed(part)
        points.setdefault(name, _Point({})).plan[arrival] = kind
    return points


def _parsed(part: str) -> tuple[str, str, int]:
    """Name, kind and arrival of ``name=kind@arrival``."""
    name, _, what = part.strip().partition("=")
    kind, _, arrival = what.partition("@")
    arrival = arrival or "1"
    if name not in POINTS or kind not in KINDS or not arrival.isdecimal() or int(arrival) < 1:
        raise InputError(
            f"{VARIABLE}: {part.strip()!r} is no name=kind@arrival. "
            f"Kinds: {', '.join(KINDS)}. Names: {', '.join(POINTS)}."
        )
    return name, kind, int(arrival)


def _die() -> None:
    """End as a process ends that is killed: nothing is flushed, nothing tidied up."""
    if hasattr(signal, "SIGKILL"):
        os.kill(os.getpid(), signal.SIGKILL)
    os._exit(KILLED)


_armed = _points(os.environ.get(VARIABLE, ""))
