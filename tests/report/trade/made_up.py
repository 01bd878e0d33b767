"""Trades made up of real clearings of the example, and of plain numbers for markets of any size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import gridpact as gp
from gridpact.case.case import Case
from gridpact.case.owners import microgrid_parts, owner_of
from gridpact.case.trade_cases import microgrids_at, microgrids_before, network_with
from gridpact.examples.synthetic_microgrids import synthetic_microgrids
from gridpact.markets.bargaining.cents import in_cents, split_cents
from gridpact.markets.bargaining.nash import Deal, NoDeal, nash
from gridpact.markets.trade.fees import fee_rates, peer_share, tariff
from gridpact.markets.trade.pairs import Trades, least_fee_trades
from gridpact.markets.trade.rates import FeeRates, fee_payments
from gridpact.results.record import Record, long_table
from tests.report.synthetic import certificate

Floats = NDArray[np.float64]
Tables = dict[str, pd.DataFrame]
WHY = "the parties together gain -3.2, and more than 1e-09 would be a gain"
PRIVATE = ("electricity_prices", "dispatch", "storages", "buses", "branches", "interface", "settlement", "limits",
           "exactness", "heat_prices", "heat_nodes", "pipes", "heat_storages", "demand", "couplers",
           "energy_flows")  # fmt: skip


@cache
def example() -> Case:
    return gp.read_case(gp.examples.path("three-microgrids") / "case")


def cleared(case: Case) -> Record:
    return gp.clear(case.marked_validated(), price_probes=0).record


def exchanged(case: Case, record: Record) -> tuple[Floats, Floats]:
    """What the devices of every microgrid give to the network, MW and Mvar, (microgrids, steps)."""
    owner = {
        name: number
        for table in ("generators", "renewables", "storages", "loads", "chps", "electric_boilers", "heat_pumps",
                      "heat_sources")
        for name, number in zip(case.ids(table), owner_of(case, table).tolist(), strict=True)
    }  # fmt: skip
    dispatch = record.tables["dispatch"]
    own = dispatch.assign(owner=dispatch["device"].map(owner)).groupby(["owner", "snapshot"])[["p_mw", "q_mvar"]].sum()
    rows = (own[name].unstack("snapshot").loc[list(range(case.count("microgrids")))] for name in ("p_mw", "q_mvar"))
    p, q = (np.ascontiguousarray(row.to_numpy(dtype=np.float64)) for row in rows)
    return p, q


@cache
def trade_record() -> Record:
    """The example: dispatched by one hand, then every side cleared alone against what was exchanged."""
    case = example()
    whole = cleared(case)
    p, q = exchanged(case, whole)
    network = cleared(network_with(case, p, q))
    price = _at_microgrids(case, network)
    microgrids = cleared(microgrids_at(case, price, q))
    alone = cleared(microgrids_before(case))
    before = -alone.tables["interface"].pivot(index="interface", columns="snapshot", values="import_mw")
    before_p = np.ascontiguousarray(before.loc[case.ids("microgrids")].to_numpy())
    outside = cleared(network_with(case, before_p, 0.0 * q))
    paid = alone.tables["settlement"].query("kind == 'interface'")["payment"].sum()
    costs = _costs(case, price, q, p, network, outside, -float(paid))
    tables = {**_parts({"": network, "microgrids_": microgrids, "before_network_": outside,
                        "before_microgrids_": alone})}  # fmt: skip
    root = network.tables["interface"].sort_values("snapshot")["lmp_per_mwh"].to_numpy()
    return assembled(case, p, q, price, root, before_p, costs, tables, dict(whole.summary))


def _at_microgrids(case: Case, network: Record) -> Floats:
    price = network.tables["electricity_prices"]["price_per_mwh"].to_numpy().reshape(case.steps, -1).T
    return np.ascontiguousarray(price[case.positions("microgrids", "bus")])


def _parts(records: Mapping[str, Record]) -> Tables:
    return {
        f"{before}{name}": record.tables[name]
        for before, record in records.items()
        for name in PRIVATE
        if name in record.tables
    }


def _costs(
    case: Case, price: Floats, q: Floats, p: Floats, network: Record, outside: Record, tariffs: float
) -> tuple[Floats, Floats]:
    """Cost without a deal, where ``tariffs`` are paid to the operator, and cost agreed; the operator last."""
    found = []
    for number, part in enumerate(microgrid_parts(case)):
        one = slice(number, number + 1)
        alone = float(cleared(microgrids_before(part)).summary["objective"])
        paid = float(cleared(microgrids_at(part, price[one], q[one])).summary["objective"])
        found.append((alone, paid + case.hours * float((price[one] * p[one]).sum())))
    found.append((float(outside.summary["objective"]) - tariffs, float(network.summary["objective"])))
    before, agreed = np.array(found).T
    return before, agreed


def assembled(
    case: Case, p: Floats, q: Floats, price: Floats, root: Floats, before: Floats, costs: tuple[Floats, Floats],
    parts: Tables, summary: dict[str, Any],
) -> Record:  # fmt: skip
    """All tables of the run from exchanges, prices at the microgrids' buses and at the root, and costs."""
    names = case.ids("microgrids")
    operator = (case.ids("network_operator") or ["network"])[0]
    rates = fee_rates(case, price, np.broadcast_to(root, price.shape))
    trades = least_fee_trades(rates.table, p)
    fees = fee_payments(rates, trades, case.hours)
    tables = parts | {
        "exchanges": long_table(
            case.snapshots, "microgrid", names, p_mw=p, q_mvar=q, price_per_mwh=price,
            inside_price_per_mwh=price + 0.01, before_mw=before,
        ),
        "trades": trade_table(case, trades, rates, price, root, [*names, operator]),
        "fees": pd.DataFrame(
            {"payer": names, "payee": operator, "amount": fees, "amount_cents": np.rint(100 * fees).astype(int)}
        ),
        "fee_rates": rate_table(rates, [*names, operator]),
        **money(case, costs, fees, price, p, [*names, operator]),
        **course(),
        "disclosures": disclosures(names, operator, case.steps),
        "regrets": pd.DataFrame({"participant": names, "regret": 1e-5, "share": 1e-8}),
    }  # fmt: skip
    figures = _figures(case, tables, rates, trades, fees, costs, operator)
    settings = {"method": "atc", "subproblem": "solver", "tolerance": 1e-4, "rounds": 200, "exactness": "repair",
                "formulation": "soc", "reference": True, "coalitions": "auto", "seed": 0}  # fmt: skip
    return Record(
        "trade", settings, case, summary | figures, tables, {}, {"versions": {"clarabel": "0.11.1"}}, certificate()
    )


