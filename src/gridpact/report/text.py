"""Numbers, times and names as text in HTML."""

from __future__ import annotations

import math
from html import escape

import pandas as pd

from gridpact.case.case import Case

THIN_SPACE = "\u2009"
MINUS = "\u2212"


def number(value: float, decimals: int = 2) -> str:
    """A number with thin spaces between thousands: 17 479.90."""
    if not math.isfinite(value):
        return significant(value)
    rounded = round(value, decimals) + 0.0  # no minus before a rounded zero
    return f"{rounded:,.{decimals}f}".replace(",", THIN_SPACE).replace("-", MINUS)


def significant(value: float | None) -> str:
    """A number whose size may be anything: three digits, a power of ten where it is needed."""
    if value is None or math.isnan(value):
        return "not a number"
    return f"{value:.3g}".replace("-", MINUS)


def for_terminals(text: str) -> str:
    """Numbers as terminals and other programs know them: a minus that is a hyphen, spaces that are spaces."""
    return text.replace(MINUS, "-").replace(THIN_SPACE, " ")


def moment(time: pd.Timestamp) -> str:
    """Day and time of day."""
    return time.strftime("%d %b %Y %H:%M")


def instant(time: pd.Timestamp, case: Case) -> str:
    """As short as is clear: the day where there are several, the zone where the clock is changed."""
    first, last = case.snapshots[0], case.snapshots[-1]
    day = "" if first.date() == last.date() else "%d %b "
    zone = "" if first.utcoffset() == last.utcoffset() else " %Z"
    return time.strftime(f"{day}%H:%M{zone}")


def tag(name: str, content: str, css: str = "") -> str:
    """An HTML element; ``content`` must be HTML already."""
    attribute = f' class="{css}"' if css else ""
    return f"<{name}{attribute}>{content}</{name}>"


def table(header: list[str], rows: list[list[str]], css: str = "") -> str:
    """An HTML table; header and cells must be HTML already."""
    head = tag("tr", "".join(tag("th", cell) for cell in header))
    body = "\n".join(tag("tr", "".join(tag("td", cell) for cell in row)) for row in rows)
    return tag("table", f"<thead>{head}</thead>\n<tbody>\n{body}\n</tbody>", css)


def safe(value: object) -> str:
    """Text from a case or a run, made harmless."""
    return escape(str(value))
