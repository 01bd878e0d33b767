"""Agreement on shared quantities by the alternating direction method of multipliers, in consensus form.

x_i   what party i answers        z   what all are asked to agree on        y_i   its price, summing to zero

    x_i <- argmin f_i(x_i) + y_i'x_i + sum of rho/2 (x_i - z)^2
    z   <- mean of (a x_i + (1 - a) z + y_i / rho)
    y_i <- y_i + rho (a x_i + (1 - a) z_before - z)

With s_i = z + y_i / rho this is the fixed-point iteration  s_i <- s_i + a (x_i - z),  z = mean of s_i, which is what
Anderson acceleration needs. Boyd, Parikh, Chu, Peleato and Eckstein, Foundations and Trends in Machine Learning 3(1),
2011, sections 3.4 and 7. The penalty rho balances the residuals and is frozen after some rounds, from when on the plain
method is known to converge. Both residuals must be small: the primal one alone also falls where a large penalty freezes
the parties at a wrong point. Quantities whose prices hardly move (reactive power) need a smaller penalty than others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.coordination.agent import Agent
from gridpact.errors import NotConverged
from gridpact.programs.anderson import Anderson

Floats = NDArray[np.float64]

RELAXATION = 1.6
# Every so many rounds before FREEZE a residual that many times the other moves the penalty by STEP.
EVERY = 10
FREEZE = 60
UNBALANCED = 5.0
STEP = 2.0


@dataclass(frozen=True, eq=False)
class Agreement:
    """What was agreed, the parties' last answers and prices, and the residuals of every round (rounds, 2).

    The primal residual is the largest difference between an answer and the agreement, the dual one the largest change
    of a price that the last change of the agreement stands for.
    """

    quantity: Floats
    answers: Floats
    prices: Floats
    residuals: Floats

    @property
    def rounds(self) -> int:
        return len(self.residuals)


def agree(
    agents: Sequence[Agent],
    prices: Floats,
    quantity: Floats,
    penalty: Floats,
    tolerances: tuple[float, float],
    most_rounds: int = 500,
) -> Agreement:
    """Answers that differ by no more than ``tolerances[0]`` at prices settled to ``tolerances[1]``.

    ``prices`` to begin with, (agents, quantities), sum to zero; ``penalty``, one per quantity, keeps its proportions.
    Raises ``NotConverged`` after ``most_rounds``, and at once for an answer that is not a number.
    """
    rho, residuals = penalty, []
    state = quantity + prices / rho
    faster = Anderson(np.tile(np.sqrt(penalty / penalty.max(initial=0.0)), len(agents)))
    for done in range(1, most_rounds + 1):
        z = state.mean(axis=0)
        asked = rho * (state - z)
        x = np.array([agent.respond(price, z, rho) for agent, price in zip(agents, asked, strict=True)])
        step = RELAXATION * (x - z)
        primal = float(np.abs(x - z).max(initial=0.0))
        dual = float((rho * np.abs(step.mean(axis=0))).max(initial=0.0))
        if not np.isfinite(primal + dual):
            raise NotConverged("The agreement was broken off: an answer is not a number.")
        residuals.append((primal, dual))
        if primal <= tolerances[0] and dual <= tolerances[1]:
            return Agreement(z, x, asked, np.array(residuals))
        state = faster.step(state.ravel(), step.ravel()).reshape(state.shape)
        if done < FREEZE and done % EVERY == 0:
            state, rho = _balanced(state, rho, primal / tolerances[0], dual / tolerances[1], faster)
    raise NotConverged(
        f"No agreement after {most_rounds} rounds: answers still differ by {primal:.3g} (asked {tolerances[0]:.3g}), "
        f"prices move by {dual:.3g} (asked {tolerances[1]:.3g})."
    )


def _balanced(state: Floats, rho: Floats, primal: float, dual: float, faster: Anderson) -> tuple[Floats, Floats]:
    """The same agreement and prices under a penalty that balances the residuals."""
    if primal <= UNBALANCED * dual and dual <= UNBALANCED * primal:
        return state, rho
    factor = STEP if primal > dual else 1.0 / STEP
    z = state.mean(axis=0)
    faster.forget()
    return z + (state - z) / factor, factor * rho
