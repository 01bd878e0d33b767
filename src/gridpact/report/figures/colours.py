"""Colours for prices: a scale that single outliers do not spoil, and its colour bar.

With q(s) the s-quantile of the values, an end of the scale is the extreme value, unless the extreme lies further
beyond q(0.01) or q(0.99) than half of q(0.99) - q(0.01): then it is that quantile, and the bar ends in an arrow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from gridpact.report.figures.canvas import Floats
from gridpact.report.text import number

SAME = 0.005  # currency/MWh; differences below half a cent are no differences to look at
TAIL, SPOILS = 0.01, 0.5
Extend = Literal["neither", "min", "max", "both"]


@dataclass(frozen=True)
class Scale:
    """From ``low`` to ``high``; ``least`` and ``most`` are the extreme values, which may lie beyond."""

    low: float
    high: float
    least: float
    most: float
    signed: bool

    @property
    def norm(self) -> Normalize:
        """Zero stands in the middle of the colours where prices have both signs."""
        if not self.signed:
            return Normalize(self.low, self.high)
        reach = max(abs(self.low), abs(self.high))
        return Normalize(-reach, reach)

    @property
    def map(self) -> str:
        return "PuOr_r" if self.signed else "cividis"

    @property
    def extend(self) -> Extend:
        norm = self.norm
        below, above = self.least < float(norm.vmin or 0.0) - SAME, self.most > float(norm.vmax or 0.0) + SAME
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
        return Scale(0.0, 1.0, 0.0, 1.0, signed=False)
    least, low, high, most = (float(value) for value in np.quantile(finite, [0.0, TAIL, 1.0 - TAIL, 1.0]))
    reach = SPOILS * (high - low)
    low = low if reach > SAME and low - least > reach else least
    high = high if reach > SAME and most - high > reach else most
    return Scale(low, high, least, most, signed=low < -SAME)


def bar(
    axes: Axes, colours: ScalarMappable, extend: Extend = "neither", horizontal: bool = False, **options: Any
) -> None:
    """A colour bar that fills these axes."""
    figure: Any = axes.figure
    drawn = figure.colorbar(
        colours, cax=axes, extend=extend, orientation="horizontal" if horizontal else "vertical", **options
    )
    drawn.outline.set_visible(False)
    axes.tick_params(length=3, pad=2)
