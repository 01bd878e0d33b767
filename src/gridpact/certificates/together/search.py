"""Is the plan as good as is said? Cuts and bound as those of a plan of one owner, then the course of the search.

moves       the first of every scheme is where it begins; then a plan is taken where the common surplus grows by more
            than 1e-7 of the cost (all that "alternating" comes to are), and the best so far never falls; every cost is
            that of a design that was priced, to which the cuts are held
schemes     their costs, distances from the bound and surpluses; each begins with the best of the one before it
gap         (cost by the form of the search - bound) / cost

Baseline and reference are searches of their own, whose moves are not in the files: their costs must not lie below the
bound. Where owners found their trades by messages, one hand has priced the plan once more and proven the bound: costs
of moves then are those of agreements, which are known to 1e-5 and are not held to designs, and a move of one owner must
save 2e-6.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from gridpact.certificates.check import Check, Measure, worst
from gridpact.certificates.planning.plan_bounds import ROUNDING, TOLERANCE, designs_of, priced_checks
from gridpact.certificates.planning.plan_design import words_check
from gridpact.certificates.planning.plan_master import fixed_cost
from gridpact.certificates.together.view import JointView
from gridpact.certificates.trade.view import Floats
from gridpact.results.together import ALL_TOGETHER, ALTERNATING, BASELINE, BEGINS, IN_TURN, NO_REFERENCE, REFERENCE

# Share of the cost by which a plan must be cheaper to be taken, where one hand knows its cost and where all agree on
# it; to which the cost of an agreement is known.
SAME, SAME_AGREED, AGREED = 1e-7, 2e-6, 1e-5


def search_checks(view: JointView) -> Iterator[Check]:
    """What was priced, the bound, the gap, moves and schemes."""
    gap = 0.0 if view.by_one_hand else gap_of(view)
    yield from priced_checks(view.plan, 2.0 * SAME + gap / max(1.0 - gap, SAME))  # of the cheaper one
    yield _gap(view)
    yield _gap_asked(view)
    yield _moves(view)
    yield _priced(view)
    yield _legs(view)
    yield _schemes(view)


def _scale(value: float) -> float:
    return max(1.0, abs(value)) if np.isfinite(value) else 1.0


def gap_of(view: JointView) -> float:
    """Gap of the cost by the form of the search."""
    cost, bound = (float(view.record.summary[name]) for name in ("objective_by_form", "objective_lower_bound"))
    return max(0.0, cost - bound) / _scale(cost)


def _gap(view: JointView) -> Check:
    """The gap as stated, and whether it is said to be closed only where it is."""
    summary, asked = view.record.summary, view.plan.number("gap")
    off = [abs(float(summary["gap"]) - gap_of(view)), abs(float(summary["gap_asked"]) - asked)]
    off.append(float(bool(summary["gap_closed"]) != (float(summary["gap"]) <= asked)))
    totals = totals_of(view)[(designs_of(view.plan)[0] == view.plan.units).all(axis=1)]
    cost = float(summary["objective_by_form"])
    off.append(float(np.abs(totals - cost).min(initial=np.inf)) / _scale(cost))
    text = "Gap that is not (cost - bound) / cost, is said to be closed where it is not, or of another cost."
    return Check("joint plan gap", True, float(np.max(off)), ROUNDING, "", text)


def _gap_asked(view: JointView) -> Check:
    """Shown only: an open gap is an answer, with a bound. The distance of the year as it is operated."""
    cost, bound = (float(view.record.summary[name]) for name in ("objective", "objective_lower_bound"))
    text = "Cost of the year as it is operated above the bound, over the cost, against the gap asked for."
    asked = max(view.plan.number("gap"), TOLERANCE)
    return Check("joint plan gap asked", False, (cost - bound) / _scale(cost), asked, "", text)


def totals_of(view: JointView) -> Floats:
    """What a year costs with every design that was priced; infinite where it leaves demand unserved."""
    designs, costs = designs_of(view.plan)
    table = view.record.tables["design_costs"]["serves_all"].to_numpy(dtype=np.bool_)
    totals = designs @ fixed_cost(view.plan) + costs @ view.plan.weights
    return np.where(table.reshape(costs.shape).all(axis=1), totals, np.inf)


@dataclass(frozen=True, eq=False)
class Leg:
    """The moves of one scheme, and the cost of the plan that held after each; the best one so far, if all are taken."""

    scheme: str
    moves: pd.DataFrame
    held: Floats

    @property
    def cost(self) -> float:
        return float(self.held[-1])


def legs_of(view: JointView) -> list[Leg]:
    """The moves, scheme by scheme."""
    moves = view.record.tables["moves"]
    number = (moves["why"] == BEGINS).cumsum()
    return [_leg(rows, view.by_one_hand) for _, rows in moves.groupby(number, sort=False)]


def _leg(rows: pd.DataFrame, by_one_hand: bool) -> Leg:
    scheme = str(rows["scheme"].iloc[0])
    same = SAME if by_one_hand or scheme != IN_TURN else SAME_AGREED
    cost, held = rows["cost"].to_numpy(dtype=np.float64), list[float]()
    for one in cost.tolist():
        held.append(one if not held or is_better(one, held[-1], same) else held[-1])
    return Leg(scheme, rows, np.array(held))


def is_better(cost: float, than: float, same: float) -> bool:
    """Whether a cost is lower by more than the share ``same``."""
    return cost < than - same * max(1.0, abs(than)) if np.isfinite(than) else cost < than


def _moves(view: JointView) -> Check:
    """Moves that are taken where nothing is better, or not taken where it is; sums that are not those of the costs."""
    moves, summary = view.record.tables["moves"], view.record.summary
    taken = np.concatenate([_taken(leg) for leg in legs_of(view)])
    wrong = [f"move {number}" for number in moves["move"][moves["taken"].to_numpy(dtype=np.bool_) != taken]]
    cost, surplus, best = (moves[name].to_numpy(dtype=np.float64) for name in ("cost", "surplus", "best_surplus"))
    own = float(summary["objective_alone"]) - cost
    told = {"surplus": (surplus, own), "best_surplus": (best, np.maximum.accumulate(surplus))}
    for name, (one, other) in told.items():
        wrong += [f"{name} {number}" for number in moves["move"][~_same(one, other, cost)]]
    wrong += ["moves"] if summary["moves"] != len(moves) else []
    wrong += ["moves_taken"] if summary["moves_taken"] != int(taken.sum()) else []
    text = "Moves taken where the surplus does not grow, or left where it does; surpluses that are not their costs'."
    return words_check("joint plan moves", text, wrong)


def _taken(leg: Leg) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    if leg.scheme == ALTERNATING:
        return np.ones(leg.held.size, dtype=np.bool_)
    return np.append(True, leg.held[1:] != leg.held[:-1])


def _same(one: Floats, other: Floats, scale: Floats) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whether numbers are the same but for rounding; those that are infinite must be so both."""
    near = np.abs(one - other) <= ROUNDING * np.maximum(1.0, np.abs(scale))
    return np.asarray((one == other) | near)


