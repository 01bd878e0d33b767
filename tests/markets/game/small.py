"""Small games: a hub with blocks in order of their price, districts of one bus and random ones; their brute force."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import scipy.sparse as sp

from gridpact.case.case import Case
from gridpact.errors import InfeasibleError, NotConverged
from gridpact.markets.game.leader import Game, game
from gridpact.markets.game.transmission import transmission_market
from gridpact.programs.follower.optimality_gap import held_at
from gridpact.programs.solve import solve
from gridpact.programs.standard_form import NO_STATES, in_order
from tests.districts import bus, district, interface, load, random_feeder

Blocks = Sequence[tuple[float, float]]


def hub(blocks: Blocks, demand: Sequence[float] = (0.0,), feeders: float = 1.0, **more: Any) -> Case:
    """A transmission network of one bus: blocks (MW, price), a demand in every step, one connection."""
    units = [
        {"generator": f"g{k}", "bus": "hub", "min_p_mw": 0.0, "max_p_mw": most, "cost_per_mwh": cost, "slack": k == 0}
        for k, (most, cost) in enumerate(blocks)
    ]
    parts: dict[str, Any] = {
        "buses": [bus("hub", vn_kv=230.0)],
        "generators": units,
        "connections": [{"connection": "c", "bus": "hub", "interface": "grid", "feeders": feeders}],
        "steps": len(demand),
    }
    parts |= {"loads": [load("hub", 1.0)]} if any(demand) else {}
    profiles = {"loads/load-hub/p_mw": list(demand)} if any(demand) else {}
    return district(profiles, **(parts | more))


def one_bus(demand: float, **more: Any) -> Case:
    """A district of one bus, without losses."""
    parts: dict[str, Any] = {"buses": [bus("1")], "interfaces": [interface()], "loads": [load("1", demand)]}
    return district(**(parts | more))


def gas(cost: float, most: float) -> list[dict[str, Any]]:
    return [{"generator": "gas", "bus": "1", "max_p_mw": most, "cost_per_mwh": cost}]


def random_game(seed: int, steps: int) -> tuple[Case, Case, list[Blocks], np.ndarray]:
    """A random feeder that may sell, before a hub whose blocks it crosses; blocks and demand of the hub beside them."""
    random = np.random.default_rng(seed)
    case = random_feeder(seed, buses=6, steps=steps)
    sun = random.uniform(0.0, 3.0, steps) * random.choice([0.1, 1.0])
    table = case.tables["renewables"].assign(sn_mva=4.0)
    case = case.with_table("renewables", table).with_profiles({"renewables/pv/p_mw": sun})
    count = int(random.integers(4, 7))
    cost = np.round(np.cumsum(random.uniform(2.0, 20.0, count)) + 10.0, 1)
    most = np.round(random.uniform(0.2, 1.2, count), 2)
    most[-1] += 4.0
    demand = np.round(random.uniform(2.5, 4.0, steps), 2)
    most[0] += 1.0
    blocks = list(zip(most.tolist(), cost.tolist(), strict=True))
    return case, hub(blocks, demand.tolist()), blocks, demand


def pieces_of(blocks: Blocks, demand: float) -> list[tuple[float, float, float]]:
    """Merit order: what is drawn from, to, and its price, once the hub's own demand is served."""
    ends = np.cumsum([most for most, _ in blocks]) - demand
    begins = np.append(-demand, ends[:-1])
    return [(a, b, cost) for a, b, (_, cost) in zip(begins.tolist(), ends.tolist(), blocks, strict=True)]


def played(case: Case, transmission: Case) -> Game:
    return game(case, transmission_market(transmission))


def cost_of(play: Game, imports: Sequence[float], prices: Sequence[float]) -> float:
    """The district's least cost with its imports in MW held, and these prices paid; inf where it cannot."""
    base = play.district.network.base_mva
    z = np.array(imports) / base
    try:
        own = solve(held_at(play.district.form, play.imports.ravel(order="F"), z)).cost
    except (InfeasibleError, NotConverged):
        return np.inf
    return own + play.case.hours * float(np.dot(prices, imports))


def by_scan(play: Game, pieces: Sequence[tuple[float, float, float]]) -> float:
    """The least cost of one step over a scan of its import, finer and finer around the best of every price step."""
    best, form = np.inf, play.district.form
    unit = np.eye(form.q.size)[play.imports[0, 0]] * play.district.network.base_mva
    free = replace(form.with_q(unit), P=sp.csc_array(form.P.shape), constant=0.0)
    low, high = solve(free).cost, -solve(free.with_q(-unit)).cost
    for begin, end, price in pieces:
        a, b = max(begin, low), min(end, high)
        for _ in range(8 if a <= b else 0):
            grid = np.linspace(a, b, 9)
            costs = [cost_of(play, [z], [price]) for z in grid]
            place = int(np.argmin(costs))
            best = min(best, costs[place])
            a, b = grid[max(place - 1, 0)], grid[min(place + 1, 8)]
    return float(best)


def by_pieces(play: Game, pieces: Sequence[Sequence[tuple[float, float, float]]]) -> float:
    """The least cost over all choices of one price step for each step of time, by a convex program each."""
    form, columns = play.district.form, play.imports.ravel(order="F")
    base = play.district.network.base_mva
    unit = sp.eye_array(form.q.size, format="csr")[columns]
    ranged = replace(
        form,
        A=sp.csc_array(sp.vstack([form.A, unit, -unit])),
        cones=(*form.cones, ("nonnegative", 2 * columns.size)),
        rows={},
        states=NO_STATES,
    )
    best = np.inf
    for chosen in product(*pieces):
        q, ends = form.q.copy(), np.array(chosen) / base
        q[columns] += play.case.hours * base * np.array([price for _, _, price in chosen])
        limited = replace(ranged.with_q(q), b=np.concatenate([form.b, ends[:, 1], -ends[:, 0]]))
        with suppress(InfeasibleError, NotConverged):
            best = min(best, solve(in_order(limited)[0]).cost)
    return best
