"""Do both sides say the same: exchanges, their limits, and the prices at which they are made?

    exchanged   the network's load and the microgrid's interface are the exchange told, in active and reactive power
    prices      inside price = price at the network's side where no limit of the microgrid binds; where it sells all it
                may the inside price is no higher, where it buys all it may no lower
    nodal       the inside price is that of the microgrids' clearing

Tolerance of prices 1e-3: the agreement is iterative and stops at 1e-4 of the highest price; exchanges that are held at
the microgrids' answer move the network's price a little more. Reactive prices are judged by what they would make the
devices do (``regret``): where a device stands at a limit its side knows no single one.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.evidence import price_scale
from gridpact.certificates.trade.fee_margin import marginal_check
from gridpact.certificates.trade.view import Bools, Floats, TradeView

# Per unit, between answers of two programs; MW by which a solver may miss a limit, and within which it binds.
SAME, KEPT, BINDING = 1e-6, 1e-6, 1e-5
PRICE, EXACT = 1e-3, 1e-6


def agreement_checks(view: TradeView) -> Iterator[Check]:
    """Exchanges, limits and prices of both sides."""
    yield _exchanged(view)
    yield _limits(view)
    yield _prices(view)
    yield _inside_prices(view)
    yield marginal_check(view)


def _exchanged(view: TradeView) -> Check:
    measures, loads, base = [], view.network.case.ids("loads"), view.network.base_mva
    place = [loads.index(name) for name in view.names]
    for column, imported in (("p_mw", "import_mw"), ("q_mvar", "import_mvar")):
        told, given = view.exchange(column), view.network.dispatch("load", column)[place]
        measures.append(Measure(f"network/{column}", view.names, np.abs(given - told) / base))
        taken = view.microgrids.table("interface", imported)
        measures.append(Measure(f"microgrids/{column}", view.names, np.abs(taken + told) / base))
    for column, imported in (("before_mw", "import_mw"), ("before_mvar", "import_mvar")):
        measures.append(Measure(column, view.names, np.abs(view.exchange(column) - _before(view, imported)) / base))
    text = "Exchanges of the network's and of the microgrids' dispatch against those told, in per unit."
    return worst("trade exchanges", text, SAME, measures, view.case.snapshots)


def _before(view: TradeView, imported: str) -> Floats:
    """What microgrids give to the network without a deal, (microgrids, steps); nothing where their cost is given."""
    found = np.zeros((view.count, view.case.steps))
    if not view.is_given.all():
        found[~view.is_given] = -view.clearings.evidence("before_microgrids").table("interface", imported)
    return found


def _limits(view: TradeView) -> Check:
    (low, high), p = view.limits, view.exchange("p_mw")
    beyond = np.maximum(np.maximum(low - p, p - high), 0.0)
    text = "Exchanges beyond the limits of their microgrid, in MW."
    return worst("trade limits", text, KEPT, [Measure("exchange", view.names, beyond)], view.case.snapshots)


def binding(view: TradeView) -> tuple[Bools, Bools]:
    """Where each microgrid buys, and where it sells, all that it may; (microgrids, steps)."""
    (low, high), p = view.limits, view.exchange("p_mw")
    return p <= low + BINDING, p >= high - BINDING


def _prices(view: TradeView) -> Check:
    """A limit that binds leaves one direction open."""
    buys, sells = binding(view)
    off = (view.exchange("inside_price_per_mwh") - view.price) / price_scale(view.network, view.price)
    wrong = np.where(sells, 0.0, np.maximum(-off, 0.0)) + np.where(buys, 0.0, np.maximum(off, 0.0))
    text = "Inside prices against those at the network's side; where a limit binds, only of the wrong side of them."
    return worst("trade prices", text, PRICE, [Measure("microgrid", view.names, wrong)], view.case.snapshots)


def _inside_prices(view: TradeView) -> Check:
    bus, told = view.microgrids.case.positions("interfaces", "bus"), view.exchange("inside_price_per_mwh")
    own = view.microgrids.table("electricity_prices", "price_per_mwh")[bus]
    off = np.abs(told - own) / price_scale(view.microgrids, own)
    text = "Inside prices against the nodal prices of the microgrids' clearing, relative."
    return worst("trade inside prices", text, EXACT, [Measure("microgrid", view.names, off)], view.case.snapshots)
