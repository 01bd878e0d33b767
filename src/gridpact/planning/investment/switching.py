"""Which lines a plan may open and close, once for all hours: lines with a switch, and ties that may be built.

Columns of the plan beside its units: 1 for a line that carries current, 0 for one that stands open.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case, Floats, Ints
from gridpact.errors import InputError, Issue
from gridpact.planning.investment.candidates import Candidates
from gridpact.results.planning import switch_column

# So many of what is wrong are named.
NAMED = 5


@dataclass(frozen=True, eq=False)
class Switching:
    """Lines that may be opened and closed (o,): their names, and whether they carry current today.

    ``line`` are their positions among the lines of the case, the candidates for ties following these; ``tie`` the
    number of the candidate, -1 for a line that is there. ``types`` (o, candidates) marks the types of each line.
    """

    names: tuple[str, ...]
    line: Ints
    tie: Ints
    before: NDArray[np.bool_]
    types: NDArray[np.bool_]

    @property
    def count(self) -> int:
        return len(self.names)

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return [switch_column(name) for name in self.names]

    def closed(self, point: Floats, candidates: int) -> dict[str, bool]:
        """What a point of the plan says of the lines that are there, and of the ties that it builds."""
        on = np.rint(point[candidates : candidates + self.count]) == 1.0
        there = (self.tie < 0) | (point[self.tie] > 0.5)
        return {name: bool(on[k]) for k, name in enumerate(self.names) if there[k]}


def switching_of(case: Case, candidates: Candidates) -> Switching:
    """The lines of a case that may be opened and closed.

    Raises ``InputError`` where such a line has no limit of current or a capacitance, and where there are none.
    """
    own = np.unique(case.positions("switches", "line"))
    own = own[case.flags("lines", "in_service")[own]]
    ties = candidates.of("tie_candidates")
    issues = list(_issues(case, own))
    if issues:
        raise InputError(issues)
    of_types = np.zeros((own.size + ties.size, candidates.count), dtype=np.bool_)
    of_types[: own.size, candidates.of("line_candidates")] = own[:, None] == case.positions("line_candidates", "line")
    return Switching(
        names=(*(case.ids("lines")[line] for line in own), *case.ids("tie_candidates")),
        line=np.append(own, case.count("lines") + np.arange(ties.size)),
        tie=np.append(np.full(own.size, -1), ties),
        before=np.append(case.lines_in_service()[own], np.zeros(ties.size, dtype=np.bool_)),
        types=of_types,
    )


def with_lines_apart(switching: Switching, units: Floats, on: Floats) -> Floats:
    """A point in the interior: ``units`` (candidates,) with fewer types where their line is hardly closed, and lines
    (o,) neither open nor closed; about as many are closed as ``on``, a forest with broken numbers, has."""
    share = float(on.mean()) if on.size else 0.0
    inner = 0.9 * on + 0.1 * np.clip(share, 0.1, 0.9)
    built = switching.types @ units
    least = np.where(built > 0.9 * inner, 0.9 * inner / np.where(built > 0.0, built, 1.0), 1.0)
    kept = np.where(switching.types, least[:, None], 1.0).min(axis=0, initial=1.0)
    return np.append(kept * units, inner)


def _issues(case: Case, own: Ints) -> Iterator[Issue]:
    if not own.size and not case.count("tie_candidates"):
        fix = "Add rows to switches for the lines that may be opened, or plan without reconfigure."
        yield Issue("reconfigure is set, and no line has a switch", fix, "switches")
    names = np.array(case.ids("lines"))
    unlimited = names[own[np.isnan(case.column("lines", "max_i_ka")[own])]]
    if unlimited.size:
        yield Issue(
            f"lines that may be opened have no max_i_ka: {told(unlimited)}", "Give it.", "lines", column="max_i_ka"
        )
    charged = names[own[case.column("lines", "c_nf_per_km")[own] > 0.0]]
    if charged.size:
        message = f"lines that may be opened have a capacitance: {told(charged)}"
        yield Issue(message, "Set c_nf_per_km to 0, or take their switches away.", "lines", column="c_nf_per_km")
    with_units = [name for name, table in case.tables.items() if "committable" in table]
    switched = [name for name in with_units if case.flags(name, "committable").any()]
    switched += ["capacitors"] if (case.column("capacitors", "steps") > 0.0).any() else []
    for table in switched:
        message = "units are switched on and off, or in steps, and a plan prices its days by continuous programs"
        yield Issue(message, "Set committable to false, steps to 0.", table)
    free = np.array(case.ids("tie_candidates"))[np.isnan(case.column("tie_candidates", "max_i_ka"))]
    if free.size:
        message = f"ties that may carry current in normal operation have no max_i_ka: {told(free)}"
        yield Issue(message, "Give it, or plan without reconfigure.", "tie_candidates", column="max_i_ka")


def told(names: NDArray[np.str_]) -> str:
    """The first few names."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}"
