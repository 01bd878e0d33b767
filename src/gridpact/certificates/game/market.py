"""The judges' own transmission market: a linear program of direct-current flows, built from the case alone.

    psi(d) = minimise    sum over producers and demand of  marginal cost x power
             subject to  supply - demand - shunts - d at the connections = outflow at every bus
                         ratio x P = angle_from - angle_to,   |P| <= limit,   low <= power <= high

Marginal costs are those at the dispatch that is judged, block by block where there are offers, so that psi equals the
market's cost up to a constant where that dispatch is optimal, and lies below it everywhere (tangents of a convex
cost). What ties hours together (storages, ramps, energy that may be shifted) is held as it was dispatched.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import linprog

from gridpact.case.case import Case
from gridpact.certificates import demand
from gridpact.certificates.costs import selling_price
from gridpact.certificates.evidence import Evidence
from gridpact.certificates.grid import Grid, end_shunts, incidence, read_grid

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# What a MWh too little or too much at a connection costs: dearer than anything, so that it shows.
SLACK = 1e6


@dataclass(frozen=True, eq=False)
class Power:
    """Powers into the network: at which bus, between what, at which marginal cost, and as dispatched.

    (parts,) and (parts, steps). ``square`` is by how much half the marginal cost rises with each MW, (parts,).
    """

    bus: Ints
    low: Floats
    high: Floats
    cost: Floats
    done: Floats
    square: Floats


@dataclass(frozen=True, eq=False)
class OwnMarket:
    """The program of all hours side by side, ready to be solved for several withdrawals at the connections."""

    case: Case
    grid: Grid
    powers: Power
    fixed: Floats

    def cost(self, withdrawn: Floats) -> tuple[Floats, Floats]:
        """psi per hour of every step for MW withdrawn at the connections (connections, steps), and MW that failed."""
        return self.answer(withdrawn)[:2]

    def answer(self, withdrawn: Floats) -> tuple[Floats, Floats, Floats | None]:
        """psi, what failed, and the powers that psi is reached with, per unit; None without an answer."""
        steps, base = self.case.steps, self.grid.base_mva
        balance = self.fixed.copy()
        np.add.at(balance, self.case.positions("connections", "bus"), -withdrawn / base)
        cost, bounds, matrix = self._program
        right = np.vstack([-balance, np.zeros((self.grid.branches.size, steps))])
        found = linprog(
            cost.T.ravel(),
            A_eq=matrix,
            b_eq=right.T.ravel(),
            bounds=bounds,  # type: ignore[call-overload]
            method="highs",
        )
        if found.x is None:
            return np.full(steps, np.nan), np.full(steps, np.inf), None
        x = found.x.reshape(steps, -1).T
        missing = x[-2 * self.case.count("connections") :].sum(axis=0)
        powers = x[: self.powers.bus.size]
        # Slacks are counted apart: what they may be below zero by would be worth money.
        return base * (self.powers.cost * powers).sum(axis=0), base * missing, powers

    @property
    def is_tied(self) -> bool:
        """Whether something is held as it was dispatched, because it ties hours together."""
        tied = self.case.count("storages") + self.case.count("shiftable")
        ramps = [self.case.column("controllable", f"ramp_{way}_mw_per_h") for way in ("up", "down")]
        return bool(tied or _ramped(self.case).any() or np.isfinite(ramps).any())

    @property
    def is_curved(self) -> bool:
        """Whether a marginal cost rises within a block: the program is then that of one dispatch alone."""
        return bool((self.case.column("generators", "cost_per_mw2h") > 0.0).any())

    @property
    def is_mixed(self) -> bool:
        """Whether a unit has both blocks and a marginal cost that rises within them."""
        owners = np.unique(self.case.positions("offers", "generator"))
        return bool((self.case.column("generators", "cost_per_mw2h")[owners] > 0.0).any())

    def cost_of_dispatch(self) -> Floats:
        """What the judged dispatch costs per hour at its own marginal costs, (steps,)."""
        cost: Floats = self.grid.base_mva * (self.powers.cost * self.powers.done).sum(axis=0)
        return cost

    @cached_property
    def _program(self) -> tuple[Floats, Floats, sp.csc_matrix]:
        """Costs (columns, steps), bounds and rows of all hours side by side."""
        (low, high, cost), matrix = self._layout()
        bounds = np.column_stack([low.T.ravel(), high.T.ravel()])
        return cost, bounds, sp.csc_matrix(sp.block_diag([matrix] * self.case.steps))

    def _layout(self) -> tuple[tuple[Floats, Floats, Floats], sp.csc_array]:
        """Bounds and costs of powers, flows, angles and slacks, and the rows of one hour."""
        grid, powers, steps = self.grid, self.powers, self.case.steps
        m, others = grid.branches.size, grid.others
        connected = self.case.positions("connections", "bus")
        limit = np.where(np.isnan(grid.i_max), np.inf, grid.i_max)[:, None] * np.ones(steps)
        free = np.full((others.size, steps), np.inf)
        slack = np.zeros((2 * connected.size, steps))
        low = np.vstack([powers.low, -limit, -free, slack])
        high = np.vstack([powers.high, limit, free, slack + np.inf])
        cost = np.vstack([powers.cost, np.zeros_like(limit), np.zeros_like(free), slack + SLACK])
        inner = incidence(grid)
        into = _at(powers.bus, grid.buses)
        lack = _at(connected, grid.buses)
        none = sp.csc_array((grid.buses, others.size))
        rows = [
            sp.hstack([into, -inner, none, lack, -lack]),
            sp.hstack(
                [
                    sp.csc_array((m, powers.bus.size)),
                    sp.diags_array(grid.ratio * grid.x),
                    -inner[others].T,
                    sp.csc_array((m, 2 * connected.size)),
                ]
            ),
        ]
        return (low, high, cost), sp.csc_array(sp.vstack(rows))


def _at(bus: Ints, buses: int) -> sp.csc_array:
    """Matrix (buses, parts) that puts parts at their buses."""
    return sp.csc_array((np.ones(bus.size), (bus, np.arange(bus.size))), shape=(buses, bus.size))


def own_market(evidence: Evidence, case: Case) -> OwnMarket:
    """The market of a judged dispatch (``evidence``), ``case`` being the transmission case without the districts."""
    grid = read_grid(case, evidence.base_mva)
    parts = list(_powers(evidence, case))
    bus, square = (np.concatenate([getattr(part, name) for part in parts]) for name in ("bus", "square"))
    low, high, cost, done = (
        np.vstack([getattr(part, name) for part in parts]) for name in ("low", "high", "cost", "done")
    )
    scaled = Power(bus, low / grid.base_mva, high / grid.base_mva, cost, done / grid.base_mva, square)
    fixed = -(grid.shunt_p + end_shunts(grid, grid.half_g))[:, None] * np.ones(case.steps)
    np.add.at(fixed, case.positions("loads", "bus"), -case.series("loads", "p_mw") / grid.base_mva)
    storages = evidence.dispatch("storage", "p_mw")
    np.add.at(fixed, case.positions("storages", "bus"), storages / grid.base_mva)
    return OwnMarket(case, grid, scaled, fixed)


def _powers(evidence: Evidence, case: Case) -> Iterator[Power]:
    yield from _generators(evidence, case)
    yield _renewables(evidence, case)
    yield from _interfaces(evidence, case)
    for table in demand.PARTS:
        if case.count(table):
            yield _demand(evidence, case, table)


def _generators(evidence: Evidence, case: Case) -> Iterator[Power]:
    """Units with their marginal cost at the dispatch, and the blocks of those with offers."""
    bus, p = case.positions("generators", "bus"), evidence.dispatch("generator", "p_mw")
    low, high = (case.series("generators", f"{end}_p_mw") for end in ("min", "max"))
    slope = case.series("generators", "cost_per_mwh") + 2.0 * case.series("generators", "cost_per_mw2h") * p
    owner = case.positions("offers", "generator")
    held = _ramped(case)
    low, high = np.where(held[:, None], p, low), np.where(held[:, None], p, high)
    plain = ~np.isin(np.arange(bus.size), owner) | held
    square = np.where(held, 0.0, case.column("generators", "cost_per_mw2h"))
    yield Power(bus[plain], low[plain], high[plain], slope[plain], p[plain], square[plain])
    free = ~held[owner]
    widths, costs = case.series("offers", "p_mw")[free], case.series("offers", "cost_per_mwh")[free]
    owner = owner[free]
    floor = _stacked(case, owner, widths, costs, low)
    ceiling = _stacked(case, owner, widths, costs, high)
    done = _stacked(case, owner, widths, costs, p)
    yield Power(bus[owner], floor, ceiling, costs + slope[owner], done, np.zeros(owner.size))


def _stacked(case: Case, owner: Ints, widths: Floats, costs: Floats, level: Floats) -> Floats:
    """How far a level fills each block, cheapest first: a unit's least power is in the blocks that it would use."""
    filled = np.zeros_like(widths)
    for unit in np.unique(owner):
        own = np.flatnonzero(owner == unit)
        order = np.argsort(costs[own], axis=0, kind="stable")
        stacked = np.take_along_axis(widths[own], order, axis=0)
        begins = np.cumsum(stacked, axis=0) - stacked
        inside = np.clip(level[unit] - begins, 0.0, stacked)
        back = np.empty_like(inside)
        np.put_along_axis(back, order, inside, axis=0)
        filled[own] = back
    return filled


