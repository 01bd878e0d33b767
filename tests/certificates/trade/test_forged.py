"""Every check of a trade in a record in which just that is not true."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import gridpact as gp
from gridpact.certificates.trade.clearings import Clearings
from gridpact.certificates.trade.judge import certify_trade
from gridpact.certificates.trade.regret import microgrid_regrets, own_regrets
from gridpact.certificates.trade.view import TradeView
from gridpact.results.record import Record
from tests.certificates.spoil import check, failed, plus, times, with_array, with_cells, with_table
from tests.certificates.trade.made import good
from tests.certificates.trade.variants import apart, variant
from tests.markets.trade.test_networks import charging

Forge = Callable[[Record], Record]
CENT = 0.01


def said(record: Record, **figures: object) -> Record:
    """Figures of the summary."""
    return replace(record, summary={**record.summary, **figures})


def cell(table: str, column: str, change: Callable[[float], float], **where: object) -> Forge:
    return lambda record: with_cells(record, table, column, change, **where)


def moved_exchange(record: Record) -> Record:
    """An exchange as no side has it, with the trade that makes it up."""
    first = record.case.snapshots[0]
    record = with_cells(record, "exchanges", "p_mw", plus(0.01), snapshot=first, microgrid="west")
    row = record.tables["trades"]
    own = row[(row["snapshot"] == first) & (row["seller"] == "west")]
    return with_cells(record, "trades", "p_mw", plus(0.01), snapshot=first, seller="west", buyer=own["buyer"].iloc[0])


def cheap_talk(record: Record) -> Record:
    """Regrets of nothing in a trade that stopped too early, and the bound that they would prove."""
    record = with_cells(record, "regrets", "regret", times(0.0))
    return claimed_bound(record, float(record.summary["objective"]))


def claimed_bound(record: Record, bound: float) -> Record:
    """A lower bound wherever it is told, the regrets making it up."""
    objective = float(record.summary["objective"])
    gap = (objective - bound) / max(1.0, abs(objective))
    record = with_cells(
        said(record, lower_bound=bound, gap=gap), "regrets", "regret", lambda _: (objective - bound) / 4.0
    )
    record = with_cells(record, "reference", "lower_bound", lambda _: bound)
    return with_cells(record, "reference", "gap", lambda _: gap, method="atc")


def swapped(record: Record) -> Record:
    """Energy that first goes to the operator and then comes from it: the same exchanges at a higher fee."""
    table = record.tables["trades"]
    own = (table["seller"] == "west") & (table["buyer"] == "north")
    p = table.loc[own, "p_mw"].iloc[0]
    first = table[own].iloc[:1]
    rest = table.drop(index=first.index)
    out = first.assign(buyer="grid company", fee_per_mwh=6.0, buyer_price_per_mwh=root(record, first))
    back = first.assign(seller="grid company", fee_per_mwh=6.0, seller_price_per_mwh=root(record, first))
    for one in (out, back):
        one["price_per_mwh"] = (one["seller_price_per_mwh"] + one["buyer_price_per_mwh"]) / 2.0
    by_name = {"west": p * (6.0 - 1.5), "north": p * (6.0 - 1.5), "grid company": -2.0 * p * (6.0 - 1.5)}
    joined = with_table(
        record, "trades", pd.concat([rest, out, back]).sort_values(["snapshot", "seller"], ignore_index=True)
    )
    return paid_more(joined, by_name)


def root(record: Record, rows: pd.DataFrame) -> float:
    price = record.tables["electricity_prices"]
    snapshot = rows["snapshot"].iloc[0]
    return float(price.loc[(price["snapshot"] == snapshot) & (price["bus"] == "1"), "price_per_mwh"].iloc[0])


def paid_more(record: Record, fees: dict[str, float]) -> Record:
    """Fees of parties changed in the table of fees; what follows from it is left."""
    for name, by in fees.items():
        if name != "grid company":
            record = with_cells(record, "fees", "amount", plus(by), payer=name)
    return record


def traded_sides(record: Record) -> Record:
    """Two trades more, which cancel: west sells to east and buys it back."""
    row = record.tables["trades"].iloc[:1]
    ends = {"seller": row["buyer"].iloc[0], "buyer": row["seller"].iloc[0]}
    return with_table(record, "trades", pd.concat([record.tables["trades"], row.assign(**ends)]))


def shifted_cents(record: Record) -> Record:
    """Two cents more for one and less for another, wherever they are told."""
    for name, by in (("east", 2), ("west", -2)):
        record = with_cells(record, "bargaining", "receipt_cents", plus(by), participant=name)
        record = with_cells(record, "bargaining", "gain_exact", plus(by * CENT), participant=name)
        record = with_cells(record, "sheet", "lump_cents", plus(-by), participant=name)
        record = with_cells(record, "sheet", "total_cents", plus(-by), participant=name)
    return record


def robbed(record: Record) -> Record:
    """All that one gains, and a cent more, goes to another, in cents."""
    gain = record.tables["bargaining"].set_index("participant")["gain_exact"]
    by = int(np.floor(100.0 * gain["east"])) + 1
    for name, sign in (("east", -1), ("west", 1)):
        record = with_cells(record, "bargaining", "receipt_cents", plus(sign * by), participant=name)
        record = with_cells(record, "bargaining", "gain_exact", plus(sign * by * CENT), participant=name)
        record = with_cells(record, "sheet", "lump_cents", plus(-sign * by), participant=name)
        record = with_cells(record, "sheet", "total_cents", plus(-sign * by), participant=name)
    return record


def other_deal(record: Record) -> Record:
    """A unit of money from one to another, in all tables: the sum is right, the weights are not."""
    for name, by in (("east", 1.0), ("west", -1.0)):
        for column in ("gain", "receipt", "gain_exact"):
            record = with_cells(record, "bargaining", column, plus(by), participant=name)
        record = with_cells(record, "bargaining", "receipt_cents", plus(int(100 * by)), participant=name)
        record = with_cells(record, "sheet", "lump_sum_payment", plus(-by), participant=name)
        record = with_cells(record, "sheet", "total_payment", plus(-by), participant=name)
        record = with_cells(record, "sheet", "lump_cents", plus(-int(100 * by)), participant=name)
        record = with_cells(record, "sheet", "total_cents", plus(-int(100 * by)), participant=name)
        record = with_cells(record, "shares", "gain", plus(by), participant=name, rule="nash")
    return record


def dearer_microgrid(record: Record) -> Record:
    """A cost that is not that of the dispatch, with the benefit that it would leave."""
    record = with_cells(record, "bargaining", "cost", plus(1.0), participant="east")
    return with_cells(record, "bargaining", "benefit", plus(-1.0), participant="east")


def denied(record: Record) -> Record:
    """No deal, though there is something to share."""
    for table, columns in (
        ("bargaining", ("gain", "receipt", "receipt_cents", "gain_exact")),
        ("sheet", tuple(name for name in record.tables["sheet"] if name != "participant")),
        ("shares", ("gain",)),
    ):
        for column in columns:
            record = with_cells(record, table, column, times(0))
    return said(record, deal=False, deal_why="nobody gains")


def too_early(record: Record) -> Record:
    """An agreement that stopped ten times too early, and says so."""
    record = with_cells(record, "convergence", "dual_residual", plus(1e-3), iteration=2)
    return said(record, dual_residual=float(record.tables["convergence"]["dual_residual"].iloc[1]))


def coalition_less(record: Record) -> Record:
    return with_table(record, "coalitions", record.tables["coalitions"].iloc[1:])


LIES: list[tuple[str, str, Forge]] = [
    ("trade exchanges", "all told", moved_exchange),
    ("trade exchanges", "reactive", cell("exchanges", "q_mvar", plus(0.01))),
    ("trade exchanges", "without a deal", cell("exchanges", "before_mw", plus(0.01))),
    ("trade inside prices", "told", cell("exchanges", "inside_price_per_mwh", plus(0.01), microgrid="east")),
    ("trade nodal prices", "told", cell("exchanges", "price_per_mwh", plus(0.01), microgrid="east")),
    ("trade regret sum", "one", cell("regrets", "regret", plus(CENT), participant="west")),
    ("trade lower bound", "above the cost", lambda r: claimed_bound(r, r.summary["objective"] + CENT)),
    ("trades valid", "nothing", cell("trades", "p_mw", times(0.0))),
    ("trades valid", "both sides", traded_sides),
    ("trades make up exchanges", "more", cell("trades", "p_mw", times(1.001))),
    ("trade prices at buses", "seller", cell("trades", "seller_price_per_mwh", plus(0.01))),
    ("trade prices at buses", "buyer", cell("trades", "buyer_price_per_mwh", plus(0.01))),
    ("trade prices at buses", "mean", cell("trades", "price_per_mwh", plus(0.01))),
    ("trade fees by rule", "a trade", cell("trades", "fee_per_mwh", plus(0.01))),
    ("trade mean fees", "a pair", cell("fee_rates", "mean_fee_per_mwh", plus(0.01), seller="east", buyer="west")),
    ("trade fee payments", "an amount", cell("fees", "amount", plus(CENT), payer="east")),
    ("trade fee payments", "the sheet", cell("sheet", "fee_payment", plus(CENT), participant="east")),
    ("trade fee payments", "revenue", lambda r: said(r, fee_revenue=r.summary["fee_revenue"] + CENT)),
    ("trade least fee", "by the operator", swapped),
    ("bargaining roles", "role", cell("bargaining", "role", lambda _: "microgrid", participant="grid company")),
    ("bargaining roles", "bargains", cell("bargaining", "bargains", lambda _: True, participant="grid company")),
    ("bargaining roles", "fall-back", cell("bargaining", "disagreement", lambda _: "tariff", participant="east")),
    ("bargaining costs", "of a microgrid", dearer_microgrid),
    ("bargaining costs", "without a deal", cell("bargaining", "disagreement_cost", plus(CENT), participant="west")),
    ("bargaining costs", "benefit", cell("bargaining", "benefit", plus(CENT), participant="west")),
    ("bargaining costs", "objective", lambda r: said(r, objective=r.summary["objective"] + CENT)),
    ("bargaining costs", "before", lambda r: said(r, cost_before=r.summary["cost_before"] + CENT)),
    ("bargaining weights", "heavier", cell("bargaining", "weight", times(1.001), participant="east")),
    ("bargaining surplus", "told", lambda r: said(r, surplus=r.summary["surplus"] + CENT)),
    ("bargaining gains", "by other weights", other_deal),
    ("bargaining optimal", "by other weights", other_deal),
    ("trade cents sum to zero", "receipts", cell("bargaining", "receipt_cents", plus(1), participant="east")),
    ("trade cents sum to zero", "energy", cell("sheet", "energy_cents", plus(1), participant="east")),
    ("trade cents add up", "lump sum", cell("sheet", "lump_cents", plus(1), participant="east")),
    ("trade payments", "energy", cell("sheet", "energy_mwh", times(1.001), participant="west")),
    ("trade payments", "payment", cell("sheet", "energy_payment", plus(CENT), participant="west")),
    ("trade payments", "lump sum", cell("sheet", "lump_sum_payment", plus(CENT), participant="west")),
    ("trade payments", "total", cell("sheet", "total_payment", plus(CENT), participant="west")),
    ("trade cents round payments", "energy", cell("sheet", "energy_cents", plus(2), participant="east")),
    ("trade cents round payments", "fees", cell("fees", "amount_cents", plus(1), payer="east")),
    ("trade receipts", "gain", cell("bargaining", "gain_exact", plus(CENT), participant="east")),
    ("trade receipts", "cents", cell("sheet", "total_cents", plus(1), participant="east")),
    ("trade cents nearest", "two cents", shifted_cents),
    ("individually rational", "robbed", robbed),
    ("trade deal", "denied", denied),
    ("trade shares", "proportional", cell("shares", "gain", plus(CENT), rule="proportional", participant="east")),
    ("trade shares", "sum", cell("shares", "gain", plus(CENT), rule="equal", participant="east")),
    ("trade shares", "nash", cell("shares", "gain", plus(CENT), rule="nash", participant="east")),
    ("trade shares", "bound below zero", cell("shares", "error_bound", plus(-CENT), rule="shapley")),
    ("trade coalitions", "excess", cell("coalitions", "excess", plus(CENT), coalition="east + west")),
    ("trade coalitions", "gain", cell("coalitions", "gain", plus(CENT), coalition="east + west")),
    ("trade coalitions", "members", cell("coalitions", "members", plus(1), coalition="east")),
    ("trade coalitions", "of strangers", cell("coalitions", "coalition", lambda _: "east + south", coalition="east")),
    ("trade coalitions", "one less", coalition_less),
    ("trade coalitions", "value", cell("coalitions", "value", plus(CENT), members=2)),
    ("trade shapley", "a gain", cell("shares", "gain", plus(CENT), rule="shapley", participant="east")),
    ("trade shapley", "a value", cell("coalitions", "value", plus(1.0), coalition="east + west")),
    (
        "trade converged",
        "too early",
        too_early,
    ),
    ("trade converged", "told", lambda r: said(r, primal_residual=1e-6)),
    ("trade rounds", "told", lambda r: said(r, iterations=4)),
    ("trade rounds", "polished", lambda r: said(r, polishing_rounds=2)),
    ("trade regret sum", "share", cell("regrets", "share", plus(1e-3), participant="west")),
    ("trade reference", "gap", cell("reference", "gap", plus(1e-6), method="atc")),
    ("trade reference", "central", lambda r: said(r, central_gap=1e-6)),
    ("trade deal", "reason", lambda r: said(r, deal_why="nobody gains")),
    ("bargaining converged", "too early", cell("bargaining_convergence", "primal_residual", plus(1e-3))),
    ("trade reference", "cost", cell("reference", "cost", plus(CENT), method="atc")),
    ("trade reference", "bound", cell("reference", "lower_bound", plus(CENT), method="central dispatch")),
    ("trade near central", "dearer", lambda r: cheaper_by_one_hand(r, 0.1)),
    ("trade reference", "central cost", lambda r: said(r, central_cost=r.summary["central_cost"] + CENT)),
    (
        "disclosed as declared",
        "demand",
        cell("disclosures", "quantity", lambda _: "load", kind="answer", sender="east"),
    ),
    ("disclosed as declared", "kind", cell("disclosures", "kind", lambda _: "cost", kind="receipt", sender="east")),
    ("disclosed as declared", "unit", cell("disclosures", "unit", lambda _: "MW", kind="answer", sender="east")),
    (
        "disclosed as declared",
        "stranger",
        cell("disclosures", "recipient", lambda _: "press", kind="answer", sender="east"),
    ),
    (
        "disclosed as declared",
        "a party asks",
        cell("disclosures", "sender", lambda _: "west", kind="proposal", recipient="east"),
    ),
    ("disclosed numbers", "more", cell("disclosures", "numbers", plus(1), kind="answer", sender="east")),
    ("disclosed numbers", "bytes", cell("disclosures", "bytes", plus(8), kind="mask", sender="east")),
    ("disclosed numbers", "no request", cell("disclosures", "messages", plus(1), kind="receipt", sender="east")),
    ("disclosed numbers", "fewer than rounds", cell("disclosures", "messages", lambda _: 2, kind="answer")),
    ("trade words", "rule", lambda r: said(r, fee_rule="zone")),
    ("trade words", "currency", lambda r: said(r, currency="USD")),
    ("trade summary", "loss", lambda r: said(r, loss_mwh=r.summary["loss_mwh"] + 0.001)),
    ("trade summary", "traded", lambda r: said(r, traded_mwh=r.summary["traded_mwh"] + 0.001)),
    ("trade summary", "peers", lambda r: said(r, fee_share_peer=0.5)),
    ("trade summary", "excess", lambda r: said(r, largest_excess=-1.0)),
    ("network: objective", "dearer", cell("interface", "buy_mw", times(1.01))),
    ("microgrids: tables_match_solution", "unit", cell("microgrids_dispatch", "p_mw", plus(0.01), device="gas")),
    ("before network: duality_gap", "point", lambda r: with_array(r, "before_network/z", lambda z: 1.01 * z)),
    ("before microgrids: active_balance", "unit", cell("before_microgrids_dispatch", "p_mw", plus(0.01), device="gas")),
]


@pytest.mark.parametrize(("name", "lie"), [pytest.param(n, lie, id=f"{n}: {what}") for n, what, lie in LIES])
def test_lie_is_seen(name: str, lie: Forge) -> None:
    found = certify_trade(lie(good()))
    assert found["verdict"] == "failed"
    assert not check(found, name)["passed"]
    assert check(found, name)["required"]


ELSEWHERE = {
    "trade complete": "what is missing",
    "trade limits": "a limit",
    "trade prices": "stopped early",
    "trade regrets": "stopped early",
    "trade gap": "stopped early",
    "trade bound proven": "a linearised network",
    "operator not worse off": "an operator that pays",
    "trade as central": "shown only",
}


def test_every_check_has_its_lie() -> None:
    """Of those that are not markets' own, which have their tests elsewhere."""
    own = {entry["name"] for entry in certify_trade(good())["checks"] if ": " not in entry["name"]}
    assert own - {name for name, _, _ in LIES} == set(ELSEWHERE)


