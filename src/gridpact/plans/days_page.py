"""A page about typical days: duration curves, clusters, decision graph, quality."""

from __future__ import annotations

from pathlib import Path

from gridpact.case.case import Case
from gridpact.planning.scenarios.typical import TypicalDays


def report_typical_days(days: TypicalDays, path: str | Path | None = None, *, case: Case | None = None) -> str:
    """Typical days as one self-contained HTML page; also written to ``path`` if given.

    Series named ``table/id/column``, as those of a case, are drawn by family; with the ``case`` that they are of, wind
    and PV are families of their own.
    """
    from gridpact.report.planning.typical import render_typical_days
    from gridpact.results.families import family_tables, kinds_of

    kinds = kinds_of(case) if case is not None else {}
    tables = {
        "scenarios": days.scenarios(),
        "duration_curves": days.duration_curves(),
        "scenario_quality": days.quality,
        "decision_graph": days.decision_graph(),
        **family_tables(days.names, days.days.values, days.labels, days.profiles, kinds),
    }
    html = render_typical_days(tables, case.name if case is not None else "Typical days", case.currency if case else "")
    if path is not None:
        Path(path).write_text(html, encoding="utf-8")
    return html
