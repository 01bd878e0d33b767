"""Several leaders on one transmission network: best responses in turn.

    repeat   every leader in turn plays its best import against the imports that the others have now
    until    nobody moves                (settled)
             a state comes back          (cycling: there may be no equilibrium in pure strategies)
             or the rounds are used up

At the end all leaders pay one common vector of multipliers. Where several are right, it is the one with the least sum
of boundary prices, then, by weights that fall by halves, the least prices in the order of the connections. What a
leader could still gain is its cost at the common prices less the proven bound of its best response, in which it gets
the price that is best for it: the largest of these gains is an upper bound of the epsilon of an epsilon-Nash
equilibrium.
Existence is not promised (Hu and Ralph, "Using EPECs to model bilevel games in restructured electricity markets with
locational prices", Operations Research 55(5), 2007).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.case.part import part_of
from gridpact.markets.game.equilibrium import Asked, Equilibrium, equilibrium
from gridpact.markets.game.leader import Game, game
from gridpact.markets.game.settled import Settled, held_at, with_districts
from gridpact.markets.game.transmission import Transmission, transmission_market
from gridpact.programs.follower.response import Response, response, with_multipliers

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# Of the boundary power: what counts as having moved, what as the same state again, and how near to an edge is on it.
MOVED = 1e-6
SAME = 1e-4
NEAR = 1e-6
# Share of itself that a power is left where nothing draws it away at the common prices.
FREE = 1e-3


@dataclass(frozen=True, eq=False)
class Leader:
    """One of several leaders: its connections, by number, and its part of the case."""

    name: str
    connections: Ints
    case: Case


@dataclass(frozen=True, eq=False)
class Turn:
    """One best response: in which round, by whom, at which cost, and by how many MW it moved at most."""

    round: int
    leader: str
    cost: float
    moved_mw: float


@dataclass(frozen=True, eq=False)
class Responses:
    """Where the leaders ended: boundary powers in MW (connections, steps), how, and the turns that led there."""

    boundary: Floats
    status: str
    turns: Sequence[Turn]


def leaders_of(case: Case, network: Case) -> list[Leader]:
    """The leaders that the connections name, in the order of their first connection."""
    names = network.tables["connections"]["district"].astype(str).to_numpy()
    interfaces = network.tables["connections"]["interface"].astype(str).to_numpy()
    found = []
    for name in dict.fromkeys(names.tolist()):
        own = np.flatnonzero(names == name)
        found.append(Leader(name, own, part_of(case, interfaces[own].tolist())))
    return found


def best_responses(
    leaders: Sequence[Leader], network: Case, start: Floats, asked: Asked, rounds: int, dynamics: str
) -> Responses:
    """Best responses in turn from the boundary powers ``start`` in MW."""
    boundary, turns, seen = start.copy(), [], {_state(start)}
    for number in range(rounds):
        before = boundary.copy()
        for leader in leaders:
            play, found = response_of(leader, network, boundary, asked, dynamics)
            power = _boundary(play, found)
            moved = float(np.abs(power - boundary[leader.connections]).max())
            boundary[leader.connections] = power
            turns.append(Turn(number + 1, leader.name, float(play.feeders[0]) * found.cost, moved))
        moves = np.abs(boundary - before)
        if (moves <= MOVED * (1.0 + np.abs(before))).all():
            return Responses(boundary, "settled", turns)
        if moves.max() > _same(boundary) and _state(boundary) in seen:
            return Responses(boundary, "cycling", turns)
        seen.add(_state(boundary))
    return Responses(boundary, f"not settled within {rounds} rounds", turns)


def _state(boundary: Floats) -> bytes:
    """Boundary powers as far as a difference counts."""
    return (np.round(boundary / _same(boundary)) + 0.0).tobytes()  # no zero has a sign


def _same(boundary: Floats) -> float:
    """MW up to which two states are the same: who moves by less is coming to rest, not going round in circles."""
    return SAME * (1.0 + float(np.abs(boundary).max()))


def response_of(
    leader: Leader, network: Case, boundary: Floats, asked: Asked, dynamics: str
) -> tuple[Game, Equilibrium]:
    """The game of one leader with the others' boundary powers as they are, and its best choice."""
    play = game(leader.case, seen_by(leader, network, boundary), dynamics)
    return play, equilibrium(play, asked)