def paired(record: Record) -> Record:
    """What one sells to the operator and another buys from it as a trade of these two, as far as it goes."""
    table = record.tables["trades"].set_index(["seller", "buyer"])
    sold, bought = table.loc[("a", "dso")], table.loc[("dso", "b")]
    p, fee = min(sold["p_mw"], bought["p_mw"]), 3.0
    ends = {"seller_price_per_mwh": sold["seller_price_per_mwh"], "buyer_price_per_mwh": bought["buyer_price_per_mwh"]}
    mean = sum(ends.values()) / 2.0
    pair = {"snapshot": sold["snapshot"], "seller": "a", "buyer": "b", "p_mw": p, "price_per_mwh": mean, **ends}
    rest = record.tables["trades"].assign(p_mw=record.tables["trades"]["p_mw"] - p)
    trades = pd.concat(
        [pd.DataFrame([{**pair, "fee_per_mwh": fee, "agreed": True}]), rest[rest["p_mw"] > 0.0]], ignore_index=True
    )
    return with_table(record, "trades", trades)


def test_microgrids_that_no_line_joins_cannot_trade() -> None:
    """The accounts add up, at 3 in place of 6 and 6; but nothing leads from one network to the other."""
    run = gp.trade(charging(), coalitions="none")
    assert run.certificate.failures() == []
    forged = paired(run.record)
    assert {"a", "b"} in [{*ends} for ends in forged.tables["trades"][["seller", "buyer"]].to_numpy().tolist()]
    found = certify_trade(forged)
    assert check(found, "trades make up exchanges")["passed"]
    assert check(found, "trades valid")["value"] == 1.0 and not check(found, "trades valid")["passed"]
    assert not check(found, "trade fees by rule")["passed"] and not check(found, "trade fee payments")["passed"]


