"""From a function that draws to a piece of inline SVG: one look for all figures."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from contextlib import AbstractContextManager
from io import StringIO
from typing import Any
from xml.sax.saxutils import escape

from matplotlib import rc_context
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from gridpact.results.record import Record

Draw = Callable[[Record], Figure | None]
MANY_STEPS = 1500
RASTER_DPI = 192
LAID_OUT_IN = "'DejaVu Sans'"
SHOWN_IN = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
_METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)

LOOK: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.titlesize": 9.0,
    "axes.titlelocation": "left",
    "axes.titley": 1.0,
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
    "lines.linewidth": 1.6,
    "text.parse_math": False,
    "svg.fonttype": "none",
    "svg.image_inline": True,
}


def inline(draw: Draw, record: Record, name: str, stamp: str = "") -> str:
    """The figure as SVG for an HTML page, stamped where a word is given; empty where there is nothing to draw.

    ``name`` makes the ids of the figure its own: all figures of a page share one name space.
    """
    with look(name):
        figure = draw(record)
        if figure is None:
            return ""
        if stamp:
            _stamp(figure, stamp)
        if record.case.steps > MANY_STEPS:
            _rasterise(figure)
        return svg(figure, name)


def look(name: str) -> AbstractContextManager[None]:
    """The settings under which figures are made and written; ``name`` seeds their ids."""
    return rc_context({**LOOK, "svg.hashsalt": name})


def svg(figure: Figure, name: str) -> str:
    """The SVG element alone, self-contained, and the same from run to run.

    Texts stay texts: they can be searched, copied and read aloud. They are laid out in a wide font, and shown in the
    reader's own, which is narrower: what does not overlap here does not overlap there.
    """
    text = StringIO()
    figure.set_dpi(RASTER_DPI)
    FigureCanvasSVG(figure).print_svg(text, metadata={"Date": None, "Creator": None})
    written = text.getvalue()
    element = _METADATA.sub("", written[written.index("<svg") :]).replace(LAID_OUT_IN, SHOWN_IN)
    label = escape(figure.get_suptitle(), {'"': "&quot;"})
    return _own_ids(element.replace("<svg", f'<svg role="img" aria-label="{label}"', 1), name)


def data_uri(element: str) -> str:
    """An SVG element as an address that holds it."""
    return f"data:image/svg+xml;base64,{b64encode(document(element).encode()).decode()}"


def document(element: str) -> str:
    """An SVG element as a file of its own."""
    return f'<?xml version="1.0" encoding="utf-8"?>\n{element}'


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
