"""The two sides of a trade as clearings of their own, so that what is made for clearings serves them too."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from gridpact.case.trade_cases import microgrids_at, network_with
from gridpact.report.trade.facts import by_microgrid, microgrids, table
from gridpact.results.record import Record
from gridpact.results.trading import MICROGRIDS, SIDES

MICROGRID = "microgrid"  # kind of device that a microgrid is to the network


def network_side(record: Record) -> Record | None:
    """The network, to which each microgrid is a device of its own kind; None where exchanges are not known."""
    if table(record, "exchanges") is None:
        return None
    case = network_with(record.case, by_microgrid(record, "p_mw"), by_microgrid(record, "q_mvar"))
    own = {name: one for name, one in record.tables.items() if not name.startswith(tuple(filter(None, SIDES)))}
    if "dispatch" in own:
        own["dispatch"] = marked(own["dispatch"], microgrids(record))
    return replace(record, question="clear", case=case, tables=own)


def marked(dispatch: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Loads that go by the name of a microgrid are microgrids."""
    marked = (dispatch["kind"] == "load") & dispatch["device"].isin(names)
    return dispatch.assign(kind=dispatch["kind"].mask(marked, MICROGRID))


def inside(record: Record) -> Record | None:
    """All microgrids with their devices, each behind an interface of its name; None where they are not known."""
    if table(record, "exchanges") is None or table(record, f"{MICROGRIDS}dispatch") is None:
        return None
    case = microgrids_at(record.case, by_microgrid(record, "inside_price_per_mwh"), by_microgrid(record, "q_mvar"))
    names = [name for name in record.tables if name.startswith(MICROGRIDS)]
    tables = {name.removeprefix(MICROGRIDS): record.tables[name] for name in names}
    return replace(record, question="clear", case=case, tables=tables)
