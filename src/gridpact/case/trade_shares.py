"""What each party of a trade has to itself as a case of its own, which is valid alone and tells nothing of others.

    a microgrid    its bus and what it owns, and beyond a line the network, as an interface at the transmission price
    the operator   the network and who trades, each microgrid as a load of nothing at its bus

``network_part`` of the one and ``microgrid_parts`` of the other take away again what stands for the others.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.case.owners import microgrid_parts, network_part

Floats = NDArray[np.float64]
NETWORK, STANDS_FOR = "network", "what {} exchanges"
PRIVATE = "disagreement_cost"


def operator_share(case: Case) -> Case:
    """The case of the operator; what microgrids have told of their cost without a deal is not in it."""
    part, names = network_part(case), case.ids("microgrids")
    table = part.tables["microgrids"]
    hidden = np.where(np.isnan(table[PRIVATE].to_numpy(dtype=np.float64)), np.nan, 0.0)
    loads = {"load": [STANDS_FOR.format(name) for name in names], "bus": table["bus"].tolist(), "p_mw": 0.0}
    return part.with_table("microgrids", table.assign(**{PRIVATE: hidden})).with_rows("loads", loads)


def microgrid_shares(case: Case, price: Floats) -> list[Case]:
    """The cases of the microgrids; ``price`` per MWh is that of the transmission network, (microgrids, steps)."""
    return [_share(part, row) for part, row in zip(microgrid_parts(case), price, strict=True)]


def _share(part: Case, price: Floats) -> Case:
    own = part.tables["buses"].iloc[0]
    beyond = f"beyond {own['bus']}"
    limits = {name: float(own[name]) for name in ("vn_kv", "vm_min_pu", "vm_max_pu")}
    ways = {"from_bus": [beyond], "to_bus": own["bus"], "length_km": 1.0, "r_ohm_per_km": 0.1, "x_ohm_per_km": 0.1}
    rows = {"interface": [NETWORK], "bus": beyond, "vm_pu": 1.0, "price_per_mwh": float(price[0])}
    there = part.with_rows("buses", {"bus": [beyond], **limits}).with_rows("lines", {"line": [beyond], **ways})
    there = there.with_rows("interfaces", rows)
    varies = bool((price != price[0]).any())
    return there.with_profiles({f"interfaces/{NETWORK}/price_per_mwh": price}) if varies else there
