"""A figure of a report with its words, and sections of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gridpact.report.drawing import Draw
from gridpact.report.standing import Standing
from gridpact.results.record import Record


@dataclass(frozen=True)
class Panel:
    """A figure of the report; one that ``shows_money`` is marked where the prices are not certified.

    ``lead`` writes the sentence before it, as plain text; ``what`` says what it shows that may not be valid.
    """

    name: str
    draw: Draw
    caption: str
    shows_money: bool = False
    lead: Callable[[Record], str] | None = None
    what: str = "prices and payments"


@dataclass(frozen=True)
class Section:
    """Figures under a heading, after an introduction and before a table where the run has them."""

    title: str
    panels: tuple[Panel, ...]
    table: Callable[[Record, Standing], str] | None = None
    intro: Callable[[Record, Standing], str] | None = None
