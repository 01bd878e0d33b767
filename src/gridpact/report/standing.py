"""What the certificate allows a report to say: how the prices of a run may be shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from gridpact.results.record import Record
from gridpact.results.reliability import QUESTION as RELIABILITY
from gridpact.results.trading import MICROGRIDS

Verdict = Literal["certified", "approximate", "failed"]
Check = Mapping[str, Any]

HEADLINES: dict[Verdict, str] = {"certified": "Certified", "approximate": "Approximate", "failed": "Not certified"}
# What a reader should look at first when these checks fail: other failures follow from them.
CAUSES = {
    "cone_gap": (
        "The relaxed power flow is not exact: the solution burns power that no line would lose. This happens with "
        "reverse flow at a voltage limit, zero or negative prices and export limits. Clear with "
        "exactness = repair, loosen the limit that binds, or allow curtailment."
    ),
}
# Tables of prices that a report shows; those of a trade are those of its network and of its microgrids.
PRICED = tuple(f"{side}{carrier}_prices" for side in ("", MICROGRIDS) for carrier in ("electricity", "heat"))
VOID = "Prices and payments are struck out below: they are not valid, and are shown only to help find the cause."
VOID_INDICES = "What is struck out below is not valid, and is shown only to help find the cause."


@dataclass(frozen=True)
class Standing:
    """The verdict as the report shows it; ``valid`` says whether prices may be shown as prices."""

    verdict: Verdict
    reason: str

    @property
    def valid(self) -> bool:
        return self.verdict != "failed"

    @property
    def headline(self) -> str:
        return HEADLINES[self.verdict]

    @property
    def mark(self) -> str:
        """A word to put before every price that is valid but not exact."""
        return "approximate " if self.verdict == "approximate" else ""


def standing_of(record: Record) -> Standing:
    """The verdict, lowered to "failed" where a required check or a single price contradicts it."""
    required = [check for check in checks_of(record) if check["required"]]
    failed = [str(check["name"]) for check in required if not check["passed"]]
    named = ", ".join(name.replace("_", " ") for name in failed)
    void = VOID_INDICES if record.question == RELIABILITY else VOID
    cause = " ".join(text for name, text in CAUSES.items() if name in failed)
    if not required:
        return Standing("failed", f"The run carries no certificate. {void}")
    if failed:
        return Standing(
            "failed",
            f"{cause} {len(failed)} of {len(required)} required checks failed: {named}. {void}".strip(),
        )
    return _passed(record, len(required))


def checks_of(record: Record) -> Sequence[Check]:
    """The checks of the certificate: failed ones first, causes before what follows from them."""
    checks: list[Check] = list(record.certificate.get("checks", []))
    return sorted(checks, key=lambda check: (bool(check["passed"]), not check["required"], check["name"] not in CAUSES))


def uncertified_prices(record: Record) -> int:
    """How many prices are marked as not certified."""
    found = [record.tables[name] for name in PRICED if name in record.tables]
    return sum(int((~prices["certified"].astype(bool)).sum()) for prices in found)


def _passed(record: Record, count: int) -> Standing:
    """All required checks passed; the prices of an approximation are never marked as certified."""
    verdict, doubtful = record.certificate.get("verdict"), uncertified_prices(record)
    if verdict == "approximate":
        return Standing(
            "approximate",
            f"All {count} required checks passed, for a network model that is an approximation.",
        )
    if verdict != "certified":
        return Standing("failed", f"The verdict of the certificate is {verdict!r}. {VOID}")
    if doubtful:
        return Standing("failed", f"{doubtful} prices are marked as not certified. {VOID}")
    return Standing("certified", f"All {count} required checks passed.")
