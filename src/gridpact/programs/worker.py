"""One worker of the local cluster: ``python -P -m gridpact.programs.worker``, started by ``programs/cluster.py``.

Its order comes as one line of JSON on the standard input, which stays open as long as whoever gave it lives.
When it closes, the worker ends at once, in the middle of a task if need be: no process is left behind.
"""
# mypy: allow-untyped-calls

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
import threading
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
READY = "ready"  # this file in the worker's folder says that it has joined the cluster
SETTINGS = {
    "logging": {"distributed": "critical", "tornado": "critical", "asyncio": "critical"},
    "distributed.worker.http.routes": [],
    "distributed.worker.preload": [],
    "distributed.worker.profile.enabled": False,
}


def main() -> None:
    order = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, args=(os.dup(0), Path(order["folder"])), daemon=True).start()
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)  # a task that reads its input must not read ours
    os.close(nothing)
    asyncio.run(_work(order))


def _end_with_parent(pipe: int, folder: Path) -> None:
    """Wait until the input closes; then remove the cluster's files, for whoever made them is gone, and end."""
    os.read(pipe, 1)
    shutil.rmtree(folder.parent, ignore_errors=True)  # the other workers do the same at the same time
    os._exit(0)


async def _work(order: dict[str, Any]) -> None:
    """Join the cluster and work until the scheduler is gone."""
    import dask

    dask.config.set(SETTINGS)  # before Dask's first use of its loggers
    from distributed import Security, Worker

    worker = Worker(
        order["scheduler"],
        name=order["name"],
        nthreads=1,
        resources={order["seat"]: 1},
        security=Security(**order["security"]),
        host=HOST,
        dashboard_address=f"{HOST}:0",
        local_directory=order["folder"],
        memory_limit=0,  # results leave at once: there is nothing to spill, and no reason to pause
    )
    async with worker:
        Path(order["folder"], READY).touch()
        await worker.finished()


if __name__ == "__main__":
    main()
