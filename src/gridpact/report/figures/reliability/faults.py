"""The faults that add most to SAIDI, in minutes per customer and year."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from gridpact.report.figures import canvas
from gridpact.report.figures.reliability.look import KINDS
from gridpact.report.reliability.facts import MINUTES, OWN, called, faults
from gridpact.results.record import Record

MOST = 15
LEAST = 1e-9  # hours; faults below add nothing


def draw(record: Record) -> Figure | None:
    found = faults(record)
    found = found[found["saidi_h"] > LEAST]
    if found.empty:
        return None
    first = found.head(MOST)
    share = 100.0 * float(first["saidi_h"].sum() / found["saidi_h"].sum())
    some = f"the {len(first)} of {len(found)}" if len(first) < len(found) else f"all {len(first)}"
    title = f"Faults that add most to SAIDI: {some}, {share:.0f} % of it"
    figure = canvas.sheet(title, 1.3 + 0.27 * len(first))
    names = [_named(str(name), str(kind)) for name, kind in zip(first["fault"], first["kind"], strict=True)]
    values = MINUTES * first["saidi_h"].to_numpy(dtype=np.float64)
    colours = [KINDS[str(kind)] for kind in first["kind"]]
    axes = canvas.bars(figure, names, values, colours, "minutes without supply per customer and year", legend_rows=1)
    shown = [Patch(color=colour, label=kind) for kind, colour in KINDS.items() if kind in set(first["kind"])]
    axes.legend(handles=shown, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, borderaxespad=0.3)
    return figure


def _named(name: str, kind: str) -> str:
    """Own transformers go by their load: the colour says what they are."""
    return name.removeprefix("transformer of ") if kind == OWN else called(name, kind)
