"""Several leaders: whether their best responses settled, what each pays, and what any of them could still gain."""

from __future__ import annotations

from gridpact.report.game import facts
from gridpact.report.numbers import struck
from gridpact.report.standing import Standing
from gridpact.report.text import number, safe, table, tag
from gridpact.results.record import Record

MOST = 30  # leaders, turns
COLUMNS = {"cost": "Cost", "best_response_bound": "Cannot pay less than", "could_gain": "Could still gain at most"}
ENDS = {
    "settled": "The districts' best responses settled: in a whole round nobody moved",
    "cycling": "The districts' best responses came back to where they had been: they cycle, and there may be no "
    "equilibrium to settle at",
}


def end(record: Record) -> str:
    """How the best responses ended, in plain words."""
    status = str(record.summary.get("responses", ""))
    return ENDS.get(status, f"The districts' best responses have {status}")


def told(record: Record, standing: Standing) -> str:
    """The paragraph in the place of a proof of the only leader's optimum."""
    gain = struck(number(facts.figure(record, "epsilon")), standing)
    rounds = record.summary.get("rounds_played")
    return (
        f"Each district leads: in turn, every one chose what is best for it against what the others import. "
        f"{safe(end(record))} (round {safe(rounds)}). All pay one common vector of prices; at these, no district could "
        f'gain more than <span style="white-space:nowrap">{gain} {safe(record.case.currency)}</span> by another choice.'
    )


def leader_table(record: Record, standing: Standing) -> str:
    """What every leader pays, and the turns that led there, folded away; empty where but one leads."""
    found = record.tables.get("leaders")
    if found is None:
        return ""
    unit = safe(record.case.currency)
    header = ["Leader", "Feeders", *(f"{title}, {unit}" for title in COLUMNS.values())]
    body = [
        [
            safe(row["leader"]),
            number(float(row["feeders"]), 0),
            *(struck(number(float(row[name])), standing) for name in COLUMNS),
        ]
        for _, row in found.head(MOST).iterrows()
    ]
    more = f" {len(found) - MOST} more are in the table leaders." if len(found) > MOST else ""
    note = tag("p", f"Money of all feeders of a leader, over the horizon.{more}", "remark")
    shown = tag("div", table(header, body, "hours"), "wide") + note
    return tag("h3", "What each leader pays, and could still gain") + shown + _turns(record, standing)


def _turns(record: Record, standing: Standing) -> str:
    found = record.tables.get("turns")
    if found is None:
        return ""
    header = ["Leader", "Round", f"Cost, {safe(record.case.currency)}", "Moved at most, MW"]
    body = [
        [
            safe(row["leader"]),
            str(row["round"]),
            struck(number(float(row["cost"])), standing),
            number(float(row["moved_mw"]), 3),
        ]
        for _, row in found.tail(MOST).iterrows()
    ]
    more = f" The last {MOST} of {len(found)}; all are in the table turns." if len(found) > MOST else ""
    inside = tag("div", table(header, body, "hours"), "wide") + (tag("p", more.strip(), "remark") if more else "")
    return tag("details", tag("summary", "The best responses in turn") + inside)


def lines(record: Record) -> list[str]:
    """The same as plain text: how it ended, then a line per leader."""
    found, currency = record.tables["leaders"], record.summary["currency"]
    gain = facts.figure(record, "epsilon")
    names = found["leader"].astype(str).tolist()
    wide = max(map(len, names))
    rows = [
        f"  {name:<{wide}} pays {cost:.2f}, cannot pay less than {bound:.2f}"
        for name, cost, bound in zip(names, found["cost"], found["best_response_bound"], strict=True)
    ][:MOST]
    rest = [f"  ... and {len(found) - MOST} more in the table leaders"] if len(found) > MOST else []
    return [f"{end(record)}; nobody could gain more than {gain:.2f} {currency}", *rows, *rest]
