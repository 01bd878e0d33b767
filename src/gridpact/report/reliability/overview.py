"""A reliability study as plain text: the indices, the feeders, the faults that add most to SAIDI."""

from __future__ import annotations

import pandas as pd

from gridpact.report.reliability.facts import MINUTES, NAMES, called, faults, index
from gridpact.results.record import Record

LABEL, MOST = 12, 10


def reliability_overview(record: Record) -> list[str]:
    """Paragraphs; none where the certificate does not vouch for them."""
    if record.summary["verdict"] == "failed":
        return []
    return [_indices(record), *_feeders(record), _faults(record)]


def _indices(record: Record) -> str:
    loads = record.case.count("loads")
    lines = [f"{'customers':<{LABEL}}{index(record, 'customers'):>12.0f} at {loads} load points"]
    for name, (title, unit, decimals) in NAMES.items():
        value = index(record, name)
        shown = f"{value:>12.{decimals}f}" if value == value else f"{'-':>12}"
        lines.append(f"{title:<{LABEL}}{shown} {unit}")
    return "\n".join(lines)


def _feeders(record: Record) -> list[str]:
    table = record.tables["reliability_feeders"]
    if len(table) < 2:
        return []
    shown = pd.DataFrame({"feeder": table["feeder"], "customers": table["customers"].map("{:.0f}".format)})
    for name, (title, _, decimals) in NAMES.items():
        shown[title] = [f"{value:.{decimals}f}" if value == value else "-" for value in table[name]]
    rest = f"\n... and {len(table) - MOST} more feeders" if len(table) > MOST else ""
    return [f"by feeder, named by its first line\n{shown.head(MOST).to_string(index=False)}{rest}"]


def _faults(record: Record) -> str:
    found = faults(record)
    found = found[found["saidi_h"] > 0.0]
    if found.empty:
        return "nothing fails that interrupts a customer"
    first = found.head(MOST)
    shown = pd.DataFrame(
        {
            "what fails": list(map(called, first["fault"], first["kind"])),
            "per year": first["failures_per_year"].map("{:.4f}".format),
            "customers": first["customers"].map("{:.0f}".format),
            "minutes of SAIDI": (MINUTES * first["saidi_h"]).map("{:.2f}".format),
            "MWh per year": first["eens_mwh"].map("{:.3f}".format),
        }
    )
    return f"the {len(first)} of {len(found)} faults that add most to SAIDI\n{shown.to_string(index=False)}"