def _priced(view: JointView) -> Check:
    """Every cost of a move is that of a design that was priced, or infinite as one of them leaves demand unserved.

    Where there are limits of reliability plans that do not keep them cost infinitely much, too, and are not told.
    Costs of agreements are not below the bound.
    """
    totals, off, bound = totals_of(view), [], float(view.record.summary["objective_lower_bound"])
    for cost in view.record.tables["moves"]["cost"].to_numpy(dtype=np.float64).tolist():
        if not view.by_one_hand:
            off.append(max(0.0, bound - cost) / _scale(bound) * ROUNDING / AGREED)
            continue
        if view.is_limited and cost == np.inf:
            off.append(0.0)
            continue
        same = [0.0 if cost == total else abs(cost - total) / _scale(cost) for total in totals.tolist()]
        off.append(min(same))
    numbers = [str(number) for number in view.record.tables["moves"]["move"]]
    text = "Costs of moves against those of the designs that were priced, relative."
    return worst("joint plan moves priced", text, ROUNDING, [Measure("move", numbers, np.array(off))])


def _legs(view: JointView) -> Check:
    """Schemes in the order in which they go on from each other, who moves in each, and what they begin and end with."""
    legs, asked, wrong = legs_of(view), str(view.record.settings["scheme"]), list[str]()
    names = [leg.scheme for leg in legs]
    first = {ALTERNATING: [ALTERNATING, IN_TURN, ALL_TOGETHER], IN_TURN: [IN_TURN, ALL_TOGETHER]}.get(asked, [asked])
    if names not in (first, [*first, IN_TURN]):
        wrong.append("schemes")
    for leg in legs:
        alone = [str(who) in view.owners for who in leg.moves["who"][1:]]
        known = (leg.moves["scheme"] == leg.scheme).all() and leg.moves["why"].iloc[0] == BEGINS
        if not known or leg.moves["who"].iloc[0] != "" or any(one != (leg.scheme == IN_TURN) for one in alone):
            wrong.append(f"who moves in {leg.scheme}")
    for before, after in pairwise(legs):
        if not _is_near(view, float(after.held[0]), before.cost):
            wrong.append(f"where {after.scheme} begins")
    cost = float(view.record.summary["objective_by_form"])
    if not _is_near(view, legs[-1].cost, cost):
        wrong.append("objective_by_form")
    text = "Schemes out of order, who moves in them, and where they begin and end."
    return words_check("joint plan course", text, wrong)


