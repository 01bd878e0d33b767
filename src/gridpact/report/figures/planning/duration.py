"""Duration curves: the hours of all days from the highest to the lowest, beside those of the days that stand for them.

Where the hours of all days are known by family, the curve of a family is that of its sum. Else the curves of its
series are added, each sorted on its own, which is the same where they rise and fall together.
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

MOST = 6
Curves = dict[str, tuple[str, Floats, Floats]]
Table = pd.DataFrame | None


def draw(
    curves: Table, day_profiles: Table, scenario_profiles: Table, currency: str, kinds: Mapping[str, str] | None = None
) -> Figure | None:
    """One small figure per family, at most six; ``curves`` as ``TypicalDays.duration_curves`` has them."""
    if day_profiles is not None and scenario_profiles is not None:
        found = of_days(day_profiles, scenario_profiles)
    elif curves is not None:
        found = of_series(curves, kinds)
    else:
        return None
    shown = dict(list(found.items())[:MOST])
    if not shown:
        return None
    figure, places = multiples("Duration curves: all days and the typical ones", len(shown), 0.55, 0.32)
    for place, (axes, (name, (unit, real, typical))) in enumerate(zip(places, shown.items(), strict=True)):
        _curve(axes, real, typical, look.family(name, place))
        told = unit.format(currency=currency)
        axes.set_title(f"{canvas.short(name)}, {told}" if told else canvas.short(name))
        axes.set_xlabel("% of the hours" if place + ACROSS >= len(places) else "")
    _legend(figure)
    return figure


def of_days(day_profiles: pd.DataFrame, scenario_profiles: pd.DataFrame) -> Curves:
    """Curves of families by name: unit, all days, and the typical days in their place; falling hourly values."""
    keys = ["family", "scenario", "hour"]
    typical = scenario_profiles.rename(columns={"value": "typical"})[[*keys, "typical"]]
    both = day_profiles.merge(typical, on=keys, how="left")
    return {
        str(name): (str(group["unit"].iloc[0]), _falling(group["value"]), _falling(group["typical"]))
        for name, group in both.groupby("family", sort=False)
    }


def of_series(curves: pd.DataFrame, kinds: Mapping[str, str] | None = None) -> Curves:
    """The same from the curves of single series."""
    names = [str(name) for name in dict.fromkeys(curves["series"])]
    real, typical = (curves[column].to_numpy(dtype=np.float64).reshape(len(names), -1) for column in
                     ("value", "represented"))  # fmt: skip
    return {
        family.name: (family.unit, family.joined(real), family.joined(typical)) for family in families(names, kinds)
    }


def _falling(values: pd.Series) -> Floats:
    falling: Floats = np.sort(values.to_numpy(dtype=np.float64))[::-1]
    return falling


def _curve(axes: Axes, real: Floats, typical: Floats, colour: str) -> None:
    """A few hundred points of each are as good as thousands."""
    share = np.linspace(0.0, 1.0, min(real.size, 400))
    at = np.round(share * (real.size - 1)).astype(np.int64)
    axes.plot(100.0 * share, real[at], color=look.BEFORE, linewidth=3.2, label="all days")
    dash = (0, (4, 1))
    axes.plot(100.0 * share, typical[at], color=colour, linewidth=1.5, linestyle=dash, label="typical days")
    axes.set_xlim(0.0, 100.0)
    axes.margins(y=0.06)


def _legend(figure: Figure) -> None:
    handles = figure.axes[0].get_legend_handles_labels()[0]
    figure.legend(
        handles, ["all days", "the typical days, as often as they count (dashed)"], loc="upper left", ncols=2,
        bbox_to_anchor=(canvas.LEFT / canvas.WIDTH, 1.0 - (canvas.TITLE - 0.02) / figure.get_size_inches()[1]),
        borderaxespad=0.0,
    )  # fmt: skip
