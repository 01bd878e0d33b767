"""What can go wrong, as a tree.

    GridPactError
    ├── InputError        the case, the study or an argument is wrong; ``.issues`` names every mistake
    ├── InfeasibleError   no dispatch satisfies all limits, or the cost has no lower bound
    ├── NotConverged      a solver or an algorithm stopped at its limit without an answer
    ├── ArchiveError      a run folder is incomplete, was changed, or is none
    ├── WorkerLost        the processes that ran a task died, or none could be started
    ├── Refused           somebody is not who the roster of the market says, or called out of turn
    └── Unreachable       the coordinator cannot be reached, or hangs; or not all parties have joined it in time

Each class carries the exit code of the command line as ``exit_code``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Issue:
    """One mistake in the input: where it is, what is wrong, and what to do about it.

    ``row`` counts lines of the file, the header being row 1; it is 0 where no single row is to blame.
    """

    message: str
    fix: str
    file: str = ""
    row: int = 0
    column: str = ""
    value: str = ""

    def __str__(self) -> str:
        spots = [self.file, f"row {self.row}" if self.row else "", f"column {self.column}" if self.column else ""]
        where = ", ".join(spot for spot in spots if spot)
        value = f" (value: {self.value!r})" if self.value else ""
        return f"{where}{': ' if where else ''}{self.message}{value}. {self.fix}"

    def as_dict(self) -> dict[str, str | int]:
        return asdict(self)


class GridPactError(Exception):
    """Base of all errors that GridPact raises on purpose."""

    exit_code = 1


class InputError(GridPactError):
    """The input is wrong; ``issues`` lists every mistake found."""

    exit_code = 2

    def __init__(self, issues: Sequence[Issue] | str) -> None:
        self.issues = [Issue(issues, "")] if isinstance(issues, str) else list(issues)
        super().__init__("\n".join(str(issue).strip() for issue in self.issues))

    def __reduce__(self) -> tuple[type[InputError], tuple[list[Issue]]]:
        """Made again from its issues: the default, from its message, would lose them or change the message."""
        return type(self), (self.issues,)


class InfeasibleError(GridPactError):
    """No dispatch satisfies all limits, or the cost can fall without bound.

    ``diagnosis`` lists what to relax, one record per limit and step: snapshot, constraint, component, end,
    relax_by, unit. It is empty where nothing could be named, and where the market is ``unbounded``.
    """

    exit_code = 3

    def __init__(self, message: str, diagnosis: Sequence[Mapping[str, Any]] = (), *, unbounded: bool = False) -> None:
        self.diagnosis = list(diagnosis)
        self.unbounded = unbounded
        super().__init__(message)


class NotConverged(GridPactError):
    """A solver or an algorithm stopped at its limit without an answer."""

    exit_code = 5


class ArchiveError(GridPactError):
    """A run folder is incomplete, was changed after it was written, or is none."""

    exit_code = 4


class WorkerLost(GridPactError):
    """The worker processes that ran a task died, or no worker could be started or reached."""


class Refused(GridPactError):
    """An identity was refused: a certificate is not the one that the roster of the market states."""

    exit_code = 4


class Unreachable(GridPactError):
    """The coordinator, or by it a party, was not reached, or did not answer, within the time given: try again."""

    exit_code = 5