def test_fees_of_pairs_that_cannot_trade_are_not_told() -> None:
    run = gp.trade(charging(), coalitions="none")
    rates = run.record.tables["fee_rates"]
    row = {"seller": "a", "buyer": "b", "mean_fee_per_mwh": 3.0}
    forged = with_table(run.record, "fee_rates", pd.concat([rates, pd.DataFrame([row])], ignore_index=True))
    assert not check(certify_trade(forged), "trade complete")["passed"]


WITHOUT: dict[str, tuple[str, Forge]] = {
    "a fee": ("trade fee payments", cell("fees", "amount", plus(CENT), payer="west")),
    "revenue": ("trade fee payments", lambda r: said(r, fee_revenue=CENT)),
    "a trade agreed on": ("trades valid", lambda r: with_table(r, "trades", r.tables["trades"].assign(agreed=True))),
    "energy between two": ("trade summary", lambda r: said(r, traded_mwh=0.5)),
    "energy of the operator": ("trade summary", lambda r: said(r, network_mwh=0.5)),
}


@pytest.mark.parametrize("what", WITHOUT)
def test_without_a_deal_nothing_is_traded_and_no_fee_is_paid(what: str) -> None:
    name, lie = WITHOUT[what]
    found = certify_trade(lie(variant("no deal")))
    assert found["verdict"] == "failed" and not check(found, name)["passed"]


