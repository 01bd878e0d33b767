"""The follower: the transmission market as a program whose boundary powers the leader sets.

    phi(z) = minimise    hours x sum over steps of the offers' cost (less the bids' benefit)
             subject to  DC balance at every bus, with the boundary power z withdrawn at its connections' buses
                         line limits, ramps, limits of offers

in per unit of the transmission network's own base. The multiplier of a bus's balance is its LMP.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gridpact.case.case import Case
from gridpact.errors import InputError, Issue
from gridpact.markets.cleared import Market
from gridpact.markets.market_program import electric_program, market_network
from gridpact.physics.devices.device import Device, zeros
from gridpact.physics.electric import dc
from gridpact.programs.affine import Variable, nothing
from gridpact.programs.follower.bilevel import Follower
from gridpact.programs.standard_form import StandardForm, compile_program

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Transmission:
    """The transmission market before the leader has chosen: ``columns`` of the boundary powers (connections, steps)."""

    market: Market

    @property
    def case(self) -> Case:
        return self.market.case

    @property
    def form(self) -> StandardForm:
        return self.market.form

    @property
    def columns(self) -> Ints:
        return self.form.columns["boundary"]

    @property
    def base_mva(self) -> float:
        return self.market.network.base_mva

    @property
    def money(self) -> float:
        """Currency per unit of a multiplier, over a MWh: what a price in the program's units is divided by."""
        return self.base_mva * self.case.hours

    def place(self, connection: int, step: int) -> str:
        """Where and when a boundary power is, for messages."""
        name, moment = self.case.ids("connections")[connection], self.case.snapshots[step].isoformat()
        return f"connection {name!r} at {moment}"

    def follower(self) -> Follower:
        return Follower(self.form, self.columns.ravel(order="F"))


def transmission_market(case: Case) -> Transmission:
    """The market of a transmission case with the powers of its connections as free variables.

    Raises ``InputError`` where its units may be switched: a follower must be convex to have prices.
    """
    network = market_network(case, dc)
    program = electric_program(case, network, dc, [_connections(case)])
    if program.integers:
        names = ", ".join(sorted({name.removesuffix("on") or "generators" for name in program.integers}))
        message = f"the transmission market has units that are switched on and off ({names}), so that it has no prices"
        raise InputError([Issue(message, "Set committable to false in the transmission case.")])
    return Transmission(Market(case, network, dc, compile_program(program)))


def _connections(case: Case) -> Device:
    """Withdrawals at the buses of the connections, which cost the transmission market nothing themselves."""
    shape = (case.count("connections"), case.steps)
    boundary = Variable(shape)
    buses = case.positions("connections", "bus")
    return Device("connection", buses, {"boundary": boundary}, {}, -boundary, zeros(shape), nothing())
