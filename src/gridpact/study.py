"""Studies: questions asked of cases, in files or by name, their runs opened again, verified and compared."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from inspect import signature
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from gridpact.clearing import clear
from gridpact.days import clear_days, judged_days
from gridpact.errors import ArchiveError, InputError, Issue
from gridpact.game import setting_issues as game_setting_issues
from gridpact.game import stackelberg
from gridpact.plans.settings import setting_issues as plan_setting_issues
from gridpact.plans.study import plan
from gridpact.plans.year import FOLDER as YEAR
from gridpact.reliability_study import assess_reliability
from gridpact.reliability_study import setting_issues as reliability_setting_issues
from gridpact.results.days import QUESTION as DAYS
from gridpact.results.planning import QUESTION as PLAN
from gridpact.results.record import Record
from gridpact.results.reliability import INDICES
from gridpact.results.reliability import QUESTION as RELIABILITY
from gridpact.results.together import QUESTION as TOGETHER
from gridpact.results.trading import QUESTION as TRADE
from gridpact.run import GAME, MONEY, Run, judge_of, marked, require
from gridpact.study_cases import case_issues, read_cases
from gridpact.study_file import cases_of, examine_study, setting_issues
from gridpact.together.settings import setting_issues as together_setting_issues
from gridpact.together.study import plan_together
from gridpact.trading.settings import setting_issues as trade_setting_issues
from gridpact.trading.study import trade

QUESTIONS: dict[str, Callable[..., Run]] = {
    "clear": clear,
    DAYS: clear_days,
    GAME: stackelberg,
    RELIABILITY: assess_reliability,
    PLAN: plan,
    TRADE: trade,
    TOGETHER: plan_together,
}
# The share of its cost to which the plan of an owner alone is known.
ALONE_KNOWN = 1e-5
# What is wrong with the ranges of settings, question by question.
RANGES: dict[str, Callable[[Mapping[str, Any]], list[Issue]]] = {
    GAME: game_setting_issues,
    RELIABILITY: reliability_setting_issues,
    PLAN: plan_setting_issues,
    TRADE: trade_setting_issues,
    TOGETHER: together_setting_issues,
}


def run_study(path: str | Path, *, out: str | Path | None = None, progress: bool = False, **overrides: Any) -> Run:
    """Carry out a study file (TOML): ``question``, ``case`` relative to the file, ``[settings]``.

    A question of two cases names the second in the same way, as ``transmission``.

    The path of a case asks to clear it with the settings' defaults. The run is kept in the folder ``out`` if given.

    ``overrides`` replace settings of the file. Raises ``InputError`` naming every unknown key, and where ``out``
    holds something.
    """
    run = _carried_out(Path(path), out, progress, overrides)
    if out is not None and not _keeps_itself(run.record.question):
        run.save(out)
    return run


def _keeps_itself(question: str) -> bool:
    """Whether the question takes long enough to be kept while it is answered."""
    return "out" in signature(QUESTIONS[question]).parameters


def _carried_out(path: Path, out: str | Path | None, progress: bool, overrides: Mapping[str, Any]) -> Run:
    if _is_case(path):
        issues = setting_issues(path, clear, overrides)
        if issues:
            raise InputError(issues)
        return clear(path, **overrides, progress=progress)
    document, issues = examine_study(path, QUESTIONS, overrides)
    if issues:
        raise InputError(issues)
    question, settings = document["question"], document.get("settings", {})
    cases = read_cases(path.parent, document, cases_of(QUESTIONS[question]))
    kept = {"out": out} if _keeps_itself(question) else {}
    return QUESTIONS[question](**cases, **settings, **kept, progress=progress)


def _is_case(path: Path) -> bool:
    return (path / "case.toml").is_file() or path.suffix == ".xlsx"


def validate_study(path: str | Path) -> list[Issue]:
    """Everything that is wrong with a study and its cases, loops that its formulation cannot carry included."""
    document, issues = examine_study(Path(path), QUESTIONS)
    if issues:
        return issues
    given = {name: value for name, value in document.get("settings", {}).items() if not _is_default(document, name)}
    found = [replace(issue, file=str(path)) for issue in _range_issues(document["question"], given)]
    return [*found, *case_issues(Path(path).parent, document, QUESTIONS[document["question"]])]


def _range_issues(question: str, settings: Mapping[str, Any]) -> list[Issue]:
    return RANGES[question](settings) if question in RANGES else []


def _is_default(document: Mapping[str, Any], name: str) -> bool:
    """Whether a setting says what it would be without: no limit is written as its default, which is no number."""
    default = signature(QUESTIONS[document["question"]]).parameters[name].default
    return bool(document["settings"][name] == default)


def open_run(path: str | Path) -> Run:
    """Read a run folder after checking every hash. Raises ``ArchiveError`` where a file is missing or was changed."""
    from gridpact.io.archive import read_run

    require(Path(path).is_dir(), "the run", str(path), "Give the folder of a kept run.")
    return Run(read_run(Path(path)))


def verify(path: str | Path, *, deep: bool = False, progress: bool = False) -> Run:
    """Judge an archived run anew, from its files alone; ``deep`` also clears it again and compares.

    Returns the run with the new certificate. Raises ``ArchiveError`` where the files were tampered with.
    """
    run = open_run(path)
    _require_settings(run.record)
    in_days = run.record.question == DAYS
    document = dict(judged_days(run.record, Path(path)) if in_days else judge_of(run.record)(run.record))
    document["checks"] = [*document["checks"], *_same_year(run, Path(path)), _same_verdict(run, document["verdict"])]
    if not all(check["passed"] for check in document["checks"][-2:] if check["required"]):
        document["verdict"] = "failed"
    if deep:
        again = _asked_again(run.record, progress)
        checks = [_same_answer(run, again), *_same_probes(run, again)]
        checks += [*_same_structures(run, again), *_same_bound(run, again), *_same_shares(run, again)]
        document["checks"] = [*document["checks"], *checks]
        document["verdict"] = document["verdict"] if all(check["passed"] for check in checks) else "failed"
    if in_days:
        return Run(replace(run.record, certificate=document, summary=run.summary | {"verdict": document["verdict"]}))
    return Run(marked(run.record, document))


def _require_settings(record: Record) -> None:
    """``ArchiveError`` where the settings are none that the question takes."""
    if record.question not in QUESTIONS:
        raise ArchiveError(f"study.toml: the question {record.question!r} is unknown.")
    issues = setting_issues(Path("study.toml"), QUESTIONS[record.question], record.settings)
    issues = issues or _range_issues(record.question, record.settings)
    if issues:
        raise ArchiveError(str(InputError(issues)))


def _asked_again(record: Record, progress: bool) -> Run:
    ask, settings = QUESTIONS[record.question], dict(record.settings)
    if record.question == TRADE:
        settings["warm_start"] = ""  # where it began is of no matter, and need not be there any more
    cases = {name: getattr(record, name) for name in cases_of(ask)}
    if not _keeps_itself(record.question):
        return ask(**cases, **settings, progress=progress)
    with TemporaryDirectory() as folder:
        return ask(**cases, **settings, out=Path(folder) / "again", progress=progress)


def _same_year(run: Run, path: Path) -> list[dict[str, Any]]:
    """The days on which a plan was checked, every one judged anew; nothing where none are kept."""
    if run.record.question != PLAN or not (path / YEAR).is_dir():
        return []
    year = open_run(path / YEAR).record
    told, own = run.summary.get("year_verdict"), float(year.summary["objective"])
    cost = float(run.summary.get("year_cost", np.nan))
    same = judged_days(year, path / YEAR)["verdict"] == told
    off = abs(own - cost) / max(1.0, abs(own)) if same else float("nan")
    return [_again("year", off, 1e-9, f"the kept days are judged {told!r} anew and cost what the plan says (relative)")]


def _same_verdict(run: Run, verdict: str) -> dict[str, Any]:
    archived = str(run.record.certificate.get("verdict"))
    return {
        "name": "archived verdict",
        "required": True,
        "passed": archived == verdict,
        "value": float(archived != verdict),
        "tolerance": 0.0,
        "where": "",
        "description": f"the archived certificate says {archived!r}, and so do its judges now",
    }


def _same_answer(run: Run, again: Run) -> dict[str, Any]:
    """The objective; the indices of a question that has none."""
    if run.record.question == RELIABILITY:
        told, now = (np.nan_to_num([float(one.summary[name] or 0.0) for name in INDICES]) for one in (run, again))
        off = float((np.abs(told - now) / np.maximum(1e-9, np.abs(told))).max())
        return _again(
            "assessed again", off, 1e-9, "assessing the archived case again gives the same indices (relative)"
        )
    first, second = run.summary["objective"], again.summary["objective"]
    value = abs(first - second) / max(1.0, abs(first))
    return _again("cleared again", value, 1e-6, "clearing the archived case again gives the same objective (relative)")


def _same_probes(run: Run, again: Run) -> list[dict[str, Any]]:
    """Costs of the price probes, which say how near a price is to a difference; nothing where there are none."""
    if "price_probes" not in run.tables or run.table("price_probes").empty:
        return []
    place, costs = ["snapshot", "bus", "carrier", "step_mw"], ["cost_minus", "cost", "cost_plus"]
    first, second = (one.table("price_probes") for one in (run, again))
    known = first[place].equals(second[place])
    told = first[costs].to_numpy(dtype=np.float64)
    off = np.abs(told - second[costs].to_numpy(dtype=np.float64)) / np.maximum(1.0, np.abs(told)) if known else np.nan
    value = float(np.max(np.where(np.isnan(told), 0.0, off)))
    return [_again("probes again", value, 1e-6, "clearing the price probes again gives the same costs (relative)")]


def _same_structures(run: Run, again: Run) -> list[dict[str, Any]]:
    """Costs, profits, surpluses and mean prices of the market structures; nothing where there are none."""
    if "structures" not in run.tables:
        return []
    first, second = (one.table("structures").set_index("structure") for one in (run, again))
    told = first.select_dtypes("float").drop(columns=["iterations", "residual_mw"])
    scale = max(1.0, float(np.abs(told["cost"]).max()))
    known = bool((first["status"] == second["status"]).all())
    off = (told - second[told.columns]).abs().to_numpy() / scale
    blank = told.isna().to_numpy() & second[told.columns].isna().to_numpy()
    value = float(np.max(np.where(blank, 0.0, off), initial=0.0)) if known else float("nan")
    text = "clearing the structures again gives the same figures, over the largest cost"
    return [_again("structures again", value, 1e-4, text)]


def _same_bound(run: Run, again: Run) -> list[dict[str, Any]]:
    """The stated bound of a search against the cost that a search made again found; nothing where none was made."""
    by_form = "objective_lower_bound", "objective_by_form"
    bounds = {GAME: ("leader_lower_bound", "leader_cost"), PLAN: by_form, TOGETHER: by_form}
    if run.record.question not in bounds:
        return []
    stated, found = bounds[run.record.question]
    bound, cost = run.summary[stated], again.summary[found]
    text = "the stated lower bound of the cost is not above what a search made again found (relative)"
    return [_again("bound again", max(0.0, bound - cost) / max(1.0, abs(cost)), 1e-6, text)]


def _same_shares(run: Run, again: Run) -> list[dict[str, Any]]:
    """What each owner costs alone and gains together against a plan made again: no other file shows it."""
    if run.record.question != TOGETHER:
        return []
    scale = max(1.0, abs(float(again.summary["objective_alone"])))
    known = 2.0 * (float(run.record.settings["gap"]) + ALONE_KNOWN)
    text = "costs alone and gains of a plan made again differ by no more than both searches leave open (relative)"
    columns = ["alone_cost", "gain_exact"]
    owners = [one.record.tables["owners"].set_index("participant")[columns] for one in (run, again)]
    off = (owners[0] - owners[1]).abs().to_numpy(dtype=np.float64)
    value = float(off.max()) / scale if np.isfinite(off).all() else float("inf")
    return [_again("shares again", value, known, text)]


def _again(name: str, value: float, tolerance: float, description: str) -> dict[str, Any]:
    return {
        "name": name,
        "required": True,
        "passed": bool(value <= tolerance),
        "value": value,
        "tolerance": tolerance,
        "where": "",
        "description": description,
    }


def compare(
    runs: Mapping[str, Run] | Sequence[Run], *, differences: bool = False, report: str | Path | None = None
) -> pd.DataFrame:
    """Settings and summaries side by side: one column per run, one row per figure. Of one name, what was found counts.

    ``differences`` adds a column per further run, "NAME less FIRST": its figures less those of the first run, blank
    where they are not numbers. Money of other currencies, and of runs that are not certified, is not compared.
    ``report`` is the path of a self-contained HTML page to write: verdicts, figures with differences, mean price by
    time, price duration and settlement; its figures show the first eight runs.
    """
    named = runs if isinstance(runs, Mapping) else {f"run {k + 1}": run for k, run in enumerate(runs)}
    if report is not None:
        from gridpact.report.comparison.html import render_comparison

        html = render_comparison({name: run.record for name, run in named.items()})
        Path(report).write_text(html, encoding="utf-8")
    columns = {name: _comparable({**run.record.settings, **run.summary}) for name, run in named.items()}
    table = pd.DataFrame({name: pd.Series(figures, dtype=object) for name, figures in columns.items()})
    first = next(iter(named), "")
    for name in list(named)[1:] if differences else []:
        table[f"{name} less {first}"] = _less(table[name], table[first])
    return table


def _comparable(figures: Mapping[str, Any]) -> dict[str, Any]:
    """What fits a cell: of lists of days left, their number; not the market of a plan's days."""
    return {
        name: len(value) if isinstance(value, Mapping) else value
        for name, value in figures.items()
        if name != "operation"
    }


def _less(figures: pd.Series, first: pd.Series) -> pd.Series:
    """Differences of what is a number in both; NaN elsewhere, and for money that does not compare."""
    difference: pd.Series = figures.map(_number) - first.map(_number)
    valid = "failed" not in (figures["verdict"], first["verdict"])
    if not valid or figures["currency"] != first["currency"]:
        difference[[name.startswith(MONEY) or name.endswith("_per_mwh") for name in difference.index]] = np.nan
    return difference


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else np.nan
