r"""What could everybody still gain at the final prices? A bound from above, by the judges' own best choices.

A microgrid that may exchange $e$ within $[l, u]$ at the price $\pi$ could gain at most, at any prices $\mu$ inside,

$$
\max_x \, (\mu e(x) - C(x)) - (\mu e - C) + \sum_t \max_{l \le e' \le u} (\pi_t - \mu_t)(e'_t - e_t) ,
$$

what its devices could gain at $\mu$ and what is left of the limits at the difference. Of two bounds the lower counts.
With $\mu$ the inside price where a limit binds and $\pi$ elsewhere, the second part is nothing. With the inside price
wherever a limit is in the way, too, the second part is what the room to it is worth: less than the first, for a device
whose choice leaps at a price further than the limit lets it. Devices of heat have the prices of heat inside; what the
water could do better is in the duality gap of the microgrids' program, which is added once.

The operator buys and sells at prices that are the multipliers of its balances. With these its stored multipliers prove
a bound of its cost for any other exchange as well, so that it could gain no more than the duality gap of its program,
and what its fees leave open where they are a true cost.

Nothing costs less than what is done, less all of this: that is the lower bound. Tolerance 1e-3 of the gross value: the
agreement stops at prices and exchanges that differ by 1e-4 relative, and a microgrid gains a small multiple of that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from gridpact.case.owners import owner_of
from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.evidence import DISPATCHED, Evidence
from gridpact.certificates.participants import gains
from gridpact.certificates.program import stored_program
from gridpact.certificates.tangents import is_linearised
from gridpact.certificates.trade.agreement import BINDING
from gridpact.certificates.trade.fee_margin import fee_gap
from gridpact.certificates.trade.view import Bools, Floats, TradeView, total
from gridpact.results.record import Record

GAP = 1e-3
# Of the gross value: a best choice with the heat prices of the agreement bounds from above what others would allow.
TOLD = 1e-5
ROUNDING = 1e-9


def regret_checks(view: TradeView) -> Iterator[Check]:
    """Regrets told against own ones, and the bound and the gap that they come to."""
    own = own_regrets(view)
    told = view.of_parties("regrets", "regret")
    yield _not_understated(view, told, own)
    yield _sum(view, told)
    bound = float(view.record.summary["objective"]) - float(own.sum())
    yield _gap(view, bound)
    yield _bound(view, bound)
    yield _proven(view)


def own_regrets(view: TradeView) -> Floats:
    """At most what each party could gain, the operator last; (n + 1,), currency."""
    return np.append(microgrid_regrets(view), operator_regret(view))


def operator_regret(view: TradeView) -> float:
    """Gaps of the programs, which no microgrid has to itself, and of the fees where they are a cost."""
    programs = sum(abs(program_gap(view.clearings.records[side])) for side in ("network", "microgrids"))
    return programs + max(0.0, fee_gap(view))


def program_gap(record: Record) -> float:
    """x'Px + q'x + b'z of the stored program, in currency."""
    program = stored_program(record)
    return float(program.x @ (program.P @ program.x) + program.q @ program.x + program.b @ program.z)


def microgrid_regrets(view: TradeView) -> Floats:
    """At most what each microgrid could gain by other choices of its devices and more exchange; (n,)."""
    (low, high), p = view.limits, view.exchange("p_mw")
    room = np.where(view.price >= view.exchange("inside_price_per_mwh"), high - p, p - low)
    return np.minimum(*(_gained(view, room, inside) for inside in (np.abs(room) <= BINDING, np.isfinite(room))))


def _gained(view: TradeView, room: Floats, inside: Bools) -> Floats:
    """The bound at the inside price where ``inside``, else at the network's; ``room`` in MW; (n,)."""
    price = np.where(inside, view.exchange("inside_price_per_mwh"), view.price)
    left = np.abs(view.price - price) * np.where(inside, room, 0.0)
    evidence = Evidence(_at_prices(view, price))
    found: Floats = view.hours * left.sum(axis=1)
    for kind, _, done, best in gains(evidence):
        if kind != "interface":
            owner = owner_of(evidence.case, DISPATCHED[kind])
            found = found + total(best - done, owner, view.count)
    return found


def _at_prices(view: TradeView, price: Floats) -> Record:
    """The microgrids' clearing with other prices at their buses, reactive ones being the network's."""
    record, case = view.clearings.records["microgrids"], view.microgrids.case
    bus = case.positions("interfaces", "bus")
    column = "reactive_price_per_mvarh"
    reactive = view.network.table("electricity_prices", column)[view.case.positions("microgrids", "bus")]
    new = {"price_per_mwh": price, column: reactive}
    frame = record.tables["electricity_prices"]
    for name, values in new.items():
        at_buses = np.zeros((case.count("buses"), case.steps))
        at_buses[bus] = values
        frame = frame.assign(**{name: at_buses.T.ravel()})
    return replace(record, tables={**record.tables, "electricity_prices": frame})


def _not_understated(view: TradeView, told: Floats, own: Floats) -> Check:
    short = np.maximum(own - told, 0.0) / view.gross_value
    text = "What a party could gain at the final prices beyond the regret told, over the gross value of all energy."
    return worst("trade regrets", text, TOLD, [Measure("party", view.parties, short)])


def _sum(view: TradeView, told: Floats) -> Check:
    """Regrets come to the distance of the objective from its bound."""
    summary = view.record.summary
    objective, bound = float(summary["objective"]), float(summary["lower_bound"])
    off = abs(objective - bound - float(told.sum())) / view.gross_value
    traded = view.hours * np.abs(view.price * view.exchange("p_mw")).sum(axis=1)
    share = told / np.maximum(np.append(traded, traded.sum()), 1.0)
    measures = [
        Measure("sum over the gross value", [""], np.array([off])),
        Measure("share", view.parties, np.abs(view.of_parties("regrets", "share") - share)),
    ]
    text = "Sum of the regrets told against objective less lower bound, and each over what its party turns over."
    return worst("trade regret sum", text, ROUNDING, measures)


def _gap(view: TradeView, bound: float) -> Check:
    off = (float(view.record.summary["objective"]) - bound) / view.gross_value
    text = "Objective above the bound that own regrets prove, over the gross value of all energy."
    return Check("trade gap", True, off, GAP, "", text)


def _bound(view: TradeView, bound: float) -> Check:
    over = max(0.0, float(view.record.summary["lower_bound"]) - bound) / view.gross_value
    text = "Lower bound told above the one that own regrets prove, over the gross value."
    return Check("trade lower bound", True, over, TOLD, "", text)


def _proven(view: TradeView) -> Check:
    """The multipliers of a linearised network prove nothing beyond its solution."""
    text = "Whether the network's stored program is a relaxation, whose multipliers prove a bound for all exchanges."
    return Check("trade bound proven", False, float(is_linearised(view.network)), 0.0, "", text)
