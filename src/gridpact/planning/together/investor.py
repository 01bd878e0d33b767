r"""An owner that keeps its data to itself: what it may build, what that costs, and what it has decided.

It holds designs by number and tells nobody what they are: one stands, one may be on trial. It is asked

    capacity    to try given units, which the master of all asks for
    suggest     to try what it would build at the prices heard last
    weigh       to try what it would build where all others together cost ``rest`` at prices heard
    proposal    what it exchanges at a price on the day of the run, with the design on trial
    hear        the prices on which all agreed
    value       to have ready, under masks, what it costs it at prices heard, v_kd, and what its building costs
    duals       what one more unit of its own saves on each day at the prices heard last, less what it costs
    decide      whether the design on trial stands from now on
    reveal      the design that stands, at the end

and answers the first three with whether it does, 1 or 0. So in turn nothing but trades, accept or reject and masked
sums leave it, and capacity duals where the master of all asks for them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gridpact.case.case import Floats
from gridpact.coordination.agent import ProgramAgent
from gridpact.coordination.derived_masks import DerivedMasks
from gridpact.coordination.message import Message, MessageError, Quantity
from gridpact.coordination.party import PRICE, PROPOSAL, Handler, HandlingParty, ProgramParty
from gridpact.coordination.secure_sum import MASKED, Masks
from gridpact.planning.together.declared import disclosures
from gridpact.planning.together.own import Owner
from gridpact.planning.together.words import (
    CAPACITY,
    DECIDE,
    DUALS,
    FLAG,
    HEAR,
    REVEAL,
    SUGGEST,
    TOTAL,
    UNITS,
    VALUE,
    WEIGH,
    WHICH,
    WHOLE,
    WORTH,
    day_of_run,
    summed,
)
from gridpact.programs.batch import InProcess

# Gap of the solver in rounds of a trade.
ROUGH = 1e-9
# Of the prices heard, those of so many trades are weighed, the last ones.
REMEMBERED = 6
NOTHING: Mapping[str, Handler] = {}


class Investor(HandlingParty):
    """The party of an owner, ``number`` among all; it begins with the design ``alone``.

    ``masks`` are its side of sums; where they are not derived from keys, ``sharing`` answers those who share them.
    """

    def __init__(
        self,
        owner: Owner,
        number: int,
        alone: Floats,
        masks: Masks | DerivedMasks,
        gap: float,
        sharing: Mapping[str, Handler] = NOTHING,
    ) -> None:
        self.owner, self.number, self.gap = owner, number, gap
        self.designs: list[Floats] = [alone]
        self.standing, self.trial = 0, 0
        self.prices: list[tuple[Floats, ...]] = []
        self._traders: dict[int, list[ProgramParty]] = {}
        self._values: dict[tuple[int, int], Floats] = {}
        self._ready: dict[str, float] = {}
        self._pool = InProcess()
        said = disclosures([day.columns.size for day in owner.days], alone.size)
        handlers = {
            PROPOSAL: lambda message: self._trader(day_of_run(message.run, len(owner.days))).receive(message),
            CAPACITY: self._capacity,
            SUGGEST: self._suggest,
            WEIGH: self._weigh,
            DECIDE: self._decide,
            HEAR: self._hear,
            VALUE: self._value,
            DUALS: self._duals,
            REVEAL: lambda message: message.reply(REVEAL, Quantity(UNITS, "1", self.designs[self.standing])),
            MASKED: lambda message: masks.report(message, self._ready[message.run]),
            **sharing,
        }
        super().__init__(owner.name, tuple(dict.fromkeys((*said, *masks.disclosures))), handlers)

    def _trader(self, day: int) -> ProgramParty:
        """Who trades on a day, with the design on trial."""
        if self.trial not in self._traders:
            units, name = self.designs[self.trial], self.owner.name
            self._traders = {
                self.trial: [
                    ProgramParty(name, ProgramAgent(one.program.at(units), one.columns, ROUGH), one.columns.size)
                    for one in self.owner.days
                ]
            }
        return self._traders[self.trial][day]

    def _try(self, units: Floats) -> bool:
        """Put a design on trial; whether it is another one than stands."""
        known = [number for number, design in enumerate(self.designs) if np.array_equal(design, units)]
        if not known:
            self.designs.append(units)
        self.trial = known[0] if known else len(self.designs) - 1
        return self.trial != self.standing

    def _capacity(self, message: Message) -> Message:
        self._try(_numbers(message, UNITS, self.designs[0].size))
        return _flagged(message, True)

    def _suggest(self, message: Message) -> Message:
        return _flagged(message, self._try(self.owner.at_prices(self.prices[-1], self._pool, self.gap).units))

    def _weigh(self, message: Message) -> Message:
        """Try what is best by all that was heard, where that can cost less than what is to be beaten.

        Told is what all together cost at those prices with the designs that stand; what others cost is that less its
        own part, which nobody else knows.
        """
        heard = self.prices[-REMEMBERED:]
        shape = len(heard), len(self.owner.days)
        whole = _numbers(message, WHOLE, shape[0] * shape[1]).reshape(shape)
        trades = range(len(self.prices) - shape[0], len(self.prices))
        own = np.array([self._worth(which, self.standing) for which in trades])
        plan = self.owner.against(heard, whole - own, self._pool, self.gap)
        better = plan.lower < message.number(TOTAL) + self._building(self.standing)
        return _flagged(message, better and self._try(plan.units))

    def _decide(self, message: Message) -> Message:
        if message.number(FLAG):
            self.standing = self.trial
        self.trial = self.standing
        return message.reply(DECIDE)

    def _hear(self, message: Message) -> Message:
        ends = np.cumsum([day.columns.size for day in self.owner.days])
        self.prices.append(tuple(np.split(_numbers(message, PRICE, int(ends[-1])), ends[:-1])))
        return message.reply(HEAR)

    def _value(self, message: Message) -> Message:
        """Have the numbers of a trade ready for sums: by day, and what building costs in a year."""
        which = message.number(WHICH)
        if which not in range(len(self.prices)):
            raise MessageError(f"{self.name!r} has heard the prices of {len(self.prices)} trades, not of {which:g}.")
        days = self._worth(int(which), self.trial)
        self._ready |= {summed(message.run, day): value for day, value in enumerate(days.tolist())}
        self._ready[summed(message.run, -1)] = self._building(self.trial)
        return message.reply(VALUE)

    def _building(self, design: int) -> float:
        """What a design costs in a year to build."""
        units = self.designs[design]
        return float(self.owner.master.program.cost[: units.size] @ units)

    def _worth(self, which: int, design: int) -> Floats:
        if (which, design) not in self._values:
            self._values[which, design] = self.owner.priced(self.prices[which], self.designs[design], self.gap).costs
        return self._values[which, design]

    def _duals(self, message: Message) -> Message:
        priced = self.owner.priced(self.prices[-1], self.designs[self.trial], self.gap)
        weights = self.owner.master.weights
        cost = self.owner.master.program.cost[: priced.cuts.slope.shape[1]]
        each = priced.cuts.slope + cost / (weights.size * weights[:, None])
        return message.reply(DUALS, Quantity(WORTH, "currency", each.ravel()))


def _numbers(message: Message, name: str, size: int) -> Floats:
    """Numbers of a quantity that must be so many; raises ``MessageError``."""
    values = message[name]
    if values.size != size:
        raise MessageError(f"{name!r} of {message.sender!r} must be {size} numbers, not {values.size}.")
    return values


def _flagged(message: Message, flag: bool) -> Message:
    return message.reply(FLAG, Quantity(FLAG, "1", np.array([float(flag)])))
