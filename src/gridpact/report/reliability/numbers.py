"""The indices of a network as cards."""

from __future__ import annotations

from gridpact.report.numbers import Fact, struck
from gridpact.report.reliability.facts import NAMES, index
from gridpact.report.standing import Standing
from gridpact.report.text import number
from gridpact.results.record import Record

UNITS = {
    "saifi": "per year",
    "saidi_h": "h/year",
    "caidi_h": "h",
    "asai": "",
    "eens_mwh": "MWh/year",
    "aens_kwh": "kWh/year",
}
MEANING = {
    "saifi": "interruptions of a customer, on average",
    "saidi_h": "a customer without supply, on average",
    "caidi_h": "mean time until supply is back",
    "asai": "share of the time with supply",
    "eens_mwh": "energy not supplied, at the mean load",
    "aens_kwh": "energy not supplied to a customer",
}
MINUTES_BELOW = 1.0  # hours


def reliability_facts(record: Record, standing: Standing) -> list[Fact]:
    """The indices, and how many customers they are averages over."""
    found = [_fact(record, standing, name) for name in NAMES]
    feeders = number(index(record, "feeders"), 0)
    note = f"on {feeders} feeder{'' if feeders == '1' else 's'}, {record.case.count('loads')} load points"
    return [*found, Fact("Customers", number(index(record, "customers"), 0), "", note)]


def _fact(record: Record, standing: Standing, name: str) -> Fact:
    title, _, decimals = NAMES[name]
    value = index(record, name)
    short = name == "saidi_h" and value < MINUTES_BELOW
    note = f"{MEANING[name]}<br>{number(60.0 * value, 1)} minutes" if short else MEANING[name]
    shown = number(value, decimals) if value == value else "none"
    return Fact(title, struck(shown, standing), UNITS[name], note)
