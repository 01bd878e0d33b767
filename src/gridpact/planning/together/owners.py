"""Who may build what: the owners of a plan, and the candidates of each.

A microgrid owns the candidates at its bus, the operator of the network all others, lines among them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridpact.case.case import Case, Floats, Ints
from gridpact.case.owners import owner_of
from gridpact.case.planned import CANDIDATES


@dataclass(frozen=True, eq=False)
class Owners:
    """``names`` of the owners: microgrids in the order of the case, then the operator; ``of`` (candidates,) numbers."""

    names: tuple[str, ...]
    of: Ints

    @property
    def count(self) -> int:
        return len(self.names)

    def own(self, owner: int) -> Ints:
        """The candidates of an owner, in their order."""
        return np.flatnonzero(self.of == owner)

    def in_turn(self) -> list[int]:
        """The owners that have something to decide, by name: an order that does not depend on that of the case."""
        return sorted((owner for owner in range(self.count) if self.own(owner).size), key=lambda one: self.names[one])

    def added(self, values: Floats) -> Floats:
        """Sums of values per candidate (candidates,) over those of every owner, (owners,)."""
        return np.bincount(self.of, values, self.count).astype(np.float64)


def owners_of(case: Case, operator: str) -> Owners:
    """The owners of the candidates of a case; ``operator`` is the operator's name."""
    owner = np.concatenate([owner_of(case, table) for table in CANDIDATES])
    microgrids = case.ids("microgrids")
    return Owners((*microgrids, operator), np.where(owner < 0, len(microgrids), owner))
