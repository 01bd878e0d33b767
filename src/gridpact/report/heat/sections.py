"""The figures and tables of a run with heat, in sections: together, heat, electricity, who pays."""

from __future__ import annotations

from dataclasses import replace

from gridpact.report.figures.heat import (
    dispatch,
    network_map,
    operating,
    price_map,
    prices,
    route,
    sankey,
    settlement,
    stored,
    structures,
)
from gridpact.report.heat import leads, tables
from gridpact.report.panel import Panel, Section

TOGETHER = (
    Panel("energy", sankey.draw, "Bands are as wide as the energy of the whole horizon.", lead=leads.energy),
    Panel(
        "both-prices",
        prices.draw,
        "Shaded: from the lowest to the highest price of any bus or node. A coupler between its limits would give more "
        "or less if one price moved alone; where it stands at a limit or corner, prices may move apart. Dashed: the "
        "price of heat at which the coupler breaks even, from its costs and the price of electricity at its bus.",
        shows_money=True,
        lead=leads.both_prices,
    ),
    Panel(
        "operating-points",
        operating.draw,
        "Points are coloured by the hour of the day. Plants operate inside their polygon or on their line; boilers and "
        "heat pumps on a line, or, where their gain changes over time, between two.",
        lead=leads.operating,
    ),
)
STRUCTURES = (
    Panel(
        "structures",
        structures.draw,
        "Costs and what is left over the whole horizon; mean prices of all buses, or nodes, and steps.",
        shows_money=True,
        lead=leads.structures,
    ),
)
HEAT = (
    Panel(
        "heat-network",
        network_map.draw,
        "Nodes stand at their coordinates where all have some, else as a tree that grows from the reference station at "
        "the left. The wider a pipe, the more water flows in it; arrows show where supply water goes.",
        shows_money=True,
        lead=leads.network,
    ),
    Panel(
        "heat-price-map",
        price_map.draw,
        "The price is what one more MWh of heat drawn at that node and time would add to the cost of all. At the "
        "right: what the network adds to the price at its reference station, which pumps what the others leave.",
        shows_money=True,
        lead=leads.price_map,
    ),
    Panel(
        "heat-price-parts",
        price_map.draw_parts,
        "Energy: what heat is worth at the reference station at that time. Losses are often below zero, for cooler "
        "return water loses less. Delay: water arrives when heat is worth something else. Temperature limits: the "
        "station must run hotter, or others less, than they would.",
        shows_money=True,
        lead=leads.parts,
    ),
    Panel(
        "heat-dispatch",
        dispatch.draw,
        "What feeds the heat network counts positive, charging of tanks negative.",
        lead=leads.heat_dispatch,
    ),
    Panel(
        "heat-route",
        route.draw,
        "The shortest way through the pipes; dashed lines in the step in which supply water at its end is coldest, "
        "full lines when it is warmest. Short lines: limits of the nodes; shaded: between them. Where another "
        "station feeds in, the mixed water of a node may be colder or warmer than what comes from the first.",
        lead=leads.route,
    ),
    Panel("heat-stored", stored.draw, "Energy at the ends of the steps.", lead=leads.kept),
)
PAYMENTS = Panel(
    "settlement",
    settlement.draw,
    "Payments of the whole horizon; electricity includes reactive energy. Bars to the right are paid, bars to the left "
    "received; those of both carriers, the operators' included, add up to zero.",
    shows_money=True,
    lead=leads.payments,
)
ELECTRIC_CAPTION = (
    "What feeds the electricity network counts positive; charging, sales to the grid, electric boilers, heat pumps and "
    "circulation pumps negative. What exceeds the load goes into these and into losses."
)


def heat_sections(electric: tuple[Panel, ...]) -> tuple[Section, ...]:
    """All sections; ``electric`` are the figures that a run without heat has."""
    kept = tuple(
        replace(panel, caption=ELECTRIC_CAPTION) if panel.name == "dispatch" else panel
        for panel in electric
        if panel.name != "settlement"
    )
    return (
        Section("Electricity and heat together", TOGETHER, tables.coupler_table),
        Section("Market structures", STRUCTURES, tables.structure_table),
        Section("Heat", HEAT),
        Section("Electricity", kept),
        Section("Who pays", (PAYMENTS,), tables.slack_table),
    )
