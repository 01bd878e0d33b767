"""Studies and runs: a question asked of a case, and what came back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gridpact.case.case import Case
from gridpact.days import clear_days, judged_days
from gridpact.errors import InputError, Issue
from gridpact.game import QUESTION as GAME
from gridpact.game import stackelberg
from gridpact.results.days import QUESTION as DAYS
from gridpact.results.record import Record, Summary
from gridpact.results.summary import clearing_summary
from gridpact.study_cases import case_issues, read_cases
from gridpact.study_file import cases_of, examine_study, setting_issues

if TYPE_CHECKING:
    from gridpact.markets.cleared import Cleared

EXACTNESS = ("off", "check", "repair", "certify")
DYNAMICS = ("quasi_dynamic", "steady")
FLOWS = ("constant", "variable")
# Tables whose prices are marked as certified, or not.
PRICED = ("electricity_prices", "heat_prices", "transmission_prices")
# How figures of a summary that are money begin, besides prices.
MONEY = ("objective", "leader_cost", "leader_lower_bound", "tie_cost", "transmission_cost", "gain_to_")


@dataclass(frozen=True)
class Certificate:
    """The judges' document: a verdict and the checks it rests on."""

    verdict: str
    checks: tuple[Mapping[str, Any], ...]

    def table(self) -> pd.DataFrame:
        return pd.DataFrame(list(self.checks))

    def failures(self) -> list[Mapping[str, Any]]:
        """Required checks that did not pass."""
        return [check for check in self.checks if check["required"] and not check["passed"]]

    def _repr_html_(self) -> str:
        from gridpact.report.card import certificate_card

        return certificate_card(self.verdict, self.checks)


@dataclass(frozen=True, eq=False)
class Run:
    """A study carried out: summary, tables, certificate. Made by ``clear``, ``run_study`` and ``open_run``."""

    record: Record

    @property
    def summary(self) -> Summary:
        return self.record.summary

    @property
    def certificate(self) -> Certificate:
        document = self.record.certificate
        return Certificate(document["verdict"], tuple(document["checks"]))

    @property
    def tables(self) -> list[str]:
        """Names of the tables."""
        return list(self.record.tables)

    def table(self, name: str) -> pd.DataFrame:
        """A copy of one result table. Raises ``InputError`` for a name that the run does not have."""
        if name not in self.record.tables:
            raise InputError(f"this run has no table {name!r}. Its tables are: {', '.join(self.tables)}")
        return self.record.tables[name].copy()

    def save(self, out: str | Path) -> Path:
        """Write the run folder, whole or not at all. Raises ``InputError`` where ``out`` holds something."""
        from gridpact.io.archive import write_run
        from gridpact.report.html import render

        kept = self.record.question in KEPT_AS_THEY_GROW
        _require(not kept, "saving this run", str(out), "It is kept already: copy its folder.")
        write_run(self.record, Path(out), {"report.html": render(self.record)})
        return Path(out)

    def report(self, path: str | Path | None = None) -> str:
        """The report as one self-contained HTML page; also written to ``path`` if given."""
        from gridpact.report.html import render

        html = render(self.record)
        if path is not None:
            Path(path).write_text(html, encoding="utf-8")
        return html

    def figures(self, folder: str | Path) -> list[Path]:
        """Write every figure of the report as an SVG file of its own; returns their paths.

        Raises ``InputError`` where ``folder`` holds something.
        """
        from gridpact.io.aside import written_aside
        from gridpact.report.panels import svg_files

        drawn = svg_files(self.record)
        with written_aside(Path(folder)) as aside:
            for name, svg in drawn.items():
                (aside / name).write_text(svg, encoding="utf-8")
        return [Path(folder) / name for name in drawn]

    def export(self, path: str | Path, form: str = "csv") -> None:
        """Write summary, certificate and tables as a folder of CSV files ("csv") or as one workbook ("xlsx").

        Times are texts in ISO 8601 with their offset. Raises ``InputError`` where ``path`` holds something.
        """
        from gridpact.io.export import export_run

        export_run(self.record, path, form)

    def _repr_html_(self) -> str:
        from gridpact.report.card import run_card

        return run_card(self.record)

    def __str__(self) -> str:
        from gridpact.report.overview import overview

        return overview(self.record)

    def __repr__(self) -> str:
        cost = f"{self.summary['objective']:.2f} {self.summary['currency']}"
        return f"Run({self.record.question} {self.summary['case']!r}: {self.certificate.verdict}, cost {cost})"


