"""The tasks of a batch on their way to the workers of a Dask cluster and back.

Each local worker has a seat, a Dask resource of its own, and every task is sent to one seat: the one that runs and,
while tasks are short, the one that waits beside it. When a worker dies, both come back, and only one is to blame. So
each of them runs again with a worker to itself, and is given up only when that one dies too. An innocent task is never
lost with a guilty one.
"""
# mypy: allow-untyped-calls

from __future__ import annotations

import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import count, islice
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar
from uuid import uuid4

from distributed import Client, Future, KilledWorker
from distributed.protocol.serialize import deserialize_bytes, serialize_bytes

from gridpact.errors import GridPactError, WorkerLost
from gridpact.programs.batch import Outcome, attempted

T = TypeVar("T")
R = TypeVar("R")
POLL_SECONDS = 0.1
SHORT_SECONDS = 1.0  # a way there and back costs some 10 ms: only beside shorter tasks is it worth waiting at the seat
TASKS_PER_WORKER = 2  # one runs, and where tasks are short the next is there when it ends


def packed(thing: object) -> bytes:
    """As Dask sends it: pickled, and by value what another process cannot import."""
    return serialize_bytes(thing, on_error="raise")


@lru_cache(maxsize=2)
def _read(path: str) -> bytes:
    return Path(path).read_bytes()


@lru_cache(maxsize=2)
def _function(content: bytes) -> Callable[[Any], Any]:
    """The function of a batch, made once per worker, so that what it holds stays there."""
    function: Callable[[Any], Any] = deserialize_bytes(content)
    return function


def _applied(source: bytes | str, content: bytes) -> Any:
    function = _function(source if isinstance(source, bytes) else _read(source))
    return function(deserialize_bytes(content))


def perform(source: bytes | str, task: int, content: bytes) -> bytes:
    """Run one task on a worker; its errors travel as values, since Dask would shorten long ones."""
    outcome = attempted(task, lambda: _applied(source, content))
    if outcome.error is not None:
        return packed(Outcome(task, error=_portable(outcome.error)))
    try:
        return packed(outcome)
    except Exception as error:
        return packed(Outcome(task, error=_portable(error)))


def _portable(error: Exception) -> Exception:
    """The error itself, an unexpected one with its traceback as a note; a stand-in where it cannot be sent."""
    if not isinstance(error, GridPactError):
        error.add_note("On a worker: " + "".join(traceback.format_exception(error)).rstrip())
    copy = attempted(0, lambda: deserialize_bytes(packed(error)))
    return error if type(copy.value) is type(error) else _stand_in("error", error)


def _stand_in(what: str, error: Exception) -> Exception:
    text = "".join(traceback.format_exception(error)).rstrip()
    return RuntimeError(f"The {what} of a task cannot be sent from process to process: {text}")


