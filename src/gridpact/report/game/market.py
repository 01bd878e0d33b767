"""The transmission market of a game as a clearing of its own, so that what is made for clearings serves it too."""

from __future__ import annotations

from dataclasses import replace

from gridpact.results.record import Record

BEFORE = "transmission_"


def transmission_clearing(record: Record) -> Record | None:
    """The transmission network with its tables under their usual names; None where the run has no such tables."""
    if record.transmission is None or "transmission_prices" not in record.tables:
        return None
    names = [name for name in record.tables if name.startswith(BEFORE)]
    tables = {name.removeprefix(BEFORE): record.tables[name] for name in names}
    prices = tables.pop("prices").rename(columns={"lmp_per_mwh": "price_per_mwh"})
    tables["electricity_prices"] = prices
    settings = {"formulation": "dc"}
    return replace(record, question="clear", case=record.transmission, tables=tables, settings=settings)
