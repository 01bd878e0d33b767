r"""Who pays whom in a year: generalised Nash bargaining over the gain of planning together.

$$
b_k = D_k - (a_k'n_k + C_k), \qquad S = \sum_k b_k, \qquad \text{gain}_k = w_k S
$$

with the disagreement cost $D_k$ of planning alone, the annual cost $a_k'n_k$ of what owner k builds and the cost $C_k$
of its operation. All owners bargain, the operator too, whatever its role is in a trade: who invests has to gain by it,
and fees, which are paid within, then change nobody's gain. Weights and disagreement costs are fixed before any plan is
looked at.
"""

from __future__ import annotations

import numpy as np

from gridpact.case.case import Floats
from gridpact.coordination.ledger import Ledger
from gridpact.errors import InputError, Issue
from gridpact.markets.trade.stage_two import Roles, StageTwo, stage_two
from gridpact.planning.together.alone import Alone
from gridpact.planning.together.joint import Joint
from gridpact.planning.together.operation import Operation

WEIGHTS = ("given", "equal", "stand_alone")


def weighed(joint: Joint, alone: Alone, rule: str) -> Floats:
    """Weights of the owners, the operator last, with the sum 1.

    given           the column ``weight`` of the case
    equal           the same for all
    stand_alone     as the size of what a year alone costs each, or earns it: |D_k|

    Raises ``InputError``.
    """
    case = joint.problem.days.case
    if rule == "given":
        own = case.column("network_operator", "weight")
        size = np.append(case.column("microgrids", "weight"), own[0] if own.size else 1.0)
    else:
        size = np.ones(joint.owners.count) if rule == "equal" else np.abs(alone.costs)
    if not size.any():
        fix = 'Take weights "equal" or "given".'
        raise InputError([Issue("planning alone costs nobody anything: there is no share of it", fix)])
    return np.asarray(size / size.sum())


def shared(
    joint: Joint, alone: Alone, weights: Floats, units: Floats, found: Operation, ledger: Ledger, seed: int
) -> StageTwo:
    """Gains, receipts and cents of a year; the rows of the sheet are energy by day, fees by day, and the lump sum."""
    none = np.zeros(weights.size)
    who = Roles(list(joint.owners.names), weights > 0.0, weights, none)
    benefits = alone.costs - joint.owners.added(joint.problem.candidates.annual * units) - found.costs
    return stage_two(who, benefits, np.vstack([found.energy, found.fees]), ledger, seed)
