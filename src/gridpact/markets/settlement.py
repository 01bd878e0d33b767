"""Who pays and who receives: devices at the nodal prices of their buses, interfaces at their own prices.

    payment = - hours x sum over steps of (price x p + reactive price x q),   p and q injections

The network operator keeps the rest, the merchandising surplus (losses, congestion and voltage rents, and
the spread between buying and selling prices), so that all payments sum to zero.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.markets.cleared import Cleared
from gridpact.markets.prices import NodalPrices
from gridpact.physics.devices.interface import selling_price

Floats = NDArray[np.float64]


def settlement(cleared: Cleared, prices: NodalPrices, dispatch: pd.DataFrame, interface: pd.DataFrame) -> pd.DataFrame:
    """One row per participant and carrier; ``payment`` is positive for the one who pays."""
    case = cleared.case
    frames = [_devices(case, dispatch, "p_mw", prices.active, "electricity"), _interfaces(case, interface)]
    if cleared.formulation.REACTIVE:
        frames.append(_devices(case, dispatch, "q_mvar", prices.reactive, "reactive"))
    table = pd.concat([frame for frame in frames if len(frame)], ignore_index=True)
    table["payment_cents"] = np.rint(100.0 * table["payment"]).astype(np.int64)
    return pd.concat([table, _operator(table)], ignore_index=True)


def _devices(case: Case, dispatch: pd.DataFrame, power: str, price: Floats, carrier: str) -> pd.DataFrame:
    """Energy taken and paid by every device; ``dispatch`` is ordered by snapshot, then device."""
    keys = dispatch[["kind", "device"]].iloc[: len(dispatch) // case.steps]
    buses = np.concatenate([case.positions(f"{kind}s", "bus") for kind in keys["kind"].unique()])
    taken = -dispatch[power].to_numpy().reshape(case.steps, -1).T
    table = _rows(keys["kind"], keys["device"], carrier, case.hours * taken, case.hours * price[buses] * taken)
    return table[table["kind"] != "interface"]


def _interfaces(case: Case, interface: pd.DataFrame) -> pd.DataFrame:
    """The transmission side sells what is bought and buys what is sold: it consumes minus the import."""
    shape = (case.steps, case.count("interfaces"))
    buy, sell = (interface[column].to_numpy().reshape(shape).T for column in ("buy_mw", "sell_mw"))
    price, asked = case.series("interfaces", "price_per_mwh"), selling_price(case)
    energy, payment = case.hours * (sell - buy), case.hours * (asked * sell - price * buy)
    return _rows("interface", case.ids("interfaces"), "electricity", energy, payment)


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
    return rest.assign(participant="network", kind="operator")[table.columns]