def _is_near(view: JointView, one: float, other: float) -> bool:
    """Whether two costs are the same, as far as they are known."""
    known = ROUNDING if view.by_one_hand else AGREED
    return one == other or abs(one - other) <= known * _scale(other)


def _schemes(view: JointView) -> Check:
    """What every scheme came to; baseline and reference last, where they were asked for."""
    table, settings, summary = view.record.tables["schemes"], view.record.settings, view.record.summary
    legs, asked = legs_of(view), settings["compare"] and settings["scheme"] != ALTERNATING
    names = [*(leg.scheme for leg in legs), *([BASELINE] if asked else [])]
    names += [REFERENCE] if settings.get("reference", NO_REFERENCE) != NO_REFERENCE else []
    text = "Costs, surpluses, distances from the bound and efforts of all schemes against moves and bound, relative."
    if [str(name) for name in table["scheme"]] != names:
        return words_check("joint plan schemes", text, ["schemes (rows)"])
    columns = ("cost", "above_bound", "surplus", "upper_solves", "seconds")
    cost, above, surplus, solves, seconds = (table[name].to_numpy(dtype=np.float64) for name in columns)
    bound, before = (float(summary[name]) for name in ("objective_lower_bound", "objective_alone"))
    told = np.array([leg.cost for leg in legs])
    count, last = len(legs), float(summary["upper_solves"]) if view.by_one_hand else np.inf
    timed = np.append(seconds[:count], float(summary["search_seconds"]))
    measures = [
        Measure("cost", names, _off(cost[:count], told)),
        Measure("above_bound", names, _off(above, (cost - bound) / _scale(bound))),
        Measure("surplus", names, _off(surplus, before - cost, _scale(before))),
        Measure("below the bound", names, np.maximum(-above, 0.0) * ROUNDING / AGREED),
        Measure("solves", names, _falls(np.append(solves[:count], last))),
        Measure("seconds", names, np.append(_falls(timed), abs(timed[-1] - timed[-2]))),
    ]
    return worst("joint plan schemes", text, ROUNDING, measures)


def _falls(values: Floats) -> Floats:
    return np.maximum(-np.diff(values), 0.0)


def _off(told: Floats, own: Floats, scale: float = 1.0) -> Floats:
    """Difference over the own number, at least ``scale``; nothing where both are infinite."""
    with np.errstate(invalid="ignore"):
        return np.where(told == own, 0.0, np.abs(told - own) / np.maximum(scale, np.abs(own)))
