"""Where the time of a clearing goes: building, solving, reading prices, certifying, archiving.

    python benchmarks/clearing.py [REPETITIONS]

prints a table and writes it, with the versions and the machine, to benchmarks/clearing.md. Every figure is a median;
``ratio`` is building, solving and reading the prices over the conic solver's own time, run by run.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import gridpact as gp
from gridpact.certificates.judge import certify
from gridpact.markets.cleared import Cleared
from gridpact.markets.outcome import outcome_tables
from gridpact.markets.pool import clearing_program, formulation_named, market_network
from gridpact.programs.solve import solve
from gridpact.programs.standard_form import compile_program

CASES: dict[str, Callable[[], gp.Case]] = {
    "33 buses x 24 steps (ieee33-day)": lambda: gp.read_case(gp.examples.path("ieee33-day") / "case"),
    "906 buses x 24 steps": lambda: gp.synthetic_feeder(906),
    "5,000 buses x 1 step": lambda: gp.synthetic_feeder(5_000, steps=1),
    "10,000 buses x 1 step": lambda: gp.synthetic_feeder(10_000, steps=1),
}
PACKAGES = ("numpy", "scipy", "clarabel", "pandas", "power-grid-model")


def timed(call: Callable[[], Any]) -> tuple[Any, float]:
    start = perf_counter()
    return call(), perf_counter() - start


def once(case: gp.Case) -> dict[str, float]:
    """Seconds of one clearing by stage."""
    soc = formulation_named("soc")

    def build() -> Any:
        network = market_network(case, soc)
        return network, compile_program(clearing_program(case, network, soc))

    (network, form), building = timed(build)
    solution, solving = timed(lambda: solve(form))
    _, reading = timed(lambda: outcome_tables(Cleared(case, network, soc, form, solution)))
    run = gp.clear(case, price_probes=0)
    _, certifying = timed(lambda: certify(run.record))
    with tempfile.TemporaryDirectory() as folder:
        _, archiving = timed(lambda: run.save(Path(folder) / "run"))
    seconds = {"build": building, "solver": solution.seconds, "prices": reading}
    seconds |= {"certificate": certifying, "archive and report": archiving}
    return seconds | {"ratio": (building + solving + reading) / solution.seconds}


def main() -> None:
    repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    lines = [
        "| case | build s | solver s | prices s | certificate s | archive and report s | ratio |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, make in CASES.items():
        case = make()
        once(case)  # imports and caches
        runs = [once(case) for _ in range(repetitions)]
        figures = [f"{median(run[stage] for run in runs):.3f}" for stage in runs[0]]
        lines.append(f"| {name} | " + " | ".join(figures) + " |")
        print(lines[-1], flush=True)
    Path(__file__).with_suffix(".md").write_text(document(lines, repetitions), encoding="utf-8")


def document(lines: list[str], repetitions: int) -> str:
    from importlib.metadata import version

    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    machine = f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}, Python {platform.python_version()}"
    counted = f"Medians of {repetitions} runs after one that does not count."
    head = f"# Time of a clearing\n\n{counted} {machine}; {versions}.\n\n"
    tail = "`ratio` is building, solving and reading the prices over the conic solver's own time.\n"
    return head + "\n".join(lines) + "\n\n" + tail


if __name__ == "__main__":
    main()
