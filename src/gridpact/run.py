"""A run: a study carried out, with its tables, its summary and its certificate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from gridpact.errors import InputError, Issue
from gridpact.results.days import QUESTION as DAYS
from gridpact.results.planning import QUESTION as PLAN
from gridpact.results.record import Record, Summary
from gridpact.results.reliability import QUESTION as RELIABILITY
from gridpact.results.together import QUESTION as TOGETHER
from gridpact.results.trading import QUESTION as TRADE
from gridpact.results.trading import SIDES

# Questions that take long enough to be kept while they are answered.
KEPT_AS_THEY_GROW = (DAYS,)
# The game of leader and follower, which has judges of its own.
GAME = "stackelberg"
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
        require(not kept, "saving this run", str(out), "It is kept already: copy its folder.")
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
        about = f"{self.record.question} {self.summary['case']!r}: {self.certificate.verdict}"
        if self.record.question == RELIABILITY:
            return f"Run({about}, SAIDI {self.summary['saidi_h']:.3f} h per year)"
        return f"Run({about}, cost {self.summary['objective']:.2f} {self.summary['currency']})"


def require(holds: bool, name: str, value: object, fix: str) -> None:
    """Raise ``InputError`` about an argument unless something holds."""
    if not holds:
        raise InputError([Issue(f"{name} = {value!r} is not possible", fix)])


def judged(record: Record) -> Record:
    """The record with its certificate; prices count as certified only where the verdict says so."""
    return marked(record, judge_of(record)(record))


def marked(record: Record, document: Mapping[str, Any]) -> Record:
    """The record with this certificate, its verdict in the summary and on every price."""
    verdict = document["verdict"]
    names = [f"{side}{name}" for side in SIDES for name in PRICED if f"{side}{name}" in record.tables]
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


def provenance(solution: Any, seconds: float, seed: int | None = None) -> dict[str, Any]:
    """Versions, solver and times of a run; ``solution`` is None where nothing was solved."""
    solved = {} if solution is None else {
        "solver": solution.solver,
        "solver_iterations": solution.iterations,
        "solver_seconds": solution.seconds,
    }  # fmt: skip
    return {"versions": dict(_versions()), **solved, "wall_seconds": seconds, "seed": seed}


def judge_of(record: Record) -> Callable[[Record], Mapping[str, Any]]:
    """What judges a record of this question."""
    from gridpact.certificates.game.judge import certify_game
    from gridpact.certificates.judge import certify
    from gridpact.certificates.planning.plan_judge import certify_plan
    from gridpact.certificates.planning.reliability_judge import certify_reliability
    from gridpact.certificates.together.judge import certify_together
    from gridpact.certificates.trade.judge import certify_trade

    own = {
        GAME: certify_game,
        PLAN: certify_plan,
        RELIABILITY: certify_reliability,
        TRADE: certify_trade,
        TOGETHER: certify_together,
    }
    return own.get(record.question, certify)
