"""The trade in words, for a reader who has not read the papers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gridpact.report.figures.canvas import Floats
from gridpact.report.numbers import struck
from gridpact.report.standing import Standing
from gridpact.report.text import number, safe, significant, tag
from gridpact.report.trade import facts
from gridpact.report.trade.fee_words import peers
from gridpact.report.trade.numbers import METHODS
from gridpact.results.record import Record

FEW = 4  # names in a sentence


def no_deal(record: Record) -> str:
    """A banner where nobody agreed; empty where they did."""
    if not facts.is_trade(record) or facts.deal(record):
        return ""
    words = (
        f"{safe(_sentence(facts.why(record)))} Everybody stays at the disagreement point: no fee and no payment is "
        "due. What is shown of trades below is the dispatch of least cost that was found, and nobody has agreed to "
        "it."
    )
    sign = '<span class="sign" aria-hidden="true">–</span>'
    return (
        f'<div class="banner nodeal" role="status">{sign}<div>{tag("strong", "No deal")}{tag("p", words)}</div></div>'
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def section(record: Record, standing: Standing) -> str:
    """Who trades, what it is worth, how the gain is shared, what is charged, what is proven, what prices mean."""
    found = [traded(record), worth(record, standing), shared(record, standing), charged(record, standing)]
    return "".join(tag("p", text, "lead") for text in (*found, proven(record, standing), prices()) if text)


def traded(record: Record) -> str:
    """Energies, and who sells and buys most."""
    names, operator = facts.microgrids(record), safe(facts.operator(record))
    if facts.table(record, "trades") is None:
        return f"{_few(names)} exchange nothing with each other or with {operator}."
    energy = facts.energy(record)
    sold, taken = energy[:-1].sum(axis=1), energy[:, :-1].sum(axis=0)
    between, to, of = float(energy[:-1, :-1].sum()), float(energy[:-1, -1].sum()), float(energy[-1, :-1].sum())
    would = "" if facts.deal(record) else "would "
    return (
        f"{_few(names)} {would}sell each other {number(between)} MWh over the horizon. They {would}sell {operator}, "
        f"the operator of the network, {number(to)} MWh, and buy {number(of)} MWh from it. Most is sold by "
        f"{_most(names, sold)}; most is bought by {_most(names, taken)}. {_busy(record)}"
    )


def _few(names: Sequence[str]) -> str:
    """All names where they are few, else how many."""
    if len(names) > FEW:
        return f"{len(names)} microgrids"
    told = [f"<b>{safe(name)}</b>" for name in names]
    return told[0] if len(told) == 1 else f"The microgrids {', '.join(told[:-1])} and {told[-1]}"


def _most(names: Sequence[str], values: Floats) -> str:
    first = int(np.argmax(values))
    return f"{safe(names[first])} ({number(float(values[first]))} MWh)"


def _busy(record: Record) -> str:
    """In how many steps microgrids trade with each other."""
    power = facts.power(record)[:-1, :-1]
    steps = int((power.max(axis=(0, 1), initial=0.0) > 1e-6).sum())
    return f"In {steps} of {record.case.steps} steps some microgrid serves another."


def worth(record: Record, standing: Standing) -> str:
    cost, before = facts.figure(record, "objective"), facts.figure(record, "cost_before")
    if math.isnan(before):
        return ""
    saved, share = before - cost, f" ({number(100.0 * (before - cost) / abs(before), 1)} %)" if before else ""
    word, cost_word = "less" if saved >= 0.0 else "more", "cost" if facts.deal(record) else "would cost"
    amounts = [amount(value, record, standing) for value in (cost, before, abs(saved))]
    return (
        f"Traded like this, all together {cost_word} {amounts[0]}, instead of {amounts[1]} without a deal: "
        f"{amounts[2]} {word}{share}. {_falls_back(record)}"
    )


def _falls_back(record: Record) -> str:
    """The disagreement point, which is data and decides the shares."""
    found = facts.table(record, "bargaining")
    if found is None:
        return ""
    grids = found[found["role"] == "microgrid"]
    told = [
        f"{len(own)} {facts.DISAGREEMENTS.get(str(name), safe(name))}"
        for name, own in grids.groupby("disagreement", sort=False)
    ]
    return f"Without a deal, of {len(grids)} microgrids {', '.join(told)}; who gains how much depends on that."


def shared(record: Record, standing: Standing) -> str:
    """How the gain is split, and what the operator has of it."""
    found = facts.table(record, "bargaining")
    if found is None or not facts.deal(record):
        return ""
    bargaining = found[found["bargains"]]
    gains = bargaining["gain"].to_numpy(dtype=np.float64)
    equal = bool(np.ptp(bargaining["weight"].to_numpy(dtype=np.float64)) < 1e-9)
    split = (
        f"{amount(float(gains.mean()), record, standing)} each"
        if equal
        else f"by their weights, from {_range(gains, record, standing)}"
    )
    return (
        f"Payments share the gain of {amount(facts.figure(record, 'surplus'), record, standing)} by Nash bargaining: "
        f"{len(bargaining)} parties gain {split}. {operator_words(record, standing)}"
    )


def _range(gains: Floats, record: Record, standing: Standing) -> str:
    return f"{amount(float(gains.min()), record, standing)} to {amount(float(gains.max()), record, standing)}"


def operator_words(record: Record, standing: Standing) -> str:
    """Whether the operator bargains, and what it keeps."""
    found = record.tables["bargaining"]
    own = found[found["role"] == "operator"]
    gain = float(own["gain"].iloc[0]) if len(own) else 0.0
    name = safe(facts.operator(record))
    if facts.is_party(record):
        return f"The operator {name} bargains as the microgrids do and gains {amount(gain, record, standing)}."
    return (
        f"The operator {name} does not bargain: it is made whole for what the trade costs it, and keeps "
        f"{amount(gain, record, standing)}, the fees beyond their true cost."
    )


def charged(record: Record, standing: Standing) -> str:
    """The fees in short; their section says more."""
    total = facts.fees(record)
    if math.isnan(total):
        return ""
    short = (
        "a true cost, which counts in the cost of all"
        if record.summary.get("fee_kind") == "cost"
        else "a transfer, which decides who pays whom and cancels in the cost of all"
    )
    would = "are" if facts.deal(record) else "would be"
    return f"Network fees {would} {amount(total, record, standing)}: {short}. {peers(record)}"


def proven(record: Record, standing: Standing) -> str:
    method = METHODS.get(str(record.summary.get("method")), "the parties' own programs")
    bound, gap, steps = (facts.figure(record, name) for name in ("lower_bound", "gap", "iterations"))
    told = "" if math.isnan(steps) else f" in {number(steps, 0)} iterations{facts.polished(record)}"
    how = f"Exchanges and prices were found by {method}{told}; nobody showed its costs, loads or devices."
    if record.summary.get("method") == "central":
        how = "Exchanges and prices were found by one central program that knows all of everybody."
    if math.isnan(bound):
        return how
    share = f": the gap is {struck(significant(100.0 * gap), standing)} % of the cost" if math.isfinite(gap) else ""
    return f"{how} Whatever they do, all together cannot cost less than {amount(bound, record, standing)}{share}."


def prices() -> str:
    return (
        "Three prices belong to each microgrid. The price <b>at its bus</b> is what one more MWh taken there would "
        "cost the network; energy is settled at it. The price <b>inside</b> is what one more MWh is worth to the "
        "microgrid itself; where it is free to exchange more or less the two agree, and they part where its "
        "exchange is at a limit. The price <b>where the grid feeds in</b> is that of the transmission market; what "
        "lies between are losses and limits of the network."
    )


def amount(value: float, record: Record, standing: Standing) -> str:
    """Money that no line breaks."""
    return f'<span style="white-space:nowrap">{struck(number(value), standing)} {safe(record.case.currency)}</span>'
