"""From a function that draws to a piece of inline SVG: one look for all figures."""

from __future__ import annotations

import re
import warnings
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any
from unittest.mock import patch
from xml.sax.saxutils import escape

import numpy as np
from matplotlib import rc_context
from matplotlib.backend_bases import GraphicsContextBase, RendererBase
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

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
    return element(lambda: draw(record), name, stamp)


def element(make: Callable[[], Figure | None], name: str, stamp: str = "") -> str:
    """The same of a figure that is made of anything else than a run."""
    with look(name):
        figure = make()
        if figure is None:
            return ""
        if stamp:
            _stamp(figure, stamp)
        _rasterise(figure)
        return svg(figure, name)


@contextmanager
def look(name: str) -> Iterator[None]:
    """The settings under which figures are made and written; ``name`` seeds their ids.

    Letters that the font of the layout lacks are no matter: texts stay texts, and readers' fonts have them.
    """
    with rc_context({**LOOK, "svg.hashsalt": name}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        yield


def svg(figure: Figure, name: str) -> str:
    """The SVG element alone, self-contained, and the same from run to run.

    Texts stay texts: they can be searched, copied and read aloud. They are laid out in a wide font, and shown in the
    reader's own, which is narrower: what does not overlap here does not overlap there.
    """
    text = StringIO()
    figure.set_dpi(RASTER_DPI)
    # Once imported, pandapipes gives all figures of a program a stroke that no file can say.
    with patch.object(RendererBase, "new_gc", lambda renderer: GraphicsContextBase()):
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
    return _told_apart(re.sub(r'(\bid="|xlink:href="#|url\(#)', rf"\g<1>{name}-", svg))


def _told_apart(svg: str) -> str:
    """Pictures that are alike, as two colour bars may be, have one id: the second and later ones get their own."""
    seen: Counter[str] = Counter()

    def own(found: re.Match[str]) -> str:
        seen[found[1]] += 1
        return found[0] if seen[found[1]] == 1 else f'id="{found[1]}-{seen[found[1]]}"'

    return re.sub(r'\bid="([^"]*-image[0-9a-f]+)"', own, svg)


def _rasterise(figure: Figure) -> None:
    """Curves of very many steps as pixels: as sharp to the eye, and a hundredth of the size."""
    for axes in figure.axes:
        curves: list[Patch | Line2D] = [*axes.patches, *axes.lines]
        for curve in curves:
            # A curve has two corners at every step, an area beneath it four.
            if np.shape(curve.get_path().vertices)[0] > 2 * MANY_STEPS:
                curve.set_rasterized(True)


def _stamp(figure: Figure, word: str) -> None:
    """Across the figure, so that it stays with it when it is copied."""
    box = {"facecolor": "white", "alpha": 0.55, "edgecolor": "none"}
    figure.text(
        0.5, 0.45, word, rotation=12, fontsize=40, weight="bold", color="#d55e00", alpha=0.75, ha="center", va="center",
        bbox=box, in_layout=False,
    )  # fmt: skip
