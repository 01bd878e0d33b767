"""Words that the results of a plan are written in: the question, and what a year costs."""

from __future__ import annotations

from typing import Final

QUESTION: Final = "plan"
ITEMS: Final = (
    "investment",
    "maintenance",
    "purchase",
    "sales",
    "generation",
    "renewables",
    "storage wear",
    "carbon",
    "interruption",
    "other",
)
"""What a year costs: the annuity of what is built, having it, energy bought and (negative) sold, fuel, energy taken
from plants, energy discharged from storages, emissions, energy not served after faults, and all else."""
BASIS: Final = {
    False: "every plan for these days",
    True: "every plan for these days that the linear form of reliability admits; it never understates an index",
}
"""What the lower bound of a plan bounds, by whether reliability decides anything."""


def switch_column(line: str) -> str:
    """What tables of designs and cuts call the column that says whether a line is closed."""
    return f"closed: {line}"