def _figures(case: Case, tables: Tables, rates: FeeRates, trades: Trades, fees: Floats, costs: tuple[Floats, Floats],
             operator: str) -> dict[str, Any]:  # fmt: skip
    rule, objective = tariff(case), float(costs[1].sum())
    deal = bool((tables["bargaining"]["receipt_cents"] != 0).any())
    role = "fee_only" if not case.count("network_operator") else str(case.tables["network_operator"]["role"].iloc[0])
    return {
        "case": case.name, "currency": case.currency, "timezone": case.timezone, "start": case.snapshots[0].isoformat(),
        "steps": case.steps, "step_minutes": float(case.step_minutes),
        "question": "trade", "verdict": "certified", "objective": objective, "lower_bound": objective - 0.002,
        "gap": 1e-6, "method": "atc", "iterations": 16, "primal_residual": 6e-5, "dual_residual": 8e-5,
        "microgrids": case.count("microgrids"), "operator": operator, "operator_role": role,
        "fee_rule": rule.fee_rule, "fee_kind": rule.fee_kind, "fee_share_peer": peer_share(rates),
        "traded_mwh": float(trades.pair.sum() * case.hours),
        "network_mwh": float((trades.sell.sum() + trades.buy.sum()) * case.hours), "fee_revenue": float(fees.sum()),
        "surplus": float(tables["bargaining"].query("bargains")["gain"].sum()), "deal": deal,
        "deal_why": "" if deal else WHY,
        "cost_before": float(costs[0].sum()), "largest_excess": -12.5, "central_cost": objective - 0.001,
        "central_gap": 4e-7,
    }  # fmt: skip


