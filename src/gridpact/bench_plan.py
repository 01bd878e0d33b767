"""What a plan costs: the search for it by size and limits, the check of its year, the days that stand for the year.

    gridpact bench --plan [--quick] [--repeat N] [-o benchmarks/planning.md]

Figures are medians of ``repeat`` runs. A search counts from a case that was read to a proven gap: typical days,
programs of the days, workers, relaxation, decomposition; without operation, tables and certificate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from gridpact import examples
from gridpact.bench_game import _table
from gridpact.bench_page import written
from gridpact.case.case import Case
from gridpact.examples.synthetic_planning import synthetic_planning
from gridpact.io.folder import read_case
from gridpact.plans.study import search_of

Tell = Callable[[str], None]
EXAMPLE = "ieee33-planning"
WORKERS = 2
SAIDI_SHARE = 0.3


@dataclass(frozen=True)
class PlanBench:
    """Rows by search, and by part of the year's check; each maps names of figures to numbers."""

    searches: Mapping[str, Mapping[str, float]]
    parts: Mapping[str, Mapping[str, float]]
    machine: str
    repeat: int

    def markdown(self) -> str:
        head = f"# Time of a plan\n\nMedians of {self.repeat} runs, {WORKERS} workers. {self.machine}."
        return "\n\n".join([head, SEARCHES, _table(self.searches, "search"), PARTS, _table(self.parts, "part")]) + "\n"

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("searches", "parts", "machine", "repeat")}

    def write(self, path: str | Path) -> tuple[Path, Path]:
        """The page at ``path`` and the figures beside it as JSON; both are overwritten."""
        return written(path, self.markdown(), self.as_dict())


SEARCHES = (
    "`seconds`: from a case that was read to the plan, proven within `asked`; `gap`: the proven one, relative; "
    "`integers`, `snapshots`: size; `turns`: masters solved. The first three rows are ieee33-planning without ties and "
    "switches; in the next SAIDI is at most 30 % of today's, with all candidates; the last is a synthetic feeder."
)
PARTS = (
    "The year of ieee33-planning: 365 days cleared with the plan built and judged (`year check`), and from 365 days to "
    "the typical ones (`typical days`), in seconds."
)


def run_plan_bench(*, quick: bool = False, repeat: int = 3, tell: Tell = print) -> PlanBench:
    """Measure; ``quick`` leaves out all but the smallest search and the typical days."""
    from gridpact.bench import _machine

    searches = {}
    for name, (make, settings) in list(SEARCHED.items())[: 1 if quick else None]:
        searches[name] = _measured(lambda make=make, settings=settings: _search(make(), settings), repeat)  # type: ignore[misc]
        tell(f"{name}: {searches[name]}")
    parts = {"typical days": _measured(_typical, repeat)}
    if not quick:
        parts["year check"] = _measured(_year, repeat)
    tell(f"{parts}")
    return PlanBench(searches, parts, _machine(), repeat)


def _measured(run: Callable[[], Mapping[str, float]], repeat: int) -> dict[str, float]:
    runs = [run() for _ in range(repeat)]
    return {name: float(median(one[name] for one in runs)) for name in runs[0]}


def _example() -> Case:
    return read_case(examples.path(EXAMPLE) / "case")


def without_switches(case: Case) -> Case:
    """The case without candidates that only serve reliability."""
    gone = ("tie_candidates", "protection_candidates")
    tables = {name: table.iloc[:0] if name in gone else table for name, table in case.tables.items()}
    return replace(case, tables=tables).marked_validated()


def _plants() -> Case:
    return without_switches(_example())


def _few(days: int) -> dict[str, Any]:
    return {"typical_days": days, "extreme_days": False}


SEARCHED: dict[str, tuple[Callable[[], Case], dict[str, Any]]] = {
    "33 nodes, 4 days": (_plants, _few(4)),
    "33 nodes, 8 days": (_plants, _few(8)),
    "33 nodes, 12 days": (_plants, _few(12)),
    "33 nodes, 4 days, SAIDI 30 %": (_example, _few(4) | {"saidi_limit_h": SAIDI_SHARE}),
    "141 nodes, 4 days": (lambda: synthetic_planning(141), _few(4) | {"gap": 5e-3}),
}


def _search(case: Case, settings: Mapping[str, Any]) -> dict[str, float]:
    given = dict(settings)
    if "saidi_limit_h" in given:
        from gridpact.planning.reliability.indices import reliability

        given["saidi_limit_h"] *= float(reliability(case)["reliability_system"]["saidi_h"].iloc[0])
    began = perf_counter()
    problem, found = search_of(case, workers=WORKERS, **given)
    return {
        "seconds": perf_counter() - began,
        "gap": found.last.gap,
        "asked": given.get("gap", 1e-3),
        "integers": float(problem.candidates.count),
        "snapshots": float(problem.days.case.steps),
        "turns": float(found.last.iteration),
    }


def _typical() -> dict[str, float]:
    from gridpact.planning.scenarios.typical import typical_days

    case = _example()
    began = perf_counter()
    typical_days(case, 8)
    return {"seconds": perf_counter() - began, "days": 365.0}


def _year() -> dict[str, float]:
    from gridpact.days import clear_days

    case = _plants()
    with TemporaryDirectory() as folder:
        from gridpact.case.planned import planned_case

        design = {"pv-7": 3, "pv-25": 3, "wind-29": 3, "battery-18": 1}
        began = perf_counter()
        run = clear_days(planned_case(case, design), out=Path(folder) / "year", workers=WORKERS)
        seconds = perf_counter() - began
    return {
        "seconds": seconds,
        "days": float(len(run.table("days"))),
        "days left": float(len(run.summary["days_left"])),
    }