def clear(
    case: Case | str | Path,
    *,
    formulation: str = "soc",
    exactness: str = "repair",
    solver: str = "clarabel",
    price_probes: int = 4,
    heat_dynamics: str = "quasi_dynamic",
    heat_flow: str = "constant",
    structures: bool = False,
    progress: bool = False,
) -> Run:
    """Clear the markets of a district: dispatch, nodal prices of electricity and heat, settlement and certificate.

    ``formulation`` is "soc" (branch flow with the second-order cone, radial), "lindistflow" (linearised, radial)
    or "dc" (meshed, active power only); prices of the last two are ``approximate``.

    ``exactness`` says what happens where the relaxation invents losses. "repair": the best AC-feasible dispatch that is
    found, with prices that are multipliers of the non-linear program there. "certify": the same, with more effort, and
    a proof how far the global optimum can be. "check": a cone that is not tight is a failed certificate. "off": the
    relaxation is taken as it is, ``approximate``.

    ``heat_dynamics`` of a district with a heat network is "quasi_dynamic" (water takes its time in pipes, which
    store heat) or "steady" (it passes within a step). ``heat_flow`` is "constant" (flows follow from the data,
    temperatures are chosen) or "variable" (valves hold the consumers' ``return_degc``: flows and temperatures are
    settled in turns, and prices are those of the last flows; ``summary["heat_flow_method"]`` says so). ``structures``
    adds the table of that name: the same district cleared heat first, and by networks that agree on the power of the
    couplers and its price.

    ``solver`` is clarabel or any solver CVXPY finds installed. ``price_probes`` is the number of bus-hours whose prices
    are confirmed by clearing again on either side.

    ``case`` may also be a path. A case changed in memory is validated first.

    Raises ``InputError`` for wrong arguments, for mistakes in the case and for loops where the formulation needs a
    radial network, ``InfeasibleError`` (with a ``diagnosis``) where no dispatch satisfies all limits,
    ``NotConverged`` where the solver gives up.
    A failed certificate raises nothing: the run is returned so that it can be looked at.
    """
    from gridpact.case.validate import require_valid
    from gridpact.io.folder import read_case
    from gridpact.markets.basis import price_basis
    from gridpact.markets.outcome import outcome_tables
    from gridpact.markets.pool import clear_pool
    from gridpact.markets.probes import price_probes as probe
    from gridpact.markets.structure_table import structure_table
    from gridpact.programs.standard_form import arrays
    from gridpact.progress import tracker

    check_settings(formulation, exactness, solver, price_probes)
    settings = {"formulation": formulation, "exactness": exactness, "solver": solver, "price_probes": price_probes}
    case = require_valid(case) if isinstance(case, Case) else read_case(case)
    settings |= heat_settings(case, heat_dynamics, heat_flow, structures)
    started = perf_counter()
    cleared = clear_pool(case, formulation, solver, exactness, heat_dynamics, heat_flow)
    tables = outcome_tables(cleared)
    track = tracker("price probes", progress)
    if cleared.relaxed is not None:
        tables["relaxed_buses"] = _relaxed_voltages(cleared, settings)
    if structures:
        tables["structures"] = structure_table(cleared)
    tables["price_probes"] = probe(cleared, tables, price_probes, solver, track)
    record = Record(
        question="clear",
        settings=settings,
        case=case,
        summary=clearing_summary(case, tables, cleared.solution.cost) | price_basis(cleared),
        tables=tables,
        solution=arrays(cleared.form, cleared.solution) | {"base_mva": np.array(cleared.network.base_mva)},
        provenance=_provenance(cleared.solution, perf_counter() - started),
    )
    return Run(judged(record))


def compare_structures(case: Case | str | Path, *, heat_dynamics: str = "quasi_dynamic") -> pd.DataFrame:
    """The markets of a district cleared jointly, heat first, and each network on its own until they agree.

    One row per structure ("joint", "sequential", "separate"): ``status``; ``cost`` and what of it the devices of
    either network cost; ``coupler_profit`` and the merchandising surplus of each network at the prices of the
    structure; mean prices per MWh; ``iterations`` and ``residual_mw`` of the agreement; ``above_joint_percent``;
    ``payments_sum``. Where a structure has no dispatch, ``status`` says why and its numbers are NaN. Couplers belong to
    the heat operator.

    Raises ``InputError`` for a case without a heat network and where couplers hang on a network without an interface,
    and what ``clear`` raises.
    """
    run = clear(case, heat_dynamics=heat_dynamics, structures=True, price_probes=0)
    return run.table("structures")


