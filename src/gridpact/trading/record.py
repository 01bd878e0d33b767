"""From a trade to its record: the clearings of all sides, the market's own tables, shares, summary."""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gridpact.case.case import Case
from gridpact.results.record import Record, words
from gridpact.results.summary import clearing_summary
from gridpact.results.trading import BEFORE_MICROGRIDS, BEFORE_NETWORK, MICROGRIDS, NETWORK, PROVEN, QUESTION
from gridpact.run import provenance

if TYPE_CHECKING:
    from gridpact.markets.cleared import Cleared
    from gridpact.markets.trade.central import Central
    from gridpact.markets.trade.deal import Trade

# Kinds of devices whose energies the summary tells.
KINDS = ("load", "generator", "renewable")
# What the summary tells of a clearing whose storages were held one way: the bound, and the cost that it speaks of.
BOUNDS = ("objective_bound", "relaxed_objective")


def trade_record(case: Case, settings: Mapping[str, Any], progress: bool, started: float) -> Record:
    """The record of a trade, not yet judged. Raises what ``traded`` raises."""
    from gridpact.markets.trade.deal import How, traded
    from gridpact.markets.trade.market import trade_market
    from gridpact.markets.trade.tables import trade_tables
    from gridpact.progress import falling
    from gridpact.trading.shares import share_tables
    from gridpact.trading.warm import first_ratio

    market = trade_market(case, settings["heat_dynamics"])
    how = How(
        settings["method"],
        settings["subproblem"] == "closed_form",
        settings["tolerance"],
        settings["rounds"],
        settings["exactness"],
        settings["seed"],
    )
    show = falling("agreement", "residual") if progress else None
    told = None if show is None else lambda one: show(max(one.primal, one.dual))
    found = traded(market, how, first_ratio(market, settings["warm_start"]), told)
    agreed = perf_counter() - started
    tables, arrays = clearings(found)
    tables |= trade_tables(found) | share_tables(found, settings["coalitions"], settings["seed"])
    best = _reference(found, settings, agreed)
    tables["reference"] = best[0]
    return Record(
        question=QUESTION,
        settings=settings,
        case=case,
        summary=_summary(found, tables, settings, best[1]),
        tables=tables,
        solution=arrays,
        provenance=provenance(found.settled.network.solution, perf_counter() - started, settings["seed"]),
    )


def clearings(found: Trade) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    """Tables and solutions of the network, of the microgrids, and of both without a deal."""
    from gridpact.programs.standard_form import arrays

    sides = {NETWORK: found.settled.network, MICROGRIDS: found.settled.microgrids}
    sides |= {BEFORE_NETWORK: found.start.network} if found.start.network is not None else {}
    sides |= {BEFORE_MICROGRIDS: found.start.microgrids} if found.start.microgrids is not None else {}
    tables: dict[str, pd.DataFrame] = {}
    kept: dict[str, Any] = {}
    for prefix, cleared in sides.items():
        tables |= {f"{prefix}{name}": table for name, table in _clearing_tables(cleared).items()}
        own = arrays(cleared.form, cleared.solution) | {"base_mva": np.array(cleared.network.base_mva)}
        kept |= {f"{prefix[:-1]}/{name}" if prefix else name: values for name, values in own.items()}
    return tables, kept


def _clearing_tables(cleared: Cleared) -> dict[str, pd.DataFrame]:
    from gridpact.clearing import cleared_tables
    from gridpact.markets.probes import price_probes

    tables = cleared_tables(cleared, {"formulation": "soc", "exactness": "repair"})
    return tables | {"price_probes": price_probes(cleared, tables, 0, "clarabel")}


def _reference(found: Trade, settings: Mapping[str, Any], seconds: float) -> tuple[pd.DataFrame, Central | None]:
    """The run beside the central dispatch, where it is asked for."""
    from gridpact.markets.trade.central import central

    cost, bound = found.welfare.total, found.welfare.bound
    rows = [(settings["method"], cost, bound, seconds, found.one.iterations, np.nan)]
    best = None
    if settings["reference"]:
        best = found.one.best or central(found.market)
        rows[0] = (*rows[0][:5], (cost - best.cost) / max(1.0, abs(best.cost)))
        rows.append(("central dispatch", best.cost, best.cost, best.seconds, best.iterations, 0.0))
    names = ("method", "cost", "lower_bound", "seconds", "iterations", "gap")
    table = pd.DataFrame(rows, columns=list(names))
    return table.assign(method=words(table["method"].tolist())), best


