"""The sections of a reliability study."""

from __future__ import annotations

from gridpact.report.figures.reliability import faults, feeders, loads, network, years
from gridpact.report.panel import Panel, Section
from gridpact.report.reliability import tables

WHAT = "hours and indices"  # marked, as money is, where the certificate does not vouch for them

MAP = Panel(
    "reliability-map",
    network.draw,
    "Buses stand at their coordinates where all have some, else as a tree that grows from the interface at the left. "
    "Black marks clear a fault behind them at once; white ones are opened to isolate it.",
    shows_money=True,
    what=WHAT,
)
LOADS = Panel(
    "reliability-loads",
    loads.draw,
    "What a load waits for: the repair of what failed, a switch that isolates it or brings another supply, or the "
    "repair of its own transformer, which interrupts nobody else.",
    shows_money=True,
    what=WHAT,
)
FEEDERS = Panel(
    "reliability-feeders",
    feeders.draw,
    "Means over customers, but for EENS, the energy of all loads.",
    shows_money=True,
    what=WHAT,
)
FAULTS = Panel(
    "reliability-faults",
    faults.draw,
    "How often it fails, times how many customers it interrupts, times how long, over all customers. Bars of loads are "
    "their own transformers.",
    shows_money=True,
    what=WHAT,
)
YEARS = Panel(
    "reliability-years",
    years.draw,
    "In 99 of 100 runs all three intervals hold the right value. Axes do not begin at zero.",
    shows_money=True,
    what=WHAT,
)

SECTIONS = (
    Section("Where supply fails", (MAP, LOADS), tables.loads),
    Section("Feeders", (FEEDERS,), tables.feeders),
    Section("What fails", (FAULTS,), tables.worst_faults),
    Section("Years drawn at random", (YEARS,)),
)
