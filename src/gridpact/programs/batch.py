"""Batches: many independent tasks, one after the other here, or side by side on a Dask cluster.

    for outcome in run_batch(solve_day, days, workers=4):
        ...  # outcome.task says which day, in the order in which they finish

Without a cluster nothing of Dask is imported. ``programs/cluster.py`` starts local workers and reaches those of a user.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from gridpact.errors import InputError, Issue

if TYPE_CHECKING:
    from distributed import Security

T = TypeVar("T")
R = TypeVar("R")
TLS = "tls://"


@dataclass(frozen=True)
class Outcome(Generic[R]):
    """What became of one task: its value, or its error.

    ``task`` is its position among the tasks; ``error`` is what the task raised, or ``WorkerLost``.
    """

    task: int
    value: R | None = None
    error: Exception | None = None


class Pool(Protocol):
    """Where batches run."""

    def run(self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[Outcome[R]]:
        """The outcomes of all tasks as they finish, in any order."""
        ...  # pragma: no cover


class InProcess:
    """One task after the other, in this process."""

    def run(self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[Outcome[R]]:
        for number, task in enumerate(tasks):
            yield attempted(number, lambda task=task: function(task))  # type: ignore[misc]


def attempted(task: int, work: Callable[[], R]) -> Outcome[R]:
    """The outcome of ``work``. Whatever it raises is handed on as its error; the other tasks go on."""
    try:
        return Outcome(task, work())
    except Exception as error:
        return Outcome(task, error=error)


@contextmanager
def open_pool(
    *, workers: int = 1, address: str | None = None, security: Security | None = None, attempts: int = 3
) -> Iterator[Pool]:
    """A pool for several batches in a row: its workers keep what they hold in module-level caches.

    The arguments are those of ``run_batch``.
    """
    _check(workers, address, attempts)
    with _pool(workers, address, security, attempts) as pool:
        yield pool


def run_batch(
    function: Callable[[T], R],
    tasks: Sequence[T],
    *,
    workers: int = 1,
    address: str | None = None,
    security: Security | None = None,
    attempts: int = 3,
) -> Iterator[Outcome[R]]:
    """Apply ``function`` to every task and yield the outcomes as they finish.

    One worker works in this process, on the objects themselves. More are processes of their own on 127.0.0.1, with one
    thread each, joined by TLS with a key of their own; arguments and values travel as copies. ``address``
    (``tls://host:port``) is a user's Dask cluster, on which this package must be installed; ``security`` holds its
    certificates, where Dask's configuration does not.

    A task whose worker dies runs again, so a task may run more than once. After ``attempts`` deaths of its own, the
    last with the worker to itself, it is given up as ``WorkerLost`` (a user's cluster only reports every
    ``distributed.scheduler.allowed-failures`` + 1 deaths). At most two tasks per worker are on their way, so memory
    stays flat. Closing the iterator ends the workers.

    Raises ``InputError`` for wrong arguments, ``WorkerLost`` where no worker can be started or the user's cluster is
    gone, ``OSError`` where that cannot be reached.
    """
    _check(workers, address, attempts)
    return _run(function, tasks, _pool(workers, address, security, attempts))


def _run(function: Callable[[T], R], tasks: Sequence[T], opening: AbstractContextManager[Pool]) -> Iterator[Outcome[R]]:
    with opening as pool:
        yield from pool.run(function, tasks)


def _pool(workers: int, address: str | None, security: Security | None, attempts: int) -> AbstractContextManager[Pool]:
    if address is None and workers == 1:
        return nullcontext(InProcess())
    from gridpact.programs import cluster

    if address is None:
        return cluster.local(workers, attempts)
    return cluster.remote(address, security, workers, attempts)


def _check(workers: int, address: str | None, attempts: int) -> None:
    """Refuse what cannot be meant, before anything is started."""
    for name, number in {"workers": workers, "attempts": attempts}.items():
        if number < 1:
            raise InputError([Issue(f"{name} must be at least 1", f"Set {name} to 1 or more", value=str(number))])
    if address is not None and not address.startswith(TLS):
        fix = "Start scheduler and workers with --tls-ca-file, --tls-cert and --tls-key and give the address as tls://host:port"
        raise InputError([Issue("A cluster is reached over TLS only", fix, value=address)])
