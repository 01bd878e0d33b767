"""From a function that draws to a piece of inline SVG: one look for all figures."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import StringIO
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from gridpact.results.record import Record

Draw = Callable[[Record], Figure | None]
MANY_STEPS = 1500

LOOK: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.titlesize": 9.0,
    "axes.titlelocation": "left",
    "axes.labelsize": 9.0,
    "axes.labelcolor": "#3a3f44",
    "axes.edgecolor": "#8a9096",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": "#e4e7ea",
    "grid.linewidth": 0.8,
    "xtick.color": "#3a3f44",
    "ytick.color": "#3a3f44",
    "legend.frameon": False,
    "legend.fontsize": 9.0,
    "legend.handlelength": 1.4,
    "legend.columnspacing": 1.4,
    "figure.titlesize": 11.5,
    "figure.titleweight": "bold",
    "figure.constrained_layout.use": True,
    "lines.linewidth": 1.6,
    "text.parse_math": False,
    "svg.fonttype": "path",
    "svg.image_inline": True,
}


def inline(draw: Draw, record: Record, name: str, stamp: str = "") -> str:
    """The figure as SVG for an HTML page, stamped where a word is given; empty where there is nothing to draw.

    ``name`` makes the ids of the figure its own: all figures of a page share one name space.
    """
    with rc_context({**LOOK, "svg.hashsalt": name}):
        figure = draw(record)
        if figure is None:
            return ""
        if stamp:
            _stamp(figure, stamp)
        if record.case.steps > MANY_STEPS:
            _rasterise(figure)
        return _own_ids(_svg(figure), name)


def _svg(figure: Figure) -> str:
    """The SVG element alone: no XML declaration, no date, nothing that changes from run to run."""
    text = StringIO()
    figure.savefig(text, format="svg", dpi=192, metadata={"Date": None, "Creator": None})
    svg = text.getvalue()
    title = figure.get_suptitle().replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    return svg[svg.index("<svg") :].replace("<svg", f'<svg role="img" aria-label="{title}"', 1)


def _own_ids(svg: str, name: str) -> str:
    return re.sub(r'(\bid="|xlink:href="#|url\(#)', rf"\g<1>{name}-", svg)


def _rasterise(figure: Figure) -> None:
    """Curves of very many steps as pixels: as sharp to the eye, and a hundredth of the size."""
    for axes in figure.axes:
        for artist in (*axes.patches, *axes.lines):
            artist.set_rasterized(True)


def _stamp(figure: Figure, word: str) -> None:
    """Across the figure, so that it stays with it when it is copied."""
    box = {"facecolor": "white", "alpha": 0.55, "edgecolor": "none"}
    figure.text(
        0.5, 0.45, word, rotation=12, fontsize=40, weight="bold", color="#d55e00", alpha=0.75, ha="center", va="center",
        bbox=box, in_layout=False,
    )  # fmt: skip
