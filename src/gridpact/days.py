"""A long horizon, day by day: cleared in parts by any number of workers, kept part by part, resumed where it stopped.

    OUT.unfinished/            while it grows
      request.json             what was asked; a run that asks the same goes on from here
      parts/2030-01-01/        runs of their own, each with its certificate and manifest
    OUT/                       renamed once all days are done
      request.json  study.toml  case/  summary.json  certificate.json  tables/days.parquet  parts/  manifest.json

A part holds some weeks: their program is built at once and falls into one block per day, and blocks with the same
matrices share one compiled program (see ``programs.blocks`` and ``programs.conic``).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from gridpact.case.case import Case
from gridpact.clearing import check_settings, clear, heat_settings
from gridpact.errors import ArchiveError, InfeasibleError, InputError, Issue, NotConverged, WorkerLost
from gridpact.results.days import QUESTION, days_summary, frame_of_days
from gridpact.results.record import Record
from gridpact.run import Run

PART_SIZE = 30_000  # buses x steps: enough to make the cost of a part small, little enough for any memory
LEAST_PARTS = 8  # so that a few workers have something to share


@dataclass(frozen=True)
class Part:
    """Consecutive days to be cleared, kept as the run folder ``folder/parts/<first day>``."""

    case: Case
    folder: str
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Left:
    """A day that could not be cleared: its first step, why in one word, and in full."""

    start: pd.Timestamp
    status: str
    message: str


def clear_days(
    case: Case | str | Path,
    *,
    out: str | Path | None = None,
    window: str = "",
    workers: int = 1,
    cluster: str = "",
    formulation: str = "soc",
    exactness: str = "repair",
    solver: str = "clarabel",
    price_probes: int = 0,
    heat_dynamics: str = "quasi_dynamic",
    heat_flow: str = "constant",
    progress: bool = False,
) -> Run:
    """Clear every day of a long horizon as a market of its own: a year, or any number of days.

    ``window`` is "day" or "week" of local time; left out, it is that of the case, days where it has none. Storages
    begin each window with their initial energy and may not end below it; ramps, minimum times and shiftable energy do
    not reach across, and a short window at an end needs the shiftable energy of a whole one. ``workers`` processes
    share the work on this computer; ``cluster`` is the address (tls://...) of a Dask cluster that sees the same files,
    its certificates in Dask's own configuration. The other settings are those of ``clear``; ``price_probes`` counts for
    every part, a part being some weeks.

    The run grows in the folder ``out`` + ".unfinished" and is renamed to ``out`` at the end. After an interruption,
    or a lost machine, the same call goes on where it stopped. A day that cannot be cleared is listed in the table
    ``days``, with the reason in ``summary["days_left"]``; the others finish, and the verdict of the whole is failed.

    ``run.table("days")`` has one row per day; every table of ``clear`` has the rows of all days. Each part is a run of
    its own (``gp.open_run(out / "parts" / "2030-01-01")``).

    Raises ``InputError`` for wrong arguments, for mistakes in the case, and where ``out`` holds something or another
    run grows there; ``WorkerLost`` where no worker can be started.
    """
    from gridpact.case.validate import require_valid
    from gridpact.io.archive import PartTables
    from gridpact.io.aside import finish, locked, resumable
    from gridpact.io.folder import read_case
    from gridpact.io.request import begin

    started = perf_counter()
    settings = {"formulation": formulation, "exactness": exactness, "solver": solver, "price_probes": price_probes}
    _check(out, window, workers, cluster, settings)
    assert out is not None
    given = case if isinstance(case, Case) else read_case(case)
    settings |= heat_settings(given, heat_dynamics, heat_flow, structures=False)
    whole = require_valid(given.with_window(window or (given.window if given.window != "horizon" else "day")))
    _require_fitting(whole)
    asked = {"window": whole.window, "workers": workers, **({"cluster": cluster} if cluster else {}), **settings}
    asked.pop("structures", None)  # a setting of the parts, which nobody can ask of days
    growing = resumable(Path(out))
    with locked(growing):
        begin(growing, whole, settings)
        (growing / "parts").mkdir(exist_ok=True)
        left = _clear_rest(whole, growing, settings, workers, cluster, progress)
        record = _complete(growing, whole, asked, left, perf_counter() - started)
        finish(growing, Path(out))
    parts = [Path(out) / "parts" / path.name for path in _part_paths(Path(out))]
    return Run(replace(record, tables=PartTables(record.tables, parts)))


def judged_days(record: Record, folder: Path) -> dict[str, Any]:
    """The certificate of a kept run of days, every part judged anew from its files."""
    from gridpact.certificates.days import certify_days, cost_by_step
    from gridpact.certificates.judge import certify
    from gridpact.io.archive import read_run
    from gridpact.results.days import day_table

    parts = {}
    for path in _part_paths(folder):
        part = read_run(path)
        certificate = certify(part)
        sound = certificate["verdict"] != "failed"
        days = day_table(part.case, part.tables, cost_by_step(part)) if sound else part.tables["days"]
        parts[path.name] = _light(replace(part, certificate=certificate), days)
    return certify_days(record, parts)


def _check(out: Any, window: Any, workers: Any, cluster: Any, settings: Mapping[str, Any]) -> None:
    check_settings(**settings)
    issues = []
    if not isinstance(out, str | Path):
        issues.append(Issue("there is nowhere to keep the days", "Give out (--out DIR), a new folder."))
    if window not in ("", "day", "week"):
        issues.append(Issue(f"window = {window!r} is not possible", "Choose day or week."))
    if not isinstance(cluster, str):
        issues.append(
            Issue(f"cluster = {cluster!r} is not possible", "Give the address of a cluster, tls://host:port.")
        )
    if type(workers) is not int or not 1 <= workers <= 1000:
        issues.append(Issue(f"workers = {workers!r} is not possible", "Give a whole number from 1 to 1000."))
    if issues:
        raise InputError(issues)


def _require_fitting(case: Case) -> None:
    """Refuse shiftable energy that one of the windows cannot take, before anything is solved."""
    from gridpact.case.device_rules import shiftable_misfits

    wrong = shiftable_misfits(case)
    bad = np.argwhere(wrong[0] | wrong[1])
    if bad.size:
        row, window = bad[0]
        load, start = case.tables["shiftable"]["load"].iloc[row], case.snapshots[case.begins][window]
        message = f"shiftable energy of load {load!r} does not fit the window that begins {start.isoformat()}"
        raise InputError([Issue(message, "Windows at the ends may be short: change the horizon, or the energy.")])


def _clear_rest(
    case: Case, growing: Path, settings: Mapping[str, Any], workers: int, cluster: str, progress: bool
) -> list[Left]:
    """Clear what no part holds yet; the days that could not be cleared."""
    from gridpact.programs.batch import run_batch
    from gridpact.progress import counted

    parts = list(_missing(case, growing, settings))
    tell = counted("days", int(case.begins.sum()), progress)
    tell(int(case.begins.sum()) - sum(int(part.case.begins.sum()) for part in parts))
    left: list[Left] = []
    for outcome in run_batch(clear_part, parts, workers=workers, address=cluster or None):
        part = parts[outcome.task]
        if outcome.error is not None and not isinstance(outcome.error, InfeasibleError | NotConverged | WorkerLost):
            raise outcome.error
        left += _all_left(part.case, outcome.error) if outcome.error else outcome.value or []
        tell(int(part.case.begins.sum()))
    return sorted(left, key=lambda day: day.start)


def _missing(case: Case, growing: Path, settings: Mapping[str, Any]) -> Iterator[Part]:
    """Parts of consecutive days that are not kept yet."""
    first = case.window_edges
    days = first.size - 1
    longest = max(1, min(PART_SIZE * days // (case.count("buses") * case.steps), -(-days // LEAST_PARTS)))
    kept = {start for path in _part_paths(growing) for start in _days_of(path, case)}
    begun = 0
    for day in range(1, days + 1):
        done = case.snapshots[first[begun]] in kept
        if day == days or (case.snapshots[first[day]] in kept) != done or day - begun == longest:
            if not done:
                yield Part(case.steps_between(int(first[begun]), int(first[day])), str(growing), settings)
            begun = day


def clear_part(part: Part) -> list[Left]:
    """Clear and keep some days; where one of them cannot be cleared, each of them alone. Returns those that failed."""
    try:
        _keep(part)
    except (InfeasibleError, NotConverged) as error:
        alone = part.case.windows()
        if len(alone) == 1:
            return _all_left(part.case, error)
        return [left for day in alone for left in clear_part(replace(part, case=day))]
    return []


def _keep(part: Part) -> None:
    from gridpact.certificates.days import cost_by_step
    from gridpact.io.archive import write_run
    from gridpact.results.days import day_table

    record = clear(part.case, **part.settings).record
    days = day_table(part.case, record.tables, cost_by_step(record))
    target = Path(part.folder) / "parts" / part_name(part.case)
    if not target.exists():  # else a worker that was given up has finished after all
        # All parts are forced to disk at the end; until then, one that a loss of power spoilt is cleared again.
        write_run(replace(record, tables={**record.tables, "days": days}), target, durable=False)


def _all_left(case: Case, error: Exception) -> list[Left]:
    kinds = {"InfeasibleError": "infeasible", "NotConverged": "not converged", "WorkerLost": "worker lost"}
    status = kinds.get(type(error).__name__, "failed")
    return [Left(start, status, str(error)) for start in case.snapshots[case.begins]]


def _complete(growing: Path, case: Case, asked: Mapping[str, Any], left: list[Left], seconds: float) -> Record:
    """Write what makes the parts one run."""
    from gridpact.certificates.days import certify_days
    from gridpact.io.archive import fill
    from gridpact.io.manifest import read_checked

    parts = {path.name: _outlined(case, read_checked(path)) for path in _part_paths(growing)}
    days = _table(case, [part.tables["days"] for part in parts.values()], left)
    summary = days_summary(case, days) | {"days_left": {day.start.isoformat(): day.message for day in left}}
    record = Record(
        question=QUESTION,
        settings=asked,
        case=case,
        summary=summary,
        tables={"days": days},
        solution={},
        provenance=_provenance([part.provenance for part in parts.values()], seconds),
    )
    certificate = certify_days(record, parts)
    summary |= {"question": QUESTION, "verdict": certificate["verdict"]}
    record = replace(record, summary=summary, certificate=certificate)
    fill(growing, record)
    return record


def _outlined(case: Case, contents: tuple[dict[str, Any], dict[str, bytes]]) -> Record:
    """What the whole takes from a part, given its manifest and files; its case is that of the whole in its days."""
    from gridpact.io.archive import outline

    part = outline(*contents, case, ["days"])
    days = part.tables["days"]
    first = int(case.snapshots.get_indexer(pd.DatetimeIndex(days["snapshot"][:1]))[0])
    return replace(part, case=case.steps_between(first, first + int(days["steps"].sum())))


def _table(case: Case, found: list[pd.DataFrame], left: list[Left]) -> pd.DataFrame:
    """All days in order of time."""
    first = case.window_edges
    steps = pd.Series(np.diff(first), index=case.snapshots[first[:-1]])
    for day in left:
        found = [*found, frame_of_days(pd.DatetimeIndex([day.start]), [steps[day.start]], {}, day.status)]
    return pd.concat(found, ignore_index=True).sort_values("snapshot", kind="stable", ignore_index=True)


def _provenance(parts: list[Mapping[str, Any]], seconds: float) -> dict[str, Any]:
    """Seconds of the parts added up; the wall time of the last call, and versions and solver of the last part."""
    last = parts[-1] if parts else {}
    own = {
        "solver_seconds": sum(part["solver_seconds"] for part in parts),
        "wall_seconds": seconds,
        "parts": len(parts),
    }
    return {**last, **own}


def _light(record: Record, days: pd.DataFrame) -> Record:
    """Without what only its own judges need."""
    return replace(record, tables={"days": days}, solution={})


def _part_paths(folder: Path) -> list[Path]:
    """The finished parts; what a killed worker left begins with a dot."""
    found = sorted(path for path in (folder / "parts").iterdir() if not path.name.startswith("."))
    for path in found:
        if not path.is_dir():
            raise InputError([Issue("this is no part of a run", "Delete it.", str(path))])
    return found


def _days_of(path: Path, case: Case) -> list[pd.Timestamp]:
    """The days that a part holds; none, and no part, where it is not what its writer left, or of another case."""
    from gridpact.io.manifest import read_checked
    from gridpact.io.request import case_files

    try:
        contents = read_checked(path)
        part = _outlined(case, contents)
    except (ArchiveError, IndexError):
        shutil.rmtree(path)
        return []
    own = {name.removeprefix("case/"): text for name, text in contents[1].items() if name.startswith("case/")}
    if own != case_files(part.case):
        shutil.rmtree(path)
        return []
    return list(part.tables["days"]["snapshot"])


def part_name(case: Case) -> str:
    """The local date of the first step, and its time where that is not midnight."""
    start = case.snapshots[0]
    midnight = (start.hour, start.minute, start.second) == (0, 0, 0)
    return f"{start:%Y-%m-%d}" if midnight else f"{start:%Y-%m-%dT%H-%M-%S}"
