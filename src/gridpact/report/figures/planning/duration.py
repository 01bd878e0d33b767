"""Duration curves: the hours of all days from the highest to the lowest, beside those of the days that stand for them.

Where the hours are known by family, the curve of a family is that of its sum, and every typical day counts as often as
its weight says. Else the curves of its series are added, each sorted on its own, which is the same where they rise and
fall together.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gridpact.report.figures import canvas
from gridpact.report.figures.canvas import Floats
from gridpact.report.figures.game.multiples import ACROSS, multiples
from gridpact.report.figures.planning import look
from gridpact.results.families import families

MOST, POINTS = 6, 400
Curve = tuple[Floats, Floats]
Curves = dict[str, tuple[str, Curve, Curve]]
Table = pd.DataFrame | None


def draw(
    weights: Mapping[str, float],
    every: Table,
    typical: Table,
    curves: Table,
    currency: str,
    kinds: Mapping[str, str] | None = None,
) -> Figure | None:
    """One small figure per family, at most six.

    ``every`` and ``typical`` as ``family_tables`` makes them, ``curves`` as ``TypicalDays.duration_curves`` has them.
    """
    if every is not None and typical is not None:
        found = of_days(weights, every, typical)
    elif curves is not None:
        found = of_series(curves, kinds)
    else:
        return None
    shown = dict(list(found.items())[:MOST])
    if not shown:
        return None
    figure, places = multiples("Duration curves: all days and the typical ones", len(shown), 0.55, 0.32)
    for place, (axes, (name, (unit, real, days))) in enumerate(zip(places, shown.items(), strict=True)):
        _curve(axes, real, days, look.family(name, place))
        told = unit.replace("{currency}", currency)
        axes.set_title(f"{canvas.short(name)}, {told}" if told else canvas.short(name))
        axes.set_xlabel("% of the hours" if place + ACROSS >= len(places) else "")
    _legend(figure)
    return figure


def of_days(weights: Mapping[str, float], every: pd.DataFrame, typical: pd.DataFrame) -> Curves:
    """Curves by family: unit, all hours, and those of the typical days, both falling with the shares of their hours."""
    groups = typical.assign(weight=typical["scenario"].map(dict(weights))).groupby("family", sort=False)
    found: Curves = {}
    for name, group in every.groupby("family", sort=False):
        if name in groups.groups:
            own = groups.get_group(name)
            real = falling(group["value"].to_numpy(dtype=np.float64))
            days = falling(own["value"].to_numpy(dtype=np.float64), own["weight"].to_numpy(dtype=np.float64))
            found[str(name)] = (str(group["unit"].iloc[0]), real, days)
    return found


def of_series(curves: pd.DataFrame, kinds: Mapping[str, str] | None = None) -> Curves:
    """The same from the curves of single series."""
    names = [str(name) for name in dict.fromkeys(curves["series"])]
    real, typical = (curves[column].to_numpy(dtype=np.float64).reshape(len(names), -1) for column in
                     ("value", "represented"))  # fmt: skip
    return {
        family.name: (family.unit, falling(family.joined(real)), falling(family.joined(typical)))
        for family in families(names, kinds)
    }


def falling(values: Floats, weights: Floats | None = None) -> Curve:
    """Values from the highest to the lowest, and where each begins and ends, in percent of all hours."""
    order = np.argsort(-values, kind="stable")
    counted = np.ones(values.size) if weights is None else weights
    ends = np.append(0.0, np.cumsum(counted[order]))
    return values[order], 100.0 * ends / max(float(ends[-1]), 1e-12)


def _curve(axes: Axes, real: Curve, typical: Curve, colour: str) -> None:
    axes.plot(*_few(*real), color=look.BEFORE, linewidth=3.2, label="all days")
    dash = (0, (4, 1))
    axes.plot(*_few(*typical), color=colour, linewidth=1.5, linestyle=dash, label="typical days")
    axes.set_xlim(0.0, 100.0)
    axes.margins(y=0.06)


def _few(values: Floats, ends: Floats) -> tuple[Floats, Floats]:
    """A few hundred points of a curve are as good as thousands; its two ends are always among them."""
    middles = 0.5 * (ends[1:] + ends[:-1])
    at = np.unique(np.linspace(0, values.size - 1, min(values.size, POINTS)).round().astype(np.int64))
    return np.concatenate([[0.0], middles[at], [100.0]]), np.concatenate([values[:1], values[at], values[-1:]])


def _legend(figure: Figure) -> None:
    handles = figure.axes[0].get_legend_handles_labels()[0]
    figure.legend(
        handles, ["all days", "the typical days, as often as they count (dashed)"], loc="upper left", ncols=2,
        bbox_to_anchor=(canvas.LEFT / canvas.WIDTH, 1.0 - (canvas.TITLE - 0.02) / figure.get_size_inches()[1]),
        borderaxespad=0.0,
    )  # fmt: skip
