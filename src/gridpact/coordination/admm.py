"""Agreement on shared quantities by the alternating direction method of multipliers, in consensus form.

x_i   what party i answers        z   what all are asked to agree on        y_i   its price, summing to zero

    x_i <- argmin f_i(x_i) + y_i'x_i + sum of rho/2 (x_i - z)^2
    z   <- mean of (a x_i + (1 - a) z + y_i / rho)
    y_i <- y_i + rho (a x_i + (1 - a) z_before - z)

Boyd, Parikh, Chu, Peleato and Eckstein, Foundations and Trends in Machine Learning 3(1), 2011, sections 3.4 and 7. The
penalty rho balances the residuals and is frozen after some rounds, from when on the method is known to converge. Both
residuals must be small: the primal one alone also falls where a large penalty freezes the parties at a wrong point.
Quantities whose prices hardly move (reactive power) need a smaller penalty than others, or they crawl.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.coordination.agent import Agent
from gridpact.errors import NotConverged

Floats = NDArray[np.float64]

RELAXATION = 1.6
# A residual this many times the other moves the penalty by STEP, in the rounds before FREEZE.
UNBALANCED = 5.0
STEP = 2.0
FREEZE = 60


@dataclass(frozen=True, eq=False)
class Agreement:
    """What was agreed, the parties' last answers and prices, and the residuals of every round (rounds, 2).

    The primal residual is the largest difference between an answer and the agreement, the dual one the largest change
    of a price that the last change of the agreement stands for.
    """

    quantity: Floats
    answers: list[Floats]
    prices: list[Floats]
    residuals: Floats

    @property
    def rounds(self) -> int:
        return len(self.residuals)


def agree(
    agents: Sequence[Agent],
    prices: Sequence[Floats],
    quantity: Floats,
    penalty: Floats,
    tolerances: tuple[float, float],
    most_rounds: int = 500,
) -> Agreement:
    """Answers that differ by no more than ``tolerances[0]`` at prices settled to ``tolerances[1]``.

    ``prices`` to begin with sum to zero; ``penalty``, one per quantity, keeps its proportions. Raises ``NotConverged``
    after ``most_rounds``, and at once for an answer that is not a number.
    """
    z, y, rho, residuals = quantity, list(prices), penalty, []
    for done in range(most_rounds):
        x = [agent.respond(price, z, rho) for agent, price in zip(agents, y, strict=True)]
        near = [RELAXATION * answer + (1.0 - RELAXATION) * z for answer in x]
        before, z = z, np.mean([a + price / rho for a, price in zip(near, y, strict=True)], axis=0)
        y = [price + rho * (a - z) for a, price in zip(near, y, strict=True)]
        primal = max(float(np.abs(answer - z).max(initial=0.0)) for answer in x)
        dual = float((rho * np.abs(z - before)).max(initial=0.0))
        if not np.isfinite(primal + dual):
            raise NotConverged("The agreement was broken off: an answer is not a number.")
        residuals.append((primal, dual))
        if primal <= tolerances[0] and dual <= tolerances[1]:
            return Agreement(z, x, y, np.array(residuals))
        rho = _balanced(rho, primal / tolerances[0], dual / tolerances[1]) if done < FREEZE else rho
    raise NotConverged(
        f"No agreement after {most_rounds} rounds: answers still differ by {primal:.3g} (asked {tolerances[0]:.3g}), "
        f"prices move by {dual:.3g} (asked {tolerances[1]:.3g})."
    )


def _balanced(rho: Floats, primal: float, dual: float) -> Floats:
    if primal > UNBALANCED * dual:
        return rho * STEP
    return rho / STEP if dual > UNBALANCED * primal else rho