def _relaxed_voltages(cleared: Cleared, settings: Mapping[str, Any]) -> pd.DataFrame:
    """What the relaxation claimed before it was repaired, beside an AC power flow at its set-points."""
    from gridpact.certificates.acflow import set_point_voltages
    from gridpact.markets.exactness import relaxed_buses
    from gridpact.markets.outcome import outcome_tables

    assert cleared.relaxed is not None
    tables, base = outcome_tables(cleared.relaxed), np.array(cleared.network.base_mva)
    record = Record("clear", settings, cleared.case, {}, tables, {"base_mva": base})
    return relaxed_buses(cleared, *set_point_voltages(record))


def check_settings(formulation: Any, exactness: Any, solver: Any, price_probes: Any) -> None:
    """Types and ranges, whatever the caller passed."""
    _require(isinstance(solver, str), "solver", solver, "Give the name of a solver.")
    _require(isinstance(formulation, str), "formulation", formulation, "Give the name of a formulation.")
    _require(isinstance(price_probes, int), "price_probes", price_probes, "Give a whole number.")
    _require(exactness in EXACTNESS, "exactness", exactness, f"Choose one of: {', '.join(EXACTNESS)}.")
    _require(0 <= price_probes <= 10_000, "price_probes", price_probes, "Give a whole number from 0 to 10000.")


def heat_settings(case: Case, heat_dynamics: Any, heat_flow: Any, structures: Any) -> dict[str, Any]:
    """The settings of a district with a heat network, checked; none where the case has no heat network."""
    _require(isinstance(structures, bool), "structures", structures, "Give true or false.")
    _require(heat_flow in FLOWS, "heat_flow", heat_flow, f"Choose one of: {', '.join(FLOWS)}.")
    _require(heat_dynamics in DYNAMICS, "heat_dynamics", heat_dynamics, f"Choose one of: {', '.join(DYNAMICS)}.")
    if case.count("heat_nodes"):
        return {"heat_dynamics": heat_dynamics, "heat_flow": heat_flow, "structures": structures}
    _require(not structures, "structures", structures, "Only a district with a heat network has them.")
    return {}


def _require(holds: bool, name: str, value: object, fix: str) -> None:
    if not holds:
        raise InputError([Issue(f"{name} = {value!r} is not possible", fix)])


def judged(record: Record) -> Record:
    """The record with its certificate; prices count as certified only where the verdict says so."""
    return _marked(record, _judge_of(record)(record))


def _marked(record: Record, document: Mapping[str, Any]) -> Record:
    """The record with this certificate, its verdict in the summary and on every price."""
    verdict = document["verdict"]
    names = [name for name in PRICED if name in record.tables]
    marked = {name: record.tables[name].assign(certified=verdict == "certified") for name in names}
    summary = {**record.summary, "question": record.question, "verdict": verdict}
    if verdict == "failed":
        summary |= {name: None for name in summary if name.endswith("_per_mwh")}
    tables = {**record.tables, **marked}
    return replace(record, summary=summary, tables=tables, certificate=document)


@cache
def _versions() -> dict[str, str]:
    from importlib.metadata import version
    from platform import python_version

    from gridpact import __version__

    packages = ("cvxpy", "clarabel", "numpy", "scipy", "pandas", "power-grid-model")
    return {"gridpact": __version__, "python": python_version()} | {name: version(name) for name in packages}


def _provenance(solution: Any, seconds: float) -> dict[str, Any]:
    return {
        "versions": dict(_versions()),
        "solver": solution.solver,
        "solver_iterations": solution.iterations,
        "solver_seconds": solution.seconds,
        "wall_seconds": seconds,
        "seed": None,
    }


QUESTIONS: dict[str, Callable[..., Run]] = {"clear": clear, DAYS: clear_days, GAME: stackelberg}
# Questions that take long enough to be kept while they are answered.
KEPT_AS_THEY_GROW = (DAYS,)


