"""What the loads of a case bring to the indices of reliability, read from the case alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class LoadPoints:
    """Customers, mean power in MW, failures per year and hours of repair of the own transformer; (loads,) each."""

    names: list[str]
    customers: Floats
    mean_mw: Floats
    rate: Floats
    repair_h: Floats

    @property
    def weights(self) -> Floats:
        """Share of the customers, then mean power, of every load; shape (2, loads)."""
        return np.stack([self.customers / self.customers.sum(), self.mean_mw])


def load_points(case: Case) -> LoadPoints:
    """The loads of a case, in their order."""
    return LoadPoints(
        case.ids("loads"),
        case.column("loads", "customers"),
        np.clip(case.series("loads", "p_mw"), 0.0, None).mean(axis=1),
        case.column("loads", "transformer_failures_per_year"),
        case.column("loads", "transformer_repair_h"),
    )
