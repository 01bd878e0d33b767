"""A trade put together from clearings of its own, in which all is as it should be: what the judges are tried on.

One hand dispatches everything; each side is then cleared against what was exchanged, at the prices that came of it.
Generators have quadratic costs, so that a price has one answer. Limits of the microgrids are blank or out of reach.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import gridpact as gp
from gridpact.case.case import Case
from gridpact.case.owners import owner_of
from gridpact.case.trade_cases import microgrids_at, microgrids_before, network_with
from gridpact.markets.bargaining.cents import in_cents, split_cents
from gridpact.markets.bargaining.nash import Deal, nash
from gridpact.markets.trade.fees import fee_rates, peer_share, tariff
from gridpact.markets.trade.pairs import Trades, least_fee_trades
from gridpact.markets.trade.rates import FeeRates, fee_payments
from gridpact.results.record import Record, long_table, words
from tests.districts import bus, district, interface, line, load

Floats = NDArray[np.float64]
Tables = dict[str, pd.DataFrame]
NAMES = ["east", "north", "west"]
# Until prices of a network and answers to them are settled: each turn is off by a tenth of the last one.
TURNS = 6


def trading_case(**more: Any) -> Case:
    """Five buses in a line, a microgrid at each of the last three, three hours; ``more`` replaces tables."""
    profiles = {
        "interfaces/grid/price_per_mwh": [40.0, 60.0, 50.0],
        "renewables/wind/p_mw": [0.9, 0.1, 0.5],
        "loads/load-4/p_mw": [0.4, 0.6, 0.5],
    }
    parts: dict[str, Any] = {
        "buses": [bus(str(k)) for k in range(1, 6)],
        "lines": [line(f"{k}-{k + 1}", str(k), str(k + 1), 0.3, 0.3, max_i_ka=0.4) for k in range(1, 5)],
        "interfaces": [interface(max_import_mw=5.0, max_export_mw=5.0, sell_ratio=0.9)],
        "loads": [load("2", 0.8, 0.2), load("3", 0.5, 0.1), load("4", 0.5, 0.1), load("5", 0.3, 0.0)],
        "generators": [unit("gas", "3", 55.0), unit("diesel", "4", 75.0), unit("biogas", "5", 35.0)],
        "renewables": [{"renewable": "wind", "bus": "5", "kind": "wind", "p_mw": 0.5}],
        "microgrids": [{"microgrid": name, "bus": at} for name, at in zip(NAMES, "345", strict=True)],
        "network_operator": [operator()],
        "steps": 3,
    }
    return district(
        more.pop("profiles", profiles), **{name: part for name, part in (parts | more).items() if part != []}
    )


def unit(name: str, at: str, cost: float) -> dict[str, Any]:
    return {"generator": name, "bus": at, "max_p_mw": 1.0, "cost_per_mwh": cost, "cost_per_mw2h": 10.0}


def operator(**more: Any) -> dict[str, Any]:
    return {"operator": "grid company", "grid_fee_per_mwh": 6.0, "pair_fee_per_mwh": 3.0, **more}


@cache
def good() -> Record:
    """The case as it is, with a fee-only operator and flat fees."""
    return trade_record(trading_case())


def cleared(case: Case) -> Record:
    return gp.clear(case.marked_validated(), price_probes=0).record


def trade_record(case: Case, apart: float = 1.0) -> Record:
    """The trade of a case, the prices of whose sides may be ``apart`` by a factor."""
    whole = cleared(case)
    p, q = exchanged(case, whole)
    network = cleared(network_with(case, p, q))
    for _ in range(TURNS):
        inside, p = within_limits(case, apart * (at_buses(case, network)[0] - marginal_fee(case, p)), q)
        network = cleared(network_with(case, p, q))
    nodal, root = at_buses(case, network)
    price = nodal - marginal_fee(case, p)
    microgrids = cleared(microgrids_at(case, inside, q))
    alone = cleared(microgrids_before(case))
    before = [-wide(alone.tables["interface"], column, case) for column in ("import_mw", "import_mvar")]
    outside = cleared(network_with(case, *before))
    sides = {"": network, "microgrids": microgrids, "before_network": outside, "before_microgrids": alone}
    rates = fee_rates(case, nodal, root)
    trades = least_fee_trades(rates.table, p)
    own = {
        "exchanges": long_table(
            case.snapshots, "microgrid", case.ids("microgrids"), p_mw=p, q_mvar=q, price_per_mwh=price,
            inside_price_per_mwh=inside, before_mw=before[0], before_mvar=before[1],
        ),
        **trade_tables(case, trades, rates, nodal, root),
    }  # fmt: skip
    fees = fee_payments(rates, trades, case.hours)
    costs = party_costs(case, sides, price, p, before[0])
    money, told = money_tables(case, costs, fees, nodal, p)
    money["regrets"] = regrets(case, price, p)
    for column in ("amount", "amount_cents"):
        own["fees"][column] *= int(told["deal"])
    own["trades"]["agreed"] = told["deal"]
    tables = joined_tables(sides) | own | money | course_tables(case, told)
    figures = told | {
        "fee_share_peer": peer_share(rates), "fee_revenue": told["deal"] * float(fees.sum()),
        "traded_mwh": told["deal"] * float(trades.pair.sum() * case.hours),
        "network_mwh": told["deal"] * float((trades.sell.sum() + trades.buy.sum()) * case.hours),
    }  # fmt: skip
    whole_energies = {name: microgrids.summary[name] for name in ("generation_mwh", "renewable_mwh", "curtailed_mwh")}
    whole_energies["load_mwh"] = case.hours * float(case.series("loads", "p_mw").sum())
    summary = {**network.summary, **figures, **whole_energies, "case": case.name, "question": "trade"}
    summary.pop("verdict")
    return Record("trade", settings(), case, summary, tables, joined_arrays(sides), whole.provenance)


def marginal_fee(case: Case, p: Floats) -> Floats:
    """Of fees that are a true cost where nobody gains by trading past the operator: either way, the grid fee."""
    rule = tariff(case)
    return rule.grid_fee_per_mwh * np.sign(p) * (rule.fee_kind == "cost")


def within_limits(case: Case, price: Floats, q: Floats) -> tuple[Floats, Floats]:
    """Inside prices and exchanges: what generators do at these prices, by hand where they are held to less.

    Who may not sell more than its limit has the marginal cost 35 + 20 g of what biogas is left to give.
    """
    most = case.series("microgrids", "max_sell_mw")
    free = -wide(cleared(microgrids_at(case, price, q)).tables["interface"], "import_mw", case)
    kept = np.where(np.isnan(most), free, np.minimum(free, most))
    west = kept[2] + 0.3 - case.series("renewables", "p_mw")[0]
    return np.where(kept < free, 35.0 + 20.0 * west, price), kept


def settings() -> dict[str, Any]:
    return {"method": "atc", "subproblem": "solver", "tolerance": 1e-4, "rounds": 200, "exactness": "repair",
            "reference": True, "coalitions": "auto", "seed": 0}  # fmt: skip


def exchanged(case: Case, whole: Record) -> tuple[Floats, Floats]:
    """What the devices of every microgrid give to the network."""
    kinds = {"generator": "generators", "renewable": "renewables", "load": "loads"}
    owner = {
        name: number
        for table in kinds.values()
        for name, number in zip(case.ids(table), owner_of(case, table).tolist(), strict=True)
    }
    frame = whole.tables["dispatch"]
    sums = frame.assign(owner=frame["device"].map(owner)).groupby(["owner", "snapshot"])[["p_mw", "q_mvar"]].sum()
    rows = [sums[name].unstack("snapshot").loc[list(range(len(NAMES)))].to_numpy() for name in ("p_mw", "q_mvar")]
    return np.ascontiguousarray(rows[0]), np.ascontiguousarray(rows[1])


def wide(table: pd.DataFrame, column: str, case: Case) -> Floats:
    values: Floats = table[column].to_numpy(dtype=np.float64).reshape(case.steps, -1).T
    return values


def at_buses(case: Case, network: Record) -> tuple[Floats, Floats]:
    """Nodal prices at the microgrids' buses and at the first bus."""
    price = wide(network.tables["electricity_prices"], "price_per_mwh", case)
    own = price[case.positions("microgrids", "bus")]
    return np.ascontiguousarray(own), np.repeat(price[:1], len(own), axis=0)


