"""A trade seen by its judges: who takes part, what is exchanged at which prices, who sells to whom, as arrays.

Parties are numbered 0 to n - 1, the microgrids in the order of their table, and n, the operator of the network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.case.schema import SCHEMA
from gridpact.case.trade_fee_rules import operators_name
from gridpact.certificates.evidence import Evidence, rows_of, steps_of
from gridpact.certificates.grid import read_grid
from gridpact.certificates.trade.clearings import Clearings
from gridpact.certificates.trade.joined import joined
from gridpact.results.record import Record

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
CENTS = 100.0


@dataclass(frozen=True, eq=False)
class Split:
    """Trades as arrays (trades,): numbers of seller and buyer, step, MW; every number column by its name."""

    seller: Ints
    buyer: Ints
    step: Ints
    p_mw: Floats


@dataclass(frozen=True, eq=False)
class TradeView:
    """A record of a trade that has passed ``complete_trade``, with its clearings as evidence."""

    record: Record
    clearings: Clearings

    @property
    def case(self) -> Case:
        return self.record.case

    @property
    def hours(self) -> float:
        return self.case.hours

    @cached_property
    def step_hours(self) -> Floats:
        """Hours that every step counts for in money, (steps,)."""
        return np.full(self.case.steps, self.hours)

    @cached_property
    def names(self) -> list[str]:
        """The microgrids."""
        return self.case.ids("microgrids")

    @cached_property
    def operator(self) -> str:
        return operators_name(self.case)

    @cached_property
    def parties(self) -> list[str]:
        """The microgrids, then the operator."""
        return [*self.names, self.operator]

    @property
    def count(self) -> int:
        """Number of the microgrids, which is the operator's place among the parties."""
        return len(self.names)

    @cached_property
    def network(self) -> Evidence:
        return self.clearings.evidence("network")

    @cached_property
    def microgrids(self) -> Evidence:
        return self.clearings.evidence("microgrids")

    @cached_property
    def is_given(self) -> Bools:
        """Whose cost without a deal is a number of the case, (microgrids,)."""
        return (self.case.tables["microgrids"]["disagreement"] == "given").to_numpy(dtype=np.bool_)

    def exchange(self, column: str) -> Floats:
        """A column of the table ``exchanges``, (microgrids, steps)."""
        values = self.record.tables["exchanges"][column].to_numpy(dtype=np.float64)
        return values.reshape(self.case.steps, self.count).T

    def of_parties(self, table: str, column: str) -> Floats:
        """A number column of a table with one row per party, in the order of the parties; (n + 1,)."""
        return self._picked(table, column).astype(np.float64)

    def whole(self, table: str, column: str) -> list[int]:
        """The same of whole numbers, exactly."""
        return [int(value) for value in self._picked(table, column)]

    def words(self, table: str, column: str) -> list[str]:
        """The same of texts."""
        return [str(value) for value in self._picked(table, column)]

    def flags(self, table: str, column: str) -> Bools:
        """The same of flags."""
        return self._picked(table, column).astype(np.bool_)

    def _picked(self, table: str, column: str) -> NDArray[np.object_]:
        frame = self.record.tables[table]
        place = rows_of([str(name) for name in frame["participant"]], self.parties)
        picked: NDArray[np.object_] = frame[column].to_numpy(dtype=object)[place]
        return picked

    @cached_property
    def split(self) -> Split:
        """The trades."""
        table = self.record.tables["trades"]
        seller, buyer = (rows_of(self.parties, table[side]) for side in ("seller", "buyer"))
        return Split(seller, buyer, steps_of(self.case, table["snapshot"]), table["p_mw"].to_numpy(dtype=np.float64))

    def of_trades(self, column: str) -> Floats:
        """A number column of the trades, (trades,)."""
        return self.record.tables["trades"][column].to_numpy(dtype=np.float64)

    @cached_property
    def rule(self) -> dict[str, object]:
        """The row of the network operator, or its defaults."""
        table = self.case.tables["network_operator"]
        row: dict[str, object] = {column.name: column.default for column in SCHEMA["network_operator"].columns}
        return row | ({str(name): value for name, value in table.iloc[0].items()} if len(table) else {})

    def fee(self, name: str) -> float:
        """A number of the operator's row."""
        return float(str(self.rule[name]))

    @property
    def bargains(self) -> Bools:
        """Who bargains: the microgrids, and an operator that is a party; (n + 1,)."""
        return np.append(np.ones(self.count, dtype=np.bool_), self.rule["role"] == "party")

    @property
    def keeps_fees(self) -> bool:
        """Whether the operator has its fees for itself, as it does not bargain."""
        return not self.bargains[-1]

    @cached_property
    def weights(self) -> Floats:
        """Weights as shares of one, zero for who does not bargain; (n + 1,)."""
        given = np.append(self.case.column("microgrids", "weight"), self.fee("weight")) * self.bargains
        return np.asarray(given / given.sum(), dtype=np.float64)

    @cached_property
    def price(self) -> Floats:
        """Prices at the network's side of the microgrids' buses, (microgrids, steps)."""
        return self.exchange("price_per_mwh")

    @cached_property
    def nodal(self) -> Floats:
        """Nodal prices of the network's clearing at the microgrids' buses, (microgrids, steps)."""
        return self.network.table("electricity_prices", "price_per_mwh")[self.case.positions("microgrids", "bus")]

    @cached_property
    def root_price(self) -> Floats:
        """Nodal price at the reference bus of the network that each microgrid hangs on, (microgrids, steps)."""
        grid = read_grid(self.network.case, self.network.base_mva)
        place = grid.references[grid.area[self.case.positions("microgrids", "bus")]]
        return self.network.table("electricity_prices", "price_per_mwh")[place]

    @property
    def deal(self) -> bool:
        """Whether the parties agreed."""
        return bool(self.record.summary["deal"])

    @cached_property
    def joined(self) -> Bools:
        """Who can trade with whom, (n + 1, n + 1)."""
        return joined(self.case)

    @cached_property
    def limits(self) -> tuple[Floats, Floats]:
        """Least and most that each microgrid may give to the network, infinite without a limit; MW."""
        buy, sell = (self.case.series("microgrids", f"max_{way}_mw") for way in ("buy", "sell"))
        return np.where(np.isnan(buy), -np.inf, -buy), np.where(np.isnan(sell), np.inf, sell)

    @cached_property
    def gross_value(self) -> float:
        """What all energy drawn in the network and exchanged with microgrids is worth, at least one unit of money.

        Costs less benefits may be next to nothing, or below; what passes through the network is not.
        """
        bus = self.network.case.positions("loads", "bus")
        price = self.network.table("electricity_prices", "price_per_mwh")[bus]
        return max(1.0, self.hours * float(np.abs(price * self.network.dispatch("load", "p_mw")).sum()))


def relative(told: Floats, own: Floats, scale: float = 1.0) -> Floats:
    """Difference over the own number, at least ``scale``."""
    return np.asarray(np.abs(told - own) / np.maximum(scale, np.abs(own)), dtype=np.float64)


def total(values: Floats, owner: Ints, count: int) -> Floats:
    """Sums of ``values`` (things,) by owner, (count,); things without one (-1) are left out."""
    own = owner >= 0
    return np.bincount(owner[own], values[own], count).astype(np.float64)


def place_names(names: Sequence[str], rows: Ints) -> list[str]:
    return [names[row] for row in rows]
