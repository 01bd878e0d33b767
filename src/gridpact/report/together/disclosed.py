"""What each owner disclosed while the plan was searched for, from the ledger of messages."""

from __future__ import annotations

from gridpact.report.standing import Standing
from gridpact.report.text import tag
from gridpact.report.together import facts
from gridpact.report.trade.disclosed import INFERRED, MASKED, ledger
from gridpact.results.record import Record

ONE_HAND = (
    "The plan was searched for by one hand that was given all data of everybody: nothing was kept private from it."
)
TRADED = " The trade of the typical days with the plan was then agreed by these messages, and so were the payments."
CENTRAL = " So was the trade of the typical days; the payments alone were agreed by messages."


def disclosed(record: Record, standing: Standing) -> str:
    """The ledger, and who else was told everything."""
    found = facts.table(record, "plan_disclosures")
    if found is None:
        return ""
    masked = MASKED if found["kind"].astype(str).str.contains("mask").any() else ""
    words = INFERRED + masked
    if record.settings.get("upper", "one_hand") == "one_hand":
        words = ONE_HAND + (CENTRAL if record.settings.get("trade", "central") == "central" else TRADED)
    return tag("p", words, "lead") + ledger(record, found)
