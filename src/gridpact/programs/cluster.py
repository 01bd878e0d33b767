"""Where the workers of a batch come from: processes on 127.0.0.1, or a user's Dask cluster.

Dask moves objects between processes as pickles, and a pickle can run code. So all of them hold the same TLS key: one
made for this cluster alone, which other users of the machine do not have, or that of the user's own cluster.
"""
# mypy: allow-untyped-calls

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dask
from distributed import Client, Scheduler, Security, SpecCluster

from gridpact.errors import InputError, Issue, WorkerLost
from gridpact.programs.dask_pool import TASKS_PER_WORKER, DaskPool
from gridpact.programs.worker import HOST, READY

START_SECONDS = 60.0
START_FAILURES = 3
SINGLE_THREAD = {
    f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "BLIS", "NUMEXPR", "RAYON")
} | {"VECLIB_MAXIMUM_THREADS": "1"}
SCHEDULER_SETTINGS = {
    "distributed.scheduler.work-stealing": False,  # a task belongs to its seat
    "distributed.scheduler.http.routes": [],
    "distributed.scheduler.preload": [],
}


class Workers:
    """The worker processes of a local cluster, one per seat."""

    def __init__(self, seats: Sequence[str], order: dict[str, Any], folder: Path) -> None:
        self.order, self.folder, self.number = order, folder, count()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.folders: dict[str, Path] = {}
        self.failures = 0
        for seat in seats:
            self._start(seat)

    def _start(self, seat: str) -> None:
        name = f"worker-{next(self.number)}"
        folder = self.folders[seat] = self.folder / name
        folder.mkdir()
        command = [sys.executable, "-P", "-m", "gridpact.programs.worker"]
        process = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.PIPE, stdout=2, env=_environment(), start_new_session=True
        )
        self.processes[seat] = process
        order = {**self.order, "seat": seat, "name": name, "folder": str(folder)}
        assert process.stdin is not None
        with suppress(BrokenPipeError):  # it has died already: ``mend`` counts that
            process.stdin.write(json.dumps(order).encode() + b"\n")
            process.stdin.flush()

    def ready(self) -> bool:
        return all((folder / READY).exists() for folder in self.folders.values())

    def mend(self) -> None:
        """Replace dead workers. Raises ``WorkerLost`` where several in a row die before they are ready."""
        for seat, process in list(self.processes.items()):
            if process.poll() is None:
                continue
            self.failures = 0 if (self.folders[seat] / READY).exists() else self.failures + 1
            if self.failures == START_FAILURES:
                raise WorkerLost(f"No worker can be started: the last one ended with exit code {process.returncode}")
            self._kill(process)
            self._start(seat)

    def end(self) -> None:
        for process in self.processes.values():
            self._kill(process)

    @staticmethod
    def _kill(process: subprocess.Popen[bytes]) -> None:
        """End a worker and what its tasks have started."""
        assert process.stdin is not None
        with suppress(ProcessLookupError):
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
        process.wait()
        with suppress(BrokenPipeError):
            process.stdin.close()


def _environment() -> dict[str, str]:
    """This process's environment and module path, one thread for linear algebra, and nothing printed kept back."""
    path = os.pathsep.join(folder or str(Path.cwd()) for folder in sys.path)
    return {**os.environ, **SINGLE_THREAD, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}


@contextmanager
def local(workers: int, attempts: int) -> Iterator[DaskPool]:
    """A scheduler in this process and ``workers`` processes, all listening on 127.0.0.1 only and joined by TLS."""
    seats = [f"seat-{number}" for number in range(workers)]
    security = Security.temporary()
    with ExitStack() as stack:
        stack.enter_context(quiet())
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="gridpact-")))
        cluster = stack.enter_context(_scheduler(security, folder))
        order = {"scheduler": cluster.scheduler_address, "security": _as_text(security)}
        processes = Workers(seats, order, folder)
        stack.callback(processes.end)
        client = stack.enter_context(Client(cluster, set_as_default=False))
        _await_ready(processes)
        yield DaskPool(client, dict.fromkeys(seats, TASKS_PER_WORKER), attempts, processes.mend, folder)


def _scheduler(security: Security, folder: Path) -> SpecCluster:
    """A cluster without workers yet. None is ever given up for its silence: a solver may hold the interpreter."""
    options = {
        "host": HOST,
        "port": 0,
        "protocol": "tls://",
        "security": security,
        "local_directory": str(folder),
        "dashboard": False,
        "dashboard_address": f"{HOST}:0",
        "allowed_failures": 0,  # the pool counts itself, and fairly
        "worker_ttl": None,
    }
    with dask.config.set(SCHEDULER_SETTINGS):
        return SpecCluster(scheduler={"cls": Scheduler, "options": options}, security=security)


def _as_text(security: Security) -> dict[str, Any]:
    """A ``Security`` whose keys are held in memory, as the arguments that make another one."""
    names = [
        "tls_ca_file",
        *(f"tls_{role}_{part}" for role in ("client", "worker", "scheduler") for part in ("cert", "key")),
    ]
    return {"require_encryption": True} | {name: getattr(security, name) for name in names}


def _await_ready(workers: Workers) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not workers.ready():
        workers.mend()
        if time.monotonic() > deadline:
            raise WorkerLost(f"The workers are not ready after {START_SECONDS:.0f} seconds")
        time.sleep(0.02)


@contextmanager
def remote(address: str, security: Security | None, workers: int, attempts: int) -> Iterator[DaskPool]:
    """A user's own cluster; ``workers`` matters where it still has fewer threads than that."""
    security = security or Security()
    if security.get_connection_args("client").get("ssl_context") is None:
        fix = "Pass security=distributed.Security(tls_ca_file=..., tls_client_cert=..., tls_client_key=...)"
        raise InputError([Issue("The cluster needs certificates", fix, value=address)])
    with quiet():
        client = Client(address, security=security, set_as_default=False)
        try:
            threads = max(workers, sum(client.nthreads().values()))
            yield DaskPool(client, {"": TASKS_PER_WORKER * threads}, attempts, partial(_raise_if_gone, client, address))
        finally:
            _close(client)


def _close(client: Client) -> None:
    """Close; an attempt to reconnect to a cluster that is gone may be in the way of the first try."""
    try:
        client.close()
    except ValueError:  # tornado: a stream in the midst of a handshake
        client.close()


def _raise_if_gone(client: Client, address: str) -> None:
    if client.status != "running":
        raise WorkerLost(f"The connection to the cluster at {address} is lost")


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Dask's log and advice off the standard error: what matters comes back as outcomes and exceptions."""
    logger = logging.getLogger("distributed")
    handlers, propagate = logger.handlers, logger.propagate
    logger.handlers, logger.propagate = [logging.NullHandler()], False
    try:
        with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 PB"}):
            yield
    finally:
        logger.handlers, logger.propagate = handlers, propagate