def trade_table(
    case: Case, trades: Trades, rates: FeeRates, price: Floats, root: Floats, names: list[str]
) -> pd.DataFrame:
    at = np.vstack([price, np.broadcast_to(root, price.shape[1:])])
    sold, bought = at[trades.seller, trades.step], at[trades.buyer, trades.step]
    called = np.array(names, dtype=object)
    return pd.DataFrame(
        {
            "snapshot": case.snapshots[trades.step], "seller": called[trades.seller], "buyer": called[trades.buyer],
            "p_mw": trades.p_mw, "price_per_mwh": 0.5 * (sold + bought), "seller_price_per_mwh": sold,
            "buyer_price_per_mwh": bought, "fee_per_mwh": rates.table[trades.seller, trades.buyer, trades.step],
            "agreed": True,
        }
    )  # fmt: skip


def rate_table(rates: FeeRates, names: list[str]) -> pd.DataFrame:
    mean, called = rates.table.mean(axis=2), np.array(names, dtype=object)
    seller, buyer = np.nonzero(~np.eye(len(names), dtype=bool))
    return pd.DataFrame(
        {"seller": called[seller], "buyer": called[buyer], "mean_fee_per_mwh": mean[seller, buyer]}
    )  # fmt: skip


def money(case: Case, costs: tuple[Floats, Floats], fees: Floats, price: Floats, p: Floats, names: list[str]) -> Tables:
    """Bargaining, sheet, shares and coalitions; the operator earns its fees and does not bargain."""
    before, agreed = costs
    weights = np.append(case.column("microgrids", "weight"), 0.0)
    outcome = nash(before - agreed, weights, np.append(0.0 * fees, fees.sum()))
    last = len(names) - 1
    cents = in_cents(before - agreed, outcome.receipts, last) if isinstance(outcome, Deal) else np.zeros(last + 1, int)
    made = isinstance(outcome, Deal) and not isinstance(cents, NoDeal)
    nothing = np.zeros(last + 1)
    gains, receipts = (outcome.gains, outcome.receipts) if isinstance(outcome, Deal) and made else (nothing, nothing)
    cents = np.asarray(cents) if made else np.zeros(last + 1, dtype=np.int64)
    stance = case.tables["microgrids"]["disagreement"].tolist()
    bargaining = pd.DataFrame(
        {
            "participant": names, "role": ["microgrid"] * last + ["operator"], "bargains": weights > 0.0,
            "weight": weights / weights.sum(), "disagreement": [*stance, "computed"], "disagreement_cost": before,
            "cost": agreed, "benefit": before - agreed, "gain": gains, "receipt": receipts, "receipt_cents": cents,
            "gain_exact": before - agreed + cents / 100.0,
        }
    )  # fmt: skip
    paid = case.hours * (price * p).sum(axis=1) * made
    return {
        "bargaining": bargaining,
        "sheet": sheet(names, case.hours * p.sum(axis=1) * made, paid, fees * made, cents),
        "shares": shares(names, gains, weights),
        "coalitions": coalitions(names[:last], gains[:last]),
    }


def sheet(names: list[str], energy: Floats, earned: Floats, fees: Floats, cents: NDArray[np.int64]) -> pd.DataFrame:
    """Positive is paid; the operator is the counterparty of energy and fees."""
    parts = np.array([np.append(earned, -earned.sum()), np.append(-fees, fees.sum())])
    split = split_cents(cents, parts)
    payments = {"energy": -split[0], "fee": -split[1], "lump": -split[2], "total": -cents}
    return pd.DataFrame(
        {
            "participant": names, "energy_mwh": np.append(energy, -energy.sum()), "energy_payment": -parts[0],
            "fee_payment": -parts[1], "lump_sum_payment": -split[2] / 100.0, "total_payment": -cents / 100.0,
            **{f"{name}_cents": values for name, values in payments.items()},
        }
    )  # fmt: skip


