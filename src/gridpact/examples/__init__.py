"""Cases and studies carried in the package: ``<name>/study.toml`` beside its case folders and its SOURCES.txt."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from gridpact.errors import InputError, Issue

_DESCRIPTIONS = {
    "barry-island": "32-node heat network with one loop, its 11 kV network and three CHP plants over a winter day",
    "collaborative-planning": "33-node feeder, four weeks: homes, a farm, a workshop and the operator plan together",
    "ieee30-district": "IEEE 30-bus transmission market behind 15 districts of 33-node feeder and 32-node heat network",
    "ieee33-day": "33-node feeder over a summer day: PV, wind, storage, generators, bids and shiftable demand",
    "ieee33-dhn32": "33-node feeder and 32-node heat network over a spring day: CHP, electric boilers, heat pump, tank",
    "ieee33-planning": "33-node feeder over a year: plants, storages, lines, ties, switches; SAIDI at most 1.6 h",
    "oberrhein-day": "179-bus medium-voltage network over a summer day: two substations, PV, CHP, batteries",
    "papavasiliou15": "15-node feeder, one hour in four steps: a cheap generator at the far end behind a narrow line",
    "papavasiliou15-b": "the same with a must-take injection at bus 8, which congests the way to the root",
    "pjm5-dc": "PJM 5-bus transmission system, one hour in four steps, DC: meshed, one line congested",
    "pjm5-ieee33": "PJM 5-bus transmission market behind 60 33-node feeders that know how they move its prices",
    "rbts2-reliability": "RBTS bus 2, four feeders with 22 load points: how often and for how long supply fails",
    "reverse-flow": "33-node feeder, much PV at its ends, voltage cap, export limit: the relaxation is not exact",
    "three-microgrids": "33-node feeder, a spring day: homes with PV, a windy farm and heated baths trade",
}


def names() -> list[str]:
    """Names of the examples."""
    return list(_DESCRIPTIONS)


def path(name: str) -> Path:
    """Folder of an example: study.toml, its cases and SOURCES.txt. Raises InputError for an unknown name."""
    _require(name)
    return Path(str(resources.files(__name__))) / name


def describe(name: str) -> str:
    """What an example shows, in one line. Raises InputError for an unknown name."""
    _require(name)
    return _DESCRIPTIONS[name]


def _require(name: str) -> None:
    if name not in _DESCRIPTIONS:
        raise InputError([Issue("no example has this name", f"The examples are: {', '.join(names())}.", value=name)])
