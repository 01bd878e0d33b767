"""The equilibrium of the game: what the leader chooses, knowing how the transmission prices answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.markets.game.leader import Game
from gridpact.programs.blocks import Block, blocks
from gridpact.programs.follower.price_steps import PriceSteps, price_steps
from gridpact.programs.follower.reach import reach
from gridpact.programs.follower.relaxation import Priced
from gridpact.programs.follower.search import Found, search
from gridpact.programs.follower.value import Value

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Separate:
    """A follower that falls into blocks with one linking quantity each: block and value function by quantity."""

    blocks: Sequence[Block]
    values: Sequence[Value]


def separate(game: Game) -> Separate | None:
    """The transmission market hour by hour, None where ramps or several connections tie its boundary powers."""
    parts = blocks(game.transmission.form)
    place = {int(column): number for number, column in enumerate(game.transmission.columns.ravel(order="F"))}
    found: dict[int, tuple[Block, Value]] = {}
    for part in parts:
        linked = np.flatnonzero(np.isin(part.columns, list(place)))
        if linked.size > 1:
            return None
        for local in linked.tolist():
            found[place[int(part.columns[local])]] = part, Value(part.form, local)
    ordered = [found[number] for number in range(len(place))]
    return Separate([part for part, _ in ordered], [value for _, value in ordered])


def all_steps(game: Game, parts: Separate) -> list[PriceSteps]:
    """The price steps of every boundary power, in units of the transmission program, in the order of its columns."""
    low, high = (bound * game.scale[:, None] for bound in reach(game.district.form, game.imports))
    low, high = low.ravel(order="F"), high.ravel(order="F")
    return [
        price_steps(value, *bounds) for value, *bounds in zip(parts.values, low.tolist(), high.tolist(), strict=True)
    ]


def found(
    game: Game, steps: Sequence[PriceSteps], gap: float, time_limit: float, track: Callable[[float], None] | None = None
) -> Found:
    """The leader's best choice by branch and bound on price steps."""
    bilevel = game.bilevel()
    return search(
        Priced(bilevel.leader, bilevel.columns, bilevel.scale, bilevel.weights, steps), gap, time_limit, track
    )