def test_stopping_early_leaves_regret() -> None:
    """Prices that differ by 1 %: by the curvature of the costs about (1 %)^2 of the turnover is left to gain."""
    record = apart(1.01)
    assert failed(certify_trade(record)) == {"trade prices", "trade regrets", "trade lower bound"}
    found = certify_trade(cheap_talk(record))
    assert not check(found, "trade regrets")["passed"] and not check(found, "trade lower bound")["passed"]
    assert 1e-6 < check(found, "trade gap")["value"] < 1e-3
    assert not check(certify_trade(apart(1.05)), "trade gap")["passed"]


def test_regret_of_a_generator_by_hand() -> None:
    """It gives (price - cost) / 20 of its square cost at a price that is 1 % too high: 10 (d / 20)^2 an hour."""

    record = apart(1.01)
    view = TradeView(record, Clearings(record))
    price, inside = view.price, view.exchange("inside_price_per_mwh")
    gap = (inside - price)[2] / 20.0
    given = view.microgrids.dispatch("generator", "p_mw")[2]
    free = (given > 1e-6) & (given < 1.0 - 1e-6)
    assert free.sum() == 2
    own = own_regrets(view)[2]
    assert own >= 10.0 * (gap[free] ** 2).sum() * (1.0 - 1e-6)
    assert own <= 10.0 * (gap**2).sum() * (1.0 + 1e-6)


