"""The leader: a district whose connected interfaces pay what the transmission market charges.

    minimise    district's cost + hours x sum over connections and steps of LMP x import      (for one feeder)
    boundary    z = feeders x import

The district stands for ``feeders`` identical ones. All its devices, its network and its heat network are those of
``clear``; only the price of the connected interfaces is the follower's to say.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.errors import InputError, Issue
from gridpact.markets.cleared import Market
from gridpact.markets.game.transmission import Transmission
from gridpact.markets.heat.side import heating
from gridpact.markets.market_program import clearing_program, formulation_named, market_network
from gridpact.programs.follower.bilevel import Bilevel
from gridpact.programs.standard_form import compile_program

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Game:
    """A district before it knows its prices, and the transmission market behind it.

    ``interfaces`` (connections,) are the rows of the connected interfaces, ``feeders`` (connections,) how many of the
    district's networks stand behind each connection.
    """

    case: Case
    district: Market
    transmission: Transmission
    interfaces: Ints
    feeders: Floats
    dynamics: str = "quasi_dynamic"

    @property
    def scale(self) -> Floats:
        """Boundary power in the transmission network's unit for each unit of import of one feeder; (connections,)."""
        scale: Floats = self.feeders * self.district.network.base_mva / self.transmission.base_mva
        return scale

    @property
    def imports(self) -> Ints:
        """Columns of the connected interfaces' imports in the district's program; (connections, steps)."""
        columns: Ints = self.district.form.columns["buy"][self.interfaces]
        return columns

    def bilevel(self) -> Bilevel:
        """The game as a bilevel program; its cost is that of one feeder."""
        steps = self.case.steps
        return Bilevel(
            self.district.form,
            self.transmission.follower(),
            self.imports.ravel(order="F"),
            np.tile(self.scale, steps),
            np.tile(1.0 / self.feeders, steps),
        )


def game(case: Case, transmission: Transmission, heat_dynamics: str = "quasi_dynamic") -> Game:
    """District and transmission market put together.

    Raises ``InputError`` where the district has integers: a leader's program must be convex.
    """
    names = case.ids("interfaces")
    connected = [str(name) for name in transmission.case.tables["connections"]["interface"]]
    interfaces = np.array([names.index(name) for name in connected], dtype=np.int64)
    free = priced(case, interfaces, np.zeros((interfaces.size, case.steps)))
    chosen = formulation_named("soc")
    network = market_network(free, chosen)
    heat = heating(free, network.base_mva, heat_dynamics)
    form = compile_program(clearing_program(free, network, chosen, heat))
    if form.integers.size:
        message = "the district has units that are switched on and off, or capacitors in steps"
        raise InputError([Issue(message, "Set committable to false for the game, and leave steps empty.")])
    feeders = transmission.case.column("connections", "feeders")
    return Game(case, Market(free, network, chosen, form, heat=heat), transmission, interfaces, feeders, heat_dynamics)


def priced(case: Case, interfaces: Ints, price: Floats, low: Floats | None = None, high: Floats | None = None) -> Case:
    """The district with these prices (connections, steps) at its connected interfaces, for both directions.

    ``low`` and ``high`` narrow the import of a feeder in MW.
    """
    names = np.array(case.ids("interfaces"), dtype=object)[interfaces]
    columns = {"price_per_mwh": price, "sell_ratio": np.ones_like(price)}
    if low is not None and high is not None:
        most, least = import_range(case, interfaces)[::-1]
        columns |= {"max_import_mw": np.minimum(high, most), "max_export_mw": -np.maximum(low, least)}
    return case.with_profiles(
        {
            f"interfaces/{name}/{column}": values[row]
            for column, values in columns.items()
            for row, name in enumerate(names)
        }
    )


def import_range(case: Case, interfaces: Ints) -> tuple[Floats, Floats]:
    """Least and greatest import of a feeder in MW at the connected interfaces, infinite where there is no limit."""
    export, most = (case.series("interfaces", name)[interfaces] for name in ("max_export_mw", "max_import_mw"))
    return -np.where(np.isnan(export), np.inf, export), np.where(np.isnan(most), np.inf, most)
