"""The gain shared by other rules, and what coalitions could have by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.results.record import words

if TYPE_CHECKING:
    from gridpact.markets.bargaining.shapley import Shapley
    from gridpact.markets.trade.deal import Trade

Floats = NDArray[np.float64]
# Bargaining parties up to which coalitions are computed unasked, up to which all of them are, and pairs of orders
# beyond that.
UNASKED = 4
ALL = 12
PAIRS = 50


def share_tables(found: Trade, coalitions: str, seed: int) -> dict[str, pd.DataFrame]:
    """``shares`` of the bargaining parties by rule, and ``coalitions`` where they were computed."""
    gains, errors = _simple(found), dict[str, Floats]()
    values, shapley = _game(found, coalitions, seed)
    if shapley is not None:
        gains["shapley"], errors["shapley"] = shapley.gains, shapley.bound
    return {"shares": _shares(found, gains, errors), "coalitions": _coalitions(found, values)}


def _players(found: Trade) -> NDArray[np.int64]:
    return np.flatnonzero(found.two.roles.bargains)


def _simple(found: Trade) -> dict[str, Floats]:
    """Gains of the bargaining parties by the rules that need no coalitions; none without a deal."""
    from gridpact.markets.bargaining.nash import Deal
    from gridpact.markets.bargaining.shares import equal_split, proportional

    two, who = found.two, found.two.roles
    if not two.deal:
        return {}
    rules = {
        "equal": equal_split(two.benefits, who.bargains, who.kept),
        "proportional": proportional(two.benefits, None, who.bargains, who.kept),
    }
    shared = {name: deal.gains[who.bargains] for name, deal in rules.items() if isinstance(deal, Deal)}
    return {"nash": two.gains[who.bargains], **shared}


def _game(found: Trade, coalitions: str, seed: int) -> tuple[Floats | None, Shapley | None]:
    """Values of all coalitions (2^n,), where there are few enough, and the Shapley value."""
    from gridpact.markets.bargaining.coalitions import members
    from gridpact.markets.bargaining.shapley import shapley
    from gridpact.markets.trade.coalitions import coalition_game

    count = _players(found).size
    if why_no_coalitions(found, coalitions):
        return None, None
    game = coalition_game(found.market, found.start, bool(found.two.roles.bargains[-1]), found.two.surplus)
    if count > ALL:
        return None, shapley(game, count, pairs=PAIRS, seed=seed)
    values = np.append(0.0, game(members(count)[1:]))
    return values, shapley(lambda rows: values[rows @ (1 << np.arange(count))], count)


def why_no_coalitions(found: Trade, coalitions: str) -> str:
    """Why what coalitions could have is not computed; empty where it is."""
    count = _players(found).size
    if coalitions == "none":
        return "not asked for"
    if not found.two.deal:
        return "there is no deal"
    if count < 2:
        return "one party bargains"
    if not np.isfinite(found.start.own).all() or found.start.network is None:
        return "a disagreement cost is given, so that what coalitions fall back on is not known"
    if coalitions == "auto" and count > UNASKED:
        return f"more than {UNASKED} parties bargain: ask for all"
    return ""


def _shares(found: Trade, gains: Mapping[str, Floats], errors: Mapping[str, Floats]) -> pd.DataFrame:
    names = [found.two.roles.names[k] for k in _players(found).tolist()]
    rules = [rule for rule in gains for _ in names]
    return pd.DataFrame(
        {
            "participant": words(names * len(gains)),
            "rule": words(rules),
            "gain": np.concatenate([np.zeros(0), *gains.values()]),
            "error_bound": np.concatenate([np.zeros(0), *(errors.get(rule, np.zeros(len(names))) for rule in gains)]),
        }
    )


def _coalitions(found: Trade, values: Floats | None) -> pd.DataFrame:
    """Every coalition but those of nobody and everybody, with what it could have and what it has."""
    from gridpact.markets.bargaining.coalitions import members

    players = _players(found)
    names = np.array([found.two.roles.names[k] for k in players.tolist()], dtype=object)
    rows = members(players.size)[1:-1] if values is not None else np.zeros((0, players.size), dtype=np.bool_)
    value = np.zeros(0) if values is None else values[1:-1]
    gain = rows @ found.two.gains[players]
    return pd.DataFrame(
        {
            "coalition": words([" + ".join(names[row]) for row in rows]),
            "members": rows.sum(axis=1).astype(np.int64),
            "value": value,
            "gain": gain,
            "excess": value - gain,
        }
    )