def test_an_exchange_beyond_its_limit() -> None:
    """The case allowed 0.7 MW; now it allows less."""
    record = variant("limit")
    grids = record.case.tables["microgrids"]
    tighter = record.case.with_table("microgrids", grids.assign(max_sell_mw=grids["max_sell_mw"] - 0.01))
    found = certify_trade(replace(record, case=tighter))
    assert check(found, "trade limits")["value"] == pytest.approx(0.01, rel=1e-3)
    assert not check(found, "trade limits")["passed"]


def test_limits_bind_on_their_own_side_only() -> None:
    """Who sells all it may has the lower price inside: with a limit of buying in its place nothing explains it."""
    record = variant("limit")
    grids = record.case.tables["microgrids"]
    swapped_limits = grids.assign(max_sell_mw=np.nan, max_buy_mw=[np.nan, np.nan, 0.7])
    found = certify_trade(replace(record, case=record.case.with_table("microgrids", swapped_limits)))
    assert not check(found, "trade prices")["passed"]


def test_regret_counts_what_a_limit_leaves() -> None:
    """A little room below a limit, at the difference of prices: a wider limit by 5e-6 MW is worth 5e-6 x difference."""

    record = variant("limit")
    grids = record.case.tables["microgrids"]
    wider = record.case.with_table("microgrids", grids.assign(max_sell_mw=grids["max_sell_mw"] + 5e-6))
    one, other = (TradeView(told, Clearings(told)) for told in (record, replace(record, case=wider)))
    gap = (one.price - one.exchange("inside_price_per_mwh"))[2].sum()
    more = microgrid_regrets(other)[2] - microgrid_regrets(one)[2]
    assert more == pytest.approx(5e-6 * gap, rel=1e-3)


