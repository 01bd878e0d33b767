"""The cases of a market as each side sees the other: exchanges are fixed loads to the network, prices to microgrids.

A trade is two clearings that agree: the network's with what microgrids exchange standing at their buses, and the
microgrids', side by side without lines, each buying and selling at a price of its own. In the disagreement point that
price is a tariff, or there is no exchange at all.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.case.owners import microgrids_together, network_part

Floats = NDArray[np.float64]


def network_with(case: Case, p: Floats, q: Floats) -> Case:
    """The operator's part with each microgrid as a load of its name; ``p`` and ``q`` go into the network, MW and Mvar.

    Both have the shape (microgrids, steps).
    """
    names = case.ids("microgrids")
    there = network_part(case).with_rows("loads", {"load": names, "bus": case.tables["microgrids"]["bus"].tolist()})
    given = {"p_mw": -p, "q_mvar": -q}
    return there.with_profiles(
        {f"loads/{name}/{column}": row for column, rows in given.items() for name, row in zip(names, rows, strict=True)}
    )


def microgrids_at(case: Case, price: Floats, q: Floats) -> Case:
    """All microgrids side by side, each with an interface of its name at ``price`` per MWh, (microgrids, steps).

    Its reactive power ``q`` in Mvar, which goes into the network, is held.
    """
    blank = np.full(price.shape, np.nan)
    return _with_interfaces(case, price, np.ones(price.shape), blank, blank, -q)


def microgrids_within(case: Case, price: Floats) -> Case:
    """The same within the limits of what each may buy and sell, and with any reactive power."""
    most_in, most_out = (case.series("microgrids", f"max_{way}_mw") for way in ("buy", "sell"))
    return _with_interfaces(case, price, np.ones(price.shape), most_in, most_out, None)


def microgrids_before(case: Case) -> Case:
    """The microgrids side by side in the disagreement point: at their tariffs, or with nothing to exchange.

    Those whose cost is given are left out.
    """
    table = case.tables["microgrids"]
    case = case.with_table("microgrids", table[table["disagreement"] != "given"].reset_index(drop=True))
    tariff = (case.tables["microgrids"]["disagreement"] == "tariff").to_numpy()[:, None]
    buy, sell = (np.where(tariff, case.series("microgrids", f"tariff_{way}_per_mwh"), 0.0) for way in ("buy", "sell"))
    ratio = np.divide(sell, buy, out=np.ones_like(buy), where=buy != 0.0)
    most_in, most_out = (np.where(tariff, case.series("microgrids", f"max_{way}_mw"), 0.0) for way in ("buy", "sell"))
    return _with_interfaces(case, buy, ratio, most_in, most_out, None)


def _with_interfaces(
    case: Case, price: Floats, ratio: Floats, most_in: Floats, most_out: Floats, q: Floats | None
) -> Case:
    """Interfaces named like the microgrids; ``q`` is the reactive power imported, None for any."""
    names = case.ids("microgrids")
    rows = {"interface": names, "bus": case.tables["microgrids"]["bus"].tolist(), "vm_pu": 1.0}
    series = {"price_per_mwh": price, "sell_ratio": ratio, "max_import_mw": most_in, "max_export_mw": most_out}
    series |= {} if q is None else {"min_q_mvar": q, "max_q_mvar": q}
    first = {column: values[:, 0] for column, values in series.items()}
    there = microgrids_together(case)
    there = there.with_table("buses", _wide(there.tables["buses"])).with_rows("interfaces", {**rows, **first})
    return there.with_profiles(
        {
            f"interfaces/{name}/{column}": row
            for column, values in series.items()
            for name, row in zip(names, values, strict=True)
            if not np.isnan(row).any() and (row != row[0]).any()
        }
    )


def _wide(buses: pd.DataFrame) -> pd.DataFrame:
    """Buses that stand at nominal voltage, whatever the limits are that hold on the network."""
    return buses.assign(vm_min_pu=np.minimum(buses["vm_min_pu"], 1.0), vm_max_pu=np.maximum(buses["vm_max_pu"], 1.0))
