"""The report of a run: one HTML file that needs nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files

from gridpact.report import asked, numbers, verdict
from gridpact.report.drawing import Draw, inline
from gridpact.report.figures import dispatch, network_map, price_map, price_parts, settlement, storage, voltage
from gridpact.report.standing import Standing, standing_of
from gridpact.report.text import safe, tag
from gridpact.results.record import Record

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{css}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


@dataclass(frozen=True)
class Panel:
    """A figure of the report; one that ``shows_money`` is marked where the prices are not certified."""

    name: str
    draw: Draw
    caption: str
    shows_money: bool = False


PANELS = (
    Panel(
        "price-map",
        price_map.draw,
        "The price is what one more MWh of demand at that bus and time would add to the cost of all.",
        shows_money=True,
    ),
    Panel(
        "network-map",
        network_map.draw,
        "Buses stand at their coordinates where all have some, else as a tree that grows from the interface at the "
        "left; loops are closed by dashed lines. The thicker a line, the higher its load.",
        shows_money=True,
    ),
    Panel(
        "price-parts",
        price_parts.draw,
        "The bus shown is the one whose price is, on average, furthest from the energy price. "
        "The parts add up to the difference; those below a hundredth of the largest are left out.",
        shows_money=True,
    ),
    Panel(
        "dispatch",
        dispatch.draw,
        "What feeds the network counts positive, charging and sales to the grid negative. "
        "What exceeds the load goes into these and into losses.",
    ),
    Panel("voltage", voltage.draw, "Dashed: the widest limits of any bus whose voltage is not held."),
    Panel("storage", storage.draw, "Energy at the ends of the steps."),
    Panel(
        "settlement",
        settlement.draw,
        "Payments of the whole horizon, for active and reactive energy. All of them, the network operator's included, "
        "add up to zero.",
        shows_money=True,
    ),
)


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
        asked.section(record),
    ]
    return _document(f"{record.case.name}: {standing.headline.lower()}", "\n".join(body))


def _figure(panel: Panel, record: Record, standing: Standing) -> str:
    void = panel.shows_money and not standing.valid
    svg = inline(panel.draw, record, panel.name, stamp="NOT CERTIFIED" if void else "")
    if not svg:
        return ""
    return tag("figure", svg + tag("figcaption", _warning(panel, standing) + panel.caption), "void" if void else "")


def _warning(panel: Panel, standing: Standing) -> str:
    """What a reader of this figure must know about its numbers."""
    warnings = {
        "failed": "Not certified: these prices and payments are not valid. ",
        "approximate": "Approximate: prices of a simplified network. ",
    }
    words = warnings.get(standing.verdict, "") if panel.shows_money else ""
    return tag("strong", words) if words else ""


def _document(title: str, body: str) -> str:
    css = files("gridpact.report").joinpath("report.css").read_text(encoding="utf-8")
    return PAGE.format(title=safe(title), css=css, body=body)
