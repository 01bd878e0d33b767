"""Would anyone rather do something else at the published prices?

Every device takes the active and reactive price of its bus as given and does what pays best within its limits; an
interface buys and sells at its own prices on one side and at the nodal price on the other. A generator that may be
switched off keeps to whether it runs. Regret is what a participant
would gain over what it does, relative to the larger of its turnover and one unit of money. Closed forms, except for the
storages, whose best plan is a linear program over the horizon.

Tolerance 1e-5: a solver's answer leaves about 1e-8 to 1e-7 of the objective on the table, of which a small participant
may carry all; an error in a price by more than a thousandth of a percent of the turnover is seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import linprog

from gridpact.case.case import Case
from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.commitment import generator_range
from gridpact.certificates.costs import block_cost, generator_cost, offers_of, prices_at, selling_price, unit_price
from gridpact.certificates.devices import final_energy
from gridpact.certificates.evidence import Evidence

Floats = NDArray[np.float64]
TOLERANCE = 1e-5


@dataclass(frozen=True, eq=False)
class Choice:
    """Profit per hour of what is done and of what would be best, (participants, steps) or (participants,)."""

    done: Floats
    best: Floats


def regret_checks(evidence: Evidence) -> list[Check]:
    """One check per kind of participant."""
    rules = {
        "generator": ("generators", _generators),
        "renewable": ("renewables", _renewables),
        "storage": ("storages", _storages),
        "load": ("loads", _loads),
        "interface": ("interfaces", _interfaces),
    }
    checks = []
    for kind, (table, rule) in rules.items():
        measures = []
        if evidence.case.count(table):
            choice, hours = rule(evidence), evidence.case.hours
            gain = (choice.best - choice.done).reshape(evidence.case.count(table), -1).sum(axis=1) * hours
            regret = gain / np.maximum(1.0, hours * _turnover(evidence, kind, table))
            measures = [Measure(kind, evidence.case.ids(table), regret)]
        text = f"What a {kind} would gain by another choice at the published prices, over its turnover."
        checks.append(worst(f"regret_{table}", text, TOLERANCE, measures))
    return checks


def _turnover(evidence: Evidence, kind: str, table: str) -> Floats:
    """Sum over the steps of |price x power| per participant."""
    active, reactive = prices_at(evidence, table)
    p, q = evidence.dispatch(kind, "p_mw"), evidence.dispatch(kind, "q_mvar")
    total: Floats = (np.abs(active * p) + np.abs(reactive * q)).sum(axis=1)
    return total


def _generators(evidence: Evidence) -> Choice:
    case = evidence.case
    price, reactive = prices_at(evidence, "generators")
    p, q = evidence.dispatch("generator", "p_mw"), evidence.dispatch("generator", "q_mvar")
    q_low, q_high = generator_range(evidence, "q_mvar")
    best = _best_power(evidence, price)
    best_q = np.maximum(reactive * q_low, reactive * q_high)
    return Choice(
        price * p - generator_cost(case, p) + reactive * q, price * best - generator_cost(case, best) + best_q
    )


def _best_power(evidence: Evidence, price: Floats) -> Floats:
    """Most profitable active power of every generator, (generators, steps)."""
    case = evidence.case
    low, high = generator_range(evidence, "p_mw")
    margin, square = price - case.series("generators", "cost_per_mwh"), case.series("generators", "cost_per_mw2h")
    best = np.clip(_stationary(margin, square), low, high)
    for row in np.unique(case.positions("offers", "generator")):
        widths, costs = offers_of(case, int(row))
        best[row] = _best_on_blocks(margin[row], square[row], widths, costs, low[row], high[row])
    return best


def _stationary(margin: Floats, square: Floats) -> Floats:
    """Where margin = 2 square p; without a quadratic cost, infinity on the side that pays."""
    away = np.where(margin > 0.0, np.inf, -np.inf)
    point: Floats = np.divide(margin, 2.0 * square, out=np.broadcast_to(away, margin.shape).copy(), where=square > 0.0)
    return point


def _best_on_blocks(margin: Floats, square: Floats, widths: Floats, costs: Floats, low: Floats, high: Floats) -> Floats:
    """The profit is concave in p: its maximum is among the best points of the blocks, all brought within the range."""
    ends = np.cumsum(widths, axis=0)
    inside = np.clip(_stationary(margin - costs, np.broadcast_to(square, costs.shape)), ends - widths, ends)
    candidates = np.clip(inside, low, np.minimum(high, ends[-1]))
    profits = np.array([margin * p - square * p**2 - block_cost(p, widths, costs) for p in candidates])
    best: Floats = candidates[np.argmax(profits, axis=0), np.arange(margin.size)]
    return best


def _renewables(evidence: Evidence) -> Choice:
    """Best point of the disc p^2 + q^2 <= sn^2 within the available power: towards (margin, reactive price)."""
    case = evidence.case
    price, reactive = prices_at(evidence, "renewables")
    p, q = evidence.dispatch("renewable", "p_mw"), evidence.dispatch("renewable", "q_mvar")
    margin, available = price - case.series("renewables", "cost_per_mwh"), case.series("renewables", "p_mw")
    rating = np.broadcast_to(case.column("renewables", "sn_mva")[:, None], p.shape)
    rated, radius = ~np.isnan(rating), np.nan_to_num(rating)
    high = np.where(rated, np.minimum(available, radius), available)
    low = np.where(case.flags("renewables", "curtailable")[:, None], 0.0, high)
    reactive = np.where(rated, reactive, 0.0)
    length = np.hypot(margin, reactive)
    on_disc = np.divide(radius * margin, length, out=np.zeros_like(margin), where=length > 0.0)
    best = np.clip(np.where(rated, on_disc, np.where(margin > 0.0, high, low)), low, high)
    best_q = np.where(rated, np.sqrt(np.maximum(radius**2 - best**2, 0.0)), 0.0)
    return Choice(margin * p + reactive * q, margin * best + np.abs(reactive) * best_q)


def _storages(evidence: Evidence) -> Choice:
    """Profit over the whole horizon; the best plan of all storages is one sparse linear program."""
    case = evidence.case
    price, _ = prices_at(evidence, "storages")
    wear = case.column("storages", "wear_cost_per_mwh")[:, None]
    charge, discharge = evidence.table("storages", "charge_mw"), evidence.table("storages", "discharge_mw")
    best_charge, best_discharge = _best_plan(evidence, price, price - wear)
    return Choice(
        (price - wear) * discharge - price * charge,
        (price - wear) * best_discharge - price * best_charge,
    )


def _best_plan(evidence: Evidence, pay: Floats, earn: Floats) -> tuple[Floats, Floats]:
    """Charge and discharge (storages, steps) that earn most; NaN where no plan is feasible.

    Variables: charge, discharge, energy, each storage by storage.
    """
    matrix, start = _energy_balance(evidence.case)
    cost = np.concatenate([pay.ravel(), -earn.ravel(), np.zeros(pay.size)])
    bounds = _plan_bounds(evidence)
    # scipy takes sparse matrices here, its type stubs do not know
    answer = linprog(cost, A_eq=matrix, b_eq=start, bounds=bounds, method="highs")  # type: ignore[call-overload]
    if answer.x is None:
        return np.full(pay.shape, np.nan), np.full(pay.shape, np.nan)
    plan = answer.x.reshape(3, *pay.shape)
    return plan[0], plan[1]


def _energy_balance(case: Case) -> tuple[sp.csr_array, Floats]:
    """Matrix and right-hand side of e[t] - kept e[t-1] - hours (gain c[t] - drain d[t]) = 0, or kept x initial."""
    steps = case.steps
    kept = (1.0 - case.column("storages", "loss_per_hour")) ** case.hours
    gain = case.hours * np.repeat(case.column("storages", "efficiency_charge"), steps)
    drain = case.hours / np.repeat(case.column("storages", "efficiency_discharge"), steps)
    change = sp.eye_array(gain.size) - sp.kron(sp.diags_array(kept), sp.eye_array(steps, k=-1))
    start = np.zeros((kept.size, steps))
    start[:, 0] = kept * case.column("storages", "initial_mwh")
    return sp.csr_array(sp.hstack([-sp.diags_array(gain), sp.diags_array(drain), change])), start.ravel()


def _plan_bounds(evidence: Evidence) -> Floats:
    """Lower and upper bound of every charge, discharge and energy, (3 x storages x steps, 2)."""
    case = evidence.case
    least = np.repeat(case.column("storages", "min_mwh")[:, None], case.steps, axis=1)
    least[:, -1] = np.maximum(least[:, -1], final_energy(evidence))
    most = np.repeat(case.column("storages", "energy_mwh"), case.steps)
    powers = [case.series("storages", name).ravel() for name in ("charge_mw", "discharge_mw")]
    lower = np.concatenate([np.zeros(2 * least.size), least.ravel()])
    return np.column_stack([lower, np.concatenate([*powers, most])])


def _loads(evidence: Evidence) -> Choice:
    """Bids take what is worth its price, shiftable energy takes the cheapest hours; fixed demand has no choice."""
    case, base = evidence.case, evidence.base_mva
    done, best = np.zeros((case.count("loads"), case.steps)), np.zeros((case.count("loads"), case.steps))
    if case.count("bids"):
        owner, taken = case.positions("bids", "load"), evidence.variable("bid_p") * base
        margin = case.series("bids", "benefit_per_mwh") - unit_price(evidence, "bids")
        np.add.at(done, owner, margin * taken)
        np.add.at(best, owner, np.maximum(margin, 0.0) * case.series("bids", "p_mw"))
    if case.count("shiftable"):
        owner, moved = case.positions("shiftable", "load"), evidence.variable("shift_p") * base
        price = unit_price(evidence, "shiftable")
        np.add.at(done, owner, -price * moved)
        np.add.at(best, owner, -price * _cheapest_hours(evidence, price))
    return Choice(done, best)


def _cheapest_hours(evidence: Evidence, price: Floats) -> Floats:
    """Power (shiftable, steps) that places the energy at the lowest prices, between the lowest and highest power."""
    case = evidence.case
    low, high = case.series("shiftable", "min_p_mw"), case.series("shiftable", "max_p_mw")
    order = np.argsort(price, axis=1, kind="stable")
    room = np.take_along_axis(high - low, order, axis=1)
    needed = case.column("shiftable", "energy_mwh") / case.hours - low.sum(axis=1)
    filled = np.clip(needed[:, None] - (np.cumsum(room, axis=1) - room), 0.0, room)
    extra = np.empty_like(filled)
    np.put_along_axis(extra, order, filled, axis=1)
    placed: Floats = low + extra
    return placed


def _interfaces(evidence: Evidence) -> Choice:
    """An interface carries from its own prices to the nodal price of its bus, and reactive power free of charge.

    Where it has no limit, a choice is limited to twice what the network exchanges or uses at most.
    """
    case = evidence.case
    price, reactive = prices_at(evidence, "interfaces")
    buy, sell, q = (evidence.table("interface", name) for name in ("buy_mw", "sell_mw", "import_mvar"))
    importing, exporting = price - case.series("interfaces", "price_per_mwh"), selling_price(case) - price
    reach = _reach(evidence)
    most_in, most_out = (_or(case.series("interfaces", f"max_{way}_mw"), reach) for way in ("import", "export"))
    q_low, q_high = (
        _or(case.series("interfaces", "min_q_mvar"), -reach),
        _or(case.series("interfaces", "max_q_mvar"), reach),
    )
    active = np.maximum(np.maximum(importing * most_in, exporting * most_out), 0.0)
    best = active + np.maximum(reactive * q_low, reactive * q_high)
    return Choice(importing * buy + exporting * sell + reactive * q, best)


def _reach(evidence: Evidence) -> float:
    """Twice the largest exchange or total use of active or reactive power, MVA."""
    sums = [
        np.abs(evidence.dispatch(kind, name)).sum(axis=0)
        for kind in ("interface", "load")
        for name in ("p_mw", "q_mvar")
    ]
    return 2.0 * float(np.max(sums, initial=0.0))


def _or(limit: Floats, otherwise: float) -> Floats:
    return np.where(np.isnan(limit), otherwise, limit)
