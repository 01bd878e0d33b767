"""The joint plan as plain text: cost and gain, who builds what, who gains and pays what, how it was found."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from gridpact.report.planning.facts import percent
from gridpact.report.planning.overview import reliability, unchecked
from gridpact.report.text import significant
from gridpact.report.together import facts
from gridpact.results.record import Record

LABEL, MOST = 24, 30


def together_overview(record: Record) -> list[str]:
    """Paragraphs; money only where the certificate vouches for it."""
    valid = record.summary["verdict"] != "failed"
    parts = [_no_deal(record), _headline(record) if valid else "", _built(record)]
    parts += [_owners(record), _found(record), _stable(record)] if valid else []
    parts += [reliability(record), unchecked(record)]
    return [part for part in parts if part]


def _no_deal(record: Record) -> str:
    if facts.deal(record):
        return ""
    return f"NO DEAL: {facts.why(record).rstrip('.')}. Everybody plans alone; nothing is paid."


def _headline(record: Record) -> str:
    """Cost, cost alone, bound, gain, investment."""
    gap, asked = facts.figure(record, "gap"), facts.figure(record, "gap_asked")
    wanted = f" ({100.0 * asked:g} % asked)" if math.isfinite(asked) else ""
    told = "" if math.isnan(gap) else f": gap {percent(gap)} %{wanted}"
    rows = [
        ("cost per year, together", facts.figure(record, "objective"), ""),
        ("where each plans alone", facts.figure(record, "objective_alone"), ""),
        ("cannot be less than", facts.figure(record, "objective_lower_bound"), told),
        ("gain to be shared", facts.figure(record, "surplus") if facts.deal(record) else math.nan, ""),
        ("investment", facts.figure(record, "investment"), ""),
    ]
    currency = record.case.currency
    return "\n".join(f"{name:<{LABEL}}{value:>14.2f} {currency}{end}" for name, value, end in rows if value == value)


def _built(record: Record) -> str:
    """Units alone and together of every candidate of which any are built."""
    found = facts.built(record)
    if found is None:
        return ""
    some = found[(found[["before", "units"]].to_numpy() > 0).any(axis=1)]
    if some.empty:
        return f"nothing is built, alone or together ({len(found)} candidates)"
    shown = pd.DataFrame({"asset": some["asset"], "owner": some["owner"], "alone": some["before"]})
    shown = shown.assign(together=some["units"], most=some["max_units"].map("{:g}".format)).head(MOST)
    more = f"\n... and {len(some) - MOST} more in the table investments" if len(some) > MOST else ""
    return f"who builds what, units ({len(found)} candidates)\n{shown.to_string(index=False)}{more}"


def _owners(record: Record) -> str:
    """Costs, receipts and gains, the operator last."""
    found = facts.table(record, "owners")
    if found is None:
        return ""
    first = pd.concat([found.iloc[:-1].head(MOST), found.iloc[-1:]])
    shown = pd.DataFrame({"owner": first["participant"].to_numpy(), "weight": _texts(first["weight"], 3)})
    for title, name in {
        "alone": "alone_cost",
        "builds for": "investment",
        "net present value": "net_present_value",
    }.items():
        shown[title] = _texts(first[name], 2)
    if facts.deal(record):
        shown["receives"] = _texts(first["receipt_cents"] / 100.0, 2)
        shown["gain"] = _texts(first["gain_exact"], 2)
    more = f"\n... and {len(found) - 1 - MOST} more owners" if len(found) - 1 > MOST else ""
    return f"who gains what, {record.case.currency} per year\n{shown.to_string(index=False)}{more}"


def _texts(values: pd.Series, decimals: int) -> list[str]:
    """No minus before a rounded zero."""
    return [
        f"{round(value, decimals) + 0.0:.{decimals}f}" if np.isfinite(value) else "-"
        for value in values.to_numpy(dtype=np.float64).tolist()
    ]


def _found(record: Record) -> str:
    """What each scheme came to."""
    found = facts.table(record, "schemes")
    if found is None:
        return ""
    lines = [
        f"  {facts.SCHEMES.get(str(row['scheme']), row['scheme'])}: gains {float(row['surplus']):.2f}, {row['ended']}"
        for _, row in found.iterrows()
    ]
    return "\n".join(["how it was found", *lines])


def _stable(record: Record) -> str:
    held, anew = (facts.figure(record, f"largest_{name}_gain") for name in ("held", "rebargained"))
    if not math.isfinite(held + anew):
        return ""
    words = "by changing its own plan alone no owner gains more than"
    return (
        f"{words} {significant(held)} {record.case.currency} a year ({significant(anew)} where all is bargained anew)"
    )
