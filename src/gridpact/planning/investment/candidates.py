r"""What may be built, as arrays, and what a unit of it costs in a year.

$$
a_j = I_j \frac{\rho (1 + \rho)^{L_j}}{(1 + \rho)^{L_j} - 1} + m_j
$$

with the investment $I_j$, the lifetime $L_j$ in years, the discount rate $\rho$ and the maintenance $m_j$ in a year;
the fraction, the capital recovery factor, is $1 / L_j$ without interest.

Source: Blank and Tarquin, Engineering Economy, 8th ed., 2018, chapter 2 (factor A/P).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case, Floats, Ints
from gridpact.case.planned import CANDIDATES, candidate_names, most_units

# Columns that tell the power of a unit, the largest of them, and its energy.
POWER: Final = {
    "renewable_candidates": ("p_mw",),
    "storage_candidates": ("discharge_mw",),
    "generator_candidates": ("max_p_mw",),
    "chp_candidates": ("max_p_mw",),
    "electric_boiler_candidates": ("max_heat_mw",),
    "heat_pump_candidates": ("max_heat_mw",),
    "gas_boiler_candidates": ("max_heat_mw",),
    "heat_storage_candidates": ("discharge_mw",),
    "exchange_candidates": ("max_buy_mw", "max_sell_mw"),
}
ENERGY: Final = {"storage_candidates": ("energy_mwh",), "heat_storage_candidates": ("energy_mwh",)}
# Kinds of candidates; those of the other tables have a column for it.
_KIND: Final = {
    "storage_candidates": "storage",
    "generator_candidates": "generator",
    "chp_candidates": "chp",
    "electric_boiler_candidates": "electric_boiler",
    "heat_pump_candidates": "heat_pump",
    "gas_boiler_candidates": "gas_boiler",
    "heat_storage_candidates": "heat_storage",
    "exchange_candidates": "exchange",
    "line_candidates": "line",
    "tie_candidates": "tie",
}
_PLACE: Final = ("bus", "node", "microgrid", "line")


@dataclass(frozen=True, eq=False)
class Candidates:
    """All candidates (c): names, tables, kinds and places; most units; costs of one unit.

    ``investment`` is in currency, ``capex`` and ``maintenance`` in currency per year, ``lifetime`` in years;
    ``size_mw`` and ``size_mwh`` are the power (of what makes only heat, its heat) and the energy of one unit, NaN where
    it has none.
    """

    names: tuple[str, ...]
    table: NDArray[np.str_]
    kind: NDArray[np.str_]
    place: NDArray[np.str_]
    most: Ints
    investment: Floats
    capex: Floats
    maintenance: Floats
    lifetime: Floats
    size_mw: Floats
    size_mwh: Floats

    @property
    def annual(self) -> Floats:
        """What one unit costs in a year."""
        return self.capex + self.maintenance

    @property
    def count(self) -> int:
        return len(self.names)

    def of(self, table: str) -> Ints:
        """The numbers of the candidates of one table, in its order."""
        return np.flatnonzero(self.table == table)

    def design(self, units: Any) -> dict[str, int]:
        """Units by name, of what is built."""
        return {name: int(n) for name, n in zip(self.names, np.rint(units).astype(int), strict=True) if n}


def capital_recovery(rate: float, years: Floats) -> Floats:
    """The share of an investment that is paid every year over its lifetime, (candidates,)."""
    if rate == 0.0:
        return 1.0 / years
    return np.asarray(rate / -np.expm1(-years * np.log1p(rate)), dtype=np.float64)


def candidates_of(case: Case, discount_rate: float) -> Candidates:
    """The candidates of a case, table by table."""

    def all_of(column: str) -> Floats:
        return np.concatenate([case.column(table, column) for table in CANDIDATES])

    investment = all_of("investment")
    return Candidates(
        names=tuple(candidate_names(case)),
        table=np.array([table for table in CANDIDATES for _ in case.ids(table)], dtype=np.str_),
        kind=_texts([_kinds(case, table) for table in CANDIDATES]),
        place=_texts([_places(case, table) for table in CANDIDATES]),
        most=np.array(list(most_units(case).values()), dtype=np.int64),
        investment=investment,
        capex=investment * capital_recovery(discount_rate, all_of("lifetime_years")),
        maintenance=all_of("maintenance_per_year"),
        lifetime=all_of("lifetime_years"),
        size_mw=np.concatenate([_size(case, table, POWER) for table in CANDIDATES]),
        size_mwh=np.concatenate([_size(case, table, ENERGY) for table in CANDIDATES]),
    )


def _size(case: Case, table: str, columns: Mapping[str, tuple[str, ...]]) -> Floats:
    """The highest value over time of what tells the size of a unit; NaN in tables whose units have no such size."""
    if table not in columns:
        return np.full(case.count(table), np.nan)
    highest = [case.series(table, column).max(axis=1) for column in columns[table]]
    return np.asarray(np.max(highest, axis=0), dtype=np.float64)


def _texts(parts: list[list[str]]) -> NDArray[np.str_]:
    return np.array([text for part in parts for text in part], dtype=np.str_)


def _kinds(case: Case, table: str) -> list[str]:
    frame = case.tables[table]
    return [_KIND[table]] * len(frame) if table in _KIND else [str(kind) for kind in frame["kind"]]


def _places(case: Case, table: str) -> list[str]:
    frame = case.tables[table]
    if table == "tie_candidates":
        return [f"{one} - {other}" for one, other in zip(frame["from_bus"], frame["to_bus"], strict=True)]
    return [str(place) for place in frame[next(column for column in _PLACE if column in frame.columns)]]
