"""A joint plan as labelled tables, in the units of the case; all money is that of a year."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from gridpact.case.case import Floats
from gridpact.markets.trade.stage_two import StageTwo
from gridpact.planning.together.alone import Alone
from gridpact.planning.together.cash import cash_flow, invested, payback_years
from gridpact.planning.together.deviations import Deviations
from gridpact.planning.together.joint import Joint
from gridpact.planning.together.operation import Operation
from gridpact.planning.together.search import Searched
from gridpact.results.record import words
from gridpact.results.together import MEASURES


def owner_table(
    joint: Joint, alone: Alone, units: Floats, found: Operation, two: StageTwo, cash: pd.DataFrame
) -> pd.DataFrame:
    """What every owner has alone, builds, pays and gains, the operator last; receipts add up to zero cents."""
    candidates, owners = joint.problem.candidates, joint.owners
    deal = float(two.deal)
    npv = cash.groupby("participant", sort=False)["discounted"].sum().to_numpy()
    difference = cash["difference"].to_numpy().reshape(owners.count, -1)
    return pd.DataFrame(
        {
            "participant": words(owners.names),
            "role": words(["microgrid"] * (owners.count - 1) + ["operator"]),
            "weight": two.roles.weights,
            "alone_cost": alone.costs,
            "alone_lower_bound": alone.bounds,
            "alone_building_cost": alone.investment,
            "investment": owners.added(candidates.investment * units),
            "capex_per_year": owners.added(candidates.capex * units),
            "maintenance_per_year": owners.added(candidates.maintenance * units),
            "operation_cost": found.costs,
            "benefit": two.benefits,
            "energy_receipt": deal * found.energy.sum(axis=0),
            "fee_receipt": deal * found.fees.sum(axis=0),
            "receipt": two.receipts,
            "receipt_cents": two.cents,
            "lump_cents": two.sheet[-1],
            "gain": two.gains,
            "gain_exact": np.where(two.deal, two.benefits + two.cents / 100.0, 0.0),
            "net_present_value": npv,
            "payback_years": payback_years(difference),
        }
    )


def payment_table(joint: Joint, found: Operation, two: StageTwo) -> pd.DataFrame:
    """What every owner receives for energy and in fees on every day, as often as it comes in a year."""
    days, deal = joint.problem.days.weights.size, float(two.deal)
    return pd.DataFrame(
        {
            "scenario": words(np.repeat(np.arange(1, days + 1).astype(str), joint.owners.count)),
            "participant": words(list(joint.owners.names) * days),
            "energy_receipt": deal * found.energy.ravel(),
            "fee_receipt": deal * found.fees.ravel(),
            "energy_cents": two.sheet[:days].ravel(),
            "fee_cents": two.sheet[days : 2 * days].ravel(),
        }
    )


def owned(joint: Joint, investments: pd.DataFrame) -> pd.DataFrame:
    """The table of what is built with the owner of everything."""
    names = np.array(joint.owners.names, dtype=object)
    investments.insert(1, "owner", words(names[joint.owners.of]))
    return investments


def alone_table(joint: Joint, alone: Alone) -> pd.DataFrame:
    """What every owner builds alone."""
    rows = [
        (name, asset, n)
        for name, own in zip(joint.owners.names, alone.designs, strict=True)
        for asset, n in own.items()
    ]
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    return pd.DataFrame(
        {"owner": words(columns[0]), "asset": words(columns[1]), "units": np.array(columns[2], dtype=np.int64)}
    )


def move_table(found: Searched, alone: Alone) -> pd.DataFrame:
    """Every plan that was looked at, in order: the common surplus, and the best one so far."""
    costs = np.array([move.cost for move in found.moves])
    surplus = float(alone.costs.sum()) - costs
    return pd.DataFrame(
        {
            "move": np.arange(1, costs.size + 1),
            "scheme": words([move.scheme for move in found.moves]),
            "who": words([move.who for move in found.moves]),
            "cost": costs,
            "surplus": surplus,
            "best_surplus": np.maximum.accumulate(surplus),
            "taken": [move.taken for move in found.moves],
            "why": words([move.why for move in found.moves]),
        }
    )


def scheme_table(legs: Sequence[tuple[str, float, int, float, str]], found: Searched, alone: Alone) -> pd.DataFrame:
    """What every scheme came to: its cost, how far that is above the bound, its surplus, its effort, why it ended."""
    names, costs, solves, seconds, ended = (list(column) for column in zip(*legs, strict=True))
    cost = np.array(costs, dtype=np.float64)
    return pd.DataFrame(
        {
            "scheme": words(names),
            "cost": cost,
            "above_bound": (cost - found.lower) / max(1.0, abs(found.lower)),
            "surplus": float(alone.costs.sum()) - cost,
            "upper_solves": np.array(solves, dtype=np.int64),
            "seconds": np.array(seconds, dtype=np.float64),
            "ended": words(ended),
        }
    )


def deviation_table(joint: Joint, found: Deviations, weights: Floats) -> pd.DataFrame:
    """The most that every owner could gain in a year by changing its own investments alone."""
    return pd.DataFrame(
        {
            "participant": words(joint.owners.names),
            "held_gain": found.held,
            "rebargained_surplus": found.surplus,
            "rebargained_gain": weights * found.surplus,
        }
    )


def cash_table(
    joint: Joint, alone: Alone, units: Floats, found: Operation, two: StageTwo, rate: float, years: int
) -> pd.DataFrame:
    """Net cash of every owner by year, together and alone."""
    candidates, owners = joint.problem.candidates, joint.owners
    before = joint.problem.point(alone.plan)
    together = _net(joint, units, found.costs - two.receipts, rate, years)
    own = alone.costs - owners.added(candidates.annual * before)
    if not two.deal:
        together = _net(joint, before, own, rate, years)
    return cash_flow(list(owners.names), together, _net(joint, before, own, rate, years), rate)


def _net(joint: Joint, units: Floats, yearly: Floats, rate: float, years: int) -> Floats:
    """Net cash (owners, years + 1) with ``yearly`` costs beside building and maintenance."""
    candidates, owners = joint.problem.candidates, joint.owners
    paid = yearly + owners.added(candidates.maintenance * units)
    net = np.tile(-paid[:, None], (1, years + 1))
    net[:, 0] = 0.0
    for owner in range(owners.count):
        own = owners.own(owner)[units[owners.own(owner)] > 0.0]
        n = units[own]
        spent = invested(
            candidates.investment[own] * n, candidates.capex[own] * n, candidates.lifetime[own], rate, years
        )
        net[owner] -= spent
    return net


def reinforcement_table(joint: Joint, units: Floats, weights: Floats) -> pd.DataFrame:
    """What of the network's own building every owner bears in the end: each its weight, for that is its share of S."""
    candidates, operator = joint.problem.candidates, joint.owners.count - 1
    own = [place for place in joint.owners.own(operator) if units[place]]
    cost = np.array([candidates.annual[place] * units[place] for place in own])
    names = [candidates.names[place] for place in own]
    return pd.DataFrame(
        {
            "asset": words(np.repeat(np.array(names, dtype=object), joint.owners.count)),
            "participant": words(list(joint.owners.names) * len(own)),
            "cost_per_year": np.outer(cost, weights).ravel() if own else np.zeros(0),
        }
    )


def fairness_table(two: StageTwo, alone: Alone) -> pd.DataFrame:
    """Measures of how evenly the gain is shared: 1 is even."""
    gains, weights = two.gains, two.roles.weights
    relative = gains / np.where(alone.costs != 0.0, np.abs(alone.costs), 1.0)
    weighed = gains[weights > 0.0] / weights[weights > 0.0]
    values = [_jain(gains), _jain(weighed), _evenness(gains), _evenness(relative)]
    return pd.DataFrame({"measure": words(MEASURES), "value": values})


def _evenness(x: Floats) -> float:
    return float(x.min() / x.max()) if x.max(initial=0.0) > 0.0 else np.nan


def _jain(x: Floats) -> float:
    squares = float(x @ x)
    return float(x.sum()) ** 2 / (x.size * squares) if squares > 0.0 else np.nan
