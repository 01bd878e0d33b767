"""Would anyone rather do something else at the published prices?

Every device takes the active and reactive price of its bus as given and does what pays best within its limits; an
interface buys and sells at its own prices on one side and at the nodal price on the other. Units that may be switched
off keep to whether they run, capacitors in steps to their step; the voltage at a capacitor is given. Regret is what a
participant would gain over what it does, relative to the larger of its turnover and one unit of money. Closed forms,
except for the storages and for units with ramps, whose best plans are linear programs over the horizon.

Tolerance 1e-5: a solver's answer leaves about 1e-8 to 1e-7 of the objective on the table, of which a small participant
may carry all; an error in a price by more than a thousandth of a percent of the turnover is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.certificates import demand
from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.commitment import unit_range
from gridpact.certificates.costs import block_cost, generator_cost, generator_slope, offers_of, selling_price
from gridpact.certificates.devices import bank_size, in_steps
from gridpact.certificates.evidence import HEAT_KINDS, Evidence, per_load, prices_at
from gridpact.certificates.heat.participants import heat_choices, heat_turnover
from gridpact.certificates.ramps import best_plan, ramped
from gridpact.certificates.storageplan import best_storage_plan

Floats = NDArray[np.float64]
TOLERANCE = 1e-5


@dataclass(frozen=True, eq=False)
class Choice:
    """Profit per hour of what is done and of what would be best, (participants, steps) or (participants,)."""

    done: Floats
    best: Floats


def regret_checks(evidence: Evidence) -> list[Check]:
    """One check per kind of participant that the case has."""
    checks, hours = [], evidence.case.hours
    for kind, names, profit, best in gains(evidence):
        turnover = _turnover(evidence, kind, RULES[kind][0]) if kind in RULES else heat_turnover(evidence, kind)
        table = RULES[kind][0] if kind in RULES else HEAT_KINDS[kind]
        text = f"What a {kind} would gain by another choice at the published prices, over its turnover."
        measure = Measure(kind, names, (best - profit) / np.maximum(1.0, hours * turnover))
        checks.append(worst(f"regret_{table}", text, TOLERANCE, [measure]))
    return checks


def gains(evidence: Evidence) -> Iterator[tuple[str, list[str], Floats, Floats]]:
    """Kind, names, profit over the horizon of what is done and of what would be best, for every kind of participant."""
    case = evidence.case
    for kind, (table, rule) in RULES.items():
        if case.count(table):
            choice = rule(evidence)
            yield kind, case.ids(table), case.hours * choice.done.sum(axis=1), case.hours * choice.best.sum(axis=1)
    for kind, (done, best) in heat_choices(evidence).items():
        yield kind, case.ids(HEAT_KINDS[kind]), case.hours * done.sum(axis=1), case.hours * best.sum(axis=1)


def _turnover(evidence: Evidence, kind: str, table: str) -> Floats:
    """Sum over the steps of |price x power| per participant."""
    active, reactive = prices_at(evidence, table)
    p, q = evidence.dispatch(kind, "p_mw"), evidence.dispatch(kind, "q_mvar")
    total: Floats = (np.abs(active * p) + np.abs(reactive * q)).sum(axis=1)
    return total


def _generators(evidence: Evidence) -> Choice:
    """Reactive power is free within its range; active power follows its ramps, if there are any."""
    case = evidence.case
    price, reactive = prices_at(evidence, "generators")
    p, q = evidence.dispatch("generator", "p_mw"), evidence.dispatch("generator", "q_mvar")
    if ramped(evidence, "generators"):
        best = best_plan(
            evidence, "generators", price, lambda p: (generator_cost(case, p), generator_slope(case, p)), p
        )
    else:
        alone = _best_power(evidence, price)
        best = price * alone - generator_cost(case, alone)
    q_low, q_high = unit_range(evidence, "generators", "q_mvar")
    return Choice(
        price * p + reactive * q - generator_cost(case, p),
        best + np.maximum(reactive * q_low, reactive * q_high),
    )


def _cost_and_slope(case: Case, power: Floats) -> tuple[Floats, Floats]:
    return generator_cost(case, power), generator_slope(case, power)


def _best_power(evidence: Evidence, price: Floats) -> Floats:
    """Most profitable active power of every generator that is free of ramps, (generators, steps)."""
    case = evidence.case
    low, high = unit_range(evidence, "generators", "p_mw")
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
    best_charge, best_discharge = best_storage_plan(evidence, price, price - wear)
    return Choice(
        (price - wear) * discharge - price * charge,
        (price - wear) * best_discharge - price * best_charge,
    )


def _loads(evidence: Evidence) -> Choice:
    """Every row of demand takes what is worth its price; fixed demand has no choice."""
    case = evidence.case
    done, best = np.zeros((case.count("loads"), case.steps)), np.zeros((case.count("loads"), case.steps))
    for table in demand.PARTS:
        if case.count(table):
            done += per_load(case, table, demand.margin(evidence, table) * demand.chosen(evidence, table))
            best += per_load(case, table, _best_demand(evidence, table))
    return Choice(done, best)


def _best_demand(evidence: Evidence, table: str) -> Floats:
    """Most that each row can gain, per hour, (rows, steps)."""
    margin = demand.margin(evidence, table)
    if table == "shiftable":
        gain: Floats = margin * _cheapest_hours(evidence, -margin)
        return gain
    if table == "controllable" and ramped(evidence, table):
        return best_plan(evidence, table, margin, _free_of_cost, demand.chosen(evidence, table))
    low, high = demand.limits(evidence, table)
    return np.maximum(margin * low, margin * high)


def _free_of_cost(power: Floats) -> tuple[Floats, Floats]:
    """Of demand, whose margin knows its benefit."""
    return np.zeros_like(power), np.zeros_like(power)


def _cheapest_hours(evidence: Evidence, price: Floats) -> Floats:
    """Power (shiftable, steps) within its range that places the energy of each window at the lowest prices."""
    case = evidence.case
    low, high = case.series("shiftable", "min_p_mw"), case.series("shiftable", "max_p_mw")
    first, window = np.flatnonzero(case.begins), np.cumsum(case.begins) - 1
    order = np.lexsort((price, np.broadcast_to(window, price.shape)), axis=1)  # by price within each window
    room = np.take_along_axis(high - low, order, axis=1)
    needed = case.column("shiftable", "energy_mwh")[:, None] / case.hours - np.add.reduceat(low, first, axis=1)
    ahead = np.cumsum(room, axis=1) - room
    filled = np.clip(needed[:, window] - (ahead - ahead[:, first][:, window]), 0.0, room)
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
    idle = np.where((most_in >= 0.0) & (most_out >= 0.0), 0.0, -np.inf)  # a limit below zero makes it carry something
    active = np.maximum(np.maximum(importing * most_in, exporting * most_out), idle)
    best = active + np.maximum(reactive * q_low, reactive * q_high)
    return Choice(importing * buy + exporting * sell + reactive * q, best)


def _reach(evidence: Evidence) -> float:
    """Twice the largest exchange or total use of active or reactive power, MVA."""
    sums = [
        np.abs(evidence.dispatch(kind, name)).sum(axis=0)
        for kind in ("interface", "load", "chp", "electric_boiler", "heat_pump", "heat_source")
        for name in ("p_mw", "q_mvar")
    ]
    return 2.0 * float(np.max(sums, initial=0.0))


def _or(limit: Floats, otherwise: float) -> Floats:
    return np.where(np.isnan(limit), otherwise, limit)


def _compensators(evidence: Evidence) -> Choice:
    _, reactive = prices_at(evidence, "compensators")
    low, high = (evidence.case.series("compensators", f"{side}_q_mvar") for side in ("min", "max"))
    q = evidence.dispatch("compensator", "q_mvar")
    return Choice(reactive * q, np.maximum(reactive * low, reactive * high))


def _capacitors(evidence: Evidence) -> Choice:
    """A bank in steps stays at its step."""
    _, reactive = prices_at(evidence, "capacitors")
    done = reactive * evidence.dispatch("capacitor", "q_mvar")
    return Choice(done, np.where(in_steps(evidence.case), done, np.maximum(reactive, 0.0) * bank_size(evidence)))


RULES: dict[str, tuple[str, Callable[[Evidence], Choice]]] = {
    "generator": ("generators", _generators),
    "renewable": ("renewables", _renewables),
    "storage": ("storages", _storages),
    "load": ("loads", _loads),
    "interface": ("interfaces", _interfaces),
    "compensator": ("compensators", _compensators),
    "capacitor": ("capacitors", _capacitors),
}