def _summary(
    found: Trade, tables: Mapping[str, pd.DataFrame], settings: Mapping[str, Any], best: Central | None
) -> dict[str, Any]:
    from gridpact.markets.basis import price_basis
    from gridpact.markets.trade.fees import peer_share
    from gridpact.trading.shares import why_no_coalitions

    market, two, cost, bound = found.market, found.two, found.welfare.total, found.welfare.bound
    network = found.settled.network
    own = clearing_summary(network.case, tables, cost) | price_basis(network)
    trades, rule = tables["trades"], market.tariff
    with_operator = (trades[["seller", "buyer"]] == market.operator_name).any(axis=1)
    role = "party" if two.roles.bargains[-1] else "fee_only"
    last = None if found.agreement is None else found.agreement.rounds[-1]
    told: dict[str, Any] = {
        "case": market.case.name,
        "objective": cost,
        "lower_bound": bound,
        "gap": (cost - bound) / max(1.0, abs(cost)),
        "method": settings["method"],
        "iterations": found.one.iterations,
        "polishing_rounds": len(found.one.polishing),
        "primal_residual": 0.0 if last is None else last.primal,
        "dual_residual": 0.0 if last is None else last.dual,
        "microgrids": len(market.parts),
        "operator": market.operator_name,
        "operator_role": role,
        "fee_rule": rule.fee_rule,
        "fee_kind": rule.fee_kind,
        "fee_share_peer": peer_share(found.rates),
        "traded_mwh": market.case.hours * float(trades["p_mw"][trades["agreed"] & ~with_operator].sum()),
        "network_mwh": market.case.hours * float(trades["p_mw"][trades["agreed"] & with_operator].sum()),
        "fee_revenue": float(tables["fees"]["amount"].sum()),
        "surplus": two.surplus,
        "deal": two.deal,
        "deal_why": two.why,
        "cost_before": float(found.start.costs.sum()) + found.start.operator,
    }
    told["coalitions_why"] = why_no_coalitions(found, settings["coalitions"])
    if not tables["coalitions"].empty:
        told["largest_excess"] = float(tables["coalitions"]["excess"].max())
    if best is not None:
        told |= {"central_cost": best.cost, "central_gap": (cost - best.cost) / max(1.0, abs(best.cost))}
    return own | _energies(found, tables) | told | proven_before(found)


def proven_before(found: Trade) -> dict[str, Any]:
    """Bounds of both sides without a deal where storages are held one way, by the prefix of their tables."""
    from gridpact.markets.basis import price_basis

    sides = {BEFORE_NETWORK: found.start.network, BEFORE_MICROGRIDS: found.start.microgrids}
    basis = {prefix: price_basis(one) for prefix, one in sides.items() if one is not None and one.bound is not None}
    return {f"{prefix}{name}": one[name] for prefix, one in basis.items() for name in PROVEN if name in one}


def _energies(found: Trade, tables: Mapping[str, pd.DataFrame]) -> dict[str, float]:
    """Energies of the whole, in MWh: what the operator and the microgrids have, not what crosses between them."""
    case, both = found.market.case, (tables["dispatch"], tables["microgrids_dispatch"])
    sums = [one.groupby("kind")["p_mw"].sum() for one in both]
    energy = {kind: case.hours * sum(float(one.get(kind, 0.0)) for one in sums) for kind in KINDS}
    exchanged = case.hours * float(found.exchanged_mw.sum())
    available = case.hours * float(case.series("renewables", "p_mw").sum())
    return {
        "load_mwh": exchanged - energy["load"],
        "generation_mwh": energy["generator"],
        "renewable_mwh": energy["renewable"],
        "curtailed_mwh": available - energy["renewable"],
    }
