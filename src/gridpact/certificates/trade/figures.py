"""Does the summary of a trade say what case and tables say?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.summary import words_of
from gridpact.certificates.trade.fee_rule import highest, own_fees
from gridpact.certificates.trade.view import TradeView

TOLERANCE = 1e-9
# Share of the highest fee below which a saving is none.
TIE = 1e-9
# Figures of the network's clearing that stand for another thing in the summary of the trade.
WHOLE = ("load_mwh", "generation_mwh", "renewable_mwh", "curtailed_mwh")
OTHERWISE = ("objective", "case", "verdict", "question")


def figure_checks(view: TradeView) -> Iterator[Check]:
    """Words and figures that no other check looks at."""
    yield _words(view)
    yield _figures(view)


def _words(view: TradeView) -> Check:
    record = view.record
    own: dict[str, Any] = {**words_of(view.case), "operator": view.operator, "method": record.settings["method"]}
    own |= {"operator_role": view.rule["role"], "fee_rule": view.rule["fee_rule"], "fee_kind": view.rule["fee_kind"]}
    if record.certificate:
        own |= {"verdict": record.certificate.get("verdict"), "question": record.question}
    wrong = [name for name, value in own.items() if record.summary.get(name) != value]
    text = "Statements of the summary that are not those of the case, the settings or the archived certificate."
    return Check("trade words", True, float(len(wrong)), 0.0, wrong[0] if wrong else "", text)


def _figures(view: TradeView) -> Check:
    own = _trade(view) | _network(view)
    off = np.array([_difference(view.record.summary.get(name), value) for name, value in own.items()])
    text = "Figures of the summary against case and tables, relative."
    return worst("trade summary", text, TOLERANCE, [Measure("summary", list(own), off)])


def _trade(view: TradeView) -> dict[str, float | None]:
    split, n, coalitions = view.split, view.count, view.record.tables["coalitions"]
    between = (split.seller < n) & (split.buyer < n)
    objective, bound = (float(view.record.summary[name]) for name in ("objective", "lower_bound"))
    return {
        "microgrids": float(n),
        "traded_mwh": view.deal * view.hours * float(split.p_mw[between].sum()),
        "network_mwh": view.deal * view.hours * float(split.p_mw[~between].sum()),
        "fee_share_peer": peer_share(view),
        "gap": (objective - bound) / max(1.0, abs(objective)),
        "largest_excess": float(coalitions["excess"].max()) if len(coalitions) else None,
    }


def _network(view: TradeView) -> dict[str, float | None]:
    """Figures of the network's clearing, energies of the whole; prices of what has failed are not told."""
    summary = view.clearings.records["network"].summary
    own = {name: value for name, value in summary.items() if name not in OTHERWISE and not isinstance(value, str)}
    inside = view.clearings.records["microgrids"].summary
    own |= {name: float(summary[name]) + float(inside[name]) for name in WHOLE}
    own["load_mwh"] += view.hours * float(view.record.tables["exchanges"]["p_mw"].sum())  # no load, but what crosses
    failed = view.record.certificate.get("verdict") == "failed"
    return {name: None if failed and name.endswith("_per_mwh") else value for name, value in own.items()}


def _difference(told: object, own: float | None) -> float:
    """NaN, which fails, for what is no number, or is there without what it is about."""
    if own is None:
        return 0.0 if told is None else float("nan")
    if isinstance(told, bool) or not isinstance(told, int | float | np.number):
        return float("nan")
    return abs(float(told) - own) / max(1.0, abs(own))


def peer_share(view: TradeView) -> float:
    """Share of the hours of all ordered pairs in which trading with each other saves fees."""
    fees, n = own_fees(view), view.count
    saving = fees[:n, n, None] + fees[None, n, :n] - fees[:n, :n]
    saving[np.arange(n), np.arange(n)] = 0.0
    pays = saving > TIE * highest(fees)
    return float(pays.sum()) / max(n * (n - 1) * view.case.steps, 1)