def test_a_limit_that_does_not_bind_bounds_the_regret() -> None:
    """With 0.01 MW to its limit, a generator at 20 per MW^2 could gain 0.01 d - 10 0.01^2 an hour, and no more."""
    record = variant("limit")
    grids = record.case.tables["microgrids"]
    wider = record.case.with_table("microgrids", grids.assign(max_sell_mw=grids["max_sell_mw"] + 0.01))
    one, other = (TradeView(told, Clearings(told)) for told in (record, replace(record, case=wider)))
    gap = (one.price - one.exchange("inside_price_per_mwh"))[2]
    assert (gap > 1.0).all(), "at its own price it would go on for 0.05 MW"
    more = microgrid_regrets(other)[2] - microgrid_regrets(one)[2]
    assert 0.0 < (0.01 * gap - 10.0 * 0.01**2).sum() <= more <= 0.01 * gap.sum() * (1.0 + 1e-6)


def test_true_costs_of_fees_are_in_the_prices() -> None:
    """Prices that forget the fee, or count it twice, are no slopes of the least fee."""
    record = variant("cost")
    for factor in (0.5, 1.5):
        shifted = record.tables["exchanges"]["price_per_mwh"] + (factor - 1.0) * 2.0
        found = certify_trade(with_table(record, "exchanges", record.tables["exchanges"].assign(price_per_mwh=shifted)))
        assert not check(found, "trade nodal prices")["passed"]


def test_an_operator_that_pays_for_the_deal() -> None:
    """All lump sums as if it had kept a unit of money less than it had without a deal."""
    record = good()
    fees = float(record.summary["fee_revenue"])
    found = certify_trade(cell("bargaining", "receipt", plus(-fees - 1.0), participant="grid company")(record))
    assert not check(found, "operator not worse off")["passed"]


