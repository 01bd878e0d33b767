"""The report of a run: one HTML file that needs nothing else."""

from __future__ import annotations

from gridpact.report import asked, bottlenecks, inexact, numbers, verdict
from gridpact.report.page import figure, page
from gridpact.report.panels import PANELS, REPAIR, Panel, drawn, void
from gridpact.report.standing import Standing, standing_of
from gridpact.report.text import tag
from gridpact.results.record import Record


def render(record: Record) -> str:
    """The report of a run as one self-contained HTML document: no script, no font, no image from elsewhere.

    The verdict of the certificate comes first. Where it is "failed", or where any price is marked as not
    certified, prices and payments are struck out and the figures that show them are stamped.
    """
    standing = standing_of(record)
    body = [
        asked.heading(record),
        verdict.section(record, standing),
        numbers.section(record, standing),
        tag("h2", "Figures"),
        *(_figure(panel, record, standing) for panel in PANELS),
        inexact.section(record, standing, _figure(REPAIR, record, standing)),
        bottlenecks.section(record, standing),
        asked.section(record),
    ]
    return page(f"{record.case.name}: {standing.headline.lower()}", body)


def _figure(panel: Panel, record: Record, standing: Standing) -> str:
    svg = drawn(panel, record, standing)
    if not svg:
        return ""
    css = "void" if void(panel, standing) else ""
    return figure(svg, _warning(panel, standing) + panel.caption, f"{record.case.name}-{panel.name}", css)


def _warning(panel: Panel, standing: Standing) -> str:
    """What a reader of this figure must know about its numbers."""
    warnings = {
        "failed": "Not certified: these prices and payments are not valid. ",
        "approximate": "Approximate: prices of a simplified network. ",
    }
    words = warnings.get(standing.verdict, "") if panel.shows_money else ""
    return tag("strong", words) if words else ""