def joined_tables(sides: dict[str, Record]) -> Tables:
    return {
        f"{side}_{name}" if side else name: table.assign(certified=False) if "certified" in table else table
        for side, record in sides.items()
        for name, table in record.tables.items()
    }


def joined_arrays(sides: dict[str, Record]) -> dict[str, NDArray[Any]]:
    return {
        f"{side}/{name}" if side else name: array
        for side, record in sides.items()
        for name, array in record.solution.items()
    }


def trade_tables(case: Case, trades: Trades, rates: FeeRates, price: Floats, root: Floats) -> Tables:
    called = np.array(parties(case), dtype=object)
    at = np.vstack([price, root[:1]])
    sold, bought = at[trades.seller, trades.step], at[trades.buyer, trades.step]
    fee, mean = rates.table[trades.seller, trades.buyer, trades.step], rates.table.mean(axis=2)
    seller, buyer = np.nonzero(~np.eye(len(called), dtype=bool))
    fees = fee_payments(rates, trades, case.hours)
    amounts = {"amount": fees, "amount_cents": rounded(fees)}
    return {
        "trades": pd.DataFrame(
            {"snapshot": case.snapshots[trades.step], "seller": words(called[trades.seller]),
             "buyer": words(called[trades.buyer]), "p_mw": trades.p_mw, "price_per_mwh": 0.5 * (sold + bought),
             "seller_price_per_mwh": sold, "buyer_price_per_mwh": bought, "fee_per_mwh": fee}
        ),
        "fees": pd.DataFrame({"payer": words(called[:-1]), "payee": words([called[-1]] * len(fees)), **amounts}),
        "fee_rates": pd.DataFrame(
            {"seller": words(called[seller]), "buyer": words(called[buyer]), "mean_fee_per_mwh": mean[seller, buyer]}
        ),
    }  # fmt: skip