def run_study(path: str | Path, *, out: str | Path | None = None, progress: bool = False, **overrides: Any) -> Run:
    """Carry out a study file (TOML): ``question``, ``case`` relative to the file, ``[settings]``.

    A question of two cases names the second in the same way, as ``transmission``.

    The path of a case asks to clear it with the settings' defaults. The run is kept in the folder ``out`` if given.

    ``overrides`` replace settings of the file. Raises ``InputError`` naming every unknown key, and where ``out``
    holds something.
    """
    run = _carried_out(Path(path), out, progress, overrides)
    if out is not None and run.record.question not in KEPT_AS_THEY_GROW:
        run.save(out)
    return run


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
    kept = {"out": out} if question in KEPT_AS_THEY_GROW else {}
    return QUESTIONS[question](**cases, **settings, **kept, progress=progress)


def _is_case(path: Path) -> bool:
    return (path / "case.toml").is_file() or path.suffix == ".xlsx"


def validate_study(path: str | Path) -> list[Issue]:
    """Everything that is wrong with a study and its cases, loops that its formulation cannot carry included."""
    document, issues = examine_study(Path(path), QUESTIONS)
    return issues or case_issues(Path(path).parent, document, QUESTIONS[document["question"]])


def open_run(path: str | Path) -> Run:
    """Read a run folder after checking every hash. Raises ``ArchiveError`` where a file is missing or was changed."""
    from gridpact.io.archive import read_run

    _require(Path(path).is_dir(), "the run", str(path), "Give the folder of a kept run.")
    return Run(read_run(Path(path)))


def verify(path: str | Path, *, deep: bool = False, progress: bool = False) -> Run:
    """Judge an archived run anew, from its files alone; ``deep`` also clears it again and compares.

    Returns the run with the new certificate. Raises ``ArchiveError`` where the files were tampered with.
    """
    run = open_run(path)
    in_days = run.record.question == DAYS
    document = dict(judged_days(run.record, Path(path)) if in_days else _judge_of(run.record)(run.record))
    document["checks"] = [*document["checks"], _same_verdict(run, document["verdict"])]
    if not document["checks"][-1]["passed"]:
        document["verdict"] = "failed"
    if deep:
        again = _asked_again(run.record, progress)
        checks = [_same_objective(run, again), *_same_structures(run, again)]
        document["checks"] = [*document["checks"], *checks]
        document["verdict"] = document["verdict"] if all(check["passed"] for check in checks) else "failed"
    if in_days:
        return Run(replace(run.record, certificate=document, summary=run.summary | {"verdict": document["verdict"]}))
    return Run(_marked(run.record, document))


def _judge_of(record: Record) -> Callable[[Record], Mapping[str, Any]]:
    """What judges a record of this question."""
    from gridpact.certificates.game.judge import certify_game
    from gridpact.certificates.judge import certify

    return certify_game if record.question == GAME else certify


def _asked_again(record: Record, progress: bool) -> Run:
    ask, settings = QUESTIONS[record.question], dict(record.settings)
    cases = {name: getattr(record, name) for name in cases_of(ask)}
    if record.question not in KEPT_AS_THEY_GROW:
        return ask(**cases, **settings, progress=progress)
    with TemporaryDirectory() as folder:
        return ask(**cases, **settings, out=Path(folder) / "again", progress=progress)


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


def _same_objective(run: Run, again: Run) -> dict[str, Any]:
    first, second = run.summary["objective"], again.summary["objective"]
    value = abs(first - second) / max(1.0, abs(first))
    return _again("cleared again", value, 1e-6, "clearing the archived case again gives the same objective (relative)")


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
    """Settings and summaries side by side: one column per run, one row per figure.

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
    columns = {name: _comparable({**run.summary, **run.record.settings}) for name, run in named.items()}
    table = pd.DataFrame({name: pd.Series(figures, dtype=object) for name, figures in columns.items()})
    first = next(iter(named), "")
    for name in list(named)[1:] if differences else []:
        table[f"{name} less {first}"] = _less(table[name], table[first])
    return table


def _comparable(figures: Mapping[str, Any]) -> dict[str, Any]:
    """What fits a cell: of lists of days left, their number."""
    return {name: len(value) if isinstance(value, Mapping) else value for name, value in figures.items()}


def _less(figures: pd.Series, first: pd.Series) -> pd.Series:
    """Differences of what is a number in both; NaN elsewhere, and for money that does not compare."""
    difference: pd.Series = figures.map(_number) - first.map(_number)
    valid = "failed" not in (figures["verdict"], first["verdict"])
    if not valid or figures["currency"] != first["currency"]:
        difference[[name.startswith(MONEY) or name.endswith("_per_mwh") for name in difference.index]] = np.nan
    return difference


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else np.nan
