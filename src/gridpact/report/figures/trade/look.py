"""One look of the parties in all figures: a colour each, the largest by name, the rest together as "others".

Seven parties have Okabe and Ito's colours; of more, ten have Paul Tol's muted ones, which people with any kind of
colour vision can tell apart as far as ten can be; wherever there is room they are named where they are drawn too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gridpact.case.case import Case
from gridpact.report.figures import canvas
from gridpact.report.figures.canvas import Floats
from gridpact.report.trade import facts
from gridpact.results.record import Record

FEW = (canvas.BLUE, canvas.ORANGE, canvas.GREEN, canvas.VERMILLION, canvas.PURPLE, canvas.SKY, canvas.YELLOW)
MANY = ("#332288", "#88ccee", "#44aa99", "#117733", "#999933", "#ddcc77", "#cc6677", "#882255", "#aa4499", "#661100")
OPERATOR, OTHERS = "#8a9096", "#cfd4d9"
MOST = len(MANY)
INK, FAINT = "#3a3f44", "#b4bac0"
PANELS, BETWEEN = 9, 0.7  # microgrids that have a panel of their own, inches between panels
Ints = np.typing.NDArray[np.int64]


@dataclass(frozen=True)
class Crowd:
    """The parties that are shown: each has a name and a colour; ``group`` says which of them a party counts to."""

    names: list[str]
    colours: list[str]
    group: Ints

    def joined(self, square: Floats) -> Floats:
        """A square array of everyone to everyone, of those that are shown; further axes stay."""
        into = np.eye(len(self.names))[:, self.group]
        found: Floats = np.einsum("ai,ij...,bj->ab...", into, square, into)
        return found

    def summed(self, values: Floats) -> Floats:
        """Values by party along the first axis, of those that are shown."""
        found: Floats = np.eye(len(self.names))[:, self.group] @ values
        return found

    def averaged(self, values: Floats) -> Floats:
        """The same, where the others are one of them on average: a sum of many would dwarf all else."""
        count = np.bincount(self.group, minlength=len(self.names))
        return np.asarray((self.summed(values).T / count).T, dtype=np.float64)

    @property
    def each(self) -> list[str]:
        """Names where the others are one of them on average."""
        count = np.bincount(self.group, minlength=len(self.names)).tolist()
        return [f"mean of {name}" if many > 1 else name for name, many in zip(self.names, count, strict=True)]


def crowd(record: Record, size: Floats | None = None, most: int = MOST) -> Crowd:
    """The microgrids of largest ``size`` (microgrids,), the others together, then the operator.

    Size is what they trade where nothing else is said. One more than ``most`` is shown rather than an other alone.
    """
    names = facts.microgrids(record)
    size = facts.moved(facts.energy(record))[:-1] if size is None else size
    kept = facts.largest(size, len(names) if len(names) <= most + 1 else most)
    rest = len(names) - len(kept)
    group = np.full(len(names) + 1, len(kept), dtype=np.int64)
    group[kept] = np.arange(len(kept))
    group[-1] = len(kept) + (rest > 0)
    told = [names[place] for place in kept] + ([f"{rest} others"] if rest else [])
    shades = [*palette(len(kept)), *([OTHERS] if rest else []), OPERATOR]
    return Crowd([*told, facts.operator(record)], shades, group)


def palette(count: int) -> list[str]:
    """As many colours as parties; the last ones share one where they are more than colours."""
    colours = FEW if count <= len(FEW) else MANY
    return [colours[place % len(colours)] for place in range(count)]


def ranked(record: Record, size: Floats) -> tuple[list[int], str]:
    """The microgrids that have a panel of their own, and what a title says of the others."""
    kept = facts.largest(size, PANELS)
    some = "" if len(kept) == len(size) else f" (the {len(kept)} that trade most, of {len(size)})"
    return kept, some


def small_time(axes: Axes, case: Case) -> None:
    """A short axis of local time, without its label."""
    canvas.local_time(axes, case, ticks=5)
    axes.set_xlabel("")


def legend(figure: Figure, rows: int = 1, order: Sequence[str] = ()) -> None:
    """One legend for all panels, in rows below the title; in this order where one is given."""
    found: dict[str, Artist] = {}
    for axes in figure.axes:
        found |= dict(zip(*axes.get_legend_handles_labels()[::-1], strict=True))
    names = [name for name in order or found if name in found]
    figure.legend(
        [found[name] for name in names], names, loc="upper left", ncols=max(1, -(-len(names) // rows)),
        bbox_to_anchor=(canvas.LEFT / canvas.WIDTH, 1.0 - (canvas.TITLE - 0.02) / figure.get_size_inches()[1]),
        borderaxespad=0.0,
    )  # fmt: skip


def rows_of(names: Sequence[str]) -> int:
    return canvas.legend_rows(list(names))


def same_scale(places: Sequence[Axes]) -> None:
    """One vertical scale for all panels, with some air."""
    ends = np.array([axes.dataLim.intervaly for axes in places])
    low, high = float(ends[:, 0].min()), float(ends[:, 1].max())
    room = 0.08 * max(high - low, 1e-9)
    for axes in places:
        axes.set_ylim(low - room, high + room)
