"""Words that the results of reliability are written in: the question, its indices, the classes of interruptions."""

from __future__ import annotations

from typing import Final

QUESTION: Final = "reliability"
INDICES: Final = ("saifi", "saidi_h", "caidi_h", "asai", "eens_mwh", "aens_kwh")
"""Interruptions (1/a) and hours (h/a) per customer, hours per interruption, share of time with supply, energy not
served in all (MWh/a) and per customer (kWh/a)."""
UNDISTURBED, SWITCHED, REPAIRED = 0, 1, 2
"""A load after a fault: not without supply, without it until something is switched, or until the repair is done."""