class DaskPool:
    """Runs batches with a client's workers.

    ``seats`` says how many tasks may be on their way to each seat; the seat "" is any worker of a user's cluster.
    ``mend`` is called while waiting: it replaces dead workers, or raises ``WorkerLost``. A function goes through
    ``folder`` where the workers can read it, else with every task.
    """

    def __init__(
        self,
        client: Client,
        seats: Mapping[str, int],
        attempts: int,
        mend: Callable[[], None],
        folder: Path | None = None,
    ) -> None:
        self.client, self.seats, self.attempts, self.mend, self.folder = client, seats, attempts, mend, folder

    def run(self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[Outcome[R]]:
        """The outcomes of all tasks as they finish; the next tasks leave before an outcome is handed out."""
        with self._shared(packed(function)) as source:
            flights = Flights(self, source, tasks)
            try:
                flights.fill()
                while flights.running or flights.suspects:
                    landed = flights.land()
                    flights.fill()
                    yield from landed
            finally:
                flights.cancel()

    @contextmanager
    def _shared(self, content: bytes) -> Iterator[bytes | str]:
        """What tells a worker the function: where it lies, or the function itself."""
        if self.folder is None:
            yield content
            return
        path = self.folder / f"function-{uuid4().hex}"
        path.write_bytes(content)
        try:
            yield str(path)
        finally:
            path.unlink()


@dataclass
class Flight:
    """A task on its way: its content, where to, how much of the seat it takes, how many workers have died under it.

    A ``witness`` waited at the seat of a worker that has died, and knows it only when its own turn to land comes.
    """

    task: int
    content: bytes
    seat: str = ""
    room: int = 0
    sent: float = 0.0
    deaths: int = 0
    witness: bool = False
    future: Future[bytes] | None = None


class Flights:
    """All tasks of one batch: those that wait, those on their way, and those under suspicion."""

    def __init__(self, pool: DaskPool, function: bytes | str, tasks: Sequence[Any]) -> None:
        self.pool, self.function = pool, function
        self.name = f"gridpact-{uuid4().hex}"
        self.free = dict(pool.seats)
        self.short: set[str] = set()  # the seats whose last task was short
        self.waiting = iter(enumerate(tasks))
        self.serial = count()
        self.suspects: deque[Flight] = deque()
        self.running: dict[int, Flight] = {}
        self.landed: SimpleQueue[Outcome[Any]] = SimpleQueue()

    def fill(self) -> None:
        """Send all tasks for which there is room; suspects go first, and each waits until a seat is empty."""
        while True:
            seat = max(self.free, key=self.free.__getitem__)
            if self.free[seat] <= self._reserve(seat):
                return
            room = self.free[seat] if self.suspects else 1
            flight = self.suspects.popleft() if self.suspects else self._prepared()
            if flight is None:
                return
            flight.seat, flight.room, flight.sent = seat, room, time.monotonic()
            self._send(flight)

    def _reserve(self, seat: str) -> int:
        """The room that stays free: no task waits beside a suspect, or beside one that may take long."""
        if self.suspects:
            return self.pool.seats[seat] - 1
        return 0 if seat in self.short else self.pool.seats[seat] // TASKS_PER_WORKER

    def _prepared(self) -> Flight | None:
        for number, task in islice(self.waiting, 1):
            content = attempted(number, lambda task=task: packed(task))  # type: ignore[misc]
            if content.error is not None:
                self.landed.put(content)
            return Flight(number, content.value or b"")
        return None

    def _send(self, flight: Flight) -> None:
        self.free[flight.seat] -= flight.room
        self.running[flight.task] = flight
        if not flight.content:
            return
        flight.future = self.pool.client.submit(
            perform,
            self.function,
            flight.task,
            flight.content,
            key=f"{self.name}-{flight.task}-{next(self.serial)}",
            resources={flight.seat: 1} if flight.seat else None,
            pure=False,
        )
        flight.future.add_done_callback(lambda future: self.landed.put(_outcome(flight.task, future)))

    def land(self) -> list[Outcome[Any]]:
        """The next outcome, or none where its worker died and the task must run again."""
        outcome = self._next()
        if isinstance(outcome.error, KilledWorker):
            self._count_death(self.running[outcome.task], outcome.error)
        flight = self.running.pop(outcome.task)
        self.free[flight.seat] += flight.room
        (self.short.add if time.monotonic() - flight.sent < SHORT_SECONDS else self.short.discard)(flight.seat)
        return self._judged(flight) if isinstance(outcome.error, KilledWorker) else [outcome]

    def _next(self) -> Outcome[Any]:
        while True:
            self.pool.mend()
            with suppress(Empty):
                return self.landed.get(timeout=POLL_SECONDS)

    def _count_death(self, flight: Flight, death: KilledWorker) -> None:
        """Count a death for the task that ran, the first on its seat; any task of a user's cluster may have run."""
        mates = [mate for mate in self.running.values() if mate.seat == flight.seat]  # in the order they were sent
        if not flight.seat or (mates[0] is flight and not flight.witness):
            flight.deaths += death.allowed_failures + 1
        flight.witness = False
        for mate in mates[mates.index(flight) + 1 :]:
            mate.witness = True

    def _judged(self, flight: Flight) -> list[Outcome[Any]]:
        """Give up a task under which enough workers have died, provided that it was alone with the last one."""
        if flight.deaths < self.pool.attempts or flight.room < self.pool.seats[flight.seat]:
            self.suspects.append(flight)
            return []
        message = f"Task {flight.task} was given up: {flight.deaths} worker processes died while they ran it"
        return [Outcome(flight.task, error=WorkerLost(message))]

    def cancel(self) -> None:
        """Forget what is still on its way."""
        futures = [flight.future for flight in self.running.values() if flight.future is not None]
        if futures:
            self.pool.client.cancel(futures, force=True)


def _outcome(task: int, future: Future[bytes]) -> Outcome[Any]:
    """What came back for one task: the worker's own outcome, or why there is none."""
    try:
        return deserialize_bytes(future.result())  # type: ignore[no-any-return]
    except Exception as error:
        return Outcome(task, error=error)
