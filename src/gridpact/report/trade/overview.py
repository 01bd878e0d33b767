"""The trade as plain text: who trades what, what it is worth, who pays whom, fees, how it was found."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from gridpact.report.text import significant
from gridpact.report.trade import facts
from gridpact.report.trade.numbers import METHODS
from gridpact.results.record import Record

LABEL, MOST = 24, 12  # letters of a label, parties in a table


def no_deal_lines(record: Record) -> str:
    """What comes before anything else where nobody agreed; empty where they did."""
    if not facts.is_trade(record) or facts.deal(record):
        return ""
    return f"NO DEAL: {facts.why(record).rstrip('.')}. Everybody stays at the disagreement point; nothing is paid."


def trade_overview(record: Record) -> list[str]:
    """Paragraphs; money only where the certificate vouches for it."""
    valid = record.summary["verdict"] != "failed"
    parts = [_money(record) if valid else "", _energies(record), _who(record, valid)]
    parts += [_gains(record), _fees(record)] if valid else []
    return [part for part in (*parts, _found(record), _disclosed(record)) if part]


def _money(record: Record) -> str:
    """Cost, cost without a deal, bound, gain."""
    currency, gap = record.case.currency, facts.figure(record, "gap")
    told = "" if math.isnan(gap) else f": gap {significant(100.0 * gap)} %"
    rows = [
        ("cost of all, trading" if facts.deal(record) else "had they traded", facts.figure(record, "objective"), ""),
        ("without a deal", facts.figure(record, "cost_before"), ""),
        ("cannot be less than", facts.figure(record, "lower_bound"), told),
        ("gain to be shared", facts.figure(record, "surplus") if facts.deal(record) else math.nan, ""),
    ]
    return "\n".join(
        f"{name:<{LABEL}}{value:>14.2f} {currency}{end}" for name, value, end in rows if math.isfinite(value)
    )


def _energies(record: Record) -> str:
    rows = [("between microgrids", facts.figure(record, "traded_mwh"))]
    rows += [(f"with {facts.operator(record)}", facts.figure(record, "network_mwh"))]
    return "\n".join(f"{name:<{LABEL}}{value:>14.3f} MWh" for name, value in rows if math.isfinite(value))


def _who(record: Record, valid: bool) -> str:
    """Energy sold and bought by the microgrids that trade most, with their mean prices."""
    if facts.table(record, "trades") is None:
        return ""
    energy, names = facts.energy(record), facts.microgrids(record)
    n, order = len(names), np.argsort(-facts.moved(energy)[: len(names)], kind="stable")[:MOST]
    columns = {
        "sold to peers": energy[:n, :n].sum(axis=1), "to network": energy[:n, n],
        "bought from peers": energy[:n, :n].sum(axis=0), "from network": energy[n, :n],
    }  # fmt: skip
    shown = pd.DataFrame({title: _texts(values[order], 3) for title, values in columns.items()})
    if valid:
        for title, side in (("sells at", "seller"), ("buys at", "buyer")):
            shown[title] = _texts(facts.mean_price(record, side)[order], 2)
    shown.insert(0, "microgrid", [names[place] for place in order])
    unit = f", prices in {record.case.currency} per MWh" if valid else ""
    trades = "trades" if facts.deal(record) else "would trade"
    return f"who {trades} what, MWh{unit}\n{shown.to_string(index=False)}{_more(n)}"


def _texts(values: np.typing.NDArray[np.float64], decimals: int) -> list[str]:
    """No minus before a rounded zero."""
    return [f"{round(float(value), decimals) + 0.0:.{decimals}f}" if np.isfinite(value) else "-" for value in values]


def _more(count: int, noun: str = "microgrids") -> str:
    return f"\n... and {count - MOST} more {noun}" if count > MOST else ""


def _gains(record: Record) -> str:
    """What every party costs, receives and gains, the operator last."""
    found = facts.table(record, "bargaining")
    if found is None:
        return ""
    first = pd.concat([found.iloc[:-1].head(MOST), found.iloc[-1:]])
    shown = pd.DataFrame({"party": first["participant"].to_numpy(), "without a deal": first["disagreement"].to_numpy()})
    for title, name in {"cost without": "disagreement_cost", "own cost": "cost"}.items():
        shown[title] = _texts(first[name].to_numpy(dtype=np.float64), 2)
    if facts.deal(record):
        shown["receives"] = _texts(first["receipt_cents"].to_numpy(dtype=np.float64) / 100.0, 2)
        shown["gain"] = _texts(first["gain_exact"].to_numpy(dtype=np.float64), 2)
    return f"who gains what, {record.case.currency}\n{shown.to_string(index=False)}{_more(len(found) - 1)}"


def _fees(record: Record) -> str:
    total, share = facts.fees(record), facts.figure(record, "fee_share_peer")
    if math.isnan(total):
        return ""
    kind = "a true cost" if record.summary.get("fee_kind") == "cost" else "a transfer to the operator"
    rule = record.summary.get("fee_rule", "flat")
    market = "no pair pays less by trading with its peer: there is no market between peers"
    if share > 0.0:
        market = f"peers pay less than by way of the network in {100.0 * share:.0f} % of the hours of all pairs"
    would = "network fees" if facts.deal(record) else "network fees there would be"
    return f"{would} (rule {rule}, {kind}): {total:.2f} {record.case.currency}\n{market}"


def _found(record: Record) -> str:
    rounds, name = facts.figure(record, "iterations"), str(record.summary.get("method"))
    if name == "central":
        return "found by one central program that knows everything"
    if math.isnan(rounds):
        return ""
    primal, dual = (facts.figure(record, f"{side}_residual") for side in ("primal", "dual"))
    ends = f", residuals {primal:.1e} and {dual:.1e}" if math.isfinite(primal + dual) else ""
    central = facts.figure(record, "central_gap")
    whose = "the central program"
    if "relaxed_objective" in record.summary:  # the network was repaired, the reference is not
        whose = "the central relaxation, whose losses no flow explains"
    beside = f"; cost {100.0 * central:.1e} % from that of {whose}" if math.isfinite(central) else ""
    return f"found by {METHODS.get(name, name)} in {rounds:.0f} iterations{ends}{facts.polished(record)}{beside}"


def _disclosed(record: Record) -> str:
    found = facts.table(record, "disclosures")
    if found is None:
        return ""
    grids = found[found["sender"].isin(facts.microgrids(record))]
    what = ", ".join(dict.fromkeys(grids.loc[grids["numbers"] > 0, "quantity"].astype(str)))
    return f"microgrids disclosed {int(grids['numbers'].sum())} numbers: {what}"