def _ramped(case: Case) -> NDArray[np.bool_]:
    """Units whose ramps tie their hours: held where they are."""
    ramps = [np.isfinite(case.column("generators", f"ramp_{way}_mw_per_h")) for way in ("up", "down")]
    tied: NDArray[np.bool_] = ramps[0] | ramps[1]
    return tied


def _renewables(evidence: Evidence, case: Case) -> Power:
    available = case.series("renewables", "p_mw")
    low = np.where(case.flags("renewables", "curtailable")[:, None], 0.0, available)
    cost, done = case.series("renewables", "cost_per_mwh"), evidence.dispatch("renewable", "p_mw")
    return Power(case.positions("renewables", "bus"), low, available, cost, done.reshape(low.shape), np.zeros(len(low)))


def _interfaces(evidence: Evidence, case: Case) -> Iterator[Power]:
    """What a transmission network's own interfaces buy and sell."""
    bus = case.positions("interfaces", "bus")
    most_in, most_out = (case.series("interfaces", f"max_{way}_mw") for way in ("import", "export"))
    nothing = np.zeros_like(most_in)
    price = case.series("interfaces", "price_per_mwh")
    buy, sell = (evidence.table("interface", name) for name in ("buy_mw", "sell_mw"))
    yield Power(bus, nothing, np.where(np.isnan(most_in), np.inf, most_in), price, buy, np.zeros(bus.size))
    yield Power(
        bus, -np.where(np.isnan(most_out), np.inf, most_out), nothing, selling_price(case), -sell, np.zeros(bus.size)
    )


def _demand(evidence: Evidence, case: Case, table: str) -> Power:
    """Demand that may be cut, or taken up, as power into the network; what may be shifted is held."""
    taken = demand.PARTS[table].taken
    bus = case.positions("loads", "bus")[case.positions(table, "load")]
    if table == "shiftable":
        held = -demand.chosen(evidence, table)
        return Power(bus, held, held, np.zeros_like(held), held, np.zeros(bus.size))
    ends = [-taken * end for end in demand.limits(evidence, table)]
    done = -taken * demand.chosen(evidence, table)
    cost = -taken * demand.own_cost(case, table)
    return Power(bus, np.minimum(*ends), np.maximum(*ends), cost, done, np.zeros(bus.size))
