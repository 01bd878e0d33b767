"""What owners who plan apart say to each other beside proposals: kinds of messages, quantities in them, and runs.

to an owner                                its answer
capacity    units                          flag
suggest     -                              flag
weigh       whole, total                   flag
decide      flag                           -
hear        price                          -
value       which                          -
duals       -                              capacity duals
reveal      -                              units

A proposal is about the day that its run names; of a request for values there are as many sums, each a run of its own.
"""

from __future__ import annotations

import re

from gridpact.coordination.message import MessageError

CAPACITY, SUGGEST, WEIGH, DECIDE, HEAR, VALUE, DUALS, REVEAL = (
    "capacity",
    "suggest",
    "weigh",
    "decide",
    "hear",
    "value",
    "duals",
    "reveal",
)
FLAG, UNITS, WHOLE, TOTAL, WHICH, WORTH = "flag", "units", "whole", "total", "which", "capacity_dual"
TRADED = re.compile(r"trade [0-9]+ of day ([0-9]{1,9})")


def traded(trade: int, day: int) -> str:
    """The run in which all agree on a day, both counted from zero."""
    return f"trade {trade} of day {day}"


def day_of_run(run: str, days: int) -> int:
    """The day, of so many, on which a run agrees; raises ``MessageError`` where it tells none."""
    found = TRADED.fullmatch(run)
    if found is None or int(found[1]) >= days:
        raise MessageError(f"A proposal must be in a run of a day from 0 to {days - 1}, not {run!r:.80}.")
    return int(found[1])


def summed(run: str, day: int) -> str:
    """The run of a masked sum: of the values of one request, of a day (-1: what building costs)."""
    return f"{run}, day {day}"
