"""The numbers of a trade that most readers look for first, as cards."""

from __future__ import annotations

import math

import pandas as pd

from gridpact.report.numbers import Fact, bought, highest_loading, lowest_voltage, price, struck
from gridpact.report.standing import Standing
from gridpact.report.text import number, safe, significant
from gridpact.report.trade import facts
from gridpact.results.record import Record
from gridpact.results.trading import MICROGRIDS

METHODS = {"atc": "target cascading (ATC)", "cf_admm": "closed-form ADMM", "central": "one central program"}


def trade_facts(record: Record, standing: Standing) -> list[Fact]:
    """Cost with and without the deal, what it is worth, who trades how much, fees, proof."""
    found = [cost(record, standing), surplus(record, standing), traded(record), with_network(record)]
    return [
        fact for fact in (*found, fees(record, standing), proof(record, standing), rounds(record)) if fact is not None
    ]


def whole_facts(record: Record, standing: Standing) -> list[Fact]:
    """Prices, energies of network and microgrids together, and the state of the network with the trade."""
    found = [
        price(record, standing),
        bought(record),
        *energies(record),
        lowest_voltage(record),
        highest_loading(record),
    ]
    return [fact for fact in found if fact is not None]


def cost(record: Record, standing: Standing) -> Fact:
    before = facts.figure(record, "cost_before")
    note = "" if math.isnan(before) else f"without a deal: {struck(number(before), standing)}"
    amount = struck(number(facts.figure(record, "objective")), standing)
    title = "Cost of all, trading" if facts.deal(record) else "Cost of all, had they traded"
    return Fact(title, amount, safe(record.case.currency), note)


def surplus(record: Record, standing: Standing) -> Fact | None:
    """What is shared; where there is no deal, that."""
    if not facts.deal(record):
        return Fact("No deal", "0", safe(record.case.currency), "everybody stays at the disagreement point")
    value = facts.figure(record, "surplus")
    if math.isnan(value):
        return None
    bargaining = facts.table(record, "bargaining")
    who = "" if bargaining is None else f"shared by {int(bargaining['bargains'].sum())} parties"
    return Fact("Gain to be shared", struck(number(value), standing), safe(record.case.currency), who)


def traded(record: Record) -> Fact | None:
    value = facts.figure(record, "traded_mwh")
    if math.isnan(value):
        return None
    return Fact("Sold between microgrids", number(value), "MWh", f"{len(facts.microgrids(record))} microgrids")


def with_network(record: Record) -> Fact | None:
    """Either way."""
    value = facts.figure(record, "network_mwh")
    if math.isnan(value):
        return None
    note = ""
    if facts.table(record, "trades") is not None:
        energy = facts.energy(record)
        sold, taken = number(float(energy[:-1, -1].sum())), number(float(energy[-1].sum()))
        would = "" if facts.deal(record) else "had they traded: "
        note = f"{would}{sold} sold to it, {taken} bought from it"
    return Fact(f"Traded with {safe(facts.operator(record))}", number(value), "MWh", note)


def fees(record: Record, standing: Standing) -> Fact | None:
    value, share = facts.fees(record), facts.figure(record, "fee_share_peer")
    if math.isnan(value):
        return None
    lines = ["a true cost" if record.summary.get("fee_kind") == "cost" else "a transfer to the operator"]
    lines += [] if math.isnan(share) else [f"peers pay less in {number(100.0 * share, 0)} % of pair-hours"]
    title = "Network fees" if facts.deal(record) else "Network fees, had they traded"
    return Fact(title, struck(number(value), standing), safe(record.case.currency), "<br>".join(lines))


def proof(record: Record, standing: Standing) -> Fact | None:
    gap, bound = facts.figure(record, "gap"), facts.figure(record, "lower_bound")
    if math.isnan(gap):
        return None
    note = "" if math.isnan(bound) else f"cannot cost less than {struck(number(bound), standing)}"
    return Fact("Proven gap", struck(significant(100.0 * gap), standing), "% of the cost", note)


def rounds(record: Record) -> Fact | None:
    value = facts.figure(record, "iterations")
    if math.isnan(value):
        return None
    method = METHODS.get(str(record.summary.get("method")), "")
    primal, dual = (significant(facts.figure(record, f"{name}_residual")) for name in ("primal", "dual"))
    return Fact(
        "Agreed after",
        number(value, 0),
        "iterations",
        f"{method}<br>residuals {primal} and {dual}{facts.polished(record)}",
    )


def energies(record: Record) -> list[Fact]:
    """What is made and used on both sides, as far as their dispatch is known."""
    power = both_sides(record)
    if power is None:
        return []
    case, mwh = record.case, {str(kind): record.case.hours * float(value) for kind, value in power.items()}
    served, renewable, lost = -mwh.get("load", 0.0), mwh.get("renewable", 0.0), lost_mwh(record)
    spilt = f"curtailed {number(case.hours * float(case.series('renewables', 'p_mw').sum()) - renewable)} MWh"
    share = f"{number(100.0 * lost / served)} % of the demand served" if served > 0.0 else ""
    made = [Fact("Generators", number(mwh["generator"]), "MWh")] if case.count("generators") else []
    made += [Fact("Combined heat and power", number(mwh["chp"]), "MWh")] if "chp" in mwh else []
    made += [Fact("Wind and PV", number(renewable), "MWh", spilt)] if case.count("renewables") else []
    return [*made, Fact("Demand served", number(served), "MWh"), Fact("Line losses", number(lost, 3), "MWh", share)]


def lost_mwh(record: Record) -> float:
    """Losses of the network's lines; microgrids have none."""
    branches = record.tables.get("branches")
    return 0.0 if branches is None else record.case.hours * float(branches.get("loss_mw", pd.Series(0.0)).sum())


def both_sides(record: Record) -> pd.Series | None:
    """Sums of MW by kind of device, of the network and inside the microgrids; what they exchange is in neither."""
    network, within = (record.tables.get(f"{side}dispatch") for side in ("", MICROGRIDS))
    if network is None or within is None:
        return None
    own = network[~network["device"].isin(facts.microgrids(record))]
    sums: pd.Series = pd.concat([own, within[within["kind"] != "interface"]]).groupby("kind")["p_mw"].sum()
    return sums
