"""Interfaces to the transmission network: import = buy - sell.

    cost   buy x price - sell x min(price, ratio x price)

The selling price never exceeds the buying price, so buying in order to sell never pays. Where the two are
equal, one variable carries both directions: the split of the net import would be undetermined.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.physics.devices.device import Device, total, unlimited
from gridpact.programs.affine import Variable
from gridpact.programs.program import Named, box

Floats = NDArray[np.float64]


def selling_price(case: Case) -> Floats:
    """min(price, ratio x price), shape (interfaces, steps)."""
    price = case.series("interfaces", "price_per_mwh")
    return np.minimum(price, case.series("interfaces", "sell_ratio") * price)


def interfaces(case: Case, base: float) -> Device:
    shape = (case.count("interfaces"), case.steps)
    buy, sell, import_q = Variable(shape), Variable(shape), Variable(shape)
    price = case.series("interfaces", "price_per_mwh")
    return Device(
        "interface",
        case.positions("interfaces", "bus"),
        {"buy": buy, "sell": sell, "import_q": import_q},
        _limits(case, base, buy, sell) | _reactive_limits(case, base, import_q),
        p=buy - sell,
        q=import_q,
        cost=base * (total(price, buy) - total(selling_price(case), sell)),
    )


def _limits(case: Case, base: float, buy: Variable, sell: Variable) -> Named:
    most_in = unlimited(case.series("interfaces", "max_import_mw")) / base
    most_out = unlimited(case.series("interfaces", "max_export_mw")) / base
    one_price = case.series("interfaces", "price_per_mwh") == selling_price(case)
    net_in, net_out = np.where(one_price, most_in, np.inf), np.where(one_price, most_out, np.inf)
    only_in, only_out = np.where(one_price, np.inf, most_in), np.where(one_price, np.inf, most_out)
    never = np.where(one_price, 0.0, np.inf)
    return (
        box(buy, -net_out, net_in, ("interfaces/max_export_mw/net", "interfaces/max_import_mw/net", "interfaces/shut"))
        | box(
            buy,
            np.where(one_price, -np.inf, 0.0),
            only_in,
            ("interfaces/buy", "interfaces/max_import_mw", "interfaces/no_import"),
        )
        | box(
            sell,
            np.where(one_price, -np.inf, 0.0),
            only_out,
            ("interfaces/sell", "interfaces/max_export_mw", "interfaces/no_export"),
        )
        | box(sell, -never, never, ("", "", "interfaces/one_price"))
    )


def _reactive_limits(case: Case, base: float, import_q: Variable) -> Named:
    lower = unlimited(case.series("interfaces", "min_q_mvar"), -1.0) / base
    upper = unlimited(case.series("interfaces", "max_q_mvar")) / base
    return box(import_q, lower, upper, ("interfaces/min_q_mvar", "interfaces/max_q_mvar", "interfaces/q_mvar"))