def rounded(fees: Floats) -> NDArray[np.int64]:
    """Cents as the sheet has them."""
    part = np.append(-fees, fees.sum())
    return -split_cents(np.zeros(part.size, dtype=np.int64), part)[0][:-1]


def parties(case: Case) -> list[str]:
    return [*case.ids("microgrids"), *(case.ids("network_operator") or ["network"])]


def party_costs(
    case: Case, sides: dict[str, Record], price: Floats, p: Floats, before: Floats
) -> tuple[Floats, Floats]:
    """Costs without a deal and with one, the operator last; generators and renewables alone cost anything."""
    alone, agreed = sides["before_microgrids"], sides["microgrids"]
    tariff_paid = tariffs(case, before)
    without = np.append(own_cost(case, alone) + tariff_paid, alone_cost(sides["before_network"]) - tariff_paid.sum())
    return without, np.append(own_cost(case, agreed), alone_cost(sides[""]))


def alone_cost(record: Record) -> float:
    return float(record.summary["objective"])


def tariffs(case: Case, before: Floats) -> Floats:
    buy, sell = (np.nan_to_num(case.series("microgrids", f"tariff_{way}_per_mwh")) for way in ("buy", "sell"))
    paid: Floats = case.hours * (buy * np.maximum(-before, 0.0) - sell * np.maximum(before, 0.0)).sum(axis=1)
    return paid


def own_cost(case: Case, record: Record) -> Floats:
    """Cost of the generators of every microgrid, by hand."""
    frame = record.tables["dispatch"]
    cost = np.zeros(len(NAMES))
    for number, (name, price) in enumerate((("gas", 55.0), ("diesel", 75.0), ("biogas", 35.0))):
        p = frame.loc[frame["device"] == name, "p_mw"].to_numpy()
        cost[number] = case.hours * float((price * p + 10.0 * p**2).sum())
    return cost


