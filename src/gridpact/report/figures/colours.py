"""Colours for prices: a scale that single outliers do not spoil, and its colour bar.

With q(s) the s-quantile of the values, an end of the scale is the extreme value, unless the extreme lies further
beyond q(0.01) or q(0.99) than half of q(0.99) - q(0.01): then it is that quantile, and the bar ends in an arrow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from gridpact.report.figures.canvas import Floats
from gridpact.report.text import number

SAME = 0.005  # currency/MWh; differences below half a cent are no differences to look at
TAIL, SPOILS = 0.01, 0.5
SHADES, ARROW = 128, 0.14  # steps of a colour bar; inches of its arrow
Extend = Literal["neither", "min", "max", "both"]


@dataclass(frozen=True)
class Scale:
    """From ``low`` to ``high``; ``least`` and ``most`` are the extreme values, which may lie beyond."""

    low: float
    high: float
    least: float
    most: float
    signed: bool = False
    plain: str | Colormap = "cividis"

    @property
    def norm(self) -> Normalize:
        """Zero stands in the middle of the colours where prices have both signs."""
        if not self.signed:
            return Normalize(self.low, self.high)
        reach = max(abs(self.low), abs(self.high))
        return Normalize(-reach, reach)

    @property
    def map(self) -> str | Colormap:
        return "PuOr_r" if self.signed else self.plain

    @property
    def extend(self) -> Extend:
        below, above = self.least < self.low - SAME, self.most > self.high + SAME
        return "both" if below and above else "min" if below else "max" if above else "neither"

    @property
    def note(self) -> str:
        """What a reader must know of values beyond the colours."""
        ends = {"min": f"lowest {number(self.least)}", "max": f"highest {number(self.most)}"}
        beyond = ends.values() if self.extend == "both" else [ends[self.extend]] if self.extend in ends else []
        return f"arrow: few values beyond, {', '.join(beyond)}" if beyond else ""


def scale_of(values: Floats) -> Scale:
    """The scale for these values; those that are not numbers are left out."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return Scale(0.0, 1.0, 0.0, 1.0)
    least, low, high, most = (float(value) for value in np.quantile(finite, [0.0, TAIL, 1.0 - TAIL, 1.0]))
    reach = SPOILS * (high - low)
    low = low if reach > SAME and low - least > reach else least
    high = high if reach > SAME and most - high > reach else most
    return Scale(low, high, least, most, signed=low < -SAME)


def bar(axes: Axes, scale: Scale, across: bool = False) -> None:
    """A colour bar that fills these axes, upwards or ``across``, with an arrow where there are values beyond it.

    Plain axes with an image: matplotlib's own colour bar takes as long as a whole figure.
    """
    low, high = (scale.low, scale.high) if scale.high > scale.low else (scale.low - SAME, scale.high + SAME)
    shades, steps = scale.map, np.asarray(scale.norm(np.linspace(low, high, SHADES)))
    picture, extent = (steps[None, :], (low, high, 0.0, 1.0)) if across else (steps[::-1, None], (0.0, 1.0, low, high))
    axes.imshow(picture, cmap=shades, aspect="auto", extent=extent, vmin=0.0, vmax=1.0, interpolation="none")
    axes.grid(visible=False)
    axes.set_frame_on(False)
    length = ARROW / _inches(axes, across)
    for end, tip, side in ((0.0, -length, "min"), (1.0, 1.0 + length, "max")):
        if scale.extend in (side, "both"):
            corners = np.array([[end, 0.0], [tip, 0.5], [end, 1.0]])
            colour = colormaps.get_cmap(shades)(steps[int(-end)])
            corners = corners if across else corners[:, ::-1]
            axes.add_patch(Polygon(corners, transform=axes.transAxes, clip_on=False, color=colour, linewidth=0))
    axes.tick_params(length=3, pad=2)
    if across:
        axes.set_yticks([])
    else:
        axes.set_xticks([])
        axes.yaxis.tick_right()


def _inches(axes: Axes, across: bool) -> float:
    """Length of a colour bar."""
    width, height = cast(Figure, axes.figure).get_size_inches()
    box = axes.get_position()
    return float(box.width * width if across else box.height * height)