def seen_by(leader: Leader, network: Case, boundary: Floats) -> Transmission:
    """The transmission market with all other districts as loads."""
    return transmission_market(others_as_loads(network, leader.connections, boundary))


def others_as_loads(network: Case, own: Ints, boundary: Floats) -> Case:
    """A transmission case whose only connections are ``own``, the others' powers being loads."""
    connections = network.tables["connections"]
    is_own = np.isin(np.arange(len(connections)), own)
    gone = tuple(f"connections/{name}/" for name in connections["connection"][~is_own])
    others = network.with_table("connections", connections[~is_own].reset_index(drop=True))
    loads = with_districts(others, boundary[~is_own])
    return replace(
        loads.with_table("connections", connections[is_own].reset_index(drop=True)),
        profiles=loads.profiles[[path for path in loads.profiles.columns if not path.startswith(gone)]],
    )


def _boundary(play: Game, found: Equilibrium) -> Floats:
    """Boundary powers in MW, those next to an edge of their steps put onto it."""
    z = found.z.copy()
    for k, steps in enumerate(found.steps or ()):
        edge = steps.edges[np.argmin(np.abs(steps.edges - z[k]))]
        z[k] = edge if abs(edge - z[k]) <= NEAR * (1.0 + abs(z[k])) else z[k]
    power: Floats = play.transmission.base_mva * z.reshape(play.transmission.columns.shape, order="F")
    return power


def common_prices(whole: Transmission, boundary: Floats) -> Response:
    """The transmission market's answer to all leaders, with the multipliers that the rule chooses."""
    follower = whole.follower()
    z = (boundary / whole.base_mva).ravel(order="F")
    answer = response(follower, z)
    count, steps = whole.columns.shape
    # The sum first; then, by weights that fall by ranks, the first price, the second one, and so on.
    ranks = 1.0 + 1e-4 * 0.5 ** np.arange(count)
    return with_multipliers(follower, answer, np.tile(ranks, steps))


def settled_at(play: Game, boundary: Floats, exactness: str, dynamics: str) -> Settled:
    """All districts held to their boundary powers, at the common prices."""
    return held_at(play, common_prices(play.transmission, boundary), exactness, dynamics, FREE)


@dataclass(frozen=True, eq=False)
class Standing:
    """A leader at the common prices: its cost, the proven bound of its best response, both of all its feeders."""

    name: str
    feeders: float
    cost: float
    bound: float

    @property
    def could_gain(self) -> float:
        return max(0.0, self.cost - self.bound)


def standings(
    leaders: Sequence[Leader],
    network: Case,
    state: Settled,
    asked: Asked,
    dynamics: str,
    clear: Callable[[Case], float],
) -> list[Standing]:
    """What every leader pays at the common prices, and what it could gain at most; ``clear`` costs a district."""
    found = []
    for leader in leaders:
        play, best = response_of(leader, network, state.boundary, asked, dynamics)
        feeders = float(play.feeders[0])
        held = part_of(state.district.case, _interfaces(leader, network))
        found.append(Standing(leader.name, feeders, feeders * clear(held), feeders * best.bound))
    return found


def _interfaces(leader: Leader, network: Case) -> list[str]:
    return [str(name) for name in network.tables["connections"]["interface"].to_numpy()[leader.connections]]


def responses_tables(found: Responses, standing: Sequence[Standing]) -> Mapping[str, pd.DataFrame]:
    """``leaders``: cost, bound and possible gain of each; ``turns``: the best responses in their order."""
    leaders = pd.DataFrame(
        {
            "leader": [one.name for one in standing],
            "feeders": [one.feeders for one in standing],
            "cost": [one.cost for one in standing],
            "best_response_bound": [one.bound for one in standing],
            "could_gain": [one.could_gain for one in standing],
        }
    )
    turns = pd.DataFrame(
        [(turn.round, turn.leader, turn.cost, turn.moved_mw) for turn in found.turns],
        columns=["round", "leader", "cost", "moved_mw"],
    )
    return {"leaders": leaders, "turns": turns}
