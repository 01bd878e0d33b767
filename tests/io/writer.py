"""A process that writes runs in children of its own, so that they can be killed at any moment.

Each line of the input is a JSON object: ``out`` names the run folder, ``seconds`` says when to kill the child from
outside, ``step`` at which call of fsync it kills itself. The answer is its return code (negative: the signal).
"""

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet  # noqa: F401  (loaded once, not in every child)

from gridpact.io.archive import write_run
from gridpact.io.folder import read_case
from tests.io.made import record

MADE = record(read_case(Path(__file__).resolve().parents[1] / "cases" / "bad" / "base"))


def write(order: dict[str, Any]) -> None:
    calls, fsync = iter(range(10_000)), os.fsync

    def fatal_fsync(handle: int) -> None:
        if next(calls) == order.get("step"):
            os.kill(os.getpid(), signal.SIGKILL)
        fsync(handle)

    os.fsync = fatal_fsync
    write_run(MADE, order["out"], {"report.html": "<p>" + "x" * 200_000})


for line in sys.stdin:
    order = json.loads(line)
    child = os.fork()
    if child == 0:
        write(order)
        os._exit(0)
    if "seconds" in order:
        time.sleep(order["seconds"])
        os.kill(child, signal.SIGKILL)  # not yet waited for, so this is still the child, dead or alive
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
