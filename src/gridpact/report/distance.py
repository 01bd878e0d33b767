"""How far an approximation is from the alternating-current network, in plain words.

The certificate compares the cleared voltages and losses with an AC power flow of the same injections and keeps the
largest difference of any step, in per unit. With S the base power, h the hours of a step and T the number of steps, a
difference d of the total losses is d S in power, d S h in the energy of its step, and the losses of the whole horizon
differ by at most d S h T.
"""

from __future__ import annotations

import math
import re

import pandas as pd

from gridpact.case.case import Case
from gridpact.report.standing import Check, checks_of
from gridpact.report.text import instant, number, safe
from gridpact.results.record import Record

_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d|Z)")


def from_ac(record: Record) -> str:
    """Sentences with the largest errors of voltage and losses; empty without the checks that measure them."""
    checks = {check["name"]: check for check in checks_of(record)}
    shown = [checks[name] for name in ("ac_voltages", "ac_losses") if name in checks]
    if not shown:
        return ""
    if not all(_is_number(check) for check in shown):
        return "At the cleared injections an AC power flow has no solution: the network could not carry this dispatch."
    words = [_voltage, _losses]
    told = [word(check, record) for word, check in zip(words, shown, strict=False)]
    return f"An AC power flow of the same injections gives {' and '.join(told)}."


def _is_number(check: Check) -> bool:
    return check["value"] is not None and math.isfinite(check["value"])


def _voltage(check: Check, record: Record) -> str:
    return f"voltages that differ by up to {number(check['value'], 4)} p.u. ({_place(check, record)})"


def _losses(check: Check, record: Record) -> str:
    """In MW and MWh where the record knows the base power."""
    where = _place(check, record)
    if "base_mva" not in record.solution:
        return f"total losses that differ by up to {number(check['value'], 4)} p.u. ({where})"
    power = float(check["value"]) * float(record.solution["base_mva"])
    energy = power * record.case.hours
    step = f"{number(power, 3)} MW ({where}), {number(energy, 3)} MWh in that step"
    whole = f", at most {number(energy * record.case.steps, 2)} MWh over the horizon" if record.case.steps > 1 else ""
    return f"total losses that differ by up to {step}{whole}"


def _place(check: Check, record: Record) -> str:
    where = str(check["where"]).removeprefix("all branches, ")  # the sum over them says so itself
    return safe(short_times(where, record.case))


def short_times(where: str, case: Case) -> str:
    """Times in ISO 8601 inside a text, as short as is clear in this case."""
    return _ISO.sub(lambda found: instant(pd.Timestamp(found[0]).tz_convert(case.timezone), case), where)
