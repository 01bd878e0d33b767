r"""Other ways to share, and what coalitions could do alone: do the figures add up?

    nash, equal    the gains of the deal; the same for everybody
    proportional   as the benefits are, where they are positive
    shapley        phi_k = sum over C without k of |C|! (n - |C| - 1)! / n! (v(C + k) - v(C)), where all values are told
    coalitions     all but nobody and everybody, each once; the gain is the sum of its members' gains, the excess the
                   value less that

Gains of those who bargain sum to the surplus by every rule. What a coalition could have is the run's word: it comes of
markets that are not in the files.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import factorial

import numpy as np

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.trade.bargain import rounded_by, surplus_of
from gridpact.certificates.trade.view import Floats, TradeView

TOLERANCE = 1e-6


def sharing_checks(view: TradeView) -> Iterator[Check]:
    """Shares, and coalitions where they are told."""
    yield _shares(view)
    if len(view.record.tables["coalitions"]):
        yield _coalitions(view)
        yield _shapley(view)


def players(view: TradeView) -> list[str]:
    """Those who bargain."""
    return [name for name, who in zip(view.parties, view.bargains.tolist(), strict=True) if who]


def gains_by(view: TradeView, rule: str, column: str = "gain") -> Floats:
    """A column of a rule's rows by those who bargain, (players,)."""
    table = view.record.tables["shares"]
    rows = table[table["rule"] == rule].set_index("participant")[column]
    return rows.reindex(players(view)).to_numpy(dtype=np.float64)


def _scale(view: TradeView) -> float:
    return max(1.0, abs(surplus_of(view)))


def _shares(view: TradeView) -> Check:
    surplus, measures, spare = surplus_of(view), [], rounded_by(view)
    rules = list(dict.fromkeys(view.record.tables["shares"]["rule"]))
    for rule in rules:
        off = np.maximum(np.abs(gains_by(view, rule) - _by_rule(view, rule)) - spare, 0.0) / _scale(view)
        total = max(abs(float(gains_by(view, rule).sum()) - surplus) - spare, 0.0) / _scale(view)
        measures.append(Measure(rule, [*players(view), "sum"], np.append(off, total)))
        measures.append(Measure(f"error bound, {rule}", players(view), _bound_off(view, rule)))
    text = "Gains by every rule, and their sums, against what the rule says, beyond micro-units, over the surplus."
    return worst("trade shares", text, TOLERANCE, measures)


def _by_rule(view: TradeView, rule: str) -> Floats:
    """Gains that follow from benefits; of the Shapley value those told, which its own check looks at; NaN of others."""
    benefit, surplus = view.of_parties("bargaining", "benefit")[view.bargains], surplus_of(view)
    if rule == "nash":
        return view.of_parties("bargaining", "gain")[view.bargains]
    if rule == "equal":
        return np.full(benefit.size, surplus / benefit.size)
    if rule == "proportional":
        positive = np.maximum(benefit, 0.0)
        return np.asarray(surplus * positive / positive.sum())
    return gains_by(view, rule) if rule == "shapley" else np.full(benefit.size, np.nan)


def _bound_off(view: TradeView, rule: str) -> Floats:
    """Error bounds that cannot be: below nothing, or of what is exact, as all but sampled Shapley values are."""
    bound = gains_by(view, rule, "error_bound")
    sampled = rule == "shapley" and not len(view.record.tables["coalitions"])
    return np.asarray(np.maximum(-bound, 0.0) if sampled else np.abs(bound))


def members_of(view: TradeView) -> Floats:
    """Who is in each coalition told, (coalitions, players); NaN for one with members who do not bargain."""
    names = players(view)
    rows = [str(label).split(" + ") for label in view.record.tables["coalitions"]["coalition"]]
    inside = np.array([[float(name in row) for name in names] for row in rows]).reshape(len(rows), len(names))
    strange = np.array([not set(row) <= set(names) or len(set(row)) < len(row) for row in rows], dtype=np.bool_)
    inside[strange] = np.nan
    return inside


def _coalitions(view: TradeView) -> Check:
    table, inside, scale = view.record.tables["coalitions"], members_of(view), _scale(view)
    told = {name: table[name].to_numpy(dtype=np.float64) for name in ("members", "value", "gain", "excess")}
    own = inside @ view.of_parties("bargaining", "gain")[view.bargains]
    labels = [str(label) for label in table["coalition"]]
    measures = [
        Measure("members", labels, np.abs(told["members"] - inside.sum(axis=1))),
        Measure("gain", labels, np.abs(told["gain"] - own) / scale),
        Measure("excess", labels, np.abs(told["value"] - told["gain"] - told["excess"]) / scale),
        Measure("number", [""], np.array([_missing(inside)])),
    ]
    text = "Coalitions: each but nobody and everybody once, members, sums of gains, excess, over the surplus."
    return worst("trade coalitions", text, TOLERANCE, measures)


def _missing(inside: Floats) -> float:
    """Coalitions that are missing, double, or all or none of the players."""
    wanted = 2.0 ** inside.shape[1] - 2.0
    proper = {tuple(row) for row in inside.tolist() if 0.0 < sum(row) < inside.shape[1]}
    return float(abs(len(proper) - wanted) + abs(len(inside) - wanted))


def shapley_of(inside: Floats, value: Floats) -> Floats:
    """Shapley value (n,) of a game by the members (coalitions, n) and values of all coalitions but nobody."""
    n = inside.shape[1]
    mask, every = (inside @ 2.0 ** np.arange(n)).astype(np.int64), np.arange(1 << n)
    v = np.zeros(1 << n)
    v[mask] = value
    size = (every[:, None] >> np.arange(n) & 1).sum(axis=1)
    weight = np.array([factorial(c) * factorial(n - c - 1) / factorial(n) for c in range(n)])
    phi = np.zeros(n)
    for k in range(n):
        without = every[every >> k & 1 == 0]
        phi[k] = weight[size[without]] @ (v[without | 1 << k] - v[without])
    return phi


def _shapley(view: TradeView) -> Check:
    """All together are worth the surplus."""
    inside, text = members_of(view), "Shapley values against those of the coalitions told, over the surplus."
    if _missing(inside) or "shapley" not in set(view.record.tables["shares"]["rule"]):
        return Check("trade shapley", True, float("nan"), TOLERANCE, "coalitions", text)
    value = np.append(view.record.tables["coalitions"]["value"].to_numpy(dtype=np.float64), surplus_of(view))
    own = shapley_of(np.vstack([inside, np.ones(inside.shape[1])]), value)
    off = np.maximum(np.abs(gains_by(view, "shapley") - own) - rounded_by(view), 0.0) / _scale(view)
    return worst("trade shapley", text, TOLERANCE, [Measure("party", players(view), off)])
