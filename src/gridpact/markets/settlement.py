"""Who pays and who receives: devices at the nodal prices of their buses, interfaces at their own prices.

    payment = - hours x sum over steps of (price x p + reactive price x q),   p and q injections

The network operator keeps the rest, the merchandising surplus (losses, congestion and voltage rents, and
the spread between buying and selling prices), so that all payments sum to zero. So does the operator of the heat
network: consumers pay the price of heat drawn, a station's devices receive that of heat given.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.markets.cleared import Cleared
from gridpact.markets.heat.prices import HeatPrices
from gridpact.markets.heat.side import feeding
from gridpact.markets.heat.tables import WITHOUT_BUS, heat_injections
from gridpact.markets.prices import NodalPrices
from gridpact.physics.devices.interface import selling_price

Floats = NDArray[np.float64]


def settlement(
    cleared: Cleared,
    prices: NodalPrices,
    warm: HeatPrices | None,
    dispatch: pd.DataFrame,
    interface: pd.DataFrame,
) -> pd.DataFrame:
    """One row per participant and carrier; ``payment`` is positive for the one who pays."""
    case = cleared.case
    frames = [_devices(case, dispatch, "p_mw", prices.active, "electricity"), _interfaces(case, interface)]
    if cleared.formulation.REACTIVE:
        frames.append(_devices(case, dispatch, "q_mvar", prices.reactive, "reactive"))
    if warm is not None:
        frames.append(heat_payments(cleared, warm, heat_injections(cleared)))
    table = pd.concat([frame for frame in frames if len(frame)], ignore_index=True)
    table["payment_cents"] = np.rint(100.0 * table["payment"]).astype(np.int64)
    return pd.concat([table, _operator(table)], ignore_index=True)


def _devices(case: Case, dispatch: pd.DataFrame, power: str, price: Floats, carrier: str) -> pd.DataFrame:
    """Energy taken and paid by every device; ``dispatch`` is ordered by snapshot, then device."""
    keys = dispatch[["kind", "device"]].iloc[: len(dispatch) // case.steps]
    at_bus = ~keys["kind"].isin(WITHOUT_BUS).to_numpy()
    keys = keys[at_bus]
    buses = np.concatenate([case.positions(f"{kind}s", "bus") for kind in keys["kind"].unique()])
    taken = -dispatch[power].to_numpy().reshape(case.steps, -1).T[at_bus]
    table = _rows(keys["kind"], keys["device"], carrier, case.hours * taken, case.hours * price[buses] * taken)
    return table[table["kind"] != "interface"]


def _interfaces(case: Case, interface: pd.DataFrame) -> pd.DataFrame:
    """The transmission side sells what is bought and buys what is sold: it consumes minus the import."""
    shape = (case.steps, case.count("interfaces"))
    buy, sell = (interface[column].to_numpy().reshape(shape).T for column in ("buy_mw", "sell_mw"))
    price, asked = case.series("interfaces", "price_per_mwh"), selling_price(case)
    energy, payment = case.hours * (sell - buy), case.hours * (asked * sell - price * buy)
    return _rows("interface", case.ids("interfaces"), "electricity", energy, payment)


def heat_payments(cleared: Cleared, prices: HeatPrices, injections: Mapping[str, Floats]) -> pd.DataFrame:
    """Energy taken from the heat network, and paid, by every device; pumps give no heat and pay for none."""
    assert cleared.heat is not None
    case, frames = cleared.case, []
    for kind, heat in injections.items():
        nodes = case.positions(f"{kind}s", "node")
        feeds = feeding(cleared.heat.network, kind, nodes)[:, None]
        price = np.where(feeds, prices.given[nodes], prices.drawn[nodes])
        if kind != "heat_source" and nodes.size:
            frames.append(_rows(kind, case.ids(f"{kind}s"), "heat", -case.hours * heat, -case.hours * price * heat))
    return pd.concat(frames, ignore_index=True)


def _rows(kind: object, names: object, carrier: str, energy: Floats, payment: Floats) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "participant": names,
            "kind": kind,
            "carrier": carrier,
            "energy_mwh": energy.sum(axis=1),
            "payment": payment.sum(axis=1),
        }
    )


def _operator(table: pd.DataFrame) -> pd.DataFrame:
    """What is left; its cents take up the rounding of all others."""
    rest = table.groupby("carrier", sort=False)[["energy_mwh", "payment", "payment_cents"]].sum().reset_index()
    rest[["energy_mwh", "payment", "payment_cents"]] *= -1
    names = np.where(rest["carrier"] == "heat", "heat network", "network")
    return rest.assign(participant=names, kind="operator")[table.columns]
