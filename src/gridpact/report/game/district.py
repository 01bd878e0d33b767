"""The figures of the district where it leads: the same as ever, in words that fit prices with a leader's wedge."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from gridpact.report.figures import canvas, price_map, price_parts
from gridpact.report.figures.carrier import ELECTRICITY
from gridpact.report.panel import Panel, Section

LED = replace(
    ELECTRICITY,
    root="boundary (LMP)",
    feed="at the boundary (LMP)",
    excess="less the LMP paid",
    parts={**ELECTRICITY.parts, "interface_per_mwh": ("leader's wedge", canvas.PURPLE)},
)
DRAWN = {"price-map": partial(price_map.draw, carrier=LED), "price-parts": partial(price_parts.draw, carrier=LED)}
CAPTIONS = {
    "price-map": "Supporting prices: what one more MWh of demand at that bus and time would add to the leader's cost "
    "while its import is held where it stands. The difference from the LMP is the leader's wedge, losses and limits.",
    "price-parts": "The bus shown is the one whose price is, on average, furthest from the LMP. The leader's wedge is "
    "what holding the import where it stands, or an import limit of its own, is worth. The parts add up to the "
    "difference; those below a hundredth of the largest are left out.",
}
ADDED = {
    "network-map": " Supporting prices.",
    "settlement": " One feeder, at supporting prices; the grid is paid the LMP, and what the leader's wedge brings in "
    "stays with the network operator.",
}


def led(section: Section) -> Section:
    """A section of the district of one that leads."""
    return replace(
        section, title=section.title.replace("Figures", "The district"), panels=tuple(map(_led, section.panels))
    )


def _led(panel: Panel) -> Panel:
    own = panel.caption.replace("the cost of all", "the leader's cost")
    caption = CAPTIONS.get(panel.name, own + ADDED.get(panel.name, ""))
    return replace(panel, draw=DRAWN.get(panel.name, panel.draw), caption=caption)
