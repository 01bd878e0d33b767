"""Small figures beside and below each other, three in a row, one per step of time."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gridpact.report.figures import canvas

ACROSS = 3
EACH, TITLED, TICKS = 2.1, 0.25, 0.55  # inches: of a row, of it for its title, and for ticks and label below


def multiples(title: str, count: int, gap: float, legend: float = 0.0) -> tuple[Figure, list[Axes]]:
    """``count`` axes, ``gap`` inches apart, which must hold the numbers at their left."""
    rows = -(-count // ACROSS)
    figure = canvas.sheet(title, canvas.TITLE + legend + EACH * rows + 0.1)
    wide = (canvas.WIDTH - canvas.LEFT - canvas.RIGHT + gap) / ACROSS
    return figure, [_one(figure, place, rows, wide, gap, legend) for place in range(count)]


def _one(figure: Figure, place: int, rows: int, wide: float, gap: float, legend: float) -> Axes:
    row, across = divmod(place, ACROSS)
    left = canvas.LEFT + across * wide
    below = 0.1 + (rows - 1 - row) * EACH + TICKS
    return canvas.axes_at(
        figure, left, below, canvas.WIDTH - left - wide + gap, canvas.TITLE + legend + row * EACH + TITLED
    )


def labelled(axes: list[Axes], along: str, up: str) -> None:
    """Labels at the left of each row and below the last figure of each column."""
    for place, one in enumerate(axes):
        one.set_ylabel(up if place % ACROSS == 0 else "")
        one.set_xlabel(along if place + ACROSS >= len(axes) else "")
