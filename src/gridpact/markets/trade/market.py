"""The market of several microgrids and the network between them, and what everybody knows of it.

Public are the parties, where they are connected, the network's power base, the fees and the transmission price. A
microgrid's devices and demand are in its own part of the case, the network's lines and devices in the operator's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.case.owners import microgrid_parts, network_part
from gridpact.errors import InputError
from gridpact.markets.market_program import formulation_named, market_network
from gridpact.markets.trade.admission import trade_issues
from gridpact.markets.trade.fees import Tariff, fee_rates, tariff
from gridpact.markets.trade.rates import FeeRates
from gridpact.physics.electric.network import Network, first_interfaces

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
OPERATOR = "network"


@dataclass(frozen=True, eq=False)
class TradeMarket:
    """A case whose microgrids trade: ``network`` in per unit, the operator's part and those of the microgrids."""

    case: Case
    network: Network
    operator: Case
    parts: list[Case]
    dynamics: str = "quasi_dynamic"

    @property
    def base(self) -> float:
        return self.network.base_mva

    @property
    def names(self) -> list[str]:
        """The microgrids."""
        return self.case.ids("microgrids")

    @property
    def operator_name(self) -> str:
        """The operator's name; where the case has none, a name that no microgrid has."""
        if self.case.count("network_operator"):
            return self.case.ids("network_operator")[0]
        return OPERATOR if OPERATOR not in self.names else "network operator"

    @property
    def buses(self) -> Ints:
        """The bus of every microgrid, (microgrids,)."""
        return self.case.positions("microgrids", "bus")

    @property
    def money(self) -> float:
        """What one per unit at a price of one per MWh comes to in a step."""
        return self.base * self.case.hours

    @property
    def tariff(self) -> Tariff:
        return tariff(self.case)

    @property
    def charges_cost(self) -> bool:
        """Whether fees are a true cost, which the dispatch then spares."""
        return self.tariff.fee_kind == "cost"

    @cached_property
    def costly(self) -> FeeRates | None:
        """The fees where they are a true cost."""
        return fee_rates(self.case) if self.charges_cost else None

    @cached_property
    def transmission_price(self) -> Floats:
        """As the function of that name, (microgrids, steps)."""
        return transmission_price(self.case, self.network)


def transmission_price(case: Case, network: Network) -> Floats:
    """Buying price of the first interface of the network of each microgrid, per MWh, (microgrids, steps).

    Zero where a network has none.
    """
    price = np.vstack([case.series("interfaces", "price_per_mwh"), np.zeros((1, case.steps))])
    return np.asarray(price[first_interfaces(case, network, case.positions("microgrids", "bus"))])


def trade_market(case: Case, dynamics: str = "quasi_dynamic") -> TradeMarket:
    """The market of a valid case; ``InputError`` where it cannot be traded, or the network has loops."""
    issues = trade_issues(case)
    if issues:
        raise InputError(issues)
    network = market_network(case, formulation_named("soc"))
    return TradeMarket(case, network, network_part(case), microgrid_parts(case), dynamics)
