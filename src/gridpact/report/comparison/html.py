"""Runs side by side as one HTML page that needs nothing else."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from gridpact.report.comparison.measures import (
    NONE,
    Entry,
    Measure,
    difference,
    entries,
    payments,
    remarks,
    same_horizon,
    settings,
    shown,
    unit,
    value,
)
from gridpact.report.comparison.plans import plans
from gridpact.report.drawing import look, svg
from gridpact.report.figures import compare
from gridpact.report.figures.carrier import HEAT
from gridpact.report.figures.compare import MOST, PARTICIPANTS, Line
from gridpact.report.once import read_once
from gridpact.report.page import figure, page
from gridpact.report.text import number, safe, table, tag
from gridpact.report.verdict import banner
from gridpact.results.planning import QUESTION as PLAN
from gridpact.results.record import Record
from gridpact.results.together import QUESTION as TOGETHER

Draw = Callable[[], Figure]
CENT = 0.005
WIDE = 4  # runs whose columns fit on a page


def render_comparison(records: Mapping[str, Record]) -> str:
    """Verdict of each run first, then figures with differences from the first run, prices, settlement and settings.

    Money that a certificate does not vouch for is left out. Figures show the first eight runs.
    """
    runs = entries({name: read_once(record) for name, record in records.items()})
    body = [
        tag("h1", f"Comparison of {len(runs)} run{'s' if len(runs) > 1 else ''}"),
        *(_verdict(run) for run in runs),
        *(tag("p", tag("strong", safe(remark))) for remark in remarks(runs)),
        tag("h2", "Summary"),
        _wide(_summary(runs)),
        *_more(runs),
        *plans(runs),
        *_figures(runs),
        *_settlement(runs),
        tag("h2", "What was asked"),
        _wide(_settings(runs)),
    ]
    return page("Comparison: " + ", ".join(run.name for run in runs), body)


def _verdict(run: Entry) -> str:
    return tag("h3", safe(f"Run {run.number}: {run.name}")) + banner(run.record, run.standing)


def _wide(content: str) -> str:
    return tag("div", content, "wide")


def _more(runs: list[Entry]) -> list[str]:
    """Scroll bars may be hidden until they are used."""
    return [tag("p", "Tables of many runs scroll to the right.", "remark")] if len(runs) > WIDE else []


def _header(runs: list[Entry]) -> list[str]:
    return ["", "Unit", *(f"Run {run.number}" for run in runs), *(f"{run.number} less 1" for run in runs[1:])]


def _summary(runs: list[Entry]) -> str:
    return table(_header(runs), [_row(runs, measure) for measure in shown(runs)], "figures")


def _row(runs: list[Entry], measure: Measure) -> list[str]:
    values = [_cell(value(run, measure), measure.decimals) for run in runs]
    differences = [_cell(difference(runs[0], run, measure), measure.decimals, signed=True) for run in runs[1:]]
    return [safe(measure.label), safe(unit(runs, measure)), *values, *differences]


def _cell(amount: float, decimals: int, signed: bool = False) -> str:
    if math.isnan(amount):
        return NONE
    return ("+" if signed and round(amount, decimals) > 0.0 else "") + number(amount, decimals)


def _lines(runs: list[Entry]) -> list[Line]:
    """The runs whose prices may be shown, among the first eight, in the currency of the first of them."""
    usable = [
        run
        for run in runs[:MOST]
        if run.standing.valid
        and "electricity_prices" in run.record.tables
        and run.record.question not in (PLAN, TOGETHER)
    ]
    return [
        Line(_legend(run), run.number - 1, run.record)
        for run in usable
        if run.record.case.currency == usable[0].record.case.currency
    ]


def _legend(run: Entry) -> str:
    """The end of a long name tells more than its beginning: names are paths."""
    short = run.name if len(run.name) <= 44 else f"…{run.name[-43:]}"
    return f"{run.number}: {short}" + (" (approximate)" if run.standing.verdict == "approximate" else "")


def _figures(runs: list[Entry]) -> list[str]:
    lines = _lines(runs)
    if not lines:
        return []
    title = tag("h2", "Prices")
    limit = tag("p", f"The figures show the first {MOST} of {len(runs)} runs.", "remark") if len(runs) > MOST else ""
    same = same_horizon([run for run in runs if run.number - 1 in [line.place for line in lines]])
    drawings: dict[str, tuple[Draw, str]] = {
        "mean-price": (lambda: compare.mean_prices(lines, same), "The plain mean of the prices of all buses."),
        "price-duration": (
            lambda: compare.durations(lines),
            "All prices of all buses and times, from the highest to the lowest.",
        ),
    }
    warm = [line for line in lines if HEAT.table in line.record.tables]
    if warm:
        caption = "The plain mean of the prices of all nodes of the heat network."
        drawings["mean-heat-price"] = (lambda: compare.mean_prices(warm, same, HEAT), caption)
    return [title + limit, *(_drawn(name, draw, caption) for name, (draw, caption) in drawings.items())]


def _drawn(name: str, draw: Draw, caption: str) -> str:
    with look(name):
        return figure(svg(draw(), name), caption, f"comparison-{name}")


def _settlement(runs: list[Entry]) -> list[str]:
    """Payments by kind of participant, and the participants whose payments change most."""
    paid = {run.number: payments(run) for run in runs}
    if all(own.empty for own in paid.values()):
        return []
    frame = pd.DataFrame(paid)
    kinds = frame.groupby(level=0, sort=False).sum(min_count=1)
    rows = [_kind_row(runs, str(kind), amounts) for kind, amounts in kinds.iterrows()]
    note = tag("p", "Payments are positive for those who pay.", "remark")
    return [tag("h2", "Settlement"), _wide(table(_header(runs), rows, "figures")), note, _changes(runs, frame)]


def _kind_row(runs: list[Entry], kind: str, amounts: pd.Series) -> list[str]:
    currency = Measure(kind, kind, "{currency}", 2)
    paid = [float(amounts[run.number]) for run in runs]
    changes = [
        amount - paid[0] if run.record.case.currency == runs[0].record.case.currency else math.nan
        for run, amount in zip(runs[1:], paid[1:], strict=True)
    ]
    cells = [_cell(amount, 2) for amount in paid] + [_cell(change, 2, signed=True) for change in changes]
    return [safe(kind), safe(unit(runs, currency)), *cells]


def _changes(runs: list[Entry], frame: pd.DataFrame) -> str:
    """The figure of differences; empty where the first run has no valid settlement or nothing changes."""
    lines = [line for line in _lines(runs) if line.place > 0]
    if frame[1].isna().all() or not lines or lines[0].record.case.currency != runs[0].record.case.currency:
        return ""
    changes = settlement_changes(frame, [line.place for line in lines])
    if changes.empty:
        return ""
    caption = (
        f"Difference of the payment from run 1; the {PARTICIPANTS} participants with the largest differences at most. "
        "Whoever is absent from a run pays nothing in it."
    )
    return _drawn("settlement-changes", lambda: compare.settlement_changes(lines, changes), caption)


def settlement_changes(frame: pd.DataFrame, places: list[int]) -> pd.DataFrame:
    """Payments less those of run 1, the largest differences first; rows named by participant (and kind).

    ``frame``: one row per kind and participant, one column per run number. Result: one column per place (number - 1).
    """
    paid = frame.fillna(0.0)
    changes = pd.DataFrame({place: paid[place + 1] - paid[1] for place in places})
    largest = changes.abs().max(axis=1).sort_values(ascending=False, kind="stable")
    kept = changes.loc[largest[largest > CENT].index[:PARTICIPANTS]]
    participants = kept.index.get_level_values(1)
    kinds = kept.index.get_level_values(0)
    twice = participants.duplicated(keep=False)
    kept.index = pd.Index(np.where(twice, participants + " (" + kinds + ")", participants))
    return kept


def _settings(runs: list[Entry]) -> str:
    found = settings(runs)
    rows = [
        [safe(str(name).replace("_", " ")), *(safe(item) for item in row)]
        for name, row in zip(found.index, found.to_numpy(), strict=True)
    ]
    return table(["", *(f"Run {run.number}" for run in runs)], rows, "settings")
