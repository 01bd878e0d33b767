"""A process that runs ``gridpact validate`` in children of its own, each within limits.

Each line of the input is a path, the answer a JSON object: exit code (negative: the signal that ended it), CPU
seconds, the most memory it held in MB, and what it said.
"""

import json
import os
import resource
import sys
import tempfile
from pathlib import Path

import gridpact as gp
from gridpact.cli import main

CPU_SECONDS = 5
BASE = Path(__file__).resolve().parents[1] / "cases" / "bad" / "base"


def validate(path: str, said: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    os.dup2(said, 1)
    os.dup2(said, 2)
    code = main(["validate", path])
    sys.stdout.flush()
    sys.stderr.flush()
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    peak = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    os.write(said, f"\n{peak}".encode())
    os._exit(code)


assert gp.validate(BASE) == []  # what is imported on the way is loaded once, not in every child
for line in sys.stdin:
    with tempfile.TemporaryFile() as said:
        child = os.fork()
        if child == 0:
            validate(line.strip("\n"), said.fileno())
        _, status, used = os.wait4(child, 0)
        said.seek(0)
        text, _, peak = said.read().decode().rpartition("\n")
        code, seconds = os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime
        answer = {"code": code, "seconds": seconds, "megabytes": int(peak) / 1024 if peak.isdecimal() else None}
        print(json.dumps(answer | {"said": text}), flush=True)