def test_a_linearised_network_proves_nothing_beyond_itself() -> None:
    record = good()
    arrays = {**record.solution, "row/tight": np.zeros(0, dtype=np.int64)}
    assert not check(certify_trade(replace(record, solution=arrays)), "trade bound proven")["passed"]


def cheaper_by_one_hand(record: Record, by: float) -> Record:
    """A central dispatch that costs less by so much, wherever it is told."""
    objective = float(record.summary["objective"])
    cost = objective - by
    gap = by / max(1.0, abs(cost))
    for column in ("cost", "lower_bound"):
        record = with_cells(record, "reference", column, lambda _: cost, method="central dispatch")
    record = with_cells(record, "reference", "gap", lambda _: gap, method="atc")
    return said(record, central_cost=cost, central_gap=gap)


def test_a_dearer_agreement_is_shown() -> None:
    """Within what the agreement allows, it fails nothing."""
    found = certify_trade(cheaper_by_one_hand(good(), 3.9e-4))
    assert not check(found, "trade as central")["passed"]
    assert found["verdict"] == "certified"
    assert failed(certify_trade(cheaper_by_one_hand(good(), 0.1))) == {"trade near central"}


MISSING: dict[str, Forge] = {
    "no trades": lambda r: replace(r, tables={name: t for name, t in r.tables.items() if name != "trades"}),
    "no snapshot": lambda r: with_table(r, "exchanges", r.tables["exchanges"].drop(columns="snapshot")),
    "an hour less": lambda r: with_table(r, "exchanges", r.tables["exchanges"].iloc[3:]),
    "other hours": lambda r: with_table(r, "exchanges", r.tables["exchanges"].assign(snapshot=r.case.snapshots[0])),
    "a stranger": lambda r: with_cells(r, "trades", "seller", lambda _: "south"),
    "a trade twice": lambda r: with_table(r, "trades", pd.concat([r.tables["trades"], r.tables["trades"].iloc[:1]])),
    "nobody's price": cell("exchanges", "price_per_mwh", times(np.nan)),
    "no cents": lambda r: with_table(r, "sheet", r.tables["sheet"].assign(total_cents=0.5)),
    "nobody's row": lambda r: with_table(r, "bargaining", r.tables["bargaining"].iloc[1:]),
    "another payee": cell("fees", "payee", lambda _: "west"),
    "no regret": cell("regrets", "regret", times(np.inf)),
    "a rule by halves": lambda r: with_table(r, "shares", r.tables["shares"].iloc[1:]),
    "no nash": lambda r: with_table(r, "shares", r.tables["shares"][lambda t: t["rule"] != "nash"]),
    "a round less": lambda r: with_table(r, "convergence", r.tables["convergence"].iloc[1:]),
    "no method": lambda r: with_table(r, "reference", r.tables["reference"].iloc[1:]),
    "no surplus": lambda r: said(r, surplus=None),
    "no deal": lambda r: said(r, deal="yes"),
    "no setting": lambda r: replace(r, settings={}),
    "no microgrids": lambda r: replace(r, case=r.case.with_table("microgrids", r.case.tables["microgrids"].iloc[:0])),
}


@pytest.mark.parametrize("what", MISSING)
def test_what_is_missing_is_told(what: str) -> None:
    found = certify_trade(MISSING[what](good()))
    assert found["verdict"] == "failed"
    assert [entry["name"] for entry in found["checks"]] == ["trade complete"]
    assert found["checks"][0]["where"]


CLEARINGS = ("network", "microgrids", "before network", "before microgrids")


@pytest.mark.parametrize("side", CLEARINGS)
@pytest.mark.parametrize("what", ["dispatch", "x"])
def test_what_is_missing_of_a_clearing_is_told(side: str, what: str) -> None:
    """A verdict, and no crash: its own judges say what is not there."""
    record, prefix = good(), "" if side == "network" else side.replace(" ", "_")
    table, array = (f"{prefix}_{what}", f"{prefix}/{what}") if prefix else (what, what)
    tables = {name: one for name, one in record.tables.items() if name != table}
    arrays = {name: one for name, one in record.solution.items() if name != array}
    found = certify_trade(replace(record, tables=tables, solution=arrays))
    assert found["verdict"] == "failed"
    assert not check(found, f"{side}: complete")["passed"]