def shares(names: list[str], gains: Floats, weights: Floats) -> pd.DataFrame:
    bargaining = weights > 0.0
    surplus, count = float(gains[bargaining].sum()), int(bargaining.sum())
    tilt = np.linspace(1.6, 0.4, len(names)) * bargaining
    rules = {
        "nash": gains * bargaining, "equal": surplus * bargaining / count, "proportional": surplus * tilt / tilt.sum(),
        "shapley": surplus * (0.5 * tilt / tilt.sum() + 0.5 * bargaining / count),
    }  # fmt: skip
    return pd.concat(
        [
            pd.DataFrame(
                {"participant": names, "rule": rule, "gain": np.where(bargaining, values, gains),
                 "error_bound": (0.08 * surplus / count if rule == "shapley" and count > 12 else 0.0)}
            )
            for rule, values in rules.items()
        ],
        ignore_index=True,
    )  # fmt: skip


def coalitions(names: list[str], gains: Floats) -> pd.DataFrame:
    masks = range(1, 1 << min(len(names), 6))
    found = [[k for k in range(len(names)) if mask >> k & 1] for mask in masks]
    values = [0.35 * float(gains[one].sum()) * (len(one) - 1) for one in found]
    sums = [float(gains[one].sum()) for one in found]
    return pd.DataFrame(
        {
            "coalition": [" + ".join(names[k] for k in one) for one in found], "members": [len(one) for one in found],
            "value": values, "gain": sums, "excess": np.array(values) - np.array(sums),
        }
    )  # fmt: skip


def course(rounds: int = 16) -> Tables:
    """Both residuals fall, not always; the penalty is balanced twice."""
    at = np.arange(1, rounds + 1)
    primal, dual = (10.0 ** (-4.2 * at / rounds) * (1.0 + 0.4 * np.cos(turn + at)) for turn in (0.0, 2.0))
    penalty = 0.04 * np.where(at < 4, 1.0, np.where(at < 9, 2.0, 1.2))
    own = np.arange(1, 15)
    return {
        "convergence": pd.DataFrame(
            {"iteration": at, "primal_residual": primal, "dual_residual": dual, "penalty": penalty,
             "seconds": 0.03 * at, "stage": np.where(at < rounds, "agreement", "polishing")}
        ),
        "bargaining_convergence": pd.DataFrame(
            {"iteration": own, "primal_residual": 10.0 ** (-0.6 * own), "dual_residual": 10.0 ** (-0.62 * own)}
        ),
        "reference": pd.DataFrame(
            {"method": ["atc", "central"], "cost": [2571.95, 2571.949], "lower_bound": [2571.948, 2571.948],
             "seconds": [0.52, 0.06], "iterations": [16, 12], "gap": [4e-7, 0.0]}
        ),
    }  # fmt: skip


def disclosures(names: list[str], operator: str, steps: int) -> pd.DataFrame:
    """Seventeen answers of everybody, one receipt each of thirteen rounds, masks between neighbours."""
    rows = [("coordinator", one, "proposal", what, "p.u.", 17, 17 * steps)
            for one in (*names, operator) for what in ("price", "target", "weight")]  # fmt: skip
    rows += [(one, "coordinator", "answer", "exchange", "p.u.", 17, 17 * steps) for one in names]
    rows += [(operator, "coordinator", "answer", "exchange", "p.u.", 17, 17 * steps * len(names))]
    rows += [(one, "coordinator", "receipt", "receipt", "currency", 14, 14) for one in names]
    rows += [(one, other, "mask", "mask", "1", 1, 1) for one in names[:3] for other in names[:3] if one < other]
    table = pd.DataFrame(rows, columns=["sender", "recipient", "kind", "quantity", "unit", "messages", "numbers"])
    return table.assign(bytes=8 * table["numbers"])


