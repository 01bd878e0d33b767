"""One party above, others below it, asked through a transport; what each of them exchanges is a piece of one vector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.coordination.message import Message
from gridpact.coordination.transport import Remote, Transport

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Roster:
    """``above`` answers for all quantities, ``below`` each for its own ``sizes``, in this order."""

    transport: Transport
    above: Remote
    below: Sequence[Remote]
    sizes: Sequence[int]

    @property
    def total(self) -> int:
        return sum(self.sizes)

    def ask_above(self, price: Floats, target: Floats, weight: Floats) -> Floats:
        return self.above.respond(price, target, weight)

    def ask_below(self, price: Floats, target: Floats, weight: Floats) -> Floats:
        """The answers of all below, asked at once, as one vector."""
        return self._joined(self.transport.call_all(self._proposals(price, target, weight)))

    def ask_all(self, prices: tuple[Floats, Floats], target: Floats, weight: Floats) -> tuple[Floats, Floats]:
        """The answers of above and below, everybody asked at once; ``prices`` are those of above and of below."""
        asked = [self.above.proposal(prices[0], target, weight), *self._proposals(prices[1], target, weight)]
        first, *others = self.transport.call_all(asked)
        return self.above.read(first), self._joined(others)

    def pieces(self, vector: Floats) -> list[Floats]:
        """The parts of a vector over all quantities, party by party."""
        return np.split(vector, np.cumsum(self.sizes)[:-1])

    def _proposals(self, *vectors: Floats) -> list[Message]:
        """Price, target and weight, to each below its own part of them."""
        return [one.proposal(*piece) for one, *piece in zip(self.below, *map(self.pieces, vectors), strict=True)]

    def _joined(self, answers: Sequence[Message]) -> Floats:
        return np.concatenate([one.read(answer) for one, answer in zip(self.below, answers, strict=True)])


def roster(
    transport: Transport, run: str, coordinator: str, above: str, below: Sequence[str], sizes: Sequence[int]
) -> Roster:
    """The parties by name; ``run`` tells this coordination from others of the same parties."""
    near = [Remote(transport, run, coordinator, name) for name in (above, *below)]
    return Roster(transport, near[0], near[1:], sizes)
