"""One look of the designs in all figures: colour and dash tell them apart, so that either is enough."""

from __future__ import annotations

from typing import Any

from gridpact.report.figures import canvas
from gridpact.report.game.facts import FREE, LED, MOST, connections, designs, shown
from gridpact.results.record import Record

COLOURS = {
    "uncoordinated": canvas.GREY,
    "competitive": canvas.BLUE,
    "cooperative": canvas.SKY,
    LED: canvas.VERMILLION,
}
DASHES = {"uncoordinated": ":", "competitive": "--", "cooperative": "-.", LED: "-"}
NAMES = {
    "uncoordinated": "uncoordinated",
    "competitive": "competitive",
    "cooperative": "cooperative",
    LED: "the district leads",
}


def named(record: Record) -> dict[str, str]:
    """The designs to draw and their names; one that is the same as the competitive one shares its line."""
    found = designs(record)
    names = {design: NAMES[design] for design in found if design in NAMES}
    if {FREE, "cooperative"} <= set(found) and same(record, FREE, "cooperative"):
        names = {key: name for key, name in names.items() if key != "cooperative"}
        names[FREE] = "competitive and cooperative"
    return {key: names[key] for key in NAMES if key in names}


def same(record: Record, one: str, other: str) -> bool:
    """Whether two designs have the same figures."""
    table = record.tables["designs"].set_index("design")
    columns = ["leader_cost", "transmission_cost", "welfare_cost", "import_mwh", "lmp_mean_per_mwh"]
    a, b = (table.loc[name, columns].to_numpy(dtype=float) for name in (one, other))
    return bool((abs(a - b) <= 1e-6 * (1.0 + abs(a))).all())


def style(design: str, label: str) -> dict[str, Any]:
    return {"color": COLOURS[design], "linestyle": DASHES[design], "label": label}


def title(record: Record, text: str) -> str:
    """With how many connections are not shown."""
    more = len(connections(record)) - len(shown(record))
    return f"{text} (the first {MOST} of {MOST + more} connections)" if more else text


def at(record: Record, connection: str) -> str:
    """A connection in the legend or label of a figure with several; nothing where there is but one."""
    return f"{canvas.short(connection)}: " if len(connections(record)) > 1 else ""