@cache
def many(count: int = 100, steps: int = 24) -> Record:
    """A market of any size with exchanges by chance; no clearing stands behind it."""
    case, chance = synthetic_microgrids(count, seed=1, steps=steps), np.random.default_rng(count)
    scale = chance.lognormal(-1.0, 0.8, (count, 1)) * min(1.0, 10.0 / count)
    hour = np.arange(steps)
    p = scale * (
        np.cos((hour - chance.uniform(0, 24, (count, 1))) * np.pi / 12.0) + 0.4 * chance.normal(size=(count, steps))
    )
    p = np.clip(p, -case.column("microgrids", "max_buy_mw")[:, None], case.column("microgrids", "max_sell_mw")[:, None])
    root = case.series("interfaces", "price_per_mwh")[0]
    price = root + chance.normal(1.0, 0.8, (count, 1)) + 0.2 * chance.normal(size=(count, steps))
    alone = np.append(300.0 * scale[:, 0], 900.0)
    costs = alone, alone - np.append(chance.uniform(2.0, 40.0, count) * scale[:, 0], 600.0)
    network = long_table(case.snapshots, "bus", case.ids("buses"), **_prices(case, root))
    lines = {"loading_percent": 40.0 * chance.random((case.count("lines"), steps))}
    branches = long_table(case.snapshots, "branch", case.ids("lines"), **lines)
    tables = {"electricity_prices": network, "dispatch": _dispatch(case, p), "branches": branches}
    tables |= {"microgrids_dispatch": _inside(case, p)}
    return assembled(case, p, 0.0 * p, price, root, 0.3 * p, costs, tables, _energies())


def _energies() -> dict[str, Any]:
    return {
        f"{name}_mwh": 10.0 for name in ("load", "import", "export", "generation", "renewable", "curtailed", "loss")
    }


def _prices(case: Case, root: Floats) -> dict[str, Any]:
    zero = np.zeros((case.count("buses"), case.steps))
    away = np.linspace(0.0, 3.0, len(zero))[:, None]
    parts = ("reactive_loss", "voltage", "congestion", "interface")
    return {
        "price_per_mwh": root + away + zero, "energy_per_mwh": root + zero, "loss_per_mwh": away + zero,
        **{f"{name}_per_mwh": zero for name in parts}, "reactive_price_per_mvarh": zero, "certified": zero == 0.0,
    }  # fmt: skip


def _dispatch(case: Case, p: Floats) -> pd.DataFrame:
    """The grid gives what the loads of the network and its microgrids take."""
    part = network_with(case, p, 0.0 * p)
    taken = -part.series("loads", "p_mw")
    return _devices(case, {"interface": (["substation"], -taken.sum(axis=0)[None]), "load": (part.ids("loads"), taken)})


def _inside(case: Case, p: Floats) -> pd.DataFrame:
    """Generators give the load and what is sold."""
    part = microgrids_at(case, 0.0 * p + 50.0, 0.0 * p)
    load = part.series("loads", "p_mw")
    rows = {"interface": (part.ids("interfaces"), -p), "generator": (part.ids("generators"), load + p)}
    return _devices(case, rows | {"load": (part.ids("loads"), -load)})


def _devices(case: Case, rows: dict[str, tuple[list[str], Floats]]) -> pd.DataFrame:
    names = [name for ids, _ in rows.values() for name in ids]
    kinds = [kind for kind, (ids, _) in rows.items() for _ in ids]
    table = long_table(case.snapshots, "device", names, p_mw=np.vstack([power for _, power in rows.values()]))
    return table.assign(kind=kinds * case.steps, q_mvar=0.0, heat_mw=0.0, energy_mwh=np.nan)


def without_deal(record: Record) -> Record:
    """Nobody gains: everybody stays at the disagreement point, and nothing is traded or paid."""
    zero = {"gain": 0.0, "receipt": 0.0, "receipt_cents": 0}
    bargaining = record.tables["bargaining"].assign(**zero)
    sheet = record.tables["sheet"]
    empty = {column: 0 * sheet[column] for column in sheet.columns if column != "participant"}
    shares = record.tables["shares"].iloc[:0]
    tables = {**record.tables, "bargaining": bargaining, "sheet": sheet.assign(**empty), "shares": shares}
    tables["trades"] = record.tables["trades"].assign(agreed=False)
    tables["fees"] = record.tables["fees"].assign(amount=0.0, amount_cents=0)
    told = {"deal": False, "deal_why": WHY, "surplus": -3.2, "traded_mwh": 0.0, "network_mwh": 0.0, "fee_revenue": 0.0}
    return replace(record, tables=tables, summary={**record.summary, **told})


def without(record: Record, *names: str) -> Record:
    return replace(record, tables={name: table for name, table in record.tables.items() if name not in names})


def changed(record: Record, name: str, table: pd.DataFrame) -> Record:
    return replace(record, tables={**record.tables, name: table})