def money_tables(
    case: Case, costs: tuple[Floats, Floats], fees: Floats, price: Floats, p: Floats
) -> tuple[Tables, dict[str, Any]]:
    """What follows from costs and fees for everybody."""
    before, agreed = costs
    rule, names, n = tariff(case), parties(case), len(fees)
    row = case.tables["network_operator"]
    party = bool(len(row)) and str(row["role"].iloc[0]) == "party"
    if rule.fee_kind == "cost":
        agreed = agreed + np.append(0.0 * fees, fees.sum())
    keeps = 0.0 if party or rule.fee_kind == "cost" else max(0.0, float(fees.sum()))
    weights = np.append(case.column("microgrids", "weight"), float(row["weight"].iloc[0]) * party if len(row) else 0.0)
    benefit = before - agreed
    outcome = nash(benefit, weights, np.append(0.0 * fees, keeps))
    cents = in_cents(benefit, outcome.receipts, None if party else n) if isinstance(outcome, Deal) else None
    deal = isinstance(outcome, Deal) and isinstance(cents, np.ndarray)
    gains, receipts = (outcome.gains, outcome.receipts) if deal and isinstance(outcome, Deal) else (0.0 * benefit,) * 2
    whole = cents if deal and isinstance(cents, np.ndarray) else np.zeros(n + 1, dtype=np.int64)
    stance = [*case.tables["microgrids"]["disagreement"].tolist(), "computed"]
    bargaining = pd.DataFrame(
        {"participant": words(names), "role": words(["microgrid"] * n + ["operator"]), "bargains": weights > 0.0,
         "weight": weights / weights.sum(), "disagreement": words(stance), "disagreement_cost": before, "cost": agreed,
         "benefit": benefit, "gain": gains, "receipt": receipts, "receipt_cents": whole,
         "gain_exact": (benefit + whole / 100.0) * deal}
    )  # fmt: skip
    tables = {
        "bargaining": bargaining,
        "sheet": sheet(case, names, price, p, fees, receipts, whole, deal),
        "shares": shares(names, gains, benefit, weights > 0.0),
    }
    tables["coalitions"] = coalitions(names, gains, weights > 0.0, float(outcome.surplus))
    if not deal:
        tables["shares"], tables["coalitions"] = (tables[name].iloc[:0] for name in ("shares", "coalitions"))
    objective = float(agreed.sum())
    told = {
        "objective": objective, "lower_bound": objective - 1e-4 * (n + 1),
        "gap": 1e-4 * (n + 1) / max(1.0, abs(objective)), "method": "atc", "iterations": 3,
        "polishing_rounds": 1, "primal_residual": 5e-5, "dual_residual": 6e-5, "microgrids": n, "operator": names[-1],
        "operator_role": "party" if party else "fee_only", "fee_rule": rule.fee_rule, "fee_kind": rule.fee_kind,
        "surplus": float(outcome.surplus), "deal": deal, "deal_why": "" if deal else "nobody gains",
        "cost_before": float(before.sum()), "central_cost": objective, "central_gap": 0.0,
    }  # fmt: skip
    if deal:
        told["largest_excess"] = float(tables["coalitions"]["excess"].max())
    return tables, told


def sheet(
    case: Case, names: list[str], price: Floats, p: Floats, fees: Floats, receipts: Floats, cents: NDArray[np.int64],
    deal: bool,
) -> pd.DataFrame:  # fmt: skip
    """Positive is paid; the operator is the counterparty of energy and fees."""
    earned = case.hours * (price * p).sum(axis=1) * deal
    parts = np.array([np.append(earned, -earned.sum()), np.append(-fees, fees.sum()) * deal])
    split = split_cents(cents, parts)
    energy = case.hours * p.sum(axis=1) * deal
    return pd.DataFrame(
        {"participant": words(names), "energy_mwh": np.append(energy, -energy.sum()), "energy_payment": -parts[0],
         "fee_payment": -parts[1], "lump_sum_payment": parts[0] + parts[1] - receipts, "total_payment": -receipts,
         "energy_cents": -split[0], "fee_cents": -split[1], "lump_cents": -split[2], "total_cents": -cents}
    )  # fmt: skip


def shares(names: list[str], gains: Floats, benefit: Floats, bargains: NDArray[np.bool_]) -> pd.DataFrame:
    """Gains by every rule of those who bargain; in the game of ``coalitions`` the Shapley value is the same for all."""
    who = np.flatnonzero(bargains)
    surplus, positive = float(gains[who].sum()), np.maximum(benefit[who], 0.0)
    equal = np.full(who.size, surplus / who.size)
    rules = {"nash": gains[who], "equal": equal, "proportional": surplus * positive / positive.sum(), "shapley": equal}
    told = [names[k] for k in who.tolist()]
    parts = [{"participant": words(told), "rule": words([rule] * who.size), "gain": own} for rule, own in rules.items()]
    return pd.concat([pd.DataFrame(part) for part in parts], ignore_index=True).assign(error_bound=0.0)


