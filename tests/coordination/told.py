"""Parties whose answers are formulas, behind messages: what methods of coordination are tried on by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from gridpact.coordination.party import ProgramParty
from gridpact.coordination.roster import Roster, roster
from gridpact.coordination.transport import InProcess

Floats = NDArray[np.float64]


@dataclass
class Told:
    """An agent whose answer is a formula; it remembers what it was asked."""

    answer: Callable[[Floats, Floats, Floats], Floats]
    asked: list[tuple[Floats, Floats, Floats]] = field(default_factory=list)

    def respond(self, price: Floats, target: Floats, weight: Floats) -> Floats:
        self.asked.append((price, target, weight))
        return self.answer(price, target, weight)


def quadratic(curvature: Floats, best: Floats, low: float = -np.inf, high: float = np.inf) -> Told:
    """Cost curvature/2 (x - best)^2 within a range."""
    return Told(lambda y, z, rho: np.clip((curvature * best - y + rho * z) / (curvature + rho), low, high))


def gathered(above: Told, *below: Told, sizes: Sequence[int]) -> tuple[Roster, InProcess]:
    """One above and others below, each of whom exchanges so many quantities."""
    names = ["above", *(f"below-{number}" for number in range(len(below)))]
    each = [sum(sizes), *sizes]
    parties = [ProgramParty(name, agent, size) for name, agent, size in zip(names, (above, *below), each, strict=True)]
    transport = InProcess(parties)
    return roster(transport, "day", "coordinator", names[0], names[1:], list(sizes)), transport