def coalitions(names: list[str], gains: Floats, bargains: NDArray[np.bool_], surplus: float) -> pd.DataFrame:
    """All but nobody and everybody, in a game that only counts members: n (n - 1) parts of the surplus."""
    who = np.flatnonzero(bargains).tolist()
    masks = [[k for place, k in enumerate(who) if mask >> place & 1] for mask in range(1, (1 << len(who)) - 1)]
    most = len(who) * (len(who) - 1)
    value = np.array([surplus * len(one) * (len(one) - 1) / most for one in masks])
    gain = np.array([float(gains[one].sum()) for one in masks])
    return pd.DataFrame(
        {"coalition": words([" + ".join(names[k] for k in one) for one in masks]), "members": [len(m) for m in masks],
         "value": value, "gain": gain, "excess": value - gain}
    )  # fmt: skip


REGRET = 1e-4


def regrets(case: Case, price: Floats, p: Floats) -> pd.DataFrame:
    """More than anybody could gain where both sides are exact."""
    traded = case.hours * np.abs(price * p).sum(axis=1)
    share = REGRET / np.maximum(np.append(traded, traded.sum()), 1.0)
    return pd.DataFrame({"participant": words(parties(case)), "regret": REGRET, "share": share})


def course_tables(case: Case, told: dict[str, Any]) -> Tables:
    """Two rounds and one to polish prices, payments in two where there is a deal, what was said, the reference."""
    objective, bound, rounds = told["objective"], told["lower_bound"], 2 * told["deal"]
    return {
        "convergence": pd.DataFrame(
            {"iteration": [1, 2, 3], "primal_residual": [1e-2, 5e-5, 1e-7], "dual_residual": [2e-2, 6e-5, 1e-7],
             "penalty": 0.1, "seconds": [0.1, 0.2, 0.1], "stage": words(["agreement", "agreement", "polishing"])}
        ),
        "bargaining_convergence": pd.DataFrame(
            {"iteration": [1, 2], "primal_residual": [1e-3, 1e-9], "dual_residual": [1e-3, 1e-9]}
        ).iloc[:rounds],
        "disclosures": disclosures(case, parties(case), rounds),
        "reference": pd.DataFrame(
            {"method": words(["atc", "central dispatch"]), "cost": objective, "lower_bound": [bound, objective],
             "seconds": [0.3, 0.1], "iterations": [3, 9], "gap": 0.0}
        ),
    }  # fmt: skip


def disclosures(case: Case, names: list[str], rounds: int) -> pd.DataFrame:
    """An opening and three rounds, masks in a ring, and rounds of payments of those who bargain."""
    n, rows = len(names) - 1, []
    row = case.tables["network_operator"]
    bargaining = names if len(row) and str(row["role"].iloc[0]) == "party" else names[:-1]
    word = "micro-units mod 2^64, low and high 32 bits"
    for one in names:
        size, times = case.steps * (n if one == names[-1] else 1), 3 + (one != names[-1])
        for what, unit in (("price", "currency/p.u."), ("target", "p.u."), ("weight", "currency/p.u.^2")):
            rows.append(("coordinator", one, "proposal", what, unit, times, times * size))
        rows.append((one, "coordinator", "answer", "exchange", "p.u.", times, times * size))
    for one, other in zip(bargaining, [*bargaining[1:], bargaining[0]], strict=True):
        rows.append(("coordinator", one, "share_masks", "", "", 1, 0))
        rows.append((one, "coordinator", "masks_shared", "", "", 1, 0))
        rows.append((one, other, "mask", "mask", word, 1, 2))
        rows.append((other, one, "mask_taken", "", "", 1, 0))
        rows.append(("coordinator", one, "masked_benefit", "", "", 1, 0))
        rows.append((one, "coordinator", "masked_benefit", "masked_benefit", word, 1, 2))
        for what, unit in (
            (("price", "1/currency"), ("target", "currency"), ("weight", "1/currency^2")) if rounds else ()
        ):
            rows.append(("coordinator", one, "payment_proposal", what, unit, rounds, rounds))
        rows.extend([(one, "coordinator", "receipt", "receipt", "currency", rounds, rounds)] if rounds else [])
    columns = ["sender", "recipient", "kind", "quantity", "unit", "messages", "numbers"]
    said = pd.DataFrame(rows, columns=columns)
    for column in columns[:5]:
        said[column] = words(said[column].tolist())
    return said.assign(bytes=8 * said["numbers"])
